//! Client assertions: a JWT, signed with the client's private key, in place of a secret (RFC 7523, section 2.2).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::diagnostic::{Code, Diagnostic};

/// `client_assertion_type` of a token request.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is good. Okta takes at most an hour; Microsoft advises five to ten minutes.
const LIFETIME: i64 = 300;

/// A private key.
pub(super) struct Key {
    key: EncodingKey,
    kind: Kind,
}

/// What a key signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    EllipticCurve,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Key {
    /// The private key in a PEM text; what else stands there is passed over.
    pub(super) fn parse(text: &str) -> Result<Self, Diagnostic> {
        let blocks = pem::parse_many(text).map_err(|_| unusable("the private key's PEM text is damaged"))?;
        let is_private = |block: &&pem::Pem| block.tag().ends_with("PRIVATE KEY");
        let Some(block) = blocks.iter().find(is_private) else {
            return Err(unusable("the PEM text holds no private key"));
        };
        if block.tag().starts_with("ENCRYPTED") || block.headers().get("Proc-Type").is_some() {
            return Err(unusable("the private key is protected by a passphrase")
                .help("let a command take it off: `command: [openssl, pkey, -in, KEY.pem, -passin, \"env:NAME\"]`"));
        }
        let pem = pem::encode(block);
        let rsa = EncodingKey::from_rsa_pem(pem.as_bytes()).map(|key| (key, Kind::Rsa));
        let either = rsa.or_else(|_| EncodingKey::from_ec_pem(pem.as_bytes()).map(|key| (key, Kind::EllipticCurve)));
        let (key, kind) = either.map_err(|_| {
            unusable("the private key is neither RSA nor, in PKCS #8, on the curve P-256")
                .help("`openssl pkcs8 -topk8 -nocrypt -in KEY.pem` writes PKCS #8 (-----BEGIN PRIVATE KEY-----)")
        })?;
        let key = Self { key, kind };
        let algorithm = match kind {
            Kind::Rsa => Algorithm::PS256,
            Kind::EllipticCurve => Algorithm::ES256,
        };
        // Whether it can be used shows when it is.
        match encode(&Header::new(algorithm), &(), &key.key) {
            Ok(_) => Ok(key),
            Err(_) => Err(unusable("nothing can be signed with the private key")
                .help("an RSA key of 2048 bits or more, or an EC key on the curve P-256, is needed")),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether what an RSA key signs can be checked with a certificate.
    pub(super) fn belongs_to(&self, certificate: &pem::Pem) -> bool {
        let header = Header::new(Algorithm::PS256);
        let mut validation = Validation::new(Algorithm::PS256);
        validation.required_spec_claims.clear();
        let checked = encode(&header, &json!({}), &self.key).and_then(|signed| {
            let public = DecodingKey::from_rsa_pem(pem::encode(certificate).as_bytes())?;
            decode::<Json>(&signed, &public, &validation)
        });
        checked.is_ok()
    }

    /// An assertion by a client, for the one who reads it. It is good once: each has an id of its own.
    pub(super) fn assert(
        &self,
        header: &Header,
        client_id: &str,
        audience: &str,
        now: jiff::Timestamp,
    ) -> Result<String, String> {
        let now = now.as_second();
        let claims = Claims {
            iss: client_id,
            sub: client_id,
            aud: audience,
            jti: Uuid::new_v4().to_string(),
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
        };
        encode(header, &claims, &self.key).map_err(|error| format!("the assertion cannot be signed: {error}"))
    }
}

/// A key or certificate that cannot be used; the message holds no part of it.
pub(super) fn unusable(message: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingCredential, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_told_apart() {
        let wrong = |text: &str| Key::parse(text).err().unwrap().message;
        assert!(wrong("-----BEGIN PRIVATE KEY-----\nAA\n").contains("no private key"));
        assert!(wrong("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n").contains("damaged"));
        let block = |tag: &str| format!("-----BEGIN {tag}-----\nAAAA\n-----END {tag}-----\n");
        assert!(wrong(&block("CERTIFICATE")).contains("no private key"));
        assert!(wrong(&block("ENCRYPTED PRIVATE KEY")).contains("passphrase"));
        assert!(wrong(&block("PRIVATE KEY")).contains("neither RSA"));
    }

    #[test]
    fn a_key_stands_wherever_it_likes_in_the_text() {
        let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::new(vec![])
            .unwrap()
            .self_signed(&rsa)
            .unwrap();
        let text = certificate.pem() + &rsa.serialize_pem();
        assert_eq!(Key::parse(&text).ok().unwrap().kind(), Kind::Rsa);
        let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        assert_eq!(
            Key::parse(&ec.serialize_pem()).ok().unwrap().kind(),
            Kind::EllipticCurve
        );
    }
}
