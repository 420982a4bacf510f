//! Live streams: the WebSocket, and plain text for `curl -N`.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use follow::{Feed, Step, session};
use futures_util::stream;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http_kit::{ClientSlot, Context, Problem, Response, body};
use process_kit::CancellationToken;

use crate::lines::{self, Lines};
use crate::recording::{Recording, Viewer};
use crate::state::{State, sector};

/// One reader of the text stream.
struct Tail {
    feed: Feed,
    lines: Arc<Lines>,
    has_begun: bool,
    shutdown: CancellationToken,
    _slot: ClientSlot,
    _viewer: Option<Viewer>,
}

/// `GET /ws?after=&incarnation=`: a snapshot, then entries. Resumes after `after` if those entries are still kept and the
/// store's incarnation is still the same.
pub(crate) async fn socket(mut context: Context<State>) -> Result<Response, Problem> {
    let state = context.shared_state();
    state.sockets.admit(&context)?;
    let from = follow::resume::for_stream(&context.query(&["after", "incarnation"])?)?;
    let sector = sector(&context).await?;
    let (pace, recording) = (state.config.pace, state.config.recording.clone());
    let feed =
        Feed::new(Arc::clone(sector.follower()), Arc::clone(&state.resyncs), from, pace.behind_max);
    state.sockets.open(&mut context, session::socket_config(), move |socket, shutdown| async move {
        let _viewer = recording.as_ref().map(Recording::viewer);
        session::serve(socket, feed, pace, shutdown).await;
    })
}

/// `GET /tail`: the latest notable events, then every event as it happens, one line each, until shutdown.
pub(crate) async fn tail(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    let sector = sector(&context).await?;
    let state = context.state();
    let slot = state.slots.take(context.client_address())?;
    let tail = Tail {
        feed: Feed::new(
            Arc::clone(sector.follower()),
            state.resyncs.clone(),
            None,
            state.config.pace.behind_max,
        ),
        lines: state.lines.clone(),
        has_begun: false,
        shutdown: context.shutdown(),
        _slot: slot,
        _viewer: state.config.recording.as_ref().map(Recording::viewer),
    };
    // Polled only as fast as the client reads, so nothing is buffered here.
    let chunks = stream::unfold(tail, |mut tail| async move {
        let chunk = tail.next().await?;
        Some((Ok::<_, Infallible>(chunk), tail))
    });
    let mut response = Response::new(body::stream(chunks));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

impl Tail {
    /// The next lines, at least one; `None` after shutdown.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let step = tokio::select! {
                () = self.shutdown.cancelled() => return None,
                step = self.feed.next() => step?,
            };
            let text = match step {
                // A text reader needs no link status.
                Step::Link(_) => continue,
                Step::Begin(frame) if self.has_begun => lines::gap(&frame),
                Step::Begin(frame) => lines::history(&frame),
                Step::Entries(entries) => match entries.as_slice() {
                    [entry] => self.lines.of(entry),
                    entries => {
                        let mut text = BytesMut::new();
                        entries
                            .iter()
                            .for_each(|entry| text.extend_from_slice(&self.lines.of(entry)));
                        text.freeze()
                    }
                },
            };
            self.has_begun = true;
            if !text.is_empty() {
                return Some(text);
            }
        }
    }
}
