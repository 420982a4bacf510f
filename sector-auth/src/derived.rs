//! Values that a server recognizes without having stored them: login nonces, operator codes and
//! refresh tokens.
//!
//! Each carries an HMAC under a key derived from a signing secret, so every process with the same
//! secret accepts the values of the others, and nobody else can make one. Requesting any number of
//! them takes no room. A server that accepts a [ticket](DerivedKeys::ticket) once only has to store
//! the used ones until they expire.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::opaque::{OpaqueKind, OpaqueToken};
use crate::secret::lower_hex;
use crate::token::SECRET_BYTES_MIN;
use crate::verify::CLOCK_DIFFERENCE_SECONDS_MAX;
use crate::{AuthError, Timestamp, TokenId};

/// Bytes of the time in a ticket: milliseconds since 1970, up to the year 10889.
const TIME_BYTES: usize = 6;
/// Random bytes in a ticket.
pub const TICKET_RANDOM_BYTES: usize = 10;
/// Bytes of the HMAC in a ticket.
const MAC_BYTES: usize = 16;
const TICKET_BYTES: usize = TIME_BYTES + TICKET_RANDOM_BYTES + MAC_BYTES;
/// Bytes of the generation in the secret of a refresh token.
const GENERATION_BYTES: usize = 4;

/// Use of a ticket. A ticket for one use is invalid for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Nonce of a login message; its subject is the address.
    Login,
    /// One-time code of the operator.
    Operator,
}

impl Purpose {
    /// All uses.
    pub const ALL: [Self; 2] = [Self::Login, Self::Operator];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::Login => b"login nonce\0",
            Self::Operator => b"operator code\0",
        }
    }
}

/// Keys derived from a signing secret and its predecessors. `Debug` shows their number.
///
/// ```
/// use sector_auth::{DerivedKeys, Purpose, Timestamp};
///
/// # fn main() -> Result<(), sector_auth::AuthError> {
/// let now = Timestamp::from_unix_seconds(1_795_334_400);
/// let keys = DerivedKeys::new(&[9; 32], [])?;
/// let nonce = keys.ticket(Purpose::Login, b"subject", now, [7; 10]);
/// let later = now.plus_seconds(60);
/// assert!(keys.check_ticket(Purpose::Login, b"subject", &nonce, 300, later).is_some());
/// assert!(keys.check_ticket(Purpose::Login, b"another", &nonce, 300, later).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DerivedKeys {
    /// The current key first.
    keys: Vec<Hmac<Sha256>>,
}

impl DerivedKeys {
    /// Keys derived from `secret`, which makes new values, and from `previous` ones, whose values
    /// stay valid.
    ///
    /// # Errors
    /// [`AuthError::TokenKeyTooShort`] for a secret of fewer than 32 bytes.
    pub fn new<'a>(
        secret: &'a [u8],
        previous: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, AuthError> {
        let keys = [secret].into_iter().chain(previous).map(derive).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// Issues a ticket: 64 lower-case hexadecimal digits. `random` must come from a cryptographic
    /// random source.
    #[must_use]
    pub fn ticket(
        &self,
        purpose: Purpose,
        subject: &[u8],
        now: Timestamp,
        random: [u8; TICKET_RANDOM_BYTES],
    ) -> String {
        let mut ticket = Vec::with_capacity(TICKET_BYTES);
        ticket.extend_from_slice(&now.unix_ms().to_be_bytes()[8 - TIME_BYTES..]);
        ticket.extend_from_slice(&random);
        if let Some(key) = self.keys.first() {
            let mac = ticket_mac(key, purpose, subject, &ticket).finalize().into_bytes();
            ticket.extend_from_slice(&mac[..MAC_BYTES]);
        }
        hex::encode(ticket)
    }

    /// Checks a ticket. Returns the time until which a used one must be remembered, or `None` if the
    /// ticket is forged, for another purpose or subject, older than `life_seconds`, or from the
    /// future.
    #[must_use]
    pub fn check_ticket(
        &self,
        purpose: Purpose,
        subject: &[u8],
        ticket: &str,
        life_seconds: u64,
        now: Timestamp,
    ) -> Option<Timestamp> {
        // One spelling per ticket: another spelling of a used one would count as unused.
        let bytes: [u8; TICKET_BYTES] = lower_hex(ticket)?;
        let (signed, mac) = bytes.split_at(TICKET_BYTES - MAC_BYTES);
        let is_genuine = self.keys.iter().any(|key| {
            ticket_mac(key, purpose, subject, signed).verify_truncated_left(mac).is_ok()
        });
        let mut time = [0; 8];
        time[8 - TIME_BYTES..].copy_from_slice(&bytes[..TIME_BYTES]);
        let issued_at = Timestamp::from_unix_ms(u64::from_be_bytes(time));
        let expires_at = issued_at.plus_seconds(life_seconds);
        let is_current =
            issued_at <= now.plus_seconds(CLOCK_DIFFERENCE_SECONDS_MAX) && now < expires_at;
        // The clock of another server may be behind.
        (is_genuine && is_current).then(|| expires_at.plus_seconds(CLOCK_DIFFERENCE_SECONDS_MAX))
    }

    /// A pseudonym for a value that must not be stored, such as a client's network: 32 hexadecimal
    /// digits, the same for the same value until the secret changes.
    #[must_use]
    pub fn pseudonym(&self, value: &str) -> String {
        let mac = self.keys.first().map(|key| {
            key.clone().chain_update(b"pseudonym\0").chain_update(value).finalize().into_bytes()
        });
        mac.map(|mac| hex::encode(&mac[..16])).unwrap_or_default()
    }

    /// The refresh token of this generation of a session, under the current key.
    #[must_use]
    pub fn refresh_token(&self, session: TokenId, generation: u32) -> OpaqueToken {
        let mut secret = [0; 32];
        secret[..GENERATION_BYTES].copy_from_slice(&generation.to_be_bytes());
        if let Some(key) = self.keys.first() {
            secret[GENERATION_BYTES..].copy_from_slice(&refresh_mac(key, session, generation));
        }
        OpaqueToken::new(OpaqueKind::Refresh, session, secret)
    }

    /// The refresh token of this generation of a session, under each key.
    pub fn refresh_tokens(
        &self,
        session: TokenId,
        generation: u32,
    ) -> impl Iterator<Item = OpaqueToken> + '_ {
        self.keys
            .iter()
            .map(move |key| Self { keys: vec![key.clone()] }.refresh_token(session, generation))
    }

    /// Generation of a refresh token, or `None` if none of the keys made it.
    #[must_use]
    pub fn generation(&self, token: &OpaqueToken) -> Option<u32> {
        let mut generation = [0; GENERATION_BYTES];
        generation.copy_from_slice(&token.secret()[..GENERATION_BYTES]);
        let generation = u32::from_be_bytes(generation);
        self.refresh_tokens(token.id(), generation)
            .any(|genuine| token.matches(&genuine.hash()))
            .then_some(generation)
    }
}

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DerivedKeys({}, redacted)", self.keys.len())
    }
}

/// A key of its own for everything here, so that no value can pass for the signature of a token.
fn derive(secret: &[u8]) -> Result<Hmac<Sha256>, AuthError> {
    let too_short = AuthError::TokenKeyTooShort { bytes: secret.len() };
    if secret.len() < SECRET_BYTES_MIN {
        return Err(too_short);
    }
    let parent = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| too_short.clone())?;
    let key = parent.chain_update(b"sector derived key, version 1\0").finalize().into_bytes();
    Hmac::new_from_slice(&key).map_err(|_| too_short)
}

fn ticket_mac(key: &Hmac<Sha256>, purpose: Purpose, subject: &[u8], ticket: &[u8]) -> Hmac<Sha256> {
    // The parts before the subject have fixed lengths.
    key.clone().chain_update(purpose.label()).chain_update(ticket).chain_update(subject)
}

fn refresh_mac(
    key: &Hmac<Sha256>,
    session: TokenId,
    generation: u32,
) -> [u8; 32 - GENERATION_BYTES] {
    let mac = key
        .clone()
        .chain_update(b"refresh token\0")
        .chain_update(session.as_bytes())
        .chain_update(generation.to_be_bytes())
        .finalize()
        .into_bytes();
    let mut bytes = [0; 32 - GENERATION_BYTES];
    bytes.copy_from_slice(&mac[..32 - GENERATION_BYTES]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = &[1; 32];
    const NEW: &[u8] = &[2; 32];

    fn now() -> Timestamp {
        Timestamp::from_unix_ms(1_795_334_400_123)
    }

    #[test]
    fn a_ticket_is_valid_for_its_purpose_subject_and_time_only() {
        let keys = DerivedKeys::new(NEW, []).unwrap();
        let ticket = keys.ticket(Purpose::Login, b"one", now(), [7; 10]);
        assert_eq!(ticket.len(), 64);
        let check = |purpose, subject: &[u8], ticket: &str, now| {
            keys.check_ticket(purpose, subject, ticket, 300, now)
        };
        let until = now().plus_seconds(330);
        assert_eq!(check(Purpose::Login, b"one", &ticket, now()), Some(until));
        assert_eq!(check(Purpose::Login, b"one", &ticket, now().plus_seconds(299)), Some(until));
        assert_eq!(check(Purpose::Login, b"one", &ticket, now().plus_seconds(300)), None);
        assert_eq!(check(Purpose::Operator, b"one", &ticket, now()), None);
        assert_eq!(check(Purpose::Login, b"on", &ticket, now()), None);
        assert_eq!(check(Purpose::Login, b"one", &ticket.to_uppercase(), now()), None);
        // A server whose clock is 30 s ahead issued the ticket.
        let ahead = keys.ticket(Purpose::Login, b"one", now().plus_seconds(30), [7; 10]);
        assert!(check(Purpose::Login, b"one", &ahead, now()).is_some());
        let future = keys.ticket(Purpose::Login, b"one", now().plus_seconds(31), [7; 10]);
        assert!(check(Purpose::Login, b"one", &future, now()).is_none());
    }

    #[test]
    fn a_ticket_with_any_digit_changed_is_refused() {
        let keys = DerivedKeys::new(NEW, []).unwrap();
        let ticket = keys.ticket(Purpose::Operator, b"", now(), [7; 10]);
        for at in 0..ticket.len() {
            let digit = if &ticket[at..=at] == "0" { "1" } else { "0" };
            let forged = format!("{}{digit}{}", &ticket[..at], &ticket[at + 1..]);
            let checked = keys.check_ticket(Purpose::Operator, b"", &forged, u64::MAX, now());
            assert_eq!(checked, None, "{at}");
        }
        for forged in ["", "00", &ticket[1..], &format!("{ticket}00"), &"0".repeat(64)] {
            let checked = keys.check_ticket(Purpose::Operator, b"", forged, u64::MAX, now());
            assert_eq!(checked, None, "{forged}");
        }
    }

    #[test]
    fn values_of_a_previous_secret_stay_valid() {
        let old = DerivedKeys::new(OLD, []).unwrap();
        let both = DerivedKeys::new(NEW, [OLD]).unwrap();
        let new = DerivedKeys::new(NEW, []).unwrap();
        let ticket = old.ticket(Purpose::Login, b"one", now(), [7; 10]);
        assert!(both.check_ticket(Purpose::Login, b"one", &ticket, 300, now()).is_some());
        assert!(new.check_ticket(Purpose::Login, b"one", &ticket, 300, now()).is_none());
        let session = TokenId::from_random_bytes([3; 16]);
        let token = old.refresh_token(session, 5);
        assert_eq!(both.generation(&token), Some(5));
        assert_eq!(new.generation(&token), None);
        assert!(both.refresh_tokens(session, 5).any(|other| token.matches(&other.hash())));
        assert!(!token.matches(&both.refresh_token(session, 5).hash()));
    }

    #[test]
    fn refresh_tokens_carry_their_generation_and_cannot_be_forged() {
        let keys = DerivedKeys::new(NEW, []).unwrap();
        let session = TokenId::from_random_bytes([3; 16]);
        let token = keys.refresh_token(session, 7);
        assert_eq!(keys.generation(&token), Some(7));
        let text = token.expose();
        let again = OpaqueToken::parse(OpaqueKind::Refresh, &text).unwrap();
        assert_eq!(keys.generation(&again), Some(7));
        let mut secret = *token.secret();
        secret[3] = 6;
        let forged = OpaqueToken::new(OpaqueKind::Refresh, session, secret);
        assert_eq!(keys.generation(&forged), None);
        let other = TokenId::from_random_bytes([4; 16]);
        let moved = OpaqueToken::new(OpaqueKind::Refresh, other, *token.secret());
        assert_eq!(keys.generation(&moved), None);
    }

    #[test]
    fn debug_shows_no_key_and_short_secrets_are_refused() {
        let keys = DerivedKeys::new(NEW, [OLD]).unwrap();
        assert_eq!(format!("{keys:?}"), "DerivedKeys(2, redacted)");
        let error = DerivedKeys::new(&[0; 31], []).unwrap_err();
        assert_eq!(error, AuthError::TokenKeyTooShort { bytes: 31 });
    }
}
