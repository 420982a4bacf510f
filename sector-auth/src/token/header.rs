//! The header of a token, read more strictly than the library reads it: exactly `alg`, `typ` and `kid`.
//!
//! The library takes every header of RFC 7515 and any other member, skips a `crit` that it does not
//! know, and takes `null` for nothing. None of that is in a token of ours.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, IgnoredAny};

use crate::AuthError;
use crate::error::shown;

/// Whatever else a header could hold (`jwk`, `jku`, `x5u`, `zip` …) is refused by its name.
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

/// The id of the key that a token says it was signed by, if its header is one of ours.
pub(super) fn key_id(token: &str) -> Result<String, AuthError> {
    let malformed = |detail: &str| AuthError::TokenMalformed { detail: detail.to_owned() };
    // From the right, as the library does: in a token of more parts, this one has a point in it.
    let part =
        token.rsplitn(3, '.').nth(2).ok_or_else(|| malformed("it has fewer than three parts"))?;
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| {
        malformed("what is before its last two points is not base64url without padding")
    })?;
    read(&json)
}

fn read(json: &[u8]) -> Result<String, AuthError> {
    let refused = |detail: String| AuthError::TokenHeader { detail };
    // A list of the values alone would be read as well.
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
