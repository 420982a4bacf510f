//! The options of the minter.

use std::net::IpAddr;

use clap::Parser;
use sector_auth::Secret;
use service::StoreConfig;
use service::telemetry::LogOptions;

/// How awards are taken in.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Key that POST /mint asks for as a bearer token; without one, anybody who reaches the port may hand in awards
    #[arg(long, env = "MINTER_API_KEY", hide_env_values = true)]
    pub minter_api_key: Option<Secret>,
}

/// Keeps the awards of finished runs.
#[derive(Debug, Parser)]
#[command(name = "nft-minter", version)]
pub struct Options {
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 9100)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// How awards are taken in.
    #[command(flatten)]
    pub minter: Config,
    /// Where they are kept.
    #[command(flatten)]
    pub store: StoreConfig,
    /// How to log.
    #[command(flatten)]
    pub log: LogOptions,
}
