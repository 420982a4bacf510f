//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use follow::{Resyncs, Sectors};
use http_kit::client_slots::CLIENTS_MAX;
use http_kit::quota::Gate;
use http_kit::{ClientSlots, Sockets};
use process_kit::Handles;
use process_kit::trace::Tracer;
use sector_auth::{Address, Role, Timestamp, TokenKey, TokenKeys};
use sector_redis::ServiceStore;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::error::Error;
use crate::identity::bot_keys::{BotKey, Labels};
use crate::identity::bot_tokens::BotTokens;
use crate::identity::sessions::Standing;
use crate::limits::meter::{self, Meter};
use crate::limits::quotas::{self, Measure, QuotaConfig};
use crate::request::bodies::Bodies;
use crate::rulebook::Rulebooks;
use crate::seats::Sightings;

/// Most replays that are made at the same time: each plays a run anew, which takes a core while it lasts.
const REPLAYS_MAX: usize = 4;
/// Most event streams of one address: a few people behind one router, each with a few pages.
const STREAMS_PER_ADDRESS_MAX: usize = 20;

/// Tells the time of day.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's clock.
#[must_use]
pub fn system_clock() -> WallClock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    })
}

/// What all handlers share.
pub struct Api {
    pub(crate) config: Config,
    pub(crate) sectors: Arc<Sectors>,
    pub(crate) tokens: TokenKeys,
    pub(crate) bot_tokens: BotTokens,
    pub(crate) standing_sessions: Standing<()>,
    pub(crate) standing_keys: Standing<(Address, BotKey)>,
    pub(crate) key_labels: Labels,
    pub(crate) sightings: Sightings,
    pub(crate) gate: Arc<Gate<Measure>>,
    pub(crate) meter: Meter,
    pub(crate) rulebooks: Rulebooks,
    pub(crate) bodies: Bodies,
    /// Grows with every seat that is taken or left by way of this process.
    pub(crate) seat_changes: AtomicU64,
    /// Replays that are being made.
    pub(crate) replays: Arc<Semaphore>,
    /// Slots of `/events/stream`.
    pub(crate) streams: Arc<ClientSlots>,
    pub(crate) sockets: Sockets,
    pub(crate) resyncs: Arc<Resyncs>,
    pub(crate) tracer: Tracer,
    clock: WallClock,
}

impl Api {
    /// Checks the configuration and puts the parts together.
    ///
    /// # Errors
    /// [`Error::Config`] for a signing secret that is too short, an issuer or an audience without or of too long a name.
    pub fn new(
        config: Config,
        sectors: Arc<Sectors>,
        clock: WallClock,
        handles: &Handles<QuotaConfig>,
    ) -> Result<Self, Error> {
        let secret = config.jwt_secret.expose().as_bytes();
        let key = TokenKey::new(secret)
            .map_err(|error| Error::Config { option: "JWT_SECRET", detail: error.to_string() })?;
        let previous = config
            .jwt_previous_secrets
            .iter()
            .map(|secret| TokenKey::new(secret.expose().as_bytes()));
        let previous = previous.collect::<Result<_, _>>().map_err(|error| Error::Config {
            option: "JWT_PREVIOUS_SECRETS",
            detail: error.to_string(),
        })?;
        let (issuer, audience) = (config.jwt_issuer.as_str(), config.jwt_audience.as_str());
        let tokens =
            TokenKeys::new(issuer, audience, key, previous).map_err(|error| Error::Config {
                option: "JWT_ISSUER, JWT_AUDIENCE and JWT_PREVIOUS_SECRETS",
                detail: error.to_string(),
            })?;
        let gate = Arc::new(quotas::gate(&config.quotas)?);
        let slots =
            ClientSlots::new(config.quotas.ws_max_clients, config.quotas.ws_max_per_address);
        let (live_gate, live_slots) = (Arc::clone(&gate), Arc::clone(&slots));
        handles.limits.listen(move |limits| {
            live_slots.resize(limits.ws_max_clients, limits.ws_max_per_address);
            // Its numbers are in their ranges, and nothing else differs.
            if let Err(error) = quotas::gate(limits).and_then(|other| live_gate.adopt(other)) {
                tracing::error!(%error, "the quotas before hold");
            }
        });
        let meter = Meter::new(&handles.metrics);
        let resyncs = Arc::new(Resyncs::measured(meter::tally(&handles.metrics)));
        let sockets = Sockets::new(config.cors_origins.clone(), slots);
        let bot_tokens =
            BotTokens::new(config.bot_api_token.as_ref(), config.bot_api_token_file.as_ref())?;
        Ok(Self {
            config,
            sectors,
            tokens,
            bot_tokens,
            standing_sessions: Standing::default(),
            standing_keys: Standing::default(),
            key_labels: Labels::default(),
            sightings: Sightings::default(),
            rulebooks: Rulebooks::default(),
            bodies: Bodies::default(),
            seat_changes: AtomicU64::new(0),
            streams: ClientSlots::new(CLIENTS_MAX, STREAMS_PER_ADDRESS_MAX),
            sockets,
            resyncs,
            replays: Arc::new(Semaphore::new(REPLAYS_MAX)),
            gate,
            meter,
            tracer: handles.tracer.clone(),
            clock,
        })
    }

    /// Where logins, sessions and keys are kept, for all sectors.
    pub(crate) fn home(&self) -> &Arc<dyn ServiceStore> {
        self.sectors.home().store()
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What somebody who logs in may do.
    pub(crate) fn role(&self, address: Address) -> Role {
        if self.config.admin_addresses.0.contains(&address) { Role::Admin } else { Role::Player }
    }

    /// How long a player may be away, in milliseconds.
    pub(crate) fn idle_ms(&self) -> u64 {
        self.config.claim_idle_seconds.0.saturating_mul(1_000)
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Api").field("config", &self.config).finish_non_exhaustive()
    }
}
