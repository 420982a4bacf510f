//! Batches of hostile JSON, sent to a sector that has just begun by a player who holds `F1`.
//!
//! # Invariants
//! - Accepted + refused = sent: the receipts hold every order of an accepted batch, and nothing of
//!   a refused one.
//! - A refused batch names each order that `/orders/check` calls invalid.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::hostile::{Heard, hear};

/// Maximum number of orders in a batch.
const ORDERS_MAX: usize = 100;

/// Number of orders that the sender of a batch counts.
#[derive(Deserialize)]
struct Sent {
    orders: Vec<Box<RawValue>>,
}

/// Sends a batch; fails the test if an order is lost.
pub(crate) fn check(body: &[u8]) {
    // `$` and `===` mean something else in a script.
    if body.contains(&b'$') || body.windows(5).any(|part| part == b"\n===\n") {
        return;
    }
    let post = |path: &str, credentials: &str| {
        format!("POST {path}\n{credentials}content-type: application/json\n\n")
    };
    let player = "authorization: Bearer $player\n";
    let claim = format!("{}{{\"faction\":\"F1\"}}", post("/factions/claim", player));
    let script = [
        claim.as_bytes(),
        &[post("/orders/check", "").as_bytes(), body].concat(),
        &[post("/orders", player).as_bytes(), body].concat(),
        format!("GET /orders?mine=true&count=100\n{player}").as_bytes(),
    ]
    .join(&b"\n===\n"[..]);
    let heard = hear(&script);
    let answers: Vec<(u16, Value)> = heard.iter().map(answer).collect();
    let [_, (_, preview), (status, answer), (200, receipts)] = answers.as_slice() else {
        panic!("{answers:?}")
    };
    let kept: usize =
        list(&receipts["orders"]).map(|receipt| list(&receipt["orders"]).count()).sum();
    if *status != 202 {
        assert_eq!(kept, 0, "a refused batch leaves orders behind: {answer}");
    }
    // A body that is not a list of orders is refused as a whole.
    let Ok(Sent { orders }) = serde_json::from_slice(body) else {
        assert_eq!(*status, 400, "{answer}");
        return;
    };
    let invalid: BTreeSet<usize> = list(&preview["orders"])
        .enumerate()
        .filter(|(_, order)| order["verdict"] == "invalid")
        .map(|(index, _)| index)
        .collect();
    match status {
        202 => {
            let duplicates = list(&answer["duplicates"]).count();
            assert_eq!(kept + duplicates, orders.len(), "an order vanished: {answer}");
            assert_eq!(invalid, BTreeSet::new(), "{preview}");
        }
        400 | 403 if (1..=ORDERS_MAX).contains(&orders.len()) && preview["orders"].is_array() => {
            let named: BTreeSet<usize> = list(&answer["errors"])
                .filter_map(|error| index(error["field"].as_str()?))
                .collect();
            assert!(!named.is_empty(), "a refusal names no order: {answer}");
            assert!(named.iter().all(|index| *index < orders.len()), "{answer}");
            if *status == 400 {
                assert_eq!(named, invalid, "{answer} {preview}");
            }
        }
        status => assert!((400..500).contains(status), "{answer}"),
    }
}

fn answer(heard: &Heard) -> (u16, Value) {
    let reply = heard.reply.as_ref().unwrap();
    (reply.status, serde_json::from_slice(&reply.body).unwrap())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The 12 of `orders[12].faction`.
fn index(field: &str) -> Option<usize> {
    field.strip_prefix("orders[")?.split_once(']')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::check;

    const GOOD: &str = r#"{"faction":"F1","kind":"focus","system_id":0,"focus":"order"}"#;

    /// Orders whose JSON a lenient parser would skip, and others.
    fn hostile() -> Vec<String> {
        let digits = "9".repeat(100_000);
        let deep = format!("{}{}", "[".repeat(400), "]".repeat(400));
        let field = |field: &str, value: &str| {
            format!(
                r#"{{"faction":"F1","kind":"move","origin_id":0,"target_id":1,"{field}":{value}}}"#
            )
        };
        let mut orders = Vec::new();
        for number in
            ["1e999", "-1e999", "1e400", "1e-400", "1.5", "-0", "18446744073709551616", &digits]
        {
            orders.push(field("strength", number));
            orders.push(field("fleet_id", number));
            orders.push(number.to_owned());
        }
        for text in [r"\ud83d", r"\ude00", r"\ud83d\ud83d", r"\u0000", "\u{2028}", r"\u202e", ""] {
            orders.push(field("reason", &format!("\"{text}\"")));
            orders.push(field("client_id", &format!("\"{text}\"")));
            orders.push(field(text, "1"));
            orders.push(format!(r#"{{"faction":"{text}","kind":"cancel","fleet_id":1}}"#));
            orders.push(format!("\"{text}\""));
        }
        for value in [&deep, "null", "true", "{}", r#"{"$serde_json::private::Number":"1"}"#] {
            orders.push(field("reason", value));
            orders.push(field("unknown", value));
            orders.push(value.to_owned());
        }
        orders.push(GOOD.replace("F1", "F2"));
        orders.push(GOOD.replace("F1", "F9"));
        orders.push(GOOD.replace(":0", ":4000000000"));
        orders.push(GOOD.replace('}', r#","client_id":"a"}"#));
        orders.push(GOOD.replace('}', r#","faction":"F1"}"#));
        orders
    }

    fn batch(orders: &[String]) -> Vec<u8> {
        format!(r#"{{"orders":[{}]}}"#, orders.join(",")).into_bytes()
    }

    #[test]
    fn no_order_next_to_a_valid_one_is_lost() {
        for order in hostile() {
            check(&batch(&[GOOD.to_owned(), order]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        /// Orders of any kind in any sequence, with one byte of the batch changed or not.
        #[test]
        fn accepted_and_refused_orders_add_up(
            orders in prop::collection::vec(
                prop_oneof![3 => Just(GOOD.to_owned()), 1 => select(hostile())], 0..8,
            ),
            change in prop::option::weighted(0.4, (any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut body = batch(&orders);
            if let Some((at, byte)) = change {
                let at = at.index(body.len());
                body[at] = byte;
            }
            check(&body);
        }
    }

    #[test]
    fn the_corpus_loses_no_order() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/batches");
        for file in std::fs::read_dir(corpus).unwrap() {
            check(&std::fs::read(file.unwrap().path()).unwrap());
        }
    }
}
