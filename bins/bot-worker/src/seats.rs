//! The strategies in their seats.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sector_client::number_orders;
use sector_sim::{FactionId, Mirror, Order, Rules, Strategy, Turn};

/// For how many ticks a seat stays empty after its strategy panicked, so that one that always does costs little.
const PANIC_TICKS: u64 = 20;

/// Makes the strategy for a faction.
type Seating = Box<dyn FnMut(&Rules, FactionId) -> Box<dyn Strategy> + Send>;

/// The strategies in their seats.
pub(crate) struct Seats {
    seating: Seating,
    max_orders: Arc<AtomicUsize>,
    universe: String,
    seats: BTreeMap<FactionId, Seat>,
}

enum Seat {
    Taken(Box<dyn Strategy>),
    EmptyUntil(u64),
}

impl Seats {
    /// Empty seats; of each at most `max_orders` orders a tick are heard, as many as it is then.
    pub(crate) fn new(seating: Seating, max_orders: Arc<AtomicUsize>) -> Seats {
        Seats { seating, max_orders, universe: String::new(), seats: BTreeMap::new() }
    }

    /// Forgets the strategies of the universe before. Says whether there was one.
    pub(crate) fn begin(&mut self, universe: &str) -> bool {
        let is_new = universe != self.universe;
        if is_new {
            self.seats.clear();
            universe.clone_into(&mut self.universe);
        }
        is_new
    }

    /// Empties the seat of a faction that somebody else plays. Its strategy begins anew when it comes back: what was
    /// planned before is stale.
    pub(crate) fn leave(&mut self, faction: FactionId) {
        self.seats.remove(&faction);
    }

    /// The orders of a faction, numbered.
    pub(crate) fn orders(&mut self, mirror: &Mirror, rules: &Rules, turn: &Turn, faction: FactionId) -> Vec<Order> {
        let mut orders = self.ask(mirror, rules, turn, faction);
        number_orders(&mirror.universe().id, turn.tick, &mut orders);
        orders
    }

    fn ask(&mut self, mirror: &Mirror, rules: &Rules, turn: &Turn, faction: FactionId) -> Vec<Order> {
        if let Some(Seat::EmptyUntil(tick)) = self.seats.get(&faction) {
            if turn.tick < *tick {
                return Vec::new();
            }
            self.seats.remove(&faction);
        }
        let seating = &mut self.seating;
        let seat = self.seats.entry(faction).or_insert_with(|| Seat::Taken(seating(rules, faction)));
        let Seat::Taken(strategy) = seat else { return Vec::new() };
        // Whatever a panic leaves behind goes with the strategy.
        let asked = catch_unwind(AssertUnwindSafe(|| strategy.orders(&mirror.view(rules, faction), turn)));
        match asked {
            Ok(mut orders) => {
                // A strategy speaks for its own faction alone.
                orders.retain(|order| order.faction == faction);
                orders.truncate(self.max_orders.load(Ordering::Relaxed));
                orders
            }
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                let strategy = strategy.name();
                tracing::error!(%faction, strategy, tick = turn.tick, panic = text, "a strategy panicked and is replaced");
                *seat = Seat::EmptyUntil(turn.tick + PANIC_TICKS);
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use sector_sim::{Command, FleetId, Snapshot, Universe, View, World};

    use super::*;

    /// Cancels fleet 1 a hundred times; panics at every tick that can be divided by `panics`.
    struct Loud {
        panics: u64,
    }

    impl Strategy for Loud {
        fn name(&self) -> &'static str {
            "loud"
        }

        fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
            assert!(!turn.tick.is_multiple_of(self.panics), "at tick {}", turn.tick);
            let cancel = |faction| Order::new(faction, Command::Cancel { fleet: FleetId(1) });
            let foreign = FactionId::starter(if view.me.index() == 0 { 1 } else { 0 }).unwrap();
            let mut orders = vec![cancel(foreign)];
            orders.resize(101, cancel(view.me));
            orders
        }
    }

    struct Table {
        max_orders: Arc<AtomicUsize>,
        mirror: Mirror,
        rules: Rules,
        made: Arc<AtomicU64>,
        seats: Seats,
    }

    fn table(panics: u64) -> Table {
        let rules = Rules::classic();
        let world = World::new(rules.clone().into(), 7).unwrap();
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: rules.name.clone() };
        let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
        let made = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&made);
        let seating = move |_: &Rules, _| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::new(Loud { panics }) as Box<dyn Strategy>
        };
        let max_orders = Arc::new(AtomicUsize::new(3));
        let seats = Seats::new(Box::new(seating), Arc::clone(&max_orders));
        Table { max_orders, mirror: Mirror::new(&snapshot).unwrap(), rules, made, seats }
    }

    impl Table {
        /// Asks the five starters but for some.
        fn ask(&mut self, tick: u64, others: &[FactionId]) -> Vec<Order> {
            self.seats.begin("u-1");
            let mut all = Vec::new();
            for faction in (0..5).filter_map(FactionId::starter) {
                if others.contains(&faction) {
                    self.seats.leave(faction);
                    continue;
                }
                all.extend(self.seats.orders(&self.mirror, &self.rules, &Turn { tick, missed: 0 }, faction));
            }
            all
        }
    }

    #[test]
    fn every_faction_is_heard_for_itself_up_to_the_limit() {
        let mut table = table(1_000);
        let orders = table.ask(5, &[]);
        assert_eq!(orders.len(), 5 * 3);
        for (index, orders) in orders.chunks(3).enumerate() {
            let faction = FactionId::starter(index as u8).unwrap();
            assert!(orders.iter().all(|order| order.faction == faction));
            assert_eq!(orders[2].client_id.as_deref(), Some(format!("u-1-5-{faction}-2").as_str()));
        }
        table.max_orders.store(7, Ordering::Relaxed);
        assert_eq!(table.ask(6, &[]).len(), 5 * 7);
    }

    #[test]
    fn humans_are_not_played_and_come_back_to_a_new_strategy() {
        let (mut table, human) = (table(1_000), FactionId::starter(2).unwrap());
        table.ask(1, &[]);
        let orders = table.ask(2, &[human]);
        assert_eq!(orders.len(), 4 * 3);
        assert!(orders.iter().all(|order| order.faction != human));
        assert_eq!(table.made.load(Ordering::Relaxed), 5);
        assert_eq!(table.ask(3, &[]).len(), 5 * 3);
        assert_eq!(table.made.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn a_panic_empties_the_seat_for_a_while_and_no_more() {
        let mut table = table(4);
        let humans = [];
        assert_eq!(table.ask(3, &humans).len(), 15);
        assert_eq!(table.ask(4, &humans).len(), 0);
        assert_eq!(table.ask(5, &humans).len(), 0);
        assert_eq!(table.ask(4 + PANIC_TICKS - 1, &humans).len(), 0);
        assert_eq!(table.made.load(Ordering::Relaxed), 5);
        assert_eq!(table.ask(4 + PANIC_TICKS + 1, &humans).len(), 15);
        assert_eq!(table.made.load(Ordering::Relaxed), 10);
    }
}
