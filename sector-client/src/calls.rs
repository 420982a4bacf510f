//! What can be asked of a sector: the sector itself, its factions, its records.

use std::future::poll_fn;
use std::time::Duration;

use progenitor_client::ResponseValue;
use sector_sim::{FactionId, RULES_VERSION, Rules, Snapshot, SystemId};

use crate::error::{Error, Result};
use crate::generated::types;
use crate::session::{Client, Position, Repeat, milliseconds};

/// The longest replay that is taken.
const REPLAY_BYTES_MAX: usize = 1 << 30;

impl Client {
    /// How the API is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn health(&self) -> Result<types::HealthDocument> {
        let api = self.api();
        self.call(Repeat::Yes, || api.health()).await
    }

    /// How the sector is, and which version serves it. It is told also while the sector's store cannot be reached.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn status(&self) -> Result<types::SectorStatus> {
        let api = self.api();
        self.call(Repeat::Yes, || api.status()).await
    }

    /// The sectors that this server serves; [`Client::sector`] goes to one of them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn sectors(&self) -> Result<Vec<types::SectorPlace>> {
        let api = self.api();
        Ok(self.call(Repeat::Yes, || api.sectors()).await?.sectors)
    }

    /// Who this client is to the sector.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] before a login.
    pub async fn me(&self) -> Result<types::Me> {
        let api = self.api();
        self.call(Repeat::Yes, || api.me()).await
    }

    /// All factions, and who plays them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn factions(&self) -> Result<types::FactionList> {
        let api = self.api();
        self.call(Repeat::Yes, || api.factions(None)).await
    }

    /// Claims a faction for the holder of the login.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is taken, or another is held already.
    pub async fn claim(&self, faction: FactionId) -> Result<types::Me> {
        let (api, body) = (self.api(), types::ClaimRequest { faction: faction.to_string() });
        self.call(Repeat::Yes, || api.claim_faction(&body)).await
    }

    /// Gives the claimed faction up, and says which it was.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn release(&self) -> Result<Option<String>> {
        let api = self.api();
        Ok(self.call(Repeat::Yes, || api.release_faction()).await?.released)
    }

    /// A faction: its state, its rank, how it has fared and who plays it.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is none of this name.
    pub async fn faction(&self, faction: FactionId) -> Result<types::FactionDocument> {
        let (api, id) = (self.api(), faction.to_string());
        self.call(Repeat::Yes, || api.faction(&id)).await
    }

    /// A system: its state, its lanes, the fleets there and those on their way to it.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is none of this number.
    pub async fn system(&self, system: SystemId) -> Result<types::SystemDocument> {
        let api = self.api();
        self.call(Repeat::Yes, || api.system(system.0)).await
    }

    /// The rules that the running universe lives by, checked.
    ///
    /// # Errors
    /// [`Error::Rules`] when this version of the engine does not know them.
    pub async fn rules(&self) -> Result<Rules> {
        rules_of(self.rules_document().await?)
    }

    /// The rules as the sector publishes them: every number with the range that it may have.
    ///
    /// # Errors
    /// [`Error::Rules`] when the server does not know the rules itself.
    pub async fn rules_document(&self) -> Result<types::RulesDocument> {
        let api = self.api();
        self.call(Repeat::Yes, || api.rules(None)).await.map_err(foreign)
    }

    /// As [`Client::rules_document`], but tried once.
    pub(crate) async fn rules_once(&self) -> Result<types::RulesDocument> {
        self.keep_login().await;
        self.once(Duration::ZERO, self.api().rules(None))
            .await
            .map(ResponseValue::into_inner)
            .map_err(foreign)
    }

    /// Lets the server hear of this client, which renews its claim. What goes wrong is told by the next call.
    pub(crate) async fn show_life(&self) {
        self.keep_login().await;
        if let Err(error) = self.once(Duration::ZERO, self.api().system(0)).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the claim was not renewed");
        }
    }

    /// Who has won most.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn leaderboard(&self) -> Result<types::Leaderboard> {
        let api = self.api();
        self.call(Repeat::Yes, || api.leaderboard()).await
    }

    /// The newest runs, at most `count` (1 to 100); with `before` (the `next` of the page before), the ones older
    /// than that.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn runs(&self, before: Option<&str>, count: u32) -> Result<types::RunPage> {
        let api = self.api();
        self.call(Repeat::Yes, || api.runs(before, Some(count))).await
    }

    /// A run that is over, or the running one.
    ///
    /// # Errors
    /// [`Error::Refused`] when none of this universe is kept.
    pub async fn run(&self, universe: &str) -> Result<types::RunDocument> {
        let api = self.api();
        self.call(Repeat::Yes, || api.run(universe)).await
    }

    /// The replay of a run, for [`sector_sim::Replay::parse`]: of one that is over whole, of the running one up to now.
    ///
    /// # Errors
    /// [`Error::Refused`] when none of this universe is kept.
    pub async fn replay(&self, universe: &str) -> Result<Vec<u8>> {
        let api = self.api();
        let stream = self.call(Repeat::Yes, || api.replay(universe)).await?;
        collect(self.url(), stream, self.patience().answer).await
    }

    /// The sector as it is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let api = self.api();
        self.call(Repeat::Yes, || api.snapshot(None)).await
    }

    /// The sector as it is, and what to go on from. Tried once.
    pub(crate) async fn snapshot_at(&self) -> Result<(Snapshot, Position)> {
        self.keep_login().await;
        let answer = self.once(Duration::ZERO, self.api().snapshot(None)).await?;
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
    pub async fn events(
        &self,
        after: &str,
        count: u32,
        wait: Duration,
    ) -> Result<types::EventPage> {
        self.keep_login().await;
        let api = self.api();
        let wait_ms = u32::try_from(milliseconds(wait)).unwrap_or(u32::MAX);
        let answer = self.attempts(Repeat::Yes, wait, || {
            api.events(Some(after), Some(count), None, Some(wait_ms))
        });
        Ok(answer.await?.into_inner())
    }

    /// As [`Client::events`], but tried once, and refused after the sector was restored from a backup.
    pub(crate) async fn attempt_events(
        &self,
        from: &Position,
        count: u32,
        wait: Duration,
    ) -> Result<types::EventPage> {
        self.keep_login().await;
        let wait_ms = u32::try_from(milliseconds(wait)).unwrap_or(u32::MAX);
        let call = self.api().events(
            Some(&from.after),
            Some(count),
            Some(&from.incarnation),
            Some(wait_ms),
        );
        Ok(self.once(wait, call).await?.into_inner())
    }
}

/// The bytes of a stream, if there are no more than may be.
async fn collect(
    url: &str,
    stream: progenitor_client::ByteStream,
    limit: Duration,
) -> Result<Vec<u8>> {
    let (mut stream, mut all) = (stream.into_inner(), Vec::new());
    let mut next = async || poll_fn(|context| stream.as_mut().poll_next(context)).await;
    loop {
        match tokio::time::timeout(limit, next()).await {
            Ok(Some(Ok(bytes))) if all.len() + bytes.len() > REPLAY_BYTES_MAX => {
                drop(bytes);
                let detail = format!("the replay is longer than {REPLAY_BYTES_MAX} bytes");
                return Err(Error::Mismatch { url: url.to_owned(), detail });
            }
            Ok(Some(Ok(bytes))) => all.extend_from_slice(&bytes),
            Ok(Some(Err(source))) => {
                return Err(Error::Unreachable {
                    url: url.to_owned(),
                    source: source.without_url(),
                });
            }
            Ok(None) => return Ok(all),
            Err(_) => {
                return Err(Error::Timeout { url: url.to_owned(), after_ms: milliseconds(limit) });
            }
        }
    }
}

/// The error for rules that the server itself does not know.
fn foreign(error: Error) -> Error {
    match error {
        Error::Refused(problem) if problem.code == "foreign_rules" => {
            Error::Rules { name: "?".to_owned(), detail: problem.detail }
        }
        error => error,
    }
}

/// The rules that a document tells.
pub(crate) fn rules_of(document: types::RulesDocument) -> Result<Rules> {
    let types::RulesDocument { name, rules_version, rules, .. } = document;
    let refused = |detail: String| Error::Rules { name: name.clone(), detail };
    if rules_version != RULES_VERSION {
        return Err(refused(format!(
            "they are of version {rules_version} of the engine's rules, and this engine is of version {RULES_VERSION}"
        )));
    }
    let rules: Rules = serde_json::from_value(serde_json::Value::Object(rules))
        .map_err(|error| refused(error.to_string()))?;
    rules.check().map_err(|error| refused(error.to_string()))?;
    Ok(rules)
}
