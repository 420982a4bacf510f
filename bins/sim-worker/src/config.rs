//! Options of the sim-worker.

use std::net::IpAddr;

use clap::Parser;
use process_kit::config::{Milliseconds, Seconds, integer, milliseconds, seconds};
use process_kit::reload::{Limit, Reloadable};
use process_kit::telemetry::LogOptions;
use process_kit::trace::TraceOptions;
use process_kit::{MetricsOptions, StoreConfig};

use crate::sectors::SectorList;

/// Configuration of a sector.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Time between ticks
    #[arg(long, env = "TICK_MS", default_value = "300ms", value_parser = milliseconds(10..=600_000))]
    pub tick_ms: Milliseconds,
    /// Seed of the first universe (0 to 9007199254740991); random by default
    #[arg(long, env = "SEED", value_parser = integer(0..=sector_sim::draw::MAX_SEED))]
    pub seed: Option<u64>,
    /// Number of systems of a new universe
    #[arg(long, env = "SYSTEMS", default_value_t = 30, value_parser = integer(2..=200_000u32))]
    pub systems: u32,
    /// Number of factions of a new universe
    #[arg(long, env = "FACTIONS", default_value_t = 5, value_parser = integer(2..=64u8))]
    pub factions: u8,
    /// Time after which another worker takes over from one that stopped responding
    #[arg(long, env = "LEASE_TTL_MS", default_value = "5s", value_parser = milliseconds(500..=600_000))]
    pub lease_ttl_ms: Milliseconds,
    /// Longest wait of a tick for orders from the store
    #[arg(long, env = "ORDER_BLOCK_MS", default_value = "100ms", value_parser = milliseconds(1..=60_000))]
    pub order_block_ms: Milliseconds,
    /// Start a new universe instead of continuing the stored one
    #[arg(long, env = "RESET_UNIVERSE_ON_START", num_args = 0..=1, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub reset_universe_on_start: bool,
    /// Events kept in the event stream for followers that resume
    #[arg(long, env = "EVENT_STREAM_MAXLEN", default_value_t = 10_000, value_parser = integer(100..=10_000_000u64))]
    pub event_stream_maxlen: u64,
    /// Ticks between stored snapshots
    #[arg(long, env = "SNAPSHOT_EVERY", default_value_t = 20, value_parser = integer(1..=10_000u64))]
    pub snapshot_every: u64,
    /// Pause between the end of a run and the next universe
    #[arg(long, env = "UNIVERSE_PAUSE_MS", default_value = "15s", value_parser = milliseconds(0..=86_400_000))]
    pub universe_pause_ms: Milliseconds,
    /// Time after which the faction of an absent player is free again; the same as for the API
    #[arg(long, env = "CLAIM_IDLE_SECONDS", default_value = "600s", value_parser = seconds(10..=604_800), value_name = "SECONDS")]
    pub claim_idle_seconds: Seconds,
    /// Time without an order or POST /factions/keep after which a computer plays on for a player; the
    /// same as for the API
    #[arg(long, env = "AUTOPILOT_SECONDS", default_value = "30s", value_parser = seconds(5..=604_800), value_name = "SECONDS")]
    pub autopilot_seconds: Seconds,
    /// Share of a run that a player must hold a seat for a victory, in percent; the same as for the
    /// API
    #[arg(long, env = "VICTORY_SHARE_PERCENT", default_value_t = 50, value_parser = integer(0..=100u8), value_name = "PERCENT")]
    pub victory_share_percent: u8,
    /// Longest absence at the end of a run with which a player still wins
    #[arg(long, env = "VICTORY_PRESENCE_SECONDS", default_value = "60s", value_parser = seconds(1..=604_800), value_name = "SECONDS")]
    pub victory_presence_seconds: Seconds,
}

impl Config {
    /// Checks options that depend on each other.
    ///
    /// # Errors
    /// A sentence that names the conflicting options.
    pub fn check(&self) -> Result<(), String> {
        if u32::from(self.factions) <= self.systems {
            return Ok(());
        }
        Err(format!(
            "--factions {} needs at least as many systems, but --systems is {}",
            self.factions, self.systems
        ))
    }
}

/// Runs the sector: leases it, reads orders, ticks, publishes.
#[derive(Debug, Clone, Parser)]
#[command(name = "sim-worker", version)]
pub struct Options {
    /// Configuration of the sectors.
    #[command(flatten)]
    pub worker: Config,
    /// Where the state is stored.
    #[command(flatten)]
    pub store: StoreConfig,
    /// Ids of several sectors, separated by commas, to run unless another worker does; default is
    /// the one without an id
    #[arg(long, env = "SECTORS", value_name = "IDS", conflicts_with = "sector_id")]
    pub sectors: Option<SectorList>,
    /// Port for health checks (/livez, /readyz, /health); off by default
    #[arg(long, env = "HEALTH_PORT", value_name = "PORT", value_parser = integer(1..=u16::MAX))]
    pub health_port: Option<u16>,
    /// Address for health checks
    #[arg(long, env = "BIND", default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: IpAddr,
    /// Wait for the frontend before the first tick
    #[arg(long, env = "WAIT_FOR_FRONTEND", num_args = 0..=1, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub wait_for_frontend: bool,
    /// Health URL of the frontend
    #[arg(long, env = "FRONTEND_HEALTH_URL", default_value = "http://127.0.0.1:9000/health")]
    pub frontend_health_url: String,
    /// Most seconds to wait for the frontend
    #[arg(long, env = "WAIT_FOR_FRONTEND_SECONDS", default_value_t = 120, value_parser = integer(1..=3_600u64))]
    pub wait_for_frontend_seconds: u64,
    /// Where to serve metrics.
    #[command(flatten)]
    pub metrics: MetricsOptions,
    /// Where to send traces.
    #[command(flatten)]
    pub traces: TraceOptions,
    /// How to log.
    #[command(flatten)]
    pub log: LogOptions,
}

impl Reloadable for Options {
    const LIMITS: &'static [Limit<Self>] = &[];

    fn log(&self) -> &LogOptions {
        &self.log
    }
}

impl Options {
    /// The sectors to run.
    #[must_use]
    pub fn sectors(&self) -> SectorList {
        self.sectors.clone().unwrap_or_else(|| self.store.keys.sector_id.clone().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        Options::try_parse_from([&["sim-worker"], arguments].concat()).unwrap_err().to_string()
    }

    #[test]
    fn the_sectors_are_those_that_are_named() {
        let sectors = |arguments: &[&str]| {
            Options::try_parse_from([&["sim-worker"], arguments].concat())
                .unwrap()
                .sectors()
                .sectors()
                .to_vec()
        };
        let north = Some("north".parse().unwrap());
        assert_eq!(sectors(&[]), [None]);
        assert_eq!(sectors(&["--sector-id", "north"]), std::slice::from_ref(&north));
        assert_eq!(sectors(&["--sectors", "north,default"]), [north, None]);
        let text = refusal(&["--sectors", "north", "--sector-id", "south"]);
        assert!(text.contains("--sectors") && text.contains("--sector-id"), "{text}");
        let text = refusal(&["--sectors", "north,north"]);
        assert!(text.contains("--sectors") && text.contains("named twice"), "{text}");
    }

    #[test]
    fn the_port_for_health_is_none_or_one() {
        let port = |arguments: &[&str]| {
            Options::try_parse_from([&["sim-worker"], arguments].concat()).unwrap().health_port
        };
        assert_eq!((port(&[]), port(&["--health-port", "9200"])), (None, Some(9200)));
        let text = refusal(&["--health-port", "0"]);
        assert!(text.contains("--health-port") && text.contains("from 1 to 65535"), "{text}");
    }
}
