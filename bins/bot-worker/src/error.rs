//! Why a bot-worker stops.

/// Why a bot-worker stops.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option names something that is not there.
    #[error("{option}: {detail}")]
    Config {
        /// The environment variable.
        option: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The API does not take this worker for a bot: the tokens differ, or it has none.
    #[error("the API refuses the bots; is BOT_API_TOKEN the same on both sides?")]
    Token(#[source] sector_client::Error),
    /// The API answers, but not as one this worker can play with.
    #[error("the sector cannot be played")]
    Api(#[source] sector_client::Error),
    /// The system gives no random numbers for a name.
    #[error("cannot get random numbers from the system: {0}")]
    Random(String),
}
