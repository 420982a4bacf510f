use proptest::prelude::*;

use super::*;

fn token(kind: OpaqueKind) -> OpaqueToken {
    OpaqueToken::new(kind, TokenId::from_random_bytes([7; 16]), [9; 32])
}

/// A change here would invalidate every issued token. The texts were computed independently, with
/// Python's hashlib and integers.
#[test]
fn the_format_never_changes() {
    assert_eq!(
        token(OpaqueKind::Refresh).expose(),
        "sector_rt_12gqZi5QYU31CGCRRQnGWhLihAohXRbTduy7b9NUGWbAFJKxS6pXWxfEAn7o8Qgg5odJTstR"
    );
    assert_eq!(
        token(OpaqueKind::BotKey).expose(),
        "sector_key_12gqZi5QYU31CGCRRQnGWhLihAohXRbTduy7b9NUGWbAFJKxS6pXWxfEAn7o8Qgg5ofBNV6w"
    );
    assert_eq!(
        token(OpaqueKind::BotKey).hash().to_string(),
        "b157f0e19cb392390df750f33fcba26908354607fde32191f0802b048e807cc4"
    );
}

#[test]
fn all_zeros_and_all_ones_fit() {
    for byte in [0, 255] {
        let token = OpaqueToken::new(
            OpaqueKind::BotKey,
            TokenId::from_random_bytes([byte; 16]),
            [byte; 32],
        );
        let text = token.expose();
        assert_eq!(text.len(), "sector_key_".len() + BODY_CHARACTERS);
        assert!(OpaqueToken::parse(OpaqueKind::BotKey, &text).unwrap().matches(&token.hash()));
    }
}

#[test]
fn only_the_same_token_matches() {
    let (kind, id) = (OpaqueKind::Refresh, TokenId::from_random_bytes([7; 16]));
    let stored = token(kind).hash();
    assert!(token(kind).matches(&stored));
    assert!(!OpaqueToken::new(kind, id, [8; 32]).matches(&stored));
    assert!(!OpaqueToken::new(kind, TokenId::from_random_bytes([6; 16]), [9; 32]).matches(&stored));
    assert!(!token(OpaqueKind::BotKey).matches(&stored));
}

#[test]
fn each_error_has_its_code_and_does_not_contain_the_token() {
    let good = token(OpaqueKind::BotKey).expose();
    let body = good.strip_prefix("sector_key_").unwrap();
    let last = good.len() - 1;
    let swapped = if good.ends_with('z') { "y" } else { "z" };
    for (code, text) in [
        ("opaque_token_kind", String::new()),
        ("opaque_token_kind", body.to_owned()),
        ("opaque_token_kind", format!(" {good}")),
        ("opaque_token_kind", format!("Sector_key_{body}")),
        ("opaque_token_kind", token(OpaqueKind::Refresh).expose()),
        ("opaque_token_length", "sector_key_".to_owned()),
        ("opaque_token_length", good[..last].to_owned()),
        ("opaque_token_length", format!("{good}1")),
        ("opaque_token_length", format!("{good}\n")),
        ("opaque_token_length", format!("sector_key_{}", "1".repeat(1 << 20))),
        ("opaque_token_characters", format!("{}0", &good[..last])),
        ("opaque_token_characters", format!("{} ", &good[..last])),
        ("opaque_token_characters", format!("{}é", &good[..last])),
        ("opaque_token_characters", format!("sector_key_{}", "é".repeat(BODY_CHARACTERS))),
        ("opaque_token_characters", format!("sector_key_{}", "é".repeat(BODY_CHARACTERS / 2))),
        ("opaque_token_checksum", format!("{}{swapped}", &good[..last])),
        ("opaque_token_checksum", format!("sector_key_{}", "1".repeat(BODY_CHARACTERS))),
        // Beyond 52 bytes.
        ("opaque_token_checksum", format!("sector_key_{}", "z".repeat(BODY_CHARACTERS))),
        // A body under the other prefix.
        (
            "opaque_token_checksum",
            token(OpaqueKind::Refresh).expose().replace("sector_rt_", "sector_key_"),
        ),
    ] {
        let error = OpaqueToken::parse(OpaqueKind::BotKey, &text).unwrap_err();
        assert_eq!(error.code(), code, "{text:.100}");
        let said = format!("{error} {error:?}");
        assert!(!said.contains(&body[..8]) && said.len() < 300, "{said}");
    }
}

#[test]
fn debug_shows_the_id_but_not_the_secret() {
    let token = token(OpaqueKind::BotKey);
    let shown = format!("{token:?}");
    assert_eq!(shown, format!("OpaqueToken(bot key {}, redacted)", token.id()));
}

proptest! {
    #[test]
    fn tokens_survive_a_round_trip(id: [u8; 16], secret: [u8; 32], is_key: bool) {
        let kind = if is_key { OpaqueKind::BotKey } else { OpaqueKind::Refresh };
        let token = OpaqueToken::new(kind, TokenId::from_random_bytes(id), secret);
        let read = OpaqueToken::parse(kind, &token.expose()).unwrap();
        prop_assert_eq!((read.kind(), read.id(), read.secret), (kind, token.id(), secret));
    }

    #[test]
    fn a_wrong_or_swapped_character_is_detected(secret: [u8; 32], place in 0..BODY_CHARACTERS, by in 1..58usize) {
        let good = OpaqueToken::new(OpaqueKind::BotKey, TokenId::from_random_bytes([1; 16]), secret).expose();
        let start = OpaqueKind::BotKey.prefix().len();
        let alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let mut wrong = good.clone().into_bytes();
        let digit = alphabet.bytes().position(|known| known == wrong[start + place]).unwrap();
        wrong[start + place] = alphabet.as_bytes()[(digit + by) % 58];
        let error = OpaqueToken::parse(OpaqueKind::BotKey, &String::from_utf8(wrong).unwrap()).unwrap_err();
        prop_assert_eq!(error.code(), "opaque_token_checksum");

        let mut swapped = good.clone().into_bytes();
        swapped.swap(start + place, start + (place + by) % BODY_CHARACTERS);
        let swapped = String::from_utf8(swapped).unwrap();
        if swapped != good {
            prop_assert!(OpaqueToken::parse(OpaqueKind::BotKey, &swapped).is_err());
        }
    }

    #[test]
    fn text_never_panics(text in "(sector_(rt|key)_)?\\PC{0,90}") {
        for kind in OpaqueKind::ALL {
            let _ = OpaqueToken::parse(kind, &text);
        }
    }
}
