//! Outcomes of orders, by entry and by player.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::orders;
use super::tables::{self, OUTCOMES, PLAYER_OUTCOMES};
use crate::commit::Commit;
use crate::error::Result;
use crate::outcome::{OrderStatus, Outcome, newest};
use crate::seal::{seal, unseal};
use crate::stream::StreamId;

pub(super) fn write(txn: &WriteTransaction, outcome: &Outcome) -> Result<()> {
    let number = outcome.id.number();
    txn.open_table(OUTCOMES)?
        .insert(number, (outcome.player.as_str(), seal(&outcome.body).as_str()))?;
    txn.open_table(PLAYER_OUTCOMES)?.insert((outcome.player.as_str(), number), ())?;
    Ok(())
}

/// Writes what the commit has, and drops what is too old.
pub(super) fn write_all(txn: &WriteTransaction, commit: &Commit) -> Result<()> {
    commit.outcomes.iter().try_for_each(|outcome| write(txn, outcome))?;
    let (mut outcomes, mut players) = (txn.open_table(OUTCOMES)?, txn.open_table(PLAYER_OUTCOMES)?);
    for row in outcomes.extract_from_if(..=commit.outcomes_end(), |_, _| true)? {
        let (number, row) = row?;
        players.remove((row.value().0, number.value()))?;
    }
    Ok(())
}

pub(super) fn status(txn: &ReadTransaction, id: StreamId) -> Result<Option<OrderStatus>> {
    let cursor = tables::world_now(txn)?.map_or(0, |world| world.cursor);
    if id.number() > cursor {
        return Ok(orders::one(txn, id.number())?.map(OrderStatus::Waiting));
    }
    Ok(one(txn, id.number())?.map(OrderStatus::Done))
}

fn one(txn: &ReadTransaction, number: u64) -> Result<Option<Outcome>> {
    let row = txn.open_table(OUTCOMES)?.get(number)?;
    row.map(|row| outcome(number, row.value())).transpose()
}

fn outcome(number: u64, (player, body): (&str, &str)) -> Result<Outcome> {
    let id = StreamId::new(number);
    let body = unseal(|| format!("outcome of order entry {id}"), body.to_owned())?;
    Ok(Outcome { id, player: player.to_owned(), body })
}

pub(super) fn of_player(
    txn: &ReadTransaction,
    player: &str,
    count: usize,
) -> Result<Vec<OrderStatus>> {
    let mut done = Vec::new();
    for row in
        txn.open_table(PLAYER_OUTCOMES)?.range((player, 0)..=(player, u64::MAX))?.rev().take(count)
    {
        done.extend(one(txn, row?.0.value().1)?);
    }
    Ok(newest(orders::waiting_of(txn, player, count)?, done, count))
}

/// All of them, by entry.
pub(super) fn all(txn: &ReadTransaction) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for row in txn.open_table(OUTCOMES)?.iter()? {
        let (number, row) = row?;
        outcomes.push(outcome(number.value(), row.value())?);
    }
    Ok(outcomes)
}
