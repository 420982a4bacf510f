//! `docs/reference/configuration.md`, written from the options themselves.

use clap::{CommandFactory, Parser};
use service::config::{OptionDoc, describe, markdown_table};
use service::reload::{Reloadable, names};

use crate::{sim, up};

/// Options of a subcommand as a command of their own.
#[derive(Debug, Parser)]
struct Only<T: clap::Args> {
    #[command(flatten)]
    options: T,
}

/// A service with options that may change while it runs.
fn service<O: Reloadable>(title: &str, text: &str) -> String {
    written(title, text, &describe::<O>(&names::<O>()))
}

fn section<C: CommandFactory>(title: &str, text: &str) -> String {
    written(title, text, &describe::<C>(&[]))
}

fn written(title: &str, text: &str, options: &[OptionDoc]) -> String {
    format!("\n## {title}\n\n{text}\n\n{}", markdown_table(options))
}

fn document() -> String {
    let mut text = String::from(
        "# Configuration\n\nFlags count before the environment, the environment before the defaults. An unknown flag or a bad value ends the \
         program with a sentence that names it, and status 2. Lengths of time take units: `300ms`, `5s`, `10m`. Secrets have no default; \
         `sector up` makes its own at each start.\n\nEvery secret of a service can lie in a file, of which the first line counts: \
         `JWT_SECRET_FILE=/run/secrets/jwt_secret` in place of `JWT_SECRET`, and so for `JWT_PREVIOUS_SECRETS`, `BOT_API_TOKEN`, \
         `MINTER_API_KEY` and `REDIS_URL`. A secret that is refused is not shown.\n\n\
         `<service> healthcheck URL` asks a service that runs how it is: status 0 if it answers 200 within 3 s. Without the URL it \
         takes that of `HEALTHCHECK_URL`.\n\n\
         Options that are marked as reloadable can also stand in a file of `NAME=VALUE` lines, by their variables: \
         `RELOAD_FILE=/etc/sector/api.settings`. It counts before flags and environment. `kill -HUP` makes the service read it \
         again: new limits hold from the next request on, and what is open stays open. What is no longer in the file is again as \
         flags and environment say. A file with a mistake changes nothing; the log says what is wrong, and what was changed from \
         what to what.\n\nThis page is written from the code; a test compares the two.\n",
    );
    for part in [
        section::<Only<up::Options>>(
            "sector up",
            "Everything in one process. Also what `sector` alone does.",
        ),
        section::<Only<sim::Options>>("sector sim", "A match in memory."),
        service::<api::Options>("api", "The HTTP API."),
        service::<sim_worker::Options>(
            "sim-worker",
            "Runs the sector, or several. Several workers may be started; one holds the lease of a sector: workers.md.",
        ),
        service::<frontend::Options>("frontend", "The browser UI and its live streams."),
        service::<bot_worker::Options>(
            "bot-worker",
            "Plays the factions that nobody has claimed, as a client of the API.",
        ),
        service::<nft_minter::Options>("nft-minter", "Keeps awards."),
    ] {
        text.push_str(&part);
    }
    text
}

#[test]
fn the_documentation_of_the_options_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
    let written = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == written,
        "docs/reference/configuration.md is stale: run UPDATE_DOCS=1 cargo test -p sector configuration"
    );
}

/// Names that operators know from the beginning; each must stay with a service.
#[test]
fn every_known_name_is_honoured() {
    let text = document();
    for name in "REDIS_URL EVENT_STREAM ORDER_STREAM SNAPSHOT_KEY PORT JWT_SECRET JWT_TTL_SECONDS AUTH_NONCE_TTL_SECONDS \
                 BOT_API_TOKEN LEASE_TTL_MS ORDER_BLOCK_MS RESET_UNIVERSE_ON_START EVENT_STREAM_MAXLEN SNAPSHOT_EVERY \
                 WAIT_FOR_FRONTEND FRONTEND_HEALTH_URL BOT_API_URL BOT_POLL_INTERVAL BOT_MAX_ORDERS BOT_EVENT_BLOCK_MS API_URL \
                 MINTER_API_KEY"
        .split_whitespace()
    {
        assert!(text.contains(&format!("`{name}`")), "{name}");
    }
}
