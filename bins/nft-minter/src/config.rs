//! Options of the minter.

use std::net::{IpAddr, SocketAddr};

use clap::Parser;
use http_kit::{BoxError, Hosts};
use process_kit::config::integer;
use process_kit::reload::{Limit, Reloadable};
use process_kit::telemetry::LogOptions;
use process_kit::{Handles, MetricsOptions, Service, ServiceError, StoreConfig, secrets};
use sector_auth::Secret;

/// Default of `--limit-mints`: as many as writes of the API.
const MINTS_PER_MINUTE: u32 = 120;
/// Default of `--limit-minter-reads`: as many as reads of the API.
const READS_PER_MINUTE: u32 = 3_000;

/// Configuration of the minter.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Bearer token for POST /mint; without it, anyone who reaches the port may submit awards
    #[arg(long, env = "MINTER_API_KEY", hide_env_values = true)]
    pub minter_api_key: Option<Secret>,
    /// Awards per minute of one address (IPv6: one /64)
    #[arg(long, env = "LIMIT_MINTS", default_value_t = MINTS_PER_MINUTE, value_parser = integer(1..=100_000u32), value_name = "NUMBER")]
    pub limit_mints: u32,
    /// Most other requests per minute of one address (IPv6: one /64)
    #[arg(long, env = "LIMIT_MINTER_READS", default_value_t = READS_PER_MINUTE, value_parser = integer(1..=100_000u32), value_name = "NUMBER")]
    pub limit_minter_reads: u32,
    /// Host names that the service answers to, besides localhost and IP addresses, separated by
    /// commas; * for all. Empty allows all, or none when `BIND` is a loopback address
    #[arg(long, env = "ALLOWED_HOSTS", default_value_t, value_name = "HOSTS")]
    pub allowed_hosts: Hosts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            minter_api_key: None,
            limit_mints: MINTS_PER_MINUTE,
            limit_minter_reads: READS_PER_MINUTE,
            allowed_hosts: Hosts::default(),
        }
    }
}

impl Config {
    /// Rejects a public address without a key, and a key that can be guessed.
    ///
    /// # Errors
    /// [`ServiceError::Setting`], saying what to set.
    pub fn check_deployed(&self, bind: IpAddr) -> Result<(), ServiceError> {
        const SETTING: &str = "--minter-api-key (MINTER_API_KEY)";
        match &self.minter_api_key {
            Some(key) => secrets::check_key(SETTING, key),
            None if bind.is_loopback() => Ok(()),
            None => Err(ServiceError::Setting {
                setting: SETTING,
                detail: format!(
                    "the key is missing, so anyone who reaches {bind} could submit awards: set it, or accept that with --dev"
                ),
            }),
        }
    }
}

/// Stores the awards of finished runs.
#[derive(Debug, Clone, Parser)]
#[command(name = "nft-minter", version)]
pub struct Options {
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 9100)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// Configuration of the minter.
    #[command(flatten)]
    pub minter: Config,
    /// Where awards are stored.
    #[command(flatten)]
    pub store: StoreConfig,
    /// Where to serve metrics.
    #[command(flatten)]
    pub metrics: MetricsOptions,
    /// How to log.
    #[command(flatten)]
    pub log: LogOptions,
}

impl Reloadable for Options {
    const LIMITS: &'static [Limit<Self>] = &[];

    fn log(&self) -> &LogOptions {
        &self.log
    }
}

impl Service for Options {
    const NAME: &'static str = "nft-minter";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Limits = ();

    fn limits(&self) {}

    fn metrics(&self) -> &MetricsOptions {
        &self.metrics
    }

    fn check(&self) -> Result<(), BoxError> {
        if !self.store.dev.dev {
            self.minter.check_deployed(self.bind)?;
        }
        Ok(())
    }

    async fn run(self, handles: Handles) -> Result<(), BoxError> {
        let listener = http_kit::bind(SocketAddr::new(self.bind, self.port), "--port").await?;
        let store = self.store.open(&handles.metrics).await?;
        Ok(crate::run(self.minter, listener, store, handles).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_port_needs_a_key() {
        let check = |arguments: &[&str]| {
            let options = Options::parse_from([&["nft-minter"], arguments].concat());
            options.minter.check_deployed(options.bind)
        };
        check(&[]).unwrap();
        let key = "8b1f0c52d7e96a34f05c9b27de6a1843b91e70d2c4f6a8350e7d19c2b48f6a03";
        check(&["--bind", "0.0.0.0", "--minter-api-key", key]).unwrap();
        for open in [
            &["--bind", "0.0.0.0"][..],
            &["--minter-api-key", "changeme"],
            &["--minter-api-key", "x"],
        ] {
            let text = check(open).unwrap_err().to_string();
            assert!(
                text.contains("MINTER_API_KEY")
                    && text.contains("--dev")
                    && !text.contains("changeme"),
                "{text}"
            );
        }
    }
}
