//! The operator's switches, and awards.

use std::ops::Bound;

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::shelves;
use super::store::EmbeddedStore;
use super::tables::{AWARDS, CONTROL, RESTART, next_number};
use super::writer::Change;
use crate::commit::{Award, AwardPage, Recorded};
use crate::document::check_audit;
use crate::error::{Error, Result};
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

/// Writes an award of a commit, in place of one that something else recorded.
pub(super) fn write_award(txn: &WriteTransaction, award: &Award) -> Result<()> {
    let key = (award.universe.as_str(), award.faction.as_str(), award.award.as_str());
    txn.open_table(AWARDS)?.insert(key, award.body.as_str())?;
    Ok(())
}

pub(super) fn record_award(txn: &WriteTransaction, award: &Award) -> Result<Change<Recorded>> {
    let key = (award.universe.as_str(), award.faction.as_str(), award.award.as_str());
    let known = txn.open_table(AWARDS)?.get(key)?.map(|body| body.value() == award.body);
    Ok(match known {
        Some(true) => Change::none(Recorded::Same),
        Some(false) => Change::none(Recorded::Different),
        None => {
            write_award(txn, award)?;
            Change::wrote(Recorded::New)
        }
    })
}

/// A page of awards, after the last one of the page before: its names as JSON.
pub(super) fn awards(
    txn: &ReadTransaction,
    after: Option<&str>,
    count: usize,
) -> Result<AwardPage> {
    let allowed = "the `next` of a page";
    let after: Option<(String, String, String)> = after
        .map(|text| serde_json::from_str(text).map_err(|_| Error::invalid("after", text, allowed)))
        .transpose()?;
    let from = match &after {
        Some((universe, faction, award)) => {
            Bound::Excluded((universe.as_str(), faction.as_str(), award.as_str()))
        }
        None => Bound::Unbounded,
    };
    let table = txn.open_table(AWARDS)?;
    let mut rows = table.range::<(&str, &str, &str)>((from, Bound::Unbounded))?;
    let mut awards = Vec::new();
    for row in rows.by_ref().take(count) {
        let (key, body) = row?;
        let (universe, faction, award) = key.value();
        awards.push(Award {
            universe: universe.into(),
            faction: faction.to_owned(),
            award: award.to_owned(),
            body: body.value().to_owned(),
        });
    }
    let has_more = rows.next().is_some();
    let last = awards.last().filter(|_| has_more);
    let next = last.map(|last| {
        serde_json::to_string(&(&last.universe, &last.faction, &last.award)).unwrap_or_default()
    });
    Ok(AwardPage { awards, next })
}

pub(super) fn award_count(txn: &ReadTransaction) -> Result<u64> {
    Ok(txn.open_table(AWARDS)?.len()?)
}
