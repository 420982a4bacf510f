//! Gathering: what arrives while a call is on its way shares the next one.
//!
//! Who comes alone is sent at once, by the caller's own task. Who finds a call on its way enters a
//! queue, and a task of its own sends what waits there, as much as one call may hold, until nobody
//! waits. Two calls may be on their way, so that Redis has one to do while the answers of the other
//! are handed out. A caller that gives up before its turn is not sent; one that gives up later loses its own
//! answer and nobody else's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::{Error, Result};

/// Most that one call may hold, unless a single item is larger.
const MAX_WEIGHT: usize = 256;
const MAX_BYTES: usize = 256 * 1024;
/// Most calls on their way.
const MAX_CALLS: usize = 2;

/// What is done with a group, in one call.
pub(super) trait Call: Send + Sync + 'static {
    type Item: Item;
    type Answer: Send + 'static;
    /// What is being done, for errors.
    const DOING: &'static str;

    /// An answer for each item, in their order.
    fn call(
        &self,
        items: Vec<Self::Item>,
    ) -> impl Future<Output = Vec<Result<Self::Answer>>> + Send;
}

/// One of a group.
pub(super) trait Item: Send + 'static {
    fn weight(&self) -> usize;
    fn bytes(&self) -> usize;
}

/// Makes calls, few at a time.
pub(super) struct Gather<C: Call> {
    shared: Arc<Shared<C>>,
}

struct Shared<C: Call> {
    call: C,
    /// How long one may wait for an answer, its turn included.
    limit: Duration,
    state: Mutex<State<C>>,
    runtime: Handle,
}

struct State<C: Call> {
    /// Calls on their way, and tasks about to make one.
    under_way: usize,
    waiting: VecDeque<Waiting<C>>,
}

struct Waiting<C: Call> {
    item: C::Item,
    answer: oneshot::Sender<Result<C::Answer>>,
}

/// Items, and whom to give the answers.
type Group<C> = (Vec<<C as Call>::Item>, Vec<oneshot::Sender<Result<<C as Call>::Answer>>>);

impl<C: Call> Gather<C> {
    /// Must be called on a runtime, which carries its tasks.
    pub(super) fn new(call: C, limit: Duration) -> Self {
        let state = Mutex::new(State { under_way: 0, waiting: VecDeque::new() });
        Self { shared: Arc::new(Shared { call, limit, state, runtime: Handle::current() }) }
    }

    /// The answer for one item.
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

    /// Takes as much as one call may hold, in the order of arrival.
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

/// The right to make a call. It passes to the next waiting call, also when its holder gives up.
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

/// Makes calls until nobody waits.
async fn call_for_all<C: Call>(shared: Arc<Shared<C>>) {
    let turn = Turn(shared);
    loop {
        let (items, answers) = turn.0.next_group();
        if items.is_empty() {
            return;
        }
        let results = turn.0.call.call(items).await;
        for (answer, result) in answers.into_iter().zip(results) {
            // A caller that no longer waits does not want to know.
            let _ = answer.send(result);
        }
        // Those who were answered, and have more, get a chance to share the next call.
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
