//! Problems for errors of the store and the follower.

use http::StatusCode;
use http_kit::Problem;
use http_kit::catalogue;
use sector_redis::Error as StoreError;
use sector_wire::Code;

/// `Retry-After` while the store is unavailable, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

/// The problem for an error of the store.
pub(crate) fn of_store(error: StoreError) -> Problem {
    match &error {
        StoreError::Unavailable { .. } => Problem::unavailable(
            Code::StoreUnavailable,
            "The store cannot be reached; try again shortly.",
            RETRY_AFTER_SECONDS,
        )
        .with_source(error),
        StoreError::WrongUniverse { current: None, .. } => no_universe(),
        StoreError::WrongUniverse { .. } => Problem::conflict(
            Code::RunOver,
            "The run has ended; its universe accepts no more orders.",
        ),
        _ => Problem::internal(error),
    }
}

/// The problem for an error of the follower.
pub(crate) fn of_follower(error: follow::Error) -> Problem {
    match error {
        follow::Error::HistoryTrimmed { after } => Problem::gone(
            Code::HistoryTrimmed,
            format!(
                "Events after {after} are no longer kept: take a snapshot and continue from the id in its ETag."
            ),
        ),
        follow::Error::Restored { known } => Problem::gone(
            Code::HistoryRestored,
            format!(
                "The sector was restored from a backup, and {known} is no longer its incarnation: take a snapshot and continue from there."
            ),
        ),
        follow::Error::NotReady { reason } => Problem::unavailable(
            Code::NoUniverse,
            "No universe is running yet; try again shortly.",
            RETRY_AFTER_SECONDS,
        )
        .with_source(reason),
        follow::Error::Stopped => Problem::unavailable(
            Code::Stopping,
            "This server is shutting down; try again, or use another.",
            RETRY_AFTER_SECONDS,
        ),
        follow::Error::Store(error) => of_store(error),
    }
}

/// The problem for a sector that cannot be opened.
pub(crate) fn of_sector(error: follow::SectorError) -> Problem {
    match error {
        follow::SectorError::Unknown { name } => Problem::not_found(
            Code::UnknownSector,
            format!("There is no sector {name:?}; GET /sectors lists them."),
        ),
        follow::SectorError::TooMany => Problem::unavailable(
            Code::TooManySectors,
            "This server has its maximum number of sectors open; try again shortly.",
            RETRY_AFTER_SECONDS,
        ),
        follow::SectorError::Store(error) => of_store(error),
    }
}

/// 409 while no universe is running.
pub(crate) fn no_universe() -> Problem {
    Problem::conflict(Code::NoUniverse, "No universe is running; wait for the next one.")
}

/// 400 for an invalid field that the JSON reader cannot detect.
pub(crate) fn invalid_body(error: http_kit::FieldError) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        catalogue::INVALID_BODY,
        format!("Invalid field {}: {}", error.field, error.detail),
    )
    .with_error(error)
}
