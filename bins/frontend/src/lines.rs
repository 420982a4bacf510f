//! Events as English text, one per line: `tick 412  The … takes …`.

use std::collections::VecDeque;
use std::fmt::Write;

use bytes::Bytes;
use follow::{Entry, EntryKind, Frame};
use parking_lot::Mutex;
use sector_redis::{Incarnation, StreamId};
use serde::Deserialize;

/// Number of rendered entries kept for other readers.
const KEPT: usize = 64;

/// Renders each entry once for all readers that keep up.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    kept: Mutex<VecDeque<(Incarnation, StreamId, Bytes)>>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Ticked {
    tick: u64,
    events: Vec<Kind>,
    texts: Vec<String>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    name: String,
}

impl Kind {
    /// Whether the event is public news. Order outcomes only matter to their sender.
    fn is_public(&self) -> bool {
        !self.name.starts_with("order_")
    }
}

#[derive(Deserialize)]
struct Begun {
    universe_id: String,
    tick: u64,
    generator_seed: u64,
}

#[derive(Deserialize)]
struct Ended {
    tick: u64,
    /// `None` when no universe follows, as after a recorded run.
    next_universe_in_ms: Option<u64>,
}

impl Lines {
    /// The text of an entry; empty if it has none.
    pub(crate) fn of(&self, entry: &Entry) -> Bytes {
        // Held while rendering, so a second reader waits instead of rendering again.
        let mut kept = self.kept.lock();
        let is_same = |(incarnation, id, _): &&(_, _, _)| {
            (*incarnation, *id) == (entry.incarnation, entry.id)
        };
        if let Some((.., lines)) = kept.iter().find(is_same) {
            return lines.clone();
        }
        let lines = match render(entry) {
            Ok(lines) => Bytes::from(lines),
            Err(error) => {
                tracing::warn!(id = %entry.id, kind = ?entry.kind, %error, "cannot render entry");
                Bytes::new()
            }
        };
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((entry.incarnation, entry.id, lines.clone()));
        lines
    }
}

fn render(entry: &Entry) -> Result<String, serde_json::Error> {
    let mut lines = String::new();
    match entry.kind {
        EntryKind::Delta => {
            let Envelope { data: Ticked { tick, events, texts } } =
                serde_json::from_slice(&entry.json)?;
            let is_public = |index| events.get(index).is_none_or(Kind::is_public);
            let public = texts.iter().enumerate().filter(|(index, _)| is_public(*index));
            public.for_each(|(_, text)| line(&mut lines, tick, text));
        }
        EntryKind::Snapshot => {
            let Envelope { data: Begun { universe_id, tick, generator_seed } } =
                serde_json::from_slice(&entry.json)?;
            line(
                &mut lines,
                tick,
                &format!("A new universe begins: {universe_id}, from the seed {generator_seed}."),
            );
        }
        EntryKind::RunEnd => {
            let Envelope { data: Ended { tick, next_universe_in_ms } } =
                serde_json::from_slice(&entry.json)?;
            let next = next_universe_in_ms
                .map(|ms| format!("; the next universe begins in {} s", ms.div_ceil(1_000)));
            line(&mut lines, tick, &format!("The run is over{}.", next.unwrap_or_default()));
        }
        EntryKind::Other => {}
    }
    Ok(lines)
}

/// The latest notable events before the frame.
pub(crate) fn history(frame: &Frame) -> Bytes {
    let mut lines = String::new();
    for (tick, event) in frame.board().history() {
        line(&mut lines, tick, &sector_sim::event::narrate(frame.map(), frame.board(), event));
    }
    lines.into()
}

/// The line for a reader that was too slow.
pub(crate) fn gap(frame: &Frame) -> Bytes {
    let mut lines = String::new();
    line(&mut lines, frame.tick(), "(You fell behind; earlier ticks are left out.)");
    lines.into()
}

fn line(lines: &mut String, tick: u64, text: &str) {
    // Writing to a string does not fail.
    let _ = write!(lines, "tick {tick}  ");
    // Names and reasons come from players, and a terminal would obey control characters.
    lines
        .extend(text.chars().map(|character| if character.is_control() { ' ' } else { character }));
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, kind: EntryKind, data: &str) -> Entry {
        let id = StreamId::new(id);
        Entry {
            id,
            incarnation: Incarnation::new(1),
            kind,
            tick: None,
            received: follow::Moment::now(),
            json: format!(r#"{{"id":"{id}","type":"…","data":{data}}}"#).into(),
        }
    }

    #[test]
    fn each_kind_of_entry_is_rendered_once() {
        let lines = Lines::default();
        let delta = entry(
            7,
            EntryKind::Delta,
            r#"{"tick":3,"events":[{"type":"arrived"},{"type":"order_applied"},{"type":"eliminated"}],"texts":["One.","An order.","Two\u001b[2J\n."]}"#,
        );
        let told = lines.of(&delta);
        assert_eq!(&told[..], b"tick 3  One.\ntick 3  Two [2J .\n");
        assert_eq!(lines.of(&delta).as_ptr(), told.as_ptr());
        let snapshot =
            entry(8, EntryKind::Snapshot, r#"{"universe_id":"u-1","tick":0,"generator_seed":7}"#);
        assert_eq!(
            &lines.of(&snapshot)[..],
            b"tick 0  A new universe begins: u-1, from the seed 7.\n"
        );
        let end = entry(9, EntryKind::RunEnd, r#"{"tick":4,"next_universe_in_ms":14001}"#);
        assert_eq!(
            &lines.of(&end)[..],
            b"tick 4  The run is over; the next universe begins in 15 s.\n"
        );
        let last = entry(8, EntryKind::RunEnd, r#"{"tick":4,"next_universe_in_ms":null}"#);
        assert_eq!(
            &lines.of(&Entry { id: StreamId::new(90), ..last })[..],
            b"tick 4  The run is over.\n"
        );
        // After a restore the same id names another entry.
        let restored =
            Entry { incarnation: Incarnation::new(2), ..entry(7, EntryKind::Other, "{}") };
        assert!(lines.of(&restored).is_empty());
        assert!(lines.of(&entry(10, EntryKind::Delta, "{}")).is_empty());
        assert!(lines.of(&entry(11, EntryKind::Other, "{}")).is_empty());
        for id in 100..300 {
            lines.of(&entry(id, EntryKind::Delta, r#"{"tick":3,"events":[],"texts":[]}"#));
        }
        assert_eq!(lines.kept.lock().len(), KEPT);
    }
}
