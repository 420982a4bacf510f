//! Options of the API. Flags override environment variables, which override defaults.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser};
use follow::Sectors;
use http_kit::origin::OriginError;
use http_kit::{BoxError, Hosts, Origins, TrustedProxies};
use process_kit::config::{Seconds, defaults, integer, seconds};
use process_kit::reload::{Limit, Reloadable};
use process_kit::secrets;
use process_kit::store::StoreConfig;
use process_kit::telemetry::LogOptions;
use process_kit::trace::TraceOptions;
use process_kit::{Handles, MetricsOptions, Service, ServiceError};
use sector_auth::{Address, AuthError, Secret, TokenKey};

use crate::error::Error;
use crate::limits::quotas::QuotaConfig;

/// Options of the API process.
#[derive(Debug, Clone, Parser)]
#[command(name = "api", version, about = "The HTTP API of a sector")]
pub struct Options {
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 8000, value_name = "PORT")]
    pub port: u16,
    /// Address to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: IpAddr,
    /// Store of the sectors.
    #[command(flatten)]
    pub store: StoreConfig,
    /// Configuration of the API itself.
    #[command(flatten)]
    pub config: Config,
    /// Metrics options.
    #[command(flatten)]
    pub metrics: MetricsOptions,
    /// Trace options.
    #[command(flatten)]
    pub traces: TraceOptions,
    /// Log options.
    #[command(flatten)]
    pub log: LogOptions,
}

impl Reloadable for Options {
    const LIMITS: &'static [Limit<Self>] = &[
        ("LIMIT_READS", |options| options.config.quotas.limit_reads.to_string()),
        ("LIMIT_ORDERS", |options| options.config.quotas.limit_orders.to_string()),
        ("LIMIT_WRITES", |options| options.config.quotas.limit_writes.to_string()),
        ("LIMIT_LOGINS", |options| options.config.quotas.limit_logins.to_string()),
        ("WS_MAX_CLIENTS", |options| options.config.quotas.ws_max_clients.to_string()),
        ("WS_MAX_PER_ADDRESS", |options| options.config.quotas.ws_max_per_address.to_string()),
    ];

    fn log(&self) -> &LogOptions {
        &self.log
    }
}

/// Configuration of the API.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Secret that signs login tokens, at least 32 bytes; required
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_parser = token_secret, value_name = "SECRET")]
    pub jwt_secret: Secret,
    /// Previous signing secrets, separated by commas, at most 4; their tokens stay valid until they
    /// expire
    #[arg(long, env = "JWT_PREVIOUS_SECRETS", hide_env_values = true, value_delimiter = ',', value_parser = token_secret, value_name = "SECRETS")]
    pub jwt_previous_secrets: Vec<Secret>,
    /// Lifetime of a login token; the session's refresh token renews it
    #[arg(long, env = "JWT_TTL_SECONDS", default_value = "900s", value_parser = seconds(60..=86_400), value_name = "SECONDS")]
    pub jwt_ttl_seconds: Seconds,
    /// Lifetime of a session after its last renewal
    #[arg(long, env = "SESSION_TTL_SECONDS", default_value = "2592000s", value_parser = seconds(300..=31_536_000), value_name = "SECONDS")]
    pub session_ttl_seconds: Seconds,
    /// Issuer of login tokens
    #[arg(long, env = "JWT_ISSUER", default_value = "sector", value_name = "NAME")]
    pub jwt_issuer: String,
    /// Audience of login tokens
    #[arg(long, env = "JWT_AUDIENCE", default_value = "sector-api", value_name = "NAME")]
    pub jwt_audience: String,
    /// Time to sign a login message
    #[arg(long, env = "AUTH_NONCE_TTL_SECONDS", default_value = "300s", value_parser = seconds(10..=3_600), value_name = "SECONDS")]
    pub auth_nonce_ttl_seconds: Seconds,
    /// Host and port of the public site, as named in login messages
    #[arg(long, env = "AUTH_DOMAIN", default_value = "localhost:9000", value_name = "HOST:PORT")]
    pub auth_domain: String,
    /// URL of the public site, as named in login messages
    #[arg(long, env = "AUTH_URI", default_value = "http://localhost:9000", value_name = "URL")]
    pub auth_uri: String,
    /// Chain id in login messages
    #[arg(long, env = "AUTH_CHAIN_ID", default_value_t = 1, value_name = "NUMBER")]
    pub auth_chain_id: u64,
    /// Token that bots send as X-Bot-Token; without it bots are rejected
    #[arg(long, env = "BOT_API_TOKEN", hide_env_values = true, value_name = "SECRET")]
    pub bot_api_token: Option<Secret>,
    /// File of such tokens, one per line, at most 4; reread when it changes
    #[arg(long, env = "BOT_API_TOKEN_FILE", value_name = "FILE")]
    pub bot_api_token_file: Option<PathBuf>,
    /// Addresses that get the admin role at login, separated by commas
    #[arg(long, env = "ADMIN_ADDRESSES", default_value = "", value_name = "ADDRESSES")]
    pub admin_addresses: List<Address>,
    /// Time after which the faction of an absent player is free again
    #[arg(long, env = "CLAIM_IDLE_SECONDS", default_value = "600s", value_parser = seconds(10..=604_800), value_name = "SECONDS")]
    pub claim_idle_seconds: Seconds,
    /// Time without an order or POST /factions/keep after which a computer plays on for a player; the
    /// same as for the sim-worker
    #[arg(long, env = "AUTOPILOT_SECONDS", default_value = "30s", value_parser = seconds(5..=604_800), value_name = "SECONDS")]
    pub autopilot_seconds: Seconds,
    /// Share of a run that a player must hold a seat for a victory, in percent; the same as for the
    /// sim-worker
    #[arg(long, env = "VICTORY_SHARE_PERCENT", default_value_t = 50, value_parser = integer(0..=100u8), value_name = "PERCENT")]
    pub victory_share_percent: u8,
    /// Origins whose pages may call the API, separated by commas; * for all
    #[arg(long, env = "CORS_ORIGINS", default_value = "", value_parser = origins, value_name = "ORIGINS")]
    pub cors_origins: Origins,
    /// Networks of trusted proxies that name the client, separated by commas, such as 10.0.0.0/8;
    /// without them, everyone behind a proxy counts as one client
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", value_name = "NETWORKS")]
    pub trusted_proxies: TrustedProxies,
    /// Host names that the service answers to, besides localhost and IP addresses, separated by
    /// commas; * for all. Empty allows all, or none when `BIND` is a loopback address
    #[arg(long, env = "ALLOWED_HOSTS", default_value = "", value_name = "HOSTS")]
    pub allowed_hosts: Hosts,
    /// Seconds for which browsers must use TLS (Strict-Transport-Security); 0 sends no header. Only
    /// for a service behind a TLS proxy
    #[arg(long, env = "HSTS_SECONDS", default_value = "0s", value_parser = seconds(0..=63_072_000), value_name = "SECONDS")]
    pub hsts_seconds: Seconds,
    /// Rate limits.
    #[command(flatten)]
    pub quotas: QuotaConfig,
}

impl Service for Options {
    const NAME: &'static str = "api";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Limits = QuotaConfig;

    fn limits(&self) -> QuotaConfig {
        self.config.quotas.clone()
    }

    fn metrics(&self) -> &MetricsOptions {
        &self.metrics
    }

    fn traces(&self) -> Option<&TraceOptions> {
        Some(&self.traces)
    }

    fn check(&self) -> Result<(), BoxError> {
        if !self.store.dev.dev {
            self.config.check_deployed()?;
        }
        Ok(())
    }

    async fn run(self, handles: Handles<QuotaConfig>) -> Result<(), BoxError> {
        let listener = http_kit::bind(SocketAddr::new(self.bind, self.port), "--port").await?;
        let store = self.store.options(&handles.metrics);
        let sectors =
            Sectors::open(store, handles.shutdown.clone()).await.map_err(ServiceError::of_store)?;
        Ok(crate::run(self.config, listener, sectors, handles).await?)
    }
}

impl Config {
    /// Default configuration with this signing secret.
    ///
    /// # Errors
    /// The secret is too short.
    pub fn new(jwt_secret: &Secret) -> Result<Self, clap::Error> {
        defaults(&[&format!("--jwt-secret={}", jwt_secret.expose())])
    }

    /// Rejects settings that are for development only: guessable secrets, and a URI and domain that
    /// differ.
    ///
    /// # Errors
    /// [`Error::Service`] and [`Error::Config`], naming the setting and what to set.
    pub fn check_deployed(&self) -> Result<(), Error> {
        secrets::check_key("--jwt-secret (JWT_SECRET)", &self.jwt_secret)?;
        for previous in &self.jwt_previous_secrets {
            secrets::check_key("--jwt-previous-secrets (JWT_PREVIOUS_SECRETS)", previous)?;
        }
        if let Some(token) = &self.bot_api_token {
            secrets::check("--bot-api-token (BOT_API_TOKEN)", token)?;
        }
        self.check_site()
    }

    /// Rejects a URI and a domain that differ: wallets warn about such login messages, and nobody
    /// could log in.
    ///
    /// # Errors
    /// [`Error::Config`], saying what to set.
    pub fn check_site(&self) -> Result<(), Error> {
        let refused =
            |detail: String| Err(Error::Config { option: "AUTH_URI and AUTH_DOMAIN", detail });
        let site = self
            .auth_uri
            .strip_prefix("https://")
            .or_else(|| self.auth_uri.strip_prefix("http://"));
        let Some(site) = site else {
            return refused(format!("invalid URL {:?}: use https://host[:port]", self.auth_uri));
        };
        let host = site.split(['/', '?', '#']).next().unwrap_or_default();
        if host == self.auth_domain {
            return Ok(());
        }
        refused(format!(
            "the host of the URI {:?} is {host:?}, but the domain is {:?}: set both to the public site, such as \
             AUTH_DOMAIN=sector.example and AUTH_URI=https://sector.example",
            self.auth_uri, self.auth_domain
        ))
    }
}

fn token_secret(text: &str) -> Result<Secret, AuthError> {
    TokenKey::new(text.as_bytes())?;
    Secret::new(text)
}

/// Values separated by commas; the empty string is the empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Origins separated by commas, or `*` for all.
fn origins(text: &str) -> Result<Origins, OriginError> {
    let (any, listed): (Vec<&str>, Vec<&str>) =
        text.split(',').map(str::trim).partition(|part| *part == "*");
    let listed: Origins = listed.join(",").parse()?;
    Ok(if any.is_empty() { listed } else { Origins::any() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::try_parse_from([&["api"], arguments].concat()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_is_required_and_must_not_be_too_short() {
        assert!(parse(&[]).unwrap_err().contains("--jwt-secret"));
        let text = parse(&["--jwt-secret", "hunter2"]).unwrap_err();
        assert!(text.contains("--jwt-secret") && text.contains("32"), "{text}");
    }

    #[test]
    fn invalid_list_entries_are_named() {
        let address = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";
        let options = parse(&[
            "--jwt-secret",
            SECRET,
            "--admin-addresses",
            &format!("{address}, {address},"),
            "--cors-origins",
            "https://sector.example,*",
        ]);
        let config = options.unwrap().config;
        assert_eq!(config.admin_addresses.0.len(), 2);
        assert!(config.cors_origins.is_any());
        let listed = parse(&["--jwt-secret", SECRET, "--cors-origins", "https://sector.example"]);
        let listed = listed.unwrap().config.cors_origins;
        assert!(listed.list("https://sector.example") && !listed.list("https://other.example"));
        let text = parse(&["--jwt-secret", SECRET, "--admin-addresses", "0x12"]).unwrap_err();
        assert!(text.contains("--admin-addresses") && text.contains("0x12"), "{text}");
        for bad in
            ["sector.example", "https://", "https://sector.example/path", "ftp://sector.example"]
        {
            assert!(parse(&["--jwt-secret", SECRET, "--cors-origins", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let options = parse(&[
            "--jwt-secret",
            SECRET,
            "--bot-api-token",
            "hunter2",
            "--redis-url",
            "redis://:hunter3@host",
        ]);
        let text = format!("{:?}", options.unwrap());
        assert!(!text.contains(SECRET) && !text.contains("hunter"), "{text}");
    }
}
