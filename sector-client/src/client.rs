//! Everything that a client of a sector can do.

use std::future::poll_fn;
use std::time::Duration;

use progenitor_client::{ByteStream, ResponseValue};
use sector_auth::{Key, OpaqueKind, OpaqueToken, Secret};
use sector_sim::order::OrderForm;
use sector_sim::{FactionId, Order, Rules, Snapshot, SystemId};

use crate::error::{Error, Result};
use crate::generated::{Client as Api, types};
use crate::live::{Ticks, Transport};
use crate::orders::{Delivery, ORDERS_MAX, names_orders, take_refused};
use crate::rules;
use crate::session::{self, Client, Patience, Position, Repeat};

/// Longest replay accepted, in bytes.
const REPLAY_BYTES_MAX: usize = 1 << 30;
/// Longest name of a sector, in characters.
const SECTOR_NAME_MAX: usize = 32;

/// Permissions of a key with which a bot can play: read and give orders.
pub const BOT_VERBS: [&str; 2] = ["read", "orders"];

/// # Connecting
impl Client {
    /// A client for the sector at `url`, such as `http://127.0.0.1:8000`. Sends no request.
    ///
    /// # Errors
    /// [`Error::Address`] for an invalid URL.
    pub fn new(url: &str) -> Result<Client> {
        Client::with_patience(url, Patience::default())
    }

    /// A client with other time limits. Sends no request.
    ///
    /// # Errors
    /// [`Error::Address`] for an invalid URL.
    pub fn with_patience(url: &str, patience: Patience) -> Result<Client> {
        Client::build(url, patience)
    }

    /// A client for the sector at `url`, which must respond and have a version that this SDK
    /// supports, see [`crate::is_compatible`].
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unreachable`], [`Error::NotASector`] and [`Error::Version`] say
    /// what is wrong with the URL or the server.
    pub async fn connect(url: &str) -> Result<Client> {
        let client = Client::new(url)?;
        client.check_server().await?;
        Ok(client)
    }

    /// Sectors of this server; [`Client::sector`] selects one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn sectors(&self) -> Result<Vec<types::SectorPlace>> {
        Ok(self.call(Repeat::Yes, Api::sectors).await?.sectors)
    }

    /// A client for another sector of the same server, with the same login. [`Client::sectors`]
    /// lists them.
    ///
    /// # Errors
    /// [`Error::Address`] for an invalid name.
    pub fn sector(&self, name: &str) -> Result<Client> {
        let allowed =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || name.len() > SECTOR_NAME_MAX || !name.chars().all(allowed) {
            let shown: String = name.chars().take(SECTOR_NAME_MAX).collect();
            let reason =
                format!("invalid sector name {shown:?}; allowed: 1 to 32 of a-z, 0-9 and -");
            return Err(Error::Address { url: self.url().to_owned(), reason });
        }
        let server = self.url().rsplit_once("/sectors/").map_or(self.url(), |(server, _)| server);
        Ok(self.same_login(&format!("{server}/sectors/{name}")))
    }

    /// URL of the sector.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.api().baseurl
    }

    /// The generated client, with every operation of the API. It sends the same credentials, and
    /// does not retry.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.inner.api
    }

    /// Health of the API.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn health(&self) -> Result<types::HealthDocument> {
        self.call(Repeat::Yes, Api::health).await
    }

    /// Status of the sector and version of its server. Available even while the server cannot reach
    /// its store.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn status(&self) -> Result<types::SectorStatus> {
        self.call(Repeat::Yes, Api::status).await
    }
}

/// # Logging in
impl Client {
    /// Logs in with a key. Applies to this client and its clones, which log in again when the login
    /// expires.
    ///
    /// # Errors
    /// [`Error::LoginMessage`] if the server asks to sign anything but a login of this key.
    pub async fn login(&self, key: &Key) -> Result<()> {
        self.log_in(key).await
    }

    /// Logs in with a new key and returns it. Keep the key to log in as the same player later.
    ///
    /// # Errors
    /// As [`Client::login`], and [`Error::Random`].
    pub async fn guest(&self) -> Result<Key> {
        let key = session::random_key()?;
        self.log_in(&key).await?;
        Ok(key)
    }

    /// Logs in with a one-time code of the local operator.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for an unknown or used code.
    pub async fn login_operator(&self, code: &str) -> Result<()> {
        self.log_in_operator(code).await
    }

    /// Logs out, on the server too.
    ///
    /// # Errors
    /// [`Error`]; this client forgets the login in any case.
    pub async fn logout(&self) -> Result<()> {
        self.log_out().await
    }

    /// Uses a key that a player issued for a bot (see [`Client::issue_key`]), to give that player's
    /// orders. Applies to this client and its clones. Sends no request: the first call that needs
    /// the key fails if it is revoked or expired.
    ///
    /// # Errors
    /// [`Error::Credential`] for a malformed key.
    pub async fn bot_key(&self, key: &str) -> Result<()> {
        check_bot_key(key)?;
        self.use_bearer(key).await
    }

    /// Another client of the same sector, with a key that a player issued for a bot.
    ///
    /// # Errors
    /// [`Error::Credential`] for a malformed key.
    pub fn with_bot_key(&self, key: &Secret) -> Result<Client> {
        check_bot_key(key.expose())?;
        let client = self.no_login();
        client.credentials().set_bearer(key.expose());
        Ok(client)
    }

    /// Another client of the same sector, with the token of the sector's own bots, which may give
    /// orders for every faction that no player has claimed.
    ///
    /// # Errors
    /// [`Error::Credential`] for a token with characters that a header cannot contain.
    pub fn with_bot_token(&self, token: &Secret) -> Result<Client> {
        let client = self.no_login();
        if client.credentials().set_bot(token.expose()) {
            return Ok(client);
        }
        Err(Error::Credential(
            "the bot token has characters that an HTTP header cannot contain".into(),
        ))
    }

    /// The player, as the sector identifies this client.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] before a login.
    pub async fn me(&self) -> Result<types::Me> {
        self.call(Repeat::Yes, Api::me).await
    }
}

/// # Keys for bots
impl Client {
    /// Keys that the player has issued and not revoked, without their secrets.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] before a login.
    pub async fn keys(&self) -> Result<Vec<types::ListedKey>> {
        Ok(self.call(Repeat::Yes, Api::keys).await?.keys)
    }

    /// Issues a key with which a bot may act for the player, within the permissions `verbs`
    /// ([`BOT_VERBS`] to play). The response is the only place that contains its secret, for
    /// [`Client::bot_key`].
    ///
    /// # Errors
    /// [`Error::Credential`] for a label without 1 to 40 characters, [`Error::Refused`] for unknown
    /// verbs.
    pub async fn issue_key(
        &self,
        label: &str,
        verbs: &[&str],
        life: Option<Duration>,
    ) -> Result<types::IssuedKey> {
        let label =
            label.parse().map_err(|error| Error::Credential(format!("key label: {error}")))?;
        let verbs = verbs.iter().map(|verb| (*verb).to_owned()).collect();
        let body = types::KeyRequest { label, verbs, expires_in: life.map(|life| life.as_secs()) };
        // Not repeatable: a second attempt would issue another key.
        self.call(Repeat::No, |api| api.issue_key(&body)).await
    }

    /// Revokes a key by its id.
    ///
    /// # Errors
    /// [`Error::Refused`] if the player has no such key.
    pub async fn revoke_key(&self, id: &str) -> Result<()> {
        self.call(Repeat::No, |api| api.revoke_key(id)).await.map(drop)
    }
}

/// # Factions
impl Client {
    /// All factions, with their players.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn factions(&self) -> Result<types::FactionList> {
        self.call(Repeat::Yes, |api| api.factions(None)).await
    }

    /// A faction: state, rank, history and player.
    ///
    /// # Errors
    /// [`Error::Refused`] if the faction does not exist.
    pub async fn faction(&self, faction: FactionId) -> Result<types::FactionDocument> {
        let id = faction.to_string();
        self.call(Repeat::Yes, |api| api.faction(&id)).await
    }

    /// Claims a faction for the player.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is taken, or if the player holds another one.
    pub async fn claim(&self, faction: FactionId) -> Result<types::Me> {
        let body = types::ClaimRequest { faction: faction.to_string() };
        self.call(Repeat::Yes, |api| api.claim_faction(&body)).await
    }

    /// Keeps the player's faction: says "still here" for a player who gives no orders. Returns the
    /// faction, if there is one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn keep(&self) -> Result<Option<String>> {
        Ok(self.call(Repeat::Yes, Api::keep_faction).await?.faction)
    }

    /// Releases the player's faction and returns its id, if there was one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn release(&self) -> Result<Option<String>> {
        Ok(self.call(Repeat::Yes, Api::release_faction).await?.released)
    }
}

/// # Following and reading the sector
impl Client {
    /// Follows the sector from its current tick, over an event stream.
    #[must_use]
    pub fn ticks(&self) -> Ticks {
        self.ticks_by(Transport::Stream)
    }

    /// Follows the sector from its current tick, over this transport.
    #[must_use]
    pub fn ticks_by(&self, transport: Transport) -> Ticks {
        Ticks::new(self.clone(), transport)
    }

    /// The current state of the whole sector.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.call(Repeat::Yes, |api| api.snapshot(None)).await
    }

    /// The current snapshot and its position in the event stream. Does not retry.
    pub(crate) async fn snapshot_once(&self) -> Result<(Snapshot, Position)> {
        self.keep_login().await;
        let answer = self.once(Duration::ZERO, self.api().snapshot(None)).await?;
        let tag = answer.headers().get(reqwest::header::ETAG).and_then(|tag| tag.to_str().ok());
        match tag.and_then(Position::of_tag) {
            Some(position) => Ok((answer.into_inner(), position)),
            None => Err(Error::mismatch(
                self.url(),
                "the ETag of the snapshot has no event id and incarnation",
            )),
        }
    }

    /// Up to `count` events after the id `after` of this `incarnation`, both as in the page or
    /// snapshot before; `0-0` is the beginning and needs no incarnation. Waits up to `wait` (at most
    /// 30 s) for the first one.
    ///
    /// # Errors
    /// [`Error::HistoryTrimmed`] if they are no longer kept, or the sector was restored from a
    /// backup.
    pub async fn events(
        &self,
        after: &str,
        incarnation: Option<&str>,
        count: u32,
        wait: Duration,
    ) -> Result<types::EventPage> {
        self.keep_login().await;
        let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        let answer = self.attempts(Repeat::Yes, wait, |api| {
            api.events(Some(after), Some(count), incarnation, Some(wait_ms))
        });
        Ok(answer.await?.into_inner())
    }

    /// As [`Client::events`], but does not retry, and fails after the sector was restored from a
    /// backup.
    pub(crate) async fn events_once(
        &self,
        from: &Position,
        count: u32,
        wait: Duration,
    ) -> Result<types::EventPage> {
        self.keep_login().await;
        let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        let (after, incarnation) = (Some(from.after.as_str()), Some(from.incarnation.as_str()));
        let call = self.api().events(after, Some(count), incarnation, Some(wait_ms));
        Ok(self.once(wait, call).await?.into_inner())
    }

    /// A system: state, lanes, and the fleets at it or on their way to it.
    ///
    /// # Errors
    /// [`Error::Refused`] if the system does not exist.
    pub async fn system(&self, system: SystemId) -> Result<types::SystemDocument> {
        self.call(Repeat::Yes, |api| api.system(system.0)).await
    }

    /// Shows the server that the player is active, so that it keeps the claim. Ignores errors,
    /// which the next call will report.
    pub(crate) async fn keep_claim(&self) {
        self.keep_login().await;
        if let Err(error) = self.once(Duration::ZERO, self.api().system(0)).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "cannot renew the claim");
        }
    }

    /// The rules of the running universe, checked.
    ///
    /// # Errors
    /// [`Error::Rules`] if this version of the engine does not know them.
    pub async fn rules(&self) -> Result<Rules> {
        rules::parse(self.rules_document().await?)
    }

    /// The rules as the sector publishes them: every number with its allowed range.
    ///
    /// # Errors
    /// [`Error::Rules`] if the server does not know the rules.
    pub async fn rules_document(&self) -> Result<types::RulesDocument> {
        self.call(Repeat::Yes, |api| api.rules(None)).await.map_err(rules::explain)
    }

    /// As [`Client::rules_document`], but does not retry.
    pub(crate) async fn rules_once(&self) -> Result<types::RulesDocument> {
        self.keep_login().await;
        let answer = self.once(Duration::ZERO, self.api().rules(None)).await;
        answer.map(ResponseValue::into_inner).map_err(rules::explain)
    }
}

/// # Orders
impl Client {
    /// Sends any number of orders, in batches of 100. A sector accepts or refuses a batch as a
    /// whole: orders that it names as invalid are removed, and the rest is sent again.
    ///
    /// # Errors
    /// As [`Client::send_orders`], unless the error names single orders. Earlier batches may have
    /// been accepted.
    pub async fn deliver(&self, orders: &[Order]) -> Result<Delivery> {
        let mut delivery = Delivery::default();
        for batch in orders.chunks(ORDERS_MAX) {
            let mut batch = batch.to_vec();
            while !batch.is_empty() {
                match self.send_orders(&batch).await {
                    Ok(receipt) => {
                        delivery.accepted += batch.len();
                        delivery.duplicates.extend(receipt.duplicates);
                        delivery.receipts.push(receipt.id);
                        break;
                    }
                    Err(Error::Refused(problem) | Error::Forbidden(problem))
                        if names_orders(&problem, batch.len()) =>
                    {
                        take_refused(&mut batch, &problem, &mut delivery.refused);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(delivery)
    }

    /// Sends 1 to 100 orders, which are accepted or refused together. The events of the tick that
    /// applies them contain their outcomes. Retries only if each order has a `client_id`, so that
    /// none can be accepted twice.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another player's faction, [`Error::Refused`] for invalid orders;
    /// the problem names each.
    pub async fn send_orders(&self, orders: &[Order]) -> Result<types::OrderReceipt> {
        let has_ids = orders.iter().all(|order| order.client_id.is_some());
        let body = request(orders);
        // Before sending, because the outcome may arrive before the receipt.
        self.sent().remember(orders);
        self.call(if has_ids { Repeat::Yes } else { Repeat::No }, |api| api.give_orders(&body))
            .await
    }

    /// Preview of 1 to 100 orders as if they were sent now: route, arrival and battle of each.
    /// Sends none.
    ///
    /// # Errors
    /// [`Error::Refused`] for none or too many orders.
    pub async fn check_orders(&self, orders: &[Order]) -> Result<types::OrderCheck> {
        let body = request(orders);
        self.call(Repeat::Yes, |api| api.check_orders(&body)).await
    }

    /// Status of a receipt's orders: waiting, applied or refused.
    ///
    /// # Errors
    /// [`Error::Refused`] if the receipt is another player's, or no longer known.
    pub async fn order(&self, receipt: &str) -> Result<types::ReceiptStatus> {
        self.call(Repeat::Yes, |api| api.order_status(receipt)).await
    }

    /// Status of the player's newest orders: at most `count` receipts (1 to 100).
    ///
    /// # Errors
    /// [`Error::Unauthorized`] before a login.
    pub async fn my_orders(&self, count: u32) -> Result<Vec<types::ReceiptStatus>> {
        Ok(self.call(Repeat::Yes, |api| api.my_orders(Some(count), None)).await?.orders)
    }
}

/// # Past runs
impl Client {
    /// The newest runs, at most `count` (1 to 100). With `before`, the `next` of the previous page,
    /// the ones before that.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn runs(&self, before: Option<&str>, count: u32) -> Result<types::RunPage> {
        self.call(Repeat::Yes, |api| api.runs(before, Some(count))).await
    }

    /// A run, finished or current.
    ///
    /// # Errors
    /// [`Error::Refused`] if no run of this universe is kept.
    pub async fn run(&self, universe: &str) -> Result<types::RunDocument> {
        self.call(Repeat::Yes, |api| api.run(universe)).await
    }

    /// Replay of a run, for [`sector_sim::replay::Replay::parse`]: whole if the run is finished, otherwise
    /// up to now.
    ///
    /// # Errors
    /// [`Error::Refused`] if no run of this universe is kept.
    pub async fn replay(&self, universe: &str) -> Result<Vec<u8>> {
        let stream = self.call(Repeat::Yes, |api| api.replay(universe)).await?;
        self.collect(stream).await
    }

    /// Players ranked by victories.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn leaderboard(&self) -> Result<types::Leaderboard> {
        self.call(Repeat::Yes, Api::leaderboard).await
    }

    /// All bytes of a response, if they are not too many and no piece takes too long.
    async fn collect(&self, stream: ByteStream) -> Result<Vec<u8>> {
        let (mut stream, mut all) = (stream.into_inner(), Vec::new());
        loop {
            let piece = poll_fn(|context| stream.as_mut().poll_next(context));
            let piece = self.within(self.patience().answer, async { Ok(piece.await) }).await?;
            let Some(piece) = piece else { return Ok(all) };
            all.extend_from_slice(&piece.map_err(|source| Error::unreachable(self.url(), source))?);
            if all.len() > REPLAY_BYTES_MAX {
                let detail = format!("the replay is longer than {REPLAY_BYTES_MAX} bytes");
                return Err(Error::mismatch(self.url(), detail));
            }
        }
    }
}

/// # Administration
impl Client {
    /// Requests a new universe, with this seed or a random one. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn restart(&self, seed: Option<u64>) -> Result<types::RestartAnswer> {
        self.call(Repeat::No, |api| api.restart(seed, None)).await
    }

    /// Ends all claims and returns their number. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn bots_only(&self) -> Result<u64> {
        Ok(self.call(Repeat::Yes, |api| api.bots_only(None)).await?.released)
    }

    /// Whether the sector is paused. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn is_paused(&self) -> Result<bool> {
        Ok(self.call(Repeat::Yes, Api::paused).await?.paused)
    }

    /// Pauses or resumes the sector. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn set_paused(&self, paused: bool) -> Result<bool> {
        Ok(self.call(Repeat::Yes, |api| api.pause(paused, None)).await?.paused)
    }
}

fn request(orders: &[Order]) -> types::OrderRequest {
    types::OrderRequest { orders: orders.iter().cloned().map(OrderForm::from).collect() }
}

fn check_bot_key(key: &str) -> Result<()> {
    match OpaqueToken::parse(OpaqueKind::BotKey, key) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Credential(error.to_string())),
    }
}
