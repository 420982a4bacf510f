//! WebSockets: who may open one, the handshake, and how they end with the server. What is said over them is the
//! application's.
//!
//! # Invariants
//! - Whoever is not let in is told so by an ordinary problem, before the connection changes over.
//! - A socket has a seat from before its handshake until its conversation has ended.
//! - The server does not wait for sockets by itself; [`Sockets::serve`] does.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, ORIGIN, UPGRADE};
use http::{HeaderValue, Method, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_tungstenite::WebSocketStream;
use hyper_tungstenite::tungstenite::protocol::WebSocketConfig;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body::{self, Response};
use crate::context::Context;
use crate::origin::Origins;
use crate::problem::Problem;
use crate::seats::Seats;

/// How long a connection may take to change over.
const UPGRADE_WAIT: Duration = Duration::from_secs(10);
/// How long a shutdown waits for sockets to close.
const DRAIN: Duration = Duration::from_secs(2);

/// A connection that has changed over.
pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The sockets of a service.
#[derive(Debug)]
pub struct Sockets {
    origins: Origins,
    seats: Arc<Seats>,
    open: TaskTracker,
}

impl Sockets {
    /// None yet; pages of these origins may open one, and of the host that they ask; `seats` may be shared with other
    /// streams.
    #[must_use]
    pub fn new(origins: Origins, seats: Arc<Seats>) -> Self {
        Self { origins, seats, open: TaskTracker::new() }
    }

    /// Refuses whoever asks for something else than a socket, and pages from elsewhere.
    ///
    /// # Errors
    /// 426 `upgrade_required`, 403 `origin_not_allowed`.
    pub fn admit<S: Send + Sync + 'static>(&self, context: &Context<S>) -> Result<(), Problem> {
        if *context.method() != Method::GET
            || !hyper_tungstenite::is_upgrade_request(context.request())
        {
            let detail = "This path speaks WebSocket only.";
            return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail)
                .with_header(UPGRADE, HeaderValue::from_static("websocket")));
        }
        // A header that is not text is no allowed origin either.
        let origin = context.headers().get(ORIGIN).map(|value| value.to_str().unwrap_or("null"));
        if !self.origins.allow(origin, context.header(HOST)) {
            return Err(Problem::forbidden(
                "origin_not_allowed",
                "Pages of this origin may not connect here.",
            ));
        }
        Ok(())
    }

    /// Takes a seat and the connection over; `converse` then has the socket, until it returns. It is told when the
    /// server stops.
    ///
    /// # Errors
    /// 503 `too_many_clients`, 429 `too_many_clients_of_address`, 400 `bad_upgrade`.
    pub fn open<S, C, F>(
        &self,
        context: &mut Context<S>,
        config: WebSocketConfig,
        converse: C,
    ) -> Result<Response, Problem>
    where
        S: Send + Sync + 'static,
        C: FnOnce(Socket, CancellationToken) -> F + Send + 'static,
        F: Future<Output = ()> + Send,
    {
        let seat = self.seats.take(context.client_address())?;
        let shutdown = context.shutdown();
        let (response, socket) = hyper_tungstenite::upgrade(context.request_mut(), Some(config))
            .map_err(|error| {
                Problem::bad_request(
                    "bad_upgrade",
                    format!("The WebSocket handshake is wrong: {error}."),
                )
            })?;
        self.open.spawn(async move {
            let _seat = seat;
            match timeout(UPGRADE_WAIT, socket).await {
                Ok(Ok(socket)) => converse(socket, shutdown).await,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a connection did not become a WebSocket");
                }
                Err(_) => tracing::debug!("a connection took too long to become a WebSocket"),
            }
        });
        Ok(response.map(|_| body::empty()))
    }

    /// Serves, and then waits for all sockets to close, until two seconds after `shutdown` at most.
    pub async fn serve<F: Future<Output = ()>>(&self, serving: F, shutdown: &CancellationToken) {
        let ended = async {
            shutdown.cancelled().await;
            Instant::now() + DRAIN
        };
        let (deadline, ()) = tokio::join!(ended, serving);
        self.open.close();
        if timeout_at(deadline, self.open.wait()).await.is_err() {
            tracing::warn!(
                sockets = self.open.len(),
                "sockets were still open at the end of the drain"
            );
        }
    }
}
