//! Batches of orders: numbered, cut to the size that a sector takes, and sent again without those it refuses.

use sector_sim::{CLIENT_ID_MAX, Order, OrderForm};

use crate::error::{Error, Problem, Result};
use crate::generated::types;
use crate::session::{Client, Repeat};

/// The most orders that a sector takes at once.
pub const ORDERS_MAX: usize = 100;

/// Result of a delivery. The events of a later tick say whether an accepted order was applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// How many orders were accepted, now or before.
    pub accepted: usize,
    /// Those that were not.
    pub refused: Vec<RefusedOrder>,
    /// The `client_id`s of accepted orders that the sector had before, from whomever: they count once.
    pub duplicates: Vec<String>,
    /// The receipts of the batches, for [`Client::order`].
    pub receipts: Vec<String>,
}

/// An order that the sector did not accept.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedOrder {
    /// The order.
    pub order: Order,
    /// The stable code of the refusal, such as `faction_claimed`.
    pub code: String,
    /// Why, in a sentence.
    pub detail: String,
}

/// Gives every order that has none a `client_id` made of universe, tick, faction and its number among `orders`. The
/// same orders of the same tick get the same ids, so that they count once, however often and by whomever they are sent.
pub fn number_orders(universe: &str, tick: u64, orders: &mut [Order]) {
    // Universes have short names; of a long one the end tells it from others.
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

impl Client {
    /// Sends 1 to 100 orders, which are accepted or refused together. The outcome of each is in the
    /// events of the tick that carries them out. They are sent again after a failure if each has a `client_id`: one
    /// that arrived the first time is not accepted twice.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a faction that is not one's own, [`Error::Refused`] for orders that cannot be; the
    /// problem names each.
    pub async fn send_orders(&self, orders: &[Order]) -> Result<types::OrderReceipt> {
        let repeat = if orders.iter().all(|order| order.client_id.is_some()) {
            Repeat::Yes
        } else {
            Repeat::No
        };
        let body =
            types::OrderRequest { orders: orders.iter().cloned().map(OrderForm::from).collect() };
        let api = self.api();
        // Before they are sent: their outcome may be heard before the receipt.
        self.sent().remember(orders);
        self.call(repeat, || api.give_orders(&body)).await
    }

    /// What a receipt's orders have come to: waiting, applied or refused.
    ///
    /// # Errors
    /// [`Error::Refused`] for a receipt that is not one's own, or not known any more.
    pub async fn order(&self, receipt: &str) -> Result<types::ReceiptStatus> {
        let api = self.api();
        self.call(Repeat::Yes, || api.order_status(receipt)).await
    }

    /// What has become of one's newest orders, at most `count` (1 to 100) receipts.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] before a login.
    pub async fn my_orders(&self, count: u32) -> Result<Vec<types::ReceiptStatus>> {
        let api = self.api();
        Ok(self.call(Repeat::Yes, || api.my_orders(Some(count), None)).await?.orders)
    }

    /// What would become of 1 to 100 orders, were they given now: the route and the arrival of each, and the battle
    /// that it comes to. Nothing is given.
    ///
    /// # Errors
    /// [`Error::Refused`] when there are none or too many.
    pub async fn check_orders(&self, orders: &[Order]) -> Result<types::OrderCheck> {
        let body =
            types::OrderRequest { orders: orders.iter().cloned().map(OrderForm::from).collect() };
        let api = self.api();
        self.call(Repeat::Yes, || api.check_orders(&body)).await
    }

    /// Sends any number of orders, a hundred at once. A sector takes a batch whole or not at all: where it names orders
    /// at fault, the rest is sent again without them.
    ///
    /// # Errors
    /// As [`Client::send_orders`], when no single orders are to blame. What was sent before may have been accepted.
    pub async fn deliver(&self, orders: &[Order]) -> Result<Delivery> {
        let mut delivery = Delivery::default();
        for batch in orders.chunks(ORDERS_MAX) {
            let mut batch = batch.to_vec();
            while !batch.is_empty() {
                match self.send_orders(&batch).await {
                    Ok(receipt) => {
                        delivery.accepted += batch.len();
                        delivery.duplicates.extend(receipt.duplicates);
                        delivery.receipts.push(receipt.id);
                        break;
                    }
                    Err(Error::Refused(problem) | Error::Forbidden(problem))
                        if names_orders(&problem, batch.len()) =>
                    {
                        take_refused(&mut batch, &problem, &mut delivery.refused);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(delivery)
    }
}

fn names_orders(problem: &Problem, count: usize) -> bool {
    problem.errors.iter().any(|error| order_index(&error.field).is_some_and(|index| index < count))
}

/// Moves the orders that the problem names out of the batch.
fn take_refused(batch: &mut Vec<Order>, problem: &Problem, refused: &mut Vec<RefusedOrder>) {
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

/// The 12 of `orders[12].faction`.
fn order_index(field: &str) -> Option<usize> {
    let (digits, _) = field.strip_prefix("orders[")?.split_once(']')?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use sector_sim::{Command, FactionId, FleetId, OrderForm};

    use super::*;
    use crate::error::FieldProblem;

    fn orders(count: u32) -> Vec<Order> {
        let faction = FactionId::starter(0).unwrap();
        (1..=count)
            .map(|fleet| Order::new(faction, Command::Cancel { fleet: FleetId(fleet) }))
            .collect()
    }

    #[test]
    fn numbers_are_well_formed_and_repeat() {
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
    fn the_orders_that_a_problem_names_are_taken_out() {
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
