//! Tokens: every issued token verifies, and no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sector_auth::token::{PREVIOUS_KEYS_MAX, TTL_SECONDS_MAX};
use sector_auth::{Address, AuthError, Grant, Role, Timestamp, TokenId, TokenKey, TokenKeys};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
/// Key id of this secret, computed independently with `printf 'sector token key id, version 1\0%s'
/// $SECRET | openssl dgst -sha3-256`, the first 16 digits.
const KEY_ID: &str = "732627b7d31410a4";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_334_400);
const SECONDS: u64 = NOW.unix_seconds();

fn key(first: u8) -> TokenKey {
    let mut secret = SECRET;
    secret[0] = first;
    TokenKey::new(&secret).unwrap()
}

fn keys() -> TokenKeys {
    TokenKeys::new("sector", "sector-api", TokenKey::new(&SECRET).unwrap(), Vec::new()).unwrap()
}

fn grant(ttl_seconds: u64) -> Grant {
    Grant {
        subject: Address::new([5; 20]),
        role: Role::Player,
        session_id: TokenId::from_random_bytes([6; 16]),
        token_id: TokenId::from_random_bytes([7; 16]),
        ttl_seconds,
    }
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "kid": KEY_ID })
}

fn claims() -> Value {
    json!({
        "iss": "sector", "aud": "sector-api", "sub": Address::new([5; 20]), "role": "player",
        "iat": SECONDS, "exp": SECONDS + 60, "jti": "07".repeat(16), "sid": "06".repeat(16),
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

fn base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn tag<M: Mac + KeyInit>(text: &str) -> String {
    let mac = <M as KeyInit>::new_from_slice(&SECRET).unwrap();
    URL_SAFE_NO_PAD.encode(mac.chain_update(text).finalize().into_bytes())
}

/// A token with any header and claims and a valid HS256 tag, built by hand.
fn signed(header: &str, claims: &str) -> String {
    let text = format!("{}.{}", base64url(header), base64url(claims));
    let tag = tag::<Hmac<Sha256>>(&text);
    format!("{text}.{tag}")
}

fn code(token: &str) -> &'static str {
    match keys().verify(token, NOW) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

#[test]
fn issued_tokens_verify_with_all_claims() {
    let token = keys().issue(&Grant { role: Role::Admin, ..grant(60) }, NOW).unwrap();
    let claims = keys().verify(&token, NOW).unwrap();
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), ("sector", "sector-api"));
    assert_eq!((claims.sub, claims.role), (Address::new([5; 20]), Role::Admin));
    assert_eq!((claims.iat, claims.exp), (1_795_334_400, 1_795_334_460));
    assert_eq!(
        (claims.jti.to_string(), claims.sid.to_string()),
        ("07".repeat(16), "06".repeat(16))
    );
}

#[test]
fn issued_tokens_equal_those_built_by_hand() {
    // Otherwise the rejections below would prove nothing.
    let by_hand = signed(&header().to_string(), &claims().to_string());
    assert_eq!(
        keys().verify(&by_hand, NOW),
        keys().verify(&keys().issue(&grant(60), NOW).unwrap(), NOW)
    );
    assert_eq!(code(&by_hand), "accepted");
    assert_eq!(TokenKey::new(&SECRET).unwrap().id(), KEY_ID);
    // The order of members does not matter.
    let text = format!(r#"{{ "kid": "{KEY_ID}", "typ": "JWT", "alg": "HS256" }}"#);
    assert_eq!(code(&signed(&text, &claims().to_string())), "accepted");
}

#[test]
fn tokens_expire_exactly_on_time() {
    let token = keys().issue(&grant(60), NOW).unwrap();
    keys().verify(&token, Timestamp::from_unix_ms(NOW.unix_ms() + 59_999)).unwrap();
    assert_eq!(keys().verify(&token, NOW.plus_seconds(60)).unwrap_err().code(), "token_expired");
    let earlier = |seconds| Timestamp::from_unix_seconds(SECONDS - seconds);
    keys().verify(&token, earlier(30)).unwrap();
    assert_eq!(keys().verify(&token, earlier(31)).unwrap_err().code(), "token_from_future");
}

#[test]
fn other_headers_are_rejected() {
    let cases = [
        // Only HS256 is accepted, in any spelling and with any tag.
        ("token_algorithm", with(header(), "alg", json!("none"))),
        ("token_algorithm", with(header(), "alg", json!("None"))),
        ("token_algorithm", with(header(), "alg", json!("NONE"))),
        ("token_algorithm", with(header(), "alg", json!("hs256"))),
        ("token_algorithm", with(header(), "alg", json!("HS256 "))),
        ("token_algorithm", with(header(), "alg", json!("HS384"))),
        ("token_algorithm", with(header(), "alg", json!("HS512"))),
        ("token_algorithm", with(header(), "alg", json!("RS256"))),
        ("token_algorithm", with(header(), "alg", json!("PS256"))),
        ("token_algorithm", with(header(), "alg", json!("ES256"))),
        ("token_algorithm", with(header(), "alg", json!("ES256K"))),
        ("token_algorithm", with(header(), "alg", json!("EdDSA"))),
        ("token_algorithm", with(header(), "alg", json!(""))),
        ("token_header", with(header(), "alg", json!(["HS256"]))),
        ("token_header", with(header(), "alg", Value::Null)),
        ("token_header", without(header(), "alg")),
        // Key ids.
        ("token_key_missing", without(header(), "kid")),
        ("token_key_missing", with(header(), "kid", Value::Null)),
        ("token_key_unknown", with(header(), "kid", json!(""))),
        ("token_key_unknown", with(header(), "kid", json!("0000000000000000"))),
        ("token_key_unknown", with(header(), "kid", json!(KEY_ID.to_uppercase()))),
        ("token_key_unknown", with(header(), "kid", json!("../../dev/null"))),
        ("token_header", with(header(), "kid", json!(7))),
        ("token_header", with(header(), "jwk", json!({ "kty": "oct", "k": "AAAA" }))),
        ("token_header", with(header(), "jku", json!("https://evil.example/keys"))),
        ("token_header", with(header(), "x5u", json!("https://evil.example/certificate"))),
        ("token_header", with(header(), "x5c", json!([]))),
        // Extensions.
        ("token_critical", with(header(), "crit", json!(["exp"]))),
        ("token_critical", with(header(), "crit", json!([]))),
        ("token_critical", with(header(), "crit", Value::Null)),
        ("token_critical", with(header(), "crit", json!("exp"))),
        // Values that the library ignores or converts.
        ("token_header", with(header(), "jwk", Value::Null)),
        ("token_header", with(header(), "alg", json!({ "HS256": null }))),
        ("token_header", with(header(), "b64", json!(false))),
        ("token_header", with(header(), "zip", json!("DEF"))),
        ("token_header", with(header(), "cty", json!("JWT"))),
        ("token_header", with(header(), "typ", json!("dpop+jwt"))),
        ("token_header", with(header(), "typ", json!("jwt"))),
        ("token_header", without(header(), "typ")),
        ("token_header", json!([])),
        ("token_header", json!(["HS256", "JWT", KEY_ID, false])),
        ("token_header", json!("HS256")),
        ("token_header", Value::Null),
    ];
    for (expected, header) in cases {
        let text = header.to_string();
        assert_eq!(code(&signed(&text, &claims().to_string())), expected, "{text}");
    }
    for (expected, text) in [
        ("token_header", format!(r#"{{"alg":"none","alg":"HS256","typ":"JWT","kid":"{KEY_ID}"}}"#)),
        (
            "token_header",
            format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{KEY_ID}","kid":"{KEY_ID}"}}"#),
        ),
        ("token_header", format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{KEY_ID}"}} "x""#)),
        ("token_header", format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{KEY_ID}""#)),
        ("token_header", "[".repeat(2_000)),
        ("token_header", String::new()),
    ] {
        assert_eq!(code(&signed(&text, &claims().to_string())), expected, "{text:.80}");
    }
}

#[test]
fn other_algorithms_are_rejected_even_with_valid_tags() {
    let payload = base64url(&claims().to_string());
    for algorithm in ["HS384", "HS512", "none"] {
        let text = format!(
            "{}.{payload}",
            base64url(&with(header(), "alg", json!(algorithm)).to_string())
        );
        let tag = match algorithm {
            "HS384" => tag::<Hmac<Sha384>>(&text),
            "HS512" => tag::<Hmac<Sha512>>(&text),
            _ => String::new(),
        };
        assert_eq!(code(&format!("{text}.{tag}")), "token_algorithm");
    }
    // A longer tag with the right algorithm name.
    let text = format!("{}.{payload}", base64url(&header().to_string()));
    assert_eq!(code(&format!("{text}.{}", tag::<Hmac<Sha512>>(&text))), "token_signature");
}

#[test]
fn other_claims_are_rejected() {
    let mut cases = vec![
        ("token_issuer", with(claims(), "iss", json!("elsewhere"))),
        ("token_audience", with(claims(), "aud", json!("elsewhere"))),
        ("token_audience", with(claims(), "aud", json!(""))),
        ("token_claims", with(claims(), "aud", json!(["sector-api"]))),
        ("token_claims", with(claims(), "aud", json!(["sector-api", "elsewhere"]))),
        // Roles that cannot log in, and an unknown role.
        ("token_role", with(claims(), "role", json!("anonymous"))),
        ("token_role", with(claims(), "role", json!("bot_key"))),
        ("token_role", with(claims(), "role", json!("bot_service"))),
        ("token_claims", with(claims(), "role", json!("root"))),
        ("token_claims", with(claims(), "role", json!("Admin"))),
        ("token_claims", with(claims(), "role", json!(["admin"]))),
        ("token_claims", with(claims(), "role", json!({ "admin": null }))),
        ("token_claims", with(claims(), "sub", json!("0x05"))),
        ("token_claims", with(claims(), "sub", json!(5))),
        ("token_claims", with(claims(), "jti", json!("t-1"))),
        ("token_claims", with(claims(), "sid", json!("0X"))),
        ("token_claims", with(claims(), "sid", json!("06".repeat(17)))),
        // Times of the wrong type.
        ("token_claims", with(claims(), "exp", json!(-1))),
        ("token_claims", with(claims(), "iat", json!(-1))),
        ("token_claims", with(claims(), "exp", json!(SECONDS as f64 + 60.5))),
        ("token_claims", with(claims(), "exp", json!(1e300))),
        ("token_claims", with(claims(), "exp", json!((SECONDS + 60).to_string()))),
        ("token_claims", with(claims(), "exp", json!(true))),
        // Lifetimes of zero, or too long.
        ("token_lifetime", with(claims(), "exp", json!(SECONDS))),
        ("token_lifetime", with(claims(), "exp", json!(SECONDS - 1))),
        ("token_lifetime", with(claims(), "exp", json!(0))),
        ("token_lifetime", with(claims(), "exp", json!(SECONDS + TTL_SECONDS_MAX + 1))),
        ("token_lifetime", with(claims(), "exp", json!(u64::MAX))),
        ("token_lifetime", with(claims(), "iat", json!(0))),
        ("token_lifetime", with(claims(), "iat", json!(u64::MAX))),
        (
            "token_from_future",
            with(with(claims(), "iat", json!(SECONDS + 31)), "exp", json!(SECONDS + 91)),
        ),
        (
            "token_from_future",
            with(with(claims(), "iat", json!(u64::MAX - 60)), "exp", json!(u64::MAX)),
        ),
        ("token_expired", with(with(claims(), "iat", json!(0)), "exp", json!(60))),
        ("token_expired", with(with(claims(), "iat", json!(SECONDS - 60)), "exp", json!(SECONDS))),
        // The longest lifetime accepted.
        ("accepted", with(claims(), "exp", json!(SECONDS + TTL_SECONDS_MAX))),
        ("accepted", with(claims(), "iat", json!(SECONDS + 30))),
        // Registered claims that are not used here.
        ("token_claims", with(claims(), "nbf", json!(SECONDS))),
        ("token_claims", with(claims(), "admin", json!(true))),
        ("token_claims", json!([])),
        ("token_claims", Value::Null),
        ("token_claims", json!(claims().as_object().unwrap().values().collect::<Vec<_>>())),
    ];
    for name in ["iss", "aud", "sub", "role", "iat", "exp", "jti", "sid"] {
        cases.push(("token_claims", without(claims(), name)));
        cases.push(("token_claims", with(claims(), name, Value::Null)));
    }
    for (expected, claims) in cases {
        let text = claims.to_string();
        assert_eq!(code(&signed(&header().to_string(), &text)), expected, "{text}");
    }
    // Repeated claims, with the first one valid or not.
    for name in ["iss", "aud", "sub", "role", "iat", "exp", "jti", "sid"] {
        let (once, value) = (claims().to_string(), &claims()[name]);
        let twice = format!(r#"{{"{name}":{value},{}"#, &once[1..]);
        assert_eq!(code(&signed(&header().to_string(), &twice)), "token_claims", "{twice}");
        let error = keys().verify(&signed(&header().to_string(), &twice), NOW).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    let number_too_big = claims().to_string().replace(&(SECONDS + 60).to_string(), &"9".repeat(40));
    for text in [
        number_too_big,
        "{".to_owned(),
        format!("{} x", claims()),
        "\u{feff}{}".to_owned(),
        String::new(),
    ] {
        assert_eq!(code(&signed(&header().to_string(), &text)), "token_claims", "{text}");
    }
}

#[test]
fn a_missing_claim_is_named() {
    for name in ["iss", "aud", "sub", "role", "iat", "exp", "jti", "sid"] {
        let token = signed(&header().to_string(), &without(claims(), name).to_string());
        let error = keys().verify(&token, NOW).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn malformed_tokens_are_rejected() {
    let good = keys().issue(&grant(60), NOW).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, tag] = parts[..] else { panic!("{good}") };
    for token in [
        String::new(),
        ".".to_owned(),
        "a.b.c".to_owned(),
        format!("Bearer {good}"),
        format!("{good}."),
        format!("{good}.{tag}"),
        format!(".{good}"),
        format!("{header}.{claims}"),
        // Five parts: an encrypted token.
        format!("{header}.{claims}.{tag}.{tag}.{tag}"),
        format!("{header}=.{claims}.{tag}"),
        format!("{good} "),
        format!("{good}="),
        format!("{header}.{claims}.{}+", &tag[1..]),
        "a".repeat(5_000),
        format!("{header}.{}.{tag}", "A".repeat(4_096)),
        // The JSON serialization of RFC 7515.
        json!({ "payload": claims, "protected": header, "signature": tag }).to_string(),
    ] {
        assert_eq!(code(&token), "token_malformed", "{token:.80}");
    }
    for token in [
        format!("{header}.{claims}."),
        format!("{header}..{tag}"),
        format!("{header}.{claims}.{}", &tag[..40]),
        format!(
            "{header}.{}.{tag}",
            base64url(&with(self::claims(), "role", json!("admin")).to_string())
        ),
    ] {
        assert_eq!(code(&token), "token_signature", "{token:.80}");
    }
    assert_eq!(code(&format!("..{tag}")), "token_header");
}

#[test]
fn every_token_has_one_spelling() {
    let token = keys().issue(&grant(60), NOW).unwrap();
    // With 32 bytes, two bits of the last character are unused; they must be zero.
    let (start, last) = token.split_at(token.len() - 1);
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=".chars() {
        assert_eq!(
            keys().verify(&format!("{start}{other}"), NOW).is_ok(),
            last.starts_with(other),
            "{other}"
        );
    }
    assert_eq!(code(&format!("{token}=")), "token_malformed");
}

#[test]
fn tokens_of_previous_keys_remain_valid() {
    let of = |current: u8, previous: &[u8]| {
        TokenKeys::new(
            "sector",
            "sector-api",
            key(current),
            previous.iter().map(|&first| key(first)).collect(),
        )
        .unwrap()
    };
    let old = of(1, &[]).issue(&grant(60), NOW).unwrap();
    let new = of(2, &[1]).issue(&grant(60), NOW).unwrap();
    of(2, &[1]).verify(&old, NOW).unwrap();
    of(3, &[2, 1]).verify(&old, NOW).unwrap();
    // New tokens are signed with the current key only.
    of(2, &[]).verify(&new, NOW).unwrap();
    assert_eq!(
        of(2, &[]).verify(&old, NOW),
        Err(AuthError::TokenKeyUnknown { id: key(1).id().to_owned() })
    );
    // A token must be signed with the key that it names.
    let mut parts: Vec<String> = old.split('.').map(str::to_owned).collect();
    parts[0] = base64url(&with(header(), "kid", json!(key(2).id())).to_string());
    assert_eq!(of(2, &[1]).verify(&parts.join("."), NOW), Err(AuthError::TokenSignature));
}

#[test]
fn another_secret_of_the_same_issuer_is_rejected() {
    let token = keys().issue(&grant(60), NOW).unwrap();
    let other = TokenKeys::new("sector", "sector-api", key(b'x'), Vec::new()).unwrap();
    assert_eq!(other.verify(&token, NOW).unwrap_err().code(), "token_key_unknown");
}

#[test]
fn invalid_sets_of_keys_are_rejected() {
    let of = |previous: Vec<TokenKey>| {
        TokenKeys::new("sector", "sector-api", key(1), previous).unwrap_err()
    };
    assert_eq!(
        of(vec![key(2), key(1)]),
        AuthError::TokenKeyRepeated { id: key(1).id().to_owned() }
    );
    assert_eq!(
        of(vec![key(2), key(2)]),
        AuthError::TokenKeyRepeated { id: key(2).id().to_owned() }
    );
    let many = (0..=PREVIOUS_KEYS_MAX).map(|number| key(10 + number as u8)).collect();
    assert_eq!(of(many), AuthError::TokenKeysTooMany { count: 5, allowed: 4 });
    for bytes in [0, 16, 31] {
        assert_eq!(
            TokenKey::new(&vec![1; bytes]).unwrap_err(),
            AuthError::TokenKeyTooShort { bytes }
        );
    }
    for (issuer, audience) in [("", "a"), ("i", ""), ("i".repeat(129).as_str(), "a")] {
        let error = TokenKeys::new(issuer, audience, key(1), Vec::new()).unwrap_err();
        assert_eq!(error.code(), "token_not_issued");
    }
}

#[test]
fn tokens_that_would_not_verify_are_not_issued() {
    for role in Role::ALL {
        let issued = keys().issue(&Grant { role, ..grant(60) }, NOW);
        assert_eq!(issued.is_ok(), role.may_log_in(), "{role}");
    }
    for (ttl_seconds, works) in [
        (0, false),
        (1, true),
        (TTL_SECONDS_MAX, true),
        (TTL_SECONDS_MAX + 1, false),
        (u64::MAX, false),
    ] {
        let issued = keys().issue(&grant(ttl_seconds), NOW);
        assert_eq!(issued.is_ok(), works, "{ttl_seconds}");
        if let Ok(token) = issued {
            keys().verify(&token, NOW).unwrap();
        }
    }
    // With the longest names, tokens stay within the limit.
    let keys =
        TokenKeys::new("\u{1}".repeat(128), "\u{1}".repeat(128), key(1), Vec::new()).unwrap();
    keys.verify(&keys.issue(&grant(60), NOW).unwrap(), NOW).unwrap();
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?} {:?}", keys(), key(b'0'));
    assert!(shown.contains("sector-api") && shown.contains(KEY_ID), "{shown}");
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("48, 49"), "{shown}");
}

proptest! {
    #[test]
    fn no_changed_token_verifies(place in any::<prop::sample::Index>(), by in "[ -~é]{0,2}", removed in 0..3usize) {
        let good = keys().issue(&grant(60), NOW).unwrap();
        let start = place.index(good.len());
        let mut changed = good.clone();
        changed.replace_range(start..(start + removed).min(good.len()), &by);
        prop_assert_eq!(keys().verify(&changed, NOW).is_ok(), changed == good);
    }

    #[test]
    fn text_never_panics(text in "\\PC{0,60}", header in "\\PC{0,60}", claims in "\\PC{0,60}") {
        let _ = keys().verify(&text, NOW);
        let _ = keys().verify(&signed(&header, &claims), NOW);
        let _ = keys().verify(&signed(&self::header().to_string(), &claims), NOW);
    }
}
