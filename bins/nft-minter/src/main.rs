//! The minter on its own, on Redis.

use std::net::SocketAddr;
use std::process::ExitCode;

use http_kit::bind;
use nft_minter::Options;
use process_kit::{metrics, reload, shutdown_on_signals, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    match start(process_kit::arguments::parse::<Options>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nft-minter: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init(&options.log)?;
    let options = reload::begin(options, |_| ())?;
    let shutdown = shutdown_on_signals()?;
    if !options.store.dev.dev {
        options.check_deployed()?;
    }
    let listener = bind(SocketAddr::new(options.bind, options.port), "--port").await?;
    let mut options = options;
    let metrics =
        metrics::begin("nft-minter", env!("CARGO_PKG_VERSION"), &options.metrics, &shutdown)
            .await?;
    options.store.metrics = metrics.clone();
    options.minter.metrics = metrics;
    let store = options.store.open().await?;
    nft_minter::run(options.minter, listener, store, shutdown).await?;
    Ok(())
}
