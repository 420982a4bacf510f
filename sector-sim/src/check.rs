//! Checks that a run is exact, and reports where it is not.
//!
//! The state is complete: a world that was restored from a snapshot or cloned continues exactly
//! like the original, the incremental digest equals the one recomputed from the whole state, and
//! deltas lead a mirror through the same states. A [`Checker`] follows a world and verifies all of
//! this, tick by tick. The tests of this crate use it; so can tests of changed rules or new
//! strategies.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::digest::digest_of;
use crate::game::{Game, Seating};
use crate::order::Order;
use crate::rules::Rules;
use crate::snapshot::{Delta, Difference, Mirror, MirrorError, Snapshot, SnapshotError, Universe};
use crate::world::{Size, World, WorldError};

/// Universe id of the snapshots and deltas of a check.
const UNIVERSE: &str = "check";

/// Intervals, in ticks, of the checks that are too expensive for every tick; 0 means never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Interval for replacing the second world by one restored from a snapshot through JSON.
    pub restore_every: u64,
    /// Interval for replacing the second world by a clone of itself.
    pub clone_every: u64,
    /// Interval for comparing everything: the digest is recomputed from the whole state, and the
    /// snapshots of both worlds and the mirror are compared.
    pub recompute_every: u64,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { restore_every: 50, clone_every: 35, recompute_every: 20 }
    }
}

/// Counters of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Number of ticks compared.
    pub ticks: u64,
    /// Number of orders given.
    pub orders: u64,
    /// Number of times the second world was restored from the JSON of a snapshot.
    pub restores: u64,
    /// Number of times the second world was replaced by its clone.
    pub clones: u64,
    /// Number of comparisons: of orders, outcomes, changes, digests and states.
    pub comparisons: u64,
}

/// Comparison that found a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Orders of two games with the same strategies.
    Orders,
    /// Outcomes of the orders: the acting fleet, or the reason of the refusal.
    Outcomes,
    /// Changes of the tick, with its events and the digest after it.
    Changes,
    /// The incremental digest and the digest recomputed from the whole state.
    Digest,
    /// States of the original world and the restored or cloned one.
    States,
    /// States of the world and of the mirror that applied its deltas.
    Mirror,
}

impl Comparison {
    const fn sides(self) -> &'static str {
        match self {
            Comparison::Orders => "the strategies gave different orders the second time",
            Comparison::Outcomes => "orders had different outcomes in the restored world",
            Comparison::Changes => "the tick made different changes in the restored world",
            Comparison::Digest => "the incremental digest is not the digest of the state",
            Comparison::States => "the restored world has a different state",
            Comparison::Mirror => "deltas lead to a different state",
        }
    }
}

/// First tick in which a run was not exact, with the differences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Tick after which the difference was found.
    pub tick: u64,
    /// Comparison that found the difference.
    pub comparison: Comparison,
    /// Differing fields: original on the left, copy on the right.
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

/// Reason why a check ended early.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The world cannot be created.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The run is not exact.
    #[error(transparent)]
    Diverged(#[from] Divergence),
    /// The snapshot of a state cannot be restored.
    #[error("tick {tick}: the snapshot cannot be restored: {source}")]
    Restore {
        /// Tick of the snapshot.
        tick: u64,
        /// Cause.
        source: WorldError,
    },
    /// A delta cannot be applied to the preceding state.
    #[error("tick {tick}: the delta cannot be applied: {source}")]
    Delta {
        /// Tick that the delta leads to.
        tick: u64,
        /// Cause.
        source: MirrorError,
    },
    /// A snapshot or delta does not survive a round trip through JSON.
    #[error("tick {tick}: JSON round trip failed: {source}")]
    Json {
        /// Tick of the snapshot or delta.
        tick: u64,
        /// Cause.
        source: serde_json::Error,
    },
    /// The mirror cannot be created from the first snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Follows a world and compares it, after every tick, with a second world that goes through
/// snapshots, JSON and clones.
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
    /// A checker that follows a world from its current tick.
    ///
    /// # Errors
    /// [`CheckError`] when the world cannot be restored from its own snapshot.
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

    /// Repeats, in the second world, the step that `world` has just taken with these orders, and
    /// compares the results.
    ///
    /// # Errors
    /// [`CheckError`] names the tick and the differences. The checker cannot be used after an
    /// error.
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

    /// Counters so far.
    #[must_use]
    pub fn checked(&self) -> Checked {
        self.checked
    }

    /// A world restored from the JSON of a snapshot of `world`.
    fn restored(&self, world: &World) -> Result<World, CheckError> {
        let tick = world.tick();
        let snapshot = through_json(&self.snapshot(world), tick)?;
        World::restore(Arc::clone(world.rules()), &snapshot)
            .map_err(|source| CheckError::Restore { tick, source })
    }

    fn snapshot(&self, world: &World) -> Snapshot {
        Snapshot::of(&self.universe, world.map(), world.board(), world.digest())
    }

    /// Compares the digest and the whole states.
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

/// Serializes a value to JSON and parses it again.
fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(
    document: &T,
    tick: u64,
) -> Result<T, CheckError> {
    let through = serde_json::to_string(document).and_then(|json| serde_json::from_str(&json));
    through.map_err(|source| CheckError::Json { tick, source })
}

/// Positions at which two lists differ.
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

/// Runs a new world with the given orders and checks every tick, until `orders` returns `None` or
/// the run has ended. `orders` is called before each tick with the current world.
///
/// # Errors
/// [`CheckError`] when the world cannot be created or the run is not exact.
///
/// ```
/// use sector_sim::{Command, FactionId, Order, Rules};
/// use sector_sim::check::{Plan, check_orders};
/// use sector_sim::order::Amount;
/// use sector_sim::world::Size;
/// // Every faction sends everything at home to its first neighbour, every tick.
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

/// Follows a game and checks its strategies as well: the same strategies, seated in a second game
/// that goes through snapshots, must give the same orders.
#[derive(Debug)]
pub struct GameChecker {
    checker: Checker,
    again: Game,
}

impl GameChecker {
    /// A checker for a game that starts with this world. `seating` must seat the same strategies as
    /// in that game.
    ///
    /// # Errors
    /// [`CheckError`] when the world cannot be restored from its own snapshot.
    pub fn new(world: &World, plan: Plan, seating: Seating) -> Result<GameChecker, CheckError> {
        let checker = Checker::new(world, plan)?;
        let again = Game::new(checker.restored(world)?, seating);
        Ok(GameChecker { checker, again })
    }

    /// Repeats the step that the game has just taken, and compares the results.
    ///
    /// # Errors
    /// [`CheckError`] names the tick and the differences. The checker cannot be used after an
    /// error.
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

    /// Counters so far.
    #[must_use]
    pub fn checked(&self) -> Checked {
        self.checker.checked()
    }
}

/// Plays a game for at most `ticks` ticks and checks it: the strategies must give the same orders
/// when asked again, and the run must be exact. `seating` is called for the seats of both games.
///
/// # Errors
/// [`CheckError`] when strategies or the engine are not exact.
///
/// ```
/// use sector_sim::{Rules, World, strategy};
/// use sector_sim::check::{Plan, check_game};
/// let world = World::new(Rules::classic().into(), 7).unwrap();
/// let checked = check_game(&world, 100, Plan::default(), || {
///     Box::new(|world, faction| {
///         strategy::by_name("random", world.rules().personality(faction.index())).unwrap()
///     })
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

    /// State that snapshots do not carry is detected at once.
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
                .starts_with("tick 31: the tick made different changes in the restored world; ")
        );
    }

    /// A digest that does not follow the state is detected by the full comparison.
    #[test]
    fn a_stale_digest_is_named() {
        let (mut game, mut checker) = game(3);
        game.step();
        checker.follow(game.world(), game.orders()).unwrap();
        let mut world = game.world().clone();
        world.step(&[]);
        // Change the state without updating the digest.
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
            error.starts_with("tick 2: orders had different outcomes in the restored world; outcome 0, whole: Ok(None)"),
            "{error}"
        );
    }

    /// A strategy with memory beyond the game state is detected.
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
