//! Request and response bodies with rate limits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::UnderWay;
use crate::body::{Body, BodyError};
use crate::limits::Limits;

/// A body below its minimum rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body arrived at less than {bytes_per_second_min} bytes per second")]
pub(crate) struct TooSlow {
    /// The minimum rate.
    pub(crate) bytes_per_second_min: u64,
}

/// A request body that fails with [`TooSlow`] if it falls below its minimum rate after the grace
/// time. Time starts when reading starts.
#[derive(Debug)]
pub(crate) struct RequestBody<B = Incoming> {
    inner: B,
    grace: Duration,
    bytes_per_second_min: u64,
    received: u64,
    began: Option<Instant>,
    /// Whether the end was read, or an error.
    ended: Option<Result<(), ()>>,
    /// Set at the first wait: most bodies are already complete.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, limits: &Limits) -> Self {
        Self {
            inner,
            grace: Duration::from_millis(limits.body_grace_ms),
            bytes_per_second_min: limits.body_bytes_per_second_min.max(1),
            received: 0,
            began: None,
            ended: None,
            deadline: None,
        }
    }

    fn due(&self, began: Instant) -> Instant {
        let earned_ms = self.received.saturating_mul(1_000) / self.bytes_per_second_min;
        began + self.grace + Duration::from_millis(earned_ms.min(u64::from(u32::MAX)))
    }
}

impl<B> HttpBody for RequestBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<crate::body::BoxError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let began = *this.began.get_or_insert_with(Instant::now);
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            if let Some(Ok(frame)) = &frame {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.received =
                    this.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
            }
            this.ended = match &frame {
                Some(Ok(_)) => None,
                Some(Err(_)) => Some(Err(())),
                None => Some(Ok(())),
            };
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::new)));
        }
        let due = this.due(began);
        let deadline = this.deadline.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if deadline.deadline() != due {
            deadline.as_mut().reset(due);
        }
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(BodyError::new(TooSlow {
            bytes_per_second_min: this.bytes_per_second_min,
        }))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Most bytes of a request body that are read to keep the connection, those that the handler read
/// included.
const UNREAD_BYTES_MAX: u64 = 1 << 20;

/// The rest of a request body, once the response is known.
///
/// A connection can only take its next request after the whole body. Clients that send the body in
/// a packet of its own also fail if the server closes before they have sent it.
#[derive(Debug)]
pub(crate) struct Unread {
    body: Arc<Mutex<RequestBody>>,
    /// The client sends the body only after `100 Continue`, which reading it would send.
    is_awaiting_continue: bool,
}

impl Unread {
    pub(crate) fn new(body: Arc<Mutex<RequestBody>>, is_awaiting_continue: bool) -> Self {
        Self { body, is_awaiting_continue }
    }

    /// Reads and discards the rest. Returns whether the connection can be used again.
    pub(crate) async fn discard(self) -> bool {
        let body = match Arc::try_unwrap(self.body).map(Mutex::into_inner) {
            Ok(body) => body,
            // Still being forwarded.
            Err(body) => return body.lock().is_complete(),
        };
        if let Some(ended) = body.ended {
            return ended.is_ok();
        }
        if body.is_complete() {
            return true;
        }
        let was_asked_for = body.began.is_some() || !self.is_awaiting_continue;
        let fits = body.received.saturating_add(body.size_hint().lower()) <= UNREAD_BYTES_MAX;
        was_asked_for
            && fits
            && tokio::time::timeout(body.grace, body.read_rest()).await.unwrap_or(false)
    }
}

impl RequestBody {
    fn is_complete(&self) -> bool {
        self.ended.map_or_else(|| self.inner.is_end_stream(), |ended| ended.is_ok())
    }

    async fn read_rest(mut self) -> bool {
        while self.received <= UNREAD_BYTES_MAX {
            match self.frame().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => return false,
                None => return true,
            }
        }
        false
    }
}

/// Most bytes of a response handed on at once. They count as sent, so smaller parts detect a
/// stalled reader earlier. Larger than nearly every compressed response here.
const PART_BYTES_MAX: usize = 128 * 1_024;

/// A response body that records whether it waits for its reader.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    inner: Body,
    /// The rest of a long frame.
    rest: Bytes,
    under_way: UnderWay,
}

impl AnswerBody {
    pub(crate) fn new(inner: Body, mut under_way: UnderWay) -> Self {
        under_way.awaits_reader(true);
        Self { inner, rest: Bytes::new(), under_way }
    }

    fn part(&mut self, mut bytes: Bytes) -> Frame<Bytes> {
        self.rest = bytes.split_off(bytes.len().min(PART_BYTES_MAX));
        Frame::data(bytes)
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.rest.is_empty() {
            self.under_way.awaits_reader(true);
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(self.part(rest))));
        }
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        // Polled only when there is room; while the body is pending, the peer is not to blame.
        self.under_way.awaits_reader(frame.is_ready());
        match ready!(frame) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => Poll::Ready(Some(Ok(self.part(bytes)))),
                Err(frame) => Poll::Ready(Some(Ok(frame))),
            },
            end => Poll::Ready(end),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    /// An endless body of `bytes` bytes every `every_ms`.
    fn trickle(
        bytes: usize,
        every_ms: u64,
    ) -> impl HttpBody<Data = Bytes, Error = std::io::Error> + Unpin {
        let chunks = stream::unfold((), move |()| async move {
            tokio::time::sleep(Duration::from_millis(every_ms)).await;
            Some((Ok(Frame::data(Bytes::from(vec![0; bytes]))), ()))
        });
        StreamBody::new(Box::pin(chunks))
    }

    async fn lasts(bytes: usize, every_ms: u64, frames: usize) -> (usize, Duration) {
        let limits =
            Limits { body_grace_ms: 5_000, body_bytes_per_second_min: 1_000, ..Limits::default() };
        let mut body = RequestBody::new(trickle(bytes, every_ms), &limits);
        let began = Instant::now();
        for frame in 0..frames {
            if let Err(error) = body.frame().await.unwrap() {
                assert!(error.0.downcast_ref::<TooSlow>().is_some());
                return (frame, began.elapsed());
            }
        }
        (frames, began.elapsed())
    }

    #[tokio::test]
    async fn a_long_response_is_split_and_complete() {
        let long: Bytes = (0..300 * 1_024_u32).map(|number| number as u8).collect();
        let activity = std::sync::Arc::new(super::super::activity::Activity::new(1));
        let under_way = UnderWay::new(activity, super::super::register::Clock::new());
        let mut body = AnswerBody::new(crate::body::full(long.clone()), under_way);
        assert_eq!(body.size_hint().exact(), Some(300 * 1_024));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(
            (first.len(), body.size_hint().exact(), body.is_end_stream()),
            (131_072, Some(176_128), false)
        );
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!([first, rest].concat(), long);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_below_its_rate_fails_after_the_grace_time() {
        // A byte per second earns a millisecond each.
        assert_eq!(lasts(1, 1_000, 100).await, (5, Duration::from_millis(5_005)));
        assert_eq!(lasts(1, 60_000, 100).await, (0, Duration::from_millis(5_000)));
        // Half the rate lasts twice the grace, so the tenth byte is late.
        assert_eq!(lasts(500, 1_000, 100).await.0, 9);
        assert_eq!(lasts(1_000, 1_000, 100).await.0, 100);
    }
}
