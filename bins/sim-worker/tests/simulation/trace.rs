//! Everything that happens, in order: two runs of a seed are the same when their traces are.

use std::fmt;
use std::sync::Mutex;

use tokio::time::Instant;

/// A line for each thing that happens: hashed, and as text for debugging.
pub(crate) struct Trace {
    hash: Mutex<u64>,
    is_shown: bool,
    start: Instant,
}

impl Trace {
    pub(crate) fn new(is_shown: bool) -> Self {
        Self { hash: Mutex::new(0xcbf2_9ce4_8422_2325), is_shown, start: Instant::now() }
    }

    pub(crate) fn note(&self, line: fmt::Arguments<'_>) {
        let line = format!("{:>6} {line}", self.start.elapsed().as_millis());
        let mut hash = self.hash.lock().unwrap();
        // FNV-1a.
        for byte in line.bytes() {
            *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.is_shown {
            println!("{line}");
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        *self.hash.lock().unwrap()
    }
}
