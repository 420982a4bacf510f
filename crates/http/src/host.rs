//! The `Host` header: which names a server answers to.
//!
//! A page of another site can have its own name resolve to an address of this machine (DNS
//! rebinding). To the browser, the server then belongs to that page, which may read and send
//! everything. Only the `Host` header still shows the page's name.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::header::HOST;
use http::uri::Authority;
use http::{StatusCode, Version};

use crate::body::Request;
use crate::catalogue;
use crate::problem::Problem;

/// Host names that a server answers to, besides `localhost` and IP addresses, which always are
/// allowed. Parses from a comma-separated list; `*` allows all.
///
/// An empty list allows all names on a server that other machines reach, and no others on one that
/// listens on loopback only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts {
    listed: Vec<String>,
}

impl Hosts {
    /// All names.
    #[must_use]
    pub fn any() -> Self {
        Self { listed: vec!["*".to_owned()] }
    }

    /// The list as it applies to a server that listens on this address.
    pub(crate) fn on(self, address: IpAddr) -> Self {
        if self.listed.is_empty() && !address.to_canonical().is_loopback() {
            Self::any()
        } else {
            self
        }
    }

    /// Whether requests may name this host, with or without a port.
    #[must_use]
    pub fn allow(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost"
            || name.ends_with(".localhost")
            || address.parse::<IpAddr>().is_ok()
            || self.listed.iter().any(|listed| listed == "*" || *listed == name)
    }

    /// Checks the host of a request.
    ///
    /// # Errors
    /// 400 `invalid_host` unless an HTTP/1.1 request has exactly one `Host` header (RFC 9112, 3.2),
    /// 421 `host_not_allowed` for a name that is not listed.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Problem> {
        let mut values = request.headers().get_all(HOST).iter();
        let header = values.next();
        let is_required = request.version() == Version::HTTP_11;
        if values.next().is_some() || (is_required && header.is_none()) {
            let detail = "An HTTP/1.1 request needs exactly one Host header.";
            return Err(Problem::bad_request(catalogue::INVALID_HOST, detail));
        }
        let host = match (request.uri().authority(), header) {
            (Some(authority), _) => authority.as_str(),
            (None, Some(header)) => header.to_str().unwrap_or_default(),
            (None, None) => return Ok(()),
        };
        if self.allow(host) {
            return Ok(());
        }
        let detail = format!(
            "This server does not answer to the host {:?}. Use localhost or its address, or have \
             the operator list the name in ALLOWED_HOSTS.",
            host.chars().take(100).collect::<String>()
        );
        Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, catalogue::HOST_NOT_ALLOWED, detail))
    }
}

impl FromStr for Hosts {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let names =
            text.split(',').map(|name| name.trim().trim_end_matches('.').to_ascii_lowercase());
        Ok(Self { listed: names.filter(|name| !name.is_empty()).collect() })
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.listed.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_sites_are_refused_on_loopback() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let hosts = Hosts::default().on(loopback);
        for host in [
            "localhost",
            "LocalHost:8000",
            "x.localhost",
            "127.0.0.1:8000",
            "192.0.2.7",
            "[::1]:80",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "evil.com",
            "evil.com:8000",
            "localhost.evil.com",
            "127.0.0.1.evil.com",
            "",
            "a b",
            "[::1",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
        let listed = "Sector.example., my-box".parse::<Hosts>().unwrap().on(loopback);
        assert!(listed.allow("my-box:9000") && !listed.allow("other"));
        assert!(Hosts::any().on(loopback).allow("evil.com"));
    }

    #[test]
    fn a_public_server_answers_to_all_names_unless_some_are_listed() {
        let public: IpAddr = "0.0.0.0".parse().unwrap();
        assert!(Hosts::default().on(public).allow("sector.example"));
        let listed = "sector.example".parse::<Hosts>().unwrap().on(public);
        assert!(listed.allow("SECTOR.example.") && !listed.allow("evil.com"));
    }
}
