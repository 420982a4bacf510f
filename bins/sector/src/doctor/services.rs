//! A look at running services: whether they are well, of this version, and on time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{CONNECTION, DATE, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use http_kit::{Client, ClientOptions, Response, body};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Findings;
use super::tls::Trust;
use crate::output::Error;

/// Longest health answer that is read.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// The clock of another machine is told in whole seconds: it may seem off by one.
const MOST_SKEW_S: u64 = 2;
/// A worker has beats more often than this, whatever the pace, or its sector stands still.
const BEAT_MS_MAX: u64 = 10_000;
/// Longest wait for an answer over a connection of our own.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Any 16 bytes do (RFC 6455, 4.1): nothing is cached on the way.
const SOCKET_KEY: &str = "c2VjdG9yIGRvY3RvciBrZQ==";
const TODO_START: &str = "start it, or name the right address; its log says why it ended";
const TODO_LOG: &str = "look at its log";

/// Asks one service how it is.
pub(super) async fn look(check: &'static str, url: &str, trust: &Trust, findings: &mut Findings) {
    let Some(response) = health(check, url, trust, findings).await else { return };
    let (parts, body) = response.into_parts();
    let told = parts.headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date_s);
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let answer: Option<Value> =
        body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    let Some(answer) = answer.filter(|answer| answer["service"].is_string()) else {
        let detail = format!(
            "{url} answers, but is no service of a sector (status {})",
            parts.status.as_u16()
        );
        return findings.fail(check, detail, "name the right address");
    };
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    let tick = answer["tick"].as_u64().map(|tick| format!(", tick {tick}")).unwrap_or_default();
    if parts.status.is_success() {
        findings.ok(check, format!("{} at {url} is well{tick}", text("service")));
    } else {
        findings.fail(
            check,
            format!("{} at {url} is not well: {}", text("service"), text("reason")),
            TODO_LOG,
        );
    }
    let (version, ours) = (text("version"), env!("CARGO_PKG_VERSION"));
    if version != ours {
        let detail = format!("{url} is of version {version}, this program of {ours}");
        findings.warn(
            check,
            detail,
            "finish the upgrade: all services of a sector are of one version",
        );
    }
    look_at_clock(check, url, told, findings);
    for sector in answer["sectors"].as_array().into_iter().flatten() {
        look_at_sector(check, sector, findings);
    }
    if text("service") == "frontend" {
        look_at_stream(url, trust, findings).await;
    }
}

/// What `/health` answers, over TLS where the address says so.
async fn health(
    check: &'static str,
    url: &str,
    trust: &Trust,
    findings: &mut Findings,
) -> Option<Response> {
    let health = format!("{}/health", url.trim_end_matches('/'));
    let answer = match Address::of(&health) {
        Some(address) if address.is_secret => {
            let stream = trust.connect(&address.host, address.port, findings).await?;
            address.ask(stream, false).await.map_err(|error| error.to_string())
        }
        _ => Client::new(&ClientOptions::default())
            .get(&health)
            .await
            .map_err(|error| error.to_string()),
    };
    answer.map_err(|error| findings.fail(check, error, TODO_START)).ok()
}

/// Whether the live stream opens at that address, through whatever is in between.
async fn look_at_stream(url: &str, trust: &Trust, findings: &mut Findings) {
    const TODO: &str = "let the controller or proxy in between pass `Upgrade` on: docs/how-to/deploy-kubernetes.md";
    let path = format!("{}/ws", url.trim_end_matches('/'));
    let Some(address) = Address::of(&path) else { return };
    let answer = if address.is_secret {
        // What is wrong with it was said when its health was asked for.
        let Some(stream) =
            trust.connect(&address.host, address.port, &mut Findings::default()).await
        else {
            return;
        };
        address.ask(stream, true).await
    } else {
        match tokio::net::TcpStream::connect((address.host.trim_matches(['[', ']']), address.port))
            .await
        {
            Ok(stream) => address.ask(stream, true).await,
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

/// Where a request goes to.
struct Address {
    is_secret: bool,
    host: String,
    port: u16,
    uri: Uri,
}

impl Address {
    /// None if it is no whole address.
    fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let is_secret = uri.scheme_str()? == "https";
        let port = uri.port_u16().unwrap_or(if is_secret { 443 } else { 80 });
        Some(Self { is_secret, host: uri.host()?.to_owned(), port, uri })
    }

    /// One request over a connection of its own; `opens` asks for a WebSocket.
    async fn ask(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        opens: bool,
    ) -> Result<Response, Error> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::get(path).body(body::empty())?;
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(authority)?);
        if opens {
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
        match tokio::time::timeout(ANSWER_TIMEOUT, asking).await {
            Ok(answer) => Ok(answer?.map(body::boxed)),
            Err(_) => Err(format!("{authority} does not answer within {ANSWER_TIMEOUT:?}").into()),
        }
    }
}

fn look_at_clock(check: &'static str, url: &str, told_s: Option<u64>, findings: &mut Findings) {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if let Some(told_s) = told_s
        && told_s.abs_diff(now_s) > MOST_SKEW_S
    {
        let detail =
            format!("the clock of {url} is {} s from that of this machine", told_s.abs_diff(now_s));
        findings.warn(check, detail, "set both clocks by NTP; logins and seats end by them");
    }
}

/// One sector of a worker.
fn look_at_sector(check: &'static str, sector: &Value, findings: &mut Findings) {
    let name = sector["sector"].as_str().unwrap_or_default();
    let ago_ms = sector["last_tick_ms_ago"].as_u64();
    match sector["state"].as_str().unwrap_or_default() {
        "held" => {
            let epoch = sector["epoch"].as_u64().unwrap_or_default();
            match ago_ms {
                Some(ago_ms) if ago_ms <= BEAT_MS_MAX => {
                    findings.ok(check, format!("holds {name} under epoch {epoch}, last tick {ago_ms} ms ago"));
                }
                Some(ago_ms) => findings.warn(
                    check,
                    format!("holds {name} under epoch {epoch}, but its last tick was {ago_ms} ms ago"),
                    "see whether the sector is paused or its run has ended; else look at the log of the worker",
                ),
                None => findings.warn(check, format!("holds {name}, but has not ticked yet"), TODO_LOG),
            }
        }
        "standing_by" => findings.ok(check, format!("stands by for {name}")),
        state => findings.fail(check, format!("{name} is {state}"), TODO_LOG),
    }
}

/// Seconds since 1970 of a date such as `Sun, 22 Nov 2026 18:05:24 GMT`.
fn http_date_s(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, "GMT"] = parts.as_slice() else { return None };
    let number = |text: &str| text.parse::<u64>().ok();
    let month = u64::try_from(MONTHS.iter().position(|name| name == month)?).ok()? + 1;
    let (day, year) = (number(day)?, number(year)?);
    // Days since 1970, counted in years that begin in March, so that leap days come last.
    let shifted = if month > 2 { year } else { year.checked_sub(1)? };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let days = (365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year)
        .checked_sub(719_468)?;
    Some(days * 86_400 + number(hour)? * 3_600 + number(minute)? * 60 + number(second)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            ("Sun, 22 Nov 2026 18:05:24 GMT", Some(1_795_370_724)),
            ("yesterday", None),
            ("Sun, 00 Nov 2026 18:05:24 GMT", None),
        ] {
            assert_eq!(http_date_s(text), seconds, "{text}");
        }
    }
}
