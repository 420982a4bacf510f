//! `sector bot`: from nothing to a bot that plays.

mod build;
mod check;
mod new;
mod play;
mod run;

use clap::Subcommand;

use crate::output::Error;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a bot: a crate with a strategy, a program, a test and a README
    New(new::Options),
    /// Play a faction of a running sector with a bot
    Run(run::Options),
    /// Play a bot against others in memory, and say how it does
    Play(play::Options),
    /// Look at a bot before it plays: crashes, times, refused orders, and whether it decides alike twice
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
