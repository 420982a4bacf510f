//! TLS connections to services behind `https://`. Checks the certificate, its host and its expiry.
//!
//! The roots are Mozilla's, compiled in, because the image of this program has no files; `--ca`
//! adds others. An invalid certificate ends the handshake, so its server receives no request.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Findings;
use crate::tool::Error;

/// Certificates are usually renewed 30 days before they expire: with fewer days left than this,
/// renewal fails.
const DAYS_LEFT_MIN: i64 = 21;
/// Time limit for connecting, and for the handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const DAY_S: i64 = 86_400;
const CHECK: &str = "certificate";
const TODO_RENEW: &str =
    "see why it was not renewed (on Kubernetes: kubectl -n sector describe certificate,challenge)";

/// Trusted certificate authorities.
pub(super) struct Trust(Arc<RootCertStore>);

impl Trust {
    pub(super) fn new(ca: Option<&Path>) -> Result<Self, Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca {
            let unreadable = |error: &dyn std::fmt::Display| {
                format!("--ca {} cannot be used: {error}", path.display())
            };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
            let known = roots.len();
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
            if roots.len() == known {
                return Err(unreadable(&"it contains no certificate").into());
            }
        }
        Ok(Self(Arc::new(roots)))
    }

    /// Opens a connection and reports on the certificate. `None` if that fails or the certificate
    /// is invalid.
    pub(super) async fn connect(
        &self,
        host: &str,
        port: u16,
        findings: &mut Findings,
    ) -> Option<TlsStream<TcpStream>> {
        match self.open(host, port).await {
            Ok(stream) => {
                match days_left(&stream) {
                    Some(days) if days < DAYS_LEFT_MIN => findings.warn(
                        CHECK,
                        format!("the certificate of {host} expires in {days} days"),
                        TODO_RENEW,
                    ),
                    Some(days) => findings.ok(
                        CHECK,
                        format!("the certificate of {host} is valid for another {days} days"),
                    ),
                    None => findings.warn(
                        CHECK,
                        format!(
                            "the certificate of {host} is valid, but its expiry cannot be read"
                        ),
                        "issue a new one",
                    ),
                }
                Some(stream)
            }
            Err((detail, todo)) => {
                findings.fail(CHECK, detail, todo);
                None
            }
        }
    }

    /// A connection, or the fault and what to do about it.
    async fn open(
        &self,
        host: &str,
        port: u16,
    ) -> Result<TlsStream<TcpStream>, (String, &'static str)> {
        // A URL has brackets around an IPv6 address.
        let bare = host.trim_matches(['[', ']']);
        let tcp = within(TcpStream::connect((bare, port))).await.map_err(|error| {
            let todo = "start it, or correct the address; check that port and firewall are open";
            (format!("cannot reach {host}:{port}: {error}"), todo)
        })?;
        within(self.handshake(tcp, bare)).await.map_err(|error| {
            match error.get_ref().and_then(|error| error.downcast_ref()) {
                Some(rustls::Error::InvalidCertificate(fault)) => explained(host, fault),
                _ => (
                    format!("TLS handshake with {host}:{port} failed: {error}"),
                    "check that the port serves TLS 1.2 or 1.3",
                ),
            }
        })
    }

    async fn handshake(&self, tcp: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await
    }
}

async fn within<T>(attempt: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(CONNECT_TIMEOUT, attempt).await.unwrap_or_else(|_| {
        Err(io::Error::other(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())))
    })
}

fn now_s() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX)
}

/// Days until the certificate of the server expires.
fn days_left(stream: &TlsStream<TcpStream>) -> Option<i64> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some((parsed.validity().not_after.timestamp() - now_s()) / DAY_S)
}

/// The fault of a certificate, and what to do about it.
fn explained(host: &str, fault: &CertificateError) -> (String, &'static str) {
    let of = |fault: &str| format!("the certificate of {host} {fault}");
    let todo_name = "use the host name in the certificate";
    match fault {
        CertificateError::Expired => (of("has expired"), TODO_RENEW),
        CertificateError::ExpiredContext { not_after, .. } => {
            let ended_s = i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX);
            (of(&format!("expired {} days ago", (now_s() - ended_s) / DAY_S)), TODO_RENEW)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (of("is not valid yet"), "synchronize the clocks of both machines by NTP")
        }
        CertificateError::NotValidForName => (of("is for another name"), todo_name),
        CertificateError::NotValidForNameContext { presented, .. } => {
            (of(&format!("is for another name: {}", presented.join(", "))), todo_name)
        }
        CertificateError::UnknownIssuer => (
            of("has an untrusted issuer, or its chain is incomplete"),
            "get one from a public authority and serve the whole chain, or pass your authority's file with --ca",
        ),
        other => (of(&format!("is not accepted: {other}")), "issue a new one"),
    }
}
