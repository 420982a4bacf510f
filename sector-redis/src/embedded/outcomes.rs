//! Outcomes of orders, by entry and by player.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::tables::{OUTCOMES, PLAYER_OUTCOMES};
use crate::commit::Commit;
use crate::error::Result;
use crate::outcome::Outcome;
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

/// The outcome of an entry, if it is kept.
pub(super) fn one(txn: &ReadTransaction, number: u64) -> Result<Option<Outcome>> {
    let row = txn.open_table(OUTCOMES)?.get(number)?;
    row.map(|row| outcome(number, row.value())).transpose()
}

fn outcome(number: u64, (player, body): (&str, &str)) -> Result<Outcome> {
    let id = StreamId::new(number);
    let body = unseal(|| format!("outcome of order entry {id}"), body.to_owned())?;
    Ok(Outcome { id, player: player.to_owned(), body })
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
