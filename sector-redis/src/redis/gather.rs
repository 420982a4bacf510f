//! Batching: items that arrive while a call is in flight share the next call.
//!
//! An item that arrives while no call is in flight is sent at once, in the caller's task. Others are
//! queued, and a background task sends them in groups until the queue is empty. Two calls may be in
//! flight, so that Redis stays busy while responses are distributed. If a caller is cancelled, its
//! queued item is not sent; the other items of its group are unaffected.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::{Error, Result};

/// Limits of one call, unless a single item is larger.
const MAX_WEIGHT: usize = 256;
const MAX_BYTES: usize = 256 * 1024;
/// Maximum number of calls in flight.
const MAX_CALLS: usize = 2;

/// Sends a group of items in one call.
pub(super) trait Call: Send + Sync + 'static {
    type Item: Item;
    type Answer: Send + 'static;
    /// Description of the call, for errors.
    const DOING: &'static str;

    /// Returns one answer per item, in order.
    fn call(
        &self,
        items: Vec<Self::Item>,
    ) -> impl Future<Output = Vec<Result<Self::Answer>>> + Send;
}

/// An item of a group.
pub(super) trait Item: Send + 'static {
    fn weight(&self) -> usize;
    fn bytes(&self) -> usize;
}

/// Groups items into calls.
pub(super) struct Gather<C: Call> {
    shared: Arc<Shared<C>>,
}

struct Shared<C: Call> {
    call: C,
    /// Maximum wait for an answer, including the time in the queue.
    limit: Duration,
    state: Mutex<State<C>>,
    runtime: Handle,
}

struct State<C: Call> {
    /// Calls in flight, and tasks about to make one.
    under_way: usize,
    waiting: VecDeque<Waiting<C>>,
}

struct Waiting<C: Call> {
    item: C::Item,
    answer: oneshot::Sender<Result<C::Answer>>,
}

/// Items and the receivers of their answers.
type Group<C> = (Vec<<C as Call>::Item>, Vec<oneshot::Sender<Result<<C as Call>::Answer>>>);

impl<C: Call> Gather<C> {
    /// Must be called within a Tokio runtime, which runs the background tasks.
    pub(super) fn new(call: C, limit: Duration) -> Self {
        let state = Mutex::new(State { under_way: 0, waiting: VecDeque::new() });
        Self { shared: Arc::new(Shared { call, limit, state, runtime: Handle::current() }) }
    }

    /// Sends one item and returns its answer.
    pub(super) async fn ask(&self, item: C::Item) -> Result<C::Answer> {
        let gone = || Error::unavailable(C::DOING, "the call ended without an answer");
        match self.shared.clone().enter(item) {
            Entered::First { item, turn } => {
                turn.0.call.call(vec![item]).await.pop().unwrap_or_else(|| Err(gone()))
            }
            Entered::Waits(answer) => match timeout(self.shared.limit, answer).await {
                Ok(answer) => answer.unwrap_or_else(|_| Err(gone())),
                Err(elapsed) => Err(Error::unavailable(C::DOING, elapsed)),
            },
        }
    }
}

enum Entered<C: Call> {
    First { item: C::Item, turn: Turn<C> },
    Waits(oneshot::Receiver<Result<C::Answer>>),
}

impl<C: Call> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, State<C>> {
        // Nothing that panics runs under the lock.
        self.state.lock()
    }

    fn enter(self: Arc<Self>, item: C::Item) -> Entered<C> {
        let mut state = self.lock();
        if state.under_way == 0 {
            state.under_way = 1;
            drop(state);
            return Entered::First { item, turn: Turn(self) };
        }
        let (answer, answered) = oneshot::channel();
        state.waiting.push_back(Waiting { item, answer });
        if state.under_way < MAX_CALLS {
            state.under_way += 1;
            drop(state);
            self.runtime.spawn(call_for_all(self.clone()));
        }
        Entered::Waits(answered)
    }

    /// Takes the items of the next call from the queue, in order.
    fn next_group(&self) -> Group<C> {
        let mut state = self.lock();
        let (mut items, mut answers) = (Vec::new(), Vec::new());
        let (mut weight, mut bytes) = (0, 0);
        while let Some(next) = state.waiting.front() {
            weight += next.item.weight();
            bytes += next.item.bytes();
            if !items.is_empty() && (weight > MAX_WEIGHT || bytes > MAX_BYTES) {
                break;
            }
            let Some(Waiting { item, answer }) = state.waiting.pop_front() else { break };
            if answer.is_closed() {
                weight -= item.weight();
                bytes -= item.bytes();
            } else {
                items.push(item);
                answers.push(answer);
            }
        }
        (items, answers)
    }
}

/// Permission to make a call. Passes to the queue on drop, also if its holder is cancelled.
struct Turn<C: Call>(Arc<Shared<C>>);

impl<C: Call> Drop for Turn<C> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        if state.waiting.is_empty() {
            state.under_way -= 1;
        } else {
            drop(state);
            self.0.runtime.spawn(call_for_all(self.0.clone()));
        }
    }
}

/// Makes calls until the queue is empty.
async fn call_for_all<C: Call>(shared: Arc<Shared<C>>) {
    let turn = Turn(shared);
    loop {
        let (items, answers) = turn.0.next_group();
        if items.is_empty() {
            return;
        }
        let results = turn.0.call.call(items).await;
        for (answer, result) in answers.into_iter().zip(results) {
            // The caller may have stopped waiting.
            let _ = answer.send(result);
        }
        // Let answered callers queue their next item before the next call.
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    impl Item for (u64, usize) {
        fn weight(&self) -> usize {
            1
        }

        fn bytes(&self) -> usize {
            self.1
        }
    }

    /// Answers with the number of the item, once it is let; notes what each call held.
    #[derive(Clone)]
    struct Slow {
        let_through: Arc<Semaphore>,
        calls: Arc<Mutex<Vec<Vec<u64>>>>,
        under_way: Arc<AtomicUsize>,
    }

    impl Call for Slow {
        type Item = (u64, usize);
        type Answer = u64;
        const DOING: &'static str = "trying";

        async fn call(&self, items: Vec<(u64, usize)>) -> Vec<Result<u64>> {
            let numbers: Vec<u64> = items.into_iter().map(|(number, _)| number).collect();
            self.calls.lock().push(numbers.clone());
            assert!(self.under_way.fetch_add(1, Ordering::SeqCst) < MAX_CALLS);
            let leave = Leave(self.under_way.clone());
            self.let_through.acquire().await.unwrap().forget();
            drop(leave);
            assert!(!numbers.contains(&666), "a call that ends with a panic");
            let refused = |number| Error::invalid("number", format!("{number}"), "even ones");
            numbers
                .into_iter()
                .map(|number| if number % 2 == 0 { Ok(number) } else { Err(refused(number)) })
                .collect()
        }
    }

    struct Leave(Arc<AtomicUsize>);

    impl Drop for Leave {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    struct Bench {
        gather: Arc<Gather<Slow>>,
        slow: Slow,
    }

    impl Bench {
        fn new() -> Self {
            Self::with_limit(Duration::from_secs(60))
        }

        fn with_limit(limit: Duration) -> Self {
            let slow = Slow {
                let_through: Arc::new(Semaphore::new(0)),
                calls: Arc::default(),
                under_way: Arc::default(),
            };
            Self { gather: Arc::new(Gather::new(slow.clone(), limit)), slow }
        }

        /// Asks in a task, which has come as far as it can when this returns.
        async fn ask(&self, number: u64, bytes: usize) -> JoinHandle<Result<u64>> {
            let gather = self.gather.clone();
            let asking = tokio::spawn(async move { gather.ask((number, bytes)).await });
            settle().await;
            asking
        }

        async fn let_through(&self, calls: usize) {
            self.slow.let_through.add_permits(calls);
            settle().await;
        }

        fn calls(&self) -> Vec<Vec<u64>> {
            self.slow.calls.lock().clone()
        }
    }

    /// Lets all tasks come as far as they can.
    async fn settle() {
        for _ in 0..20 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_comes_alone_is_sent_at_once_and_the_others_share_the_next_call() {
        let bench = Bench::new();
        let mut asking = vec![bench.ask(2, 1).await];
        assert_eq!(bench.calls(), [[2]]);
        asking.push(bench.ask(10, 1).await);
        assert_eq!(bench.calls(), [[2], [10]]);
        for number in [4, 5, 6] {
            asking.push(bench.ask(number, 1).await);
        }
        assert_eq!(bench.calls().len(), 2);
        bench.let_through(1).await;
        assert_eq!(bench.calls(), [vec![2], vec![10], vec![4, 5, 6]]);
        bench.let_through(2).await;
        let mut answers = Vec::new();
        for asking in asking {
            answers.push(asking.await.unwrap().ok());
        }
        // Each has its own answer, and a refusal is of one alone.
        assert_eq!(answers, [Some(2), Some(10), Some(4), None, Some(6)]);
        // Alone again, at once again.
        bench.slow.let_through.add_permits(1);
        assert_eq!(bench.gather.ask((8, 1)).await.unwrap(), 8);
        assert_eq!(bench.calls().last().unwrap(), &[8]);
    }

    #[tokio::test]
    async fn a_call_is_bounded_in_number_and_bytes() {
        let bench = Bench::new();
        let mut asking = vec![bench.ask(0, 1).await, bench.ask(0, 1).await];
        for number in 1..=300 {
            asking.push(bench.ask(number * 2, 1).await);
        }
        for number in [1_000, 1_002, 1_004] {
            asking.push(bench.ask(number, MAX_BYTES / 2).await);
        }
        asking.push(bench.ask(1_006, MAX_BYTES * 2).await);
        asking.push(bench.ask(1_008, 1).await);
        bench.let_through(10).await;
        let lengths: Vec<usize> = bench.calls().iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, 1, 256, 45, 2, 1, 1]);
        for asking in asking {
            asking.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_loses_no_others() {
        let bench = Bench::new();
        let first = bench.ask(2, 1).await;
        let second = bench.ask(4, 1).await;
        let third = bench.ask(6, 1).await;
        let fourth = bench.ask(8, 1).await;
        third.abort();
        settle().await;
        // Its own call is given up, and those who waited for it have their turn.
        first.abort();
        settle().await;
        assert_eq!(bench.calls(), [[2], [4], [8]], "who gave up before its turn is not sent");
        // Given up while the call is on its way: the others of the call are answered.
        let fifth = bench.ask(10, 1).await;
        let sixth = bench.ask(12, 1).await;
        bench.let_through(2).await;
        assert_eq!(second.await.unwrap().unwrap(), 4);
        assert_eq!(fourth.await.unwrap().unwrap(), 8);
        assert_eq!(bench.calls()[3], [10, 12]);
        fifth.abort();
        bench.let_through(1).await;
        assert_eq!(sixth.await.unwrap().unwrap(), 12);
        bench.slow.let_through.add_permits(1);
        assert_eq!(bench.gather.ask((12, 1)).await.unwrap(), 12);
    }

    #[tokio::test]
    async fn a_call_that_panics_is_no_end() {
        let bench = Bench::new();
        let first = bench.ask(2, 1).await;
        let lost = bench.ask(666, 1).await;
        bench.let_through(1).await;
        let after = bench.ask(4, 1).await;
        bench.let_through(2).await;
        assert_eq!(first.await.unwrap().unwrap(), 2);
        assert!(lost.await.unwrap().is_err_and(|error| error.is_unavailable()));
        assert_eq!(after.await.unwrap().unwrap(), 4);
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let bench = Bench::with_limit(Duration::from_millis(50));
        let (first, next) = (bench.ask(2, 1).await, bench.ask(6, 1).await);
        let second = bench.ask(4, 1).await;
        assert!(second.await.unwrap().is_err_and(|error| error.is_unavailable()));
        // How long a call takes is its own affair.
        assert!(!first.is_finished());
        assert!(next.await.unwrap().is_err_and(|error| error.is_unavailable()));
        bench.let_through(2).await;
        assert_eq!(first.await.unwrap().unwrap(), 2);
        assert_eq!(bench.calls(), [[2], [6]], "what nobody waits for is not sent");
    }
}
