//! Tokens shared by the operator's own bots; the file can change while the API runs.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parking_lot::Mutex;
use process_kit::file::{self, FileError};
use sector_auth::{Secret, SharedToken, SharedTokens};

use crate::error::Error;

/// Interval of checks whether the file has changed, in milliseconds.
const LOOK_MS: u64 = 1_000;
/// Maximum size of the file, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// Tokens from the configuration, or from a file that is reloaded when it changes.
#[derive(Debug)]
pub(crate) enum BotTokens {
    /// Bots are rejected.
    None,
    /// Tokens from the configuration.
    Fixed(SharedTokens),
    /// Tokens from a file.
    File(File),
}

#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked_ms: u64,
    changed: Option<SystemTime>,
    tokens: SharedTokens,
}

impl BotTokens {
    /// Tokens from the options.
    ///
    /// # Errors
    /// [`Error::Config`] for two sources of tokens, or an invalid token or file.
    pub(crate) fn new(token: Option<&Secret>, file: Option<&PathBuf>) -> Result<Self, Error> {
        let config = |option, detail: String| Error::Config { option, detail };
        match (token, file) {
            (Some(_), Some(_)) => Err(config(
                "BOT_API_TOKEN",
                "set BOT_API_TOKEN or BOT_API_TOKEN_FILE, not both".to_owned(),
            )),
            (None, None) => Ok(Self::None),
            (Some(token), None) => SharedTokens::new(vec![SharedToken::new(token)])
                .map(Self::Fixed)
                .map_err(|error| config("BOT_API_TOKEN", error.to_string())),
            (None, Some(path)) => {
                let (changed, tokens) = read(path).map_err(|error| {
                    config("BOT_API_TOKEN_FILE", format!("{}: {error}", path.display()))
                })?;
                let state = Mutex::new(State { looked_ms: 0, changed, tokens });
                Ok(Self::File(File { path: path.clone(), state }))
            }
        }
    }

    /// Whether `presented` is a valid token; `None` if bots are rejected.
    pub(crate) fn matches(&self, presented: &str, now_ms: u64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::Fixed(tokens) => Some(tokens.matches(presented)),
            Self::File(file) => Some(file.tokens(now_ms).matches(presented)),
        }
    }
}

impl File {
    fn tokens(&self, now_ms: u64) -> SharedTokens {
        let mut state = self.state.lock();
        if now_ms.saturating_sub(state.looked_ms) >= LOOK_MS || now_ms < state.looked_ms {
            state.looked_ms = now_ms;
            let changed = modified(&self.path);
            if changed != state.changed {
                match read(&self.path) {
                    Ok((changed, tokens)) => {
                        tracing::info!("bot tokens reloaded");
                        (state.changed, state.tokens) = (changed, tokens);
                    }
                    // Keep the previous tokens.
                    Err(error) => {
                        tracing::warn!(%error, "cannot reload bot tokens");
                    }
                }
            }
        }
        state.tokens.clone()
    }
}

/// Why a file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
enum TokensError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Token(#[from] sector_auth::AuthError),
}

/// Reads one token per line; empty lines are ignored.
fn read(path: &Path) -> Result<(Option<SystemTime>, SharedTokens), TokensError> {
    let changed = modified(path);
    let text = file::read(path, FILE_BYTES_MAX)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens = lines
        .map(|line| Secret::new(line).map(|secret| SharedToken::new(&secret)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((changed, SharedTokens::new(tokens)?))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|file| file.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_reloaded_and_an_invalid_one_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokens");
        let write = |text: &str, at: u64| {
            std::fs::write(&path, text).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        write("first\n", 1);
        let tokens = BotTokens::new(None, Some(&path)).unwrap();
        assert_eq!(
            (tokens.matches("first", 5_000), tokens.matches("second", 5_000)),
            (Some(true), Some(false))
        );
        write("second\nfirst\n", 2);
        assert_eq!(tokens.matches("second", 5_500), Some(false), "checked before the interval");
        assert_eq!(
            (tokens.matches("first", 6_000), tokens.matches("second", 6_000)),
            (Some(true), Some(true))
        );
        write("\n \n", 3);
        assert_eq!(tokens.matches("second", 7_000), Some(true));
        write("third\n", 4);
        assert_eq!(
            (tokens.matches("first", 8_000), tokens.matches("third", 8_000)),
            (Some(false), Some(true))
        );
        assert!(BotTokens::new(None, Some(&directory.path().join("none"))).is_err());
        assert_eq!(BotTokens::new(None, None).unwrap().matches("x", 0), None);
    }
}
