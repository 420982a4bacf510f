//! The bot-worker on its own.

use std::process::ExitCode;

use clap::Parser;
use service::shutdown_on_signals;
use service::telemetry::{self, LogOptions};

/// Plays every faction that no human has claimed.
#[derive(Debug, Parser)]
#[command(name = "bot-worker", version)]
struct Options {
    #[command(flatten)]
    worker: bot_worker::Config,
    #[command(flatten)]
    log: LogOptions,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match start(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bot-worker: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn start(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init(&options.log)?;
    let shutdown = shutdown_on_signals()?;
    bot_worker::run(options.worker, shutdown).await?;
    Ok(())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
