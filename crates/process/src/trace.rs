//! Traces: what became of one request, across services, told to an OpenTelemetry collector.
//!
//! A [`Tracer`] is passed in, like [`crate::Metrics`]; one that is off, the default, makes spans that cost nothing and tell
//! nothing. Spans are sent in batches as OTLP over HTTP in its JSON form, by a task of its own: whoever ends a span never
//! waits, and spans that find no room are dropped and counted.
//!
//! A span says what it is given and nothing else, so that neither tokens nor bodies get into one by accident.
//!
//! Log lines name the trace where [`Span::name_in_log`] was called; of requests they have the id, which spans of requests
//! have as `http.request.id`. So one leads to the other.

mod export;
mod parent;

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

use http_kit::request_log;

pub use export::{Share, TraceOptions, begin, register_metrics};
pub use parent::{KEPT, TRACEPARENT, TraceParent, of_orders, of_tick};

/// Most spans that wait to be sent.
const WAITING_MAX: usize = 4_096;

/// Makes spans. Clones are the same one; the default is off.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Inner>>);

struct Inner {
    sender: mpsc::Sender<Message>,
    /// Of 2^32 traces that begin here, so many are told.
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

/// What an attribute of a span can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
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
    /// Whether any span is told.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A span that continues the trace of `parent`, or begins one. It ends when it is dropped, and is told if the trace is.
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

    /// Waits until all spans that have ended were sent, or could not be.
    pub async fn flush(&self) {
        let Some(inner) = &self.0 else { return };
        let (sender, sent) = oneshot::channel();
        // The exporter ends with the process alone; should it be gone, there is nothing to wait for.
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

/// A part of a trace, until it is dropped.
#[derive(Default)]
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Box<Open>>);

struct Open {
    inner: Arc<Inner>,
    finished: Finished,
}

impl Span {
    /// Where it is, to be passed on; none if it is not told.
    #[must_use]
    pub fn context(&self) -> Option<TraceParent> {
        self.0.as_ref().map(|open| open.finished.context)
    }

    /// A part of it.
    pub fn child(&self, name: &'static str) -> Span {
        let Some(open) = &self.0 else { return Span(None) };
        Tracer(Some(Arc::clone(&open.inner))).span(name, Some(open.finished.context))
    }

    /// Says something of it. Never a secret.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(open) = &mut self.0 {
            open.finished.attributes.push((name, value.into()));
        }
    }

    /// It began earlier, at this time in milliseconds since 1970.
    pub fn began_at(&mut self, at_ms: u64) {
        if let Some(open) = &mut self.0 {
            open.finished.begin_ns = at_ms.saturating_mul(1_000_000).min(open.finished.begin_ns);
        }
    }

    /// It began this long ago.
    pub fn began_ago(&mut self, ago: std::time::Duration) {
        if let Some(open) = &mut self.0 {
            let ago_ns = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
            open.finished.begin_ns = open.finished.begin_ns.saturating_sub(ago_ns);
        }
    }

    /// From now on the log lines of the request that is at work name the trace, and those of the log's span, if that leaves
    /// room for `trace_id`.
    pub fn name_in_log(&self) {
        if let Some(open) = &self.0 {
            request_log::trace(open.finished.context.trace);
            tracing::Span::current().record("trace_id", open.finished.context.trace_id());
        }
    }

    /// It ends badly.
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
