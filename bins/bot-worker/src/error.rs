//! Errors that stop a bot-worker.

/// Error that stops a bot-worker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An invalid option.
    #[error("{option}: {detail}")]
    Config {
        /// Environment variable of the option.
        option: &'static str,
        /// What is wrong with the value.
        detail: String,
    },
    /// The API rejects the token: it has another one, or none.
    #[error("the API rejected the bot token; BOT_API_TOKEN must be the same on both sides")]
    Token(#[source] sector_client::Error),
    /// The server cannot be used: it is not a sector's API, or of another version.
    #[error("cannot play in the sector")]
    Api(#[source] sector_client::Error),
    /// The system has no random numbers for the name of the worker.
    #[error("cannot get random numbers from the system: {0}")]
    Random(String),
}
