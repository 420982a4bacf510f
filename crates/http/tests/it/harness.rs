//! A small service with every kind of handler, and a client that sends raw bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use http_kit::CancellationToken;
use http_kit::quota::{Gate, Key, Quota, Scope};
use http_kit::{Catalogue, Context, Kind, Limits, Problem, Response, Router, body, reply};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// Longest wait of a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Body limit of `/orders`, in bytes.
pub(crate) const BODY_LIMIT: usize = 1_000;

/// Length of `/big`: more than all buffers between two sockets.
pub(crate) const BIG_BYTES: usize = 16 << 20;

/// State shared by tests and handlers.
#[derive(Debug)]
pub(crate) struct State {
    /// Quota of the routes below `/limited`.
    pub(crate) gate: Gate<()>,
    /// `/wait` has started.
    pub(crate) began: Notify,
    /// `/wait` may return.
    pub(crate) go_on: Notify,
    /// The body of `/flood` or `/big` was dropped.
    pub(crate) dropped: Notify,
}

impl Default for State {
    fn default() -> Self {
        let quota = Quota { name: "test", scope: Scope::Ip, burst: 2, window_s: 60 };
        Self {
            gate: Gate::new(&[((), &[quota])]).unwrap(),
            began: Notify::new(),
            go_on: Notify::new(),
            dropped: Notify::new(),
        }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<State>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: JoinHandle<()>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    orders: Vec<Order>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    faction: String,
}

pub(crate) async fn start(limits: Limits) -> Server {
    let state = Arc::new(State::default());
    let routes = Router::with_shared_state(Arc::clone(&state))
        .route(Method::GET, "/hello", |_| async { Ok(reply::text("hello")) })
        .route(Method::DELETE, "/hello", |_| async { Ok(reply::no_content()) })
        .route(Method::GET, "/systems/{id}", |context: Context<State>| async move {
            let query = context.query(&["wide"])?;
            let id: u32 = context.parameter_as("id", "a system's number")?;
            reply::json(&serde_json::json!({"id": id, "wide": query.boolean("wide")?}))
        })
        .route(Method::GET, "/names/{name}", |context: Context<State>| async move {
            Ok(reply::text(context.parameter("name")))
        })
        .route(Method::POST, "/orders", |mut context: Context<State>| async move {
            reply::json(&context.json::<Batch>(BODY_LIMIT).await?)
        })
        .route(Method::GET, "/whoami", |context: Context<State>| async move {
            let peer = context.peer().map(|peer| peer.ip().to_string());
            let client = context.client_address();
            reply::json(&serde_json::json!({"peer": peer, "client": client, "bearer": context.bearer(), "id": context.request_id()}))
        })
        .route(Method::GET, "/page", |_| async {
            let mut response = reply::text("<p>");
            let policy = HeaderValue::from_static("default-src 'self'");
            response.headers_mut().insert("content-security-policy", policy);
            Ok(response)
        })
        .route(Method::GET, "/panic", |_| panicking())
        .route(Method::GET, "/broken", |_| async { Err(Problem::internal("the password is hunter2")) })
        .route(Method::GET, "/busy", |_| async { Err(Problem::too_many_requests(7)) })
        .route(Method::GET, "/limited/{what}", |context: Context<State>| async move {
            let key = Key::Ip(context.client_address().unwrap());
            context.state().gate.admit(context.request().extensions(), (), &[key], 1)?;
            match context.parameter("what") {
                "panic" => panicking().await,
                "wait" => std::future::pending().await,
                "nothing" => Err(Problem::not_found("not_found", "There is no such thing.")),
                _ => Ok(reply::text("hello")),
            }
        })
        .route(Method::GET, "/secret", |_| async { Err(Problem::unauthorized("no_token", "Log in.")) })
        .route(Method::GET, "/wait", |context: Context<State>| async move {
            context.state().began.notify_one();
            context.state().go_on.notified().await;
            Ok(reply::text("waited"))
        })
        .route(Method::GET, "/poll", |context: Context<State>| async move {
            context.state().began.notify_one();
            context.shutdown().cancelled().await;
            Ok(reply::text("shutting down"))
        })
        .route(Method::GET, "/stream", stream)
        .route(Method::GET, "/flood", |context: Context<State>| async move {
            let told = Told(context.shared_state());
            let chunks = futures_util::stream::repeat_with(move || {
                let _ = &told;
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 8_192]))
            });
            Ok(Response::new(body::stream(chunks)))
        })
        .route(Method::GET, "/big", |context: Context<State>| async move {
            let big = Big { told: Told(context.shared_state()), bytes: vec![b'x'; BIG_BYTES] };
            Ok(Response::new(body::full(Bytes::from_owner(big))))
        })
        .route(Method::GET, "/socket", crate::upgrade::socket)
        .build()
        .unwrap();
    let listener = http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(http_kit::serve(listener, routes, limits, shutdown.clone()));
    Server { address, state, shutdown, running }
}

/// Notifies on drop.
struct Told(Arc<State>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

/// Bytes that notify when dropped.
struct Big {
    #[expect(dead_code, reason = "speaks when it is dropped")]
    told: Told,
    bytes: Vec<u8>,
}

impl AsRef<[u8]> for Big {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

async fn panicking() -> Result<Response, Problem> {
    panic!("the password is hunter2")
}

/// Sends `one`, waits for `go_on`, sends `two`.
async fn stream(context: Context<State>) -> Result<Response, Problem> {
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let state = context.shared_state();
    tokio::spawn(async move {
        sender.send(Ok(Bytes::from_static(b"one"))).await.unwrap();
        state.began.notify_one();
        state.go_on.notified().await;
        sender.send(Ok(Bytes::from_static(b"two"))).await.unwrap();
    });
    let chunks = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    Ok(Response::new(body::stream(chunks)))
}

impl Server {
    /// Sends `request` on a new connection and reads the whole response.
    pub(crate) async fn exchange(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(request.as_ref()).await.unwrap();
        Reply::parse(&read_to_end(&mut stream).await)
    }

    /// Sends a request without body and with `Connection: close`.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Reply {
        self.exchange(format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ))
        .await
    }

    /// Posts a JSON body.
    pub(crate) async fn post(&self, path: &str, json: &str) -> Reply {
        let head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json";
        self.exchange(format!(
            "POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        ))
        .await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Shuts down and waits until drained.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        patiently(self.running).await.unwrap();
    }
}

/// Fails the test if `work` does not finish in time.
pub(crate) async fn patiently<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(PATIENCE, work).await.expect("this should have ended by now")
}

/// All bytes until the peer closes; a reset counts as closing.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Bytes before a reset are kept.
    let _ = patiently(stream.read_to_end(&mut bytes)).await;
    bytes
}

/// Checks that the server neither sends nor closes for this long.
pub(crate) async fn stays_quiet(stream: &mut TcpStream, milliseconds: u64) {
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_millis(milliseconds), stream.read(&mut byte));
    assert!(read.await.is_err(), "the server sent something or closed");
}

/// Reads until these bytes arrive.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        assert_ne!(
            patiently(stream.read_buf(&mut bytes)).await.unwrap(),
            0,
            "closed after {bytes:?}"
        );
    }
    bytes
}

/// A parsed response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) =
            text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no whole head in {text:?}"));
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { status, headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// Checks that this is a valid problem with this status and code; returns it.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let own = [
            Kind::new("no_token", &[401], "There is no token.", "Log in."),
            Kind::new("no_upgrade", &[400], "There is no upgrade.", "Upgrade."),
        ];
        Catalogue::new(&[&own]).unwrap().check(status, code).unwrap();
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["type"], format!("urn:sector:problem:{code}"));
        assert_eq!(problem["instance"].as_str(), self.header("x-request-id"));
        assert!(
            problem["title"].is_string()
                && problem["detail"].is_string()
                && problem["errors"].is_array()
        );
        problem
    }
}
