//! The compact form of a signed token (RFC 7515) with HS256 (RFC 7518, 3.2), and nothing else of JOSE.
//!
//! The form has a hundred options of which this crate needs none. Here, a token has exactly three parts
//! in base64url without padding, a header of exactly `alg`, `typ` and `kid`, and one algorithm. A
//! library that knows others would have to be told not to use them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use sha2::Sha256;

use crate::AuthError;
use crate::error::shown;

/// Longest token that is looked at, in bytes: several times what the claims of one take.
pub const TOKEN_BYTES_MAX: usize = 4_096;

const ALGORITHM: &str = "HS256";
const KIND: &str = "JWT";

/// HMAC with SHA-256 under one key.
#[derive(Clone)]
pub(super) struct Hs256(Hmac<Sha256>);

impl Hs256 {
    /// `None` for a key that HMAC cannot take; there is no such length.
    pub(super) fn new(secret: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    fn tag(&self, text: &str) -> Vec<u8> {
        self.0.clone().chain_update(text).finalize().into_bytes().to_vec()
    }

    /// Compares in constant time.
    fn is_tag(&self, text: &str, tag: &[u8]) -> bool {
        self.0.clone().chain_update(text).verify_slice(tag).is_ok()
    }
}

/// The token of these claims (as JSON), signed by the key of this id (a plain word).
pub(super) fn sign(key: &Hs256, key_id: &str, claims: &[u8]) -> String {
    let header = format!(r#"{{"alg":"{ALGORITHM}","typ":"{KIND}","kid":"{key_id}"}}"#);
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let tag = URL_SAFE_NO_PAD.encode(key.tag(&token));
    token.push('.');
    token.push_str(&tag);
    token
}

/// The claims (as they were signed) of a token, whose key is found by its id.
pub(super) fn open<'k>(token: &str, key_of: impl FnOnce(&str) -> Option<&'k Hs256>) -> Result<Vec<u8>, AuthError> {
    let malformed = |detail: &str| AuthError::TokenMalformed { detail: detail.to_owned() };
    if token.len() > TOKEN_BYTES_MAX {
        return Err(AuthError::TokenMalformed { detail: format!("longer than {TOKEN_BYTES_MAX} bytes") });
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, tag] = parts[..] else {
        return Err(malformed("it does not have three parts with a point between them"));
    };
    let base64url = |part: &str, name: &str| {
        URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed(&format!("its {name} is not base64url without padding")))
    };
    let header = base64url(header, "header")?;
    let header = Header::read(&header)?;
    let key = header.key(key_of)?;
    let tag = base64url(tag, "signature")?;
    // Everything up to the last point is signed.
    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    if !key.is_tag(signed, &tag) {
        return Err(AuthError::TokenSignature);
    }
    base64url(claims, "claims part")
}

/// A header. Whatever else one could hold (`jwk`, `jku`, `x5u`, `zip` …) is refused by its name.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow, default)]
    typ: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    kid: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// Whether the member is there, whatever it holds.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> Header<'a> {
    fn read(json: &'a [u8]) -> Result<Self, AuthError> {
        object(json).map_err(|detail| AuthError::TokenHeader { detail })
    }

    fn key<'k>(&self, key_of: impl FnOnce(&str) -> Option<&'k Hs256>) -> Result<&'k Hs256, AuthError> {
        if self.alg != ALGORITHM {
            return Err(AuthError::TokenAlgorithm);
        }
        if self.crit {
            return Err(AuthError::TokenCritical);
        }
        match self.typ.as_deref() {
            Some(KIND) => {}
            Some(other) => return Err(AuthError::TokenHeader { detail: format!("typ {:?} is not JWT", shown(other)) }),
            None => return Err(AuthError::TokenHeader { detail: "missing field `typ`".to_owned() }),
        }
        let id = self.kid.as_deref().ok_or(AuthError::TokenKeyMissing)?;
        key_of(id).ok_or_else(|| AuthError::TokenKeyUnknown { id: shown(id) })
    }
}

/// Reads a JSON object. A list of the values alone, which the reader would take as well, is none.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    if json.first() != Some(&b'{') {
        return Err("not a JSON object".to_owned());
    }
    serde_json::from_slice(json).map_err(|error| shown(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_vector_of_the_standard() {
        let key = Hs256::new(b"Jefe").unwrap();
        let tag = key.tag("what do ya want for nothing?");
        assert_eq!(hex::encode(&tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(key.is_tag("what do ya want for nothing?", &tag));
        assert!(!key.is_tag("what do ya want for nothing!", &tag));
        assert!(!key.is_tag("what do ya want for nothing?", &tag[..31]));
        assert!(!key.is_tag("what do ya want for nothing?", &[]));
    }

    /// RFC 7515, appendix A.1: header and claims as they stand there, with line ends.
    #[test]
    fn the_tag_of_the_example_of_the_standard() {
        let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = Hs256::new(&URL_SAFE_NO_PAD.decode(secret).unwrap()).unwrap();
        let text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        assert_eq!(URL_SAFE_NO_PAD.encode(key.tag(text)), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn every_token_has_one_spelling() {
        let key = Hs256::new(&[1; 32]).unwrap();
        let token = sign(&key, "k", b"{}");
        assert_eq!(open(&token, |_| Some(&key)).unwrap(), b"{}");
        // 32 bytes leave two bits of the last character unused; they must be zero.
        let (start, last) = token.split_at(token.len() - 1);
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=".chars() {
            assert_eq!(open(&format!("{start}{other}"), |_| Some(&key)).is_ok(), last.starts_with(other), "{other}");
        }
        assert!(open(&format!("{token}="), |_| Some(&key)).is_err());
    }
}
