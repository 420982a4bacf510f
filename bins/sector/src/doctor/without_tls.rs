//! Stands in for [TLS connections](super) in builds without the feature `tls`.

use std::path::Path;

use tokio::net::TcpStream;

use super::Findings;
use crate::tool::Error;

const MISSING: &str = "this build has no TLS support";
const TODO: &str = "build with `cargo build --release --features tls`, or use the tools image";

/// No trusted certificate authorities.
pub(super) struct Trust;

impl Trust {
    pub(super) fn new(ca: Option<&Path>) -> Result<Self, Error> {
        match ca {
            Some(_) => Err(format!("--ca cannot be used: {MISSING}; {TODO}").into()),
            None => Ok(Self),
        }
    }

    /// Reports that `https://` cannot be checked.
    pub(super) async fn connect(
        &self,
        _host: &str,
        _port: u16,
        findings: &mut Findings,
    ) -> Option<TcpStream> {
        findings.fail("certificate", MISSING, TODO);
        None
    }
}
