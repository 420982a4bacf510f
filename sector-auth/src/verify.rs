//! Whether a signed login message is good, for this site, this login and now.
//!
//! What the message must agree with is a struct without defaults, and `now` an argument: none of
//! the checks can be forgotten. That a nonce is used only once is the caller's store to promise.
//!
//! A message may have been written by the server or by the client. Bound are scheme, domain, URI,
//! version, chain, nonce, address and times. Statement, request id and resources may be anything that
//! the form allows, or be missing: they have no effect here, so that no text can buy more than a login.
//!
//! Only accounts that sign with a key of their own are known. Contract accounts (ERC-1271) would take a
//! connection to their chain; their longer signatures are refused as `signature_length`.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use subtle::ConstantTimeEq;

use crate::error::shown;
use crate::key::{address_of, personal_digest};
use crate::{Address, AuthError, LoginMessage, Timestamp};

/// How far the issuing clock may run ahead of the checking one, in seconds.
pub const CLOCK_DIFFERENCE_SECONDS_MAX: u64 = 30;

/// What the message must agree with. All of it comes from the configuration and from what was
/// remembered when the nonce was handed out, none from the request or its headers.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The authority of this site, letter for letter.
    pub domain: &'a str,
    /// What is signed in to, letter for letter. Its scheme is the one that the message may put
    /// before the domain.
    pub uri: &'a str,
    /// The nonce that was handed out for this login.
    pub nonce: &'a str,
    /// The chain this sector is bound to.
    pub chain_id: u64,
    /// Who is logging in.
    pub address: Address,
    /// How long ago the message may have been issued, in seconds, also if it never expires.
    pub age_seconds_max: u64,
}

/// Checks a login: form and version, domain, scheme, URI, nonce, chain, address, times and signature, in
/// this order.
///
/// `signature_hex` is what `personal_sign` returned for exactly `message_text`: r, s and v in 65
/// bytes, with or without `0x`.
///
/// # Errors
/// One variant of [`AuthError`] for each thing that can be wrong.
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

/// Checks everything but the signature.
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

/// Whose `personal_sign` signature of `text` this is.
///
/// A valid signature of another text leads to some other address, not to an error: compare.
///
/// # Errors
/// The `Signature…` variants of [`AuthError`]: not hexadecimal, not 65 bytes, a recovery byte other
/// than 0, 1, 27 and 28, s in the upper half, or numbers that lead to no public key.
pub fn recover(text: &str, signature_hex: &str) -> Result<Address, AuthError> {
    let digits = signature_hex.strip_prefix("0x").unwrap_or(signature_hex);
    if digits.len() != 130 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(AuthError::SignatureLength { bytes: digits.len() / 2 });
    }
    let mut bytes = [0; 65];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| AuthError::SignatureNotHex)?;
    let y_is_odd = match bytes[64] {
        0 | 27 => false,
        1 | 28 => true,
        value => return Err(AuthError::SignatureRecoveryByte { value }),
    };
    let signature = Signature::from_slice(&bytes[..64]).map_err(|_| AuthError::SignatureInvalid)?;
    if signature.normalize_s() != signature {
        return Err(AuthError::SignatureHighS);
    }
    // The reduced-x form (v 2 and 3) cannot come out of a wallet and is not accepted above.
    let recovery = RecoveryId::new(y_is_odd, false);
    let key = VerifyingKey::recover_from_prehash(&personal_digest(text), &signature, recovery)
        .map_err(|_| AuthError::SignatureInvalid)?;
    Ok(address_of(&key))
}
