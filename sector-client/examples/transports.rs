//! Which way of following a running sector brings its ticks sooner: `cargo run --example transports -- URL [TICKS]`.
//!
//! Follows it by stream and by long poll at the same time, and says by how much a tick came later by the one than by the
//! other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sector_client::{Client, Transport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8000".to_owned());
    let count: usize = arguments.next().map_or(Ok(200), |count| count.parse())?;
    let client = Client::connect(&url).await?;
    let poll = Transport::LongPoll(Duration::from_secs(10));
    let (streamed, polled) = tokio::join!(follow(&client, Transport::Stream, count), follow(&client, poll, count));
    let (streamed, polled) = (streamed?, polled?);
    let both = streamed.iter().filter_map(|(tick, at)| Some((*at, *polled.get(tick)?)));
    // Microseconds by which the stream was sooner; below zero where it was later.
    let mut sooner: Vec<i128> = both
        .map(|(stream, poll)| match poll.checked_duration_since(stream) {
            Some(later) => later.as_micros() as i128,
            None => -(stream.duration_since(poll).as_micros() as i128),
        })
        .collect();
    sooner.sort_unstable();
    let part = |percent: usize| sooner.get(sooner.len() * percent / 100).copied().unwrap_or_default();
    println!(
        "of {} ticks, by stream sooner than by long poll: 10 % {} µs, median {} µs, 90 % {} µs",
        sooner.len(),
        part(10),
        part(50),
        part(90)
    );
    Ok(())
}

/// When each tick came.
async fn follow(client: &Client, by: Transport, count: usize) -> sector_client::Result<BTreeMap<u64, Instant>> {
    let mut ticks = client.ticks_by(by);
    let mut times = BTreeMap::new();
    // The first is the snapshot.
    ticks.next().await?;
    while times.len() < count {
        let tick = ticks.next().await?;
        times.insert(tick.number(), tick.received);
    }
    Ok(times)
}
