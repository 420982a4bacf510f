//! `sector replay info`: describes a replay without playing it.

use std::path::PathBuf;

use clap::Args;
use sector_auth::Timestamp;
use sector_sim::Digest;
use sector_sim::board::Outcome;
use sector_sim::replay::{Header, Replay, Seat, Sha256};
use sector_sim::snapshot::ResultForm;
use serde::Serialize;

use super::file::read;
use crate::tool::{Error, ending_of, say};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Replay file
    file: PathBuf,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// The description, as JSON.
#[derive(Debug, Serialize)]
struct Info<'a> {
    header: &'a Header,
    ticks: u64,
    orders: u64,
    refused_orders: Option<u64>,
    keyframes: u64,
    states: u64,
    digest: Digest,
    chain: Option<Sha256>,
    complete: bool,
    truncated_at: Option<u64>,
    result: Option<ResultForm>,
    file_bytes: u64,
}

impl<'a> Info<'a> {
    fn of(replay: &'a Replay, file_bytes: u64) -> Info<'a> {
        let header = replay.header();
        let outcomes = replay.ticks().iter().flat_map(|tick| &tick.outcomes);
        Info {
            header,
            ticks: replay.ticks().len() as u64,
            orders: replay.orders(),
            refused_orders: (header.version > 1)
                .then(|| outcomes.filter(|outcome| outcome.is_err()).count() as u64),
            keyframes: replay.keyframes().len() as u64,
            states: replay.keyframes().iter().filter(|keyframe| keyframe.state.is_some()).count()
                as u64,
            digest: replay.ticks().last().map_or(header.digest, |tick| tick.digest),
            chain: replay.chain(),
            complete: replay.footer().is_some(),
            truncated_at: replay.truncated_at(),
            result: replay.footer().and_then(|footer| footer.result).map(ResultForm::from),
            file_bytes,
        }
    }
}

pub(crate) fn info(options: &Options) -> Result<(), Error> {
    let path = &options.file;
    let replay = read(path)?;
    let file_bytes = std::fs::metadata(path).map_or(0, |about| about.len());
    let info = Info::of(&replay, file_bytes);
    if options.json {
        return say(&serde_json::to_string(&info)?);
    }
    say(&text(&info))
}

/// Text from a file, without control characters.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

fn text(info: &Info<'_>) -> String {
    let header = info.header;
    let rules = header.rules.get("name").and_then(serde_json::Value::as_str).unwrap_or("nameless");
    let commit = header
        .commit
        .as_deref()
        .map_or_else(String::new, |commit| format!(", commit {}", shown(commit)));
    let mut lines = vec![
        ("format", format!("{}, version {}", shown(&header.format), header.version)),
        ("engine", format!("{}{commit}", shown(&header.engine))),
        ("rules", format!("{}, of rules version {}", shown(rules), header.rules_version)),
        ("", format!("SHA-256 {}", header.rules_hash)),
        ("universe", shown(&header.universe_id)),
        ("seed", header.seed.to_string()),
        ("size", format!("{} systems, {} factions", header.systems, header.factions)),
        ("started", header.started_ms.map_or("unknown".into(), utc)),
    ];
    if header.seats.is_empty() {
        lines.push(("seats", "unknown".into()));
    }
    for (index, seat) in header.seats.iter().enumerate() {
        lines.push((if index == 0 { "seats" } else { "" }, seated(seat)));
    }
    let refused = info
        .refused_orders
        .map_or_else(String::new, |refused| format!(", {refused} of them refused"));
    let (ticks, bytes) = (info.ticks, info.file_bytes);
    lines.push(("ticks", format!("{ticks}, in a file of {bytes} bytes")));
    lines.push(("orders", format!("{}{refused}", info.orders)));
    if header.version > 1 {
        lines.push((
            "keyframes",
            format!("{}, {} of them with the state", info.keyframes, info.states),
        ));
    }
    lines.push(("digest", info.digest.to_string()));
    if let Some(chain) = info.chain {
        lines.push(("chain", chain.to_string()));
    }
    lines.push(match info.truncated_at {
        Some(byte) => ("complete", format!("no, truncated at byte {byte} (uncompressed)")),
        None if info.complete => ("complete", "yes".into()),
        None => ("complete", "unknown: version 1 has no footer".into()),
    });
    if info.complete {
        lines.push(("result", result(info.result.map(Outcome::from))));
    }
    let lines: Vec<String> =
        lines.into_iter().map(|(name, value)| format!("{name:<9} {value}")).collect();
    lines.join("\n")
}

fn seated(seat: &Seat) -> String {
    let traits = &seat.personality;
    format!(
        "{:<3} {} (aggression {}, expansionism {}, greed {}, caution {})",
        seat.faction.to_string(),
        shown(&seat.player),
        traits.aggression,
        traits.expansionism,
        traits.greed,
        traits.caution
    )
}

/// The winner of a run, such as "F1 by domination in tick 412".
pub(crate) fn result(outcome: Option<Outcome>) -> String {
    ending_of(outcome, outcome.and_then(|outcome| outcome.winner).map(|winner| winner.to_string()))
}

/// Date and time, from milliseconds since the Unix epoch.
fn utc(ms: u64) -> String {
    let text = Timestamp::from_unix_seconds(ms / 1_000).to_string();
    text.replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_dates() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399_000), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_795_345_045_123), "2026-11-22 10:57:25 UTC");
        assert!(!utc(u64::MAX).is_empty());
    }
}
