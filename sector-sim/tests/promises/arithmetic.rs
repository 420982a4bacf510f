//! Formulas compared with wide integers, with a focus on the limits of the range.

use proptest::prelude::*;
use sector_sim::board::System;
use sector_sim::map::Kind;
use sector_sim::order::Focus;
use sector_sim::step::{attack_odds, economy, garrison_limit, output, weighed};
use sector_sim::units::{ONE, ratio, scale};
use sector_sim::{FactionId, Rules};

use crate::any::{any_rules, cases};

/// Any number; limits of the range and round numbers are more likely.
fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -3..=3i64,
        (any::<u64>(), 0..64u32).prop_map(|(bits, shift)| (bits >> shift) as i64),
        prop_oneof![
            Just(i64::MAX),
            Just(i64::MIN),
            Just(i64::MAX - 1),
            Just(i64::MIN + 1),
            Just(1000),
            Just(-1000)
        ],
    ]
}

fn any_strength() -> impl Strategy<Value = i64> {
    any_number().prop_map(i64::saturating_abs)
}

fn saturated(wide: i128) -> i64 {
    wide.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_ratio_is_exact_truncated_toward_zero_and_saturated(value in any_number(), multiplier in any_number(), divisor in any_number()) {
        let found = ratio(value, multiplier, divisor);
        if divisor == 0 {
            prop_assert_eq!(found, value);
        } else {
            let product = i128::from(value) * i128::from(multiplier);
            prop_assert_eq!(found, saturated(product / i128::from(divisor)));
            // Never farther from zero than the exact quotient, and less than one away from it.
            let rest = product - i128::from(found) * i128::from(divisor);
            let fits = i128::from(found) == product / i128::from(divisor);
            prop_assert!(!fits || rest.unsigned_abs() < i128::from(divisor).unsigned_abs());
        }
    }

    #[test]
    fn scaling_is_the_ratio_to_a_thousand(value in any_number(), per_mille in any_number()) {
        prop_assert_eq!(scale(value, per_mille), saturated(i128::from(value) * i128::from(per_mille) / 1000));
        prop_assert_eq!(scale(value, ONE), value);
    }

    #[test]
    fn scaling_keeps_order(a in any_number(), b in any_number(), per_mille in 0..=10_000i64) {
        prop_assert!(scale(a.min(b), per_mille) <= scale(a.max(b), per_mille));
    }

    /// The odds computed in wide integers.
    #[test]
    fn odds_are_those_of_the_formula(
        rules in any_rules(100),
        attack in any_strength(),
        defence in any_strength(),
        owner: bool,
        reclaim: bool,
    ) {
        let rules = rules.battle;
        let odds = attack_odds(&rules, attack, defence, owner, reclaim);
        let (a, d) = (i128::from(attack), i128::from(defence));
        let overwhelming = i128::from(rules.overwhelming);
        let wide = i128::from(i64::MAX);
        let expected = if a >= (d * overwhelming).min(wide) {
            1000
        } else if d >= (a * overwhelming).min(wide) {
            0
        } else {
            let shift = (a - d) * i128::from(rules.strength_weight) / (a + d).min(wide);
            let odds = i128::from(rules.even_odds) + shift
                - if owner { i128::from(rules.owner_advantage) } else { 0 }
                - if reclaim { i128::from(rules.reclaim_penalty) } else { 0 };
            odds.clamp(i128::from(rules.least_odds), i128::from(rules.most_odds))
        };
        prop_assert_eq!(i128::from(odds), expected);
    }

    /// More strength never lowers the odds of an attack.
    #[test]
    fn odds_grow_with_the_attack(
        rules in any_rules(100),
        attack in any_strength(),
        more in any_strength(),
        defence in any_strength(),
        owner: bool,
        reclaim: bool,
    ) {
        // Avoid saturated sums, and sides that both have no strength.
        let (attack, more, defence) = (attack / 2, more / 2, (defence / 2).max(1));
        let odds = |attack| attack_odds(&rules.battle, attack, defence, owner, reclaim);
        prop_assert!(odds(attack.min(more)) <= odds(attack.max(more)));
    }

    #[test]
    fn only_the_league_counts_for_more_than_it_is(rules in any_rules(100), strength in any_strength(), index in 0..64u8) {
        let starter = FactionId::starter(index).unwrap();
        prop_assert_eq!(weighed(&rules.battle, starter, strength), strength);
        let league = i128::from(strength) * i128::from(rules.battle.league_strength) / 1000;
        prop_assert_eq!(weighed(&rules.battle, FactionId::LEAGUE, strength), saturated(league));
    }

    /// Under any rules, yields and economies are never negative, grow with their inputs, and are
    /// small enough to be summed over the largest sector.
    #[test]
    fn yields_and_economies_are_within_bounds(
        rules in any_rules(100),
        value in 1..=10i64,
        stability in 0..=1000i64,
        maturity in 0..=1000i64,
        kind in 0..4usize,
        focus in 0..4usize,
        systems in 0..=200_000i64,
        outputs in 0..=200_000_000_000_000i64,
    ) {
        let kind = [Kind::Normal, Kind::Relic, Kind::Forge, Kind::Hive][kind];
        let focus = [Focus::Balanced, Focus::Industry, Focus::Garrison, Focus::Order][focus];
        let maturity = maturity.min(rules.recovery.maturity_most);
        let state = System { stability, maturity, focus, ..System::default() };
        let found = output(&rules, &state, kind, value);
        prop_assert!((0..=1_000_000_000).contains(&found), "{}", found);
        let calmer = System { stability: 1000, maturity: rules.recovery.maturity_most, ..state };
        prop_assert!(output(&rules, &calmer, kind, value) >= found);
        let sum = economy(&rules.production, systems, outputs);
        let burden = 1000
            + i128::from(rules.production.sprawl_cost) * i128::from(systems - rules.production.sprawl_limit).max(0);
        let expected = if systems == 0 { 0 } else { i128::from(rules.production.base + outputs) * 1000 / burden };
        prop_assert_eq!(i128::from(sum), expected);
        prop_assert!(garrison_limit(&rules, focus) >= rules.recovery.garrison_most);
    }
}

#[test]
fn the_standard_odds_are_those_of_the_rule_book() {
    let rules = Rules::classic().battle;
    for (attack, defence, owner, reclaim, odds) in [
        (10_000, 10_000, false, false, 500),
        (10_000, 10_000, true, false, 450),
        (10_000, 10_000, true, true, 300),
        (30_000, 10_000, false, false, 650),
        (10_000, 30_000, false, false, 350),
        (80_000, 10_000, true, true, 1000),
        (10_000, 80_000, false, false, 0),
        (79_999, 10_000, false, false, 733),
        (10_000, 79_999, true, true, 200),
    ] {
        assert_eq!(
            attack_odds(&rules, attack, defence, owner, reclaim),
            odds,
            "{attack} against {defence}"
        );
    }
}
