//! Invariants of every state, after every phase of every tick.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sector_sim::board::Place;
use sector_sim::digest::digest_of;
use sector_sim::step::{Phase, economy, output};
use sector_sim::{Delta, FactionId, FleetId, SystemId, World};

use crate::any::{any_run, cases};

/// Owners, fleets and the sums of the factions are consistent.
pub(crate) fn check_sums(world: &World) {
    let board = world.board();
    let mut sums: BTreeMap<FactionId, [i64; 4]> = BTreeMap::new();
    for (state, site) in board.systems().iter().zip(world.map().sites()) {
        if let Some(owner) = state.owner {
            let sums = sums.entry(owner).or_default();
            sums[0] += 1;
            sums[1] += i64::from(site.value);
        }
    }
    for fleet in board.fleets().iter() {
        let sums = sums.entry(fleet.owner).or_default();
        sums[2] += 1;
        sums[3] += fleet.strength;
    }
    for faction in board.factions() {
        let found = sums.remove(&faction.id).unwrap_or_default();
        assert_eq!(
            [faction.systems, faction.value, faction.fleets, faction.strength],
            found,
            "{}",
            faction.id
        );
        assert!(faction.alive || found == [0; 4], "{} is alive after all", faction.id);
        assert!(faction.build_stock >= 0 && faction.domination_ticks >= 0);
    }
    assert!(sums.is_empty(), "factions that are not there: {sums:?}");
}

/// Every fleet is at one place on the map, and its route follows lanes.
pub(crate) fn check_fleets(world: &World, phase: Phase) {
    let (board, map) = (world.board(), world.map());
    let mut at: BTreeMap<SystemId, Vec<FleetId>> = BTreeMap::new();
    let mut last = FleetId(0);
    for fleet in board.fleets().iter() {
        assert!(last < fleet.id, "fleets are listed by id");
        last = fleet.id;
        assert_eq!(board.fleets().get(fleet.id), Some(fleet));
        assert!(0 < fleet.strength && fleet.strength <= fleet.max_strength, "{fleet:?}");
        let mut here = match fleet.place {
            Place::At(system) => {
                at.entry(system).or_default().push(fleet.id);
                system
            }
            Place::Lane { from, to, departed, arrives } => {
                assert_eq!(
                    map.lane_ticks(from, to).map(u64::from),
                    Some(arrives - departed),
                    "{fleet:?}"
                );
                assert!(
                    departed <= board.tick() && board.tick() < arrives,
                    "{fleet:?} in tick {}",
                    board.tick()
                );
                to
            }
        };
        for next in fleet.route() {
            assert!(
                map.lane_ticks(here, next).is_some(),
                "{fleet:?}: no lane from {here} to {next}"
            );
            here = next;
        }
        assert_eq!(fleet.destination(), here);
        if phase >= Phase::Launches {
            assert!(
                fleet.at().is_none() || fleet.is_idle(),
                "a fleet with a route has set out: {fleet:?}"
            );
        }
    }
    for system in (0..map.len() as u32).map(SystemId) {
        let listed: Vec<FleetId> = board.fleets().at(system).map(|fleet| fleet.id).collect();
        assert_eq!(listed, at.remove(&system).unwrap_or_default(), "the fleets at {system}");
        let mut owners: Vec<FactionId> =
            board.fleets().at(system).map(|fleet| fleet.owner).collect();
        owners.sort_unstable();
        let fleets = owners.len();
        owners.dedup();
        if phase == Phase::Battles {
            assert!(owners.len() <= 1, "{owners:?} have not fought at {system}");
        }
        if phase >= Phase::Upkeep {
            assert_eq!(owners.len(), fleets, "idle fleets of one owner have merged at {system}");
        }
    }
}

/// Every number of a system is in range, and only foreign factions occupy it.
pub(crate) fn check_systems(world: &World) {
    let (board, rules) = (world.board(), world.rules());
    for (system, state) in board.systems().iter().enumerate() {
        assert!((0..=1000).contains(&state.stability), "{system}: {state:?}");
        assert!((0..=1000).contains(&state.unrest), "{system}: {state:?}");
        assert!((0..=rules.recovery.heat_most).contains(&state.heat), "{system}: {state:?}");
        assert!(
            (0..=rules.recovery.maturity_most).contains(&state.maturity),
            "{system}: {state:?}"
        );
        assert!(state.garrison >= 0 && state.reclaim_cooldown >= 0, "{system}: {state:?}");
        assert_eq!(
            state.occupation_faction.is_none(),
            state.occupation_progress == 0,
            "{system}: {state:?}"
        );
        assert!(state.occupation_progress < rules.capture.ticks, "{system}: {state:?}");
        assert!(
            state.occupation_faction.is_none() || state.occupation_faction != state.owner,
            "{system}: {state:?}"
        );
        for faction in
            [state.owner, state.occupation_faction, state.siege_owner].into_iter().flatten()
        {
            assert!(board.faction(faction).is_some(), "{system}: {state:?}");
        }
    }
}

/// Incremental derived values equal those computed from scratch.
pub(crate) fn check_derived(world: &World) {
    let (board, map) = (world.board(), world.map());
    assert_eq!(digest_of(map, board), world.digest(), "the kept digest is the computed one");
    let mut outputs: BTreeMap<FactionId, i64> = BTreeMap::new();
    for (index, (state, site)) in board.systems().iter().zip(map.sites()).enumerate() {
        let mut sieges: BTreeMap<FactionId, i64> = BTreeMap::new();
        for fleet in board.fleets().at(SystemId(index as u32)).filter(|fleet| fleet.is_idle()) {
            if Some(fleet.owner) != state.owner {
                *sieges.entry(fleet.owner).or_default() += fleet.strength;
            }
        }
        let strongest = sieges.values().copied().max().unwrap_or(0);
        assert_eq!(state.siege_strength, strongest, "{index}");
        match state.siege_owner {
            None => assert!(sieges.is_empty(), "{index}: {sieges:?}"),
            Some(besieger) => {
                assert_eq!(sieges.get(&besieger), Some(&strongest), "{index}: {sieges:?}");
            }
        }
        if let Some(owner) = state.owner {
            *outputs.entry(owner).or_default() +=
                output(world.rules(), state, site.kind, i64::from(site.value));
        }
    }
    let last = board.fleets().iter().last().map_or(FleetId(0), |fleet| fleet.id);
    assert!(last < Delta::of("u-test", world).next_fleet_id);
    for faction in board.factions() {
        assert_eq!(faction.alive, faction.systems > 0 || faction.fleets > 0, "{}", faction.id);
        let outputs = outputs.get(&faction.id).copied().unwrap_or(0);
        assert_eq!(
            faction.economy,
            economy(&world.rules().production, faction.systems, outputs),
            "{}",
            faction.id
        );
    }
}

/// Checks all invariants.
pub(crate) fn check(world: &World, phase: Phase) {
    check_sums(world);
    check_fleets(world, phase);
    check_systems(world);
    if phase == Phase::Close {
        check_derived(world);
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn owners_occupations_fleets_and_sums_agree_after_every_phase(run in any_run(60)) {
        run.play(|world, orders| {
            let mut phases = Vec::new();
            world.step_watched(orders, |phase, world| {
                check(world, phase);
                phases.push(phase);
            });
            assert_eq!(phases, Phase::ALL);
        });
    }
}
