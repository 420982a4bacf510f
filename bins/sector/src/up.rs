//! `sector up`: all services in this process, on real ports.

pub(crate) mod kept;
mod services;

use std::io::IsTerminal as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

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
    /// Secret that signs login tokens, at least 32 bytes [default: that of the data directory, where it
    /// is generated once; without one, generated at each start]
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    jwt_secret: Option<Secret>,
    /// Print the operator's link even if the output is not a terminal, such as a log
    #[arg(long)]
    show_operator_link: bool,
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

impl Options {
    /// The start checks of all services.
    fn check_deployed(&self) -> Result<(), Error> {
        if self.dev.dev {
            return Ok(());
        }
        if let Some(secret) = &self.jwt_secret {
            secrets::check_key("--jwt-secret (JWT_SECRET)", secret)?;
        }
        self.minter.check_deployed(self.bind)?;
        Ok(())
    }
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
    options.check_deployed()?;
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
    let is_linkable = options.jwt_secret.is_some() || options.data.is_some();
    let secret = match (&options.jwt_secret, &options.data) {
        (Some(secret), _) => secret.clone(),
        (None, Some(directory)) => kept::secret(directory)?,
        (None, None) => Secret::new(random_hex()?)?,
    };
    let page = options.url(&ports.frontend)?;
    if let Some(directory) = &options.data {
        kept::write_url(directory, &page)?;
    }
    let operator = if options.show_operator_link || std::io::stdout().is_terminal() {
        let code = api::operator_code(&secret, api::system_clock()())?;
        format!(
            "{page}/#operator={code}\n                   \
             works once, within an hour, and makes that browser the operator's"
        )
    } else {
        // Logs are read by more people than a terminal.
        match (&options.data, is_linkable) {
            (Some(directory), _) => {
                format!("sector operator link --data {}   prints the link", directory.display())
            }
            (None, true) => format!("sector operator link --url {page}   prints the link"),
            (None, false) => "start with --show-operator-link to get a link here".to_owned(),
        }
    };
    say(&welcome(&options, &ports, &operator)?)?;
    let telemetry = Telemetry { metrics, tracers };
    services::run(options, &secret, ports, store, sectors, telemetry, shutdown).await
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

impl Options {
    /// URL of a listener for a browser on this machine or network.
    fn url(&self, listener: &TcpListener) -> Result<String, Error> {
        let host = match self.bind {
            ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Ok(format!("http://{host}:{}", listener.local_addr()?.port()))
    }
}

fn welcome(options: &Options, ports: &Ports, operator: &str) -> Result<String, Error> {
    let play = options.url(&ports.frontend)?;
    let (api, minter) = (options.url(&ports.api)?, options.url(&ports.minter)?);
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
           Operator         {operator}\n\n  \
           State            {state}\n  \
           Stop             Ctrl-C\n"
    ))
}
