//! The options of a bot-worker.

use clap::Parser;
use process_kit::config::{Milliseconds, integer, milliseconds};
use process_kit::reload::{Changes, Limit, Reloadable};
use process_kit::telemetry::LogOptions;
use process_kit::{Metrics, MetricsOptions};
use sector_auth::Secret;
use sector_sim::Style;

use crate::styles::Styles;

/// Where and how the bots play. [`Config::new`] fills in the defaults.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Where the API is
    #[arg(long, env = "BOT_API_URL", default_value = "http://127.0.0.1:8000", value_name = "URL")]
    pub bot_api_url: String,
    /// Token that the API takes for bots; there is no default
    #[arg(long, env = "BOT_API_TOKEN", hide_env_values = true, value_name = "SECRET")]
    pub bot_api_token: Secret,
    /// How often to ask which factions humans have claimed; ticks come by stream
    #[arg(long, env = "BOT_POLL_INTERVAL", default_value = "1s", value_parser = milliseconds(50..=600_000))]
    pub bot_poll_interval: Milliseconds,
    /// Most orders of one faction in one tick
    #[arg(long, env = "BOT_MAX_ORDERS", default_value_t = 50, value_parser = integer(1..=10_000usize))]
    pub bot_max_orders: usize,
    /// Where no stream is to be had: how long one request for events waits for the next tick
    #[arg(long, env = "BOT_EVENT_BLOCK_MS", default_value = "5s", value_parser = milliseconds(0..=30_000))]
    pub bot_event_block_ms: Milliseconds,
    /// Strategy of all factions: classic, greedy, turtle, raider, lookahead, random or idle; with a personality of its
    /// own as name@aggression/expansionism/greed/caution, each 0 to 1000
    #[arg(long, env = "BOT_STRATEGY", default_value = "classic", value_name = "NAME")]
    pub bot_strategy: Style,
    /// Strategies of single factions instead, separated by commas: F1=classic,F2=raider@900/400/800/100
    #[arg(long, env = "BOT_STRATEGIES", value_name = "LIST")]
    pub bot_strategies: Option<Styles>,
    /// Where it counts and measures.
    #[arg(skip)]
    pub metrics: Metrics,
    /// Where it hears how many orders one faction may give in one tick from now on.
    #[arg(skip)]
    pub max_orders: Changes<usize>,
}

impl Config {
    /// The defaults, with this API and token.
    #[must_use]
    pub fn new(api_url: &str, token: Secret) -> Config {
        Config {
            bot_api_url: api_url.to_owned(),
            bot_api_token: token,
            bot_poll_interval: Milliseconds(1_000),
            bot_max_orders: 50,
            bot_event_block_ms: Milliseconds(5_000),
            bot_strategy: Style::default(),
            bot_strategies: None,
            metrics: Metrics::default(),
            max_orders: Changes::default(),
        }
    }
}

/// Plays every faction that no human has claimed.
#[derive(Debug, Clone, Parser)]
#[command(name = "bot-worker", version)]
pub struct Options {
    /// Where and how the bots play.
    #[command(flatten)]
    pub worker: Config,
    /// Where to tell metrics.
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
    fn the_defaults_of_flags_and_code_agree_and_the_token_is_not_shown() {
        let parsed =
            Options::try_parse_from(["bot-worker", "--bot-api-token", "hunter2"]).unwrap().config;
        let coded = Config::new("http://127.0.0.1:8000", Secret::new("hunter2").unwrap());
        assert_eq!(format!("{parsed:?}"), format!("{coded:?}"));
        assert!(!format!("{parsed:?}").contains("hunter2"));
        assert!(
            Options::try_parse_from(["bot-worker"])
                .unwrap_err()
                .to_string()
                .contains("--bot-api-token")
        );
    }

    #[test]
    fn unknown_strategies_are_refused_with_the_option_and_what_is_allowed() {
        for (option, value) in
            [("--bot-strategy", "clasic"), ("--bot-strategies", "F1=idle,F2=clasic")]
        {
            let arguments = ["bot-worker", "--bot-api-token", "x", option, value];
            let error = Options::try_parse_from(arguments).unwrap_err().to_string();
            assert!(error.contains(option) && error.contains(value), "{error}");
            assert!(
                error.contains("unknown strategy \"clasic\"; known are classic, greedy"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_help_names_every_strategy() {
        let help = <Options as clap::CommandFactory>::command().render_long_help().to_string();
        assert!(sector_sim::STRATEGIES.iter().all(|name| help.contains(name)), "{help}");
    }
}
