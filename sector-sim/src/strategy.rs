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

/// Timing of a strategy's turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Tick shown by the view. Orders take effect in a later tick: the next one, if they are in
    /// time.
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
/// /// Sends every stack to the first neighbour that it would surely take.
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
/// // It plays against an idle opponent, and captures systems.
/// ```
pub trait Strategy: Send {
    /// Name of the strategy.
    fn name(&self) -> &'static str;

    /// Orders for the viewing faction. Randomness comes from draws keyed by seed, tick and faction
    /// ([`crate::draw::Purpose::Strategy`]), so that games can be repeated.
    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order>;
}

/// Names accepted by [`by_name`].
pub const STRATEGIES: [&str; 7] =
    ["classic", "greedy", "turtle", "raider", "lookahead", "random", "idle"];

/// Unknown strategy name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy {0:?}; allowed are {known}", known = STRATEGIES.join(", "))]
pub struct UnknownStrategy(pub String);

/// A new player by strategy name.
///
/// # Errors
/// [`UnknownStrategy`] lists the allowed names.
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
