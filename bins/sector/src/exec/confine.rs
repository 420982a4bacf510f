//! Sets the limits of a program, then becomes that program.
//! A hidden command of this program: without `unsafe`, a process can only limit itself, and only
//! before it becomes the other program.

use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Args;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::tool::Error;

/// The name of the hidden command.
pub(crate) const NAME: &str = "confine";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Maximum address space, in bytes
    #[arg(long)]
    memory_bytes: u64,
    /// The process that started this one
    #[arg(long)]
    parent: u32,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    words: Vec<String>,
}

/// The arguments for this command.
pub(super) fn arguments(memory_bytes: u64, words: &[String]) -> Vec<String> {
    let (memory, parent) = (memory_bytes.to_string(), std::process::id().to_string());
    let options = [NAME, "--memory-bytes", &memory, "--parent", &parent, "--"];
    options.into_iter().map(str::to_owned).chain(words.iter().cloned()).collect()
}

/// Becomes the program; returns only on errors.
pub(crate) fn confine(options: &Options) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        // If the arena is killed, its programs end too.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid()
            .is_none_or(|parent| parent.as_raw_nonzero().get().unsigned_abs() != options.parent)
        {
            return Err("the arena has exited".into());
        }
    }
    let limit = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, limit(options.memory_bytes))?;
    setrlimit(Resource::Core, limit(0))?;
    let Some((program, arguments)) = options.words.split_first() else {
        return Err("there is no program".into());
    };
    let error = Command::new(program).args(arguments).exec();
    Err(format!("{program} cannot be run: {error}").into())
}
