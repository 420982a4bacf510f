//! The frontend on its own, on Redis.

use std::net::SocketAddr;
use std::process::ExitCode;

use follow::Sectors;
use frontend::Options;
use service::{shutdown_on_signals, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let options: Options = service::arguments::parse();
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
    let sectors = Sectors::open(options.store.options(), shutdown.clone()).await?;
    tracing::info!(address = %listener.local_addr()?, api = %options.frontend.api_url, "listening");
    frontend::run(options.frontend, listener, sectors, shutdown).await?;
    Ok(())
}
