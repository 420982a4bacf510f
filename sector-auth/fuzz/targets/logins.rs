//! Login messages, optionally followed by a line with a signature. No input panics; parsed messages
//! survive a round trip; and a message with the expected values is accepted only with a signature
//! of exactly its text.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sector_auth::{Address, Expected, Key, LoginMessage, Timestamp, recover, verify};

static KEY: LazyLock<Key> = LazyLock::new(|| Key::from_random_bytes([7; 32]).unwrap());
/// A valid signature of the empty text.
static SIGNATURE: LazyLock<String> = LazyLock::new(|| KEY.sign_message(""));

fuzz_target!(|input: &str| {
    let (text, signature) = match input.rsplit_once("\n0x") {
        Some((text, signature)) => {
            let _ = recover(text, signature);
            (text, signature)
        }
        None => (input, SIGNATURE.as_str()),
    };
    let _ = text.parse::<Address>().map(|address| assert_eq!(address.to_string().parse(), Ok(address)));
    let _ = text.parse::<Timestamp>().map(|time| assert_eq!(time.to_string().parse(), Ok(time)));

    let message = match LoginMessage::parse(text) {
        Ok(message) => message,
        Err(error) => {
            // Errors are bounded and have a code.
            assert!(error.to_string().len() < 1_000 && !error.code().is_empty());
            return;
        }
    };
    assert_eq!(LoginMessage::parse(&message.to_string()).as_ref(), Ok(&message));
    let fields = message.fields();
    let expected = Expected {
        domain: &fields.domain,
        uri: &fields.uri,
        nonce: &fields.nonce,
        chain_id: fields.chain_id,
        address: fields.address,
        age_seconds_max: u64::MAX,
    };
    if verify(text, signature, &expected, fields.issued_at).is_ok() {
        assert_eq!(recover(text, signature), Ok(fields.address));
        // The fuzzer cannot sign, so no other address can be the signer.
        assert_ne!(signature, SIGNATURE.as_str());
    }
});
