//! One question over HTTP, as every OpenAI-compatible endpoint understands it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::settings::Settings;

/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// The most tokens that are asked for: some thirty orders.
const TOKENS_MAX: u32 = 1_500;
/// The longest pause that an endpoint may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);

/// Why there is no answer. What the endpoint says about it is not kept: some repeat the key.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It has too much to do, or has enough of us: ask later.
    #[error("the endpoint is busy ({status})")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// When to ask again, if it says so.
        retry_after: Option<Duration>,
    },
    /// It does not like the question, the key or the model: somebody must look at the settings.
    #[error("the endpoint refuses ({status}); look at LLM_URL, LLM_MODEL and LLM_API_KEY")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// It cannot be reached, is broken or too slow: ask later.
    #[error("the endpoint does not answer: {0}")]
    Away(String),
    /// It answers, but with something else than an answer.
    #[error("the endpoint answers with something else: {0}")]
    Nonsense(&'static str),
}

/// Asks one model.
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
    /// The endpoint that the settings name.
    ///
    /// # Errors
    /// [`EndpointError::Away`] when no HTTP client can be made.
    pub fn new(settings: Settings) -> Result<Endpoint, EndpointError> {
        // Redirects are not followed: the key is for this endpoint alone.
        let builder = reqwest::Client::builder()
            .timeout(settings.timeout)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Endpoint { http: builder.build().map_err(away)?, settings })
    }

    /// Asks, and returns the text that the model says.
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
                return Err(EndpointError::Nonsense("the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        let completion: Completion =
            serde_json::from_slice(&body).map_err(|_| EndpointError::Nonsense("no completion"))?;
        let said = completion.choices.into_iter().next().and_then(|choice| choice.message.content);
        said.ok_or(EndpointError::Nonsense("a completion without text"))
    }
}

/// The error without the URL, in which there may be a password.
fn away(error: reqwest::Error) -> EndpointError {
    let what = match () {
        () if error.is_timeout() => "it takes too long",
        () if error.is_connect() => "there is no connection",
        () => return EndpointError::Away(error.without_url().to_string()),
    };
    EndpointError::Away(what.to_owned())
}

fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}
