//! Where the model is, and how patient to be with it.

use std::time::Duration;

use sector_auth::Secret;

/// The endpoint of a model that runs on the same machine.
const LOCAL_URL: &str = "http://127.0.0.1:11434/v1";
/// How long an answer may take, unless told otherwise, in milliseconds.
const TIMEOUT_MS: u64 = 60_000;
/// The longest time limit or wait that may be asked for, in milliseconds.
const LONGEST_MS: u64 = 600_000;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {detail}")]
pub struct SettingsError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it, and what is allowed.
    pub detail: String,
}

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where `/chat/completions` is added to. `LLM_URL`.
    pub url: reqwest::Url,
    /// The name of the model. `LLM_MODEL`.
    pub model: String,
    /// What the endpoint knows the caller by. `LLM_API_KEY`.
    pub api_key: Option<Secret>,
    /// How long an answer may take. `LLM_TIMEOUT_MS`.
    pub timeout: Duration,
    /// How long a turn may wait for an answer, for games that do not go on by themselves. `LLM_WAIT_MS`.
    pub wait: Duration,
    /// The pause after a first failure; it doubles with each.
    pub shortest_pause: Duration,
}

impl Settings {
    /// Reads the settings with `variable`, which is [`std::env::var`] in a program.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let milliseconds = |name: &'static str, standard: u64| match set(name)
            .map(|text| text.trim().parse::<u64>())
        {
            None => Ok(Duration::from_millis(standard)),
            Some(Ok(value)) if value <= LONGEST_MS => Ok(Duration::from_millis(value)),
            Some(_) => Err(wrong(name, format!("allowed: milliseconds from 0 to {LONGEST_MS}"))),
        };
        // What was given is not repeated: it may have a password in it.
        let url = set("LLM_URL").unwrap_or_else(|| LOCAL_URL.to_owned());
        let url = reqwest::Url::parse(url.trim()).ok().filter(reqwest::Url::has_host);
        let url = url.ok_or_else(|| wrong("LLM_URL", format!("is no URL such as {LOCAL_URL}")))?;
        match url.scheme() {
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => {
                return Err(wrong("LLM_URL", "https takes a build with --features tls".into()));
            }
            other => {
                return Err(wrong(
                    "LLM_URL",
                    format!("{other} is not allowed; allowed: http, https"),
                ));
            }
        }
        let model = set("LLM_MODEL")
            .ok_or_else(|| wrong("LLM_MODEL", "is not set; name the model to ask".into()))?;
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
    fn bad_settings_are_refused_by_name_and_not_repeated() {
        let model = ("LLM_MODEL", "m");
        for (variables, told) in [
            (vec![], "LLM_MODEL: is not set"),
            (
                vec![model, ("LLM_URL", "user:hunter2")],
                "LLM_URL: is no URL such as http://127.0.0.1:11434/v1",
            ),
            (
                vec![model, ("LLM_URL", "ftp://hunter2@a")],
                "LLM_URL: ftp is not allowed; allowed: http, https",
            ),
            (
                vec![model, ("LLM_TIMEOUT_MS", "soon")],
                "LLM_TIMEOUT_MS: allowed: milliseconds from 0 to 600000",
            ),
            (vec![model, ("LLM_WAIT_MS", "600001")], "LLM_WAIT_MS: allowed"),
        ] {
            let error = read(&variables).unwrap_err();
            assert!(error.starts_with(told) && !error.contains("hunter2"), "{error}");
        }
        let settings = read(&[model, ("LLM_API_KEY", "hunter2")]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(read(&[model, ("LLM_URL", "https://a/v1")]).is_ok(), cfg!(feature = "tls"));
    }
}
