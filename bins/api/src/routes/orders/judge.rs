//! Errors in orders that are certain before a tick applies them.

use http::StatusCode;
use http_kit::{FieldError, Problem, json};
use sector_sim::order::{FormError, OrderForm};
use sector_sim::{Board, Command, FactionId, FleetId, Order, SystemId};
use sector_wire::Code;
use serde_json::Value;
use serde_json::value::RawValue;

/// An error in one order.
#[derive(Debug)]
pub(in crate::routes) struct Fault {
    /// Index of the order in the batch.
    pub(in crate::routes) index: usize,
    /// Code of the error.
    pub(in crate::routes) code: Code,
    /// The invalid field.
    pub(in crate::routes) error: FieldError,
}

/// The well-formed orders with their index in the batch; adds the errors of the others to `faults`.
/// Each element of the batch becomes an order or a fault, so none is dropped.
pub(in crate::routes) fn form(
    orders: &[Box<RawValue>],
    faults: &mut Vec<Fault>,
) -> Vec<(usize, Order)> {
    let mut good = Vec::with_capacity(orders.len());
    for (index, order) in orders.iter().enumerate() {
        match read(index, order.get()) {
            Ok(order) => good.push((index, order)),
            Err(fault) => faults.push(fault),
        }
    }
    good
}

fn read(index: usize, text: &str) -> Result<Order, Fault> {
    let fault = |error: FieldError| Fault {
        index,
        code: Code::InvalidOrder,
        error: FieldError { field: place(index, &error.field), ..error },
    };
    // Serde would also accept a list of the fields in order.
    if !text.starts_with('{') {
        let detail = "An order is an object.";
        return Err(fault(FieldError::new("", Value::Null, "an object", detail)));
    }
    match json::parse::<OrderForm>(text.as_bytes()) {
        Ok(form) => form.check().map_err(|error| of_form(index, &error)),
        // A syntax error that the batch's reader does not see, such as 1e999, names no field.
        Err(problem) => {
            Err(fault(problem.errors().first().cloned().unwrap_or_else(|| {
                FieldError::new("", Value::Null, "valid JSON", problem.detail())
            })))
        }
    }
}

fn of_form(index: usize, error: &FormError) -> Fault {
    let value =
        serde_json::from_str(&error.value).unwrap_or_else(|_| Value::from(error.value.as_str()));
    let detail = format!("{}: {} is not allowed.", error.field, error.value);
    Fault {
        index,
        code: Code::InvalidOrder,
        error: FieldError::new(place(index, error.field), value, error.allowed.as_str(), detail),
    }
}

fn place(index: usize, field: &str) -> String {
    if field.is_empty() { format!("orders[{index}]") } else { format!("orders[{index}].{field}") }
}

/// Errors for factions, systems and fleets that do not exist.
pub(in crate::routes) fn existence(board: &Board, orders: &[(usize, Order)]) -> Vec<Fault> {
    let mut missing = Missing { board, index: 0, faults: Vec::new() };
    for (index, order) in orders {
        missing.index = *index;
        missing.faction(order.faction);
        match order.command {
            Command::Move { origin, target, fleet, .. } => {
                missing.system("origin_id", origin);
                missing.system("target_id", target);
                if let Some(fleet) = fleet {
                    missing.fleet(fleet);
                }
            }
            Command::Cancel { fleet } => missing.fleet(fleet),
            Command::Muster { target } => missing.system("target_id", target),
            Command::Focus { system, .. } => missing.system("system_id", system),
        }
    }
    missing.faults
}

struct Missing<'a> {
    board: &'a Board,
    index: usize,
    faults: Vec<Fault>,
}

impl Missing<'_> {
    fn add(&mut self, code: Code, field: &str, value: Value, allowed: String, detail: &str) {
        self.faults.push(Fault {
            index: self.index,
            code,
            error: FieldError::new(place(self.index, field), value, allowed, detail),
        });
    }

    fn faction(&mut self, id: FactionId) {
        if self.board.faction(id).is_some_and(|faction| faction.alive) {
            return;
        }
        let living = self.board.factions().iter().filter(|faction| faction.alive);
        let allowed = living.map(|faction| faction.id.to_string()).collect::<Vec<_>>().join(", ");
        let detail = "This universe has no such faction, or it has been eliminated.";
        self.add(Code::UnknownFaction, "faction", id.to_string().into(), allowed, detail);
    }

    fn system(&mut self, field: &str, id: SystemId) {
        if self.board.system(id).is_none() {
            let last = self.board.systems().len().saturating_sub(1);
            let detail = "This universe has no such system.";
            self.add(Code::UnknownSystem, field, id.0.into(), format!("0 to {last}"), detail);
        }
    }

    fn fleet(&mut self, id: FleetId) {
        if self.board.fleets().get(id).is_none() {
            let detail = "This universe has no such fleet, or it no longer exists.";
            self.add(
                Code::UnknownFleet,
                "fleet_id",
                id.0.into(),
                "the id of an existing fleet".to_owned(),
                detail,
            );
        }
    }
}

/// The problem for a refused batch, with the code that all errors share, or `invalid_orders`.
pub(in crate::routes) fn refusal(status: StatusCode, mut faults: Vec<Fault>) -> Problem {
    faults.sort_by_key(|fault| fault.index);
    let first = faults.first().map_or(Code::InvalidOrders, |fault| fault.code);
    let code =
        if faults.iter().all(|fault| fault.code == first) { first } else { Code::InvalidOrders };
    let detail = match faults.as_slice() {
        [fault] => format!("No order was accepted. {}: {}", fault.error.field, fault.error.detail),
        _ => format!("No order was accepted: {} errors, see `errors`.", faults.len()),
    };
    Problem::new(status, code, detail).with_errors(faults.into_iter().map(|fault| fault.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_an_object_with_each_field_once() {
        let judged = |text: &str| {
            let order = RawValue::from_string(text.to_owned()).unwrap();
            let mut faults = Vec::new();
            let good = form(&[order], &mut faults);
            (good.len(), faults.into_iter().map(|fault| fault.error.field).collect::<Vec<_>>())
        };
        let good = r#" {"kind": "muster", "faction": "F1", "target_id": 0} "#;
        assert_eq!(judged(good), (1, Vec::new()));
        let doubled = r#"{"kind":"muster","faction":"F1","faction":"F2","target_id":0}"#;
        assert_eq!(judged(doubled).0, 0);
        assert!(judged(doubled).1.concat().starts_with("orders[0]"));
        let list = r#"["muster","F1",0]"#;
        assert_eq!(judged(list), (0, vec!["orders[0]".to_owned()]));
    }
}
