//! The program: reads the rules and plays by them.

use std::path::Path;
use std::process::ExitCode;

use scripted_bot::{Rulebook, Scripted};

/// Environment variable with the path of the rules.
const RULES: &str = "SCRIPTED_RULES";
/// Default rules.
const SETTLER: &str = include_str!("../rules/settler.toml");

fn main() -> ExitCode {
    // Report an invalid file before joining a game.
    let rules = match std::env::var_os(RULES) {
        Some(path) => Rulebook::read(Path::new(&path)),
        None => Rulebook::parse(Path::new("rules/settler.toml"), SETTLER),
    };
    match rules {
        Ok(rules) => sector_client::program::main("scripted-bot", move |_| {
            Box::new(Scripted::new(rules.clone()))
        }),
        Err(error) => {
            let source = std::error::Error::source(&error)
                .map_or(String::new(), |source| format!(": {source}"));
            eprintln!("scripted-bot: {error}{source}");
            ExitCode::FAILURE
        }
    }
}
