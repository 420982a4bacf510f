//! Exports spans as OTLP over HTTP in JSON.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Finished, Inner, Message, Tracer, Value, WAITING_MAX};
use crate::config::{ValueError, out_of_range};
use crate::error::ServiceError;
use crate::metrics::{Counter, Metrics};
use http_kit::body::{self, Request};
use http_kit::client::{Client, ClientOptions};

/// Most spans per batch.
const BATCH_MAX: usize = 512;
/// Longest wait for a batch to fill.
const BATCH_WAIT: Duration = Duration::from_secs(1);
/// Timeout of the collector; spans it does not accept in time are dropped.
const SEND_LIMIT: Duration = Duration::from_secs(2);

/// Trace options of a service.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TraceOptions {
    /// OpenTelemetry collector for traces (OTLP over HTTP), such as `http://127.0.0.1:4318`; off by default
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// Fraction of new traces to send, from 0 to 1; requests with a traceparent follow it
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", default_value = "1", value_parser = share, value_name = "SHARE")]
    pub trace_share: Share,
}

/// A fraction from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl Default for Share {
    fn default() -> Self {
        Self(1.0)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

fn share(text: &str) -> Result<Share, ValueError> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(Share(share)),
        _ => Err(out_of_range("a number", 0, 1)),
    }
}

/// A tracer for the collector in the options, if any. Needs a tokio runtime.
///
/// # Errors
/// [`ServiceError::Setting`] for an invalid URL.
pub fn begin(
    service: &'static str,
    options: &TraceOptions,
    metrics: &Metrics,
) -> Result<Tracer, ServiceError> {
    let Some(endpoint) = &options.otlp_endpoint else { return Ok(Tracer::default()) };
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let is_plain = url
        .parse()
        .is_ok_and(|url: http::Uri| url.scheme_str() == Some("http") && url.authority().is_some());
    if !is_plain {
        return Err(ServiceError::Setting {
            setting: "--otlp-endpoint (OTEL_EXPORTER_OTLP_ENDPOINT)",
            detail: format!(
                "invalid URL {endpoint:?}: use http://host:port of a collector for plain HTTP"
            ),
        });
    }
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let dropped = dropped(metrics);
    let exporter = Exporter {
        service,
        url,
        client: Client::new(&ClientOptions::default()),
        dropped: dropped.clone(),
        is_failing: false,
    };
    tokio::spawn(exporter.run(receiver));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share is from 0 to 1"
    )]
    let sampled = (options.trace_share.0 * 4_294_967_296.0) as u64;
    Ok(Tracer(Some(std::sync::Arc::new(Inner { sender, sampled, dropped }))))
}

fn dropped(metrics: &Metrics) -> Counter {
    metrics.counter(
        "sector_trace_spans_dropped_total",
        "Spans dropped because the collector did not accept them or the queue was full",
    )
}

/// Registers the trace metrics, for the documentation.
pub fn register_metrics(metrics: &Metrics) {
    drop(dropped(metrics));
}

struct Exporter {
    service: &'static str,
    url: String,
    client: Client,
    dropped: Counter,
    is_failing: bool,
}

impl Exporter {
    async fn run(mut self, mut receiver: mpsc::Receiver<Message>) {
        while let Some(first) = receiver.recv().await {
            let deadline = Instant::now() + BATCH_WAIT;
            let mut spans = Vec::new();
            let mut flushed = Vec::new();
            let mut next = Some(first);
            while let Some(message) = next.take() {
                match message {
                    Message::Span(span) => spans.push(span),
                    Message::Flush(done) => {
                        flushed.push(done);
                        break;
                    }
                }
                if spans.len() < BATCH_MAX {
                    next = timeout_at(deadline, receiver.recv()).await.ok().flatten();
                }
            }
            if !spans.is_empty() {
                self.send(&spans).await;
            }
            for done in flushed {
                // The caller may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    async fn send(&mut self, spans: &[Box<Finished>]) {
        let body = self.body(spans).to_string();
        let mut request = Request::new(body::full(body));
        *request.method_mut() = Method::POST;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let failure = match self.url.parse() {
            Err(_) => Some("invalid URL".to_owned()),
            Ok(url) => {
                *request.uri_mut() = url;
                match timeout(SEND_LIMIT, self.client.send(request)).await {
                    Ok(Ok(response)) if response.status().is_success() => None,
                    Ok(Ok(response)) => Some(format!("status {}", response.status())),
                    Ok(Err(error)) => Some(error.to_string()),
                    Err(_) => Some(format!("no answer within {} s", SEND_LIMIT.as_secs())),
                }
            }
        };
        match failure {
            None => self.is_failing = false,
            Some(error) => {
                self.dropped.inc_by(spans.len() as u64);
                if !self.is_failing {
                    tracing::warn!(error, "collector does not accept traces, dropping spans");
                    self.is_failing = true;
                }
            }
        }
    }

    fn body(&self, spans: &[Box<Finished>]) -> serde_json::Value {
        let spans: Vec<serde_json::Value> = spans
            .iter()
            .map(|span| {
                let attributes: Vec<serde_json::Value> = span
                    .attributes
                    .iter()
                    .map(|(name, value)| match value {
                        Value::Text(text) => json!({ "key": name, "value": { "stringValue": text } }),
                        Value::Number(number) => json!({ "key": name, "value": { "intValue": number.to_string() } }),
                    })
                    .collect();
                json!({
                    "traceId": span.context.trace_id(),
                    "spanId": format!("{:016x}", span.context.span),
                    "parentSpanId": span.parent.map_or_else(String::new, |parent| format!("{parent:016x}")),
                    "name": span.name,
                    "kind": 1,
                    "startTimeUnixNano": span.begin_ns.to_string(),
                    "endTimeUnixNano": span.end_ns.to_string(),
                    "attributes": attributes,
                    "status": { "code": if span.is_error { 2 } else { 0 } },
                })
            })
            .collect();
        json!({ "resourceSpans": [{
            "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": self.service } }] },
            "scopeSpans": [{ "scope": { "name": "sector" }, "spans": spans }],
        }] })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::trace::TraceParent;
    use http_kit::context::Context;
    use http_kit::limits::Limits;
    use http_kit::problem::Problem;
    use http_kit::router::Router;

    type Received = Arc<Mutex<Vec<serde_json::Value>>>;

    /// Starts a collector that stores spans; returns its URL.
    async fn collector(received: Received) -> String {
        async fn take(mut context: Context<Received>) -> Result<http_kit::body::Response, Problem> {
            let batch = context.json(1 << 20).await?;
            context.state().lock().push(batch);
            Ok(http_kit::reply::text("{}"))
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new(received).route(Method::POST, "/v1/traces", take).build().unwrap();
        tokio::spawn(http_kit::serve::serve(
            listener,
            routes,
            Limits::default(),
            CancellationToken::new(),
        ));
        url
    }

    fn options(url: &str, share: f64) -> TraceOptions {
        TraceOptions { otlp_endpoint: Some(url.to_owned()), trace_share: Share(share) }
    }

    #[tokio::test]
    async fn a_trace_continues_its_parent_and_is_exported() {
        let received = Received::default();
        let url = collector(received.clone()).await;
        let tracer = begin("tests", &options(&url, 0.0), &Metrics::default()).unwrap();
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent: TraceParent = text.parse().unwrap();
        let mut root = tracer.span("outer", Some(parent));
        root.set("orders", 3usize);
        let mut child = root.child("inner");
        child.set("result", "unavailable");
        child.fail();
        drop(child);
        drop(root);
        // Unsampled traces are not exported.
        assert!(tracer.span("own", None).context().is_none());
        assert!(
            tracer.span("unsampled", text.replace("-01", "-00").parse().ok()).context().is_none()
        );
        tracer.flush().await;
        let batches = received.lock().clone();
        assert_eq!(batches.len(), 1, "{batches:?}");
        let resource = &batches[0]["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "tests");
        let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
        let [inner, outer] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!((&inner["name"], &outer["name"]), (&"inner".into(), &"outer".into()));
        assert!(spans.iter().all(|span| span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(outer["parentSpanId"], "00f067aa0ba902b7");
        assert_eq!(inner["parentSpanId"], outer["spanId"]);
        assert_eq!(outer["attributes"][0]["value"]["intValue"], "3");
        assert_eq!((&inner["status"]["code"], &outer["status"]["code"]), (&2.into(), &0.into()));
        let time = |span: &serde_json::Value, name: &str| {
            span[name].as_str().unwrap().parse::<u64>().unwrap()
        };
        assert!(time(outer, "startTimeUnixNano") <= time(inner, "startTimeUnixNano"));
        assert!(time(inner, "endTimeUnixNano") <= time(outer, "endTimeUnixNano"));
    }

    #[tokio::test]
    async fn an_unreachable_collector_does_not_block_and_drops_are_counted() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let metrics = Metrics::default();
        let tracer = begin("tests", &options(&format!("http://{free}/"), 1.0), &metrics).unwrap();
        drop(tracer.span("lost", None));
        tracer.flush().await;
        assert!(
            metrics.text().contains("sector_trace_spans_dropped_total 1\n"),
            "{}",
            metrics.text()
        );
        let error =
            begin("tests", &options("collector:4318", 1.0), &metrics).unwrap_err().to_string();
        assert!(
            error.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && error.contains("collector:4318"),
            "{error}"
        );
        let off = begin("tests", &TraceOptions::default(), &metrics).unwrap();
        assert!(!off.is_on() && off.span("nothing", None).context().is_none());
        off.flush().await;
    }
}
