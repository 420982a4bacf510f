//! Options of the frontend.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use clap::Parser;
use follow::{Pace, Sectors};
use http::Uri;
use http::uri::{Authority, Scheme};
use http_kit::client_slots::{CLIENTS_MAX, CLIENTS_PER_ADDRESS_MAX};
use http_kit::{BoxError, Hosts, Origins, TrustedProxies};
use process_kit::config::{Seconds, integer, seconds};
use process_kit::reload::{Limit, Reloadable};
use process_kit::telemetry::LogOptions;
use process_kit::trace::TraceOptions;
use process_kit::{Handles, MetricsOptions, Service, ServiceError, StoreConfig};

use crate::recording::Recording;

/// Configuration of the frontend.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// URL of the API; requests to /api/ are forwarded to it
    #[arg(long, env = "API_URL", default_value_t, value_name = "URL")]
    pub api_url: ApiUrl,
    /// Origins of other sites whose pages may open the WebSocket, separated by commas, such as
    /// `https://example.org`; pages of the frontend's own host always may
    #[arg(long, env = "ALLOWED_ORIGINS", default_value_t, value_name = "ORIGINS")]
    pub allowed_origins: Origins,
    /// Most clients of live streams
    #[arg(long, env = "WS_MAX_CLIENTS", default_value_t = Self::default().ws_max_clients, value_parser = integer(1..=100_000usize))]
    pub ws_max_clients: usize,
    /// Networks of trusted proxies that name the client, separated by commas, such as 10.0.0.0/8;
    /// without them, everyone behind a proxy counts as one client
    #[arg(long, env = "TRUSTED_PROXIES", default_value_t, value_name = "NETWORKS")]
    pub trusted_proxies: TrustedProxies,
    /// Host names that the service answers to, besides localhost and IP addresses, separated by
    /// commas; * for all. Empty allows all, or none when `BIND` is a loopback address
    #[arg(long, env = "ALLOWED_HOSTS", default_value_t, value_name = "HOSTS")]
    pub allowed_hosts: Hosts,
    /// Seconds for which browsers must use TLS (Strict-Transport-Security); 0 sends no header. Only
    /// for a service behind a TLS proxy
    #[arg(long, env = "HSTS_SECONDS", default_value_t = Self::default().hsts_seconds, value_parser = seconds(0..=63_072_000), value_name = "SECONDS")]
    pub hsts_seconds: Seconds,
    /// Most clients of live streams from one address (IPv6: one /64)
    #[arg(
        long, env = "WS_MAX_PER_ADDRESS", default_value_t = Self::default().ws_max_per_address,
        value_parser = integer(1..=100_000usize)
    )]
    pub ws_max_per_address: usize,
    /// Serves a recorded run.
    #[arg(skip)]
    pub recording: Option<Recording>,
    /// Timeouts and limits of live streams.
    #[arg(skip)]
    pub pace: Pace,
}

/// Limits of the clients of live streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Maximum in total.
    pub clients_max: usize,
    /// Maximum per address.
    pub per_address_max: usize,
}

/// Serves the browser UI and streams the sector to it.
#[derive(Debug, Clone, Parser)]
#[command(name = "frontend", version)]
pub struct Options {
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 9000)]
    pub port: u16,
    /// Address to listen on; 0.0.0.0 or :: for all
    #[arg(long, env = "BIND", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// Configuration of the frontend.
    #[command(flatten)]
    pub frontend: Config,
    /// Store of the sectors.
    #[command(flatten)]
    pub store: StoreConfig,
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
        ("WS_MAX_CLIENTS", |options| options.frontend.ws_max_clients.to_string()),
        ("WS_MAX_PER_ADDRESS", |options| options.frontend.ws_max_per_address.to_string()),
    ];

    fn log(&self) -> &LogOptions {
        &self.log
    }
}

impl Service for Options {
    const NAME: &'static str = "frontend";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Limits = Places;

    fn limits(&self) -> Places {
        self.frontend.places()
    }

    fn metrics(&self) -> &MetricsOptions {
        &self.metrics
    }

    fn traces(&self) -> Option<&TraceOptions> {
        Some(&self.traces)
    }

    async fn run(self, handles: Handles<Places>) -> Result<(), BoxError> {
        let listener = http_kit::bind(SocketAddr::new(self.bind, self.port), "--port").await?;
        let store = self.store.options(&handles.metrics);
        let sectors =
            Sectors::open(store, handles.shutdown.clone()).await.map_err(ServiceError::of_store)?;
        tracing::info!(address = %listener.local_addr()?, api = %self.frontend.api_url, "listening");
        Ok(crate::run(self.frontend, listener, sectors, handles).await?)
    }
}

impl Config {
    /// Limits of live streams.
    #[must_use]
    pub fn places(&self) -> Places {
        Places { clients_max: self.ws_max_clients, per_address_max: self.ws_max_per_address }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            api_url: ApiUrl::default(),
            allowed_origins: Origins::default(),
            trusted_proxies: TrustedProxies::default(),
            allowed_hosts: Hosts::default(),
            hsts_seconds: Seconds(0),
            ws_max_clients: CLIENTS_MAX,
            ws_max_per_address: CLIENTS_PER_ADDRESS_MAX,
            recording: None,
            pace: Pace::default(),
        }
    }
}

/// URL of the API: `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl(Authority);

impl ApiUrl {
    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.0
    }
}

impl Default for ApiUrl {
    fn default() -> Self {
        Self(Authority::from_static("127.0.0.1:8000"))
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}", self.0)
    }
}

/// A text is not the URL of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use http://host or http://host:port, without a path")]
pub struct ApiUrlError;

impl FromStr for ApiUrl {
    type Err = ApiUrlError;

    fn from_str(text: &str) -> Result<Self, ApiUrlError> {
        let uri: Uri = text.parse().map_err(|_| ApiUrlError)?;
        let has_path = !matches!(uri.path(), "" | "/") || uri.query().is_some();
        match uri.authority() {
            Some(authority)
                if uri.scheme() == Some(&Scheme::HTTP)
                    && !has_path
                    && !authority.as_str().contains('@') =>
            {
                Ok(Self(authority.clone()))
            }
            _ => Err(ApiUrlError),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Options {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn the_default_pace_fits_together() {
        let Options { config } = Options::try_parse_from(["frontend"]).unwrap();
        assert_eq!(config.api_url.to_string(), "http://127.0.0.1:8000");
        assert!(
            config.pace.closing < Duration::from_secs(2)
                && config.pace.silence > 2 * config.pace.ping
        );
    }

    #[test]
    fn api_urls_are_parsed_and_invalid_ones_are_named() {
        for good in ["http://api", "http://api:80/", "http://[::1]:8000"] {
            good.parse::<ApiUrl>().unwrap();
        }
        for bad in [
            "",
            "api:8000",
            "https://api",
            "http://api/v1",
            "http://api?x",
            "http://me:pw@api",
            "http://",
        ] {
            let error =
                Options::try_parse_from(["frontend", "--api-url", bad]).unwrap_err().to_string();
            assert!(error.contains("--api-url") && error.contains("http://host"), "{bad}: {error}");
        }
        let error =
            Options::try_parse_from(["frontend", "--ws-max-clients", "0"]).unwrap_err().to_string();
        assert!(
            error.contains("--ws-max-clients") && error.contains("from 1 to 100000"),
            "{error}"
        );
    }
}
