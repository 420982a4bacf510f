//! A strategy on a thread of its own: however long it thinks, nothing waits for it that does not have to. The stream is
//! read on, the login kept, other factions are played, and a program that is told to stop does.
//!
//! A thread and not one of a runtime's blocking tasks, because a runtime that is shut down waits for these, and a
//! strategy may never come back.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use sector_sim::{FactionId, Order, Strategy};
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::scene::Scene;

/// Why a question stays without an answer: a thread ends by itself only after a panic, which it has told.
const GONE: &str = "it has panicked before";

/// A strategy on a thread of its own, which it gets when it is first asked. It answers in the order in which it is asked.
/// The thread ends with its present thought when this is dropped.
pub struct Thinker {
    name: &'static str,
    state: State,
}

enum State {
    New(Box<dyn Strategy>),
    Asked(mpsc::Sender<Question>),
    /// There is no thread, and why.
    Lost(String),
}

struct Question {
    scene: Scene,
    me: FactionId,
    answer: oneshot::Sender<std::result::Result<Vec<Order>, String>>,
}

/// Orders that a strategy thinks about.
#[derive(Debug)]
pub struct Thought {
    strategy: &'static str,
    faction: FactionId,
    tick: u64,
    answer: oneshot::Receiver<std::result::Result<Vec<Order>, String>>,
}

impl Thinker {
    /// Has not begun to think yet.
    #[must_use]
    pub fn new(strategy: Box<dyn Strategy>) -> Thinker {
        Thinker { name: strategy.name(), state: State::New(strategy) }
    }

    /// The name of the strategy.
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
            // The caller holds the other end.
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
    /// The orders, once they are there. May be dropped and called again without loss, until it has told them.
    ///
    /// # Errors
    /// [`Error::Strategy`] when the strategy panicked, now or before, or has no thread. It is of no use any more.
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

/// Gives the strategy its thread.
fn begin(strategy: Box<dyn Strategy>, me: FactionId) -> State {
    let (asks, questions) = mpsc::channel();
    let thread = thread::Builder::new()
        .name(format!("strategy-{me}"))
        .spawn(move || think(strategy, &questions));
    match thread {
        Ok(_) => State::Asked(asks),
        Err(error) => State::Lost(format!("it cannot have a thread: {error}")),
    }
}

fn think(mut strategy: Box<dyn Strategy>, questions: &mpsc::Receiver<Question>) {
    while let Ok(Question { scene, me, answer }) = questions.recv() {
        // Whatever a panic leaves behind goes with the strategy.
        let thought =
            catch_unwind(AssertUnwindSafe(|| strategy.orders(&scene.view(me), &scene.turn())));
        // Dropped before the response, so that the follower need not copy it.
        drop(scene);
        let panicked = thought.is_err();
        // Nobody may want it any more.
        answer.send(thought.map_err(|panic| format!("it panicked: {}", text_of(&*panic)))).ok();
        if panicked {
            return;
        }
    }
}

/// What was said at a panic.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
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

    /// Thinks until it is told to go on, and panics when nobody is left to tell.
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
    async fn one_that_thinks_holds_up_nobody_and_a_panic_is_named() {
        let me = FactionId::starter(0).unwrap();
        let (go_on, told) = mpsc::channel();
        let mut slow = Thinker::new(Box::new(Slow(told)));
        let mut thought = slow.ask(scene(), me);
        // On this one thread of the runtime, another answers meanwhile.
        let mut quick = Thinker::new(Box::new(sector_sim::Idle));
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
