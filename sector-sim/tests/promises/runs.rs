//! Promises of whole runs: exact from every point, unaffected by refused orders, reproducible from
//! deltas, and finite.

use proptest::prelude::*;
use sector_sim::check::{Plan, check_orders};
use sector_sim::digest::digest_of;
use sector_sim::event::Cause;
use sector_sim::snapshot::MirrorError;
use sector_sim::world::Size;
use sector_sim::{Delta, Event, Mirror, Order, Snapshot, World};

use crate::any::{any_rules, any_run, cases};
use crate::{game_of, snapshot, through_json};

proptest! {
    #![proptest_config(cases(96))]

    /// Restored, cloned, recomputed and mirrored, at any interval.
    #[test]
    fn a_run_goes_on_from_a_snapshot_as_if_nothing_had_happened(
        run in any_run(80),
        restore_every in 1..9u64,
        clone_every in 0..5u64,
        recompute_every in 1..4u64,
    ) {
        let plan = Plan { restore_every, clone_every, recompute_every };
        let checked = check_orders(run.rules.clone(), run.seed, run.size, plan, |world| run.orders(world));
        let checked = checked.unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(checked.restores, checked.ticks / restore_every);
    }

    /// A refused order does not affect the digest: without it the state is the same, and so are the
    /// events, apart from the outcomes of orders.
    #[test]
    fn a_refused_order_changes_nothing(run in any_run(50)) {
        let mut without = run.world();
        run.play(|world, orders| {
            let outcomes = world.step(orders).outcomes.clone();
            let obeyed = |(order, outcome): (&Order, &Result<_, _>)| outcome.is_ok().then(|| order.clone());
            let applied: Vec<Order> = orders.iter().zip(&outcomes).filter_map(obeyed).collect();
            without.step(&applied);
            assert_eq!(world.digest(), without.digest());
            let told = |world: &World| -> Vec<Event> {
                let orders = |event: &&Event| !matches!(event, Event::OrderApplied { .. } | Event::OrderRefused { .. });
                world.board().events().iter().filter(orders).cloned().collect()
            };
            assert_eq!(told(world), told(&without));
            let refused = world.board().events().iter().filter(|event| matches!(event, Event::OrderRefused { .. }));
            assert_eq!(refused.count(), outcomes.iter().filter(|outcome| outcome.is_err()).count());
        });
    }

    /// The incremental digest equals that of the whole state, and different states have different
    /// digests.
    #[test]
    fn the_kept_digest_is_the_computed_one(run in any_run(60)) {
        run.play(|world, orders| {
            let before = world.digest();
            world.step(orders);
            assert_eq!(digest_of(world.map(), world.board()), world.digest());
            assert_ne!(world.digest(), before, "the tick alone is a change");
        });
    }

    /// Wherever a mirror starts, stops and restarts from its own snapshot, deltas lead it to the
    /// same state.
    #[test]
    fn a_snapshot_and_any_split_of_the_deltas_make_the_later_snapshot(
        run in any_run(50),
        cuts in proptest::collection::vec(any::<bool>(), 50),
    ) {
        let mut mirrors = vec![Mirror::new(&snapshot(&run.world())).unwrap()];
        run.play(|world, orders| {
            world.step(orders);
            let now = snapshot(world);
            let delta = through_json(&Delta::of("u-test", world).narrated(world.map(), world.board()));
            for mirror in &mut mirrors {
                mirror.apply(&delta).unwrap();
                assert_eq!(mirror.snapshot(), now);
                assert!(mirror.is_exact());
                // Repeated deltas and those of other universes are rejected without changes.
                assert!(matches!(mirror.apply(&delta), Err(MirrorError::Tick { .. })));
                let other = Delta { universe_id: "u-other".to_owned(), tick: delta.tick + 1, ..delta.clone() };
                assert!(matches!(mirror.apply(&other), Err(MirrorError::Universe { .. })));
                assert_eq!(mirror.snapshot(), now);
            }
            if cuts[world.tick() as usize % cuts.len()] && mirrors.len() < 4 {
                mirrors.push(Mirror::new(&through_json(&now)).unwrap());
            } else if cuts[0] {
                let again: Snapshot = through_json(&mirrors[0].snapshot());
                mirrors[0] = Mirror::new(&again).unwrap();
            }
        });
    }

    /// Under any rules and players a run ends by its tick limit, and nothing changes afterwards.
    #[test]
    fn every_run_ends_by_the_limit_of_its_rules(
        rules in any_rules(150),
        seed in 0..1_000_000u64,
        systems in 2..24u32,
        factions in 2..6u8,
        player in prop_oneof![Just("random"), Just("idle"), Just("classic")],
    ) {
        let limit = rules.victory.tick_limit as u64;
        let size = Size { systems, factions: factions.min(systems as u8) };
        let mut game = game_of(rules, seed, size, player);
        let outcome = game.play(limit + 1).unwrap();
        prop_assert!(outcome.tick <= limit && outcome.tick == game.world().tick());
        prop_assert!(outcome.cause != Cause::TickLimit || outcome.tick == limit);
        let last = game.world().board().events().last();
        prop_assert_eq!(last, Some(&Event::RunEnded { winner: outcome.winner, cause: outcome.cause }));
        let digest = game.world().digest();
        game.step();
        prop_assert_eq!((game.world().digest(), game.world().tick()), (digest, outcome.tick));
        prop_assert!(game.world().report().systems.is_empty() && game.world().board().events().is_empty());
    }
}
