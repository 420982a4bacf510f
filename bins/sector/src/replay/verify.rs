//! `sector replay verify`: plays a run again and compares it with its record.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use sector_sim::replay::{Verified, Verifier};

use super::file::{STREAMED_MAX, pieces};
use super::info::result;
use crate::tool::{Error, say, styled_bar};

const BAR: &str = "{bar:40} {bytes} of {total_bytes}, tick {msg}, {eta} left";

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Replay file
    file: PathBuf,
}

pub(crate) fn verify(options: &Options) -> Result<(), Error> {
    let path = &options.file;
    let bar = styled_bar(0, BAR, false);
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
            "{}: the replay is truncated at byte {byte} (uncompressed), after tick {}; it is valid up to there",
            path.display(),
            verified.ticks
        )
        .into()),
    }
}

fn text(verified: &Verified, seconds: f64) -> String {
    let rate = (verified.ticks as f64 / seconds) as u64;
    let mut text = format!(
        "verified  {} ticks with {} orders, at {rate} ticks per second\ndigest    {}",
        verified.ticks, verified.orders, verified.digest
    );
    if let Some(chain) = verified.chain {
        text.push_str(&format!("\nchain     {chain}"));
    }
    let complete = match (verified.truncated_at, verified.complete) {
        (Some(_), _) => "no, it is truncated",
        (None, true) => "yes",
        (None, false) => "unknown: version 1 has no footer, and the run is undecided",
    };
    text.push_str(&format!("\ncomplete  {complete}\nresult    {}", result(verified.result)));
    text
}
