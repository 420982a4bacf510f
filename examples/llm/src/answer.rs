//! Parses the answer of a model as untrusted input: JSON may be surrounded by prose or missing,
//! fields and ids may not exist, and the text may be very long. Invalid orders are ignored, the
//! rest is used.

use sector_client::stdio::Reply;
use sector_sim::{FactionId, Order};
use serde_json::{Map, Value};

/// Longest text parsed, in characters.
const CHARACTERS_MAX: usize = 64 * 1024;
/// Largest number of positions at which to look for JSON; each may require parsing the rest of the
/// text.
const PLACES_MAX: usize = 64;
/// Largest number of orders used from an answer.
pub const ORDERS_MAX: usize = 40;
/// Fields of an order. Others that a model adds (comments, ranks, other factions) are ignored.
const FIELDS: [&str; 8] =
    ["kind", "origin_id", "target_id", "fleet_id", "strength", "all", "system_id", "focus"];
/// Numeric fields, which some models write as strings.
const NUMBERS: [&str; 5] = ["origin_id", "target_id", "fleet_id", "strength", "system_id"];

/// The orders in a text, for this faction. They may not be possible.
#[must_use]
pub fn orders(text: &str, faction: FactionId) -> Vec<Order> {
    let end = text.char_indices().nth(CHARACTERS_MAX).map_or(text.len(), |(index, _)| index);
    let Some(list) = find(&text[..end]) else { return Vec::new() };
    let written = list.into_iter().take(ORDERS_MAX).filter_map(|order| match order {
        Value::Object(fields) => Some(Value::Object(known(fields))),
        _ => None,
    });
    let reply = Reply { tick: 0, orders: written.collect() };
    let given = reply.orders(faction);
    // Do not log the reason: it contains text of the model, which may contain a key.
    given
        .filter_map(|order| {
            order.inspect_err(|_| tracing::debug!("ignoring an invalid order")).ok()
        })
        .collect()
}

/// The first list of orders in a text: `{"orders":[…]}`, or the bare list.
fn find(text: &str) -> Option<Vec<Value>> {
    let places = text
        .char_indices()
        .filter(|(_, character)| matches!(character, '{' | '['))
        .take(PLACES_MAX);
    places.filter_map(|(start, _)| list_at(&text[start..])).next()
}

fn list_at(text: &str) -> Option<Vec<Value>> {
    // A stream deserializer, because prose may follow the value.
    match serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()? {
        Value::Object(mut fields) => match fields.remove("orders")? {
            Value::Array(list) => Some(list),
            _ => None,
        },
        Value::Array(list) if list.iter().any(Value::is_object) => Some(list),
        _ => None,
    }
}

fn known(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.retain(|name, value| FIELDS.contains(&name.as_str()) && !value.is_null());
    for name in NUMBERS {
        if let Some(Value::String(text)) = fields.get(name)
            && let Ok(number) = text.trim().parse::<i64>()
        {
            fields.insert(name.to_owned(), number.into());
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        orders(text, FactionId::starter(0).unwrap()).len()
    }

    #[test]
    fn orders_are_found_anywhere_in_the_text() {
        let order = r#"{"kind":"move","origin_id":3,"target_id":9}"#;
        for text in [
            format!(r#"{{"orders":[{order}]}}"#),
            format!("[{order}]"),
            format!(
                "Sure! Here is my plan [see below]:\n```json\n{{\"orders\": [{order}]}}\n```\nGood luck {{commander}}!"
            ),
            format!(r#"{{"thoughts":"attack","orders":[{order}],"mood":"grim"}}"#),
            r#"{"orders":[{"origin_id":"3","target_id":" 9 ","faction":"F4","why":"weak","fleet_id":null}]}"#
                .to_owned(),
        ] {
            let found = orders(&text, FactionId::starter(0).unwrap());
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].faction.to_string(), "F1");
        }
    }

    #[test]
    fn invalid_orders_are_ignored() {
        for text in [
            "",
            "I surrender.",
            "{",
            "{\"orders\":",
            "{\"orders\":7}",
            "[1,2]",
            "{\"orders\":[]}",
            "null",
        ] {
            assert_eq!(count(text), 0, "{text}");
        }
        let mixed = r#"{"orders":[7,{"kind":"dance"},{"kind":"move"},{"origin_id":-1,"target_id":2},{"origin_id":1e3,
            "target_id":2},{"kind":"cancel","fleet_id":5},{"kind":"focus","system_id":1,"focus":"peace"}]}"#;
        assert_eq!(count(mixed), 1);
    }

    #[test]
    fn long_answers_are_truncated() {
        let order = r#"{"kind":"cancel","fleet_id":1},"#;
        let many = format!(r#"{{"orders":[{}{{}}]}}"#, order.repeat(500));
        assert_eq!(count(&many), ORDERS_MAX);
        // Deep and long garbage has limited cost.
        assert_eq!(count(&"[".repeat(1_000_000)), 0);
        assert_eq!(count(&"{\"orders\":".repeat(100_000)), 0);
        assert_eq!(count(&"é".repeat(200_000)), 0);
    }
}
