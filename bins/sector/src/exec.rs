//! Players that are separate programs: `exec:./my-bot stdio`.
//! Each game starts a new process in a new process group, with limits on memory, answer time and
//! output. A fault of a program never stops the game and is reported under its name. The protocol
//! is [`sector_client::stdio`], described in `docs/reference/bots-protocol.md`.

mod account;
mod child;
pub(crate) mod confine;
mod living;
mod process;
mod program;
mod stderr;

pub(crate) use account::{Account, Fault, FaultKind, Times};
pub(crate) use living::end_with_signals;
pub(crate) use process::{Chair, Process};
pub(crate) use program::{Limits, PREFIX, Program};
