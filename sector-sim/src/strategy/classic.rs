//! The standard computer player: pursues one goal, sends out colonists, and relieves besieged
//! systems.
//!
//! A turn scans the fleets once ([`Scout`]) and the systems only after the faction has won or lost
//! one (its borders), then handles the idle stacks, strongest first ([`moves`]). The cost of a turn
//! is therefore linear in systems, lanes and fleets, and a turn without idle stacks ends after the
//! scan of the fleets. All memory is reused from turn to turn.
//!
//! The player also keeps its [`mood`], its [`goal`] and the stacks with recent orders, all derived
//! from the views it has seen. After missed ticks it rescans everything.

mod goal;
mod household;
mod mood;
mod moves;
mod relief;
mod worth;

use super::{Scout, Strategy, Turn};
use crate::order::Order;
use crate::rules::Personality;
use crate::view::View;
use goal::Goal;
use mood::Mood;
use relief::Relief;

/// The standard computer player.
///
/// ```
/// use sector_sim::{Rules, Strategy, Turn, World};
/// use sector_sim::strategy::Classic;
/// let rules = Rules::classic();
/// let world = World::new(rules.clone().into(), 7).unwrap();
/// let me = world.board().factions()[0].id;
/// let mut player = Classic::new(rules.personality(0));
/// let orders = player.orders(&world.view(me), &Turn::default());
/// assert!(orders.iter().all(|order| order.faction == me) && !orders.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Classic {
    mood: Mood,
    scout: Scout,
    relief: Relief,
    goal: Option<Goal>,
    /// Hops to the goal, by system.
    goal_hops: Vec<u32>,
}

impl Classic {
    /// A player with the given traits.
    #[must_use]
    pub fn new(personality: Personality) -> Classic {
        Classic {
            mood: Mood::new(personality),
            scout: Scout::default(),
            relief: Relief::default(),
            goal: None,
            goal_hops: Vec::new(),
        }
    }

    /// Resets state of another sector, and whatever may have changed during missed ticks.
    fn wake(&mut self, view: &View<'_>, turn: &Turn) {
        if self.scout.wake(view, turn) {
            self.mood.reset(turn.tick);
            self.goal = None;
            self.goal_hops.clear();
            self.goal_hops.resize(view.map.len(), crate::map::UNREACHED);
        }
    }
}

impl Strategy for Classic {
    fn name(&self) -> &'static str {
        "classic"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let mut orders = Vec::new();
        let Some(faction) = view.faction().filter(|faction| faction.alive) else { return orders };
        self.wake(view, turn);
        if self.mood.notice(view, turn) {
            self.scout.fields.follow(view);
        }
        self.scout.fields.locate(view);
        self.scout.survey.look(view, &self.scout.fields, turn.tick);
        let household_due = faction.systems > 0 && household::is_due(view, turn.tick);
        if self.scout.survey.stacks.is_empty() && !household_due {
            return orders;
        }
        self.scout.fields.refresh(view);
        self.aim(view, turn.tick);
        if !self.scout.survey.stacks.is_empty() {
            self.relieve(view, &mut orders);
            self.command(view, &mut orders);
        }
        if household_due {
            self.keep_house(view, turn.tick, &mut orders);
        }
        orders
    }
}
