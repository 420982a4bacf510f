//! Reads the header of a token more strictly than the library: exactly `alg`, `typ` and `kid`.
//!
//! The library accepts every header of RFC 7515 and unknown members, ignores an unknown `crit`, and
//! treats `null` as absent. Tokens of this issuer contain none of these.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, IgnoredAny};

use crate::AuthError;
use crate::error::shown;

/// Other members (`jwk`, `jku`, `x5u`, `zip` …) are rejected by name.
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

/// Whether the member is present, whatever its value.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Id of the key in the header (`kid`), if the header is valid.
pub(super) fn key_id(token: &str) -> Result<String, AuthError> {
    let malformed = |detail: &str| AuthError::TokenMalformed { detail: detail.to_owned() };
    // Split from the right, like the library: with more than three parts, this one contains a dot.
    let part = token.rsplitn(3, '.').nth(2).ok_or_else(|| malformed("fewer than three parts"))?;
    let json = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| malformed("the header is not base64url without padding"))?;
    read(&json)
}

fn read(json: &[u8]) -> Result<String, AuthError> {
    let refused = |detail: String| AuthError::TokenHeader { detail };
    // Otherwise a JSON array of the values would be accepted, too.
    if json.first() != Some(&b'{') {
        return Err(refused("not a JSON object".to_owned()));
    }
    let header: Header<'_> =
        serde_json::from_slice(json).map_err(|error| refused(shown(&error.to_string())))?;
    if header.alg != "HS256" {
        return Err(AuthError::TokenAlgorithm);
    }
    if header.crit {
        return Err(AuthError::TokenCritical);
    }
    match header.typ.as_deref() {
        Some("JWT") => {}
        Some(other) => return Err(refused(format!("typ {:?} is not JWT", shown(other)))),
        None => return Err(refused("missing field `typ`".to_owned())),
    }
    header.kid.map(Cow::into_owned).ok_or(AuthError::TokenKeyMissing)
}
