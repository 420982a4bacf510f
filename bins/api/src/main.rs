//! The HTTP API of a sector as a process of its own, over Redis.

use std::net::SocketAddr;
use std::process::ExitCode;

use api::{Error, Options};
use follow::Sectors;

#[tokio::main]
async fn main() -> ExitCode {
    match start(service::arguments::parse::<Options>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(options: Options) -> Result<(), Error> {
    service::telemetry::init(&options.log)?;
    let shutdown = service::shutdown_on_signals()?;
    let listener = service::bind(SocketAddr::new(options.bind, options.port), "--port").await?;
    let sectors = Sectors::open(options.store.options(), shutdown.clone()).await?;
    api::run(options.config, listener, sectors, shutdown).await
}
