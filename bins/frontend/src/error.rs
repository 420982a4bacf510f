//! What keeps the frontend from running.

/// Why the frontend could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its routes contradict each other: a mistake in the program.
    #[error(transparent)]
    Service(#[from] http_kit::SetupError),
}
