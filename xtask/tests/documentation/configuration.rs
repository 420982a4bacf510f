//! Generates `docs/reference/configuration.md` from the command-line options.

use process_kit::config::{OptionDoc, describe, markdown_table};
use process_kit::reload::{Reloadable, names};

use crate::assert_current;

/// Section of a service, whose options may be reloadable.
fn service<O: Reloadable>(title: &str, text: &str) -> String {
    written(title, text, &describe(&O::command(), &names::<O>()))
}

/// Section of a subcommand of `sector`.
fn subcommand(name: &str, text: &str) -> String {
    let sector = sector::command();
    let command = sector.find_subcommand(name).unwrap();
    written(&format!("sector {name}"), text, &describe(command, &[]))
}

fn written(title: &str, text: &str, options: &[OptionDoc]) -> String {
    format!("\n## {title}\n\n{text}\n\n{}", markdown_table(options))
}

const INTRODUCTION: &str = "# Configuration

Flags override environment variables, which override defaults. An unknown flag or an invalid value ends the
program with an error and status 2. Durations have units: `300ms`, `5s`, `10m`. Secrets have no default;
`sector up` generates its own at each start.

Every secret can be read from a file (its first line): `JWT_SECRET_FILE=/run/secrets/jwt_secret` instead of
`JWT_SECRET`. The same works for `JWT_PREVIOUS_SECRETS`, `BOT_API_TOKEN`, `MINTER_API_KEY` and `REDIS_URL`. Errors
never show the value of a secret.

`<service> healthcheck URL` checks a running service: status 0 if it answers 200 within 3 s. The default URL is
`HEALTHCHECK_URL`.

Options marked as reloadable can also be set in a file of `NAME=VALUE` lines, named by their variables:
`RELOAD_FILE=/etc/sector/api.settings`. The file overrides flags and environment. `kill -HUP` makes the service
reread it: new limits apply from the next request on, open connections stay open, and settings removed from the
file revert to flags and environment. An invalid file changes nothing. The log shows what is wrong, or each change
with its old and new value.

This page is generated from the code, and a test compares the two.
";

fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for part in [
        subcommand("up", "Everything in one process. The default command of `sector`."),
        subcommand("sim", "A match in memory."),
        service::<api::Options>("api", "The HTTP API."),
        service::<sim_worker::Options>(
            "sim-worker",
            "Runs one or more sectors. Several workers can share them: [workers.md](../explanation/workers.md).",
        ),
        service::<frontend::Options>("frontend", "The browser UI and its live streams."),
        service::<bot_worker::Options>(
            "bot-worker",
            "Plays unclaimed factions, as a client of the API.",
        ),
        service::<nft_minter::Options>("nft-minter", "Stores awards."),
    ] {
        text.push_str(&part);
    }
    text
}

#[test]
fn the_documentation_of_the_options_is_that_of_the_code() {
    assert_current("docs/reference/configuration.md", &document());
}

/// Variables that deployments rely on. Each must stay supported by a service.
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
