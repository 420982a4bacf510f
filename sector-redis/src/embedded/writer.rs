//! The one thread that writes.
//!
//! Writes that arrive while the previous ones are being made durable share the next transaction:
//! one flush for all of them. Each is answered only after that flush. A write that is refused has
//! looked before it wrote, so it leaves nothing behind in the shared transaction; one that fails
//! with an engine error makes the transaction start again without it.

use std::sync::Arc;
use std::thread::JoinHandle;

use redb::WriteTransaction;
use tokio::sync::{mpsc, oneshot, watch};

use super::database::{Flushed, Shared};
use crate::error::{Error, Result};

/// Most writes in one transaction.
const MAX_GROUP: usize = 256;
/// Most writes waiting; further callers wait for room.
const MAX_WAITING: usize = 1_024;

/// What a write came to, and whom to wake.
pub(super) struct Change<T> {
    value: T,
    wrote: bool,
    order: Option<u64>,
    event: Option<u64>,
}

impl<T> Change<T> {
    /// Nothing was written; `value` may still rest on earlier writes of the same group.
    pub(super) fn none(value: T) -> Self {
        Self { value, wrote: false, order: None, event: None }
    }

    /// Something was written.
    pub(super) fn wrote(value: T) -> Self {
        Self { wrote: true, ..Self::none(value) }
    }

    /// Readers of the order stream up to `number` have something to read.
    pub(super) fn with_order(self, number: u64) -> Self {
        Self { order: Some(number), ..self }
    }

    /// Readers of the event stream up to `number` have something to read.
    pub(super) fn with_event(self, number: u64) -> Self {
        Self { event: Some(number), ..self }
    }
}

/// The newest numbers of both streams, for readers that wait.
#[derive(Debug)]
pub(super) struct Newest {
    pub(super) order: watch::Sender<u64>,
    pub(super) event: watch::Sender<u64>,
}

fn failed(error: impl Into<Error>) -> Arc<Error> {
    Arc::new(error.into())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ran {
    Unchanged,
    Changed,
    Broken,
}

trait Work: Send {
    fn run(&mut self, txn: &WriteTransaction) -> Ran;
    fn answer(self: Box<Self>, flushed: Flushed, newest: &Newest);
}

struct Job<T, F> {
    body: F,
    result: Option<Result<Change<T>>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T, F> Work for Job<T, F>
where
    T: Send,
    F: Fn(&WriteTransaction) -> Result<Change<T>> + Send,
{
    fn run(&mut self, txn: &WriteTransaction) -> Ran {
        let result = (self.body)(txn);
        let ran = match &result {
            Ok(change) if change.wrote => Ran::Changed,
            Err(Error::Unavailable { .. } | Error::Corrupt { .. }) => Ran::Broken,
            Ok(_) | Err(_) => Ran::Unchanged,
        };
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, flushed: Flushed, newest: &Newest) {
        let result = match (self.result, flushed) {
            (Some(Ok(change)), Ok(())) => {
                if let Some(number) = change.order {
                    newest.order.send_replace(number);
                }
                if let Some(number) = change.event {
                    newest.event.send_replace(number);
                }
                Ok(change.value)
            }
            (Some(Err(error)), _) => Err(error),
            (_, Err(why)) => Err(Error::unavailable_because("embedded write", why.detail(), why)),
            (None, Ok(())) => Err(Error::unavailable("embedded write", "it was not run")),
        };
        // A caller that no longer waits does not want to know.
        let _ = self.answer.send(result);
    }
}

/// Hands writes to the writer thread; dropping it waits until those handed over are done.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(shared: Arc<Shared>, newest: Arc<Newest>) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_all(&shared, &newest, waiting))
            .map_err(|error| Error::config_because("cannot start the writer thread", error))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `body` in a transaction and returns once its changes are durable. `body` looks first
    /// and writes after; it may be run again if another write of its group breaks.
    pub(super) async fn write<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&WriteTransaction) -> Result<Change<T>> + Send + 'static,
    {
        let gone = || Error::unavailable("embedded write", "the writer thread has ended");
        let (answer, answered) = oneshot::channel();
        let job = Job { body, result: None, answer };
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Box::new(job)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread of the store ended with a panic");
        }
    }
}

fn write_all(shared: &Shared, newest: &Newest, mut waiting: mpsc::Receiver<Box<dyn Work>>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        while group.len() < MAX_GROUP
            && let Ok(next) = waiting.try_recv()
        {
            group.push(next);
        }
        write_group(shared, newest, group);
    }
}

fn write_group(shared: &Shared, newest: &Newest, mut group: Vec<Box<dyn Work>>) {
    let database = match shared.for_write() {
        Ok(database) => database,
        Err(error) => return answer_all(group, newest, &Err(failed(error))),
    };
    while !group.is_empty() {
        let txn = match database.begin_write() {
            Ok(txn) => txn,
            Err(error) => {
                let failed = Err(failed(error));
                shared.note(&failed);
                return answer_all(group, newest, &failed);
            }
        };
        let mut changed = false;
        let mut broken = None;
        for (index, work) in group.iter_mut().enumerate() {
            match work.run(&txn) {
                Ran::Unchanged => {}
                Ran::Changed => changed = true,
                Ran::Broken => {
                    broken = Some(index);
                    break;
                }
            }
        }
        let flushed = if changed && broken.is_none() {
            txn.commit().map_err(failed)
        } else {
            txn.abort().map_err(failed)
        };
        // Before the answers, so that a caller whose write failed finds the store failing.
        shared.note(&flushed);
        if let Some(index) = broken {
            group.remove(index).answer(flushed.clone(), newest);
            if flushed.is_ok() {
                continue;
            }
        }
        return answer_all(group, newest, &flushed);
    }
}

fn answer_all(group: Vec<Box<dyn Work>>, newest: &Newest, flushed: &Flushed) {
    for work in group {
        work.answer(flushed.clone(), newest);
    }
}
