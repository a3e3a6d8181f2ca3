//! DPoP: each request carries a proof, signed with a key that only this process has, so that a token alone is worth
//! nothing (RFC 9449; developer.okta.com/docs/guides/dpop).

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Url;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A key made for this run, never written down.
pub(super) struct ProofKey {
    key: EncodingKey,
    header: Header,
    /// What the server last asked to have in the next proof.
    nonce: Mutex<Option<String>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
}

/// The nonce that an answer names for the next proof.
pub(super) fn nonce(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("dpop-nonce")?.to_str().ok()?;
    // As RFC 9449, section 8.1 has it: one or more visible characters. The length is our own limit.
    (!value.is_empty() && value.len() <= 512).then(|| value.to_owned())
}

/// Whether a refusal is of a proof without the nonce that comes with the refusal (RFC 9449, section 9).
pub(super) fn wants_nonce(headers: &HeaderMap) -> bool {
    let mut challenges = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    nonce(headers).is_some() && challenges.any(|challenge| challenge.contains("use_dpop_nonce"))
}

impl ProofKey {
    /// A new key on the curve P-256.
    pub(super) fn generate() -> Result<Self, String> {
        let failed = |_| "a key for DPoP cannot be made".to_owned();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let key = EncodingKey::from_ec_der(pair.map_err(failed)?.as_ref());
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256).map_err(|error| error.to_string())?;
        let header = Header {
            typ: Some("dpop+jwt".to_owned()),
            jwk: Some(public),
            ..Header::new(Algorithm::ES256)
        };
        Ok(Self {
            key,
            header,
            nonce: Mutex::default(),
        })
    }

    pub(super) fn hear_nonce(&self, nonce: String) {
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce);
    }

    /// The proof for one request; `token` is the access token that goes with it, if one does.
    pub(super) fn prove(
        &self,
        method: &str,
        url: &Url,
        token: Option<&str>,
        now: jiff::Timestamp,
    ) -> Result<String, String> {
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let claims = Claims {
            htm: method,
            htu: target.as_str(),
            iat: now.as_second(),
            jti: Uuid::new_v4().to_string(),
            nonce: self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            ath: token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token))),
        };
        encode(&self.header, &claims, &self.key).map_err(|error| format!("the DPoP proof cannot be signed: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use serde_json::Value as Json;

    #[test]
    fn a_proof_is_for_one_request_and_shows_no_private_key() {
        let key = ProofKey::generate().unwrap();
        key.hear_nonce("n1".to_owned());
        let now = "2026-11-20T09:00:00Z".parse().unwrap();
        let url = Url::parse("https://contoso.okta.com/api/v1/users?limit=200&after=x#y").unwrap();
        let proof = key.prove("GET", &url, Some("token"), now).unwrap();
        let header = decode_header(&proof).unwrap();
        assert_eq!(header.typ.as_deref(), Some("dpop+jwt"));
        let jwk = header.jwk.unwrap();
        assert_eq!(serde_json::to_value(&jwk).unwrap().get("d"), None);
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        let read = decode::<Json>(&proof, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
        let claims = read.claims;
        assert_eq!(claims["htu"], "https://contoso.okta.com/api/v1/users");
        assert_eq!((&claims["htm"], &claims["nonce"]), (&"GET".into(), &"n1".into()));
        // base64url(SHA-256("token")), as `printf token | openssl dgst -sha256 -binary | basenc --base64url` prints it.
        assert_eq!(claims["ath"], "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A");
        assert_ne!(key.prove("GET", &url, None, now).unwrap(), proof);
    }
}
