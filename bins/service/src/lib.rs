//! What the services share: configuration, HTTP serving, routing, errors, telemetry.
//!
//! A whole service, from options to drained:
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use http::Method;
//! use serde::{Deserialize, Serialize};
//! use service::{CancellationToken, Context, Health, Limits, Problem, Response, Router, ServiceError, reply};
//! use tokio::net::TcpListener;
//!
//! /// What all handlers see.
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
//! /// Listener and shutdown are passed in: tests and `main` compose the same code.
//! async fn run(listener: TcpListener, shutdown: CancellationToken) -> Result<(), ServiceError> {
//!     let routes = Router::new(State { total: AtomicU64::new(0) })
//!         .route(Method::GET, "/health", health)
//!         .route(Method::POST, "/add", add)
//!         .build()?;
//!     service::serve(listener, routes, Limits::default(), shutdown).await;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = service::bind("127.0.0.1:0".parse()?, "--port").await?;
//! let address = listener.local_addr()?;
//! let shutdown = CancellationToken::new();
//! let running = tokio::spawn(run(listener, shutdown.clone()));
//!
//! let client = service::Client::new(&service::ClientOptions::default());
//! let answer: serde_json::Value = client.get_json(&format!("http://{address}/health"), 1_024).await?;
//! assert_eq!(answer["status"], "ok");
//!
//! shutdown.cancel();
//! running.await??;
//! # Ok(())
//! # }
//! ```

pub mod arguments;
pub mod arrival;
pub mod body;
pub mod catalogue;
pub mod client;
pub mod client_address;
pub mod config;
mod connections;
pub mod context;
mod edge;
pub mod enclosed;
pub mod encoding;
pub mod error;
pub mod health;
mod healthcheck;
pub mod json;
pub mod limits;
pub mod metrics;
pub mod negotiation;
pub mod origin;
pub mod problem;
pub mod query;
pub mod quota;
pub mod reload;
pub mod reply;
mod request_id;
mod request_log;
pub mod router;
pub mod seats;
pub mod secrets;
pub mod serve;
pub mod shutdown;
pub mod sockets;
pub mod sse;
pub mod store;
pub mod telemetry;
pub mod trace;

pub use arrival::Arrival;
pub use body::{Body, BodyError, BoxError, Request, Response};
pub use catalogue::{Catalogue, Kind};
pub use client::{Client, ClientOptions};
pub use client_address::{Cidr, TrustedProxies};
pub use context::Context;
pub use enclosed::enclosed;
pub use encoding::{Effort, Encoded};
pub use error::ServiceError;
pub use health::Health;
pub use limits::Limits;
pub use metrics::{Metrics, MetricsOptions};
pub use origin::{Origin, Origins};
pub use problem::{FieldError, Problem};
pub use query::Query;
pub use reload::Changes;
pub use router::{Router, Routes};
pub use seats::{Seat, Seats};
pub use sector_redis::Backoff;
pub use serve::{bind, serve};
pub use shutdown::{CancellationToken, TaskTracker, shutdown_on_signals};
pub use sockets::Sockets;
pub use store::{DevConfig, KeyConfig, StoreConfig};
