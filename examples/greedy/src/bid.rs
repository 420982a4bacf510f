//! The score of a move, from the preview of its battle.

use sector_sim::order::Amount;
use sector_sim::strategy::Reached;
use sector_sim::units::{ratio, scale};
use sector_sim::{SystemId, View};

/// Ticks in which a system must pay for itself. Longer is bolder: more strength may be lost for it.
const PAYBACK_TICKS: i64 = 400;
/// Weight of a system taken from another faction, per mille of its yield.
const TAKEN_FROM_ENEMY: i64 = 1_600;
/// Lowest odds considered, per mille.
const LEAST_ODDS: i64 = 550;
/// Strength sent, per mille of the strength needed: garrisons grow meanwhile, and fleets lose
/// strength.
const MARGIN: i64 = 1_150;

/// A bid of a stack for a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Expected gain of strength per tick of the operation, in millionths.
    pub score: i64,
    /// Index of the stack in [`sector_sim::strategy::Scout::stacks`].
    pub stack: usize,
    /// Target system.
    pub target: SystemId,
    /// Amount to send.
    pub amount: Amount,
    /// Strength to send, in thousandths.
    pub strength: i64,
}

impl Bid {
    /// The bid of a stack with `strength` for a system; `None` if the cost exceeds the gain.
    #[must_use]
    pub fn of(view: &View<'_>, stack: usize, strength: i64, prize: Reached) -> Option<Bid> {
        let target = prize.system;
        // Orders are applied in the next tick, so add one.
        let ticks = prize.ticks + 1;
        let resistance = view.resistance(target, ticks);

        // Without defending fleets, send what the garrison requires; otherwise send everything.
        let least = view.rules.orders.least_detachment;
        let enough = scale(resistance.to_occupy(view), MARGIN).max(least);
        let (amount, goes) = match resistance.defence == 0 && strength - enough >= least {
            true => (Amount::Part(enough), enough),
            false => (Amount::All, strength),
        };
        let (odds, left) = (resistance.odds(view, goes), resistance.left(view, goes));
        if odds < LEAST_ODDS || left == 0 {
            return None;
        }

        // Converts the yield to strength, so that gain and cost have the same unit.
        let income = view.yields(target) * view.rules.production.stock_rate / 1_000;
        let mut gain = income * PAYBACK_TICKS;
        if resistance.owner.is_some() {
            gain = scale(gain, TAKEN_FROM_ENEMY);
        }
        let cost_if_won = goes - left;
        let expected = (odds * (gain - cost_if_won) - (1_000 - odds) * goes) / 1_000;
        let score = ratio(expected, 1_000, ticks + view.rules.capture.ticks);
        (score > 0).then_some(Bid { score, stack, target, amount, strength: goes })
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::strategy::Reach;
    use sector_sim::{Rules, World};

    use super::*;

    /// Bids of a stack at home in the first tick, for all systems in reach.
    fn bids(strength: i64) -> Vec<Bid> {
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let view = world.view(world.board().factions()[0].id);
        let home = world.map().homes()[0];
        let mut reach = Reach::default();
        let prizes = reach.around(&view, home, 12, |_| true).iter().copied();
        prizes.filter_map(|prize| Bid::of(&view, 0, strength, prize)).collect()
    }

    #[test]
    fn more_strength_gives_more_bids_and_never_sends_more_than_available() {
        assert!(bids(2_000).is_empty(), "too little to hold a system");
        let (some, more) = (bids(6_000), bids(10_000));
        assert!(!some.is_empty() && more.len() >= some.len());
        assert!(more.iter().all(|bid| bid.strength <= 10_000 && bid.score > 0));
        assert!(
            more.iter().any(|bid| matches!(bid.amount, Amount::Part(_))),
            "a part is enough for a garrison"
        );
    }
}
