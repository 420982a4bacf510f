//! Verifies a signed login message for this site, this login and the current time.
//!
//! The expected values are a struct without defaults, and `now` is an argument, so that no check
//! can be forgotten. The caller's store must make sure that a nonce is used only once.
//!
//! Server or client may write the message. Scheme, domain, URI, version, chain, nonce, address and
//! times must match. Statement, request id and resources are optional and ignored, so that no text
//! can grant more than a login.
//!
//! Only accounts with a private key can log in. Checking the signature of a contract wallet (ERC-1271, ERC-6492) needs a
//! connection to its chain; such signatures are refused as `signature_contract_wallet`.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use subtle::ConstantTimeEq;

use crate::error::shown;
use crate::key::{address_of, personal_digest};
use crate::{Address, AuthError, LoginMessage, Timestamp};

/// Largest lead of the issuing clock over the checking clock, in seconds.
pub const CLOCK_DIFFERENCE_SECONDS_MAX: u64 = 30;

/// Digits of a signature of 65 bytes.
const SIGNATURE_DIGITS: usize = 130;
/// Digits of a compact signature (EIP-2098) of 64 bytes.
const COMPACT_DIGITS: usize = 128;

/// Expected values of a login message. They come from the configuration and from a nonce that the
/// server has recognized as its own, never from request headers.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Authority of this site, compared exactly.
    pub domain: &'a str,
    /// URI of the login, compared exactly. Its scheme is the one the message may have before the
    /// domain.
    pub uri: &'a str,
    /// Nonce issued for this login.
    pub nonce: &'a str,
    /// Chain of this sector.
    pub chain_id: u64,
    /// Address logging in.
    pub address: Address,
    /// Largest age of the message, in seconds, even if it never expires.
    pub age_seconds_max: u64,
}

/// Verifies a login: format and version, domain, scheme, URI, nonce, chain, address, times and
/// signature, in this order.
///
/// `signature_hex` is the result of `personal_sign` for exactly `message_text`: 65 bytes (r, s, v), or 64
/// in the compact form of EIP-2098, in hexadecimal, with or without `0x`.
///
/// # Errors
/// The variant of [`AuthError`] of the first check that fails.
pub fn verify(
    message_text: &str,
    signature_hex: &str,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<LoginMessage, AuthError> {
    let message = LoginMessage::parse(message_text)?;
    check(&message, expected, now)?;
    let recovered = recover(message_text, signature_hex)?;
    if recovered != expected.address {
        return Err(AuthError::WrongSigner { expected: expected.address, recovered });
    }
    Ok(message)
}

/// Checks everything except the signature.
fn check(message: &LoginMessage, expected: &Expected<'_>, now: Timestamp) -> Result<(), AuthError> {
    let fields = message.fields();
    if fields.domain != expected.domain {
        return Err(AuthError::DomainMismatch {
            expected: expected.domain.to_owned(),
            found: shown(&fields.domain),
        });
    }
    let scheme = expected.uri.split_once(':').map_or("", |(scheme, _)| scheme);
    if let Some(found) = fields.scheme.as_deref().filter(|found| *found != scheme) {
        return Err(AuthError::SchemeMismatch { expected: scheme.to_owned(), found: shown(found) });
    }
    if fields.uri != expected.uri {
        return Err(AuthError::UriMismatch {
            expected: expected.uri.to_owned(),
            found: shown(&fields.uri),
        });
    }
    if !bool::from(fields.nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(AuthError::NonceMismatch);
    }
    if fields.chain_id != expected.chain_id {
        return Err(AuthError::ChainMismatch {
            expected: expected.chain_id,
            found: fields.chain_id,
        });
    }
    if fields.address != expected.address {
        return Err(AuthError::AddressMismatch {
            expected: expected.address,
            found: fields.address,
        });
    }
    if fields.issued_at > now.plus_seconds(CLOCK_DIFFERENCE_SECONDS_MAX) {
        return Err(AuthError::MessageFromFuture { issued_at: fields.issued_at });
    }
    if let Some(not_before) = fields.not_before.filter(|not_before| now < *not_before) {
        return Err(AuthError::MessageNotYetValid { not_before });
    }
    if let Some(expired_at) = fields.expiration_time.filter(|expiration| now >= *expiration) {
        return Err(AuthError::MessageExpired { expired_at });
    }
    if now > fields.issued_at.plus_seconds(expected.age_seconds_max) {
        let age_seconds_max = expected.age_seconds_max;
        return Err(AuthError::MessageTooOld { issued_at: fields.issued_at, age_seconds_max });
    }
    Ok(())
}

/// Address whose `personal_sign` signature of `text` this is.
///
/// A signature of another text yields some other address, not an error: compare the result.
///
/// # Errors
/// The `Signature…` variants of [`AuthError`]: not hexadecimal, the form of a contract wallet, neither 65
/// nor 64 bytes, a recovery byte other than 0, 1, 27 and 28, s in the upper half, or numbers that yield
/// no public key.
pub fn recover(text: &str, signature_hex: &str) -> Result<Address, AuthError> {
    let digits = signature_hex.strip_prefix("0x").unwrap_or(signature_hex);
    if signature_hex == "0x" {
        // A Safe returns nothing for a message that was approved on its chain.
        return Err(AuthError::SignatureContractWallet { bytes: 0 });
    }
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(AuthError::SignatureNotHex);
    }
    let mut bytes = [0; 65];
    let y_is_odd = match digits.len() {
        SIGNATURE_DIGITS => {
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| AuthError::SignatureNotHex)?;
            match bytes[64] {
                0 | 27 => false,
                1 | 28 => true,
                // A Safe marks the eth_sign signatures of its owners by adding 4.
                31 | 32 => return Err(AuthError::SignatureContractWallet { bytes: 65 }),
                value => return Err(AuthError::SignatureRecoveryByte { value }),
            }
        }
        COMPACT_DIGITS => {
            hex::decode_to_slice(digits, &mut bytes[..64])
                .map_err(|_| AuthError::SignatureNotHex)?;
            // EIP-2098: the highest bit of s, which is 0 in a lower s, holds the parity of y.
            let y_is_odd = bytes[32] & 0x80 != 0;
            bytes[32] &= 0x7f;
            y_is_odd
        }
        // A Safe returns a list of signatures; passkey wallets and ERC-6492 take hundreds of bytes.
        many if many > SIGNATURE_DIGITS && many % 2 == 0 => {
            return Err(AuthError::SignatureContractWallet { bytes: many / 2 });
        }
        other => return Err(AuthError::SignatureLength { bytes: other / 2 }),
    };
    let signature = Signature::from_slice(&bytes[..64]).map_err(|_| AuthError::SignatureInvalid)?;
    if signature.normalize_s() != signature {
        return Err(AuthError::SignatureHighS);
    }
    // Wallets never return the reduced-x form (v 2 and 3), and the match above rejects it.
    let recovery = RecoveryId::new(y_is_odd, false);
    let key = VerifyingKey::recover_from_prehash(&personal_digest(text), &signature, recovery)
        .map_err(|_| AuthError::SignatureInvalid)?;
    Ok(address_of(&key))
}
