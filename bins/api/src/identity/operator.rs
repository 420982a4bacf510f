//! One-time codes of the operator: a link printed on the terminal signs the local
//! operator's browser in as admin.

use std::time::Duration;

use sector_redis::ServiceStore;
use sha3::{Digest, Sha3_256};

/// Maximum length of a code in bytes.
pub const CODE_BYTES_MAX: usize = 256;

/// Lets `code` be exchanged once, within `ttl`, for a token with the admin role at
/// `POST /auth/operator`. Only a digest is stored. Codes should have at least 128 random bits.
///
/// # Errors
/// Errors of the store.
pub async fn allow_operator(
    store: &dyn ServiceStore,
    code: &str,
    ttl: Duration,
) -> Result<(), sector_redis::Error> {
    store.put_nonce(sector_redis::Pool::Codes, &key(code), "admin", ttl).await
}

/// Consumes the code; false if it is unknown, used or expired.
pub(crate) async fn take_operator(
    store: &dyn ServiceStore,
    code: &str,
) -> Result<bool, sector_redis::Error> {
    Ok(store.take_nonce(sector_redis::Pool::Codes, &key(code)).await?.is_some())
}

fn key(code: &str) -> String {
    format!("operator:{}", hex::encode(Sha3_256::digest(code.as_bytes())))
}
