//! The way to a service behind `https://`: whether its certificate is good, for that name, and for how long.
//!
//! Roots are Mozilla's, compiled in, because the image of this program has no files; `--ca` adds one's own. Whatever is
//! wrong with a certificate, nothing is sent to its server.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Findings;
use crate::output::Error;

/// Who renews by themselves do so 30 days before the end: with fewer left than this, it has failed for a while.
const DAYS_LEFT_MIN: u64 = 21;
/// Longest wait for a connection, and for the handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The last second that a certificate can name.
const LAST_S: u64 = 253_402_300_799;
const DAY_S: u64 = 86_400;
const CHECK: &str = "certificate";
const TODO_RENEW: &str =
    "see why it was not renewed (on Kubernetes: kubectl -n sector describe certificate,challenge)";

/// Whose signatures count.
#[derive(Clone)]
pub(super) struct Trust(Arc<RootCertStore>);

impl Trust {
    pub(super) fn new(ca: Option<&Path>) -> Result<Self, Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca {
            let unreadable = |error: &dyn std::fmt::Display| {
                format!("--ca {} cannot be used: {error}", path.display())
            };
            let mut count = 0_usize;
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?
            {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
                count += 1;
            }
            if count == 0 {
                return Err(unreadable(&"there is no certificate in it").into());
            }
        }
        Ok(Self(Arc::new(roots)))
    }

    /// Opens a connection and says what the certificate is worth; none if there is none or it is worth nothing.
    pub(super) async fn connect(
        &self,
        host: &str,
        port: u16,
        findings: &mut Findings,
    ) -> Option<TlsStream<TcpStream>> {
        let todo = "start it, or name the right address; see whether port and firewall are open";
        let tcp =
            match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((bare(host), port)))
                .await
            {
                Ok(Ok(tcp)) => tcp,
                Ok(Err(error)) => {
                    findings.fail(CHECK, format!("{host}:{port} cannot be reached: {error}"), todo);
                    return None;
                }
                Err(_) => {
                    findings.fail(
                        CHECK,
                        format!("{host}:{port} cannot be reached within {CONNECT_TIMEOUT:?}"),
                        todo,
                    );
                    return None;
                }
            };
        let witness = match Witness::new(&self.0) {
            Ok(witness) => Arc::new(witness),
            Err(error) => {
                findings.fail(
                    CHECK,
                    error.to_string(),
                    "this program is broken: take another build of it",
                );
                return None;
            }
        };
        let opened = tokio::time::timeout(CONNECT_TIMEOUT, handshake(tcp, host, &witness)).await;
        let seen = witness.seen();
        let now_s = UnixTime::now().as_secs();
        match (opened, seen) {
            (_, Some(Seen { fault: Some(fault), .. })) => {
                let (detail, todo) = explained(host, &fault, now_s);
                findings.fail(CHECK, detail, todo);
                None
            }
            (Ok(Ok(stream)), Some(Seen { fault: None, ends_s })) => {
                let days = ends_s.map(|ends_s| ends_s.saturating_sub(now_s) / DAY_S);
                match days {
                    Some(days) if days < DAYS_LEFT_MIN => {
                        findings.warn(
                            CHECK,
                            format!("that of {host} ends in {days} days"),
                            TODO_RENEW,
                        );
                    }
                    Some(days) => findings
                        .ok(CHECK, format!("that of {host} is good for another {days} days")),
                    None => findings.ok(CHECK, format!("that of {host} is good and has no end")),
                }
                Some(stream)
            }
            (Ok(Err(error)), _) => {
                let todo = "see whether TLS 1.2 or 1.3 is spoken on that port";
                findings.fail(CHECK, format!("{host}:{port} speaks no TLS with us: {error}"), todo);
                None
            }
            (Err(_), _) | (Ok(Ok(_)), None) => {
                let todo = "see whether TLS is spoken on that port";
                findings.fail(
                    CHECK,
                    format!("{host}:{port} shows none within {CONNECT_TIMEOUT:?}"),
                    todo,
                );
                None
            }
        }
    }
}

async fn handshake(
    tcp: TcpStream,
    host: &str,
    witness: &Arc<Witness>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(bare(host).to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

/// An address without the brackets that it has in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What is wrong, and what to do.
fn explained(host: &str, fault: &rustls::Error, now_s: u64) -> (String, &'static str) {
    let rustls::Error::InvalidCertificate(fault) = fault else {
        return (format!("that of {host} is not accepted: {fault}"), "have a new one made");
    };
    match fault {
        CertificateError::Expired => (format!("that of {host} has ended"), TODO_RENEW),
        CertificateError::ExpiredContext { not_after, .. } => {
            let days = now_s.saturating_sub(not_after.as_secs()) / DAY_S;
            (format!("that of {host} has ended {days} days ago"), TODO_RENEW)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (format!("that of {host} is not valid yet"), "set the clocks of both machines by NTP")
        }
        CertificateError::NotValidForName => {
            (format!("that of {host} is of another name"), "name the host as the certificate does")
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.join(", ");
            (
                format!("that of {host} is of another name: {names}"),
                "name the host as the certificate does",
            )
        }
        CertificateError::UnknownIssuer => (
            format!("that of {host} is signed by nobody who is trusted, or the chain is not whole"),
            "have one made by a public authority and serve its whole chain, or name your own authority's file in --ca",
        ),
        other => (format!("that of {host} is not accepted: {other}"), "have a new one made"),
    }
}

/// Verifies as usual, and keeps what it saw.
#[derive(Debug)]
struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone, Debug)]
struct Seen {
    fault: Option<rustls::Error>,
    ends_s: Option<u64>,
}

impl Witness {
    fn new(roots: &Arc<RootCertStore>) -> Result<Self, Error> {
        let inner =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider()).build()?;
        Ok(Self { inner, seen: Mutex::new(None) })
    }

    fn seen(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let at = |time| {
            self.inner.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                time,
            )
        };
        let verdict = at(now);
        // At the end of all times it says when this one ends.
        let ends_s = match at(UnixTime::since_unix_epoch(Duration::from_secs(LAST_S))) {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after,
                ..
            })) => Some(not_after.as_secs()),
            _ => None,
        };
        let seen = Seen { fault: verdict.as_ref().err().cloned(), ends_s };
        *self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(seen);
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
