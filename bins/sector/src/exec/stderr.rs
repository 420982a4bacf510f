//! A program's standard error: the start is stored, the end explains a crash.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

/// Stored bytes, from the start.
const KEPT_BYTES: usize = 256 << 10;
/// Bytes at the end that are searched for the cause of a crash; enough for a long backtrace.
const END_BYTES: usize = 16 << 10;
/// Maximum length of the last words, in characters.
const SENTENCE_CHARS: usize = 200;

#[derive(Debug, Default)]
struct Text {
    beginning: Vec<u8>,
    end: VecDeque<u8>,
    bytes: u64,
}

/// Reads a program's standard error.
#[derive(Debug)]
pub(super) struct Stderr {
    text: Arc<Mutex<Text>>,
    done: Receiver<()>,
}

impl Stderr {
    /// Reads to the end, on a separate thread.
    pub(super) fn read(mut from: impl Read + Send + 'static) -> Stderr {
        let text = Arc::new(Mutex::new(Text::default()));
        let (sender, done) = channel();
        let into = text.clone();
        thread::spawn(move || {
            let mut piece = [0; 8 << 10];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                let piece = piece.get(..length).unwrap_or_default();
                let mut text = into.lock();
                text.bytes += length as u64;
                let room = KEPT_BYTES.saturating_sub(text.beginning.len()).min(length);
                text.beginning.extend_from_slice(piece.get(..room).unwrap_or_default());
                text.end.extend(piece);
                let beyond = text.end.len().saturating_sub(END_BYTES);
                text.end.drain(..beyond);
            }
            drop(sender);
        });
        Stderr { text, done }
    }

    /// Waits for the end, at most this long: a child of the program can keep the pipe open.
    pub(super) fn wait(&self, most: Duration) {
        // Returns when the sender is dropped.
        _ = self.done.recv_timeout(most);
    }

    /// The stored bytes, and a note if there were more.
    pub(super) fn kept(&self) -> Vec<u8> {
        let text = self.text.lock();
        let mut kept = text.beginning.clone();
        if text.bytes > kept.len() as u64 {
            kept.extend_from_slice(
                format!("\n[{} bytes in all; the rest was dropped]\n", text.bytes).as_bytes(),
            );
        }
        kept
    }

    /// The last line about memory, else the last panic, else the last line.
    pub(super) fn last_words(&self) -> Option<String> {
        let end: Vec<u8> = self.text.lock().end.iter().copied().collect();
        last_words(&String::from_utf8_lossy(&end))
    }
}

fn last_words(end: &str) -> Option<String> {
    let lines: Vec<&str> = end.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let memory = lines.iter().rfind(|line| speaks_of_memory(line));
    let panic = lines.iter().rposition(|line| line.contains("panicked at "));
    let said = match (memory, panic) {
        (Some(memory), _) => (*memory).to_owned(),
        (None, Some(panic)) => {
            lines.iter().skip(panic).take(2).copied().collect::<Vec<_>>().join(" ")
        }
        (None, None) => (*lines.last()?).to_owned(),
    };
    let clean = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    Some(clean.take(SENTENCE_CHARS).collect())
}

/// Whether these words report a lack of memory.
pub(super) fn speaks_of_memory(words: &str) -> bool {
    let words = words.to_lowercase();
    [
        "memory allocation of",
        "memoryerror",
        "cannot allocate memory",
        "out of memory",
        "bad_alloc",
        "outofmemory",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_those_of_the_panic_or_the_last_line() {
        let panic = "begin\n\nthread 'main' (7) panicked at src/main.rs:3:5:\nindex out of bounds\nnote: run with x\n";
        assert_eq!(
            last_words(panic).unwrap(),
            "thread 'main' (7) panicked at src/main.rs:3:5: index out of bounds"
        );
        assert_eq!(
            last_words("Traceback:\n  x\nValueError: \x1bno\n\n").unwrap(),
            "ValueError:  no"
        );
        let memory = "memory allocation of 99 bytes failed\nstack backtrace:\n   0: main\n";
        assert_eq!(last_words(memory).unwrap(), "memory allocation of 99 bytes failed");
        assert_eq!(last_words("\n \n"), None);
        assert!(
            speaks_of_memory("memory allocation of 999 bytes failed")
                && speaks_of_memory("MemoryError")
        );
        assert!(!speaks_of_memory("ValueError: no"));
    }

    #[test]
    fn the_beginning_is_kept_and_all_of_it_is_read() {
        let long = b"all work and no play\n".repeat(100_000);
        let stderr = Stderr::read(std::io::Cursor::new(long.clone()));
        stderr.wait(Duration::from_secs(20));
        let kept = stderr.kept();
        assert!(kept.starts_with(&long[..KEPT_BYTES]));
        assert!(kept.ends_with(b"\n[2100000 bytes in all; the rest was dropped]\n"));
        assert_eq!(stderr.last_words().unwrap(), "all work and no play");
    }
}
