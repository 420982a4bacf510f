//! The program: reads the rules, and plays by them.

use std::path::Path;
use std::process::ExitCode;

use scripted_bot::{Rulebook, Scripted};

/// The variable that names the file of rules.
const RULES: &str = "SCRIPTED_RULES";
/// The rules without a file.
const SETTLER: &str = include_str!("../rules/settler.toml");

fn main() -> ExitCode {
    // A bad file is refused before anything is joined or answered.
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
