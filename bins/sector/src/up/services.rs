//! The services of `sector up`: the same code as in separate processes, on one store.

use std::future::Future;
use std::sync::Arc;

use follow::Sectors;
use http_kit::{Client, ClientOptions};
use process_kit::trace::{self, TraceOptions, Tracer};
use process_kit::{CancellationToken, Handles, Metrics, ServiceError};
use sector_auth::Secret;
use sector_redis::Backoff;
use sector_redis::Store;
use sim_worker::Sources;
use tokio::task::JoinSet;

use super::{Options, Ports, random_hex};
use crate::tool::Error;

/// Name of a service that ended, and its error.
type Ended = (&'static str, Result<(), String>);

/// Metrics and traces of the services.
pub(super) struct Telemetry {
    pub(super) metrics: Metrics,
    pub(super) tracers: Tracers,
}

/// One tracer per service, because each has its own name.
pub(super) struct Tracers {
    api: Tracer,
    worker: Tracer,
    frontend: Tracer,
}

impl Tracers {
    pub(super) fn begin(options: &TraceOptions, metrics: &Metrics) -> Result<Self, ServiceError> {
        let begin = |service| trace::begin(service, options, metrics);
        Ok(Self { api: begin("api")?, worker: begin("sim-worker")?, frontend: begin("frontend")? })
    }
}

/// Runs all services until `shutdown`, or until one fails, which stops the others.
pub(super) async fn run(
    options: Options,
    jwt_secret: &Secret,
    ports: Ports,
    store: Arc<dyn Store>,
    sectors: Arc<Sectors>,
    telemetry: Telemetry,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let Ports { api, frontend, minter } = ports;
    let Telemetry { metrics, tracers } = telemetry;
    let frontend_port = frontend.local_addr()?.port();
    let api_url = format!("http://{}", api.local_addr()?);
    let bot_token = Secret::new(random_hex()?)?;

    let mut api_config = api::Config::new(jwt_secret)?;
    api_config.auth_domain = format!("localhost:{frontend_port}");
    api_config.auth_uri = format!("http://localhost:{frontend_port}");
    api_config.bot_api_token = Some(bot_token.clone());
    api_config.autopilot_seconds = options.worker.autopilot_seconds;
    api_config.claim_idle_seconds = options.worker.claim_idle_seconds;
    api_config.victory_share_percent = options.worker.victory_share_percent;
    // The frontend, which forwards requests.
    let hosts = options.minter.allowed_hosts.clone();
    api_config.allowed_hosts = hosts.clone();
    api_config.trusted_proxies = "127.0.0.1,::1".parse()?;
    if !options.dev.dev {
        api_config.check_deployed()?;
    }
    let frontend_config = frontend::Config {
        api_url: api_url.parse()?,
        allowed_hosts: hosts,
        ..frontend::Config::default()
    };
    let bots_config = bot_worker::Config::new(&api_url, &bot_token)?;

    let mut services = JoinSet::new();
    spawn(
        &mut services,
        "sim-worker",
        run_worker(options.worker, store.clone(), handles(&metrics, &tracers.worker, &shutdown)),
    );
    spawn(
        &mut services,
        "api",
        api::run(api_config, api, sectors.clone(), handles(&metrics, &tracers.api, &shutdown)),
    );
    spawn(
        &mut services,
        "frontend",
        frontend::run(
            frontend_config,
            frontend,
            sectors,
            handles(&metrics, &tracers.frontend, &shutdown),
        ),
    );
    let untraced = Tracer::default();
    spawn(
        &mut services,
        "nft-minter",
        nft_minter::run(options.minter, minter, store, handles(&metrics, &untraced, &shutdown)),
    );
    spawn(
        &mut services,
        "bot-worker",
        run_bots(bots_config, api_url, handles(&metrics, &untraced, &shutdown)),
    );

    let mut failure = None;
    while let Some(ended) = services.join_next().await {
        let (name, result) = ended.unwrap_or_else(|error| ("a service", Err(error.to_string())));
        match result {
            Err(error) if failure.is_none() => failure = Some(format!("{name}: {error}")),
            Ok(()) if !shutdown.is_cancelled() => {
                failure = Some(format!("{name} ended unexpectedly"));
            }
            _ => {}
        }
        shutdown.cancel();
    }
    // Concurrently, so that an unreachable collector delays the exit only once.
    tokio::join!(tracers.api.flush(), tracers.worker.flush(), tracers.frontend.flush());
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

fn handles<L>(metrics: &Metrics, tracer: &Tracer, shutdown: &CancellationToken) -> Handles<L> {
    Handles::new(metrics.clone(), tracer.clone(), shutdown.clone())
}

fn spawn<E: std::fmt::Display + Send + 'static>(
    services: &mut JoinSet<Ended>,
    name: &'static str,
    service: impl Future<Output = Result<(), E>> + Send + 'static,
) {
    services.spawn(async move { (name, service.await.map_err(|error| error.to_string())) });
}

/// The worker; reacquires the lease if it expired while the machine slept.
async fn run_worker(
    mut config: sim_worker::Config,
    store: Arc<dyn Store>,
    handles: Handles,
) -> Result<(), sim_worker::Error> {
    loop {
        let run =
            sim_worker::run(config.clone(), store.clone(), Sources::system(), handles.clone());
        match run.await {
            Err(error @ sim_worker::Error::LeaseLost(_)) => {
                tracing::warn!(%error, "lease lost, acquiring it again");
            }
            ended => return ended,
        }
        config.reset_universe_on_start = false;
    }
}

/// The computer players, once a universe runs.
async fn run_bots(
    config: bot_worker::Config,
    api_url: String,
    handles: Handles<usize>,
) -> Result<(), bot_worker::Error> {
    let ready = async {
        let client = Client::new(&ClientOptions::default());
        let url = format!("{api_url}/factions");
        let mut backoff = Backoff::default();
        while !client.get(&url).await.is_ok_and(|response| response.status().is_success()) {
            backoff.wait().await;
        }
    };
    tokio::select! {
        () = handles.shutdown.cancelled() => return Ok(()),
        () = ready => {}
    }
    bot_worker::run(config, handles).await
}
