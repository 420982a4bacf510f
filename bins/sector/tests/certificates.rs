//! `sector doctor` at services behind TLS: certificates that are valid, about to expire, expired,
//! for another name, or untrusted.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use process_kit::CancellationToken;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const DAY: Duration = Duration::from_secs(86_400);

/// A private certificate authority, its file, and a frontend behind it.
struct Site {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
    frontend: SocketAddr,
    shutdown: CancellationToken,
}

impl Site {
    async fn start() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let store = sector_redis::open(sector_redis::StoreOptions::memory()).await.unwrap();
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let frontend = listener.local_addr().unwrap();
        let sectors = follow::Sectors::one(store, shutdown.clone());
        tokio::spawn(frontend::run(
            frontend::Config::default(),
            listener,
            sectors,
            shutdown.clone(),
        ));
        Self { authority, folder, frontend, shutdown }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A proxy that ends TLS before the frontend, with a certificate for that name and time.
    async fn behind(&self, name: &str, begins: SystemTime, ends: SystemTime) -> u16 {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (begins.into(), ends.into());
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let frontend = self.frontend;
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that rejects the certificate disconnects.
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let mut server = TcpStream::connect(frontend).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        port
    }

    /// What the doctor finds at the frontend: whether all is well, and status and detail of the
    /// certificate.
    fn doctor(&self, url: &str, trusts: bool) -> (Value, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
        command.args(["doctor", "--json", "--frontend", url]);
        if trusts {
            command.arg("--ca").arg(self.ca());
        }
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.success(), report["ok"] == true, "{report}");
        let findings = report["findings"].as_array().unwrap();
        for finding in findings {
            assert_eq!(finding["status"] == "ok", finding["todo"].is_null(), "{finding}");
        }
        let certificate =
            findings.iter().find(|finding| finding["check"] == "certificate").unwrap();
        let told = format!(
            "{} {}",
            certificate["status"].as_str().unwrap(),
            certificate["detail"].as_str().unwrap()
        );
        (report, told)
    }
}

fn status<'a>(report: &'a Value, check: &str) -> Option<&'a str> {
    report["findings"].as_array()?.iter().find(|finding| finding["check"] == check)?["status"]
        .as_str()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_looked_at() {
    let site = Site::start().await;
    let now = SystemTime::now();
    let good = site.behind("localhost", now - DAY, now + DAY * 90 + DAY / 2).await;
    let (report, told) = site.doctor(&format!("https://localhost:{good}"), true);
    assert_eq!(told, "ok the certificate of localhost is valid for another 90 days");
    for check in ["frontend", "stream"] {
        assert_eq!(status(&report, check), Some("ok"), "{report}");
    }
    assert!(report.to_string().contains(&format!("wss://localhost:{good}/ws opens")), "{report}");
    assert_eq!(report["ok"], true);

    // An untrusted server gets no request.
    let (report, told) = site.doctor(&format!("https://localhost:{good}"), false);
    assert!(
        told.starts_with("fail the certificate of localhost has an untrusted issuer"),
        "{told}"
    );
    assert_eq!(status(&report, "frontend"), None, "{report}");
    let (_, told) = site.doctor(&format!("https://127.0.0.1:{good}"), true);
    assert!(
        told.starts_with("fail the certificate of 127.0.0.1 is for another name: ")
            && told.contains("localhost"),
        "{told}"
    );

    let by_address = site.behind("127.0.0.1", now - DAY, now + DAY * 21 + DAY / 2).await;
    let (_, told) = site.doctor(&format!("https://127.0.0.1:{by_address}"), true);
    assert_eq!(told, "ok the certificate of 127.0.0.1 is valid for another 21 days");

    let soon = site.behind("localhost", now - DAY, now + DAY * 21 - DAY / 2).await;
    let (report, told) = site.doctor(&format!("https://localhost:{soon}"), true);
    assert_eq!(told, "warn the certificate of localhost expires in 20 days");
    assert_eq!(
        (&report["ok"], status(&report, "stream")),
        (&Value::Bool(true), Some("ok")),
        "{report}"
    );

    let ended = site.behind("localhost", now - DAY * 90, now - DAY * 3 - DAY / 2).await;
    let (_, told) = site.doctor(&format!("https://localhost:{ended}"), true);
    assert_eq!(told, "fail the certificate of localhost expired 3 days ago");
    let future = site.behind("localhost", now + DAY, now + DAY * 90).await;
    let (_, told) = site.doctor(&format!("https://localhost:{future}"), true);
    assert_eq!(told, "fail the certificate of localhost is not valid yet");

    let (_, told) = site.doctor(&format!("https://{}", site.frontend), true);
    assert!(told.starts_with("fail TLS handshake with 127.0.0.1:"), "{told}");
    let (_, told) = site.doctor("https://localhost:1", true);
    assert!(told.starts_with("fail cannot reach localhost:1"), "{told}");
    site.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_holds_no_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (content, word) in
        [(None, "cannot"), (Some(""), "no certificate"), (Some("x"), "no certificate")]
    {
        let path = folder.path().join("ca.pem");
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
        command.args(["doctor", "--frontend", "https://localhost:1", "--ca"]).arg(&path);
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains("ca.pem") && said.contains(word),
            "{said}"
        );
    }
}
