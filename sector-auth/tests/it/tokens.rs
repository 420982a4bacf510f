//! Tokens: what is issued verifies, and nothing else does.

use hmac::{Hmac, KeyInit, Mac};
use sector_auth::{Address, AuthError, Role, Timestamp, TokenKey};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_334_400);

fn key() -> TokenKey {
    TokenKey::new(&SECRET, "sector", "sector-api").unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "sector", "aud": "sector-api", "sub": Address::new([5; 20]), "role": "player",
        "iat": NOW.unix_seconds(), "exp": NOW.unix_seconds() + 60, "jti": "t-1",
    })
}

/// A token made by hand, so that the library is not asked to check itself.
fn signed(algorithm: &str, claims: &Value) -> String {
    fn tag<M: Mac + KeyInit>(text: &str) -> Vec<u8> {
        <M as KeyInit>::new_from_slice(&SECRET).unwrap().chain_update(text).finalize().into_bytes().to_vec()
    }
    let header = json!({ "typ": "JWT", "alg": algorithm });
    let text = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let tag = match algorithm {
        "HS256" => tag::<Hmac<Sha256>>(&text),
        "HS384" => tag::<Hmac<Sha384>>(&text),
        _ => tag::<Hmac<Sha512>>(&text),
    };
    format!("{text}.{}", base64url(&tag))
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(number >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

#[test]
fn what_is_issued_verifies_with_all_its_claims() {
    let token = key().issue(Address::new([5; 20]), Role::Admin, "t-1", NOW, 60).unwrap();
    let claims = key().verify(&token, NOW).unwrap();
    assert_eq!((claims.iss.as_str(), claims.aud.as_str(), claims.jti.as_str()), ("sector", "sector-api", "t-1"));
    assert_eq!((claims.sub, claims.role), (Address::new([5; 20]), Role::Admin));
    assert_eq!((claims.iat, claims.exp), (1_795_334_400, 1_795_334_460));
}

#[test]
fn a_token_dies_at_its_second_and_not_before_its_time() {
    let token = key().issue(Address::ZERO, Role::Player, "t", NOW, 60).unwrap();
    key().verify(&token, Timestamp::from_unix_ms(NOW.unix_ms() + 59_999)).unwrap();
    assert_eq!(key().verify(&token, NOW.plus_seconds(60)).unwrap_err().code(), "token_expired");
    let earlier = |seconds| Timestamp::from_unix_seconds(NOW.unix_seconds() - seconds);
    key().verify(&token, earlier(30)).unwrap();
    assert_eq!(key().verify(&token, earlier(31)).unwrap_err().code(), "token_from_future");
}

#[test]
fn our_own_encoder_in_these_tests_is_sound() {
    // Otherwise the refusals below would prove nothing.
    key().verify(&signed("HS256", &claims()), NOW).unwrap();
    assert_eq!(base64url(b"{\"a\":1}"), "eyJhIjoxfQ");
}

#[test]
fn other_algorithms_are_refused_even_with_the_right_secret() {
    for algorithm in ["HS384", "HS512"] {
        assert_eq!(key().verify(&signed(algorithm, &claims()), NOW), Err(AuthError::TokenAlgorithm));
    }
    let good = signed("HS256", &claims());
    let (_, payload_and_signature) = good.split_once('.').unwrap();
    let payload = payload_and_signature.split('.').next().unwrap();
    for name in ["none", "None", "NONE", "nOnE", "RS256", "ES256", "EdDSA", "hs256", ""] {
        let header = base64url(format!("{{\"typ\":\"JWT\",\"alg\":\"{name}\"}}").as_bytes());
        for token in [format!("{header}.{payload}."), format!("{header}.{payload_and_signature}")] {
            let code = key().verify(&token, NOW).unwrap_err().code();
            assert!(["token_algorithm", "token_malformed"].contains(&code), "{name}: {code}");
        }
    }
}

#[test]
fn a_changed_token_and_a_foreign_secret_are_refused() {
    let token = key().issue(Address::ZERO, Role::Player, "t", NOW, 60).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let mut admin = claims();
    admin["role"] = json!("admin");
    let forged = format!("{}.{}.{}", parts[0], base64url(admin.to_string().as_bytes()), parts[2]);
    assert_eq!(key().verify(&forged, NOW), Err(AuthError::TokenSignature));
    let stripped = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(key().verify(&stripped, NOW), Err(AuthError::TokenSignature));
    let other = TokenKey::new(&[1; 32], "sector", "sector-api").unwrap();
    assert_eq!(other.verify(&token, NOW), Err(AuthError::TokenSignature));
}

#[test]
fn issuer_and_audience_must_be_ours() {
    for (claim, code) in [("iss", "token_issuer"), ("aud", "token_audience")] {
        let mut foreign = claims();
        foreign[claim] = json!("elsewhere");
        assert_eq!(key().verify(&signed("HS256", &foreign), NOW).unwrap_err().code(), code);
    }
    let mut list = claims();
    list["aud"] = json!(["sector-api", "elsewhere"]);
    assert_eq!(key().verify(&signed("HS256", &list), NOW).unwrap_err().code(), "token_malformed");
}

#[test]
fn every_claim_is_required() {
    for name in ["iss", "aud", "sub", "role", "iat", "exp", "jti"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        let error = key().verify(&signed("HS256", &claims), NOW).unwrap_err();
        assert_eq!(error.code(), "token_malformed", "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn nonsense_is_refused() {
    for token in ["", ".", "..", "a.b.c", "Bearer x", &"a".repeat(5_000)] {
        assert_eq!(key().verify(token, NOW).unwrap_err().code(), "token_malformed", "{token:.20}");
    }
}

#[test]
fn short_secrets_are_refused_and_none_is_shown() {
    assert_eq!(TokenKey::new(&[1; 31], "sector", "sector-api").unwrap_err(), AuthError::TokenKeyTooShort { bytes: 31 },);
    let shown = format!("{:?}", key());
    assert!(shown.contains("sector-api") && !shown.contains("0123"), "{shown}");
}
