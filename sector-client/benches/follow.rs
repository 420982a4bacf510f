//! What it costs to follow a sector: the stream's bytes become ticks of a mirror, beside
//! `serde_json` alone reading the same text into the same types, in the fastest way that it has:
//! from text that was found to be UTF-8 as a whole.
//!
//! Both sides find the caches alike: before each round, which is timed by itself, a mirror is
//! copied for either.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sector_client::sse::Decoder;
use sector_client::{Entry, Message};
use sector_sim::world::Size;
use sector_sim::{Delta, Game, Mirror, Rules, Snapshot, Universe, World, strategy};
use serde::Deserialize;

/// Ticks that are played before, so that the sector is in full swing.
const BEFORE: u64 = 400;
/// Ticks that are followed.
const TICKS: u64 = 100;
/// The pieces in which the bytes come, as from a socket.
const PIECE: usize = 16 << 10;

/// A delta's entry, as `serde_json` reads it by itself.
#[derive(Deserialize)]
struct Plain {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Delta,
}

/// Some ticks of a sector, as text and as the stream that carries it.
struct Recording {
    mirror: Mirror,
    texts: Vec<Vec<u8>>,
    stream: Vec<u8>,
    last: World,
}

fn record(systems: u32) -> Recording {
    let mut rules = Rules::classic();
    rules.victory.tick_limit = 10_000_000;
    rules.victory.domination_value = 1000;
    let world = World::with_size(rules.clone().into(), 7, Size { systems, factions: 5 }).unwrap();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| {
            strategy::by_name("classic", rules.personality(faction.index())).unwrap()
        }),
    );
    game.play(BEFORE);
    let universe = Universe { id: "u-bench".into(), tick_delay_ms: 300, rules: "classic".into() };
    let world = game.world();
    let mirror =
        Mirror::new(&Snapshot::of(&universe, world.map(), world.board(), world.digest())).unwrap();
    let (mut texts, mut stream) = (Vec::new(), Vec::new());
    for number in 0..TICKS {
        game.step();
        let world = game.world();
        let delta = Delta::of(&universe.id, world).narrated(world.map(), world.board());
        let mut text = format!(r#"{{"id":"{}-0","type":"delta","data":"#, number + 1).into_bytes();
        delta.write_json(&mut text);
        text.push(b'}');
        stream.extend_from_slice(b"data: ");
        stream.extend_from_slice(&text);
        stream.extend_from_slice(format!("\nid: {}-0.00c0ffee00c0ffee\n\n", number + 1).as_bytes());
        texts.push(text);
    }
    Recording { mirror, texts, stream, last: game.into_parts().0 }
}

/// What `serde_json` does by itself.
fn parse(texts: &[Vec<u8>]) {
    for text in texts {
        let plain: Plain = serde_json::from_str(std::str::from_utf8(text).unwrap()).unwrap();
        assert!(!plain.id.is_empty() && plain.kind == "delta" && plain.data.tick > BEFORE);
    }
}

/// What [`sector_client::Ticks`] does with the bytes of a stream.
fn follow(mirror: &mut Mirror, stream: &[u8]) -> u64 {
    let (mut decoder, mut ticks) = (Decoder::default(), 0);
    for piece in stream.chunks(PIECE) {
        decoder.push(piece).unwrap();
        while let Some(event) = decoder.next_event() {
            let entry = Entry::from_json(&event.data).unwrap();
            if let Message::Delta(delta) = entry.message {
                mirror.take(*delta).unwrap();
                ticks += 1;
            }
        }
    }
    ticks
}

fn following(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("follow");
    group.sample_size(30);
    for systems in [30, 300, 3_000] {
        let recording = record(systems);
        let mut mirror = recording.mirror.clone();
        assert_eq!(follow(&mut mirror, &recording.stream), TICKS);
        assert!(mirror.digest() == recording.last.digest() && mirror.is_exact());
        group.throughput(Throughput::Elements(TICKS));
        group.bench_function(BenchmarkId::new("parse", systems), |bencher| {
            bencher.iter_batched_ref(
                || recording.mirror.clone(),
                |_| parse(&recording.texts),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("stream_and_mirror", systems), |bencher| {
            bencher.iter_batched_ref(
                || recording.mirror.clone(),
                |mirror| assert_eq!(follow(mirror, &recording.stream), TICKS),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, following);
criterion_main!(benches);
