//! Computer players. A strategy sees what a player sees and gives orders that a player could give.

mod classic;
mod fields;
mod greedy;
mod idle;
mod lookahead;
mod raider;
mod random;
mod reach;
mod scout;
mod style;
mod survey;
mod turtle;

pub use classic::Classic;
pub use greedy::Greedy;
pub use idle::Idle;
pub use lookahead::Lookahead;
pub use raider::Raider;
pub use random::Random;
pub use reach::{Reach, Reached};
pub use scout::Scout;
pub use style::{Style, StyleError};
pub use survey::Stack;
pub use turtle::Turtle;

use crate::order::Order;
use crate::rules::Personality;
use crate::view::View;

/// Context of a strategy's turn besides its view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The tick that the view shows. Orders take effect in a later one: the next, if they are in time.
    pub tick: u64,
    /// Ticks missed since the last turn.
    pub missed: u64,
}

/// A computer player.
///
/// ```
/// use sector_sim::{FactionId, Game, Order, Rules, Strategy, Turn, View, World};
/// use sector_sim::order::Amount;
/// use sector_sim::strategy::Scout;
///
/// /// Sends every stack to the first neighbour that it would take for sure.
/// #[derive(Default)]
/// struct First(Scout);
///
/// impl Strategy for First {
///     fn name(&self) -> &'static str {
///         "first"
///     }
///
///     fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
///         let mut orders = Vec::new();
///         self.0.look(view, turn);
///         for stack in 0..self.0.stacks().len() {
///             let it = self.0.stacks()[stack];
///             let sure = view.map.neighbours(it.system).iter().find(|to| {
///                 let resistance = view.resistance(to.system, i64::from(to.ticks));
///                 !view.owns(to.system) && resistance.defence == 0 && resistance.left(view, it.strength) > 0
///             });
///             if let Some(to) = sure {
///                 self.0.send(view, stack, to.system, Amount::All, &mut orders);
///             }
///         }
///         orders
///     }
/// }
///
/// // It plays against one that sits still, and takes systems.
/// let world = World::new(Rules::classic().into(), 7).unwrap();
/// let me = FactionId::starter(0).unwrap();
/// let mut game = Game::new(world, Box::new(move |_, faction| match faction == me {
///     true => Box::new(First::default()),
///     false => Box::new(sector_sim::strategy::Idle),
/// }));
/// game.play(100);
/// assert!(game.world().board().faction(me).unwrap().systems > 1);
/// ```
pub trait Strategy: Send {
    /// The name it is known by.
    fn name(&self) -> &'static str;

    /// The orders it gives, for the faction that looks. Its chance comes from draws keyed with the seed, the tick and
    /// the faction ([`crate::draw::Purpose::Strategy`]), so that a match can be repeated.
    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order>;
}

/// The names that [`by_name`] knows.
pub const STRATEGIES: [&str; 7] =
    ["classic", "greedy", "turtle", "raider", "lookahead", "random", "idle"];

/// A name that no strategy has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy {0:?}; known are {known}", known = STRATEGIES.join(", "))]
pub struct UnknownStrategy(pub String);

/// The strategy with this name.
///
/// # Errors
/// [`UnknownStrategy`] lists the known ones.
pub fn by_name(name: &str, personality: Personality) -> Result<Box<dyn Strategy>, UnknownStrategy> {
    match name {
        "classic" => Ok(Box::new(Classic::new(personality))),
        "greedy" => Ok(Box::new(Greedy::default())),
        "turtle" => Ok(Box::new(Turtle::default())),
        "raider" => Ok(Box::new(Raider::default())),
        "lookahead" => Ok(Box::new(Lookahead::new(personality))),
        "random" => Ok(Box::new(Random)),
        "idle" => Ok(Box::new(Idle)),
        _ => Err(UnknownStrategy(name.chars().take(32).collect())),
    }
}
