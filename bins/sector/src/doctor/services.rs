//! Checks of running services: health, version, clock, sectors and live stream.

use std::time::{Duration, SystemTime};

use http::header::{CONNECTION, DATE, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use http_kit::{Client, ClientOptions, Response, body};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Findings;
use super::tls::Trust;
use crate::tool::Error;

/// Size limit of a health response.
const RESPONSE_BYTES_MAX: usize = 256 << 10;
/// Largest accepted clock difference. The `Date` header has whole seconds, so it can be off by one.
const SKEW_S_MAX: u64 = 2;
/// Largest accepted age of the last tick. Slow sectors report a tick at least this often too.
const TICK_AGE_MS_MAX: u64 = 10_000;
/// Time limit for a response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Any 16 bytes (RFC 6455, 4.1): WebSocket handshakes are not cached.
const SOCKET_KEY: &str = "c2VjdG9yIGRvY3RvciBrZQ==";
const TODO_START: &str = "start it, or correct the address; its log says why it stopped";
const TODO_LOG: &str = "check its log";

/// Checks one service.
pub(super) async fn check(check: &'static str, url: &str, trust: &Trust, findings: &mut Findings) {
    let Some(response) = health(check, url, trust, findings).await else { return };
    let (parts, body) = response.into_parts();
    let date = parts.headers.get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let body = Limited::new(body, RESPONSE_BYTES_MAX).collect().await;
    let answer: Option<Value> =
        body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    let Some(answer) = answer.filter(|answer| answer["service"].is_string()) else {
        let detail =
            format!("{url} is not a service of a sector (status {})", parts.status.as_u16());
        return findings.fail(check, detail, "correct the address");
    };
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    let tick = answer["tick"].as_u64().map(|tick| format!(", tick {tick}")).unwrap_or_default();
    if parts.status.is_success() {
        findings.ok(check, format!("{} at {url} is healthy{tick}", text("service")));
    } else {
        findings.fail(
            check,
            format!("{} at {url} is unhealthy: {}", text("service"), text("reason")),
            TODO_LOG,
        );
    }
    let (version, ours) = (text("version"), env!("CARGO_PKG_VERSION"));
    if version != ours {
        let detail = format!("{url} has version {version}, this program {ours}");
        findings.warn(
            check,
            detail,
            "finish the upgrade: all services of a sector must have the same version",
        );
    }
    check_clock(check, url, date, findings);
    for sector in answer["sectors"].as_array().into_iter().flatten() {
        check_sector(check, sector, findings);
    }
    if text("service") == "frontend" {
        check_stream(url, trust, findings).await;
    }
}

/// The response of `/health`.
async fn health(
    check: &'static str,
    url: &str,
    trust: &Trust,
    findings: &mut Findings,
) -> Option<Response> {
    let health = format!("{}/health", url.trim_end_matches('/'));
    let answer = match Address::of(&health) {
        Some(address) if address.is_tls => {
            let stream = trust.connect(&address.host, address.port, findings).await?;
            address.request(stream, false).await.map_err(|error| error.to_string())
        }
        _ => Client::new(&ClientOptions::default())
            .get(&health)
            .await
            .map_err(|error| error.to_string()),
    };
    answer.map_err(|error| findings.fail(check, error, TODO_START)).ok()
}

/// Opens the live stream through any proxy in between.
async fn check_stream(url: &str, trust: &Trust, findings: &mut Findings) {
    const TODO: &str =
        "configure the ingress or proxy to forward `Upgrade`: docs/how-to/deploy-kubernetes.md";
    let path = format!("{}/ws", url.trim_end_matches('/'));
    let Some(address) = Address::of(&path) else { return };
    let answer = if address.is_tls {
        // The health check has reported on the certificate.
        let Some(stream) =
            trust.connect(&address.host, address.port, &mut Findings::default()).await
        else {
            return;
        };
        address.request(stream, true).await
    } else {
        match tokio::net::TcpStream::connect((address.host.trim_matches(['[', ']']), address.port))
            .await
        {
            Ok(stream) => address.request(stream, true).await,
            Err(error) => Err(error.into()),
        }
    };
    let shown = path.replacen("http", "ws", 1);
    match answer {
        Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
            findings.ok("stream", format!("{shown} opens"));
        }
        Ok(answer) => {
            findings.fail(
                "stream",
                format!("{shown} does not open: status {}", answer.status().as_u16()),
                TODO,
            );
        }
        Err(error) => findings.fail("stream", format!("{shown} does not open: {error}"), TODO),
    }
}

/// Target of a request.
struct Address {
    is_tls: bool,
    host: String,
    port: u16,
    uri: Uri,
}

impl Address {
    /// `None` if the URL is not absolute.
    fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let is_tls = uri.scheme_str()? == "https";
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Some(Self { is_tls, host: uri.host()?.to_owned(), port, uri })
    }

    /// Sends one request over `stream`, with `upgrade` to a WebSocket.
    async fn request(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        upgrade: bool,
    ) -> Result<Response, Error> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::get(path).body(body::empty())?;
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(authority)?);
        if upgrade {
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static(SOCKET_KEY));
        }
        let asking = async {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            // Ends with its request, which reports any error.
            tokio::spawn(connection.with_upgrades());
            sender.send_request(request).await
        };
        match tokio::time::timeout(RESPONSE_TIMEOUT, asking).await {
            Ok(answer) => Ok(answer?.map(body::boxed)),
            Err(_) => {
                Err(format!("no response from {authority} within {RESPONSE_TIMEOUT:?}").into())
            }
        }
    }
}

fn check_clock(check: &'static str, url: &str, date: Option<SystemTime>, findings: &mut Findings) {
    let Some(date) = date else { return };
    let now = SystemTime::now();
    let skew = now.duration_since(date).unwrap_or_else(|error| error.duration());
    if skew.as_secs() > SKEW_S_MAX {
        let detail = format!("the clocks of {url} and this machine differ by {} s", skew.as_secs());
        findings.warn(
            check,
            detail,
            "synchronize both clocks by NTP; logins and claims expire by them",
        );
    }
}

/// Checks one sector of a worker.
fn check_sector(check: &'static str, sector: &Value, findings: &mut Findings) {
    let name = sector["sector"].as_str().unwrap_or_default();
    let ago_ms = sector["last_tick_ms_ago"].as_u64();
    match sector["state"].as_str().unwrap_or_default() {
        "held" => {
            let epoch = sector["epoch"].as_u64().unwrap_or_default();
            match ago_ms {
                Some(ago_ms) if ago_ms <= TICK_AGE_MS_MAX => {
                    findings.ok(check, format!("holds {name} under epoch {epoch}, last tick {ago_ms} ms ago"));
                }
                Some(ago_ms) => findings.warn(
                    check,
                    format!("holds {name} under epoch {epoch}, but its last tick was {ago_ms} ms ago"),
                    "check whether the sector is paused or its run has finished; else check the log of the worker",
                ),
                None => findings.warn(check, format!("holds {name}, but has not ticked yet"), TODO_LOG),
            }
        }
        "standing_by" => findings.ok(check, format!("on standby for {name}")),
        state => findings.fail(check, format!("{name} is {state}"), TODO_LOG),
    }
}
