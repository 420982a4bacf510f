//! The tokens that the operator's own bots share, which can be replaced while the API runs.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sector_auth::{Secret, SharedToken, SharedTokens};

use crate::error::Error;

/// How often the file is looked at, in milliseconds.
const LOOK_MS: u64 = 1_000;
/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// Tokens of the configuration, or of a file that is read anew whenever it changes.
#[derive(Debug)]
pub(crate) enum BotTokens {
    /// Bots are refused.
    None,
    /// As configured.
    Fixed(SharedTokens),
    /// As the file says.
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
    /// From the options.
    ///
    /// # Errors
    /// [`Error::Config`] for a file that cannot be used.
    pub(crate) fn new(token: Option<&Secret>, file: Option<&PathBuf>) -> Result<Self, Error> {
        let config = |option, detail: String| Error::Config { option, detail };
        match (token, file) {
            (Some(_), Some(_)) => {
                Err(config("BOT_API_TOKEN", "set this or BOT_API_TOKEN_FILE, not both".to_owned()))
            }
            (None, None) => Ok(Self::None),
            (Some(token), None) => SharedTokens::new(vec![SharedToken::new(token)])
                .map(Self::Fixed)
                .map_err(|error| config("BOT_API_TOKEN", error.to_string())),
            (None, Some(path)) => {
                let (changed, tokens) =
                    read(path).map_err(|detail| config("BOT_API_TOKEN_FILE", detail))?;
                let state = Mutex::new(State { looked_ms: 0, changed, tokens });
                Ok(Self::File(File { path: path.clone(), state }))
            }
        }
    }

    /// Whether `presented` is one of them; none when bots are refused.
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
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ms.saturating_sub(state.looked_ms) >= LOOK_MS || now_ms < state.looked_ms {
            state.looked_ms = now_ms;
            let changed = std::fs::metadata(&self.path).and_then(|file| file.modified()).ok();
            if changed != state.changed {
                match read(&self.path) {
                    Ok((changed, tokens)) => {
                        tracing::info!("the bots' tokens were read anew");
                        (state.changed, state.tokens) = (changed, tokens);
                    }
                    // The tokens that held go on to hold.
                    Err(detail) => {
                        tracing::warn!(detail, "the file of the bots' tokens cannot be used");
                    }
                }
            }
        }
        state.tokens.clone()
    }
}

/// One token a line; empty lines do not count.
fn read(path: &PathBuf) -> Result<(Option<SystemTime>, SharedTokens), String> {
    let shown = path.display();
    let file = std::fs::metadata(path).map_err(|error| format!("{shown}: {error}"))?;
    if file.len() > FILE_BYTES_MAX {
        return Err(format!("{shown} has {} bytes, allowed are {FILE_BYTES_MAX}", file.len()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens = lines
        .map(|line| Secret::new(line).map(|secret| SharedToken::new(&secret)))
        .collect::<Result<Vec<_>, _>>()
        .and_then(SharedTokens::new)
        .map_err(|error| format!("{shown}: {error}"))?;
    Ok((file.modified().ok(), tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_anew_when_it_changes_and_a_bad_one_changes_nothing() {
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
        assert_eq!(tokens.matches("second", 5_500), Some(false), "looked at more often than told");
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
