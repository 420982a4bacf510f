//! The HTTP API of a sector as a process of its own, over Redis.

use std::net::SocketAddr;
use std::process::ExitCode;

use api::{Error, Options};
use follow::Sectors;
use process_kit::ServiceError;

#[tokio::main]
async fn main() -> ExitCode {
    match start(process_kit::arguments::parse::<Options>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("api: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(options: Options) -> Result<(), Error> {
    process_kit::telemetry::init(&options.log)?;
    let limits = options.config.limits.clone();
    let options =
        process_kit::reload::begin(options, move |options| limits.tell(&options.config.quotas))?;
    let shutdown = process_kit::shutdown_on_signals()?;
    if !options.store.dev.dev {
        options.config.check_deployed()?;
    }
    let listener = http_kit::bind(SocketAddr::new(options.bind, options.port), "--port").await?;
    let mut options = options;
    options.store.metrics =
        process_kit::metrics::begin("api", env!("CARGO_PKG_VERSION"), &options.metrics, &shutdown)
            .await?;
    let sectors = Sectors::open(options.store.options(), shutdown.clone())
        .await
        .map_err(ServiceError::of_store)?;
    let tracer = process_kit::trace::begin("api", &options.traces, &options.store.metrics)?;
    options.config.tracer = tracer.clone();
    options.config.metrics = options.store.metrics.clone();
    let served = api::run(options.config, listener, sectors, shutdown).await;
    tracer.flush().await;
    served
}
