//! Login messages written by viem and signed by viem and ethers: all are accepted, and no bit may
//! be flipped.

use sector_auth::{Address, AuthError, Expected, Key, LoginMessage, Timestamp, recover, verify};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    private_key: String,
    address: Address,
    message: String,
    signature: String,
    /// Code of the error, for an invalid message.
    refused: Option<String>,
    /// Expected values, as viem reads them.
    expected: Option<Site>,
}

#[derive(Deserialize)]
struct Site {
    domain: String,
    uri: String,
    chain_id: u64,
    nonce: String,
}

/// One minute after all messages were issued.
const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_334_460);

fn vectors() -> Vec<Vector> {
    serde_json::from_str::<Vectors>(include_str!("../data/login.json")).unwrap().vectors
}

impl Vector {
    fn verify(&self, message: &str, signature: &str) -> Result<LoginMessage, AuthError> {
        let site = self.expected.as_ref().unwrap();
        let expected = Expected {
            domain: &site.domain,
            uri: &site.uri,
            nonce: &site.nonce,
            chain_id: site.chain_id,
            address: self.address,
            age_seconds_max: 60,
        };
        verify(message, signature, &expected, NOW)
    }
}

#[test]
fn valid_logins_are_accepted_and_other_texts_rejected() {
    let (mut accepted, mut refused) = (0, 0);
    for vector in vectors() {
        assert_eq!(
            Key::from_hex(&vector.private_key).unwrap().sign_message(&vector.message),
            vector.signature
        );
        assert_eq!(
            recover(&vector.message, &vector.signature).unwrap(),
            vector.address,
            "{}",
            vector.name
        );
        if let Some(code) = &vector.refused {
            let error = LoginMessage::parse(&vector.message).unwrap_err();
            assert_eq!(error.code(), code, "{}", vector.name);
            refused += 1;
        } else {
            let message =
                vector.verify(&vector.message, &vector.signature).unwrap_or_else(|error| {
                    panic!("{}: {error}", vector.name);
                });
            // The nonce can be read before verification.
            assert_eq!(
                LoginMessage::parse(&vector.message).unwrap().fields().nonce,
                message.fields().nonce
            );
            accepted += 1;
        }
    }
    assert_eq!((accepted, refused), (36, 20));
}

#[test]
fn messages_are_printed_as_viem_prints_them() {
    for vector in vectors().iter().filter(|vector| vector.refused.is_none()) {
        // viem always prints milliseconds, and the label of an empty list.
        let theirs = vector.message.replace(".000Z", "Z");
        let theirs = theirs.strip_suffix("\nResources:").unwrap_or(&theirs);
        assert_eq!(
            LoginMessage::parse(&vector.message).unwrap().to_string(),
            theirs,
            "{}",
            vector.name
        );
    }
}

#[test]
fn no_bit_of_a_signature_may_be_flipped() {
    for (index, vector) in vectors().iter().filter(|vector| vector.refused.is_none()).enumerate() {
        let bytes = hex::decode(&vector.signature[2..]).unwrap();
        for bit in 0..bytes.len() * 8 {
            // All bits of one signature, and a different eighth of each other one.
            if index > 0 && bit % 8 != index % 8 {
                continue;
            }
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let signature = format!("0x{}", hex::encode(&flipped));
            assert!(
                vector.verify(&vector.message, &signature).is_err(),
                "{} bit {bit}",
                vector.name
            );
        }
    }
}

#[test]
fn no_character_of_a_message_may_be_flipped() {
    for (index, vector) in vectors().iter().filter(|vector| vector.refused.is_none()).enumerate() {
        for place in 0..vector.message.len() {
            let mut flipped = vector.message.clone().into_bytes();
            // A different bit each time, never the highest, so that the text stays UTF-8.
            flipped[place] ^= 1 << ((place + index) % 7);
            let flipped = String::from_utf8(flipped).unwrap();
            assert!(vector.verify(&flipped, &vector.signature).is_err(), "{flipped}");
        }
    }
}

#[test]
fn no_signature_is_valid_for_another_message() {
    let vectors = vectors();
    let accepted: Vec<&Vector> = vectors.iter().filter(|vector| vector.refused.is_none()).collect();
    for one in &accepted {
        for other in accepted.iter().filter(|other| other.signature != one.signature) {
            assert!(
                one.verify(&one.message, &other.signature).is_err(),
                "{} and {}",
                one.name,
                other.name
            );
        }
    }
}
