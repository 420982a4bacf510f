//! Batches of orders: numbering, and removing those that a sector refuses.

use sector_sim::Order;
use sector_sim::order::CLIENT_ID_MAX;

use crate::error::Problem;

/// Largest number of orders in a batch.
pub const ORDERS_MAX: usize = 100;

/// Result of [`crate::Client::deliver`]. The events of a later tick say whether an accepted order
/// was applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// Number of orders accepted, now or before.
    pub accepted: usize,
    /// Orders refused.
    pub refused: Vec<RefusedOrder>,
    /// `client_id`s of accepted orders that the sector already had, from any client; they count
    /// once.
    pub duplicates: Vec<String>,
    /// Receipts of the batches, for [`crate::Client::order`].
    pub receipts: Vec<String>,
}

/// An order that the sector did not accept.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedOrder {
    /// The order.
    pub order: Order,
    /// Stable code of the refusal, such as `faction_claimed`.
    pub code: String,
    /// Reason, in one sentence.
    pub detail: String,
}

/// Sets the `client_id` of every order without one, made of universe, tick, faction and its index
/// in `orders`. The same orders of the same tick get the same ids, so that they count once, however
/// often and by how many clients they are sent.
pub fn number_orders(universe: &str, tick: u64, orders: &mut [Order]) {
    // Universe ids are short. Of a long one, keep the end, which differs most.
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || "._:-".contains(*letter);
    let mut universe: Vec<char> = universe.chars().filter(allowed).collect();
    universe.drain(..universe.len().saturating_sub(CLIENT_ID_MAX / 2));
    let universe: String = universe.into_iter().collect();
    for (number, order) in orders.iter_mut().enumerate() {
        let faction = order.faction;
        order
            .client_id
            .get_or_insert_with(|| format!("{universe}-{tick}-{faction}-{number}").into());
    }
}

/// Whether the problem names orders of a batch of `count`.
pub(crate) fn names_orders(problem: &Problem, count: usize) -> bool {
    problem.errors.iter().any(|error| order_index(&error.field).is_some_and(|index| index < count))
}

/// Moves the orders that the problem names out of the batch.
pub(crate) fn take_refused(
    batch: &mut Vec<Order>,
    problem: &Problem,
    refused: &mut Vec<RefusedOrder>,
) {
    for (index, order) in std::mem::take(batch).into_iter().enumerate() {
        match problem.errors.iter().find(|error| order_index(&error.field) == Some(index)) {
            Some(error) => {
                let (code, detail) =
                    (problem.code.clone(), format!("{}: {}", error.field, error.detail));
                refused.push(RefusedOrder { order, code, detail });
            }
            None => batch.push(order),
        }
    }
}

/// The index in a field such as `orders[12].faction`.
fn order_index(field: &str) -> Option<usize> {
    let (digits, _) = field.strip_prefix("orders[")?.split_once(']')?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use sector_sim::order::OrderForm;
    use sector_sim::{Command, FactionId, FleetId};

    use super::*;
    use crate::error::FieldProblem;

    fn orders(count: u32) -> Vec<Order> {
        let faction = FactionId::starter(0).unwrap();
        (1..=count)
            .map(|fleet| Order::new(faction, Command::Cancel { fleet: FleetId(fleet) }))
            .collect()
    }

    #[test]
    fn client_ids_are_valid_and_reproducible() {
        for universe in [
            "u-18c3-9f3c2a",
            "",
            "a very long name with ä and / that nobody would give",
            &"9".repeat(99),
        ] {
            let mut first = orders(3);
            first[1].client_id = Some("mine".into());
            number_orders(universe, u64::MAX, &mut first);
            for order in &first {
                OrderForm::from(order.clone()).check().unwrap();
            }
            assert_eq!(first[1].client_id.as_deref(), Some("mine"));
            let mut second = orders(3);
            second[1].client_id = Some("mine".into());
            number_orders(universe, u64::MAX, &mut second);
            assert_eq!(first, second);
        }
        let mut numbered = orders(2);
        number_orders("u-1", 41, &mut numbered);
        let ids: Vec<_> = numbered.iter().filter_map(|order| order.client_id.as_deref()).collect();
        assert_eq!(ids, ["u-1-41-F1-0", "u-1-41-F1-1"]);
    }

    #[test]
    fn orders_named_by_a_problem_are_removed() {
        let mut problem: Problem =
            serde_json::from_value(serde_json::json!({ "status": 403, "code": "faction_claimed" }))
                .unwrap();
        assert!(!names_orders(&problem, 3));
        for field in [
            "orders[0].faction",
            "orders[2]",
            "orders[3].faction",
            "orders",
            "faction",
            "orders[x]",
        ] {
            let (value, allowed, detail) =
                (serde_json::Value::Null, String::new(), "no".to_owned());
            problem.errors.push(FieldProblem { field: field.into(), value, allowed, detail });
        }
        assert!(names_orders(&problem, 3));
        let (mut batch, mut refused) = (orders(3), Vec::new());
        take_refused(&mut batch, &problem, &mut refused);
        assert_eq!(batch, orders(3)[1..2]);
        assert_eq!(refused.len(), 2);
        assert_eq!(
            (refused[1].code.as_str(), refused[1].detail.as_str()),
            ("faction_claimed", "orders[2]: no")
        );
    }
}
