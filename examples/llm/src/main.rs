//! The program: reads the settings from the environment and plays.

use std::process::ExitCode;

use llm_bot::{Llm, Settings};

fn main() -> ExitCode {
    match Settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => {
            sector_client::program::main("llm-bot", move |_| Box::new(Llm::new(settings.clone())))
        }
        Err(error) => {
            eprintln!("llm-bot: {error}");
            ExitCode::FAILURE
        }
    }
}
