//! What one move is worth: the preview of the battle, turned into a price.

use sector_sim::order::Amount;
use sector_sim::strategy::Reached;
use sector_sim::units::{ratio, scale};
use sector_sim::{SystemId, View};

/// The ticks over which a system is to pay for itself. Longer means bolder: more strength may be lost for it.
const PAYBACK_TICKS: i64 = 400;
/// What it is worth besides that it is then not somebody else's, per mille of what it yields.
const TAKEN_FROM_SOMEBODY: i64 = 1_600;
/// The least odds that are worth a second look, per mille.
const LEAST_ODDS: i64 = 550;
/// How much more than is needed goes, per mille: garrisons grow on the way, and fleets wear.
const MARGIN: i64 = 1_150;

/// One stack for one prize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Strength that it is expected to bring for each tick that it takes, in millionths.
    pub score: i64,
    /// The stack, by its place in [`sector_sim::strategy::Scout::stacks`].
    pub stack: usize,
    /// The prize.
    pub target: SystemId,
    /// How much of the stack goes.
    pub amount: Amount,
    /// The strength that goes, milli.
    pub strength: i64,
}

impl Bid {
    /// The bid of a stack with so much strength for a system, unless it would bring less than it costs.
    #[must_use]
    pub fn of(view: &View<'_>, stack: usize, strength: i64, prize: Reached) -> Option<Bid> {
        let target = prize.system;
        // One tick more: orders are carried out in the next.
        let ticks = prize.ticks + 1;
        let resistance = view.resistance(target, ticks);

        // An undefended system takes what its garrison takes; where there are fleets, everything goes.
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

        // The economy turns into strength at this rate, so gain and cost are of the same kind.
        let income = view.yields(target) * view.rules.production.stock_rate / 1_000;
        let mut gain = income * PAYBACK_TICKS;
        if resistance.owner.is_some() {
            gain = scale(gain, TAKEN_FROM_SOMEBODY);
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

    /// At home, on the first tick: what a stack bids for all that it can reach.
    fn bids(strength: i64) -> Vec<Bid> {
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let view = world.view(world.board().factions()[0].id);
        let home = world.map().homes()[0];
        let mut reach = Reach::default();
        let prizes = reach.around(&view, home, 12, |_| true).iter().copied();
        prizes.filter_map(|prize| Bid::of(&view, 0, strength, prize)).collect()
    }

    #[test]
    fn more_strength_bids_for_no_less_and_sends_no_more_than_it_has() {
        assert!(bids(2_000).is_empty(), "too little to hold anything");
        let (some, more) = (bids(6_000), bids(10_000));
        assert!(!some.is_empty() && more.len() >= some.len());
        assert!(more.iter().all(|bid| bid.strength <= 10_000 && bid.score > 0));
        assert!(
            more.iter().any(|bid| matches!(bid.amount, Amount::Part(_))),
            "a part is enough for a garrison"
        );
    }
}
