//! Strength is conserved or lost; all additions by production, militias, repair and regrowth are
//! accounted for exactly.

use proptest::prelude::*;
use sector_sim::board::System;
use sector_sim::order::Focus;
use sector_sim::step::{Phase, garrison_limit};
use sector_sim::units::scale;
use sector_sim::{Board, Event, Rules, SystemId, World};

use crate::any::{any_run, cases};

/// Total strength and build stocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Strength {
    fleets: i128,
    /// Maximum strength that repair can restore.
    most: i128,
    garrisons: i128,
    stocks: i128,
}

impl Strength {
    fn of(board: &Board) -> Strength {
        Strength {
            fleets: board.fleets().iter().map(|fleet| i128::from(fleet.strength)).sum(),
            most: board.fleets().iter().map(|fleet| i128::from(fleet.max_strength)).sum(),
            garrisons: board.systems().iter().map(|system| i128::from(system.garrison)).sum(),
            stocks: board.factions().iter().map(|faction| i128::from(faction.build_stock)).sum(),
        }
    }
}

/// Board and events before a phase.
struct Before {
    board: Board,
    strength: Strength,
    events: usize,
}

impl Before {
    fn of(world: &World) -> Before {
        let board = world.board().clone();
        Before { strength: Strength::of(&board), events: board.events().len(), board }
    }
}

/// Checks a battle, and returns its effect on strengths.
fn check_battle(rules: &Rules, event: &Event) -> (i128, i128) {
    let &Event::Battle {
        attacker,
        defender,
        attack,
        defence,
        odds,
        winner,
        attacker_loss,
        defender_loss,
        garrison_loss,
        ..
    } = event
    else {
        return (0, 0);
    };
    let fought = &rules.battle;
    assert!(attacker != defender && (winner == attacker || winner == defender));
    assert!(attacker_loss >= 0 && defender_loss >= 0 && garrison_loss >= 0);
    assert!(attacker_loss <= attack && defender_loss + garrison_loss <= defence);
    assert!(
        odds == 0 || odds == 1000 || (fought.least_odds..=fought.most_odds).contains(&odds),
        "{odds}"
    );
    if winner == attacker {
        assert!(odds > 0);
        assert_eq!(defender_loss + garrison_loss, defence);
        assert!(attacker_loss <= scale(defence, fought.winner_loss));
    } else {
        assert!(odds < 1000);
        assert_eq!(attacker_loss, attack);
        assert!(defender_loss + garrison_loss <= scale(attack, fought.winner_loss));
    }
    (i128::from(attacker_loss) + i128::from(defender_loss), i128::from(garrison_loss))
}

/// Strength of idle fleets after decay and repair.
fn kept_up(rules: &Rules, board: &Board) -> Strength {
    let mut sum = Strength::of(board);
    (sum.fleets, sum.most) = (0, 0);
    for fleet in board.fleets().iter() {
        let mut strength = fleet.strength;
        if fleet.is_idle() {
            let worn = strength - scale(strength, rules.upkeep.decay);
            strength = (worn + scale(worn, rules.upkeep.repair)).min(fleet.max_strength);
        }
        if strength > 0 {
            sum.fleets += i128::from(strength);
            sum.most += i128::from(fleet.max_strength);
        }
    }
    sum
}

/// Reference implementation of a system's recovery in one tick.
fn recovered(rules: &Rules, board: &Board, id: SystemId) -> System {
    let mut state = *board.system(id).unwrap();
    let recovery = &rules.recovery;
    let mut calm = recovery.stability_regrowth;
    if let Some(owner) = state.owner {
        let regrowth = match state.focus {
            Focus::Industry => scale(recovery.garrison_regrowth, rules.focus.industry_regrowth),
            Focus::Garrison => scale(recovery.garrison_regrowth, rules.focus.garrison_regrowth),
            _ => recovery.garrison_regrowth,
        };
        let besieged = board.fleets().at(id).any(|fleet| fleet.owner != owner);
        let grown = if besieged { state.garrison } else { state.garrison + regrowth };
        state.garrison = grown.min(garrison_limit(rules, state.focus));
        state.maturity = recovery.maturity_most.min(state.maturity + 1);
        if state.focus == Focus::Order {
            calm = rules.focus.order_stability;
        }
        let owned = board.faction(owner).unwrap().systems;
        calm -= rules.upkeep.sprawl_stability * (owned - rules.upkeep.sprawl_limit).max(0);
    }
    state.stability = (state.stability + calm).clamp(0, 1000);
    state.unrest = state.unrest * recovery.unrest_kept / 1000;
    state.heat = state.heat * recovery.heat_kept / 1000;
    if state.heat < recovery.heat_floor {
        state.heat = 0;
    }
    state.reclaim_cooldown -= i64::from(state.reclaim_cooldown > 0);
    state
}

/// Checks the effect of a phase on the total strength against its events.
fn check_phase(rules: &Rules, before: &Before, phase: Phase, world: &World) {
    let board = world.board();
    let after = Strength::of(board);
    let told = &board.events()[before.events..];
    let mut expected = before.strength;
    match phase {
        Phase::Battles => {
            for event in told {
                let (fleets, garrison) = check_battle(rules, event);
                expected.fleets -= fleets;
                expected.garrisons -= garrison;
            }
            assert!(after.most <= expected.most);
            expected.most = after.most;
        }
        Phase::Occupation => {
            let ground = before.strength.garrisons - after.garrisons;
            assert!(ground >= 0);
            expected.garrisons -= ground;
            expected.fleets -= ground;
            assert!(after.most <= expected.most);
            expected.most = after.most;
        }
        Phase::Captures => {
            for event in told {
                let &Event::Captured { system, .. } = event else { panic!("{event:?}") };
                let garrison = before.board.system(system).unwrap().garrison;
                expected.garrisons -=
                    i128::from(garrison - scale(garrison, rules.capture.garrison_kept));
            }
        }
        Phase::Rebellion => {
            for event in told {
                let (system, militia) = match event {
                    Event::Rebelled { system, .. } => (*system, rules.rebellion.league_fleet),
                    Event::Seceded { system, .. } => (*system, rules.rebellion.splinter_fleet),
                    _ => panic!("{event:?}"),
                };
                expected.fleets += i128::from(militia);
                expected.most += i128::from(militia);
                let garrison = before.board.system(system).unwrap().garrison;
                expected.garrisons += i128::from(rules.recovery.garrison_most - garrison);
            }
            // A new splinter starts with the stock of one fleet.
            let given = after.stocks - expected.stocks;
            let seceded =
                told.iter().filter(|event| matches!(event, Event::Seceded { .. })).count() as i128;
            assert!(given <= seceded * i128::from(rules.production.fleet), "{given}");
            expected.stocks = after.stocks;
        }
        Phase::Production => {
            for faction in before.board.factions().iter().filter(|faction| faction.systems > 0) {
                expected.stocks += i128::from(scale(faction.economy, rules.production.stock_rate));
            }
            for event in told {
                let &Event::FleetBuilt { strength, .. } = event else { panic!("{event:?}") };
                assert!(strength > 0 && strength % rules.production.fleet == 0);
                expected.fleets += i128::from(strength);
                expected.most += i128::from(strength);
                expected.stocks -= i128::from(strength);
            }
        }
        Phase::Upkeep => expected = kept_up(rules, &before.board),
        Phase::Recovery => {
            expected.garrisons = 0;
            for id in (0..board.systems().len() as u32).map(SystemId) {
                let system = recovered(rules, &before.board, id);
                assert_eq!(board.system(id), Some(&system), "{id}");
                expected.garrisons += i128::from(system.garrison);
            }
        }
        Phase::Victory => {
            // Eliminated factions lose their stocks.
            assert!(after.stocks <= expected.stocks);
            expected.stocks = after.stocks;
        }
        Phase::Arrivals | Phase::Orders | Phase::Launches | Phase::Close => {}
    }
    assert_eq!(after, expected, "{phase:?} in tick {}: {told:?}", board.tick());
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn strength_is_conserved_or_lost_and_never_gained_but_from_its_declared_sources(run in any_run(60)) {
        run.play(|world, orders| {
            let rules = world.rules().clone();
            let mut before = Before::of(world);
            // The events of the previous tick are still there; the first phase starts with none.
            before.events = 0;
            world.step_watched(orders, |phase, world| {
                check_phase(&rules, &before, phase, world);
                before = Before::of(world);
            });
        });
    }
}
