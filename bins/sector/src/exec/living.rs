//! Programs that are running: nobody is left behind when this process is told to end.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::signal::unix::{SignalKind, signal};

use crate::output::Error;

/// The process groups that are running. While it is locked none begins, and none is waited for.
static LIVING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn living() -> MutexGuard<'static, BTreeSet<i32>> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program whose process leads a group.
pub(super) fn begin(command: &mut Command) -> io::Result<Child> {
    let mut living = living();
    let child = command.spawn()?;
    living.insert(group(&child).as_raw_nonzero().get());
    Ok(child)
}

/// Whether a program has ended by itself. It stays on the system's list, so that nobody else gets its id meanwhile.
pub(super) fn has_ended(child: &Child) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(group(child)), options), Ok(Some(_)))
}

/// Ends a program, with everything that it has started and not moved away, and takes it off the system's list.
pub(super) fn end(child: &mut Child) -> io::Result<ExitStatus> {
    let mut living = living();
    _ = kill_process_group(group(child), Signal::KILL);
    let status = child.wait();
    living.remove(&group(child).as_raw_nonzero().get());
    status
}

fn group(child: &Child) -> Pid {
    // Ids of processes are above zero; init is never anybody's child here.
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).unwrap_or(Pid::INIT)
}

/// From now on Ctrl-C, SIGTERM and SIGHUP end all programs, and then this process, as they would have without programs.
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
        // Locked until the end: none begins after this.
        let living = living();
        for group in living.iter().filter_map(|group| Pid::from_raw(*group)) {
            _ = kill_process_group(group, Signal::KILL);
        }
        std::process::exit(128 + number);
    });
    Ok(())
}
