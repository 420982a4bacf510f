//! The sector as an endless text, for `curl -N`.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use follow::{Feed, Step};
use futures_util::stream;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http_kit::{Context, Problem, Response, Seat, body};
use process_kit::CancellationToken;

use crate::lines::{self, Lines};
use crate::recording::{Recording, Viewer};
use crate::state::{State, sector};

/// One reader.
struct Tail {
    feed: Feed,
    lines: Arc<Lines>,
    has_begun: bool,
    shutdown: CancellationToken,
    _seat: Seat,
    _viewer: Option<Viewer>,
}

/// `GET /tail`: the latest notable events, then every event as it comes, a line each. Ends with the service.
pub(crate) async fn tail(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    let sector = sector(&context).await?;
    let state = context.state();
    let seat = state.seats.take(context.client_address())?;
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
        _seat: seat,
        _viewer: state.config.recording.as_ref().map(Recording::viewer),
    };
    // Asked for only as fast as the reader takes it: nothing piles up here.
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
    /// The next lines, at least one; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let step = tokio::select! {
                () = self.shutdown.cancelled() => return None,
                step = self.feed.next() => step?,
            };
            let text = match step {
                // Who reads text sees that nothing comes.
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
