//! Runs a strategy on its own thread, so that a slow one does not delay anything else: the stream
//! is read, the login is kept, other factions are played, and the program can stop.
//!
//! Uses a thread instead of a blocking task of the runtime, because a runtime waits for its
//! blocking tasks on shutdown, and a strategy may never return.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use sector_sim::{FactionId, Order, Strategy};
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::scene::Scene;

/// Reason for a missing answer: the thread ends early only after a panic, which it has reported.
const GONE: &str = "it has panicked before";

/// A strategy on its own thread, which starts with the first call of [`Thinker::ask`]. Answers in
/// order. After a drop, the thread ends when the strategy returns.
pub struct Thinker {
    name: &'static str,
    state: State,
}

enum State {
    New(Box<dyn Strategy>),
    Asked(mpsc::Sender<Question>),
    /// No thread, with the reason.
    Lost(String),
}

struct Question {
    scene: Scene,
    me: FactionId,
    answer: oneshot::Sender<std::result::Result<Vec<Order>, String>>,
}

/// Pending orders of a strategy.
#[derive(Debug)]
pub struct Thought {
    strategy: &'static str,
    faction: FactionId,
    tick: u64,
    answer: oneshot::Receiver<std::result::Result<Vec<Order>, String>>,
}

impl Thinker {
    /// A thinker whose thread has not started.
    #[must_use]
    pub fn new(strategy: Box<dyn Strategy>) -> Thinker {
        Thinker { name: strategy.name(), state: State::New(strategy) }
    }

    /// Name of the strategy.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Asks for the orders of a faction.
    pub fn ask(&mut self, scene: Scene, me: FactionId) -> Thought {
        let (answer, thought) = oneshot::channel();
        let tick = scene.number();
        let lost = State::Lost(GONE.to_owned());
        self.state = match std::mem::replace(&mut self.state, lost) {
            State::New(strategy) => begin(strategy, me),
            state => state,
        };
        let question = Question { scene, me, answer };
        let refused = match &self.state {
            State::Asked(thread) => {
                thread.send(question).err().map(|mpsc::SendError(question)| (question, None))
            }
            State::Lost(reason) => Some((question, Some(reason.clone()))),
            State::New(_) => None,
        };
        if let Some((question, reason)) = refused {
            let reason = reason.unwrap_or_else(|| GONE.to_owned());
            // Cannot fail: the receiver is returned below.
            question.answer.send(Err(reason)).ok();
        }
        Thought { strategy: self.name, faction: me, tick, answer: thought }
    }
}

impl fmt::Debug for Thinker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Thinker").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Thought {
    /// Waits for the orders. Cancellation is safe.
    ///
    /// # Errors
    /// [`Error::Strategy`] if the strategy has panicked or has no thread. Such a thinker cannot be
    /// used any more.
    pub async fn orders(&mut self) -> Result<Vec<Order>> {
        let answer = (&mut self.answer).await.unwrap_or_else(|_| Err(GONE.to_owned()));
        answer.map_err(|detail| Error::Strategy {
            name: self.strategy,
            faction: self.faction,
            tick: self.tick,
            detail,
        })
    }
}

/// Starts the thread.
fn begin(strategy: Box<dyn Strategy>, me: FactionId) -> State {
    let (asks, questions) = mpsc::channel();
    let thread = thread::Builder::new()
        .name(format!("strategy-{me}"))
        .spawn(move || think(strategy, &questions));
    match thread {
        Ok(_) => State::Asked(asks),
        Err(error) => State::Lost(format!("cannot start its thread: {error}")),
    }
}

fn think(mut strategy: Box<dyn Strategy>, questions: &mpsc::Receiver<Question>) {
    while let Ok(Question { scene, me, answer }) = questions.recv() {
        // Unwind safe, because the strategy is dropped after a panic.
        let thought =
            catch_unwind(AssertUnwindSafe(|| strategy.orders(&scene.view(me), &scene.turn())));
        // Drop the scene before answering, so that the follower does not have to copy it.
        drop(scene);
        let panicked = thought.is_err();
        // The receiver may have been dropped.
        answer.send(thought.map_err(|panic| format!("it panicked: {}", text_of(&*panic)))).ok();
        if panicked {
            return;
        }
    }
}

/// Message of a panic.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use sector_sim::{Mirror, Rules, Snapshot, Turn, Universe, View, World};

    use super::*;

    fn scene() -> Scene {
        let rules = Rules::classic();
        let world = World::new(rules.clone().into(), 7).unwrap();
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: rules.name.clone() };
        let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
        Scene::new(Mirror::new(&snapshot).unwrap(), rules, Turn { tick: 0, missed: 0 })
    }

    /// Blocks until it receives a message, and panics when the sender is gone.
    struct Slow(mpsc::Receiver<()>);

    impl Strategy for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        fn orders(&mut self, _: &View<'_>, _: &Turn) -> Vec<Order> {
            self.0.recv().unwrap();
            Vec::new()
        }
    }

    #[tokio::test]
    async fn a_slow_strategy_does_not_delay_others_and_a_panic_is_reported() {
        let me = FactionId::starter(0).unwrap();
        let (go_on, told) = mpsc::channel();
        let mut slow = Thinker::new(Box::new(Slow(told)));
        let mut thought = slow.ask(scene(), me);
        // Another strategy answers meanwhile, on the same thread of the runtime.
        let mut quick = Thinker::new(Box::new(sector_sim::strategy::Idle));
        assert_eq!(quick.ask(scene(), me).orders().await.unwrap(), []);
        assert!(thought.answer.try_recv().is_err());
        go_on.send(()).unwrap();
        assert_eq!(thought.orders().await.unwrap(), []);
        drop(go_on);
        for said in ["it panicked: ", GONE] {
            let error = slow.ask(scene(), me).orders().await.unwrap_err();
            assert!(matches!(&error, Error::Strategy { name: "slow", tick: 0, .. }), "{error:?}");
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
