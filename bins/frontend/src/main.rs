//! The frontend on its own, on Redis.

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use clap::Parser;
use service::telemetry::{self, LogOptions};
use service::{StoreConfig, shutdown_on_signals};

/// Serves the browser UI and streams the sector to it.
#[derive(Debug, Parser)]
#[command(name = "frontend", version)]
struct Options {
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 9000)]
    port: u16,
    /// Address to listen on; 0.0.0.0 or :: for all
    #[arg(long, env = "BIND", default_value = "127.0.0.1")]
    bind: IpAddr,
    #[command(flatten)]
    frontend: frontend::Config,
    #[command(flatten)]
    store: StoreConfig,
    #[command(flatten)]
    log: LogOptions,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match start(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("frontend: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init(&options.log)?;
    let shutdown = shutdown_on_signals()?;
    let listener = service::bind(SocketAddr::new(options.bind, options.port), "--port").await?;
    let store = options.store.open().await?;
    tracing::info!(address = %listener.local_addr()?, api = %options.frontend.api_url, "listening");
    frontend::run(options.frontend, listener, store, shutdown).await?;
    Ok(())
}
