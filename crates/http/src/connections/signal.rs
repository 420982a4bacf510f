//! Signals to connections.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Waker};

use futures_util::task::AtomicWaker;

/// A signal to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Signal {
    /// Finish requests in flight, then close.
    Drain = 1,
    /// Close at once.
    Close = 2,
}

/// Receiver that a connection checks on each poll: two atomic operations, where a cancellation
/// token takes locks.
#[derive(Debug, Default)]
pub(super) struct SignalReceiver {
    told: AtomicU8,
    waker: AtomicWaker,
}

impl SignalReceiver {
    /// Sends a signal; the stronger one stays.
    pub(super) fn tell(&self, signal: Signal) {
        self.told.fetch_max(signal as u8, Ordering::AcqRel);
        self.waker.take().as_ref().map(Waker::wake_by_ref);
    }

    /// The strongest signal so far.
    pub(super) fn told(&self) -> Option<Signal> {
        match self.told.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Signal::Drain),
            _ => Some(Signal::Close),
        }
    }

    /// The strongest signal so far; later ones wake the task.
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
    async fn listeners_are_woken_and_the_stronger_signal_stays() {
        let ear = Arc::new(SignalReceiver::default());
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
