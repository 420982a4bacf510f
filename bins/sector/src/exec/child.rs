//! A running program and its pipes, none of which can block the game.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child as Running, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::program::{Limits, Program};
use super::stderr::Stderr;
use super::{confine, living};

/// Maximum length of a printed line, in bytes. A thousand orders take about 150 kB.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;
/// Number of unread lines before the program blocks.
const LINES_WAITING: usize = 4;
/// Time for a program to exit after the end of the game or of its output.
const LEAVE_TIME: Duration = Duration::from_millis(500);
/// Polling interval while waiting for the exit.
const LEAVE_LOOK: Duration = Duration::from_millis(1);

/// Path of this program, which sets the limits of the other. On Linux the path stays valid even if
/// the file is replaced by a new build.
fn itself() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// Output of a program.
#[derive(Debug)]
pub(super) enum Said {
    /// A line without its line break, and the time of its arrival.
    Line(Vec<u8>, Instant),
    /// A line above the limit.
    TooLong,
    /// No line in time.
    Nothing,
    /// End of the output.
    Ended,
}

/// A running program.
#[derive(Debug)]
pub(super) struct Child {
    running: Option<Running>,
    input: Option<Sender<Arc<[u8]>>>,
    output: Receiver<Said>,
    stderr: Stderr,
}

impl Child {
    /// Starts a program.
    pub(super) fn start(program: &Program, limits: &Limits) -> io::Result<Child> {
        let mut command = Command::new(itself()?);
        command
            .args(confine::arguments(limits.memory_mb << 20, program.words()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut running = living::begin(&mut command)?;
        let pipes = (running.stdin.take(), running.stdout.take(), running.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            _ = living::end(&mut running);
            return Err(io::Error::other("the program has no pipes"));
        };
        Ok(Child {
            running: Some(running),
            input: Some(write_all(stdin)),
            output: read_lines(stdout),
            stderr: Stderr::read(stderr),
        })
    }

    /// Queues a line, line break included. Errors show as missing answers.
    pub(super) fn tell(&self, line: Arc<[u8]>) {
        if let Some(input) = &self.input {
            _ = input.send(line);
        }
    }

    /// Waits for its next output until an instant.
    pub(super) fn listen(&self, until: Instant) -> Said {
        match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(said) => said,
            Err(RecvTimeoutError::Timeout) => Said::Nothing,
            Err(RecvTimeoutError::Disconnected) => Said::Ended,
        }
    }

    /// Closes its input, waits for its exit, then kills it. Returns its status, if it exited by
    /// itself, and its last words.
    pub(super) fn leave(&mut self) -> (Option<ExitStatus>, Option<String>) {
        self.input = None;
        let until = Instant::now() + LEAVE_TIME;
        let Some(mut running) = self.running.take() else { return (None, None) };
        // Keep draining the pipe so the child does not block on it.
        while !living::has_ended(&running) && Instant::now() < until {
            while self.output.try_recv().is_ok() {}
            thread::sleep(LEAVE_LOOK);
        }
        let by_itself = living::has_ended(&running);
        let status = living::end(&mut running).ok().filter(|_| by_itself);
        self.stderr.wait(LEAVE_TIME);
        (status, self.stderr.last_words())
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        self.input = None;
        if let Some(mut running) = self.running.take() {
            _ = living::end(&mut running);
            self.stderr.wait(LEAVE_TIME);
        }
    }

    /// Its standard error.
    pub(super) fn stderr(&self) -> Vec<u8> {
        self.stderr.kept()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Describes the end of a program.
pub(super) fn ending(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("ended with exit code {code}"),
        Some((None, Some(signal))) => format!("ended by signal {signal}"),
        _ => "closed its output".to_owned(),
    }
}

/// Writes queued lines on a separate thread, so that only it blocks if the program does not read.
fn write_all(mut into: impl Write + Send + 'static) -> Sender<Arc<[u8]>> {
    let (sender, lines) = channel::<Arc<[u8]>>();
    thread::spawn(move || {
        for line in lines {
            if into.write_all(&line).and_then(|()| into.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

/// Reads lines on a separate thread, which blocks while the queue is full.
fn read_lines(from: impl Read + Send + 'static) -> Receiver<Said> {
    let (sender, lines) = sync_channel(LINES_WAITING);
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        loop {
            let mut line = Vec::new();
            let read = from.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line);
            let is_whole = line.last() == Some(&b'\n');
            let said = match read {
                Ok(0) | Err(_) => return,
                Ok(_) if is_whole => {
                    line.pop();
                    Said::Line(line, Instant::now())
                }
                Ok(_) if line.len() > LINE_BYTES_MAX => Said::TooLong,
                // The output ended within a line.
                Ok(_) => Said::Line(line, Instant::now()),
            };
            let is_last = matches!(said, Said::TooLong);
            if sender.send(said).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: Vec<u8>) -> Vec<Said> {
        read_lines(io::Cursor::new(bytes)).into_iter().collect()
    }

    #[test]
    fn lines_are_cut_and_limited() {
        let lines = said(b"one\n\ntwo".to_vec());
        let texts: Vec<&[u8]> = lines
            .iter()
            .map(|said| match said {
                Said::Line(line, _) => line.as_slice(),
                _ => panic!("{said:?}"),
            })
            .collect();
        assert_eq!(texts, [b"one".as_slice(), b"", b"two"]);
        let longest = vec![b'x'; LINE_BYTES_MAX];
        assert!(matches!(said([longest.as_slice(), b"\n"].concat()).as_slice(), [Said::Line(..)]));
        assert!(matches!(said(vec![b'x'; 3 * LINE_BYTES_MAX]).as_slice(), [Said::TooLong]));
    }
}
