//! The standard computer player: one goal at a time, colonists beside it, help for what is besieged.
//!
//! It looks at the fleets once a turn ([`survey`]), at the systems only after one of its own was won or lost
//! ([`fields`]), and then goes through its idle stacks, the strongest first ([`moves`]). The work of a turn therefore
//! grows with systems, lanes and fleets, never with their product, and a turn without an idle stack ends after the
//! look at the fleets. All memory is kept from turn to turn.
//!
//! What it keeps besides is the [`mood`], the [`goal`], and which stacks it has just given orders to; all of it follows
//! from the views that it has seen. After ticks that it missed it looks at everything anew.

mod fields;
mod goal;
mod household;
mod mood;
mod moves;
mod relief;
mod survey;
mod worth;

use super::{Strategy, Turn};
use crate::ids::SystemId;
use crate::order::{Amount, Command, Order};
use crate::rules::Personality;
use crate::view::View;
use fields::Fields;
use goal::Goal;
use mood::Mood;
use relief::Relief;
use survey::Survey;

/// The standard computer player.
///
/// ```
/// use sector_sim::{Classic, Rules, Strategy, Turn, World};
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
    fields: Fields,
    survey: Survey,
    relief: Relief,
    goal: Option<Goal>,
    /// The number of hops to the goal, by system.
    goal_hops: Vec<u32>,
    /// The tick of the last turn, once there was one.
    last: Option<u64>,
}

impl Classic {
    /// A player of these traits.
    #[must_use]
    pub fn new(personality: Personality) -> Classic {
        Classic {
            mood: Mood::new(personality),
            fields: Fields::default(),
            survey: Survey::default(),
            relief: Relief::default(),
            goal: None,
            goal_hops: Vec::new(),
            last: None,
        }
    }

    /// Forgets what belongs to another sector, and what may have changed while it did not look.
    fn wake(&mut self, view: &View<'_>, turn: &Turn) {
        let other_sector = self.goal_hops.len() != view.map.len();
        if other_sector || self.last.is_none_or(|last| turn.tick < last) {
            self.mood.reset(turn.tick);
            self.goal = None;
            self.goal_hops.clear();
            self.goal_hops.resize(view.map.len(), crate::map::UNREACHED);
            self.survey.reset(view.map.len());
            self.fields.spoil();
        }
        if turn.missed > 0 || self.last.is_none_or(|last| last + 1 != turn.tick) {
            self.fields.spoil();
        }
        self.last = Some(turn.tick);
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
            self.fields.follow(view);
        }
        self.fields.locate(view);
        self.survey.look(view, &self.fields, turn.tick);
        let household_due = faction.systems > 0 && household::is_due(view, turn.tick);
        if self.survey.stacks.is_empty() && !household_due {
            return orders;
        }
        self.fields.refresh(view);
        self.aim(view, turn.tick);
        if !self.survey.stacks.is_empty() {
            self.relieve(view, &mut orders);
            self.command(view, &mut orders);
            self.survey.remember(turn.tick);
        }
        if household_due {
            self.keep_house(view, turn.tick, &mut orders);
        }
        orders
    }
}

impl Classic {
    /// Sends a stack, or a part of it, and takes note of where it goes.
    fn send(&mut self, view: &View<'_>, stack: usize, target: SystemId, amount: Amount, orders: &mut Vec<Order>) {
        let stack = &mut self.survey.stacks[stack];
        let strength = match amount {
            Amount::Part(strength) => strength,
            Amount::Fleet | Amount::All => stack.strength,
        };
        let origin = stack.system;
        stack.strength -= strength;
        stack.sent = true;
        self.survey.expect(target, strength);
        let command = Command::Move { origin, target, fleet: None, amount };
        orders.push(Order::new(view.me, command));
    }
}
