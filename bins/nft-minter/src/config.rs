//! The options of the minter.

use sector_auth::Secret;

/// How awards are taken in.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Config {
    /// Key that POST /mint asks for as a bearer token; without one, anybody who reaches the port may hand in awards
    #[arg(long, env = "MINTER_API_KEY", hide_env_values = true)]
    pub minter_api_key: Option<Secret>,
}
