//! The sim-worker on its own, on Redis.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use http_kit::{Client, ClientOptions, bind};
use process_kit::{
    CancellationToken, ServiceError, metrics, reload, shutdown_on_signals, telemetry, trace,
};
use sector_redis::Backoff;
use sim_worker::{Options, Post, Sources};

#[tokio::main]
async fn main() -> ExitCode {
    let options: Options = process_kit::arguments::parse();
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
    let options = reload::begin(options, |_| ())?;
    options.worker.check()?;
    let shutdown = shutdown_on_signals()?;
    let mut options = options;
    options.worker.metrics =
        metrics::begin("sim-worker", env!("CARGO_PKG_VERSION"), &options.metrics, &shutdown)
            .await?;
    options.store.metrics = options.worker.metrics.clone();
    options.worker.tracer = trace::begin("sim-worker", &options.traces, &options.worker.metrics)?;
    let posts = Post::all(options.sectors().sectors());
    let tracer = options.worker.tracer.clone();
    let worked = run(options, posts, shutdown).await;
    tracer.flush().await;
    worked
}

async fn run(
    options: Options,
    posts: Vec<Arc<Post>>,
    shutdown: CancellationToken,
) -> Result<(), Box<dyn std::error::Error>> {
    let Some(port) = options.health_port else { return work(options, posts, shutdown).await };
    let listener = bind(SocketAddr::new(options.bind, port), "--health-port").await?;
    let stop_listening = CancellationToken::new();
    let health =
        tokio::spawn(sim_worker::serve_health(posts.clone(), listener, stop_listening.clone()));
    let worked = work(options, posts, shutdown).await;
    stop_listening.cancel();
    health.await??;
    worked
}

async fn work(
    options: Options,
    posts: Vec<Arc<Post>>,
    shutdown: CancellationToken,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut store = options.store.clone();
    // What one worker of one sector cannot open is told before it waits for anything.
    let only = match posts.as_slice() {
        [post] => {
            store.keys.sector_id = post.id().cloned();
            Some((post.clone(), store.open().await?))
        }
        _ => None,
    };
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
    let (config, sources) = (options.worker, Sources::system());
    match only {
        Some((post, store)) => sim_worker::run_at(config, store, sources, post, shutdown).await?,
        None => {
            match sim_worker::run_several(config, store.options(), posts, sources, shutdown).await {
                // Told only of stores that could not be opened at the start.
                Err(sim_worker::Error::Store(error)) => {
                    return Err(ServiceError::of_store(error).into());
                }
                worked => worked?,
            }
        }
    }
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
