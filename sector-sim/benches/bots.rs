//! Time for five computer players to decide on their orders, in a tick of war. Throughput is in
//! systems, lanes and fleets seen.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod worlds;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use worlds::{SIZES, War, at_war};

/// Number of ticks of war to measure before starting over.
const TICKS: u64 = 100;

fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("five_classic_decide");
    for systems in SIZES {
        let start = at_war(systems);
        let (map, board) = (start.world.map(), start.world.board());
        let elements = map.len() + map.lanes().len() + board.fleets().len();
        group.throughput(Throughput::Elements(elements as u64));
        if systems >= 3_000 {
            group.sample_size(10);
        }
        let expected = given(&start);
        assert!(expected > 20, "{expected} orders");
        group.bench_with_input(BenchmarkId::from_parameter(systems), &start, |bencher, start| {
            bencher.iter_custom(|ticks| {
                let (mut spent, mut war, mut orders) = (Duration::ZERO, start.clone(), 0);
                for tick in 0..ticks {
                    let begin = Instant::now();
                    orders += war.decide();
                    spent += begin.elapsed();
                    war.step_decided();
                    if tick % TICKS == TICKS - 1 {
                        assert_eq!(orders, expected);
                        (war, orders) = (start.clone(), 0);
                    }
                }
                spent
            });
        });
    }
    group.finish();
}

/// Number of orders given in these ticks.
fn given(start: &War) -> usize {
    let mut war = start.clone();
    (0..TICKS)
        .map(|_| {
            let orders = war.decide();
            war.step_decided();
            orders
        })
        .sum()
}

criterion_group!(benches, decide);
criterion_main!(benches);
