//! Calls to one sector's API: who asks, how long to wait, and what is tried again.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use progenitor_client::ResponseValue;
use sector_auth::{Key, LoginMessage, OpaqueKind, OpaqueToken, Secret};
use sector_sim::{FactionId, Order, OrderForm, Snapshot};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::credentials::Credentials;
use crate::error::{Error, Problem, Result};
use crate::generated::{self, types};

/// The share of a token's life after which it is renewed.
const RENEWED_AFTER: f64 = 0.8;

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
    credentials: Credentials,
    key: RwLock<Option<Key>>,
    renewal: RwLock<Option<Renewal>>,
    login: Mutex<()>,
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
    fn of_tag(tag: &str) -> Option<Position> {
        let (after, incarnation) = tag.trim_start_matches("W/").trim_matches('"').split_once('.')?;
        Some(Position { after: after.to_owned(), incarnation: incarnation.to_owned() })
    }
}

/// Whether a call may be carried out twice without harm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Yes,
    No,
}

type Answer<T> = std::result::Result<ResponseValue<T>, progenitor_client::Error<Problem>>;

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
        Ok(Client::of(&base, http, patience))
    }

    /// A client of the sector at `url`, which must answer.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unreachable`], [`Error::Mismatch`] and others when no sector answers there.
    pub async fn connect(url: &str) -> Result<Client> {
        let client = Client::new(url)?;
        client.health().await?;
        Ok(client)
    }

    fn of(base: &str, http: reqwest::Client, patience: Patience) -> Client {
        let credentials = Credentials::default();
        let api = generated::Client::new_with_client(base, http, credentials.clone());
        Client {
            inner: Arc::new(Inner {
                api,
                patience,
                credentials,
                key: RwLock::new(None),
                renewal: RwLock::new(None),
                login: Mutex::new(()),
            }),
        }
    }

    /// Another client of the same sector, with the token of its bots, which may order for every faction that no
    /// player has claimed.
    ///
    /// # Errors
    /// [`Error::LoginMessage`] if the token cannot stand in a header.
    pub fn with_bot_token(&self, token: &Secret) -> Result<Client> {
        let client = Client::of(self.url(), self.inner.api.client.clone(), self.inner.patience);
        if client.inner.credentials.set_bot(token.expose()) {
            return Ok(client);
        }
        Err(Error::LoginMessage("the bot token holds characters that cannot stand in a header".into()))
    }

    /// Another client of the same sector, with a key that a player issued for a bot: it gives that player's orders.
    ///
    /// # Errors
    /// [`Error::LoginMessage`] if this is no such key.
    pub fn with_bot_key(&self, key: &Secret) -> Result<Client> {
        if let Err(error) = OpaqueToken::parse(OpaqueKind::BotKey, key.expose()) {
            return Err(Error::LoginMessage(error.to_string()));
        }
        let client = Client::of(self.url(), self.inner.api.client.clone(), self.inner.patience);
        client.inner.credentials.set_bearer(key.expose());
        Ok(client)
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
        let _alone = self.inner.login.lock().await;
        self.sign_in(key).await?;
        *self.inner.key.write().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(())
    }

    /// Signs in with a new key, which is returned: whoever keeps it can come back as the same player.
    ///
    /// # Errors
    /// As [`Client::login`], and [`Error::Random`].
    pub async fn guest(&self) -> Result<Key> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
        let key = Key::from_random_bytes(bytes).map_err(|error| Error::Random(error.to_string()))?;
        self.login(&key).await?;
        Ok(key)
    }

    async fn sign_in(&self, key: &Key) -> Result<()> {
        let api = &self.inner.api;
        let address = key.address();
        let body = types::NonceRequest { address: address.to_string() };
        let asked = self.attempts(Repeat::Yes, Duration::ZERO, || api.auth_nonce(&body)).await?.into_inner();
        check_message(&asked.message, key)?;
        let signature = key.sign_message(&asked.message);
        let body = types::VerifyRequest { address: None, message: Some(asked.message), signature };
        let answer = self.attempts(Repeat::No, Duration::ZERO, || api.auth_verify(&body)).await?.into_inner();
        self.take_token(&answer)
    }

    /// Signs out: the login is ended at the server too.
    ///
    /// # Errors
    /// [`Error`]; the login is forgotten here in any case.
    pub async fn logout(&self) -> Result<()> {
        let _alone = self.inner.login.lock().await;
        let api = &self.inner.api;
        let ended = self.attempts(Repeat::Yes, Duration::ZERO, || api.logout()).await;
        *self.inner.key.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.inner.renewal.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.inner.credentials.clear();
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
        let _alone = self.inner.login.lock().await;
        let (api, body) = (&self.inner.api, types::OperatorRequest { code: code.to_owned() });
        let answer = self.attempts(Repeat::No, Duration::ZERO, || api.auth_operator(&body)).await?.into_inner();
        self.take_token(&answer)?;
        // A code works once: there is nothing to sign in again with.
        *self.inner.key.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    fn take_token(&self, answer: &types::TokenAnswer) -> Result<()> {
        if self.inner.credentials.set_bearer(&answer.token) {
            let due = Instant::now() + Duration::from_secs(answer.expires_in).mul_f64(RENEWED_AFTER);
            let renewal = Renewal { refresh_token: answer.refresh_token.clone(), due };
            *self.inner.renewal.write().unwrap_or_else(PoisonError::into_inner) = Some(renewal);
            return Ok(());
        }
        let detail = "the token holds characters that cannot stand in a header".to_owned();
        Err(Error::Mismatch { url: self.url().to_owned(), detail })
    }

    /// How the API is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn health(&self) -> Result<types::HealthDocument> {
        let api = &self.inner.api;
        self.call(Repeat::Yes, || api.health()).await
    }

    /// Who this client is to the sector.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] before a login.
    pub async fn me(&self) -> Result<types::Me> {
        let api = &self.inner.api;
        self.call(Repeat::Yes, || api.me()).await
    }

    /// All factions, and who plays them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn factions(&self) -> Result<types::FactionList> {
        let api = &self.inner.api;
        self.call(Repeat::Yes, || api.factions(None)).await
    }

    /// Claims a faction for the holder of the login.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is taken, or another is held already.
    pub async fn claim(&self, faction: FactionId) -> Result<types::Me> {
        let (api, body) = (&self.inner.api, types::ClaimRequest { faction: faction.to_string() });
        self.call(Repeat::Yes, || api.claim_faction(&body)).await
    }

    /// Gives the claimed faction up, and says which it was.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn release(&self) -> Result<Option<String>> {
        let api = &self.inner.api;
        Ok(self.call(Repeat::Yes, || api.release_faction()).await?.released)
    }

    /// The sector as it is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let api = &self.inner.api;
        self.call(Repeat::Yes, || api.snapshot(None)).await
    }

    /// The sector as it is, and what to go on from. Tried once.
    pub(crate) async fn snapshot_at(&self) -> Result<(Snapshot, Position)> {
        self.keep_login().await;
        let answer = self.once(Duration::ZERO, self.inner.api.snapshot(None)).await?;
        let tag = answer.headers().get(reqwest::header::ETAG).and_then(|tag| tag.to_str().ok());
        match tag.and_then(Position::of_tag) {
            Some(position) => Ok((answer.into_inner(), position)),
            None => {
                let detail =
                    "the snapshot has no ETag that says which events of which incarnation it includes".to_owned();
                Err(Error::Mismatch { url: self.url().to_owned(), detail })
            }
        }
    }

    /// Up to `count` events after the id `after`, waiting up to `wait` (at most 30 s) for the first.
    ///
    /// # Errors
    /// [`Error::HistoryTrimmed`] when they are not kept any more.
    pub async fn events(&self, after: &str, count: u32, wait: Duration) -> Result<types::EventPage> {
        self.keep_login().await;
        let api = &self.inner.api;
        let wait_ms = u32::try_from(milliseconds(wait)).unwrap_or(u32::MAX);
        let answer = self.attempts(Repeat::Yes, wait, || api.events(Some(after), Some(count), None, Some(wait_ms)));
        Ok(answer.await?.into_inner())
    }

    /// As [`Client::events`], but tried once, and refused after the sector was restored from a backup.
    pub(crate) async fn attempt_events(&self, from: &Position, count: u32, wait: Duration) -> Result<types::EventPage> {
        self.keep_login().await;
        let wait_ms = u32::try_from(milliseconds(wait)).unwrap_or(u32::MAX);
        let call = self.inner.api.events(Some(&from.after), Some(count), Some(&from.incarnation), Some(wait_ms));
        Ok(self.once(wait, call).await?.into_inner())
    }

    /// Sends 1 to 100 orders, which are accepted together or refused together. What becomes of each is told by the
    /// events of the tick that carries them out. They are sent again after a failure if each has a `client_id`: one
    /// that arrived the first time is not accepted twice.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a faction that is not one's own, [`Error::Refused`] for orders that cannot be; the
    /// problem names each.
    pub async fn send_orders(&self, orders: &[Order]) -> Result<types::OrderReceipt> {
        let repeat = if orders.iter().all(|order| order.client_id.is_some()) { Repeat::Yes } else { Repeat::No };
        let body = types::OrderRequest { orders: orders.iter().cloned().map(OrderForm::from).collect() };
        let api = &self.inner.api;
        self.call(repeat, || api.give_orders(&body)).await
    }

    /// Asks for a new universe, from this seed or a new one. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn restart(&self, seed: Option<u64>) -> Result<types::RestartAnswer> {
        let api = &self.inner.api;
        self.call(Repeat::No, || api.restart(seed, None)).await
    }

    /// Ends all claims, and says how many there were. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn bots_only(&self) -> Result<u64> {
        let api = &self.inner.api;
        Ok(self.call(Repeat::Yes, || api.bots_only(None)).await?.released)
    }

    /// Whether the sector stands still. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn is_paused(&self) -> Result<bool> {
        let api = &self.inner.api;
        Ok(self.call(Repeat::Yes, || api.paused()).await?.paused)
    }

    /// Lets the sector stand still or go on. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn set_paused(&self, paused: bool) -> Result<bool> {
        let api = &self.inner.api;
        Ok(self.call(Repeat::Yes, || api.pause(paused, None)).await?.paused)
    }

    /// Renews the login if it is about to run out. What goes wrong is told by the call that needs the login.
    async fn keep_login(&self) {
        let renewal = || self.inner.renewal.read().unwrap_or_else(PoisonError::into_inner).clone();
        if renewal().is_none_or(|renewal| Instant::now() < renewal.due) {
            return;
        }
        let _alone = self.inner.login.lock().await;
        // Unless somebody else has done so meanwhile.
        if let Some(renewal) = renewal().filter(|renewal| Instant::now() >= renewal.due)
            && let Err(error) = self.renew(&renewal).await
        {
            tracing::debug!(%error, "the login was not renewed");
        }
    }

    /// Renews the login by its refresh token.
    async fn renew(&self, renewal: &Renewal) -> Result<()> {
        let (api, body) = (&self.inner.api, types::RefreshRequest { refresh_token: renewal.refresh_token.clone() });
        // The token before works for a while: asking again does no harm.
        let answer = self.attempts(Repeat::Yes, Duration::ZERO, || api.auth_refresh(&body)).await;
        if matches!(answer, Err(Error::Unauthorized(_))) {
            *self.inner.renewal.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        self.take_token(&answer?.into_inner())
    }

    /// Signs in again, by the refresh token or else with the key.
    async fn sign_in_again(&self) -> Result<bool> {
        let renewal = self.inner.renewal.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(renewal) = renewal
            && self.renew(&renewal).await.is_ok()
        {
            return Ok(true);
        }
        let key = self.inner.key.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(key) = key else { return Ok(false) };
        self.sign_in(&key).await.map(|()| true)
    }

    /// Calls, tries again where that may help, and renews the login once.
    async fn call<T, F, Sent>(&self, repeat: Repeat, send: F) -> Result<T>
    where
        F: Fn() -> Sent,
        Sent: Future<Output = Answer<T>>,
    {
        self.keep_login().await;
        let before = self.inner.credentials.snapshot();
        match self.attempts(repeat, Duration::ZERO, &send).await {
            Err(Error::Unauthorized(problem)) => {
                {
                    let _alone = self.inner.login.lock().await;
                    // Unless somebody else has done so meanwhile.
                    if self.inner.credentials.snapshot() == before {
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
    async fn attempts<T, F, Sent>(&self, repeat: Repeat, wait: Duration, send: F) -> Result<ResponseValue<T>>
    where
        F: Fn() -> Sent,
        Sent: Future<Output = Answer<T>>,
    {
        let patience = &self.inner.patience;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
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
    async fn once<T>(&self, wait: Duration, sent: impl Future<Output = Answer<T>>) -> Result<ResponseValue<T>> {
        let limit = self.inner.patience.answer + wait;
        let answer = async {
            match sent.await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(Error::of_call(self.url(), error).await),
            }
        };
        match tokio::time::timeout(limit, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Timeout { url: self.url().to_owned(), after_ms: milliseconds(limit) }),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("url", &self.url())
            .field("credentials", &self.inner.credentials)
            .finish_non_exhaustive()
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The address without a trailing slash, if it is one.
fn base_url(text: &str) -> Result<String> {
    let refused = |reason: String| Error::Address { url: text.to_owned(), reason };
    let url = reqwest::Url::parse(text).map_err(|error| refused(error.to_string()))?;
    match url.scheme() {
        "http" => {}
        "https" if cfg!(feature = "tls") => {}
        "https" => return Err(refused("this build of sector-client is without the feature `tls`".into())),
        scheme => return Err(refused(format!("the scheme is {scheme}"))),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
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
    let message: LoginMessage = text.parse().map_err(|error| refused(format!("it is no login message: {error}")))?;
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
        for bad in ["", "127.0.0.1:8000", "ftp://x", "http://", "http://x/?a", "http://x/#a", "http://u:secret@x"] {
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
        for text in ["", "Send all my money.", "localhost wants you to sign in with your Ethereum account:\n0x0"] {
            assert!(matches!(check_message(text, &key), Err(Error::LoginMessage(_))), "{text}");
        }
    }
}
