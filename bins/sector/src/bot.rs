//! `sector bot`: creates, runs and checks bots.

mod build;
mod check;
mod new;
mod play;
mod run;

use clap::Subcommand;

use crate::tool::Error;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a bot: a crate with a strategy, a program, a test and a README
    New(new::Options),
    /// Play a faction of a running sector with a bot
    Run(run::Options),
    /// Play a bot against others in memory and print the results
    Play(play::Options),
    /// Check a bot: crashes, times, refused orders, and whether it is deterministic
    Check(check::Options),
}

pub(crate) fn bot(command: &Command) -> Result<(), Error> {
    match command {
        Command::New(options) => new::new(options),
        Command::Run(options) => run::run(options),
        Command::Play(options) => play::play(options),
        Command::Check(options) => check::check(options),
    }
}
