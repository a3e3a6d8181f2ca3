//! Checks what clients sign: assertions (RFC 7523) and DPoP proofs (RFC 9449).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

/// How far clocks may be apart, in seconds.
const SKEW: i64 = 300;
/// How far ahead an assertion may end, in seconds (Okta: an hour).
const LONGEST: i64 = 3_600;

/// A public key that the servers know.
#[derive(Clone)]
pub struct PublicKey {
    key: DecodingKey,
    algorithms: &'static [Algorithm],
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({:?})", self.algorithms)
    }
}

impl PublicKey {
    /// Reads a public key or a certificate, as PEM.
    ///
    /// # Errors
    /// When the text is neither, or holds a private key, or the key neither RSA nor on a NIST curve.
    pub fn parse(pem: &str) -> Result<PublicKey, String> {
        if pem.contains("PRIVATE KEY") {
            return Err("this is a private key: give the public one, as Okta or Entra would get it".to_owned());
        }
        const RSA: &[Algorithm] = &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256];
        const EC: &[Algorithm] = &[Algorithm::ES256, Algorithm::ES384];
        let rsa = DecodingKey::from_rsa_pem(pem.as_bytes()).map(|key| (key, RSA));
        let either = rsa.or_else(|_| DecodingKey::from_ec_pem(pem.as_bytes()).map(|key| (key, EC)));
        let (key, algorithms) = either.map_err(|_| "this is no public key or certificate in PEM".to_owned())?;
        Ok(PublicKey { key, algorithms })
    }
}

/// The claims of an assertion that matter here.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    aud: String,
    exp: i64,
    jti: Option<String>,
}

/// The ids of what was signed once and is not taken again.
#[derive(Debug, Default)]
pub(super) struct Used(Mutex<HashSet<String>>);

impl Used {
    /// Whether this id is new.
    fn is_new(&self, id: &str) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned())
    }
}

/// Nothing of time or audience is checked by the library: the simulator has a clock of its own.
fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// The header and the claims of an assertion that is in order.
pub(super) fn read_assertion(
    text: &str,
    key: &PublicKey,
    audience: &str,
    now: Timestamp,
    used: &Used,
) -> Result<(Header, Claims), String> {
    let header = decode_header(text).map_err(|_| "The client_assertion is not a JWT.".to_owned())?;
    if !key.algorithms.contains(&header.alg) {
        return Err(format!("The client_assertion is signed with {:?}.", header.alg));
    }
    let read = decode::<Claims>(text, &key.key, &validation(header.alg));
    let claims = read
        .map_err(|_| "The client_assertion signature is invalid.".to_owned())?
        .claims;
    if claims.aud != audience {
        return Err(format!("The audience claim for client_assertion must be '{audience}'."));
    }
    let now = now.as_second();
    if claims.exp <= now - SKEW || claims.exp > now + LONGEST + SKEW {
        return Err("The client_assertion token has an expiration too far into the future, or is expired.".to_owned());
    }
    if claims.jti.as_ref().is_some_and(|jti| !used.is_new(jti)) {
        return Err("The client_assertion token was used before.".to_owned());
    }
    Ok((header, claims))
}

/// What a DPoP proof is held against.
pub(super) struct Expected<'a> {
    pub(super) method: &'a str,
    /// Address without query and fragment.
    pub(super) url: &'a str,
    /// Hash of the access token, if one comes with it.
    pub(super) token_hash: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// A proof that is in order.
pub(super) struct Proof {
    /// Thumbprint of its key (RFC 7638).
    pub(super) thumbprint: String,
    pub(super) nonce: Option<String>,
}

/// Reads a DPoP proof; the error is what the server says.
pub(super) fn read_proof(text: &str, expected: &Expected<'_>, used: &Used) -> Result<Proof, &'static str> {
    let header = decode_header(text).map_err(|_| "The DPoP proof JWT is malformed.")?;
    if header.typ.as_deref() != Some("dpop+jwt") {
        return Err("The DPoP proof JWT header has no valid 'typ'.");
    }
    let jwk: Jwk = header.jwk.ok_or("The DPoP proof JWT header has no 'jwk'.")?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| "The 'jwk' of the DPoP proof JWT is invalid.")?;
    let read = decode::<Value>(text, &key, &validation(header.alg));
    let claims = read
        .map_err(|_| "The signature of the DPoP proof JWT is invalid.")?
        .claims;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str);
    if claim("htm") != Some(expected.method) {
        return Err("'htm' claim in the DPoP proof JWT is invalid.");
    }
    if claim("htu") != Some(expected.url) {
        return Err("'htu' claim in the DPoP proof JWT is invalid.");
    }
    let issued = claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
    if (issued - expected.now.as_second()).abs() > SKEW {
        return Err("'iat' claim in the DPoP proof JWT is invalid.");
    }
    if claim("ath") != expected.token_hash {
        return Err("'ath' claim in the DPoP proof JWT is invalid.");
    }
    if !claim("jti").is_some_and(|jti| used.is_new(jti)) {
        return Err("'jti' claim in the DPoP proof JWT was used before.");
    }
    let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256);
    Ok(Proof {
        thumbprint: thumbprint.map_err(|_| "The 'jwk' of the DPoP proof JWT is invalid.")?,
        nonce: claim("nonce").map(str::to_owned),
    })
}
