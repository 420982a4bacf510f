//! Ticks of a replay: orders, their outcomes and the resulting digest.

use crate::digest::Digest;
use crate::ids::{FACTION_IDS, FactionId, FleetId, MAX_STARTERS, SystemId};
use crate::order::{Amount, Command, Focus, Order, Refusal};
use crate::replay::bytes::{Cursor, put_number, put_signed, put_text};
use crate::replay::error::Fault;

/// Maximum number of orders per tick.
pub const ORDERS_MAX: usize = 1_000_000;
/// Maximum length of a `client_id` or `reason`, in bytes.
pub const TEXT_MAX: usize = 65_536;
/// Minimum length of an encoded order: head, faction, one number and outcome, in bytes.
const ORDER_LEAST: usize = 4;

/// Outcome of an order: the acting fleet, if any, or the reason for the refusal.
pub type OrderOutcome = Result<Option<FleetId>, Refusal>;

/// A tick of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Number of the tick, from 1.
    pub tick: u64,
    /// Orders of the tick, in execution order.
    pub orders: Vec<Order>,
    /// Outcome of each order; empty in version 1, which does not record outcomes.
    pub outcomes: Vec<OrderOutcome>,
    /// Digest of the state after the tick.
    pub digest: Digest,
}

impl Tick {
    /// Payload of the tick's frame.
    ///
    /// # Errors
    /// [`Fault`] for more than [`ORDERS_MAX`] orders, a text above [`TEXT_MAX`] bytes, or a missing outcome.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        encode(&mut out, self.tick, &self.orders, &self.outcomes, self.digest)?;
        Ok(out)
    }

    /// Parses the payload of a tick's frame.
    ///
    /// # Errors
    /// [`Fault`] says what is wrong, and what is allowed.
    pub fn decode(payload: &[u8]) -> Result<Tick, Fault> {
        let mut tick = Tick::default();
        tick.read(payload)?;
        Ok(tick)
    }

    /// Parses a payload into this tick, reusing its memory.
    pub(crate) fn read(&mut self, payload: &[u8]) -> Result<(), Fault> {
        self.orders.clear();
        self.outcomes.clear();
        let mut cursor = Cursor::new(payload);
        self.tick = cursor.number("the tick")?;
        let orders = cursor.number("the number of orders")?;
        if orders > ORDERS_MAX as u64 {
            return Err(Fault::range("the number of orders", orders, 0, ORDERS_MAX as u64));
        }
        if orders > 0 {
            self.read_orders(&mut cursor, orders as usize)?;
        }
        self.digest = cursor.digest("the digest")?;
        cursor.end()
    }

    fn read_orders(&mut self, cursor: &mut Cursor<'_>, orders: usize) -> Result<(), Fault> {
        let room = cursor.left() / ORDER_LEAST;
        if orders > room {
            return Err(Fault::Contradiction(format!(
                "the tick claims {orders} orders, but has bytes for at most {room}"
            )));
        }
        self.orders.reserve(orders);
        self.outcomes.reserve(orders);
        for index in 0..orders {
            let (order, outcome) = read_order(cursor).map_err(Fault::order(index))?;
            self.orders.push(order);
            self.outcomes.push(outcome);
        }
        Ok(())
    }
}

const KIND: u8 = 0b0000_0011;
const VARIANT: u8 = 0b0000_1100;
const FLEET: u8 = 0b0001_0000;
const CLIENT_ID: u8 = 0b0010_0000;
const REASON: u8 = 0b0100_0000;
const REFUSED: u8 = 0b1000_0000;

/// Index of a refusal in [`Refusal::ALL`], as fixed by the format.
fn refusal_code(refusal: Refusal) -> u8 {
    // Exhaustive, so that adding a refusal requires a code here.
    match refusal {
        Refusal::UnknownFaction => 0,
        Refusal::UnknownSystem => 1,
        Refusal::UnknownFleet => 2,
        Refusal::NotOwner => 3,
        Refusal::NoIdleFleet => 4,
        Refusal::NotAtOrigin => 5,
        Refusal::TooWeak => 6,
        Refusal::AlreadyThere => 7,
        Refusal::Unreachable => 8,
        Refusal::NoRoute => 9,
        Refusal::Duplicate => 10,
        Refusal::WrongUniverse => 11,
        Refusal::RunOver => 12,
    }
}

/// Faction by index, in id order.
pub(crate) fn faction(number: u8, what: &'static str) -> Result<FactionId, Fault> {
    let starter = FactionId::starter(number);
    let later = number.checked_sub(MAX_STARTERS).and_then(|later| match later.checked_sub(1) {
        None => Some(FactionId::LEAGUE),
        Some(splinter) => FactionId::splinter(splinter),
    });
    starter.or(later).ok_or_else(|| Fault::range(what, number.into(), 0, FACTION_IDS as u64 - 1))
}

pub(crate) fn encode(
    out: &mut Vec<u8>,
    tick: u64,
    orders: &[Order],
    outcomes: &[OrderOutcome],
    digest: Digest,
) -> Result<(), Fault> {
    if orders.len() > ORDERS_MAX {
        return Err(Fault::range(
            "the number of orders",
            orders.len() as u64,
            0,
            ORDERS_MAX as u64,
        ));
    }
    if orders.len() != outcomes.len() {
        return Err(Fault::Contradiction(format!(
            "tick {tick} has {} orders, but {} outcomes",
            orders.len(),
            outcomes.len()
        )));
    }
    put_number(out, tick);
    put_number(out, orders.len() as u64);
    for (index, (order, outcome)) in orders.iter().zip(outcomes).enumerate() {
        put_order(out, order, outcome).map_err(Fault::order(index))?;
    }
    out.extend_from_slice(&digest.0.to_le_bytes());
    Ok(())
}

fn put_order(out: &mut Vec<u8>, order: &Order, outcome: &OrderOutcome) -> Result<(), Fault> {
    let mut head = match order.command {
        Command::Move { fleet, amount, .. } => {
            let amount = match amount {
                Amount::Fleet => 0,
                Amount::Part(_) => 1 << 2,
                Amount::All => 2 << 2,
            };
            amount | if fleet.is_some() { FLEET } else { 0 }
        }
        Command::Cancel { .. } => 1,
        Command::Muster { .. } => 2,
        Command::Focus { focus, .. } => {
            3 | match focus {
                Focus::Balanced => 0,
                Focus::Industry => 1 << 2,
                Focus::Garrison => 2 << 2,
                Focus::Order => 3 << 2,
            }
        }
    };
    for (flag, present) in [
        (CLIENT_ID, order.client_id.is_some()),
        (REASON, order.reason.is_some()),
        (REFUSED, outcome.is_err()),
    ] {
        head |= if present { flag } else { 0 };
    }
    out.push(head);
    out.push(order.faction.index() as u8);
    match order.command {
        Command::Move { origin, target, fleet, amount } => {
            put_number(out, origin.0.into());
            put_number(out, target.0.into());
            if let Some(fleet) = fleet {
                put_number(out, fleet.0.into());
            }
            if let Amount::Part(strength) = amount {
                put_signed(out, strength);
            }
        }
        Command::Cancel { fleet } => put_number(out, fleet.0.into()),
        Command::Muster { target } => put_number(out, target.0.into()),
        Command::Focus { system, .. } => put_number(out, system.0.into()),
    }
    for (what, text) in [("client_id", &order.client_id), ("reason", &order.reason)] {
        let Some(text) = text else { continue };
        if text.len() > TEXT_MAX {
            return Err(Fault::TooLong { what, length: text.len() as u64, most: TEXT_MAX as u64 });
        }
        put_text(out, text);
    }
    match outcome {
        Ok(fleet) => put_number(out, fleet.map_or(0, |fleet| u64::from(fleet.0) + 1)),
        Err(refusal) => out.push(refusal_code(*refusal)),
    }
    Ok(())
}

fn read_order(cursor: &mut Cursor<'_>) -> Result<(Order, OrderOutcome), Fault> {
    let head = cursor.byte("the head of an order")?;
    let faction = faction(cursor.byte("faction")?, "faction")?;
    let (kind, variant) = (head & KIND, (head & VARIANT) >> 2);
    let out_of_place =
        || Fault::Contradiction(format!("head = {head:#010b} is not a valid combination"));
    if kind != 0 && head & FLEET != 0 || matches!(kind, 1 | 2) && variant != 0 {
        return Err(out_of_place());
    }
    let command = match kind {
        0 => Command::Move {
            origin: SystemId(cursor.number_u32("origin")?),
            target: SystemId(cursor.number_u32("target")?),
            fleet: if head & FLEET != 0 {
                Some(FleetId(cursor.number_u32("fleet")?))
            } else {
                None
            },
            amount: match variant {
                0 => Amount::Fleet,
                1 => Amount::Part(cursor.signed("strength")?),
                2 => Amount::All,
                _ => return Err(out_of_place()),
            },
        },
        1 => Command::Cancel { fleet: FleetId(cursor.number_u32("fleet")?) },
        2 => Command::Muster { target: SystemId(cursor.number_u32("target")?) },
        _ => Command::Focus {
            system: SystemId(cursor.number_u32("system")?),
            focus: match variant {
                0 => Focus::Balanced,
                1 => Focus::Industry,
                2 => Focus::Garrison,
                _ => Focus::Order,
            },
        },
    };
    let mut text = |flag, what| {
        if head & flag == 0 {
            return Ok(None);
        }
        cursor.text(what, TEXT_MAX).map(|text| Some(Box::from(text)))
    };
    let client_id = text(CLIENT_ID, "client_id")?;
    let reason = text(REASON, "reason")?;
    let outcome = if head & REFUSED != 0 {
        let code = cursor.byte("the refusal")?;
        let refusal = Refusal::ALL.get(usize::from(code));
        Err(*refusal.ok_or_else(|| {
            Fault::range("refusal", code.into(), 0, Refusal::ALL.len() as u64 - 1)
        })?)
    } else {
        match cursor.number("the outcome")?.checked_sub(1) {
            None => Ok(None),
            Some(fleet) => {
                let fleet = u32::try_from(fleet)
                    .map_err(|_| Fault::range("outcome", fleet + 1, 0, 1 << 32))?;
                Ok(Some(FleetId(fleet)))
            }
        }
    };
    Ok((Order { faction, client_id, reason, command }, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_refusals_and_factions_lead_back() {
        for (code, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(refusal_code(refusal)), code);
        }
        for number in 0..FACTION_IDS as u8 {
            assert_eq!(faction(number, "faction").unwrap().index(), usize::from(number));
        }
        assert!(
            faction(FACTION_IDS as u8, "faction")
                .unwrap_err()
                .to_string()
                .contains("allowed are 0 to 96")
        );
    }
}
