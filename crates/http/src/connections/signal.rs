//! What a connection is told from outside.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Waker};

use futures_util::task::AtomicWaker;

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Signal {
    /// To end when what is under way is done.
    Drain = 1,
    /// To end at once.
    Close = 2,
}

/// Where a connection looks, each time it is polled, for what it was told: two atomic operations, where a cancellation
/// token would take locks.
#[derive(Debug, Default)]
pub(super) struct Ear {
    told: AtomicU8,
    waker: AtomicWaker,
}

impl Ear {
    /// Tells; what is stronger stays.
    pub(super) fn tell(&self, signal: Signal) {
        self.told.fetch_max(signal as u8, Ordering::AcqRel);
        self.waker.take().as_ref().map(Waker::wake_by_ref);
    }

    /// What was told so far.
    pub(super) fn told(&self) -> Option<Signal> {
        match self.told.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Signal::Drain),
            _ => Some(Signal::Close),
        }
    }

    /// What was told so far; whatever more comes wakes.
    pub(super) fn listen(&self, context: &Context<'_>) -> Option<Signal> {
        self.waker.register(context.waker());
        self.told()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn who_listens_is_woken_and_the_stronger_word_stays() {
        let ear = Arc::new(Ear::default());
        let listening = tokio::spawn({
            let ear = Arc::clone(&ear);
            poll_fn(move |context| match ear.listen(context) {
                Some(Signal::Close) => Poll::Ready(()),
                _ => Poll::Pending,
            })
        });
        tokio::task::yield_now().await;
        ear.tell(Signal::Drain);
        assert_eq!(ear.told(), Some(Signal::Drain));
        tokio::task::yield_now().await;
        ear.tell(Signal::Close);
        listening.await.unwrap();
        ear.tell(Signal::Drain);
        assert_eq!(ear.told(), Some(Signal::Close));
    }
}
