//! The minter on its own, on Redis.

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use clap::Parser;
use service::telemetry::{self, LogOptions};
use service::{StoreConfig, bind, shutdown_on_signals};

/// Keeps the awards of finished runs.
#[derive(Debug, Parser)]
#[command(name = "nft-minter", version)]
struct Options {
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 9100)]
    port: u16,
    /// Address to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1")]
    bind: IpAddr,
    #[command(flatten)]
    minter: nft_minter::Config,
    #[command(flatten)]
    store: StoreConfig,
    #[command(flatten)]
    log: LogOptions,
}

#[tokio::main]
async fn main() -> ExitCode {
    match start(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nft-minter: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init(&options.log)?;
    let shutdown = shutdown_on_signals()?;
    let listener = bind(SocketAddr::new(options.bind, options.port), "--port").await?;
    let store = options.store.open().await?;
    nft_minter::run(options.minter, listener, store, shutdown).await?;
    Ok(())
}
