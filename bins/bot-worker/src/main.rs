//! The bot-worker on its own.

use std::process::ExitCode;

use bot_worker::Options;
use process_kit::{metrics, reload, shutdown_on_signals, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let options: Options = process_kit::arguments::parse();
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
    let max_orders = options.worker.max_orders.clone();
    let options =
        reload::begin(options, move |options| max_orders.tell(&options.worker.bot_max_orders))?;
    let shutdown = shutdown_on_signals()?;
    let mut worker = options.worker;
    worker.metrics =
        metrics::begin("bot-worker", env!("CARGO_PKG_VERSION"), &options.metrics, &shutdown)
            .await?;
    bot_worker::run(worker, shutdown).await?;
    Ok(())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
