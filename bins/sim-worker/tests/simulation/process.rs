//! A process that can be stopped and killed wherever it waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// What is to happen to a process. Its waits are counted: each is a place in its code where it can
/// be stopped or killed.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// It is killed when it has waited so often.
    pub(crate) killed_at: Option<u64>,
    /// It is stopped when it has waited so often, for so long.
    pub(crate) stopped_at: Option<(u64, Duration)>,
    waited: u64,
    waker: Option<Waker>,
}

/// The hand on a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handle(Arc<Mutex<Fate>>);

impl Handle {
    pub(crate) fn new(fate: Fate) -> Self {
        Self(Arc::new(Mutex::new(fate)))
    }

    /// Kills it where it waits now.
    pub(crate) fn kill(&self) {
        let mut fate = self.0.lock().unwrap();
        fate.killed_at = Some(0);
        if let Some(waker) = fate.waker.take() {
            waker.wake();
        }
    }

    /// From now on it is left in peace.
    pub(crate) fn spare(&self) {
        let mut fate = self.0.lock().unwrap();
        (fate.killed_at, fate.stopped_at) = (None, None);
    }
}

/// How a process ended.
#[derive(Debug)]
pub(crate) enum Exit<T> {
    Killed,
    Ended(T),
}

/// Runs `inner` at the mercy of `handle`.
pub(crate) struct Process<F> {
    inner: Option<Pin<Box<F>>>,
    handle: Handle,
    stopped: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Process<F> {
    pub(crate) fn new(inner: F, handle: Handle) -> Self {
        Self { inner: Some(Box::pin(inner)), handle, stopped: None }
    }
}

impl<F: Future> Future for Process<F> {
    type Output = Exit<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            if let Some(stopped) = this.stopped.as_mut() {
                if this.handle.0.lock().unwrap().killed_at == Some(0) {
                    this.inner = None;
                    return Poll::Ready(Exit::Killed);
                }
                this.handle.0.lock().unwrap().waker = Some(context.waker().clone());
                match stopped.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => this.stopped = None,
                }
            }
            let Some(inner) = this.inner.as_mut() else { return Poll::Ready(Exit::Killed) };
            if let Poll::Ready(result) = inner.as_mut().poll(context) {
                return Poll::Ready(Exit::Ended(result));
            }
            let stop = {
                let mut fate = this.handle.0.lock().unwrap();
                fate.waited += 1;
                fate.waker = Some(context.waker().clone());
                let waited = fate.waited;
                if fate.killed_at.is_some_and(|at| waited >= at) {
                    drop(fate);
                    this.inner = None;
                    return Poll::Ready(Exit::Killed);
                }
                let stop =
                    fate.stopped_at.filter(|(at, _)| waited >= *at).map(|(_, duration)| duration);
                if stop.is_some() {
                    fate.stopped_at = None;
                }
                stop
            };
            match stop {
                None => return Poll::Pending,
                Some(duration) => {
                    this.stopped = Some(Box::pin(sleep_until(Instant::now() + duration)));
                }
            }
        }
    }
}
