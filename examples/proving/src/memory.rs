//! Duels in memory: each map is played twice, once from each seat, so that a good seat helps nobody.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use sector_client::stdio::Seat;
use sector_sim::world::Size;
use sector_sim::{Event, FactionId, Game, Rules, Strategy, World, strategy};

/// A small map, on which a duel is soon decided.
pub const SMALL: Size = Size { systems: 18, factions: 2 };
/// Time limit announced to seats; not enforced in memory.
const BUDGET_MS: u64 = 1_000;

/// What duels came to, for the bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duels {
    /// Duels that it won.
    pub won: u32,
    /// Duels that its opponent won.
    pub lost: u32,
    /// Duels that neither won: the League did, or a splinter.
    pub neither: u32,
    /// Orders that it gave.
    pub orders: u64,
    /// Those of them that a tick refused.
    pub refused: u64,
}

impl fmt::Display for Duels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Duels { won, lost, neither, orders, refused } = self;
        write!(
            formatter,
            "{won} won, {lost} lost, {neither} to neither; {refused} of {orders} orders refused"
        )
    }
}

/// The faction in a seat of a duel.
#[must_use]
pub fn seat(index: u8) -> FactionId {
    FactionId::starter(index).unwrap()
}

/// A world of the standard rules.
#[must_use]
pub fn world(seed: u64, size: Size) -> World {
    World::with_size(Arc::new(Rules::classic()), seed, size).unwrap()
}

/// Plays two duels on the map of each seed.
pub fn duels(
    seeds: Range<u64>,
    opponent: &'static str,
    mut bot: impl FnMut(&Seat) -> Box<dyn Strategy>,
) -> Duels {
    let mut duels = Duels::default();
    for seed in seeds {
        for index in 0..2 {
            let (me, other) = (seat(index), seat(1 - index));
            let world = world(seed, SMALL);
            let rules = world.rules().clone();
            let traits = rules.clone();
            // The League and splinters are nobody's.
            let others = move |_: &World, faction: FactionId| {
                strategy::by_name("classic", traits.personality(faction.index())).unwrap()
            };
            let mut game = Game::new(world, Box::new(others));
            game.seat(
                other,
                strategy::by_name(opponent, rules.personality(other.index())).unwrap(),
            );
            game.seat(me, bot(&Seat::new(me, "duel", rules, BUDGET_MS)));
            while game.world().board().result().is_none() {
                game.step();
                duels.orders +=
                    game.orders().iter().filter(|order| order.faction == me).count() as u64;
                let events = game.world().board().events().iter();
                let refused = |event: &&Event| matches!(event, Event::OrderRefused { faction, .. } if *faction == me);
                duels.refused += events.filter(refused).count() as u64;
            }
            match game.world().board().result().and_then(|outcome| outcome.winner) {
                Some(winner) if winner == me => duels.won += 1,
                Some(winner) if winner == other => duels.lost += 1,
                _ => duels.neither += 1,
            }
        }
    }
    duels
}
