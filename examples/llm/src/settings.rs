//! Settings: the model and its time limits.

use std::time::Duration;

use sector_auth::Secret;

/// Default endpoint: a model on the same machine.
const LOCAL_URL: &str = "http://127.0.0.1:11434/v1";
/// Default time limit for an answer, in milliseconds.
const TIMEOUT_MS: u64 = 60_000;
/// Largest time limit or wait, in milliseconds.
const LONGEST_MS: u64 = 600_000;

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {detail}")]
pub struct SettingsError {
    /// Environment variable.
    pub variable: &'static str,
    /// What is wrong, and what is allowed.
    pub detail: String,
}

/// Settings from the environment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// URL before `/chat/completions`. `LLM_URL`.
    pub url: reqwest::Url,
    /// Name of the model. `LLM_MODEL`.
    pub model: String,
    /// API key. `LLM_API_KEY`.
    pub api_key: Option<Secret>,
    /// Time limit for an answer. `LLM_TIMEOUT_MS`.
    pub timeout: Duration,
    /// How long a turn waits for an answer, for games that wait for the bot. `LLM_WAIT_MS`.
    pub wait: Duration,
    /// Pause after the first failure; doubles with each.
    pub shortest_pause: Duration,
}

impl Settings {
    /// Reads the settings with `variable`, which is [`std::env::var`] in a program.
    ///
    /// # Errors
    /// [`SettingsError`] with the variable.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let milliseconds = |name: &'static str, standard: u64| match set(name)
            .map(|text| text.trim().parse::<u64>())
        {
            None => Ok(Duration::from_millis(standard)),
            Some(Ok(value)) if value <= LONGEST_MS => Ok(Duration::from_millis(value)),
            Some(_) => Err(wrong(name, format!("must be 0 to {LONGEST_MS} milliseconds"))),
        };
        // Errors do not contain the URL, which may contain a password.
        let url = set("LLM_URL").unwrap_or_else(|| LOCAL_URL.to_owned());
        let url = reqwest::Url::parse(url.trim()).ok().filter(reqwest::Url::has_host);
        let url =
            url.ok_or_else(|| wrong("LLM_URL", format!("must be a URL such as {LOCAL_URL}")))?;
        match url.scheme() {
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => {
                return Err(wrong("LLM_URL", "https needs a build with --features tls".into()));
            }
            other => {
                return Err(wrong(
                    "LLM_URL",
                    format!("the scheme must be http or https (got {other})"),
                ));
            }
        }
        let model = set("LLM_MODEL").ok_or_else(|| {
            wrong("LLM_MODEL", "is not set; set it to the name of the model".into())
        })?;
        let api_key = set("LLM_API_KEY").map(|key| Secret::new(key.trim())).transpose();
        Ok(Settings {
            url,
            model,
            api_key: api_key.map_err(|error| wrong("LLM_API_KEY", error.to_string()))?,
            timeout: milliseconds("LLM_TIMEOUT_MS", TIMEOUT_MS)?.max(Duration::from_millis(1)),
            wait: milliseconds("LLM_WAIT_MS", 0)?,
            shortest_pause: Duration::from_secs(1),
        })
    }
}

fn wrong(variable: &'static str, detail: String) -> SettingsError {
    SettingsError { variable, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::read(find).map_err(|error| error.to_string())
    }

    #[test]
    fn invalid_settings_are_named_but_not_printed() {
        let model = ("LLM_MODEL", "m");
        for (variables, told) in [
            (vec![], "LLM_MODEL: is not set"),
            (
                vec![model, ("LLM_URL", "user:hunter2")],
                "LLM_URL: must be a URL such as http://127.0.0.1:11434/v1",
            ),
            (
                vec![model, ("LLM_URL", "ftp://hunter2@a")],
                "LLM_URL: the scheme must be http or https (got ftp)",
            ),
            (
                vec![model, ("LLM_TIMEOUT_MS", "soon")],
                "LLM_TIMEOUT_MS: must be 0 to 600000 milliseconds",
            ),
            (vec![model, ("LLM_WAIT_MS", "600001")], "LLM_WAIT_MS: must be"),
        ] {
            let error = read(&variables).unwrap_err();
            assert!(error.starts_with(told) && !error.contains("hunter2"), "{error}");
        }
        let settings = read(&[model, ("LLM_API_KEY", "hunter2")]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(read(&[model, ("LLM_URL", "https://a/v1")]).is_ok(), cfg!(feature = "tls"));
    }
}
