//! `sector replay verify`: a run played again and compared with its record.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sector_sim::replay::{Verified, Verifier};

use super::file::{STREAMED_MAX, pieces};
use super::info::result;
use crate::output::{Error, say};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Replay file
    file: PathBuf,
}

pub(crate) fn verify(options: &Options) -> Result<(), Error> {
    let path = &options.file;
    let bar = progress_bar();
    let mut verifier = Verifier::default();
    let started = Instant::now();
    let read = pieces(path, STREAMED_MAX, &bar, |piece| {
        let done = verifier.push(piece);
        bar.set_message(verifier.ticks().to_string());
        done
    });
    bar.finish_and_clear();
    read?;
    let verified = verifier.finish().map_err(|error| format!("{}: {error}", path.display()))?;
    let seconds = started.elapsed().as_secs_f64().max(1e-9);
    say(&text(&verified, seconds))?;
    match verified.truncated_at {
        None => Ok(()),
        Some(byte) => Err(format!(
            "{}: the replay breaks off at byte {byte} of its plain form, after tick {}; up to there it verifies",
            path.display(),
            verified.ticks
        )
        .into()),
    }
}

fn text(verified: &Verified, seconds: f64) -> String {
    let rate = (verified.ticks as f64 / seconds) as u64;
    let mut text = format!(
        "verified  {} ticks with {} orders, at {rate} ticks a second\ndigest    {}",
        verified.ticks, verified.orders, verified.digest
    );
    if let Some(chain) = verified.chain {
        text.push_str(&format!("\nchain     {chain}"));
    }
    let complete = match (verified.truncated_at, verified.complete) {
        (Some(_), _) => "no, it breaks off",
        (None, true) => "yes",
        (None, false) => {
            "unknown: version 1 has no footer, and the run goes on after the last tick"
        }
    };
    text.push_str(&format!("\ncomplete  {complete}\nresult    {}", result(verified.result)));
    text
}

fn progress_bar() -> ProgressBar {
    // On a terminal alone; indicatif sees to that.
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, tick {msg}, {eta} left")
    {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
