//! The order stream: accepting.

use redis::{Cmd, FromRedisValue, Value};
use tokio::time::{Instant, timeout_at};

use super::answer::{SharedError, is_reply_lost};
use super::gather::{Call, Item};
use super::reply::{SUM_DIGITS, number, order_of, order_sum, unexpected};
use super::shapes::packed;
use super::words::Words;
use super::writer::Writer;
use crate::error::Result;
use crate::ids::MAX_NAME_BYTES;
use crate::ids::UniverseId;
use crate::order::{BatchOrder, OrderBatch, Right};
use crate::seat::touch_resolution_ms;
use crate::stream::StreamId;

const DOING: &str = "appending orders";

/// A batch, as the script reads it.
#[derive(Clone)]
pub(super) struct Append {
    universe: UniverseId,
    /// How to read the rest.
    shape: Vec<u64>,
    /// For each order its field of the client ids, or nothing.
    fields: Words,
    /// The fields of the seats that its right asks for.
    seats: Words,
    /// Whose it is, and the orders.
    rest: Words,
    names: Names,
}

/// Which orders of a batch have client ids.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    None,
    Some,
    /// Asking again reads back whether they were appended.
    All,
}

impl Append {
    pub(super) fn of(batch: &OrderBatch) -> Self {
        let OrderBatch { universe, player, source, at_ms, orders, right, backlog_max } = batch;
        let at = at_ms.to_string();
        let bytes = |of: fn(&BatchOrder) -> usize| orders.iter().map(of).sum::<usize>();
        let count = orders.len();
        let of_names = bytes(|order| order.client_id.as_ref().map_or(0, String::len))
            + count * (player.len() + 1);
        let mut fields = Words::with_capacity(count, of_names);
        let mut seats = Words::default();
        let of_batch = order_of(universe, player, source, &at);
        let of_rest = bytes(|order| SUM_DIGITS + order.body.len())
            + of_batch.iter().map(|part| part.len()).sum::<usize>();
        let mut rest = Words::with_capacity(count + 2, of_rest + MAX_NAME_BYTES);
        rest.push_joined(&of_batch);
        let (kind, idle_ms) = match right {
            Right::Any => (0, None),
            Right::Seat { faction, idle_ms } => {
                rest.push(faction);
                seats.push_joined(&["p\u{1f}", player]);
                (1, Some(*idle_ms))
            }
            Right::Unclaimed { factions, idle_ms } => {
                factions.iter().for_each(|faction| seats.push_joined(&["f\u{1f}", faction]));
                (2, Some(*idle_ms))
            }
        };
        let mut shape = vec![8 * orders.len() as u64 + 4 * u64::from(backlog_max.is_some()) + kind];
        shape.extend(backlog_max);
        if let Some(idle_ms) = idle_ms {
            shape.extend([idle_ms, touch_resolution_ms(idle_ms), *at_ms, seats.len() as u64]);
        }
        let mut named = 0;
        for BatchOrder { client_id, body } in orders {
            match client_id {
                // Names hold no control characters, so the separator cannot be forged.
                Some(client_id) => {
                    fields.push_joined(&[player, "\u{1f}", client_id]);
                    named += 1;
                }
                None => fields.push(""),
            }
            rest.push_joined(&[&order_sum(universe, player, source, &at, body), body]);
        }
        let names = match named {
            0 => Names::None,
            _ if named == orders.len() => Names::All,
            _ => Names::Some,
        };
        Self { universe: universe.clone(), shape, fields, seats, rest, names }
    }
}

impl Item for Append {
    fn weight(&self) -> usize {
        self.fields.len() + self.seats.len()
    }

    fn bytes(&self) -> usize {
        self.fields.bytes() + self.seats.bytes() + self.rest.bytes()
    }
}

/// What came of a batch.
#[derive(Clone)]
pub(super) enum Appended {
    /// No universe runs.
    Nowhere,
    /// Another universe runs.
    Elsewhere(String),
    /// The entry, and which orders, counted from one, were known before.
    Entry { id: StreamId, known: Vec<usize> },
    /// The player holds this seat, and not the one it needs.
    NotHeld(Option<String>),
    /// These factions, counted from one, are held.
    Taken(Vec<usize>),
    /// So many entries wait.
    Full(u64),
}

/// Appends batches, all of a group with one script.
pub(super) struct Appends {
    writer: Writer,
}

impl Appends {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer }
    }

    /// The command for batches of one universe: put together here, since every word would be a
    /// piece of memory of its own on the way through a `ScriptInvocation`.
    fn command(&self, items: &[&Append]) -> Cmd {
        let keys = &self.writer.keys;
        let names = [
            &keys.format,
            &keys.world,
            &keys.orders,
            &keys.last_order,
            &keys.client_ids,
            &keys.seats,
        ];
        let shapes: Vec<u64> = items.iter().flat_map(|item| &item.shape).copied().collect();
        let count =
            |of: fn(&Append) -> &Words| items.iter().map(|item| of(item).len()).sum::<usize>();
        let has_names = items.iter().any(|item| item.names != Names::None);
        let of_names = if has_names { count(|item| &item.fields) } else { 0 };
        let of_seats = count(|item| &item.seats);
        let words = 13 + of_names + of_seats + count(|item| &item.rest);
        let bytes: usize = items.iter().map(|item| item.bytes()).sum();
        let mut command = Cmd::with_capacity(words, bytes + 9 * shapes.len() + 512);
        command.arg("EVALSHA").arg(self.writer.scripts.orders_append.get_hash()).arg(names.len());
        names.iter().for_each(|name| _ = command.arg(name.as_str()));
        command
            .arg(items.first().map_or("", |item| &item.universe))
            .arg(packed(shapes.into_iter()));
        command.arg(of_names).arg(of_seats);
        if has_names {
            items.iter().flat_map(|item| item.fields.iter()).for_each(|word| _ = command.arg(word));
        }
        items.iter().flat_map(|item| item.seats.iter()).for_each(|word| _ = command.arg(word));
        items.iter().flat_map(|item| item.rest.iter()).for_each(|word| _ = command.arg(word));
        command
    }

    async fn send(&self, items: &[&Append]) -> Result<Vec<Result<Appended>>> {
        let script = &self.writer.scripts.orders_append;
        read(self.writer.write_prepared(DOING, script, &self.command(items)).await?, items.len())
    }

    /// Appends batches of one universe.
    async fn append(&self, items: &[&Append], ends: Instant) -> Vec<Result<Appended>> {
        let lost = match self.send(items).await {
            Ok(answers) => return answers,
            Err(error) if is_reply_lost(&error) => error,
            Err(error) => return SharedError::new(error).for_each(items.len()),
        };
        tracing::debug!(%lost, "an answer was lost; asking again for the batches that have names");
        let lost = SharedError::new(lost);
        let named: Vec<&Append> =
            items.iter().copied().filter(|item| item.names == Names::All).collect();
        if named.is_empty() {
            return lost.for_each(items.len());
        }
        let again = match timeout_at(ends, self.send(&named)).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(error)) => SharedError::new(error).for_each(named.len()),
            Err(_) => lost.for_each(named.len()),
        };
        let mut again = again.into_iter();
        let mut of = |item: &Append| if item.names == Names::All { again.next() } else { None };
        items.iter().map(|item| of(item).unwrap_or_else(|| Err(lost.copy()))).collect()
    }
}

impl Call for Appends {
    type Item = Append;
    type Answer = Appended;
    const DOING: &'static str = DOING;

    async fn call(&self, items: Vec<Append>) -> Vec<Result<Appended>> {
        let ends = self.writer.ends();
        // But for the moment in which a universe ends, they are all of one.
        let mut answers: Vec<Option<Result<Appended>>> = items.iter().map(|_| None).collect();
        while let Some(next) = answers.iter().position(Option::is_none) {
            let is_of_it = |place: &usize| items[*place].universe == items[next].universe;
            let places: Vec<usize> = (next..items.len()).filter(is_of_it).collect();
            let of_one: Vec<&Append> = places.iter().map(|place| &items[*place]).collect();
            for (place, answer) in places.iter().zip(self.append(&of_one, ends).await) {
                answers[*place] = Some(answer);
            }
        }
        answers.into_iter().flatten().collect()
    }
}

/// What came of each of so many batches.
fn read(answer: Vec<Value>, batches: usize) -> Result<Vec<Result<Appended>>> {
    let what = "order stream";
    let mut answer = answer.into_iter();
    let first = answer.next().map_or_else(|| Err(unexpected(what, "no answer")), text)?;
    let for_all = |appended: Appended| Ok(vec![appended; batches].into_iter().map(Ok).collect());
    match first.as_str() {
        "none" => return for_all(Appended::Nowhere),
        "other" => {
            let running =
                answer.next().map_or_else(|| Err(unexpected(what, "no universe")), text)?;
            return for_all(Appended::Elsewhere(running));
        }
        _ => {}
    }
    let mut last = number("order", &first)?;
    let mut next_special = || match (answer.next(), answer.next()) {
        (None, None) => Ok(None),
        (Some(Value::Int(place)), Some(Value::Array(parts))) => Ok(Some((place, parts))),
        other => Err(unexpected(what, format!("{other:?}"))),
    };
    let mut special = next_special()?;
    let mut appended = Vec::with_capacity(batches);
    for place in 1..=batches as i64 {
        let one = match special.take_if(|(at, _)| *at == place) {
            Some((_, parts)) => {
                special = next_special()?;
                apart(parts)?
            }
            None => Appended::Entry { id: StreamId::new(last + 1), known: Vec::new() },
        };
        // What was there before has an older number.
        if let Appended::Entry { id, .. } = &one
            && id.number() > last
        {
            last = id.number();
        }
        appended.push(Ok(one));
    }
    match special {
        None => Ok(appended),
        Some((place, _)) => {
            Err(unexpected(what, format!("an answer to batch {place} of {batches}")))
        }
    }
}

/// The answer to a batch that did not just become the next entry.
fn apart(parts: Vec<Value>) -> Result<Appended> {
    let mut parts = parts.into_iter();
    let first = parts.next().map_or_else(|| Err(unexpected("order stream", "no entry")), text)?;
    if first == "seat" {
        let held = parts.next().map_or_else(|| Err(unexpected("seats", "no faction")), text)?;
        return Ok(Appended::NotHeld((!held.is_empty()).then_some(held)));
    }
    let figure = |value| match value {
        Value::Int(figure) => Ok(usize::try_from(figure).ok()),
        other => Err(unexpected("order stream", format!("{other:?}"))),
    };
    let figures: Option<Vec<usize>> = parts.map(figure).collect::<Result<_>>()?;
    let figures = figures.ok_or_else(|| unexpected("order stream", "a number below zero"))?;
    match first.as_str() {
        "taken" => Ok(Appended::Taken(figures)),
        "full" => Ok(Appended::Full(figures.first().copied().unwrap_or_default() as u64)),
        id => Ok(Appended::Entry { id: StreamId::new(number("order", id)?), known: figures }),
    }
}

fn text(value: Value) -> Result<String> {
    String::from_redis_value(value).map_err(|error| unexpected("order stream", error.to_string()))
}
