//! TLS with a certificate of a private authority, as behind a proxy that looks into TLS: it is refused, unless the
//! configuration names the authority.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// An Okta org that answers every request with an empty list, over TLS. Gives its address and the authority's PEM.
async fn org() -> (String, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let settings = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(settings));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = [0; 8192];
                let _ = stream.read(&mut request).await;
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: \
                              close\r\n\r\n[]";
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (format!("https://localhost:{port}"), pem)
}

fn doctor(url: &str, ca_file: &str) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let config = format!("{ca_file}tenants: [{{ name: t, okta: {{ url: \"{url}\", token: {{ env: T }} }} }}]\n");
    std::fs::write(folder.path().join("tenken.yaml"), config).unwrap();
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_tenken"))
        .current_dir(folder.path())
        .arg("doctor")
        .env("T", "token")
        .output()
        .unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(all).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_when_the_configuration_names_it() {
    let (url, pem) = org().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, pem).unwrap();
    let named = format!("ca_file: {}\n", file.display());

    let (_, without) = doctor(&url, "");
    assert!(
        without.contains("name its authority's certificate as ca_file"),
        "{without}"
    );

    let (_, with) = doctor(&url, &named);
    assert!(with.contains("Okta: signed in"), "{with}");
    assert!(!with.contains("0 of "), "{with}");

    std::fs::write(&file, "no certificate").unwrap();
    let (status, broken) = doctor(&url, &named);
    assert_eq!(status, Some(3));
    assert!(
        broken.contains("ca_file") && broken.contains("holds no certificate"),
        "{broken}"
    );
}
