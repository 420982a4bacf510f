//! Plays games on several threads and delivers them in order, so the result does not depend on the
//! number of threads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;

use parking_lot::{Condvar, Mutex};

use super::record::Record;
use super::table::{Fresh, Table};
use crate::tool::Error;

/// How far threads may run ahead of the oldest unfinished game, so that results don't pile up
/// behind a long one.
const AHEAD: u64 = 4096;

/// Next game to play, number of games delivered, and end of the range.
#[derive(Debug)]
struct Progress {
    next: u64,
    done: u64,
    end: u64,
}

/// Plays the games with these indexes on `jobs` threads and calls `each` in order. Stops early when
/// `each` fails or returns false.
pub(crate) fn play(
    table: &Table,
    games: Range<u64>,
    jobs: usize,
    mut each: impl FnMut(Record) -> Result<bool, Error>,
) -> Result<(), Error> {
    let progress = Mutex::new(Progress { next: games.start, done: games.start, end: games.end });
    let moved = Condvar::new();
    let (sender, receiver) = mpsc::channel::<(u64, Result<Record, Error>)>();
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (sender, progress, moved) = (sender.clone(), &progress, &moved);
            scope.spawn(move || {
                let mut fresh: Fresh = None;
                loop {
                    let mut state = progress.lock();
                    moved.wait_while(&mut state, |state| {
                        state.next < state.end && state.next >= state.done + AHEAD
                    });
                    if state.next >= state.end {
                        return;
                    }
                    let game = state.next;
                    state.next += 1;
                    drop(state);
                    if sender.send((game, table.play(game, &mut fresh))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = games.start;
        let mut ended = Ok(true);
        'receive: for (game, record) in &receiver {
            early.insert(game, record);
            while let Some(record) = early.remove(&due) {
                due += 1;
                ended = record.and_then(&mut each);
                if !matches!(ended, Ok(true)) {
                    break 'receive;
                }
            }
            progress.lock().done = due;
            moved.notify_all();
        }
        // Start no further games.
        progress.lock().end = 0;
        moved.notify_all();
        ended.map(|_| ())
    })
}
