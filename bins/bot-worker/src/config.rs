//! Options of the bot-worker.

use clap::Parser;
use http_kit::BoxError;
use process_kit::config::{Milliseconds, defaults, integer, milliseconds};
use process_kit::reload::{Limit, Reloadable};
use process_kit::telemetry::LogOptions;
use process_kit::{Handles, MetricsOptions, Service};
use sector_auth::Secret;
use sector_sim::strategy::Style;

use crate::styles::Styles;

/// Configuration of the bots.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// URL of the API
    #[arg(long, env = "BOT_API_URL", default_value = "http://127.0.0.1:8000", value_name = "URL")]
    pub bot_api_url: String,
    /// Token that the API accepts for bots; required
    #[arg(long, env = "BOT_API_TOKEN", hide_env_values = true, value_name = "SECRET")]
    pub bot_api_token: Secret,
    /// How often to request the claimed factions; ticks arrive by stream
    #[arg(long, env = "BOT_POLL_INTERVAL", default_value = "1s", value_parser = milliseconds(50..=600_000))]
    pub bot_poll_interval: Milliseconds,
    /// Most orders of one faction per tick
    #[arg(long, env = "BOT_MAX_ORDERS", default_value_t = 50, value_parser = integer(1..=10_000usize))]
    pub bot_max_orders: usize,
    /// Without an event stream: how long one request for events waits for the next tick
    #[arg(long, env = "BOT_EVENT_BLOCK_MS", default_value = "5s", value_parser = milliseconds(0..=30_000))]
    pub bot_event_block_ms: Milliseconds,
    /// Strategy of all factions: classic, greedy, turtle, raider, lookahead, random or idle; with a
    /// personality as name@aggression/expansionism/greed/caution, each 0 to 1000
    #[arg(long, env = "BOT_STRATEGY", default_value = "classic", value_name = "NAME")]
    pub bot_strategy: Style,
    /// Strategies of single factions, separated by commas: F1=classic,F2=raider@900/400/800/100
    #[arg(long, env = "BOT_STRATEGIES", value_name = "LIST")]
    pub bot_strategies: Option<Styles>,
}

impl Config {
    /// The defaults, with this API and token.
    ///
    /// # Errors
    /// Never with valid defaults.
    pub fn new(api_url: &str, token: &Secret) -> Result<Config, clap::Error> {
        let token = format!("--bot-api-token={}", token.expose());
        defaults(&[&format!("--bot-api-url={api_url}"), &token])
    }
}

/// Plays every faction that no human has claimed.
#[derive(Debug, Clone, Parser)]
#[command(name = "bot-worker", version)]
pub struct Options {
    /// Configuration of the bots.
    #[command(flatten)]
    pub worker: Config,
    /// Where to serve metrics.
    #[command(flatten)]
    pub metrics: MetricsOptions,
    /// How to log.
    #[command(flatten)]
    pub log: LogOptions,
}

impl Reloadable for Options {
    const LIMITS: &'static [Limit<Self>] =
        &[("BOT_MAX_ORDERS", |options| options.worker.bot_max_orders.to_string())];

    fn log(&self) -> &LogOptions {
        &self.log
    }
}

impl Service for Options {
    const NAME: &'static str = "bot-worker";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Limits = usize;

    fn limits(&self) -> usize {
        self.worker.bot_max_orders
    }

    fn metrics(&self) -> &MetricsOptions {
        &self.metrics
    }

    async fn run(self, handles: Handles<usize>) -> Result<(), BoxError> {
        crate::run(self.worker, handles).await.map_err(|error| with_causes(&error).into())
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Options {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn the_token_is_required_and_hidden() {
        let parsed =
            Options::try_parse_from(["bot-worker", "--bot-api-token", "hunter2"]).unwrap().config;
        assert!(!format!("{parsed:?}").contains("hunter2"));
        assert!(
            Options::try_parse_from(["bot-worker"])
                .unwrap_err()
                .to_string()
                .contains("--bot-api-token")
        );
    }

    #[test]
    fn unknown_strategies_are_errors_with_option_and_allowed_values() {
        for (option, value) in
            [("--bot-strategy", "clasic"), ("--bot-strategies", "F1=idle,F2=clasic")]
        {
            let arguments = ["bot-worker", "--bot-api-token", "x", option, value];
            let error = Options::try_parse_from(arguments).unwrap_err().to_string();
            assert!(error.contains(option) && error.contains(value), "{error}");
            assert!(
                error.contains("unknown strategy \"clasic\"; allowed are classic, greedy"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_help_names_every_strategy() {
        let help = <Options as clap::CommandFactory>::command().render_long_help().to_string();
        assert!(sector_sim::strategy::STRATEGIES.iter().all(|name| help.contains(name)), "{help}");
    }
}
