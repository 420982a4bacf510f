//! Many games at once, handed on in the order of their indexes, so that the number of threads shows nowhere.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;

use super::record::Record;
use super::table::{Fresh, Table};
use crate::output::Error;

/// How far a thread may run ahead of the game that is waited for, so that a long one does not let results pile up.
const AHEAD: u64 = 4096;

/// Which games are given out, and how far they have been handed on.
#[derive(Debug)]
struct Progress {
    next: u64,
    done: u64,
    end: u64,
}

/// Plays the games with these indexes on `jobs` threads and hands each on in order. Ends early when `each` fails or
/// says that it has had enough (`false`).
pub(crate) fn play(
    table: &Table,
    games: Range<u64>,
    jobs: usize,
    mut each: impl FnMut(Record) -> Result<bool, Error>,
) -> Result<(), Error> {
    let progress = Mutex::new(Progress { next: games.start, done: games.start, end: games.end });
    let moved = Condvar::new();
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    let (sender, receiver) = mpsc::channel::<(u64, Result<Record, String>)>();
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (sender, lock, moved) = (sender.clone(), &lock, &moved);
            scope.spawn(move || {
                let mut fresh: Fresh = None;
                loop {
                    let mut state = lock();
                    while state.next < state.end && state.next >= state.done + AHEAD {
                        state = moved.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
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
        let mut early: BTreeMap<u64, Result<Record, String>> = BTreeMap::new();
        let mut due = games.start;
        let mut hand_on = |record: Result<Record, String>| each(record?);
        let mut ended = Ok(true);
        'receive: for (game, record) in &receiver {
            early.insert(game, record);
            while let Some(record) = early.remove(&due) {
                due += 1;
                ended = hand_on(record);
                if !matches!(ended, Ok(true)) {
                    break 'receive;
                }
            }
            lock().done = due;
            moved.notify_all();
        }
        // Nobody begins another game.
        lock().end = 0;
        moved.notify_all();
        ended.map(|_| ())
    })
}
