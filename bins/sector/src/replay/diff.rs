//! `sector replay diff`: compares two replays without playing them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use sector_sim::Order;
use sector_sim::replay::{Header, OrderOutcome, Replay, Tick};
use serde_json::Value;

use super::file::read;
use super::info::{result, shown};
use crate::tool::{Error, say};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// First replay
    left: PathBuf,
    /// Second replay
    right: PathBuf,
    /// Maximum lines per kind of difference
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

pub(crate) fn diff(options: &Options) -> Result<(), Error> {
    let (left, right) = (read(&options.left)?, read(&options.right)?);
    let lines = lines(&left, &right, options.limit);
    if lines.is_empty() {
        return say(&format!(
            "the replays are equal: {} ticks, {} orders",
            left.ticks().len(),
            left.orders()
        ));
    }
    say(&lines.join("\n"))
}

fn lines(left: &Replay, right: &Replay, limit: usize) -> Vec<String> {
    let mut lines = some(header_differences(left.header(), right.header()), limit);
    let (one, other) = (left.ticks(), right.ticks());
    if one.len() != other.len() {
        lines.push(format!("ticks: {} vs {}", one.len(), other.len()));
    }
    let both = || one.iter().zip(other);
    lines.extend(kind(
        "orders",
        both().filter(|(one, other)| one.orders != other.orders).map(|(one, _)| one.tick),
    ));
    let orders = both().flat_map(|(one, other)| order_differences(one, other)).collect();
    lines.extend(some(orders, limit));
    let has_outcomes = left.header().version > 1 && right.header().version > 1;
    let other_outcomes = |(one, other): &(&Tick, &Tick)| {
        one.orders == other.orders && one.outcomes != other.outcomes
    };
    if has_outcomes {
        lines.extend(kind(
            "outcomes of the same orders",
            both().filter(other_outcomes).map(|(one, _)| one.tick),
        ));
        let outcomes = both()
            .filter(other_outcomes)
            .flat_map(|(one, other)| outcome_differences(one, other))
            .collect();
        lines.extend(some(outcomes, limit));
    }
    lines.extend(kind(
        "digests",
        both().filter(|(one, other)| one.digest != other.digest).map(|(one, _)| one.tick),
    ));
    let end = |replay: &Replay| match (replay.footer(), replay.truncated_at()) {
        (Some(footer), _) => result(footer.result),
        (None, Some(byte)) => format!("unknown, truncated at byte {byte} (uncompressed)"),
        (None, None) => "unknown, version 1 has no footer".to_owned(),
    };
    if end(left) != end(right) {
        lines.push(format!("result: {} vs {}", end(left), end(right)));
    }
    if lines.is_empty() && left != right {
        lines.push("keyframes: different ticks or states".to_owned());
    }
    lines
}

/// Shortens a list to `limit` lines and the number of the others.
pub(crate) fn some(mut lines: Vec<String>, limit: usize) -> Vec<String> {
    if lines.len() > limit {
        let more = lines.len() - limit;
        lines.truncate(limit);
        lines.push(format!("  ... and {more} more"));
    }
    lines
}

fn kind(what: &str, ticks: impl Iterator<Item = u64>) -> Option<String> {
    let ticks: Vec<u64> = ticks.collect();
    let first = ticks.first()?;
    let plural = if ticks.len() == 1 { "" } else { "s" };
    Some(format!("{what}: differ in {} tick{plural}, first in tick {first}", ticks.len()))
}

/// Different fields of two headers.
pub(crate) fn header_differences(left: &Header, right: &Header) -> Vec<String> {
    let fields = |header: &Header| {
        let mut fields = BTreeMap::new();
        flatten("header", &serde_json::to_value(header).unwrap_or_default(), &mut fields);
        fields
    };
    let (left, right) = (fields(left), fields(right));
    let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let side =
        |value: Option<&String>| value.map_or("absent".to_owned(), |value| shown_json(value));
    let differ = names.into_iter().filter(|name| left.get(*name) != right.get(*name));
    differ
        .map(|name| {
            format!("{}: {} vs {}", shown(name), side(left.get(name)), side(right.get(name)))
        })
        .collect()
}

fn flatten(path: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            object
                .iter()
                .for_each(|(name, value)| flatten(&format!("{path} {name}"), value, fields));
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| flatten(&format!("{path} {index}"), value, fields));
        }
        plain => {
            fields.insert(path.to_owned(), plain.to_string());
        }
    }
}

/// JSON without control characters, and with plain quotes.
pub(crate) fn shown_json(text: &str) -> String {
    shown(text).replace("\\\"", "\"").replace("\\\\", "\\")
}

fn json(order: &Order) -> String {
    shown_json(&serde_json::to_string(order).unwrap_or_default())
}

/// Orders in only one of two ticks.
pub(crate) fn order_differences(left: &Tick, right: &Tick) -> Vec<String> {
    if left.orders == right.orders {
        return Vec::new();
    }
    let mut only_right: Vec<&Order> = right.orders.iter().collect();
    let mut only_left: Vec<&Order> = Vec::new();
    for order in &left.orders {
        match only_right.iter().position(|other| *other == order) {
            Some(found) => {
                only_right.remove(found);
            }
            None => only_left.push(order),
        }
    }
    if only_left.is_empty() && only_right.is_empty() {
        return vec![format!("  tick {}: the same orders in another sequence", left.tick)];
    }
    let line =
        |mark: char| move |order: &Order| format!("  tick {} {mark} {}", left.tick, json(order));
    only_left.into_iter().map(line('-')).chain(only_right.into_iter().map(line('+'))).collect()
}

fn outcome_differences(left: &Tick, right: &Tick) -> Vec<String> {
    let text = |outcome: &OrderOutcome| match outcome {
        Ok(None) => "accepted".to_owned(),
        Ok(Some(fleet)) => format!("accepted, fleet {fleet}"),
        Err(refusal) => format!("refused, {}", refusal.sentence()),
    };
    let pairs = left.outcomes.iter().zip(&right.outcomes).zip(&left.orders);
    let differ = pairs.filter(|((one, other), _)| one != other);
    let line = |((one, other), order): ((&OrderOutcome, &OrderOutcome), &Order)| {
        format!("  tick {} {}: {} vs {}", left.tick, json(order), text(one), text(other))
    };
    differ.map(line).collect()
}
