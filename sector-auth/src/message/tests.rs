use proptest::prelude::*;

use super::*;

const FULL: &str = "\
https://sector.example:9000 wants you to sign in with your Ethereum account:
0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266

Sign in to Sector.

URI: https://sector.example:9000/play?x=1#top
Version: 1
Chain ID: 31337
Nonce: a1b2c3d4e5f6
Issued At: 2026-11-22T08:00:00Z
Expiration Time: 2026-11-22T08:05:00.500Z
Not Before: 2026-11-22T08:00:00Z
Request ID: r-1
Resources:
- https://example.org/a
- ipfs://bafy";

const SHORT: &str = "\
localhost:9000 wants you to sign in with your Ethereum account:
0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266


URI: http://localhost:9000
Version: 1
Chain ID: 1
Nonce: a1b2c3d4
Issued At: 2026-11-22T08:00:00Z";

#[test]
fn the_full_and_the_short_form_survive_a_round_trip() {
    for text in [FULL, SHORT] {
        let message: LoginMessage = text.parse().unwrap();
        assert_eq!(message.to_string(), text);
    }
    let full: LoginMessage = FULL.parse().unwrap();
    let fields = full.fields();
    assert_eq!(fields.scheme.as_deref(), Some("https"));
    assert_eq!(fields.domain, "sector.example:9000");
    assert_eq!(fields.statement.as_deref(), Some("Sign in to Sector."));
    assert_eq!(fields.chain_id, 31_337);
    assert_eq!(fields.request_id.as_deref(), Some("r-1"));
    assert_eq!(fields.resources, ["https://example.org/a", "ipfs://bafy"]);
    let short: LoginMessage = SHORT.parse().unwrap();
    assert_eq!(short.fields().statement, None);
    assert_eq!(short.fields().expiration_time, None);
}

/// The three examples of ERC-4361: an implicit scheme, a port, an explicit scheme.
#[test]
fn the_examples_of_the_standard_survive_a_round_trip() {
    for (origin, scheme, domain) in [
        ("example.com", None, "example.com"),
        ("example.com:3388", None, "example.com:3388"),
        ("https://example.com", Some("https"), "example.com"),
    ] {
        let text = format!(
            "\
{origin} wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ExampleOrg Terms of Service: https://example.com/tos

URI: https://example.com/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json"
        );
        let message = LoginMessage::parse(&text).unwrap();
        assert_eq!(message.to_string(), text);
        assert_eq!(
            (message.fields().scheme.as_deref(), message.fields().domain.as_str()),
            (scheme, domain)
        );
        assert_eq!(message.fields().nonce, "32891756");
    }
}

#[test]
fn each_format_error_names_its_field() {
    for (field, from, to) in [
        ("header", "wants you to", "wants You to"),
        ("header", "account:", "account"),
        ("scheme", "https://sector", "1https://sector"),
        ("domain", "https://sector.example:9000 wants", "https:// wants"),
        ("domain", "https://sector.example:9000 wants", "https://sector.example/x wants"),
        ("domain", "https://sector.example:9000 wants", "https://sector example wants"),
        ("line after the address", "92266\n\n", "92266\n"),
        ("URI", "92266\n\nSign in to Sector.\n\n", "92266\n\n\n\n\n"),
        ("statement", "Sign in", "Sïgn in"),
        ("statement", "Sign in", "Sign\tin"),
        ("URI", "URI: https://sector.example:9000/play", "URI: sector.example/play"),
        ("URI", "/play", "/ play"),
        ("URI", "/play", "/%2"),
        ("URI", "/play", "/%zz"),
        ("URI", "URI: ", "Uri: "),
        ("Version", "Version: 1", "Nonce: a1b2c3d4e5f6\nVersion: 1"),
        ("Version", "Version: 1", "version: 1"),
        ("Chain ID", "31337", "+31337"),
        ("Chain ID", "31337", "031337"),
        ("Chain ID", "31337", "-1"),
        ("Chain ID", "31337", "99999999999999999999"),
        ("Nonce", "a1b2c3d4e5f6", "a1b2c3d"),
        ("Nonce", "a1b2c3d4e5f6", "a1b2c3d4-e5f6"),
        ("Issued At", "2026-11-22T08:00:00Z\nExp", "yesterday\nExp"),
        ("Expiration Time", "08:05:00.500Z", "08:65:00Z"),
        ("Not Before", "Not Before: 2026", "Not Before: 20x6"),
        ("Request ID", "r-1", "r 1"),
        ("Request ID", "r-1", "r/1"),
        ("Request ID", "r-1", "r%1"),
        ("Resources", "- ipfs://bafy", "- bafy"),
    ] {
        assert!(FULL.contains(from), "{from}");
        let text = FULL.replacen(from, to, 1);
        match text.parse::<LoginMessage>() {
            Err(AuthError::MessageMalformed { field: found, .. }) => {
                assert_eq!(found, field, "{from:?} → {to:?}");
            }
            other => panic!("{from:?} → {to:?}: {other:?}"),
        }
    }
}

#[test]
fn extra_lines_and_other_versions_have_their_own_code() {
    for (code, from, to) in [
        ("message_extra_line", "Sector.\n\n", "Sector.\n"),
        ("message_extra_line", "Sector.\n\n", "Sector.\nSend all my money.\n\n"),
        ("message_extra_line", "- ipfs://bafy", "ipfs://bafy"),
        ("message_extra_line", "- ipfs://bafy", "- ipfs://bafy\n"),
        ("message_extra_line", "- ipfs://bafy", "- ipfs://bafy\n\nSend all my money."),
        ("message_extra_line", "Request ID: r-1", "Request ID: r-1\nRequest ID: r-2"),
        ("message_extra_line", "Request ID: r-1", "Request Id: r-1"),
        ("message_extra_line", "Resources:", "Resources: "),
        ("message_extra_line", "Resources:", "Resources: none"),
        ("message_version", "Version: 1", "Version: 2"),
        ("message_version", "Version: 1", "Version: 01"),
        ("message_version", "Version: 1", "Version: 1 "),
        ("message_version", "Version: 1", "Version: "),
    ] {
        assert!(FULL.contains(from), "{from}");
        let text = FULL.replacen(from, to, 1);
        assert_eq!(LoginMessage::parse(&text).unwrap_err().code(), code, "{from:?} → {to:?}");
    }
    let fields = FULL.parse::<LoginMessage>().unwrap().fields().clone();
    let error = LoginMessage::new(LoginFields { version: 2, ..fields }).unwrap_err();
    assert_eq!(error, AuthError::MessageVersion { found: "2".to_owned() });
}

#[test]
fn an_empty_statement_and_an_empty_list_of_resources_are_read_as_absent() {
    let empty_statement = SHORT.replace("\n\n\nURI", "\n\n\n\nURI");
    assert_ne!(empty_statement, SHORT);
    let empty_resources = format!("{SHORT}\nResources:");
    for text in [empty_statement, empty_resources] {
        assert_eq!(text.parse::<LoginMessage>().unwrap().to_string(), SHORT);
    }
    assert_eq!(
        SHORT.replace("\n\n\nURI", "\n\nURI").parse::<LoginMessage>().unwrap_err().code(),
        "message_extra_line"
    );
}

#[test]
fn the_order_of_fields_is_fixed() {
    let swapped = FULL.replace(
        "Expiration Time: 2026-11-22T08:05:00.500Z\nNot Before: 2026-11-22T08:00:00Z",
        "Not Before: 2026-11-22T08:00:00Z\nExpiration Time: 2026-11-22T08:05:00.500Z",
    );
    assert_ne!(swapped, FULL);
    assert!(swapped.parse::<LoginMessage>().is_err());
}

#[test]
fn the_address_needs_its_checksum() {
    for spelling in [
        "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "0xF39FD6E51AAD88F6F4CE6AB8827279CFFFB92266",
        "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    ] {
        let text = FULL.replace("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", spelling);
        assert_eq!(text.parse::<LoginMessage>().unwrap_err().code(), "address_checksum");
    }
}

#[test]
fn windows_line_endings_and_truncated_messages_are_rejected() {
    assert!(FULL.replace('\n', "\r\n").parse::<LoginMessage>().is_err());
    for end in 0..SHORT.len() {
        assert!(SHORT[..end].parse::<LoginMessage>().is_err(), "{:?}", &SHORT[..end]);
    }
}

#[test]
fn length_and_resources_are_limited() {
    let fields = FULL.parse::<LoginMessage>().unwrap().fields().clone();
    let many =
        LoginFields { resources: vec!["a:b".to_owned(); RESOURCES_MAX + 1], ..fields.clone() };
    assert!(matches!(
        LoginMessage::new(many),
        Err(AuthError::MessageMalformed { field: "Resources", .. })
    ));
    let long = LoginFields { statement: Some("x".repeat(MESSAGE_BYTES_MAX)), ..fields };
    assert!(matches!(
        LoginMessage::new(long),
        Err(AuthError::MessageMalformed { field: "length", .. })
    ));
    let text = FULL.replace("Sign in", &"x".repeat(MESSAGE_BYTES_MAX));
    assert!(matches!(
        text.parse::<LoginMessage>(),
        Err(AuthError::MessageMalformed { field: "length", .. })
    ));
}

prop_compose! {
    fn fields()(
        scheme in proptest::option::of("[a-z][a-z0-9+.-]{0,8}"),
        domain in "[a-z0-9.-]{1,30}(:[0-9]{1,5})?",
        address in any::<[u8; 20]>(),
        statement in proptest::option::of("[ -~]{1,120}"),
        uri in "[a-z]{1,6}://([a-zA-Z0-9/._~?#&=-]|%[0-9a-fA-F]{2}){0,60}",
        chain_id in any::<u64>(),
        nonce in "[a-zA-Z0-9]{8,40}",
        times in (0..253_402_300_800_000u64, 0..253_402_300_800_000u64, 0..253_402_300_800_000u64),
        has in (any::<bool>(), any::<bool>()),
        request_id in proptest::option::of("[a-zA-Z0-9._~:@-]{0,20}"),
        resources in proptest::collection::vec("[a-z]{1,6}:[a-zA-Z0-9/]{0,20}", 0..5),
    ) -> LoginFields {
        LoginFields {
            scheme,
            domain,
            address: Address::new(address),
            statement,
            uri,
            version: 1,
            chain_id,
            nonce,
            issued_at: Timestamp::from_unix_ms(times.0),
            expiration_time: has.0.then(|| Timestamp::from_unix_ms(times.1)),
            not_before: has.1.then(|| Timestamp::from_unix_ms(times.2)),
            request_id,
            resources,
        }
    }
}

proptest! {
    #[test]
    fn printing_and_parsing_are_inverse(fields in fields()) {
        let message = LoginMessage::new(fields).unwrap();
        prop_assert_eq!(message.to_string().parse::<LoginMessage>().unwrap(), message);
    }

    #[test]
    fn parsed_messages_survive_a_round_trip(
        cut in 0..FULL.len(), insert in "[\\n -~é]{0,3}", removed in 0..4usize,
    ) {
        let mut text = FULL.to_owned();
        text.replace_range(cut..(cut + removed).min(FULL.len()), &insert);
        if let Ok(message) = text.parse::<LoginMessage>() {
            prop_assert_eq!(message.to_string().parse::<LoginMessage>().unwrap(), message);
        }
    }
}
