//! The sim-worker on its own, on Redis.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use service::config::integer;
use service::telemetry::{self, LogOptions};
use service::{Backoff, Client, ClientOptions, StoreConfig, shutdown_on_signals};

/// Runs the sector: leases it, consumes orders, ticks, publishes.
#[derive(Debug, Parser)]
#[command(name = "sim-worker", version)]
struct Options {
    #[command(flatten)]
    worker: sim_worker::Config,
    #[command(flatten)]
    store: StoreConfig,
    /// Wait until the frontend is up before the first tick
    #[arg(long, env = "WAIT_FOR_FRONTEND", num_args = 0..=1, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    wait_for_frontend: bool,
    /// Where the frontend says that it is up
    #[arg(long, env = "FRONTEND_HEALTH_URL", default_value = "http://127.0.0.1:9000/health")]
    frontend_health_url: String,
    /// Most seconds to wait for the frontend before the sector runs without
    #[arg(long, env = "WAIT_FOR_FRONTEND_SECONDS", default_value_t = 120, value_parser = integer(1..=3_600u64))]
    wait_for_frontend_seconds: u64,
    #[command(flatten)]
    log: LogOptions,
}

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
