//! Signatures against vectors of two other implementations, and every reason to refuse a login.

use sector_auth::{Address, AuthError, Expected, Key, LoginFields, LoginMessage, Timestamp, recover, verify};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    private_key: String,
    address: Address,
    message: String,
    signature: String,
}

fn vectors() -> Vec<Vector> {
    let parsed: Vectors = serde_json::from_str(include_str!("../vectors/eip191.json")).unwrap();
    assert!(parsed.vectors.len() >= 28);
    parsed.vectors
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_334_460);
const DOMAIN: &str = "localhost:9000";
const NONCE: &str = "a1b2c3d4e5f6";

fn key() -> Key {
    Key::from_random_bytes([7; 32]).unwrap()
}

fn fields() -> LoginFields {
    let issued_at = Timestamp::from_unix_seconds(1_795_334_400);
    LoginFields {
        statement: Some("Sign in to Sector.".to_owned()),
        expiration_time: Some(issued_at.plus_seconds(300)),
        ..LoginFields::new(DOMAIN, key().address(), "http://localhost:9000", 1, NONCE, issued_at)
    }
}

fn text(fields: LoginFields) -> String {
    LoginMessage::new(fields).unwrap().to_string()
}

fn expected() -> Expected<'static> {
    Expected { domain: DOMAIN, nonce: NONCE, chain_id: 1, address: key().address() }
}

/// Signs the fields with the right key and checks them at `now`.
fn login(fields: LoginFields, now: Timestamp) -> Result<LoginMessage, AuthError> {
    let text = text(fields);
    verify(&text, &key().sign_message(&text), &expected(), now)
}

#[test]
fn we_sign_and_recover_what_viem_and_ethers_sign() {
    for vector in vectors() {
        let key = Key::from_hex(&vector.private_key).unwrap();
        assert_eq!(key.address(), vector.address);
        assert_eq!(key.sign_message(&vector.message), vector.signature);
        assert_eq!(recover(&vector.message, &vector.signature).unwrap(), vector.address);
    }
}

#[test]
fn a_login_message_written_by_viem_verifies() {
    let vector = vectors().into_iter().find(|vector| vector.message.contains(&vector.address.to_string())).unwrap();
    let expected = Expected { address: vector.address, ..expected() };
    let message = verify(&vector.message, &vector.signature, &expected, NOW).unwrap();
    assert_eq!(message.fields().resources.len(), 2);
}

#[test]
fn recovery_byte_as_zero_or_one_and_no_prefix_are_accepted() {
    for vector in vectors().iter().take(8) {
        let v = if vector.signature.ends_with("1b") { "00" } else { "01" };
        let raw = format!("{}{v}", &vector.signature[2..130]);
        assert_eq!(recover(&vector.message, &raw).unwrap(), vector.address);
    }
}

#[test]
fn a_good_login_is_accepted_until_the_instant_it_expires() {
    login(fields(), NOW).unwrap();
    let expires = fields().expiration_time.unwrap();
    login(fields(), Timestamp::from_unix_ms(expires.unix_ms() - 1)).unwrap();
    assert_eq!(login(fields(), expires), Err(AuthError::MessageExpired { expired_at: expires }));
}

#[test]
fn each_field_that_disagrees_is_refused_by_its_own_code() {
    let other = Key::from_random_bytes([8; 32]).unwrap().address();
    let future = NOW.plus_seconds(31);
    let cases: [(&str, LoginFields); 6] = [
        ("domain_mismatch", LoginFields { domain: "evil.example".to_owned(), ..fields() }),
        ("nonce_mismatch", LoginFields { nonce: "a1b2c3d4e5f7".to_owned(), ..fields() }),
        ("chain_mismatch", LoginFields { chain_id: 5, ..fields() }),
        ("address_mismatch", LoginFields { address: other, ..fields() }),
        ("message_from_future", LoginFields { issued_at: future, ..fields() }),
        ("message_not_yet_valid", LoginFields { not_before: Some(NOW.plus_seconds(1)), ..fields() }),
    ];
    for (code, fields) in cases {
        assert_eq!(login(fields, NOW).unwrap_err().code(), code);
    }
    login(LoginFields { issued_at: NOW.plus_seconds(30), not_before: Some(NOW), ..fields() }, NOW).unwrap();
}

#[test]
fn another_signer_and_a_changed_text_are_refused() {
    let text = text(fields());
    let stranger = Key::from_random_bytes([8; 32]).unwrap();
    assert_eq!(
        verify(&text, &stranger.sign_message(&text), &expected(), NOW).unwrap_err(),
        AuthError::WrongSigner { expected: key().address(), recovered: stranger.address() },
    );
    // The same fields in another spelling: what counts is the text that was signed.
    let signature = key().sign_message(&text);
    let respelled = text.replace("Issued At: 2026-11-22T08:00:00Z", "Issued At: 2026-11-22T08:00:00.000Z");
    assert_ne!(respelled, text);
    assert_eq!(verify(&respelled, &signature, &expected(), NOW).unwrap_err().code(), "wrong_signer");
}

#[test]
fn malformed_signatures_are_refused_by_their_own_code() {
    let text = text(fields());
    let good = key().sign_message(&text);
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let with_v = |v: &str| format!("{}{v}", &good[..130]);
    let r_and_s = |r: &str, s: &str| format!("0x{r}{s}1b");
    let cases = [
        ("signature_length", String::new()),
        ("signature_length", "0x".to_owned()),
        ("signature_length", good[..130].to_owned()),
        ("signature_length", format!("{good}00")),
        ("signature_length", good[..131].to_owned()),
        ("signature_not_hex", good.replace("0x", "0X")),
        ("signature_not_hex", format!("{}zz", &good[..130])),
        ("signature_not_hex", "é".repeat(65)),
        ("signature_recovery_byte", with_v("02")),
        ("signature_recovery_byte", with_v("1a")),
        ("signature_recovery_byte", with_v("1d")),
        ("signature_recovery_byte", with_v("25")),
        ("signature_invalid", r_and_s(&"0".repeat(64), &good[66..130])),
        ("signature_invalid", r_and_s(&good[2..66], &"0".repeat(64))),
        ("signature_invalid", r_and_s(order, &good[66..130])),
        ("signature_invalid", r_and_s(&good[2..66], order)),
        // x = 5 is on no point of the curve.
        ("signature_invalid", r_and_s(&format!("{:064x}", 5), &good[66..130])),
    ];
    for (code, signature) in cases {
        let error = verify(&text, &signature, &expected(), NOW).unwrap_err();
        assert_eq!(error.code(), code, "{signature}");
    }
}

#[test]
fn the_other_form_of_a_good_signature_is_refused() {
    // s' = n − s with the other v recovers the same key; it must not pass as a second signature.
    let text = text(fields());
    let good = key().sign_message(&text);
    let twin = format!(
        "{}{}{}",
        &good[..66],
        minus_from_order(&good[66..130]),
        if good.ends_with("1b") { "1c" } else { "1b" }
    );
    assert_eq!(verify(&text, &twin, &expected(), NOW).unwrap_err(), AuthError::SignatureHighS);
}

/// n − s over big-endian hexadecimal, by hand so that it does not share code with what it tests.
fn minus_from_order(s: &str) -> String {
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let mut borrow = 0;
    let mut result = Vec::new();
    for (a, b) in order.chars().rev().zip(s.chars().rev()) {
        let mut digit = a.to_digit(16).unwrap() as i32 - b.to_digit(16).unwrap() as i32 - borrow;
        borrow = i32::from(digit < 0);
        digit += 16 * borrow;
        result.push(char::from_digit(digit as u32, 16).unwrap());
    }
    result.iter().rev().collect()
}
