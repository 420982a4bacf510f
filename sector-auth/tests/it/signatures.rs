//! Signatures, against vectors of two other implementations, and every reason to reject a login.

use proptest::prelude::*;
use sector_auth::{
    Address, AuthError, Expected, Key, LoginFields, LoginMessage, Timestamp, recover, verify,
};
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
    let parsed: Vectors = serde_json::from_str(include_str!("../data/eip191.json")).unwrap();
    assert!(parsed.vectors.len() >= 28);
    parsed.vectors
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_334_460);
const DOMAIN: &str = "localhost:9000";
const URI: &str = "http://localhost:9000";
const NONCE: &str = "a1b2c3d4e5f6";

fn key() -> Key {
    Key::from_random_bytes([7; 32]).unwrap()
}

fn fields() -> LoginFields {
    let issued_at = Timestamp::from_unix_seconds(1_795_334_400);
    LoginFields {
        statement: Some("Sign in to Sector.".to_owned()),
        expiration_time: Some(issued_at.plus_seconds(300)),
        ..LoginFields::new(DOMAIN, key().address(), URI, 1, NONCE, issued_at)
    }
}

fn before(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(NOW.unix_seconds() - seconds)
}

fn text(fields: LoginFields) -> String {
    LoginMessage::new(fields).unwrap().to_string()
}

fn expected() -> Expected<'static> {
    Expected {
        domain: DOMAIN,
        uri: URI,
        nonce: NONCE,
        chain_id: 1,
        address: key().address(),
        age_seconds_max: 600,
    }
}

/// Signs the fields with the right key and verifies them at `now`.
fn login(fields: LoginFields, now: Timestamp) -> Result<LoginMessage, AuthError> {
    let text = text(fields);
    verify(&text, &key().sign_message(&text), &expected(), now)
}

#[test]
fn signatures_match_those_of_viem_and_ethers() {
    for vector in vectors() {
        let key = Key::from_hex(&vector.private_key).unwrap();
        assert_eq!(key.address(), vector.address);
        assert_eq!(key.sign_message(&vector.message), vector.signature);
        assert_eq!(recover(&vector.message, &vector.signature).unwrap(), vector.address);
    }
}

#[test]
fn a_login_message_written_by_viem_verifies() {
    let vector = vectors()
        .into_iter()
        .find(|vector| vector.message.contains(&vector.address.to_string()))
        .unwrap();
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
fn a_valid_login_is_accepted_until_it_expires() {
    login(fields(), NOW).unwrap();
    let expires = fields().expiration_time.unwrap();
    login(fields(), Timestamp::from_unix_ms(expires.unix_ms() - 1)).unwrap();
    assert_eq!(login(fields(), expires), Err(AuthError::MessageExpired { expired_at: expires }));
}

#[test]
fn each_mismatch_has_its_own_code() {
    let other = Key::from_random_bytes([8; 32]).unwrap().address();
    let future = NOW.plus_seconds(31);
    let cases = [
        ("domain_mismatch", LoginFields { domain: "evil.example".to_owned(), ..fields() }),
        ("domain_mismatch", LoginFields { domain: "localhost".to_owned(), ..fields() }),
        (
            "domain_mismatch",
            LoginFields { domain: "localhost:9000.evil.example".to_owned(), ..fields() },
        ),
        (
            "domain_mismatch",
            LoginFields { domain: "localhost:9000@evil.example".to_owned(), ..fields() },
        ),
        ("domain_mismatch", LoginFields { domain: "LOCALHOST:9000".to_owned(), ..fields() }),
        ("scheme_mismatch", LoginFields { scheme: Some("https".to_owned()), ..fields() }),
        ("scheme_mismatch", LoginFields { scheme: Some("HTTP".to_owned()), ..fields() }),
        ("uri_mismatch", LoginFields { uri: "http://localhost:9000/".to_owned(), ..fields() }),
        ("uri_mismatch", LoginFields { uri: "https://localhost:9000".to_owned(), ..fields() }),
        ("uri_mismatch", LoginFields { uri: "http://localhost:9000/other".to_owned(), ..fields() }),
        ("nonce_mismatch", LoginFields { nonce: "a1b2c3d4e5f7".to_owned(), ..fields() }),
        ("nonce_mismatch", LoginFields { nonce: "A1b2c3d4e5f6".to_owned(), ..fields() }),
        ("nonce_mismatch", LoginFields { nonce: "a1b2c3d4e5f".to_owned(), ..fields() }),
        ("nonce_mismatch", LoginFields { nonce: "a1b2c3d4e5f60".to_owned(), ..fields() }),
        ("chain_mismatch", LoginFields { chain_id: 5, ..fields() }),
        ("chain_mismatch", LoginFields { chain_id: 0, ..fields() }),
        ("address_mismatch", LoginFields { address: other, ..fields() }),
        ("message_from_future", LoginFields { issued_at: future, ..fields() }),
        (
            "message_not_yet_valid",
            LoginFields { not_before: Some(NOW.plus_seconds(1)), ..fields() },
        ),
        ("message_expired", LoginFields { expiration_time: Some(NOW), ..fields() }),
        ("message_too_old", LoginFields { issued_at: before(601), ..fields() }),
        (
            "message_too_old",
            LoginFields { issued_at: before(601), expiration_time: None, ..fields() },
        ),
        // Never valid, because it expires before it becomes valid.
        (
            "message_not_yet_valid",
            LoginFields {
                not_before: Some(NOW.plus_seconds(2)),
                expiration_time: Some(NOW.plus_seconds(1)),
                ..fields()
            },
        ),
    ];
    for (code, fields) in cases {
        assert_eq!(login(fields, NOW).unwrap_err().code(), code);
    }
    login(LoginFields { issued_at: NOW.plus_seconds(30), not_before: Some(NOW), ..fields() }, NOW)
        .unwrap();
    login(LoginFields { issued_at: before(600), expiration_time: None, ..fields() }, NOW).unwrap();
}

#[test]
fn fields_without_effect_may_have_any_value() {
    for fields in [
        LoginFields { statement: None, expiration_time: None, ..fields() },
        LoginFields { statement: Some("Make me an admin.".to_owned()), ..fields() },
        LoginFields {
            request_id: Some(String::new()),
            scheme: Some("http".to_owned()),
            ..fields()
        },
        LoginFields {
            request_id: Some("r-1".to_owned()),
            resources: vec!["urn:recap:admin".to_owned(); 16],
            ..fields()
        },
    ] {
        login(fields, NOW).unwrap();
    }
}

/// The format is checked first, so that no other part of an invalid message is evaluated.
#[test]
fn the_format_is_checked_before_anything_else() {
    let good = text(fields());
    for (code, text) in [
        ("message_extra_line", format!("{good}\nSend all my money.")),
        ("message_extra_line", good.replace("Sector.\n", "Sector.\nSend all my money.\n")),
        ("message_version", good.replace("Version: 1", "Version: 2")),
        ("message_malformed", good.replace("Nonce: a1b2c3d4e5f6\n", "")),
        (
            "message_malformed",
            good.replace("Nonce: a1b2c3d4e5f6", "Nonce: a1b2c3d4e5f6\nNonce: b1b2c3d4e5f6"),
        ),
        ("message_malformed", good.replace('\n', "\r\n")),
        ("message_malformed", good.replace("Sign in", "Melde dich an —")),
        ("message_malformed", format!("\u{feff}{good}")),
        ("message_malformed", String::new()),
        (
            "address_checksum",
            good.replace(&key().address().to_checksum(), &key().address().to_lower_hex()),
        ),
    ] {
        assert_ne!(text, good);
        let error = verify(&text, &key().sign_message(&text), &expected(), NOW).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
    }
}

#[test]
fn other_signers_and_changed_texts_are_rejected() {
    let text = text(fields());
    let stranger = Key::from_random_bytes([8; 32]).unwrap();
    assert_eq!(
        verify(&text, &stranger.sign_message(&text), &expected(), NOW).unwrap_err(),
        AuthError::WrongSigner { expected: key().address(), recovered: stranger.address() },
    );
    // The same fields with another spelling: only the signed text counts.
    let signature = key().sign_message(&text);
    let respelled =
        text.replace("Issued At: 2026-11-22T08:00:00Z", "Issued At: 2026-11-22T08:00:00.000Z");
    assert_ne!(respelled, text);
    assert_eq!(
        verify(&respelled, &signature, &expected(), NOW).unwrap_err().code(),
        "wrong_signer"
    );
}

#[test]
fn each_malformed_signature_has_its_code() {
    let text = text(fields());
    let good = key().sign_message(&text);
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let with_v = |v: &str| format!("{}{v}", &good[..130]);
    let r_and_s = |r: &str, s: &str| format!("0x{r}{s}1b");
    let cases = [
        ("signature_length", String::new()),
        ("signature_length", good[..128].to_owned()),
        ("signature_contract_wallet", "0x".to_owned()),
        ("signature_contract_wallet", format!("{good}00")),
        ("signature_contract_wallet", format!("{good}{}", &good[2..])),
        ("signature_contract_wallet", format!("0x{}{}", "00".repeat(1_500), "6492".repeat(16))),
        ("signature_contract_wallet", with_v("1f")),
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
        // No point of the curve has x = 5.
        ("signature_invalid", r_and_s(&format!("{:064x}", 5), &good[66..130])),
    ];
    for (code, signature) in cases {
        let error = verify(&text, &signature, &expected(), NOW).unwrap_err();
        assert_eq!(error.code(), code, "{signature}");
    }
}

/// The vectors of EIP-2098, and the compact form of a signature of our own.
#[test]
fn compact_signatures_are_accepted() {
    let key =
        Key::from_hex("1234567890123456789012345678901234567890123456789012345678901234").unwrap();
    for (text, compact) in [
        (
            "Hello World",
            "0x68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b907e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064",
        ),
        (
            "It's a small(er) world",
            "0x9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793",
        ),
    ] {
        assert_eq!(recover(text, compact).unwrap(), key.address(), "{text}");
    }
    let text = text(fields());
    let mut bytes = hex::decode(&self::key().sign_message(&text)[2..]).unwrap();
    let v = bytes.pop().unwrap();
    bytes[32] |= (v - 27) << 7;
    verify(&text, &hex::encode(&bytes), &expected(), NOW).unwrap();
    bytes[32] ^= 0x80;
    let other = verify(&text, &hex::encode(&bytes), &expected(), NOW).unwrap_err();
    assert_eq!(other.code(), "wrong_signer");
}

#[test]
fn the_second_form_of_a_valid_signature_is_rejected() {
    // s' = n − s with the other v yields the same key, but must not be a second valid signature.
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

proptest! {
    /// The signature and the format are valid; only the text differs.
    #[test]
    fn no_changed_message_verifies(place in any::<prop::sample::Index>(), by in "[\\n -~é]{0,3}", removed in 0..4usize) {
        let good = text(fields());
        let signature = key().sign_message(&good);
        let start = place.index(good.len());
        let mut changed = good.clone();
        changed.replace_range(start..(start + removed).min(good.len()), &by);
        prop_assert_eq!(verify(&changed, &signature, &expected(), NOW).is_ok(), changed == good);
    }

    /// Changes one field to another valid value, with the signature of the original fields.
    #[test]
    fn no_changed_field_verifies(which in 0..10usize, number in 1..1_000u64, word in "[a-z]{9,20}") {
        let before = fields();
        let signature = key().sign_message(&text(fields()));
        let mut fields = fields();
        match which {
            0 => fields.domain = word,
            1 => fields.scheme = Some("http".to_owned()),
            2 => fields.statement = Some(word),
            3 => fields.statement = None,
            4 => fields.uri = format!("http://localhost:9000/{word}"),
            5 => fields.chain_id += number,
            6 => fields.nonce = word,
            7 => fields.issued_at = Timestamp::from_unix_ms(fields.issued_at.unix_ms() - number),
            8 => fields.expiration_time = fields.expiration_time.map(|time| time.plus_seconds(number)),
            _ => fields.resources.push(format!("urn:{word}")),
        }
        prop_assert_ne!(&fields, &before);
        prop_assert!(verify(&text(fields), &signature, &expected(), NOW).is_err());
    }
}

/// n − s in big-endian hexadecimal, without the library under test.
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
