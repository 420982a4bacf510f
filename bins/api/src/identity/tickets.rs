//! One-time login nonces and operator codes.
//!
//! Both are tickets derived from the signing secret ([`sector_auth::derived`]): nothing is stored when
//! one is issued, so requesting many evicts nobody's. The store keeps the used ones until they expire.

use http_kit::Problem;
use sector_auth::derived::TICKET_RANDOM_BYTES;
use sector_auth::{Address, DerivedKeys, Purpose, Secret, Timestamp};
use sector_redis::{Document, ServiceStore, Shelf};

use crate::error::Error;
use crate::request::problems::of_store;

/// Lifetime of an operator code, in seconds.
const OPERATOR_CODE_SECONDS: u64 = 3_600;
/// Owner of used operator codes in the store.
const OPERATOR: &str = "operator";

/// Issues a code that can be exchanged once, within an hour, for a token with the admin role at
/// `POST /auth/operator` of every API with this signing secret.
///
/// # Errors
/// [`Error::Config`] for a secret that is too short, or without random numbers from the system.
pub fn operator_code(jwt_secret: &Secret, now: Timestamp) -> Result<String, Error> {
    let keys = keys(jwt_secret, &[])?;
    let random = random().map_err(|error| refused(error.to_string()))?;
    Ok(keys.ticket(Purpose::Operator, b"", now, random))
}

/// Keys derived from the current and the previous signing secrets.
///
/// # Errors
/// [`Error::Config`] for a secret that is too short.
pub(crate) fn keys(jwt_secret: &Secret, previous: &[Secret]) -> Result<DerivedKeys, Error> {
    let previous = previous.iter().map(|secret| secret.expose().as_bytes());
    DerivedKeys::new(jwt_secret.expose().as_bytes(), previous)
        .map_err(|error| refused(error.to_string()))
}

fn refused(detail: String) -> Error {
    Error::Config { option: "JWT_SECRET", detail }
}

fn random() -> Result<[u8; TICKET_RANDOM_BYTES], getrandom::Error> {
    let mut bytes = [0; TICKET_RANDOM_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A nonce with which only this address can log in.
pub(crate) fn login_nonce(
    keys: &DerivedKeys,
    address: Address,
    now: Timestamp,
) -> Result<String, Problem> {
    let random = random().map_err(|error| Problem::internal(error.to_string()))?;
    Ok(keys.ticket(Purpose::Login, address.as_bytes(), now, random))
}

/// Checks a nonce. Returns the time until which a used one must be remembered; `None` for one that
/// was not issued for this address or is older than `life_seconds`.
pub(crate) fn check_login_nonce(
    keys: &DerivedKeys,
    address: Address,
    nonce: &str,
    life_seconds: u64,
    now: Timestamp,
) -> Option<Timestamp> {
    keys.check_ticket(Purpose::Login, address.as_bytes(), nonce, life_seconds, now)
}

/// Uses up a nonce; false if it was used before.
pub(crate) async fn use_login_nonce(
    store: &dyn ServiceStore,
    address: Address,
    nonce: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, Problem> {
    use_up(store, nonce, address.to_checksum(), until, now).await
}

/// Uses up an operator code; false if it is unknown, used or expired.
pub(crate) async fn use_operator_code(
    store: &dyn ServiceStore,
    keys: &DerivedKeys,
    code: &str,
    now: Timestamp,
) -> Result<bool, Problem> {
    match keys.check_ticket(Purpose::Operator, b"", code, OPERATOR_CODE_SECONDS, now) {
        Some(until) => use_up(store, code, OPERATOR.to_owned(), until, now).await,
        None => Ok(false),
    }
}

/// Stores a used ticket until it expires; false if it is already there.
async fn use_up(
    store: &dyn ServiceStore,
    ticket: &str,
    owner: String,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, Problem> {
    let used = Document {
        id: ticket.to_owned(),
        owner,
        body: String::new(),
        ends_at_ms: Some(until.unix_ms()),
    };
    store.insert_document(Shelf::Used, &used, now.unix_ms()).await.map_err(of_store)
}
