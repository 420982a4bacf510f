//! The sim-worker on its own, on Redis.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use service::{Backoff, Client, ClientOptions, shutdown_on_signals, telemetry};
use sim_worker::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match start(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sim-worker: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init(&options.log)?;
    options.worker.check()?;
    let shutdown = shutdown_on_signals()?;
    let store = options.store.open().await?;
    if options.wait_for_frontend {
        let limit = Duration::from_secs(options.wait_for_frontend_seconds);
        let wait = tokio::time::timeout(limit, frontend(&options.frontend_health_url));
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            waited = wait => if waited.is_err() {
                tracing::warn!(url = options.frontend_health_url, "the frontend does not come up; running without");
            },
        }
    }
    sim_worker::run(options.worker, store, sim_worker::Sources::system(), shutdown).await?;
    Ok(())
}

/// Returns once the frontend says that it is up.
async fn frontend(url: &str) {
    let client = Client::new(&ClientOptions::default());
    let mut backoff = Backoff::default();
    while !client.get(url).await.is_ok_and(|response| response.status().is_success()) {
        backoff.wait().await;
    }
}
