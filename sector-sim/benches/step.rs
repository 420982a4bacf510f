//! How fast a sector runs: a whole match, a tick in which nothing happens, a tick of war, and one of marching only.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod worlds;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sector_sim::{Classic, Delta, Digest, FactionId, FleetId, Game, Rules, Size, SystemId, World};
use worlds::{FACTIONS, SIZES, War, at_war, idle_fleet, restored, rules, snapshot};

/// A whole match of five computer players: rules, decisions, and what each tick changed.
fn play(seed: u64) -> (u64, Digest) {
    let rules = Rules::classic();
    let world = World::new(rules.clone().into(), seed).unwrap();
    let mut game =
        Game::new(world, Box::new(move |_, faction| Box::new(Classic::new(rules.personality(faction.index())))));
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

/// Nobody moves, and everything has recovered.
fn quiet(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quiet_tick");
    for systems in [30, 300, 3_000, 30_000, 100_000] {
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

/// Everything belongs to somebody, and everybody is at war: the rules and the delta, without the decisions.
fn busy(criterion: &mut Criterion) {
    const TICKS: u64 = 50;
    let mut group = criterion.benchmark_group("busy_tick");
    for systems in SIZES {
        let start = at_war(systems);
        let expected = at_tick(&start, TICKS);
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
    }
    group.finish();
}

fn at_tick(start: &War, ticks: u64) -> Digest {
    let mut war = start.clone();
    for _ in 0..ticks {
        war.step();
    }
    war.world.digest()
}

/// Ten thousand fleets on ways of 24 lanes through thirty thousand systems.
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

criterion_group!(benches, matches, quiet, busy, marching);
criterion_main!(benches);
