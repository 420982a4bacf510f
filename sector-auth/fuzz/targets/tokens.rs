//! Tokens, refresh tokens and bot keys, as in an Authorization header. The first line is also used
//! as a header and the rest as claims, with a valid signature, so that the fuzzer gets past the
//! signature check. No input panics, no invalid token is accepted, and accepted tokens have one
//! spelling.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sector_auth::token::TTL_SECONDS_MAX;
use sector_auth::{
    Claims, Grant, OpaqueKind, OpaqueToken, Role, Scopes, SecretHash, Timestamp, TokenId, TokenKey, TokenKeys,
};
use sha2::Sha256;

const SECRET: [u8; 32] = [7; 32];
const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_334_400);

static KEYS: LazyLock<TokenKeys> =
    LazyLock::new(|| TokenKeys::new("sector", "sector-api", TokenKey::new(&SECRET).unwrap(), Vec::new()).unwrap());

fn signed(header: &str, claims: &str) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mac = Hmac::<Sha256>::new_from_slice(&SECRET).unwrap();
    let tag = URL_SAFE_NO_PAD.encode(mac.chain_update(&text).finalize().into_bytes());
    format!("{text}.{tag}")
}

fn hold(claims: &Claims) {
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), ("sector", "sector-api"));
    assert!(claims.role.may_log_in());
    assert!(claims.exp > NOW.unix_seconds() && claims.iat <= NOW.unix_seconds() + 30);
    assert!((1..=TTL_SECONDS_MAX).contains(&(claims.exp - claims.iat)));
    let grant = Grant {
        subject: claims.sub,
        role: claims.role,
        session_id: claims.sid,
        token_id: claims.jti,
        ttl_seconds: claims.exp - claims.iat,
    };
    let again = KEYS.issue(&grant, Timestamp::from_unix_seconds(claims.iat)).unwrap();
    assert_eq!(KEYS.verify(&again, NOW).as_ref(), Ok(claims));
}

fuzz_target!(|input: &str| {
    let (header, claims) = input.split_once('\n').unwrap_or((input, ""));
    for token in [input, &signed(header, claims)] {
        match KEYS.verify(token, NOW) {
            Ok(claims) => hold(&claims),
            Err(error) => assert!(error.to_string().len() < 1_000 && !error.code().is_empty()),
        }
    }

    for kind in OpaqueKind::ALL {
        match OpaqueToken::parse(kind, input) {
            Ok(token) => {
                assert_eq!(token.expose(), input);
                assert!(token.matches(&SecretHash::of(input)));
            }
            // Errors do not contain the secret.
            Err(error) => assert!(error.to_string().len() < 200),
        }
    }
    let _ = input.parse::<TokenId>().map(|id| assert_eq!(id.to_string(), input));
    let _ = input.parse::<SecretHash>().map(|hash| assert_eq!(hash.to_string(), input));
    let _ = input.parse::<Role>().map(|role| assert_eq!(role.to_string(), input));
    if let Ok(scopes) = serde_json::from_str::<Scopes>(input) {
        let json = serde_json::to_string(&scopes).unwrap();
        assert_eq!(serde_json::from_str::<Scopes>(&json).unwrap(), scopes);
    }
});
