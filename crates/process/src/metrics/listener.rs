//! Serves `GET /metrics`, and `/livez` and `/readyz` for services without another listener.

use std::net::SocketAddr;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::registry::{Metrics, Program};
use crate::error::ServiceError;
use http_kit::body::Response;
use http_kit::context::Context;
use http_kit::health::Health;
use http_kit::limits::Limits;
use http_kit::problem::Problem;
use http_kit::reply;
use http_kit::router::Router;
use http_kit::serve::{bind, serve as serve_on};

/// Content type of the metrics.
const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
/// Few clients read metrics.
const CONNECTIONS_MAX: usize = 32;

/// Metrics options of a service.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MetricsOptions {
    /// Address and port to serve metrics on (GET /metrics), such as 127.0.0.1:9464; off by default. Keep the port off public
    /// networks
    #[arg(long, env = "METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,
}

/// Creates the metrics of a service process and serves them until `shutdown`, if the options say
/// so.
///
/// # Errors
/// As [`start`].
pub async fn begin(
    service: &'static str,
    version: &'static str,
    options: &MetricsOptions,
    shutdown: &CancellationToken,
) -> Result<Metrics, ServiceError> {
    let metrics = Metrics::of(service, version);
    start(options, &metrics, shutdown).await?;
    Ok(metrics)
}

/// Serves metrics until `shutdown`, if the options say so.
///
/// # Errors
/// [`ServiceError::Http`] naming `--metrics-listen`.
pub async fn start(
    options: &MetricsOptions,
    metrics: &Metrics,
    shutdown: &CancellationToken,
) -> Result<(), ServiceError> {
    let Some(address) = options.metrics_listen else { return Ok(()) };
    let listener = bind(address, "--metrics-listen").await?;
    let (metrics, shutdown) = (metrics.clone(), shutdown.clone());
    tokio::spawn(async move {
        if let Err(error) = serve(metrics, listener, shutdown).await {
            tracing::error!(%error, "metrics listener failed");
        }
    });
    Ok(())
}

/// Serves metrics on `listener` until `shutdown`.
///
/// # Errors
/// [`ServiceError::Http`] for conflicting routes.
pub async fn serve(
    metrics: Metrics,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), ServiceError> {
    let routes = Router::new(metrics)
        .route(Method::GET, "/metrics", metrics_text)
        .route(Method::GET, "/livez", live)
        .route(Method::GET, "/readyz", ready)
        .build()?;
    let limits = Limits {
        connections_max: CONNECTIONS_MAX,
        requests_max: CONNECTIONS_MAX,
        ..Limits::default()
    };
    serve_on(listener, routes, limits, shutdown).await;
    Ok(())
}

async fn live(context: Context<Metrics>) -> Result<Response, Problem> {
    context.query(&[])?;
    Ok(reply::text("ok\n"))
}

async fn ready(context: Context<Metrics>) -> Result<Response, Problem> {
    context.query(&[])?;
    let Program { name, version } = context.state().program();
    if context.state().is_ready() {
        return Health::ok(name, version).respond();
    }
    Health::failing(name, version, "the process is not ready; see its log").respond()
}

async fn metrics_text(context: Context<Metrics>) -> Result<Response, Problem> {
    context.query(&[])?;
    let mut response = reply::text(context.state().text());
    response.headers_mut().insert(CONTENT_TYPE, OPENMETRICS);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_kit::client::{Client, ClientOptions};

    #[tokio::test]
    async fn metrics_are_served_and_a_used_port_is_named() {
        let metrics = Metrics::of("tests", "1.2.3");
        let shutdown = CancellationToken::new();
        let listener = bind("127.0.0.1:0".parse().unwrap(), "--metrics-listen").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(metrics.clone(), listener, shutdown.clone()));
        let client = Client::new(&ClientOptions::default());
        let response = client.get(&format!("http://{address}/metrics")).await.unwrap();
        assert_eq!(response.status(), http::StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], OPENMETRICS);
        assert_eq!(
            client.get(&format!("http://{address}/")).await.unwrap().status(),
            http::StatusCode::NOT_FOUND
        );
        let status = async |path: &str| {
            client.get(&format!("http://{address}{path}")).await.unwrap().status().as_u16()
        };
        assert_eq!((status("/livez").await, status("/readyz").await), (200, 200));
        let health: serde_json::Value =
            client.get_json(&format!("http://{address}/readyz"), 1_024).await.unwrap();
        assert_eq!((&health["service"], &health["version"]), (&"tests".into(), &"1.2.3".into()));
        metrics.set_ready(false);
        assert_eq!((status("/livez").await, status("/readyz").await), (200, 503));
        let taken = MetricsOptions { metrics_listen: Some(address) };
        let error = start(&taken, &metrics, &shutdown).await.unwrap_err().to_string();
        assert!(
            error.contains("--metrics-listen") && error.contains(&address.port().to_string()),
            "{error}"
        );
        start(&MetricsOptions::default(), &metrics, &shutdown).await.unwrap();
        shutdown.cancel();
        serving.await.unwrap().unwrap();
    }
}
