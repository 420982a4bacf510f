//! WebSockets: admission, handshake and shutdown. The application decides what is sent.
//!
//! # Invariants
//! - Rejections are ordinary problem responses, sent before the protocol switch.
//! - A socket holds a slot from before its handshake until its conversation ends.
//! - The server itself does not wait for sockets; [`Sockets::serve`] does.

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
use crate::catalogue;
use crate::client_slots::ClientSlots;
use crate::context::Context;
use crate::origin::Origins;
use crate::problem::Problem;

/// Limit for the protocol switch.
const UPGRADE_WAIT: Duration = Duration::from_secs(10);
/// Limit for sockets to close at shutdown.
const DRAIN: Duration = Duration::from_secs(2);

/// A connection after the protocol switch.
pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The sockets of a service.
#[derive(Debug)]
pub struct Sockets {
    origins: Origins,
    slots: Arc<ClientSlots>,
    open: TaskTracker,
}

impl Sockets {
    /// No sockets yet. Pages of `origins` and of the requested host may open one. Other streams may share `slots`.
    #[must_use]
    pub fn new(origins: Origins, slots: Arc<ClientSlots>) -> Self {
        Self { origins, slots, open: TaskTracker::new() }
    }

    /// Rejects requests that are not WebSocket upgrades, and pages of other origins.
    ///
    /// # Errors
    /// 426 `upgrade_required`, 403 `origin_not_allowed`.
    pub fn admit<S: Send + Sync + 'static>(&self, context: &Context<S>) -> Result<(), Problem> {
        if *context.method() != Method::GET
            || !hyper_tungstenite::is_upgrade_request(context.request())
        {
            let detail = "This path is for WebSockets only.";
            return Err(Problem::new(
                StatusCode::UPGRADE_REQUIRED,
                catalogue::UPGRADE_REQUIRED,
                detail,
            )
            .with_header(UPGRADE, HeaderValue::from_static("websocket")));
        }
        // A header that is not text is not an allowed origin.
        let origin = context.headers().get(ORIGIN).map(|value| value.to_str().unwrap_or("null"));
        if !self.origins.allow(origin, context.header(HOST)) {
            return Err(Problem::forbidden(
                catalogue::ORIGIN_NOT_ALLOWED,
                "Pages of this origin are not allowed to connect.",
            ));
        }
        Ok(())
    }

    /// Takes a slot, switches protocols, and gives the socket to `converse` with a token that is cancelled at shutdown.
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
        let slot = self.slots.take(context.client_address())?;
        let shutdown = context.shutdown();
        let (response, socket) = hyper_tungstenite::upgrade(context.request_mut(), Some(config))
            .map_err(|error| {
                Problem::bad_request(
                    catalogue::BAD_UPGRADE,
                    format!("Invalid WebSocket handshake: {error}."),
                )
            })?;
        self.open.spawn(async move {
            let _slot = slot;
            match timeout(UPGRADE_WAIT, socket).await {
                Ok(Ok(socket)) => converse(socket, shutdown).await,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "websocket upgrade failed");
                }
                Err(_) => tracing::debug!("websocket upgrade timed out"),
            }
        });
        Ok(response.map(|_| body::empty()))
    }

    /// Serves, then waits for all sockets to close, until at most two seconds after `shutdown`.
    pub async fn serve<F: Future<Output = ()>>(&self, serving: F, shutdown: &CancellationToken) {
        let ended = async {
            shutdown.cancelled().await;
            Instant::now() + DRAIN
        };
        let (deadline, ()) = tokio::join!(ended, serving);
        self.open.close();
        if timeout_at(deadline, self.open.wait()).await.is_err() {
            tracing::warn!(sockets = self.open.len(), "sockets still open after drain");
        }
    }
}
