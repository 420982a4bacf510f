//! Players that are programs of their own: `exec:./my-bot stdio`.
//!
//! Such a player gets a process of its own for every game, in a process group of its own, with a limit on memory, on the
//! time for each answer, and on what it may print. Whatever it does, the game goes on, and what it did wrong is told under
//! its name. The protocol is that of [`sector_client::stdio`], described in `docs/reference/bots-protocol.md`.

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
