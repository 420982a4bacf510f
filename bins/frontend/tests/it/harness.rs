//! A frontend over a store in memory, a worker that publishes a real world, and clients.

use http_kit::Kind;
use sector_wire::{Code, Service};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use frontend::{Config, Places};
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue};
use process_kit::{CancellationToken, Changes, Handles};
use sector_redis::{Store, StreamId};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

use crate::testkit;
pub(crate) use crate::testkit::Sector;

/// Maximum wait of a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Fails the test if `work` does not end in time.
pub(crate) async fn patiently<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(PATIENCE, work).await.expect("this should have ended by now")
}

impl Sector {
    /// The next universe of the same sector.
    pub(crate) async fn begin_anew(self, id: &str, seed: u64) -> Self {
        Self::begin_under(self.store, self.lease, id, seed).await
    }
}

/// A running frontend.
pub(crate) struct Frontend {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) shutdown: CancellationToken,
    /// Changes the limits.
    pub(crate) limits: Changes<Places>,
    running: JoinHandle<Result<(), http_kit::SetupError>>,
}

impl Frontend {
    pub(crate) async fn start(config: Config) -> Self {
        let store = testkit::store().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let handles = Handles::from(shutdown.clone());
        let limits = handles.limits.clone();
        let sectors = follow::Sectors::one(store.clone(), shutdown.clone());
        let running = tokio::spawn(frontend::run(config, listener, sectors, handles));
        Self { address, store, shutdown, limits, running }
    }

    /// A frontend and the sector that it follows.
    pub(crate) async fn with_sector(config: Config) -> (Self, Sector) {
        let frontend = Self::start(config).await;
        let sector = Sector::begin(Arc::clone(&frontend.store), "u-1", 7).await;
        (frontend, sector)
    }

    /// Shuts down and waits until drained.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        patiently(self.running).await.unwrap().unwrap();
    }

    pub(crate) async fn socket(&self, path: &str) -> Socket {
        self.try_socket(path, &[]).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Opens a WebSocket with these headers.
    pub(crate) async fn try_socket(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, Refusal> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.socket_over(stream, path, headers).await
    }

    pub(crate) async fn socket_over(
        &self,
        stream: TcpStream,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, Refusal> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        match patiently(tokio_tungstenite::client_async(request, stream)).await {
            Ok((inner, _)) => Ok(Socket { inner }),
            Err(WireError::Http(response)) => {
                let status = response.status().as_u16();
                let retry_after = response.headers().contains_key("retry-after");
                let body = serde_json::from_slice(response.body().as_deref().unwrap_or_default());
                Err(Refusal { status, retry_after, problem: body.unwrap_or_default() })
            }
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Gets `path` with these headers on a new connection.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask("GET", path, headers, "").await
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let headers: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        patiently(stream.read_to_end(&mut bytes)).await.unwrap();
        Reply::parse(&bytes)
    }
}

/// Why a WebSocket was not opened.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) retry_after: bool,
    pub(crate) problem: Value,
}

impl Refusal {
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.problem["code"].as_str().unwrap_or_default())
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.status, self.problem)
    }
}

/// A client of `/ws`.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) inner: WebSocketStream<TcpStream>,
}

/// A message of the stream.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) id: StreamId,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Socket {
    /// The next entry; skips pings.
    pub(crate) async fn entry(&mut self) -> Received {
        loop {
            match patiently(self.inner.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let mut value: Value = serde_json::from_str(&text).unwrap();
                    return Received {
                        id: value["id"].as_str().unwrap().parse().unwrap(),
                        kind: value["type"].as_str().unwrap().to_owned(),
                        data: value["data"].take(),
                    };
                }
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("no entry but {other:?}"),
            }
        }
    }

    /// The next snapshot; skips other entries.
    pub(crate) async fn snapshot(&mut self) -> Received {
        loop {
            let entry = self.entry().await;
            if entry.kind == "snapshot" {
                return entry;
            }
        }
    }

    /// Reads until the server closes; returns the close code.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            match patiently(self.inner.next()).await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// A received response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks that this is a problem of this status and code; returns it.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, Some("application/problem+json")),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        // The API of the tests answers 418.
        let teapot = [Kind::new("teapot", &[409], "It is a teapot.", "Make tea.")];
        let own: Vec<_> = Code::of(Service::Frontend)
            .map(|code| Kind::new(code.name(), code.statuses(), code.meaning(), code.remedy()))
            .collect();
        http_kit::Catalogue::new(&[&own, &teapot]).unwrap().check(status, code).unwrap();
        problem
    }
}
