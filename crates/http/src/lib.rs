//! HTTP server kit: routing, request bodies, problem documents, quotas, connection limits, WebSockets and server-sent events.
//!
//! A whole service, from listener to drained:
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use http::Method;
//! use serde::{Deserialize, Serialize};
//! use http_kit::{CancellationToken, Context, Health, Limits, Problem, Response, Router, SetupError, reply};
//! use tokio::net::TcpListener;
//!
//! /// State shared by the handlers.
//! struct State {
//!     total: AtomicU64,
//! }
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Add {
//!     amount: u64,
//! }
//!
//! #[derive(Serialize)]
//! struct Total {
//!     total: u64,
//! }
//!
//! async fn health(_: Context<State>) -> Result<Response, Problem> {
//!     Health::ok("counter", env!("CARGO_PKG_VERSION")).respond()
//! }
//!
//! async fn add(mut context: Context<State>) -> Result<Response, Problem> {
//!     let times = context.query(&["times"])?.integer("times", 1..=10)?.unwrap_or(1);
//!     let Add { amount } = context.json(1_024).await?;
//!     if amount == 0 {
//!         return Err(Problem::unprocessable("nothing_to_add", "The amount is zero."));
//!     }
//!     let before = context.state().total.fetch_add(amount * times, Ordering::Relaxed);
//!     reply::json(&Total { total: before + amount * times })
//! }
//!
//! /// Tests and `main` pass in listener and shutdown.
//! async fn run(listener: TcpListener, shutdown: CancellationToken) -> Result<(), SetupError> {
//!     let routes = Router::new(State { total: AtomicU64::new(0) })
//!         .route(Method::GET, "/health", health)
//!         .route(Method::POST, "/add", add)
//!         .build()?;
//!     http_kit::serve(listener, routes, Limits::default(), shutdown).await;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = http_kit::bind("127.0.0.1:0".parse()?, "--port").await?;
//! let address = listener.local_addr()?;
//! let shutdown = CancellationToken::new();
//! let running = tokio::spawn(run(listener, shutdown.clone()));
//!
//! let client = http_kit::Client::new(&http_kit::ClientOptions::default());
//! let answer: serde_json::Value = client.get_json(&format!("http://{address}/health"), 1_024).await?;
//! assert_eq!(answer["status"], "ok");
//!
//! shutdown.cancel();
//! running.await??;
//! # Ok(())
//! # }
//! ```

pub mod arrival;
pub mod body;
pub mod catalogue;
pub mod client;
pub mod client_address;
pub mod client_slots;
mod connections;
pub mod context;
mod edge;
pub mod enclosed;
pub mod encoding;
pub mod error;
pub mod health;
pub mod host;
pub mod json;
pub mod limits;
pub mod measure;
pub mod negotiation;
pub mod origin;
pub mod problem;
pub mod query;
pub mod quota;
pub mod reply;
mod request_id;
pub mod request_log;
pub mod router;
pub mod serve;
pub mod sockets;
pub mod sse;

pub use arrival::Arrival;
pub use body::{Body, BodyError, BoxError, Request, Response};
pub use catalogue::{Catalogue, Kind};
pub use client::{Client, ClientOptions};
pub use client_address::TrustedProxies;
pub use client_slots::{ClientSlot, ClientSlots, SlotsFull};
pub use context::Context;
pub use enclosed::enclosed;
pub use encoding::{Effort, Encoded};
pub use error::{ClientError, SetupError};
pub use health::Health;
pub use host::Hosts;
pub use limits::Limits;
pub use measure::RouteMetrics;
pub use origin::{Origin, Origins};
pub use problem::{FieldError, Problem};
pub use query::Query;
pub use router::{Router, Routes};
pub use serve::{bind, serve};
pub use sockets::Sockets;
pub use tokio_util::sync::CancellationToken;
