//! The connection to a sector's API: credentials, time limits, retries, and renewal of the login.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use progenitor_client::ResponseValue;
use sector_auth::{Key, LoginMessage};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::credentials::Credentials;
use crate::error::{Error, Problem, Result};
use crate::generated::{Client as Api, types};
use crate::sent::Sent;

/// Fraction of a token's lifetime after which it is renewed.
const RENEWED_AFTER: f64 = 0.8;
/// Longest pause before the second attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause before any attempt.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Time limits and retries of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Longest time to connect.
    pub connect: Duration,
    /// Longest time until a response.
    pub answer: Duration,
    /// Largest number of attempts for a call that can be repeated.
    pub attempts: u32,
    /// Longest `Retry-After` to wait for; a longer one ends the call.
    pub longest_wait: Duration,
}

impl Default for Patience {
    /// 3 s to connect, 10 s for a response, 5 attempts, 10 s of `Retry-After`.
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(10),
            attempts: 5,
            longest_wait: Duration::from_secs(10),
        }
    }
}

/// A client of one sector. Clones share the login.
///
/// Calls that change nothing or can be repeated are retried with growing, random pauses while the
/// sector is unavailable; orders are retried if each has a `client_id`. An expired login is renewed
/// once per call.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) api: Api,
    patience: Patience,
    session: Arc<Session>,
}

/// The login, shared by the clients of all sectors of a server.
#[derive(Default)]
struct Session {
    credentials: Credentials,
    login: RwLock<Login>,
    /// Held while logging in, so that clones do not log in at the same time.
    logging_in: Mutex<()>,
    sent: Sent,
}

/// How to log in again.
#[derive(Default)]
struct Login {
    key: Option<Key>,
    renewal: Option<Renewal>,
}

/// How to renew a login without its key.
#[derive(Clone)]
struct Renewal {
    refresh_token: String,
    /// When to renew: before the token expires, because public routes do not report an expired
    /// token.
    due: Instant,
}

/// A position in the event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Id of the last event received.
    pub(crate) after: String,
    /// Incarnation of the store, within which ids count.
    pub(crate) incarnation: String,
}

impl Position {
    /// The position in the ETag of a snapshot: `"17-0.00c0ffee00c0ffee"`.
    pub(crate) fn of_tag(tag: &str) -> Option<Position> {
        let (after, incarnation) =
            tag.trim_start_matches("W/").trim_matches('"').split_once('.')?;
        Some(Position { after: after.to_owned(), incarnation: incarnation.to_owned() })
    }
}

/// Whether a call can be repeated without harm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Yes,
    No,
}

pub(crate) type Answer<T> =
    std::result::Result<ResponseValue<T>, progenitor_client::Error<Problem>>;

impl Client {
    pub(crate) fn build(url: &str, patience: Patience) -> Result<Client> {
        let base = base_url(url)?;
        let http = reqwest::Client::builder()
            .connect_timeout(patience.connect)
            // Close idle connections before the server does, and detect dead ones.
            .pool_idle_timeout(Duration::from_secs(15))
            .tcp_keepalive(Duration::from_secs(15))
            .user_agent(concat!("sector-client/", env!("CARGO_PKG_VERSION")))
            // A redirect could send the token to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Address { url: url.to_owned(), reason: error.to_string() })?;
        Ok(Client::of(&base, http, patience, Arc::default()))
    }

    fn of(base: &str, http: reqwest::Client, patience: Patience, session: Arc<Session>) -> Client {
        let api = Api::new_with_client(base, http, session.credentials.clone());
        Client { inner: Arc::new(Inner { api, patience, session }) }
    }

    /// Another client for the sector at `base`, with the same login.
    pub(crate) fn same_login(&self, base: &str) -> Client {
        let Inner { api, patience, session } = &*self.inner;
        Client::of(base, api.client.clone(), *patience, Arc::clone(session))
    }

    /// Another client for the same sector, without a login.
    pub(crate) fn no_login(&self) -> Client {
        let Inner { api, patience, .. } = &*self.inner;
        Client::of(&api.baseurl, api.client.clone(), *patience, Arc::default())
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.inner.patience
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.inner.session.credentials
    }

    /// Orders sent, to recognize their outcomes.
    pub(crate) fn sent(&self) -> &Sent {
        &self.inner.session.sent
    }

    pub(crate) async fn log_in(&self, key: &Key) -> Result<()> {
        let _guard = self.inner.session.logging_in.lock().await;
        self.sign_in(key).await?;
        self.inner.session.login.write().key = Some(key.clone());
        Ok(())
    }

    async fn sign_in(&self, key: &Key) -> Result<()> {
        let body = types::NonceRequest { address: key.address().to_string() };
        let asked = self.attempts(Repeat::Yes, Duration::ZERO, |api| api.auth_nonce(&body)).await?;
        let message = asked.into_inner().message;
        check_message(&message, key)?;
        let signature = key.sign_message(&message);
        let body = types::VerifyRequest { address: None, message, signature };
        let answer =
            self.attempts(Repeat::No, Duration::ZERO, |api| api.auth_verify(&body)).await?;
        self.take_token(&answer)
    }

    pub(crate) async fn log_in_operator(&self, code: &str) -> Result<()> {
        let _guard = self.inner.session.logging_in.lock().await;
        let body = types::OperatorRequest { code: code.to_owned() };
        let answer =
            self.attempts(Repeat::No, Duration::ZERO, |api| api.auth_operator(&body)).await?;
        self.take_token(&answer)?;
        // The code works once, so there is no key to log in with again.
        self.inner.session.login.write().key = None;
        Ok(())
    }

    pub(crate) async fn log_out(&self) -> Result<()> {
        let session = &self.inner.session;
        let _guard = session.logging_in.lock().await;
        let ended = self.attempts(Repeat::Yes, Duration::ZERO, Api::logout).await;
        *session.login.write() = Login::default();
        session.credentials.clear();
        match ended {
            // The login had ended before.
            Err(Error::Unauthorized(_)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Replaces the login by this bearer token.
    pub(crate) async fn use_bearer(&self, token: &str) -> Result<()> {
        let session = &self.inner.session;
        let _guard = session.logging_in.lock().await;
        session.credentials.set_bearer(token);
        *session.login.write() = Login::default();
        Ok(())
    }

    fn take_token(&self, answer: &types::TokenAnswer) -> Result<()> {
        if !self.credentials().set_bearer(&answer.token) {
            let detail = "the token has characters that an HTTP header cannot contain";
            return Err(Error::mismatch(self.url(), detail));
        }
        let due = Instant::now() + Duration::from_secs(answer.expires_in).mul_f64(RENEWED_AFTER);
        let renewal = Renewal { refresh_token: answer.refresh_token.clone(), due };
        self.inner.session.login.write().renewal = Some(renewal);
        Ok(())
    }

    fn renewal(&self) -> Option<Renewal> {
        self.inner.session.login.read().renewal.clone()
    }

    /// Renews the login if it is about to expire. Ignores errors, which the call that needs the
    /// login will report.
    pub(crate) async fn keep_login(&self) {
        let due = || self.renewal().filter(|renewal| Instant::now() >= renewal.due);
        if due().is_none() {
            return;
        }
        let _guard = self.inner.session.logging_in.lock().await;
        // Another clone may have renewed it meanwhile.
        if let Some(renewal) = due()
            && let Err(error) = self.renew(renewal).await
        {
            tracing::debug!(%error, "cannot renew the login");
        }
    }

    /// Renews the login with its refresh token.
    async fn renew(&self, renewal: Renewal) -> Result<()> {
        let body = types::RefreshRequest { refresh_token: renewal.refresh_token };
        // Repeatable, because the server accepts the previous token for a while.
        let answer =
            self.attempts(Repeat::Yes, Duration::ZERO, |api| api.auth_refresh(&body)).await;
        if matches!(answer, Err(Error::Unauthorized(_))) {
            self.inner.session.login.write().renewal = None;
        }
        self.take_token(&*answer?)
    }

    /// Logs in again, with the refresh token or else with the key. Returns false if there is
    /// neither.
    async fn sign_in_again(&self) -> Result<bool> {
        if let Some(renewal) = self.renewal()
            && self.renew(renewal).await.is_ok()
        {
            return Ok(true);
        }
        let key = self.inner.session.login.read().key.clone();
        let Some(key) = key else { return Ok(false) };
        self.sign_in(&key).await.map(|()| true)
    }

    /// Calls the API, retries if that may help, and renews the login once.
    pub(crate) async fn call<'a, T, F, Sent>(&'a self, repeat: Repeat, send: F) -> Result<T>
    where
        F: Fn(&'a Api) -> Sent,
        Sent: Future<Output = Answer<T>>,
    {
        self.keep_login().await;
        let before = self.credentials().header();
        match self.attempts(repeat, Duration::ZERO, &send).await {
            Err(Error::Unauthorized(problem)) => {
                {
                    let _guard = self.inner.session.logging_in.lock().await;
                    // Another clone may have renewed it meanwhile.
                    if self.credentials().header() == before {
                        if !self.sign_in_again().await? {
                            return Err(Error::Unauthorized(problem));
                        }
                        tracing::debug!("login renewed");
                    }
                }
                Ok(self.attempts(repeat, Duration::ZERO, &send).await?.into_inner())
            }
            answer => Ok(answer?.into_inner()),
        }
    }

    /// Calls the API, and retries if that may help. The server may hold the response back for
    /// `wait`.
    pub(crate) async fn attempts<'a, T, F, Sent>(
        &'a self,
        repeat: Repeat,
        wait: Duration,
        send: F,
    ) -> Result<ResponseValue<T>>
    where
        F: Fn(&'a Api) -> Sent,
        Sent: Future<Output = Answer<T>>,
    {
        self.retry(repeat, || self.once(wait, send(&self.inner.api))).await
    }

    /// Repeats `attempt` with growing pauses, as long as that may help.
    pub(crate) async fn retry<T, F, Attempt>(&self, repeat: Repeat, attempt: F) -> Result<T>
    where
        F: Fn() -> Attempt,
        Attempt: Future<Output = Result<T>>,
    {
        let patience = &self.inner.patience;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let error = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // A request that did not arrive or was rate limited has had no effect.
            let is_untouched = match &error {
                Error::Unreachable { source, .. } => source.is_connect(),
                error => matches!(error, Error::RateLimited(_)),
            };
            let may_help = error.is_retryable()
                && (repeat == Repeat::Yes || is_untouched)
                && backoff.attempts() + 1 < patience.attempts
                && error.retry_after().is_none_or(|wait| wait <= patience.longest_wait);
            if !may_help {
                return Err(error);
            }
            tracing::debug!(error = &error as &dyn std::error::Error, "retrying");
            backoff.wait(error.retry_after()).await;
        }
    }

    /// Calls the API once, with the time limit for a response plus `wait`.
    pub(crate) async fn once<T>(
        &self,
        wait: Duration,
        sent: impl Future<Output = Answer<T>>,
    ) -> Result<ResponseValue<T>> {
        let answer = async {
            match sent.await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(Error::of_call(self.url(), error).await),
            }
        };
        self.within(self.inner.patience.answer + wait, answer).await
    }

    /// The result of `future`, or [`Error::Timeout`] after `limit`.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let done = tokio::time::timeout(limit, future).await;
        done.unwrap_or_else(|_| Err(Error::timeout(self.url(), limit)))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("url", &self.url())
            .field("credentials", self.credentials())
            .finish_non_exhaustive()
    }
}

/// A new key from the system's random numbers.
pub(crate) fn random_key() -> Result<Key> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    Key::from_random_bytes(bytes).map_err(|error| Error::Random(error.to_string()))
}

/// The URL without a trailing slash, if it is valid.
fn base_url(text: &str) -> Result<String> {
    let refused = |reason: String| Error::Address { url: text.to_owned(), reason };
    let url = reqwest::Url::parse(text).map_err(|error| refused(error.to_string()))?;
    match url.scheme() {
        "http" => {}
        "https" if cfg!(feature = "tls") => {}
        "https" => {
            return Err(refused(
                "https needs sector-client to be built with the feature `tls`".into(),
            ));
        }
        scheme => return Err(refused(format!("the scheme must be http or https (got {scheme})"))),
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(Error::Address {
            // The part before the @ may be a password.
            url: format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()),
            reason: "a user, query or fragment is not allowed".into(),
        });
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Checks before signing that a message is a login of this key: the key may be valuable elsewhere.
fn check_message(text: &str, key: &Key) -> Result<()> {
    let message: LoginMessage = text
        .parse()
        .map_err(|error: sector_auth::AuthError| Error::LoginMessage(error.to_string()))?;
    let address = message.fields().address;
    if address != key.address() {
        let detail = format!("it is for address {address}, not {}", key.address());
        return Err(Error::LoginMessage(detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked() {
        assert_eq!(base_url("http://127.0.0.1:8000/").unwrap(), "http://127.0.0.1:8000");
        assert_eq!(base_url("http://sector.example/api/").unwrap(), "http://sector.example/api");
        for bad in [
            "",
            "127.0.0.1:8000",
            "ftp://x",
            "http://",
            "http://x/?a",
            "http://x/#a",
            "http://u:secret@x",
        ] {
            let error = Client::new(bad).unwrap_err();
            assert!(matches!(error, Error::Address { .. }), "{bad}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert_eq!(Client::new("https://sector.example").is_ok(), cfg!(feature = "tls"));
    }

    #[test]
    fn the_etag_of_a_snapshot_is_a_position() {
        for tag in ["\"17-0.00c0ffee00c0ffee\"", "W/\"17-0.00c0ffee00c0ffee\""] {
            let wanted = Position { after: "17-0".into(), incarnation: "00c0ffee00c0ffee".into() };
            assert_eq!(Position::of_tag(tag), Some(wanted));
        }
        assert_eq!(Position::of_tag("\"17-0\""), None);
    }

    #[test]
    fn only_logins_are_signed() {
        let key = Key::from_random_bytes([7; 32]).unwrap();
        for text in [
            "",
            "Send all my money.",
            "localhost wants you to sign in with your Ethereum account:\n0x0",
        ] {
            assert!(matches!(check_message(text, &key), Err(Error::LoginMessage(_))), "{text}");
        }
    }
}
