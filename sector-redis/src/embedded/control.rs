//! The operator's switches, and awards.

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::shelves;
use super::store::EmbeddedStore;
use super::tables::{AWARDS, CONTROL, RESTART, next_number};
use super::writer::Change;
use crate::commit::Award;
use crate::document::check_audit;
use crate::error::Result;
use crate::ids::UniverseId;
use crate::store::{Control, MAX_READ, RestartRequest};

#[async_trait]
impl Control for EmbeddedStore {
    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.writer.write(move |txn| set_paused(txn, paused)).await
    }

    async fn paused(&self) -> Result<bool> {
        self.read(paused).await
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        self.writer
            .write(move |txn| {
                let number = next_number(txn, RESTART)?;
                write_restart(txn, number, seed)?;
                Ok(Change::wrote(RestartRequest { number, seed }))
            })
            .await
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        self.read(restart_request).await
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        check_audit(body)?;
        let body = body.to_owned();
        self.writer.write(move |txn| shelves::append_audit(txn, &body)).await
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        let count = count.clamp(1, MAX_READ);
        self.read(move |txn| shelves::audit(txn, after, count)).await
    }
}

const PAUSED: &str = "paused";
const REQUEST: &str = "restart";

pub(super) fn set_paused(txn: &WriteTransaction, paused: bool) -> Result<Change<()>> {
    let mut control = txn.open_table(CONTROL)?;
    if paused {
        control.insert(PAUSED, (1, None))?;
    } else {
        control.remove(PAUSED)?;
    }
    Ok(Change::wrote(()))
}

pub(super) fn paused(txn: &ReadTransaction) -> Result<bool> {
    Ok(txn.open_table(CONTROL)?.get(PAUSED)?.is_some())
}

pub(super) fn restart_request(txn: &ReadTransaction) -> Result<Option<RestartRequest>> {
    let row = txn.open_table(CONTROL)?.get(REQUEST)?;
    Ok(row.map(|row| {
        let (number, seed) = row.value();
        RestartRequest { number, seed }
    }))
}

/// Writes a restart request.
pub(super) fn write_restart(txn: &WriteTransaction, number: u64, seed: Option<u64>) -> Result<()> {
    txn.open_table(CONTROL)?.insert(REQUEST, (number, seed))?;
    Ok(())
}

/// Clears the request if no newer one has replaced it.
pub(super) fn clear_restart(txn: &WriteTransaction, served: u64) -> Result<()> {
    let mut control = txn.open_table(CONTROL)?;
    let number = control.get(REQUEST)?.map(|row| row.value().0);
    if number.is_some_and(|number| number <= served) {
        control.remove(REQUEST)?;
    }
    Ok(())
}

/// Records an award unless it is known; says whether it was new.
pub(super) fn write_award(txn: &WriteTransaction, award: &Award) -> Result<bool> {
    let mut awards = txn.open_table(AWARDS)?;
    let key = (award.universe.as_str(), award.faction.as_str(), award.award.as_str());
    if awards.get(key)?.is_some() {
        return Ok(false);
    }
    awards.insert(key, award.body.as_str())?;
    Ok(true)
}

pub(super) fn awards(txn: &ReadTransaction, universe: Option<&UniverseId>) -> Result<Vec<Award>> {
    let table = txn.open_table(AWARDS)?;
    let rows = match universe {
        Some(universe) => table.range((universe.as_str(), "", "")..)?,
        None => table.iter()?,
    };
    let mut awards = Vec::new();
    for row in rows {
        let (key, body) = row?;
        let (of, faction, award) = key.value();
        if universe.is_some_and(|universe| universe != of) {
            break;
        }
        awards.push(Award {
            universe: of.into(),
            faction: faction.to_owned(),
            award: award.to_owned(),
            body: body.value().to_owned(),
        });
    }
    Ok(awards)
}
