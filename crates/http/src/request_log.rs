//! Request fields in log lines, without a span per request.
//!
//! Home-made because a span formats its fields even if nothing is logged in it, which cost a third
//! of a request answered from memory. Here the fields are kept in a task-local and written only
//! with actual lines. Tasks spawned by a handler don't inherit them.

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

/// Fields that identify a request.
#[derive(Debug)]
struct Named {
    method: Method,
    /// Logged without the query, which may contain secrets.
    uri: Uri,
    id: Option<HeaderValue>,
    trace_id: OnceCell<u128>,
}

/// Runs `work`; its log lines name the request.
pub(crate) async fn of<F: Future>(
    method: Method,
    uri: Uri,
    id: Option<HeaderValue>,
    work: F,
) -> F::Output {
    REQUEST.scope(Named { method, uri, id, trace_id: OnceCell::new() }, work).await
}

/// Adds the trace id to the following log lines of the current request. The first one stays.
pub fn trace(trace_id: u128) {
    // Outside of a request there is nothing to add to.
    let _ = REQUEST.try_with(|request| request.trace_id.set(trace_id).is_ok());
}

/// Adds the request fields to the lines of another format.
#[derive(Debug)]
pub struct OfRequest<F> {
    /// The other format.
    pub format: F,
    /// Whether the other format writes one JSON object per line.
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

    /// A member of the line's object with a trailing comma; every line has further members.
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
