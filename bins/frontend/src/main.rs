//! The frontend on its own, on Redis.

use std::net::SocketAddr;
use std::process::ExitCode;

use follow::Sectors;
use frontend::Options;
use process_kit::{ServiceError, metrics, reload, shutdown_on_signals, telemetry, trace};

#[tokio::main]
async fn main() -> ExitCode {
    let options: Options = process_kit::arguments::parse();
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
    let places = options.frontend.places.clone();
    let options = reload::begin(options, move |options| places.tell(&options.frontend.places()))?;
    let shutdown = shutdown_on_signals()?;
    let listener = http_kit::bind(SocketAddr::new(options.bind, options.port), "--port").await?;
    let mut options = options;
    let metrics =
        metrics::begin("frontend", env!("CARGO_PKG_VERSION"), &options.metrics, &shutdown).await?;
    options.store.metrics = metrics.clone();
    options.frontend.tracer = trace::begin("frontend", &options.traces, &metrics)?;
    let tracer = options.frontend.tracer.clone();
    options.frontend.metrics = metrics;
    let sectors = Sectors::open(options.store.options(), shutdown.clone())
        .await
        .map_err(ServiceError::of_store)?;
    tracing::info!(address = %listener.local_addr()?, api = %options.frontend.api_url, "listening");
    let served = frontend::run(options.frontend, listener, sectors, shutdown).await;
    tracer.flush().await;
    served?;
    Ok(())
}
