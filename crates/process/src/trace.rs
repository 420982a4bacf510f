//! Traces of requests across services, exported to an OpenTelemetry collector.
//!
//! A [`Tracer`] is passed in, like [`crate::Metrics`]; the default is off and its spans cost
//! nothing. A task exports spans in batches as OTLP over HTTP in JSON. Ending a span never waits;
//! spans that do not fit into the queue are dropped and counted.
//!
//! Home-made because spans continue parents that are kept in the store, start in the past, and one
//! process runs several services, each with its own resource: the OpenTelemetry SDK would need a
//! wrapper of about this size and adds its dependencies to every build.
//!
//! Spans contain only explicit attributes, so neither tokens nor bodies get into them by accident.
//!
//! Log lines contain the trace id after [`Span::name_in_log`]; spans of requests contain the
//! request id as `http.request.id`.

mod export;
mod parent;

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

use http_kit::request_log;

pub use export::{Share, TraceOptions, begin, register_metrics};
pub use parent::{KEPT, TRACEPARENT, TraceParent, of_orders, of_tick};

/// Most spans waiting for export.
const WAITING_MAX: usize = 4_096;

/// Creates spans. Clones share the exporter; the default is off.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Inner>>);

struct Inner {
    sender: mpsc::Sender<Message>,
    /// Sampled new traces, of 2^32.
    sampled: u64,
    dropped: crate::metrics::Counter,
}

enum Message {
    Span(Box<Finished>),
    Flush(oneshot::Sender<()>),
}

/// A span that has ended.
#[derive(Debug)]
struct Finished {
    context: TraceParent,
    parent: Option<u64>,
    name: &'static str,
    begin_ns: u64,
    end_ns: u64,
    attributes: Vec<(&'static str, Value)>,
    is_error: bool,
}

/// Value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Number.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl Tracer {
    /// Whether spans are exported.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A span that continues the trace of `parent`, or starts one. Ends on drop; exported if its
    /// trace is sampled.
    pub fn span(&self, name: &'static str, parent: Option<TraceParent>) -> Span {
        let Some(inner) = &self.0 else { return Span(None) };
        let context = match parent {
            Some(parent) if !parent.is_sampled => return Span(None),
            Some(parent) => parent.child(),
            None => {
                let chance = getrandom::u32().map_or(u64::MAX, u64::from);
                if chance >= inner.sampled {
                    return Span(None);
                }
                TraceParent::new()
            }
        };
        let Some(context) = context else { return Span(None) };
        Span(Some(Box::new(Open {
            inner: Arc::clone(inner),
            finished: Finished {
                context,
                parent: parent.map(|parent| parent.span),
                name,
                begin_ns: now_ns(),
                end_ns: 0,
                attributes: Vec::new(),
                is_error: false,
            },
        })))
    }

    /// Waits until all ended spans are exported or dropped.
    pub async fn flush(&self) {
        let Some(inner) = &self.0 else { return };
        let (sender, sent) = oneshot::channel();
        // The exporter runs as long as the process; if it is gone, there is nothing to wait for.
        if inner.sender.send(Message::Flush(sender)).await.is_ok() {
            let _ = sent.await;
        }
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tracer")
    }
}

/// A span, until dropped.
#[derive(Default)]
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Box<Open>>);

struct Open {
    inner: Arc<Inner>,
    finished: Finished,
}

impl Span {
    /// Position in the trace, to propagate; none if not sampled.
    #[must_use]
    pub fn context(&self) -> Option<TraceParent> {
        self.0.as_ref().map(|open| open.finished.context)
    }

    /// A child span.
    pub fn child(&self, name: &'static str) -> Span {
        let Some(open) = &self.0 else { return Span(None) };
        Tracer(Some(Arc::clone(&open.inner))).span(name, Some(open.finished.context))
    }

    /// Sets an attribute. Never pass secrets.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(open) = &mut self.0 {
            open.finished.attributes.push((name, value.into()));
        }
    }

    /// Sets the start time, in milliseconds since 1970.
    pub fn began_at(&mut self, at_ms: u64) {
        if let Some(open) = &mut self.0 {
            open.finished.begin_ns = at_ms.saturating_mul(1_000_000).min(open.finished.begin_ns);
        }
    }

    /// Sets the start time relative to now.
    pub fn began_ago(&mut self, ago: std::time::Duration) {
        if let Some(open) = &mut self.0 {
            let ago_ns = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
            open.finished.begin_ns = open.finished.begin_ns.saturating_sub(ago_ns);
        }
    }

    /// Adds the trace id to the following log lines of the current request, and to the current log
    /// span if it has the field `trace_id`.
    pub fn name_in_log(&self) {
        if let Some(open) = &self.0 {
            request_log::trace(open.finished.context.trace);
            tracing::Span::current().record("trace_id", open.finished.context.trace_id());
        }
    }

    /// Marks the span as failed.
    pub fn fail(&mut self) {
        if let Some(open) = &mut self.0 {
            open.finished.is_error = true;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            let Open { inner, mut finished } = *open;
            finished.end_ns = now_ns().max(finished.begin_ns);
            if inner.sender.try_send(Message::Span(Box::new(finished))).is_err() {
                inner.dropped.inc();
            }
        }
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
