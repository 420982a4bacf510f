//! Calls to one sector's API: who asks, how long to wait, and what is tried again.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use progenitor_client::ResponseValue;
use sector_auth::{Key, LoginMessage, OpaqueKind, OpaqueToken, Secret};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::credentials::Credentials;
use crate::error::{Error, Problem, Result};
use crate::generated::{self, types};
use crate::sent::Sent;

/// The share of a token's life after which it is renewed.
const RENEWED_AFTER: f64 = 0.8;
/// The longest name of a sector.
const SECTOR_NAME_MAX: usize = 32;

/// How patient a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long an answer may take.
    pub answer: Duration,
    /// How often a call is tried at most, if it can be repeated.
    pub attempts: u32,
    /// The longest `Retry-After` that is waited out; a longer one ends the call.
    pub longest_wait: Duration,
}

impl Default for Patience {
    /// 3 s to connect, 10 s for an answer, 5 attempts, 10 s of `Retry-After`.
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(10),
            attempts: 5,
            longest_wait: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// The longest pause before the second attempt.
    pub(crate) fn first_pause(&self) -> Duration {
        Duration::from_millis(100)
    }

    /// The longest pause before any attempt.
    pub(crate) fn longest_pause(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// A client of one sector. Clones share the login.
///
/// Calls that change nothing or can be repeated are tried again with growing, random pauses while the sector is away,
/// and orders are when each of them has a `client_id`. A login that has run out is renewed once a call.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    api: generated::Client,
    patience: Patience,
    session: Arc<Session>,
}

/// Who asks, and how that is kept up. Shared by the clients of all sectors of one server.
#[derive(Default)]
struct Session {
    credentials: Credentials,
    key: RwLock<Option<Key>>,
    renewal: RwLock<Option<Renewal>>,
    login: Mutex<()>,
    sent: Sent,
}

/// How a login is renewed without its key.
#[derive(Clone)]
struct Renewal {
    refresh_token: String,
    /// From when on: before the token has run out, since what is open to all does not tell that it has.
    due: Instant,
}

/// What one goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The id of the last event that was received.
    pub(crate) after: String,
    /// The incarnation within which it counts.
    pub(crate) incarnation: String,
}

impl Position {
    /// What the ETag of a snapshot says: `"17-0.00c0ffee00c0ffee"`.
    pub(crate) fn of_tag(tag: &str) -> Option<Position> {
        let (after, incarnation) =
            tag.trim_start_matches("W/").trim_matches('"').split_once('.')?;
        Some(Position { after: after.to_owned(), incarnation: incarnation.to_owned() })
    }
}

/// Whether a call may be carried out twice without harm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Yes,
    No,
}

pub(crate) type Answer<T> =
    std::result::Result<ResponseValue<T>, progenitor_client::Error<Problem>>;

impl Client {
    /// A client of the sector at `url`, such as `http://127.0.0.1:8000`, that has not been asked yet.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn new(url: &str) -> Result<Client> {
        Client::with_patience(url, Patience::default())
    }

    /// A client with other time limits.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn with_patience(url: &str, patience: Patience) -> Result<Client> {
        let base = base_url(url)?;
        let http = reqwest::Client::builder()
            .connect_timeout(patience.connect)
            // Idle connections are dropped before the server does so, and a dead one is found.
            .pool_idle_timeout(Duration::from_secs(15))
            .tcp_keepalive(Duration::from_secs(15))
            .user_agent(concat!("sector-client/", env!("CARGO_PKG_VERSION")))
            // Redirects could carry the token to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Address { url: url.to_owned(), reason: error.to_string() })?;
        Ok(Client::of(&base, http, patience, Arc::default()))
    }

    /// A client of the sector at `url`, which must answer and be of a version that this one understands: see
    /// [`crate::is_compatible`].
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unreachable`], [`Error::NotASector`] and [`Error::Version`] say what is wrong with
    /// the address or with what answers there.
    pub async fn connect(url: &str) -> Result<Client> {
        let client = Client::new(url)?;
        client.check_server().await?;
        Ok(client)
    }

    fn of(base: &str, http: reqwest::Client, patience: Patience, session: Arc<Session>) -> Client {
        let api = generated::Client::new_with_client(base, http, session.credentials.clone());
        Client { inner: Arc::new(Inner { api, patience, session }) }
    }

    /// The same client for another sector of the same server, with the same login. [`Client::sectors`] lists them.
    ///
    /// # Errors
    /// [`Error::Address`] for a name that no sector has.
    pub fn sector(&self, name: &str) -> Result<Client> {
        let allowed =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || name.len() > SECTOR_NAME_MAX || !name.chars().all(allowed) {
            let shown: String = name.chars().take(SECTOR_NAME_MAX).collect();
            let reason =
                format!("{shown:?} is no name of a sector, which is 1 to 32 of a-z, 0-9 and -");
            return Err(Error::Address { url: self.url().to_owned(), reason });
        }
        let server = self.url().rsplit_once("/sectors/").map_or(self.url(), |(server, _)| server);
        let base = format!("{server}/sectors/{name}");
        let Inner { api, patience, session } = &*self.inner;
        Ok(Client::of(&base, api.client.clone(), *patience, Arc::clone(session)))
    }

    /// Another client of the same sector, with the token of its bots, which may order for every faction that no
    /// player has claimed.
    ///
    /// # Errors
    /// [`Error::Credential`] if the token cannot stand in a header.
    pub fn with_bot_token(&self, token: &Secret) -> Result<Client> {
        let client = Client::of(
            self.url(),
            self.inner.api.client.clone(),
            self.inner.patience,
            Arc::default(),
        );
        if client.inner.session.credentials.set_bot(token.expose()) {
            return Ok(client);
        }
        Err(Error::Credential(
            "the bot token holds characters that cannot stand in a header".into(),
        ))
    }

    /// Another client of the same sector, with a key that a player issued for a bot: it gives that player's orders.
    ///
    /// # Errors
    /// [`Error::Credential`] if this is no such key.
    pub fn with_bot_key(&self, key: &Secret) -> Result<Client> {
        let client = Client::of(
            self.url(),
            self.inner.api.client.clone(),
            self.inner.patience,
            Arc::default(),
        );
        client.take_bot_key(key.expose())?;
        Ok(client)
    }

    /// From now on this client and its clones ask with a key that a player issued for a bot (see
    /// [`Client::issue_key`]) and give that player's orders. Nothing is asked of the server: a key that has expired or
    /// was revoked is refused at the first call that needs it.
    ///
    /// # Errors
    /// [`Error::Credential`] if this is no such key.
    pub async fn bot_key(&self, key: &str) -> Result<()> {
        let _alone = self.inner.session.login.lock().await;
        self.take_bot_key(key)?;
        *self.inner.session.key.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.inner.session.renewal.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    fn take_bot_key(&self, key: &str) -> Result<()> {
        if let Err(error) = OpaqueToken::parse(OpaqueKind::BotKey, key) {
            return Err(Error::Credential(format!("it is no bot key: {error}")));
        }
        self.inner.session.credentials.set_bearer(key);
        Ok(())
    }

    /// Where the sector is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.inner.api.baseurl
    }

    /// The generated client, with every operation of the API and without repetition; it asks as this one does.
    #[must_use]
    pub fn api(&self) -> &generated::Client {
        &self.inner.api
    }

    /// Signs in with a key. From now on this client and its clones ask as its holder, and sign in again by themselves
    /// when the login has run out.
    ///
    /// # Errors
    /// [`Error::LoginMessage`] when the server asks to sign something else than a login of this key.
    pub async fn login(&self, key: &Key) -> Result<()> {
        let _alone = self.inner.session.login.lock().await;
        self.sign_in(key).await?;
        *self.inner.session.key.write().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(())
    }

    /// Signs in with a new key and returns it, to come back as the same player later.
    ///
    /// # Errors
    /// As [`Client::login`], and [`Error::Random`].
    pub async fn guest(&self) -> Result<Key> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
        let key =
            Key::from_random_bytes(bytes).map_err(|error| Error::Random(error.to_string()))?;
        self.login(&key).await?;
        Ok(key)
    }

    async fn sign_in(&self, key: &Key) -> Result<()> {
        let api = &self.inner.api;
        let address = key.address();
        let body = types::NonceRequest { address: address.to_string() };
        let asked = self
            .attempts(Repeat::Yes, Duration::ZERO, || api.auth_nonce(&body))
            .await?
            .into_inner();
        check_message(&asked.message, key)?;
        let signature = key.sign_message(&asked.message);
        let body = types::VerifyRequest { address: None, message: Some(asked.message), signature };
        let answer = self
            .attempts(Repeat::No, Duration::ZERO, || api.auth_verify(&body))
            .await?
            .into_inner();
        self.take_token(&answer)
    }

    /// Signs out: the login is ended at the server too.
    ///
    /// # Errors
    /// [`Error`]; the login is forgotten here in any case.
    pub async fn logout(&self) -> Result<()> {
        let _alone = self.inner.session.login.lock().await;
        let api = &self.inner.api;
        let ended = self.attempts(Repeat::Yes, Duration::ZERO, || api.logout()).await;
        *self.inner.session.key.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.inner.session.renewal.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.inner.session.credentials.clear();
        match ended {
            // It had ended already.
            Err(Error::Unauthorized(_)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Signs in with a one-time code of the local operator.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for a code that was used or never given.
    pub async fn login_operator(&self, code: &str) -> Result<()> {
        let _alone = self.inner.session.login.lock().await;
        let (api, body) = (&self.inner.api, types::OperatorRequest { code: code.to_owned() });
        let answer = self
            .attempts(Repeat::No, Duration::ZERO, || api.auth_operator(&body))
            .await?
            .into_inner();
        self.take_token(&answer)?;
        // A code works once: there is nothing to sign in again with.
        *self.inner.session.key.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    fn take_token(&self, answer: &types::TokenAnswer) -> Result<()> {
        if self.inner.session.credentials.set_bearer(&answer.token) {
            let due =
                Instant::now() + Duration::from_secs(answer.expires_in).mul_f64(RENEWED_AFTER);
            let renewal = Renewal { refresh_token: answer.refresh_token.clone(), due };
            *self.inner.session.renewal.write().unwrap_or_else(PoisonError::into_inner) =
                Some(renewal);
            return Ok(());
        }
        let detail = "the token holds characters that cannot stand in a header".to_owned();
        Err(Error::Mismatch { url: self.url().to_owned(), detail })
    }

    /// The orders that were sent, to know their outcomes by.
    pub(crate) fn sent(&self) -> &Sent {
        &self.inner.session.sent
    }

    /// How patient this client is.
    pub(crate) fn patience(&self) -> &Patience {
        &self.inner.patience
    }

    /// Who asks.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.inner.session.credentials
    }

    /// Renews the login if it is about to run out. What goes wrong is told by the call that needs the login.
    pub(crate) async fn keep_login(&self) {
        let renewal =
            || self.inner.session.renewal.read().unwrap_or_else(PoisonError::into_inner).clone();
        if renewal().is_none_or(|renewal| Instant::now() < renewal.due) {
            return;
        }
        let _alone = self.inner.session.login.lock().await;
        // Unless somebody else has done so meanwhile.
        if let Some(renewal) = renewal().filter(|renewal| Instant::now() >= renewal.due)
            && let Err(error) = self.renew(&renewal).await
        {
            tracing::debug!(%error, "the login was not renewed");
        }
    }

    /// Renews the login by its refresh token.
    async fn renew(&self, renewal: &Renewal) -> Result<()> {
        let (api, body) = (
            &self.inner.api,
            types::RefreshRequest { refresh_token: renewal.refresh_token.clone() },
        );
        // The token before works for a while: asking again does no harm.
        let answer = self.attempts(Repeat::Yes, Duration::ZERO, || api.auth_refresh(&body)).await;
        if matches!(answer, Err(Error::Unauthorized(_))) {
            *self.inner.session.renewal.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        self.take_token(&answer?.into_inner())
    }

    /// Signs in again, by the refresh token or else with the key.
    async fn sign_in_again(&self) -> Result<bool> {
        let renewal =
            self.inner.session.renewal.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(renewal) = renewal
            && self.renew(&renewal).await.is_ok()
        {
            return Ok(true);
        }
        let key = self.inner.session.key.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(key) = key else { return Ok(false) };
        self.sign_in(&key).await.map(|()| true)
    }

    /// Calls, tries again where that may help, and renews the login once.
    pub(crate) async fn call<T, F, Sent>(&self, repeat: Repeat, send: F) -> Result<T>
    where
        F: Fn() -> Sent,
        Sent: Future<Output = Answer<T>>,
    {
        self.keep_login().await;
        let before = self.inner.session.credentials.snapshot();
        match self.attempts(repeat, Duration::ZERO, &send).await {
            Err(Error::Unauthorized(problem)) => {
                {
                    let _alone = self.inner.session.login.lock().await;
                    // Unless somebody else has done so meanwhile.
                    if self.inner.session.credentials.snapshot() == before {
                        if !self.sign_in_again().await? {
                            return Err(Error::Unauthorized(problem));
                        }
                        tracing::debug!("the login was renewed");
                    }
                }
                Ok(self.attempts(repeat, Duration::ZERO, &send).await?.into_inner())
            }
            answer => Ok(answer?.into_inner()),
        }
    }

    /// Calls, and tries again where that may help. The server may let us wait for `wait`.
    pub(crate) async fn attempts<T, F, Sent>(
        &self,
        repeat: Repeat,
        wait: Duration,
        send: F,
    ) -> Result<ResponseValue<T>>
    where
        F: Fn() -> Sent,
        Sent: Future<Output = Answer<T>>,
    {
        let patience = &self.inner.patience;
        let mut backoff = Backoff::new(patience.first_pause(), patience.longest_pause());
        loop {
            let error = match self.once(wait, send()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // What never reached the server, or was turned away at the door, has done nothing yet.
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
            tracing::debug!(error = &error as &dyn std::error::Error, "trying again");
            backoff.wait(error.retry_after()).await;
        }
    }

    /// Calls once, within the time for an answer and the `wait` that was asked for.
    pub(crate) async fn once<T>(
        &self,
        wait: Duration,
        sent: impl Future<Output = Answer<T>>,
    ) -> Result<ResponseValue<T>> {
        let limit = self.inner.patience.answer + wait;
        let answer = async {
            match sent.await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(Error::of_call(self.url(), error).await),
            }
        };
        match tokio::time::timeout(limit, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.too_slow(limit)),
        }
    }

    /// The error for an answer that did not come within this time.
    pub(crate) fn too_slow(&self, limit: Duration) -> Error {
        Error::Timeout { url: self.url().to_owned(), after_ms: milliseconds(limit) }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("url", &self.url())
            .field("credentials", &self.inner.session.credentials)
            .finish_non_exhaustive()
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The address without a trailing slash, if it is one.
fn base_url(text: &str) -> Result<String> {
    let refused = |reason: String| Error::Address { url: text.to_owned(), reason };
    let url = reqwest::Url::parse(text).map_err(|error| refused(error.to_string()))?;
    match url.scheme() {
        "http" => {}
        "https" if cfg!(feature = "tls") => {}
        "https" => {
            return Err(refused(
                "this build of sector-client cannot speak https; build it with the feature `tls`"
                    .into(),
            ));
        }
        scheme => return Err(refused(format!("the scheme is {scheme}"))),
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(Error::Address {
            // What stands before the @ may be a password.
            url: format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()),
            reason: "it has a user, a query or a fragment".into(),
        });
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Checks that a message is a login of this key and nothing else, before it is signed: a key may be worth something
/// elsewhere.
fn check_message(text: &str, key: &Key) -> Result<()> {
    let refused = |detail: String| Error::LoginMessage(detail);
    let message: LoginMessage =
        text.parse().map_err(|error| refused(format!("it is no login message: {error}")))?;
    let address = message.fields().address;
    if address != key.address() {
        return Err(refused(format!("it is for {address}, not for {}", key.address())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
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
    fn the_tag_of_a_snapshot_says_where_to_go_on() {
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
