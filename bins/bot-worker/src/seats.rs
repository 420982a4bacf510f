//! Strategies of the factions, each on its own thread, so that a slow one does not delay others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sector_client::{Scene, Thinker, number_orders};
use sector_sim::{FactionId, Order, Rules, Strategy};
use tokio::task::JoinSet;

/// Number of ticks that a seat stays empty after its strategy panicked, to limit the cost of one
/// that always panics.
const PANIC_TICKS: u64 = 20;

/// Creates the strategy of a faction.
type Seating = Box<dyn FnMut(&Rules, FactionId) -> Box<dyn Strategy> + Send>;

/// Strategies of the factions.
pub(crate) struct Seats {
    seating: Seating,
    max_orders: Arc<AtomicUsize>,
    universe: String,
    seats: BTreeMap<FactionId, Seat>,
    /// Pending orders.
    thoughts: JoinSet<Thought>,
    /// Number of calls.
    asked: u64,
}

enum Seat {
    Taken {
        thinker: Thinker,
        /// Tick of the last call.
        last: Option<u64>,
        /// Number of the pending call, if any.
        thinks: Option<u64>,
    },
    EmptyUntil(u64),
}

/// Result of a call.
struct Thought {
    number: u64,
    faction: FactionId,
    tick: u64,
    orders: sector_client::Result<Vec<Order>>,
}

/// The orders of a faction, numbered.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) faction: FactionId,
    /// Tick of the call.
    pub(crate) tick: u64,
    pub(crate) orders: Vec<Order>,
}

impl Seats {
    /// Empty seats. Each call uses at most `max_orders` orders, read at its end.
    pub(crate) fn new(seating: Seating, max_orders: Arc<AtomicUsize>) -> Seats {
        let (universe, seats, thoughts) = (String::new(), BTreeMap::new(), JoinSet::new());
        Seats { seating, max_orders, universe, seats, thoughts, asked: 0 }
    }

    /// Empties all seats if the universe is new. Returns whether it is.
    pub(crate) fn begin(&mut self, universe: &str) -> bool {
        let is_new = universe != self.universe;
        if is_new {
            self.end();
            universe.clone_into(&mut self.universe);
        }
        is_new
    }

    /// Empties all seats and discards pending orders, because the universe has ended.
    pub(crate) fn end(&mut self) {
        self.seats.clear();
        self.thoughts.abort_all();
    }

    /// Empties the seat of a faction that another player or worker plays. A new strategy takes the
    /// seat later, because the old one's plans would be stale.
    pub(crate) fn leave(&mut self, faction: FactionId) {
        self.seats.remove(&faction);
    }

    /// Calls the strategy of a faction, unless it is still busy with an earlier tick. Returns
    /// whether it was called.
    pub(crate) fn ask(&mut self, scene: Scene, faction: FactionId) -> bool {
        let tick = scene.number();
        if let Some(Seat::EmptyUntil(until)) = self.seats.get(&faction) {
            if tick < *until {
                return false;
            }
            self.seats.remove(&faction);
        }
        let seating = &mut self.seating;
        let seat = self.seats.entry(faction).or_insert_with(|| {
            let thinker = Thinker::new(seating(scene.rules(), faction));
            Seat::Taken { thinker, last: None, thinks: None }
        });
        let Seat::Taken { thinker, last, thinks } = seat else { return false };
        if thinks.is_some() {
            return false;
        }
        let missed = last.map_or(scene.turn().missed, |last| tick.saturating_sub(last + 1));
        self.asked += 1;
        let number = self.asked;
        (*last, *thinks) = (Some(tick), Some(number));
        let mut thought = thinker.ask(scene.with_missed(missed), faction);
        self.thoughts.spawn(async move {
            Thought { number, faction, tick, orders: thought.orders().await }
        });
        true
    }

    /// Whether any call is pending.
    pub(crate) fn is_thinking(&self) -> bool {
        !self.thoughts.is_empty()
    }

    /// Orders of the next strategy that returns; `None` if no call is pending. Cancellation is
    /// safe.
    pub(crate) async fn decided(&mut self) -> Option<Decided> {
        loop {
            // Skip aborted calls.
            let Ok(thought) = self.thoughts.join_next().await? else { continue };
            if let Some(decided) = self.take(thought) {
                return Some(decided);
            }
        }
    }

    fn take(&mut self, Thought { number, faction, tick, orders }: Thought) -> Option<Decided> {
        let seat = self.seats.get_mut(&faction)?;
        match seat {
            Seat::Taken { thinks, .. } if *thinks == Some(number) => *thinks = None,
            // The seat was emptied after the call.
            _ => return None,
        }
        let mut orders = orders.unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "strategy failed, replacing it"
            );
            *seat = Seat::EmptyUntil(tick + PANIC_TICKS);
            Vec::new()
        });
        // Remove orders for other factions.
        orders.retain(|order| order.faction == faction);
        orders.truncate(self.max_orders.load(Ordering::Relaxed));
        number_orders(&self.universe, tick, &mut orders);
        Some(Decided { faction, tick, orders })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use sector_sim::{Command, FleetId, Mirror, Snapshot, Turn, Universe, View, World};

    use super::*;

    /// Cancels fleet 1 a hundred times; panics at every multiple of `panics`.
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

    fn scene(mirror: &Mirror, rules: &Rules, tick: u64) -> Scene {
        Scene::new(mirror.clone(), rules.clone(), Turn { tick, missed: 0 })
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
        /// Calls the strategies of the five starters except some, and waits for their orders.
        async fn ask(&mut self, tick: u64, others: &[FactionId]) -> Vec<Order> {
            self.seats.begin("u-1");
            for faction in (0..5).filter_map(FactionId::starter) {
                if others.contains(&faction) {
                    self.seats.leave(faction);
                    continue;
                }
                self.seats.ask(scene(&self.mirror, &self.rules, tick), faction);
            }
            let mut all = Vec::new();
            while let Some(decided) = self.seats.decided().await {
                all.push((decided.faction, decided.orders));
            }
            all.sort_by_key(|(faction, _)| *faction);
            all.into_iter().flat_map(|(_, orders)| orders).collect()
        }
    }

    #[tokio::test]
    async fn orders_of_other_factions_and_above_the_limit_are_dropped() {
        let mut table = table(1_000);
        let orders = table.ask(5, &[]).await;
        assert_eq!(orders.len(), 5 * 3);
        for (index, orders) in orders.chunks(3).enumerate() {
            let faction = FactionId::starter(index as u8).unwrap();
            assert!(orders.iter().all(|order| order.faction == faction));
            assert_eq!(orders[2].client_id.as_deref(), Some(format!("u-1-5-{faction}-2").as_str()));
        }
        table.max_orders.store(7, Ordering::Relaxed);
        assert_eq!(table.ask(6, &[]).await.len(), 5 * 7);
    }

    #[tokio::test]
    async fn human_factions_are_not_played_and_get_a_new_strategy_later() {
        let (mut table, human) = (table(1_000), FactionId::starter(2).unwrap());
        table.ask(1, &[]).await;
        let orders = table.ask(2, &[human]).await;
        assert_eq!(orders.len(), 4 * 3);
        assert!(orders.iter().all(|order| order.faction != human));
        assert_eq!(table.made.load(Ordering::Relaxed), 5);
        assert_eq!(table.ask(3, &[]).await.len(), 5 * 3);
        assert_eq!(table.made.load(Ordering::Relaxed), 6);
    }

    #[tokio::test]
    async fn a_panic_empties_the_seat_for_a_while() {
        let mut table = table(4);
        let humans = [];
        assert_eq!(table.ask(3, &humans).await.len(), 15);
        assert_eq!(table.ask(4, &humans).await.len(), 0);
        assert_eq!(table.ask(5, &humans).await.len(), 0);
        assert_eq!(table.ask(4 + PANIC_TICKS - 1, &humans).await.len(), 0);
        assert_eq!(table.made.load(Ordering::Relaxed), 5);
        assert_eq!(table.ask(4 + PANIC_TICKS + 1, &humans).await.len(), 15);
        assert_eq!(table.made.load(Ordering::Relaxed), 10);
    }

    /// Blocks until the test lets it continue; reports the number of missed ticks.
    struct Slow {
        go_on: std::sync::mpsc::Receiver<()>,
        missed: std::sync::mpsc::Sender<u64>,
    }

    impl Strategy for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
            self.missed.send(turn.missed).unwrap();
            self.go_on.recv().unwrap();
            vec![Order::new(view.me, Command::Cancel { fleet: FleetId(1) })]
        }
    }

    #[tokio::test]
    async fn a_slow_strategy_does_not_delay_others_and_its_orders_follow() {
        let Table { mirror, rules, .. } = table(1_000);
        let (slow, quick) = (FactionId::starter(0).unwrap(), FactionId::starter(1).unwrap());
        let (told, go_on) = std::sync::mpsc::channel();
        let (missed, heard) = std::sync::mpsc::channel();
        let mut one = Some(Slow { go_on, missed });
        let seating = move |_: &Rules, faction| match one.take_if(|_| faction == slow) {
            Some(slow) => Box::new(slow) as Box<dyn Strategy>,
            None => Box::new(Loud { panics: 1_000 }),
        };
        let mut seats = Seats::new(Box::new(seating), Arc::new(AtomicUsize::new(1)));
        seats.begin("u-1");
        assert!(seats.ask(scene(&mirror, &rules, 1), slow));
        for tick in 1..5 {
            // Not called again while busy.
            assert!(tick == 1 || !seats.ask(scene(&mirror, &rules, tick), slow));
            assert!(seats.ask(scene(&mirror, &rules, tick), quick));
            let decided = seats.decided().await.unwrap();
            assert_eq!((decided.faction, decided.tick, decided.orders.len()), (quick, tick, 1));
        }
        told.send(()).unwrap();
        let decided = seats.decided().await.unwrap();
        assert_eq!((decided.faction, decided.tick), (slow, 1));
        assert_eq!(decided.orders[0].client_id.as_deref(), Some("u-1-1-F1-0"));
        assert!(!seats.is_thinking());
        // Orders of an emptied seat are dropped.
        assert!(seats.ask(scene(&mirror, &rules, 5), slow));
        seats.leave(slow);
        told.send(()).unwrap();
        assert!(seats.decided().await.is_none());
        assert_eq!([heard.recv().unwrap(), heard.recv().unwrap()], [0, 3]);
    }
}
