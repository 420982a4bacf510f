//! `sector up`: all services in this process, on real ports.

mod services;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use follow::Sectors;
use http_kit::bind;
use process_kit::metrics::{self, StoreMetrics};
use process_kit::secrets;
use process_kit::telemetry::{self, LogFormat, LogOptions};
use process_kit::trace::TraceOptions;
use process_kit::{DevConfig, KeyConfig, MetricsOptions, shutdown_on_signals};
use sector_auth::Secret;
use tokio::net::TcpListener;

use self::services::{Telemetry, Tracers};
use crate::tool::{Error, block_on, say};

/// Lifetime of the operator link.
const OPERATOR_LINK_LIFE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Directory for the sector; without it the sector is lost at exit
    #[arg(long, value_name = "DIR", conflicts_with = "redis")]
    data: Option<PathBuf>,
    /// Redis for the sector: `redis://…`, `redis+unix:///path`, `redis-cluster://…` or
    /// `redis-sentinel://…`
    #[arg(
        long,
        value_name = "URL",
        help = "Redis for the sector: redis://[user:password@]host[:port][/database], redis+unix:///path, \
                redis-cluster://[user:password@]host[:port],… or redis-sentinel://[user:password@]host[:port],…/master"
    )]
    redis: Option<Secret>,
    /// Address to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1", value_name = "ADDRESS")]
    bind: IpAddr,
    /// Port of the API
    #[arg(long, default_value_t = 8000, value_name = "PORT")]
    api_port: u16,
    /// Port of the browser UI
    #[arg(long, default_value_t = 9000, value_name = "PORT")]
    frontend_port: u16,
    /// Port of the minter
    #[arg(long, default_value_t = 9100, value_name = "PORT")]
    minter_port: u16,
    /// Secret that signs login tokens, at least 32 bytes [default: generated at each start]
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    jwt_secret: Option<Secret>,
    #[command(flatten)]
    worker: sim_worker::Config,
    #[command(flatten)]
    minter: nft_minter::Config,
    #[command(flatten)]
    keys: KeyConfig,
    #[command(flatten)]
    dev: DevConfig,
    #[command(flatten)]
    metrics: MetricsOptions,
    #[command(flatten)]
    traces: TraceOptions,
    /// Log filter: a level (error, warn, info, debug, trace) or directives like info,api=debug
    #[arg(long, env = "LOG", default_value = "warn", value_name = "FILTER")]
    log: String,
}

/// The listeners, bound before anything else starts.
struct Ports {
    api: TcpListener,
    frontend: TcpListener,
    minter: TcpListener,
}

pub(crate) fn up(options: Options) -> Result<(), Error> {
    block_on(start(options))
}

async fn start(options: Options) -> Result<(), Error> {
    telemetry::init(&LogOptions {
        log: options.log.clone(),
        log_format: LogFormat::default(),
        reload_file: None,
    })?;
    options.worker.check()?;
    if let Some(secret) = options.jwt_secret.as_ref().filter(|_| !options.dev.dev) {
        secrets::check_key("--jwt-secret (JWT_SECRET)", secret)?;
    }
    let shutdown = shutdown_on_signals()?;
    let address = |port| SocketAddr::new(options.bind, port);
    let ports = Ports {
        api: bind(address(options.api_port), "--api-port").await?,
        frontend: bind(address(options.frontend_port), "--frontend-port").await?,
        minter: bind(address(options.minter_port), "--minter-port").await?,
    };
    let place =
        process_kit::store::place(options.data.clone(), options.redis.as_ref(), &options.keys);
    let mut place = options.dev.options(place);
    let metrics =
        metrics::begin("sector", env!("CARGO_PKG_VERSION"), &options.metrics, &shutdown).await?;
    place.observer = Some(Arc::new(StoreMetrics::new(&metrics)));
    let tracers = Tracers::begin(&options.traces, &metrics)?;
    let store =
        sector_redis::open(place.clone()).await.map_err(|error| unopened(&options, error))?;
    let sectors = Sectors::of(place, store.clone(), shutdown.clone());
    let code = random_hex()?;
    api::allow_operator(&*store, &code, OPERATOR_LINK_LIFE).await?;
    say(&welcome(&options, &ports, &code)?)?;
    services::run(options, ports, store, sectors, Telemetry { metrics, tracers }, shutdown).await
}

/// Why the store cannot be opened, with the option to change.
fn unopened(options: &Options, error: sector_redis::Error) -> Error {
    match (&options.redis, error.is_unavailable()) {
        (Some(_), true) => format!("{error}: start Redis, or set --redis to its address").into(),
        (Some(_), false) => format!("{error} (the store of --redis)").into(),
        (None, _) => error.into(),
    }
}

/// 256 random bits.
fn random_hex() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| format!("no random numbers from the system: {error}"))?;
    Ok(hex::encode(bytes))
}

fn welcome(options: &Options, ports: &Ports, code: &str) -> Result<String, Error> {
    let host = match options.bind {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V6(ip) if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let url = |listener: &TcpListener| -> Result<String, Error> {
        Ok(format!("http://{host}:{}", listener.local_addr()?.port()))
    };
    let (play, api, minter) = (url(&ports.frontend)?, url(&ports.api)?, url(&ports.minter)?);
    let state = match (&options.redis, &options.data) {
        (Some(_), _) => "in Redis".to_owned(),
        (None, Some(directory)) => format!("in {}", directory.display()),
        (None, None) => "in memory, until this process ends; --data DIR keeps it".to_owned(),
    };
    Ok(format!(
        "\n  The sector is at war.\n\n  \
           Watch and play   {play}\n  \
           API              {api}/health   (described at {api}/openapi.json)\n  \
           Awards           {minter}/health\n  \
           Operator         {play}/#operator={code}\n                   \
           works once, within an hour, and makes that browser the operator's\n\n  \
           State            {state}\n  \
           Stop             Ctrl-C\n"
    ))
}
