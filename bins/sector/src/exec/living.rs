//! Running programs; all are killed when this process is stopped by a signal.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::OnceLock;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::signal::unix::{SignalKind, signal};

use crate::tool::Error;

/// Running process groups. The lock is held while one is started or reaped.
static LIVING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Starts a program whose process leads a group.
pub(super) fn begin(command: &mut Command) -> io::Result<Child> {
    let mut living = LIVING.lock();
    let child = command.spawn()?;
    living.insert(group(&child).as_raw_nonzero().get());
    Ok(child)
}

/// Whether a program has exited. It is not reaped, so its process id is not reused.
pub(super) fn has_ended(child: &Child) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(group(child)), options), Ok(Some(_)))
}

/// Kills a program's process group and reaps the program.
pub(super) fn end(child: &mut Child) -> io::Result<ExitStatus> {
    let mut living = LIVING.lock();
    _ = kill_process_group(group(child), Signal::KILL);
    let status = child.wait();
    living.remove(&group(child).as_raw_nonzero().get());
    status
}

fn group(child: &Child) -> Pid {
    // Process ids are positive, and init is never a child of this process.
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).unwrap_or(Pid::INIT)
}

/// Makes Ctrl-C, SIGTERM and SIGHUP kill all programs before they end this process.
pub(crate) fn end_with_signals() -> Result<(), Error> {
    static WATCHED: OnceLock<()> = OnceLock::new();
    if WATCHED.set(()).is_err() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate, mut hangup) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        )
    };
    std::thread::spawn(move || {
        let number = runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => 2,
                _ = terminate.recv() => 15,
                _ = hangup.recv() => 1,
            }
        });
        // Locked until the exit, so that no program starts after this.
        let living = LIVING.lock();
        for group in living.iter().filter_map(|group| Pid::from_raw(*group)) {
            _ = kill_process_group(group, Signal::KILL);
        }
        std::process::exit(128 + number);
    });
    Ok(())
}
