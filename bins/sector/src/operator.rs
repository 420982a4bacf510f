//! `sector operator`: a link that makes a browser the operator's.

use std::path::PathBuf;

use api::system_clock;
use clap::{Args, Subcommand};
use sector_auth::Secret;

use crate::tool::{Error, say};
use crate::up::kept;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a link that works once, within an hour, and makes the browser that opens it the
    /// operator's; the sector can be running
    Link(Link),
}

#[derive(Debug, Args)]
pub(crate) struct Link {
    /// Data directory of the sector, which holds its signing secret and its address
    #[arg(long, value_name = "DIR", required_unless_present = "jwt_secret")]
    data: Option<PathBuf>,
    /// Signing secret of the sector, if it was started with one
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    jwt_secret: Option<Secret>,
    /// Address of the browser UI [default: that of the data directory, or http://localhost:9000]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(crate) fn operator(command: &Command) -> Result<(), Error> {
    match command {
        Command::Link(options) => say(&link(options)?),
    }
}

fn link(options: &Link) -> Result<String, Error> {
    let Link { data, jwt_secret, url } = options;
    let secret = match (jwt_secret, data) {
        (Some(secret), _) => secret.clone(),
        (None, Some(directory)) => kept::read_secret(directory)?.ok_or_else(|| {
            format!(
                "{} has no signing secret: name the data directory of `sector up`, or set JWT_SECRET to the secret that \
                 the sector was started with",
                directory.display()
            )
        })?,
        (None, None) => return Err("name the data directory of the sector: --data DIR".into()),
    };
    let url = match (url, data) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, Some(directory)) => kept::read_url(directory)?,
        (None, None) => kept::DEFAULT_URL.to_owned(),
    };
    Ok(format!("{url}/#operator={}", api::operator_code(&secret, system_clock()())?))
}
