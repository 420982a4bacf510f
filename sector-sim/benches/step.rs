//! Speed of a sector: a whole match, an idle tick, a tick of war, and a tick of movement only.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod worlds;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sector_sim::strategy::Classic;
use sector_sim::world::Size;
use sector_sim::{Delta, Digest, FactionId, FleetId, Game, Rules, SystemId, World};
use worlds::{FACTIONS, SIZES, War, at_war, idle_fleet, restored, rules, settled, snapshot};

/// A whole match of five computer players: rules, decisions, and the changes of each tick.
fn play(seed: u64) -> (u64, Digest) {
    let rules = Rules::classic();
    let world = World::new(rules.clone().into(), seed).unwrap();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| Box::new(Classic::new(rules.personality(faction.index())))),
    );
    while game.world().board().result().is_none() {
        game.step();
        black_box(Delta::of("u-bench", game.world()));
    }
    (game.world().tick(), game.world().digest())
}

fn matches(criterion: &mut Criterion) {
    let seeds = 0..8;
    let expected: Vec<_> = seeds.clone().map(play).collect();
    let ticks = expected.iter().map(|(ticks, _)| ticks).sum();
    let mut group = criterion.benchmark_group("match");
    group.sample_size(20).throughput(Throughput::Elements(ticks));
    group.bench_function("eight_of_30_systems", |bencher| {
        bencher.iter(|| assert_eq!(seeds.clone().map(play).collect::<Vec<_>>(), expected));
    });
    group.finish();
}

/// Measures ticks, a thousand on each copy of the world.
fn run(world: &World, ticks: u64) -> Duration {
    let (mut spent, mut left) = (Duration::ZERO, ticks);
    while left > 0 {
        let mut copy = world.clone();
        let now = left.min(1_000);
        let begin = Instant::now();
        for _ in 0..now {
            black_box(copy.step(&[]));
        }
        spent += begin.elapsed();
        assert_eq!(copy.tick(), world.tick() + now);
        left -= now;
    }
    spent
}

/// Nothing moves, and everything has recovered.
fn quiet(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quiet_tick");
    for systems in SIZES {
        let mut world = World::with_size(rules(), 7, Size { systems, factions: FACTIONS }).unwrap();
        for _ in 0..100 {
            world.step(&[]);
        }
        group.bench_with_input(BenchmarkId::from_parameter(systems), &world, |bencher, world| {
            bencher.iter_custom(|ticks| run(world, ticks));
        });
    }
    group.finish();
}

/// Number of systems, fleets and factions changed by the last tick.
fn changed(world: &World) -> usize {
    let report = world.report();
    report.systems.len() + report.fleets.len() + report.removed_fleets.len() + report.factions.len()
}

/// A sector at rest in which, in the next tick, a foreign fleet arrives at a tenth of all systems:
/// at every other of these it fights a fleet of the owner, at the rest it grinds the garrison down
/// and starts to occupy.
fn about_to_fight(systems: u32) -> World {
    let mut world = World::with_size(rules(), 7, Size { systems, factions: FACTIONS }).unwrap();
    let mut start = snapshot(&world);
    settled(&world, &mut start);
    world = restored(start);
    // Large realms lose stability, then come to rest.
    for _ in 0..400 {
        world.step(&[]);
    }
    let mut start = snapshot(&world);
    let mut scenes = 0;
    for system in (0..systems).map(SystemId) {
        let from = world.map().neighbours(system).iter().find(|neighbour| neighbour.ticks >= 2);
        let (Some(from), true) = (from, scenes * 10 < system.0 + 10) else { continue };
        let owner = world.board().systems()[system.index()].owner.unwrap();
        let foreign = FactionId::starter((owner.index() as u8 + 1) % FACTIONS).unwrap();
        let mut attacker = idle_fleet(start.next_fleet_id.0, foreign, system, 9_000);
        attacker.system_id = None;
        (attacker.enroute_from, attacker.enroute_to) = (Some(from.system), Some(system));
        let arrives = world.tick() + 2;
        (attacker.departed, attacker.eta) = (Some(arrives - u64::from(from.ticks)), Some(arrives));
        start.fleets.push(attacker);
        start.next_fleet_id.0 += 1;
        let guarded = world.board().fleets().at(system).next().is_some();
        if scenes % 2 == 0 && !guarded {
            start.fleets.push(idle_fleet(start.next_fleet_id.0, owner, system, 9_000));
            start.next_fleet_id.0 += 1;
        }
        scenes += 1;
    }
    let mut world = restored(start);
    // Let the new world come to rest.
    world.step(&[]);
    world
}

/// Fighting or occupation at a tenth of all systems, everything else at rest. For comparison: the
/// time just to copy the changed systems, fleets and factions. Throughput of both is in changes.
fn busy(criterion: &mut Criterion) {
    for systems in SIZES {
        let start = about_to_fight(systems);
        let mut after = start.clone();
        let digest = after.step(&[]).digest;
        assert!(
            after.report().systems.len() * 10 >= systems as usize,
            "too few systems are fought over"
        );
        let elements = Throughput::Elements(changed(&after) as u64);
        let mut group = criterion.benchmark_group("busy_tick");
        group.sample_size(10).throughput(elements.clone());
        group.bench_with_input(BenchmarkId::from_parameter(systems), &start, |bencher, start| {
            bencher.iter_custom(|ticks| {
                let mut spent = Duration::ZERO;
                for _ in 0..ticks {
                    let mut world = start.clone();
                    let begin = Instant::now();
                    black_box(world.step(&[]));
                    spent += begin.elapsed();
                    assert_eq!(world.digest(), digest);
                }
                spent
            });
        });
        group.finish();
        let mut group = criterion.benchmark_group("busy_copy");
        group.sample_size(10).throughput(elements);
        group.bench_with_input(BenchmarkId::from_parameter(systems), &after, |bencher, after| {
            bencher.iter_custom(|copies| {
                let (mut touched, mut fleets, mut factions) = (Vec::new(), Vec::new(), Vec::new());
                let mut spent = Duration::ZERO;
                for _ in 0..copies {
                    // With a cold cache, as for a tick.
                    let world = after.clone();
                    touched.clear();
                    fleets.clear();
                    factions.clear();
                    let begin = Instant::now();
                    touched.extend(
                        world
                            .report()
                            .systems
                            .iter()
                            .map(|&id| world.board().systems()[id.index()]),
                    );
                    fleets.extend(
                        world
                            .report()
                            .fleets
                            .iter()
                            .filter_map(|&id| world.board().fleets().get(id))
                            .cloned(),
                    );
                    factions.extend(
                        world
                            .report()
                            .factions
                            .iter()
                            .filter_map(|&id| world.board().faction(id))
                            .cloned(),
                    );
                    black_box((&touched, &fleets, &factions));
                    spent += begin.elapsed();
                }
                spent
            });
        });
        group.finish();
    }
}

/// Everything is owned, and all factions are at war: rules and delta, without decisions. Throughput
/// is in systems, fleets and factions of the delta.
fn war(criterion: &mut Criterion) {
    const TICKS: u64 = 50;
    for systems in SIZES {
        let mut group = criterion.benchmark_group("war_tick");
        let start = at_war(systems);
        let (expected, elements) = at_tick(&start, TICKS);
        group.sample_size(10).throughput(Throughput::Elements(elements / TICKS));
        group.bench_with_input(BenchmarkId::from_parameter(systems), &start, |bencher, start| {
            bencher.iter_custom(|ticks| {
                let (mut spent, mut war) = (Duration::ZERO, start.clone());
                for tick in 0..ticks {
                    war.decide();
                    let begin = Instant::now();
                    let delta = black_box(war.step_decided());
                    spent += begin.elapsed();
                    if tick % TICKS == TICKS - 1 {
                        assert_eq!(delta.digest, expected);
                        war = start.clone();
                    }
                }
                spent
            });
        });
        group.finish();
    }
}

/// Digest after the given ticks, and the number of changes in them.
fn at_tick(start: &War, ticks: u64) -> (Digest, u64) {
    let mut war = start.clone();
    let mut elements = 0;
    for _ in 0..ticks {
        war.step();
        elements += changed(&war.world) as u64;
    }
    (war.world.digest(), elements)
}

/// Ten thousand fleets on routes of 24 lanes through thirty thousand systems.
fn marching(criterion: &mut Criterion) {
    const FLEETS: usize = 10_000;
    const TICKS: u64 = 16;
    let world = World::with_size(rules(), 7, Size { systems: 30_000, factions: FACTIONS }).unwrap();
    let mut start = snapshot(&world);
    start.fleets.clear();
    for number in 0..FLEETS as u32 {
        let system = SystemId(number * 3);
        let owner = FactionId::starter(0).unwrap();
        let mut fleet = idle_fleet(number + 1, owner, system, 5_000);
        let mut here = system;
        for hop in 0..24 {
            let neighbours = world.map().neighbours(here);
            here = neighbours[(number as usize + hop * 7) % neighbours.len()].system;
            fleet.route.push(here);
        }
        start.fleets.push(fleet);
    }
    start.next_fleet_id = FleetId(FLEETS as u32 + 1);
    let mut world = restored(start);
    for _ in 0..4 {
        world.step(&[]);
    }
    let expected = marched(&mut world.clone(), TICKS).0;
    criterion.bench_function("tick_of_30000_systems_with_10000_fleets_moving", |bencher| {
        bencher.iter_custom(|ticks| {
            let (mut spent, mut left) = (Duration::ZERO, ticks);
            while left > 0 {
                let now = left.min(TICKS);
                let (digest, took) = marched(&mut world.clone(), now);
                assert!(now < TICKS || digest == expected);
                spent += took;
                left -= now;
            }
            spent
        });
    });

    fn marched(world: &mut World, ticks: u64) -> (Digest, Duration) {
        let begin = Instant::now();
        for _ in 0..ticks {
            world.step(&[]);
            black_box(Delta::of("u-bench", world));
        }
        let spent = begin.elapsed();
        let moving = world.board().fleets().iter().filter(|fleet| !fleet.is_idle()).count();
        assert_eq!(moving, FLEETS);
        (world.digest(), spent)
    }
}

criterion_group!(benches, matches, quiet, busy, war, marching);
criterion_main!(benches);
