//! Asks a question over HTTP, for any OpenAI-compatible endpoint.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::settings::Settings;

/// Largest response, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Largest number of tokens requested: about 30 orders.
const TOKENS_MAX: u32 = 1_500;
/// Longest pause that an endpoint can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);

/// Why there is no answer. Does not contain text of the endpoint, which may repeat the key.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Overloaded or rate limited: ask later.
    #[error("the endpoint is busy ({status})")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// When to ask again, if given.
        retry_after: Option<Duration>,
    },
    /// The endpoint rejects the question, the key or the model: correct the settings.
    #[error(
        "the endpoint refused the request ({status}); check LLM_URL, LLM_MODEL and LLM_API_KEY"
    )]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Unreachable, failing or too slow: ask later.
    #[error("the endpoint does not respond: {0}")]
    Away(String),
    /// A response without an answer.
    #[error("invalid response of the endpoint: {0}")]
    Nonsense(&'static str),
}

/// A client for one model.
#[derive(Clone, Debug)]
pub struct Endpoint {
    http: reqwest::Client,
    settings: Settings,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
}

impl Endpoint {
    /// A client for the endpoint in the settings.
    ///
    /// # Errors
    /// [`EndpointError::Away`] if the HTTP client cannot be created.
    pub fn new(settings: Settings) -> Result<Endpoint, EndpointError> {
        // Do not follow redirects, which could send the key elsewhere.
        let builder = reqwest::Client::builder()
            .timeout(settings.timeout)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Endpoint { http: builder.build().map_err(away)?, settings })
    }

    /// Asks a question, and returns the text of the answer.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub async fn ask(&self, instructions: &str, question: &str) -> Result<String, EndpointError> {
        let path = format!("{}/chat/completions", self.settings.url.as_str().trim_end_matches('/'));
        let mut request = self.http.post(path).json(&json!({
            "model": self.settings.model,
            "max_tokens": TOKENS_MAX,
            "temperature": 0,
            "messages": [
                { "role": "system", "content": instructions },
                { "role": "user", "content": question },
            ],
        }));
        if let Some(key) = &self.settings.api_key {
            request = request.bearer_auth(key.expose());
        }
        let mut response = request.send().await.map_err(away)?;
        let status = response.status().as_u16();
        match status {
            200..=299 => {}
            408 | 429 | 503 => {
                return Err(EndpointError::Busy { status, retry_after: retry_after(&response) });
            }
            300..=499 => return Err(EndpointError::Refused { status }),
            _ => return Err(EndpointError::Away(format!("status {status}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(EndpointError::Nonsense("too long"));
            }
            body.extend_from_slice(&chunk);
        }
        let completion: Completion = serde_json::from_slice(&body)
            .map_err(|_| EndpointError::Nonsense("not a completion"))?;
        let said = completion.choices.into_iter().next().and_then(|choice| choice.message.content);
        said.ok_or(EndpointError::Nonsense("completion without text"))
    }
}

/// The error without the URL, which may contain a password.
fn away(error: reqwest::Error) -> EndpointError {
    let what = match () {
        () if error.is_timeout() => "timeout",
        () if error.is_connect() => "no connection",
        () => return EndpointError::Away(error.without_url().to_string()),
    };
    EndpointError::Away(what.to_owned())
}

fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}
