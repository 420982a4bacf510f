//! Options of the minter.

use std::net::{IpAddr, SocketAddr};

use clap::Parser;
use http_kit::BoxError;
use process_kit::reload::{Limit, Reloadable};
use process_kit::telemetry::LogOptions;
use process_kit::{Handles, MetricsOptions, Service, ServiceError, StoreConfig, secrets};
use sector_auth::Secret;

/// Configuration of the minter.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Bearer token for POST /mint; without it, anyone who reaches the port may submit awards
    #[arg(long, env = "MINTER_API_KEY", hide_env_values = true)]
    pub minter_api_key: Option<Secret>,
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
            self.check_deployed()?;
        }
        Ok(())
    }

    async fn run(self, handles: Handles) -> Result<(), BoxError> {
        let listener = http_kit::bind(SocketAddr::new(self.bind, self.port), "--port").await?;
        let store = self.store.open(&handles.metrics).await?;
        Ok(crate::run(self.minter, listener, store, handles).await?)
    }
}

impl Options {
    /// Rejects a public port without a key, and a placeholder as key.
    ///
    /// # Errors
    /// [`ServiceError::Setting`], saying what to set.
    pub fn check_deployed(&self) -> Result<(), ServiceError> {
        const SETTING: &str = "--minter-api-key (MINTER_API_KEY)";
        match &self.minter.minter_api_key {
            Some(key) => secrets::check(SETTING, key),
            None if self.bind.is_loopback() => Ok(()),
            None => Err(ServiceError::Setting {
                setting: SETTING,
                detail: format!(
                    "the key is missing, so anyone who reaches {} could submit awards: set it, or accept that with --dev",
                    self.bind
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_door_is_refused_where_others_can_reach_it() {
        let check = |arguments: &[&str]| {
            Options::parse_from([&["nft-minter"], arguments].concat()).check_deployed()
        };
        check(&[]).unwrap();
        check(&["--bind", "0.0.0.0", "--minter-api-key", "8b1f0c52d7e96a34"]).unwrap();
        for open in [&["--bind", "0.0.0.0"][..], &["--minter-api-key", "changeme"]] {
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
