//! State shared by all handlers.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use follow::{Resyncs, Sectors};
use http_kit::client_slots::CLIENTS_MAX;
use http_kit::quota::Gate;
use http_kit::{ClientSlots, Sockets};
use process_kit::Handles;
use process_kit::trace::Tracer;
use sector_auth::{Address, DerivedKeys, Role, Timestamp, TokenId, TokenKey, TokenKeys};
use sector_redis::ServiceStore;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::error::Error;
use crate::identity::bot_keys::{BotKey, LABEL_REMEMBERED_MS};
use crate::identity::bot_tokens::BotTokens;
use crate::identity::sessions::REMEMBERED_MS;
use crate::identity::tickets;
use crate::limits::meter::{self, Meter};
use crate::limits::quotas::{self, Measure, QuotaConfig};
use crate::recent::{Recent, SMALL_MAX};
use crate::request::bodies::Bodies;
use crate::rulebook::Rulebooks;

/// Maximum number of concurrent replays; each uses a core while it runs.
const REPLAYS_MAX: usize = 4;
/// Maximum number of event streams of one address: a few people behind one router, each with a few
/// pages.
const STREAMS_PER_ADDRESS_MAX: usize = 20;

/// Maximum number of sectors that can be open.
const SECTORS_MAX: usize = follow::sectors::OPEN_MAX + 1;
/// How long a list of factions is cached, in milliseconds.
const FACTION_LIST_LIFE_MS: u64 = 1_000;

/// A clock for the time of day.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The system clock.
#[must_use]
pub fn system_clock() -> WallClock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    })
}

/// State shared by all handlers.
pub struct Api {
    pub(crate) config: Config,
    pub(crate) sectors: Arc<Sectors>,
    pub(crate) tokens: TokenKeys,
    pub(crate) derived: DerivedKeys,
    pub(crate) bot_tokens: BotTokens,
    pub(crate) standing_sessions: Recent<TokenId, ()>,
    pub(crate) standing_keys: Recent<TokenId, (Address, BotKey)>,
    pub(crate) key_labels: Recent<String, Option<String>>,
    pub(crate) gate: Arc<Gate<Measure>>,
    pub(crate) meter: Meter,
    pub(crate) rulebooks: Rulebooks,
    pub(crate) snapshots: Bodies,
    pub(crate) faction_lists: Bodies,
    /// Number of claims and releases handled by this process.
    pub(crate) seat_changes: AtomicU64,
    /// Permits for replays.
    pub(crate) replays: Arc<Semaphore>,
    /// Slots of `/events/stream`.
    pub(crate) streams: Arc<ClientSlots>,
    pub(crate) sockets: Sockets,
    pub(crate) resyncs: Arc<Resyncs>,
    pub(crate) tracer: Tracer,
    clock: WallClock,
}

impl Api {
    /// Checks the configuration and builds the state.
    ///
    /// # Errors
    /// [`Error::Config`] for a signing secret that is too short, or an issuer or audience that is empty
    /// or too long.
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
        let derived = tickets::keys(&config.jwt_secret, &config.jwt_previous_secrets)?;
        let gate = Arc::new(quotas::gate(&config.quotas)?);
        let slots =
            ClientSlots::new(config.quotas.ws_max_clients, config.quotas.ws_max_per_address);
        let (live_gate, live_slots) = (Arc::clone(&gate), Arc::clone(&slots));
        handles.limits.listen(move |limits| {
            live_slots.resize(limits.ws_max_clients, limits.ws_max_per_address);
            // Cannot fail: the numbers are in range, and nothing else differs.
            if let Err(error) = quotas::gate(limits).and_then(|other| live_gate.adopt(other)) {
                tracing::error!(%error, "cannot apply new quotas");
            }
        });
        let meter = Meter::new(&handles.metrics);
        let resyncs = Arc::new(Resyncs::measured(meter::tally(&handles.metrics)));
        let sockets = Sockets::new(config.cors_origins.clone(), slots);
        let bot_tokens =
            BotTokens::new(config.bot_api_token.as_ref(), config.bot_api_token_file.as_ref())?;
        Ok(Self {
            sectors,
            tokens,
            derived,
            bot_tokens,
            standing_sessions: Recent::new(REMEMBERED_MS, SMALL_MAX),
            standing_keys: Recent::new(REMEMBERED_MS, SMALL_MAX),
            key_labels: Recent::new(LABEL_REMEMBERED_MS, SMALL_MAX),
            rulebooks: Rulebooks::new(u64::MAX, SECTORS_MAX),
            // The stamp says whether a snapshot is current; a list of factions depends on more.
            snapshots: Bodies::new(u64::MAX, SECTORS_MAX),
            faction_lists: Bodies::new(FACTION_LIST_LIFE_MS, SECTORS_MAX),
            seat_changes: AtomicU64::new(0),
            streams: ClientSlots::new(CLIENTS_MAX, STREAMS_PER_ADDRESS_MAX),
            sockets,
            resyncs,
            replays: Arc::new(Semaphore::new(REPLAYS_MAX)),
            gate,
            meter,
            tracer: handles.tracer.clone(),
            clock,
            config,
        })
    }

    /// Store of the home sector, with the logins, sessions and keys for all sectors.
    pub(crate) fn home(&self) -> &Arc<dyn ServiceStore> {
        self.sectors.home().store()
    }

    /// Current time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Role of an address at login.
    pub(crate) fn role(&self, address: Address) -> Role {
        if self.config.admin_addresses.0.contains(&address) { Role::Admin } else { Role::Player }
    }

    /// Time after which the claim of an absent player expires, in milliseconds.
    pub(crate) fn idle_ms(&self) -> u64 {
        self.config.claim_idle_seconds.0.saturating_mul(1_000)
    }

    /// Absence after which a computer plays on for a player, in milliseconds.
    pub(crate) fn autopilot_ms(&self) -> u64 {
        self.config.autopilot_seconds.0.saturating_mul(1_000).min(self.idle_ms())
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Api").field("config", &self.config).finish_non_exhaustive()
    }
}
