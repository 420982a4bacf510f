//! Log lines of a request name the request and its trace.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use http_kit::context::REQUEST_ID_HEADER;
use http_kit::request_log::OfRequest;
use http_kit::{CancellationToken, Context, Limits, Problem, Response, Router, body, reply};
use process_kit::Metrics;
use process_kit::trace::{self, TRACEPARENT, TraceOptions, Tracer};
use tower::Service;
use tracing::Level;

/// A log in memory.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().map_err(|_| std::io::ErrorKind::Other)?.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn request_log_lines_name_request_and_trace() {
    let log = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .map_event_format(|format| OfRequest { format, is_json: true })
        .with_max_level(Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let options = TraceOptions {
        otlp_endpoint: Some("http://127.0.0.1:9".into()),
        ..TraceOptions::default()
    };
    let tracer = trace::begin("tests", &options, &Metrics::default()).unwrap();
    async fn handler(context: Context<Tracer>) -> Result<Response, Problem> {
        let parent = context.header(TRACEPARENT).and_then(|text| text.parse().ok());
        context.state().span("work", parent).name_in_log();
        Ok(reply::text("done"))
    }
    let routes = Router::new(tracer).route(http::Method::GET, "/", handler).build().unwrap();
    let mut app = http_kit::enclosed(routes, &Limits::default(), CancellationToken::new());
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    for flags in ["01", "00"] {
        let request = http::Request::builder()
            .uri("/")
            .header(REQUEST_ID_HEADER, "r-1")
            .header(TRACEPARENT, format!("00-{trace_id}-00f067aa0ba902b7-{flags}"))
            .body(body::empty())
            .unwrap();
        app.call(request).await.unwrap();
    }
    let lines = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let answered: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["message"] == "answered")
        .collect();
    let named: Vec<_> = answered
        .iter()
        .map(|line| (&line["request"]["id"], line["request"]["trace_id"].as_str()))
        .collect();
    assert_eq!(
        named,
        [(&serde_json::json!("r-1"), Some(trace_id)), (&serde_json::json!("r-1"), None)]
    );
}
