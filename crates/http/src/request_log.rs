//! Which request a log line is about, without a span for each request.
//!
//! A span formats its fields when it begins, whether anything is logged in it or not: for a request that was answered from
//! memory that was a third of the whole. So what names a request lies beside it, and is written with the lines that there
//! are. Tasks that a handler spawns are not of the request.

use std::cell::OnceCell;
use std::fmt::{self, Write};

use http::{HeaderValue, Method, Uri};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

tokio::task_local! {
    static REQUEST: Named;
}

/// What names a request.
#[derive(Debug)]
struct Named {
    method: Method,
    /// Shown without the query, which may hold what no log should.
    uri: Uri,
    id: Option<HeaderValue>,
    trace_id: OnceCell<u128>,
}

/// Does the work of a request; lines that are logged meanwhile name it.
pub(crate) async fn of<F: Future>(
    method: Method,
    uri: Uri,
    id: Option<HeaderValue>,
    work: F,
) -> F::Output {
    REQUEST.scope(Named { method, uri, id, trace_id: OnceCell::new() }, work).await
}

/// From now on lines of the request that is at work name this trace, too; its first one counts.
pub fn trace(trace_id: u128) {
    // Whoever is at no request is no matter.
    let _ = REQUEST.try_with(|request| request.trace_id.set(trace_id).is_ok());
}

/// Writes lines as another format does, and which request they are about.
#[derive(Debug)]
pub struct OfRequest<F> {
    /// The other format.
    pub format: F,
    /// Whether it writes one JSON object a line.
    pub is_json: bool,
}

impl<S, N, F> FormatEvent<S, N> for OfRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let written = REQUEST.try_with(|request| {
            let mut line = String::new();
            self.format.format_event(context, Writer::new(&mut line), event)?;
            match line.strip_prefix('{') {
                Some(rest) if self.is_json => {
                    writer.write_str("{")?;
                    request.write_json(&mut writer)?;
                    writer.write_str(rest)
                }
                _ => {
                    writer.write_str(line.trim_end_matches('\n'))?;
                    request.write_text(&mut writer)?;
                    writer.write_char('\n')
                }
            }
        });
        written.unwrap_or_else(|_| self.format.format_event(context, writer, event))
    }
}

impl Named {
    fn id(&self) -> &str {
        self.id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default()
    }

    fn write_text(&self, writer: &mut impl Write) -> fmt::Result {
        write!(writer, " method={} path={:?} id={:?}", self.method, self.uri.path(), self.id())?;
        self.trace_id.get().map_or(Ok(()), |trace_id| write!(writer, " trace_id={trace_id:032x}"))
    }

    /// A member of the object of the line, with a comma behind it: no line is without a time.
    fn write_json(&self, writer: &mut impl Write) -> fmt::Result {
        let text = |text: &str| serde_json::Value::from(text);
        let (method, path, id) =
            (text(self.method.as_str()), text(self.uri.path()), text(self.id()));
        write!(writer, "\"request\":{{\"id\":{id},\"method\":{method},\"path\":{path}")?;
        if let Some(trace_id) = self.trace_id.get() {
            write!(writer, ",\"trace_id\":\"{trace_id:032x}\"")?;
        }
        writer.write_str("},")
    }
}
