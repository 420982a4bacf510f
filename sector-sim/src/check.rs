//! Whether a run is exact, and where it is not.
//!
//! The engine promises that a state says everything: a world that was restored from a snapshot, or cloned, goes on
//! like the one that was not; the digest that a tick keeps is the one that a look at everything gives; and deltas
//! lead a copy through the very same states. A [`Checker`] follows a world and holds it to all of that, tick by tick.
//! The tests of this crate use it, and so can tests of changed rules or new strategies.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::digest::digest_of;
use crate::game::{Game, Seating};
use crate::order::Order;
use crate::rules::Rules;
use crate::snapshot::{Delta, Difference, Mirror, MirrorError, Snapshot, SnapshotError, Universe};
use crate::world::{Size, World, WorldError};

/// The universe that snapshots and deltas of a check belong to.
const UNIVERSE: &str = "check";

/// How often a [`Checker`] does what is too dear for every tick, in ticks; 0 means never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Between two times that the second world is replaced by one that went through a snapshot and JSON.
    pub restore_every: u64,
    /// Between two times that the second world is replaced by a clone of itself.
    pub clone_every: u64,
    /// Between two times that everything is looked at: the digest is computed from nothing, and the snapshots of
    /// the worlds and the mirror are compared whole.
    pub recompute_every: u64,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { restore_every: 50, clone_every: 35, recompute_every: 20 }
    }
}

/// What a check has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Ticks that were compared.
    pub ticks: u64,
    /// Orders given in them.
    pub orders: u64,
    /// Times that the second world was restored from the JSON of a snapshot.
    pub restores: u64,
    /// Times that the second world was replaced by its clone.
    pub clones: u64,
    /// Comparisons made: of orders, outcomes, changes, digests and whole states.
    pub comparisons: u64,
}

/// What was compared when a difference showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The orders of two games of the same strategies.
    Orders,
    /// Outcomes of the orders: the acting fleet, or the reason of the refusal.
    Outcomes,
    /// What the tick changed, with its events and the digest after it.
    Changes,
    /// The digest that the world keeps, with the one computed from nothing.
    Digest,
    /// The whole states of the world and of the one that was restored or cloned.
    States,
    /// The state of the world, with the one that deltas have led a mirror to.
    Mirror,
}

impl Comparison {
    const fn sides(self) -> &'static str {
        match self {
            Comparison::Orders => "the strategies gave other orders the second time",
            Comparison::Outcomes => "orders had other outcomes in the restored world",
            Comparison::Changes => "the tick changed other things in the restored world",
            Comparison::Digest => "the digest kept is not the digest of the state",
            Comparison::States => "the restored world has another state",
            Comparison::Mirror => "deltas lead to another state",
        }
    }
}

/// The first tick in which a run was not exact, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The tick after which it showed.
    pub tick: u64,
    /// What was compared.
    pub comparison: Comparison,
    /// The fields that differ: of the world that is followed, and of the other.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "tick {}: {}", self.tick, self.comparison.sides())?;
        for difference in self.differences.iter().take(3) {
            write!(formatter, "; {difference}")?;
        }
        match self.differences.len().saturating_sub(3) {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

impl std::error::Error for Divergence {}

/// Why a check ended early.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no such world.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The run is not exact.
    #[error(transparent)]
    Diverged(#[from] Divergence),
    /// The snapshot of a state cannot be restored.
    #[error("tick {tick}: the snapshot cannot be restored: {source}")]
    Restore {
        /// The tick of the snapshot.
        tick: u64,
        /// Why.
        source: WorldError,
    },
    /// A delta cannot be applied to the state before it.
    #[error("tick {tick}: the delta cannot be applied: {source}")]
    Delta {
        /// The tick that the delta leads to.
        tick: u64,
        /// Why.
        source: MirrorError,
    },
    /// A snapshot or delta cannot be written as JSON and read again.
    #[error("tick {tick}: JSON does not survive: {source}")]
    Json {
        /// The tick of the snapshot or delta.
        tick: u64,
        /// Why.
        source: serde_json::Error,
    },
    /// The world to follow does not even begin like a snapshot of it.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Follows a world, and compares it after every tick with a second one that goes through snapshots, JSON and clones.
///
/// ```
/// use sector_sim::{Game, Rules, World, strategy};
/// use sector_sim::check::{Checker, Plan};
/// let rules = Rules::classic();
/// let world = World::new(rules.clone().into(), 7).unwrap();
/// let mut checker = Checker::new(&world, Plan::default()).unwrap();
/// let mut game = Game::new(world, Box::new(move |_, faction| {
///     strategy::by_name("random", rules.personality(faction.index())).unwrap()
/// }));
/// for _ in 0..120 {
///     game.step();
///     checker.follow(game.world(), game.orders()).unwrap();
/// }
/// let checked = checker.checked();
/// assert_eq!((checked.ticks, checked.restores, checked.clones), (120, 2, 3));
/// ```
#[derive(Debug)]
pub struct Checker {
    plan: Plan,
    universe: Universe,
    second: World,
    mirror: Mirror,
    checked: Checked,
}

impl Checker {
    /// A checker that follows this world from here on.
    ///
    /// # Errors
    /// [`CheckError`] when the world cannot even be restored from its snapshot.
    pub fn new(world: &World, plan: Plan) -> Result<Checker, CheckError> {
        let universe = Universe {
            id: UNIVERSE.to_owned(),
            tick_delay_ms: 0,
            rules: world.rules().name.clone(),
        };
        let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
        let mirror = Mirror::new(&snapshot)?;
        let mut checker =
            Checker { plan, universe, second: world.clone(), mirror, checked: Checked::default() };
        checker.second = checker.restored(world)?;
        checker.compare_whole(world)?;
        Ok(checker)
    }

    /// Lets the second world take the step that the first one has just taken with these orders, and compares.
    ///
    /// # Errors
    /// [`CheckError`] names the tick and what differs. The checker is of no more use then.
    pub fn follow(&mut self, world: &World, orders: &[Order]) -> Result<(), CheckError> {
        let tick = world.tick();
        let was_over = self.second.board().result().is_some();
        self.second.step(orders);
        self.checked.ticks += 1;
        self.checked.orders += orders.len() as u64;

        self.checked.comparisons += 1;
        let (left, right) = (&world.report().outcomes, &self.second.report().outcomes);
        if left != right {
            let differences = list_differences("outcome", left, right);
            return Err(Divergence { tick, comparison: Comparison::Outcomes, differences }.into());
        }
        self.checked.comparisons += 1;
        let (left, right) = (Delta::of(UNIVERSE, world), Delta::of(UNIVERSE, &self.second));
        if left != right {
            let differences = left.differences(&right);
            return Err(Divergence { tick, comparison: Comparison::Changes, differences }.into());
        }
        if was_over {
            return Ok(());
        }
        let due = |every: u64| every > 0 && self.checked.ticks.is_multiple_of(every);
        let (restore, clone, recompute) = (
            due(self.plan.restore_every),
            due(self.plan.clone_every),
            due(self.plan.recompute_every),
        );
        let delta = if recompute { through_json(&left, tick)? } else { left };
        self.mirror.apply(&delta).map_err(|source| CheckError::Delta { tick, source })?;
        if recompute || world.board().result().is_some() {
            self.compare_whole(world)?;
        }
        if restore {
            self.second = self.restored(&self.second)?;
            self.checked.restores += 1;
        }
        if clone {
            self.second = self.second.clone();
            self.checked.clones += 1;
        }
        Ok(())
    }

    /// What has been done so far.
    #[must_use]
    pub fn checked(&self) -> Checked {
        self.checked
    }

    /// A world that comes out of the JSON of a snapshot of this one.
    fn restored(&self, world: &World) -> Result<World, CheckError> {
        let tick = world.tick();
        let snapshot = through_json(&self.snapshot(world), tick)?;
        World::restore(Arc::clone(world.rules()), &snapshot)
            .map_err(|source| CheckError::Restore { tick, source })
    }

    fn snapshot(&self, world: &World) -> Snapshot {
        Snapshot::of(&self.universe, world.map(), world.board(), world.digest())
    }

    /// Looks at everything.
    fn compare_whole(&mut self, world: &World) -> Result<(), Divergence> {
        let tick = world.tick();
        let diverged = |comparison, differences| Err(Divergence { tick, comparison, differences });
        self.checked.comparisons += 3;
        let computed = digest_of(world.map(), world.board());
        if computed != world.digest() {
            let difference = Difference {
                what: "sector",
                id: String::new(),
                field: "digest".to_owned(),
                left: Some(world.digest().to_string()),
                right: Some(computed.to_string()),
            };
            return diverged(Comparison::Digest, vec![difference]);
        }
        let first = self.snapshot(world);
        let second = self.snapshot(&self.second);
        if first != second {
            return diverged(Comparison::States, first.differences(&second));
        }
        let mirrored = self.mirror.snapshot();
        if first != mirrored {
            return diverged(Comparison::Mirror, first.differences(&mirrored));
        }
        Ok(())
    }
}

/// What is left of a document after it was written and read.
fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(
    document: &T,
    tick: u64,
) -> Result<T, CheckError> {
    let through = serde_json::to_string(document).and_then(|json| serde_json::from_str(&json));
    through.map_err(|source| CheckError::Json { tick, source })
}

/// The positions at which two lists differ.
fn list_differences<T: PartialEq + fmt::Debug>(
    what: &'static str,
    left: &[T],
    right: &[T],
) -> Vec<Difference> {
    let text = |item: Option<&T>| item.map(|item| format!("{item:?}"));
    (0..left.len().max(right.len()))
        .filter(|&index| left.get(index) != right.get(index))
        .map(|index| Difference {
            what,
            id: index.to_string(),
            field: "whole".to_owned(),
            left: text(left.get(index)),
            right: text(right.get(index)),
        })
        .collect()
}

/// Runs a world of these rules, this seed and this size with orders from anywhere, until they run out or the run has
/// ended, and checks it all the way. `orders` is asked before each tick with the world as it is.
///
/// # Errors
/// [`CheckError`] when there is no such world, or the run is not exact.
///
/// ```
/// use sector_sim::{Command, FactionId, Order, Rules};
/// use sector_sim::check::{Plan, check_orders};
/// use sector_sim::order::Amount;
/// use sector_sim::world::Size;
/// // Everybody sends everything at home to the first neighbour, all the time.
/// let checked = check_orders(Rules::classic().into(), 7, Size { systems: 12, factions: 3 }, Plan::default(), |world| {
///     let homes = world.map().homes().iter().enumerate();
///     let order = |(seat, &origin): (usize, &sector_sim::SystemId)| {
///         let target = world.map().neighbours(origin)[0].system;
///         let command = Command::Move { origin, target, fleet: None, amount: Amount::All };
///         Order::new(FactionId::starter(seat as u8).unwrap(), command)
///     };
///     (world.tick() < 200).then(|| homes.map(order).collect())
/// }).unwrap();
/// assert_eq!((checked.ticks, checked.orders, checked.restores), (200, 600, 4));
/// ```
pub fn check_orders(
    rules: Arc<Rules>,
    seed: u64,
    size: Size,
    plan: Plan,
    mut orders: impl FnMut(&World) -> Option<Vec<Order>>,
) -> Result<Checked, CheckError> {
    let mut world = World::with_size(rules, seed, size)?;
    let mut checker = Checker::new(&world, plan)?;
    while world.board().result().is_none() {
        let Some(orders) = orders(&world) else { break };
        world.step(&orders);
        checker.follow(&world, &orders)?;
    }
    Ok(checker.checked())
}

/// Follows a game, and holds its strategies to their promise as well: seated anew in a second game, which goes on from
/// a snapshot, they must give the same orders.
#[derive(Debug)]
pub struct GameChecker {
    checker: Checker,
    again: Game,
}

impl GameChecker {
    /// A checker of a game that begins with this world. `seating` is to seat the same strategies as in that game.
    ///
    /// # Errors
    /// [`CheckError`] when the world cannot even be restored from its snapshot.
    pub fn new(world: &World, plan: Plan, seating: Seating) -> Result<GameChecker, CheckError> {
        let checker = Checker::new(world, plan)?;
        let again = Game::new(checker.restored(world)?, seating);
        Ok(GameChecker { checker, again })
    }

    /// Takes the step that the game has just taken, and compares.
    ///
    /// # Errors
    /// [`CheckError`] names the tick and what differs. The checker is of no more use then.
    pub fn follow(&mut self, game: &Game) -> Result<(), CheckError> {
        self.again.step();
        self.checker.checked.comparisons += 1;
        if game.orders() != self.again.orders() {
            let differences = list_differences("order", game.orders(), self.again.orders());
            let tick = game.world().tick();
            return Err(Divergence { tick, comparison: Comparison::Orders, differences }.into());
        }
        self.checker.follow(game.world(), game.orders())
    }

    /// What has been done so far.
    #[must_use]
    pub fn checked(&self) -> Checked {
        self.checker.checked()
    }
}

/// Plays a game for at most so many ticks and checks it all the way: the strategies must give the same orders when they
/// are asked again, and the run must be exact. `seating` is asked for the seats of each of the two games.
///
/// # Errors
/// [`CheckError`] when strategies or engine are not exact.
///
/// ```
/// use sector_sim::{Rules, World, strategy};
/// use sector_sim::check::{Plan, check_game};
/// let world = World::new(Rules::classic().into(), 7).unwrap();
/// let checked = check_game(&world, 100, Plan::default(), || {
///     Box::new(|world, faction| strategy::by_name("random", world.rules().personality(faction.index())).unwrap())
/// }).unwrap();
/// assert_eq!(checked.ticks, 100);
/// ```
pub fn check_game(
    world: &World,
    ticks: u64,
    plan: Plan,
    mut seating: impl FnMut() -> Seating,
) -> Result<Checked, CheckError> {
    let mut checker = GameChecker::new(world, plan, seating())?;
    let mut game = Game::new(world.clone(), seating());
    for _ in 0..ticks {
        if game.world().board().result().is_some() {
            break;
        }
        game.step();
        checker.follow(&game)?;
    }
    Ok(checker.checked())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::FactionId;
    use crate::order::{Command, Focus};
    use crate::strategy;

    fn game(seed: u64) -> (Game, Checker) {
        let rules = Rules::classic();
        let world = World::new(rules.clone().into(), seed).unwrap();
        let plan = Plan { restore_every: 5, clone_every: 7, recompute_every: 4 };
        let checker = Checker::new(&world, plan).unwrap();
        let seating: Seating = Box::new(move |_, faction| {
            strategy::by_name("random", rules.personality(faction.index())).unwrap()
        });
        (Game::new(world, seating), checker)
    }

    #[test]
    fn an_exact_run_is_followed_past_its_end() {
        let (mut game, mut checker) = game(3);
        while game.world().board().result().is_none() {
            game.step();
            checker.follow(game.world(), game.orders()).unwrap();
        }
        game.step();
        checker.follow(game.world(), game.orders()).unwrap();
        let (checked, ticks) = (checker.checked(), game.world().tick());
        assert_eq!(
            (checked.ticks, checked.restores, checked.clones),
            (ticks + 1, ticks / 5, ticks / 7)
        );
    }

    /// State that no snapshot carries shows at once.
    #[test]
    fn a_hidden_difference_is_named() {
        let (mut game, mut checker) = game(3);
        for _ in 0..30 {
            game.step();
            checker.follow(game.world(), game.orders()).unwrap();
        }
        checker.second.board.systems[4].garrison += 1;
        checker.second.touch(crate::ids::SystemId(4));
        game.step();
        let error = checker.follow(game.world(), game.orders()).unwrap_err();
        let CheckError::Diverged(divergence) = &error else { panic!("{error}") };
        assert_eq!((divergence.tick, divergence.comparison), (31, Comparison::Changes));
        assert!(
            divergence.differences.iter().any(|found| found.what == "system" && found.id == "4"),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .starts_with("tick 31: the tick changed other things in the restored world; ")
        );
    }

    /// A digest that is not kept up with the state is found when everything is looked at.
    #[test]
    fn a_stale_digest_is_named() {
        let (mut game, mut checker) = game(3);
        game.step();
        checker.follow(game.world(), game.orders()).unwrap();
        let mut world = game.world().clone();
        world.step(&[]);
        // Behind the back of the digest.
        world.board.systems[9].maturity += 1;
        checker.plan.recompute_every = 1;
        let error = checker.follow(&world, &[]).unwrap_err();
        let CheckError::Diverged(found) = &error else { panic!("{error}") };
        assert_eq!(found.comparison, Comparison::Digest);
    }

    #[test]
    fn another_outcome_is_named() {
        let (mut game, mut checker) = game(3);
        game.step();
        let faction = FactionId::starter(0).unwrap();
        let system = game.world().map().homes()[0];
        let focus = Command::Focus { system, focus: Focus::Order };
        checker.follow(game.world(), game.orders()).unwrap();
        let mut world = game.world().clone();
        world.step(&[Order::new(faction, focus.clone())]);
        let given = [Order::new(FactionId::starter(1).unwrap(), focus)];
        let error = checker.follow(&world, &given).unwrap_err().to_string();
        assert!(
            error.starts_with("tick 2: orders had other outcomes in the restored world; outcome 0, whole: Ok(None)"),
            "{error}"
        );
    }

    /// A strategy with a memory of its own past the game is found out.
    #[test]
    fn a_strategy_that_changes_its_mind_is_named() {
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let mut games = 0;
        let error = check_game(&world, 50, Plan::default(), || {
            games += 1;
            let name = if games == 1 { "random" } else { "idle" };
            Box::new(move |world: &World, faction: FactionId| {
                strategy::by_name(name, world.rules().personality(faction.index())).unwrap()
            })
        });
        let CheckError::Diverged(found) = error.unwrap_err() else { panic!() };
        assert_eq!(found.comparison, Comparison::Orders);
    }
}
