//! Replay files, binary or lines of JSON. Reading byte by byte gives the same result as reading all
//! at once, and a valid replay can be played or fails with a reason.
#![no_main]

use std::mem::discriminant;

use libfuzzer_sys::fuzz_target;
use sector_sim::replay::{Collector, Replay, verify};

fuzz_target!(|bytes: &[u8]| {
    let whole = Replay::parse(bytes);
    let mut collector = Collector::default();
    let mut fed = Ok(());
    for piece in bytes.chunks(7) {
        fed = collector.push(piece);
        if fed.is_err() {
            break;
        }
    }
    let pieces = fed.and_then(|()| collector.finish());
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        // In pieces, fewer of the unrecognised first bytes may be shown.
        (Err(whole), Err(pieces)) => assert_eq!(discriminant(whole), discriminant(pieces), "{whole}; {pieces}"),
        _ => panic!("at once: {whole:?}; in pieces: {pieces:?}"),
    }
    let Ok(replay) = whole else { return };
    // Large sectors only take longer.
    let attempts = replay.header().rules.pointer("/map/home_attempts").and_then(|attempts| attempts.as_u64());
    if replay.header().systems > 60 || attempts.is_none_or(|attempts| attempts > 64) || replay.ticks().len() > 300 {
        return;
    }
    if let Ok(mut playback) = replay.play() {
        while let Ok(Some(_)) = playback.next_tick() {}
    }
    let _ = verify(bytes);
});
