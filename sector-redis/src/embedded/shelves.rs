//! Documents, and the audit log.

use std::time::Duration;

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::store::EmbeddedStore;
use super::tables::{AUDIT, of_shelf};
use super::writer::Change;
use crate::document::{Document, Shelf};
use crate::error::Result;
use crate::ids::check_name;
use crate::pool::Pool;
use crate::seal::{seal, unseal};
use crate::store::Documents;

#[async_trait]
impl Documents for EmbeddedStore {
    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        let document = document.clone();
        self.writer
            .write(move |txn| insert_among(txn, shelf, &document, now_ms, shelf.documents_max()))
            .await
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        let id = id.to_owned();
        self.read(move |txn| one(txn, shelf, &id, now_ms)).await
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        let (expected, document) = (expected_body.to_owned(), document.clone());
        self.writer
            .write(move |txn| {
                let known = stored(txn, shelf, &document.id)?.filter(|known| known.lasts(now_ms));
                if known.is_none_or(|known| known.owner != document.owner || known.body != expected)
                {
                    return Ok(Change::none(false));
                }
                take_away(txn, shelf, &document.id)?;
                write(txn, shelf, &document)?;
                Ok(Change::wrote(true))
            })
            .await
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        let id = id.to_owned();
        self.writer
            .write(move |txn| {
                let known = stored(txn, shelf, &id)?;
                if known.is_none() {
                    return Ok(Change::none(None));
                }
                take_away(txn, shelf, &id)?;
                Ok(Change::wrote(known))
            })
            .await
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        let owner = owner.to_owned();
        self.read(move |txn| {
            let mut found = Vec::new();
            for row in txn.open_table(of_shelf(shelf).owners)?.range((owner.as_str(), "")..)? {
                let (key, _) = row?;
                let (of, id) = key.value();
                if of != owner {
                    break;
                }
                found.extend(one(txn, shelf, id, now_ms)?);
            }
            Ok(found)
        })
        .await
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        let owner = owner.to_owned();
        self.writer
            .write(move |txn| {
                let own = of_owner(txn, shelf, &owner)?;
                own.iter().try_for_each(|(_, id)| take_away(txn, shelf, id))?;
                Ok(if own.is_empty() { Change::none(0) } else { Change::wrote(own.len() as u64) })
            })
            .await
    }

    async fn put_nonce(&self, pool: Pool, key: &str, value: &str, ttl: Duration) -> Result<()> {
        check_name("nonce key", key)?;
        let now_ms = self.clock.now_ms();
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let end_ms = now_ms.saturating_add(ttl_ms);
        self.nonces.lock().put(pool, key, value, end_ms, now_ms);
        Ok(())
    }

    async fn take_nonce(&self, pool: Pool, key: &str) -> Result<Option<String>> {
        Ok(self.nonces.lock().take(pool, key, self.clock.now_ms()))
    }
}

fn read(shelf: Shelf, id: &str, (owner, end, body): (&str, u64, &str)) -> Result<Document> {
    let body = unseal(|| format!("document {id:?} of the {shelf}"), body.to_owned())?;
    let ends_at_ms = (end != u64::MAX).then_some(end);
    Ok(Document { id: id.to_owned(), owner: owner.to_owned(), body, ends_at_ms })
}

/// The document as it is stored, ended or not.
fn stored(txn: &WriteTransaction, shelf: Shelf, id: &str) -> Result<Option<Document>> {
    let documents = txn.open_table(of_shelf(shelf).documents)?;
    documents.get(id)?.map(|row| read(shelf, id, row.value())).transpose()
}

/// Writes a document where there is none of its id.
pub(super) fn write(txn: &WriteTransaction, shelf: Shelf, document: &Document) -> Result<()> {
    let tables = of_shelf(shelf);
    let Document { id, owner, body, .. } = document;
    let (id, owner, end) = (id.as_str(), owner.as_str(), document.end());
    txn.open_table(tables.documents)?.insert(id, (owner, end, seal(body).as_str()))?;
    txn.open_table(tables.ends)?.insert((end, id), ())?;
    txn.open_table(tables.owners)?.insert((owner, id), end)?;
    Ok(())
}

fn take_away(txn: &WriteTransaction, shelf: Shelf, id: &str) -> Result<()> {
    let tables = of_shelf(shelf);
    let row = txn.open_table(tables.documents)?.remove(id)?.map(|row| {
        let (owner, end, _) = row.value();
        (owner.to_owned(), end)
    });
    if let Some((owner, end)) = row {
        txn.open_table(tables.ends)?.remove((end, id))?;
        txn.open_table(tables.owners)?.remove((owner.as_str(), id))?;
    }
    Ok(())
}

/// The ids of an owner's documents, each with its end.
fn of_owner(txn: &WriteTransaction, shelf: Shelf, owner: &str) -> Result<Vec<(u64, String)>> {
    let owners = txn.open_table(of_shelf(shelf).owners)?;
    let mut found = Vec::new();
    for row in owners.range((owner, "")..)? {
        let (key, end) = row?;
        let (of, id) = key.value();
        if of != owner {
            break;
        }
        found.push((end.value(), id.to_owned()));
    }
    Ok(found)
}

/// The id that is nearest its end of all.
fn nearest(txn: &WriteTransaction, shelf: Shelf) -> Result<Option<(u64, String)>> {
    let ends = txn.open_table(of_shelf(shelf).ends)?;
    Ok(ends.first()?.map(|(key, _)| (key.value().0, key.value().1.to_owned())))
}

fn insert_among(
    txn: &WriteTransaction,
    shelf: Shelf,
    document: &Document,
    now_ms: u64,
    most: u64,
) -> Result<Change<bool>> {
    // Look.
    if stored(txn, shelf, &document.id)?.is_some_and(|known| known.lasts(now_ms)) {
        return Ok(Change::none(false));
    }
    let mut own = of_owner(txn, shelf, &document.owner)?;
    let lasting = own.iter().filter(|(end, _)| *end > now_ms).count() as u64;
    let is_owner_full = lasting >= shelf.owner_max();
    if is_owner_full && !shelf.gives_way() {
        return Err(shelf.full(Some(&document.owner)));
    }
    let count = txn.open_table(of_shelf(shelf).documents)?.len()?;
    let ends_first = nearest(txn, shelf)?;
    let is_full = count >= most && ends_first.is_none_or(|(end, _)| end > now_ms);
    if is_full && !shelf.gives_way() {
        return Err(shelf.full(None));
    }

    // Write.
    own.sort();
    let mut left = own.len() as u64;
    for (end, id) in &own {
        if *end <= now_ms || left >= shelf.owner_max() {
            take_away(txn, shelf, id)?;
            left -= 1;
        }
    }
    take_away(txn, shelf, &document.id)?;
    while let Some((end, id)) = nearest(txn, shelf)?
        && (end <= now_ms || txn.open_table(of_shelf(shelf).documents)?.len()? >= most)
    {
        take_away(txn, shelf, &id)?;
    }
    write(txn, shelf, document)?;
    Ok(Change::wrote(true))
}

pub(super) fn one(
    txn: &ReadTransaction,
    shelf: Shelf,
    id: &str,
    now_ms: u64,
) -> Result<Option<Document>> {
    let documents = txn.open_table(of_shelf(shelf).documents)?;
    let known = documents.get(id)?.map(|row| read(shelf, id, row.value())).transpose()?;
    Ok(known.filter(|known| known.lasts(now_ms)))
}

/// All documents of a shelf, ended ones too, by id.
pub(super) fn all(txn: &ReadTransaction, shelf: Shelf) -> Result<Vec<Document>> {
    let mut found = Vec::new();
    for row in txn.open_table(of_shelf(shelf).documents)?.iter()? {
        let (id, row) = row?;
        found.push(read(shelf, id.value(), row.value())?);
    }
    Ok(found)
}

pub(super) fn append_audit(txn: &WriteTransaction, body: &str) -> Result<Change<u64>> {
    let mut audit = txn.open_table(AUDIT)?;
    let number = audit.last()?.map_or(0, |(number, _)| number.value()) + 1;
    audit.insert(number, seal(body).as_str())?;
    Ok(Change::wrote(number))
}

pub(super) fn audit(txn: &ReadTransaction, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
    let mut entries = Vec::new();
    for row in txn.open_table(AUDIT)?.range(after.saturating_add(1)..)?.take(count) {
        let (number, body) = row?;
        let number = number.value();
        entries.push((
            number,
            unseal(|| format!("entry {number} of the audit log"), body.value().to_owned())?,
        ));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{Builder, ReadableDatabase};

    use super::super::tables;
    use super::*;
    use crate::error::Error;

    const MOST: u64 = 1_000;

    fn document(number: u64, ends_at_ms: Option<u64>) -> Document {
        Document {
            id: format!("{number:06}"),
            owner: format!("o{number}"),
            body: "{}".into(),
            ends_at_ms,
        }
    }

    #[test]
    fn a_full_shelf_takes_none_or_lets_the_nearest_its_end_go() {
        let database = Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        tables::prepare(&database, "the test").unwrap();
        let txn = database.begin_write().unwrap();
        for shelf in [Shelf::Keys, Shelf::Sessions] {
            for number in 0..MOST {
                write(&txn, shelf, &document(number, (number > 0).then_some(2_000 - number)))
                    .unwrap();
            }
        }
        let new = document(MOST, Some(1_000_000));
        let full = insert_among(&txn, Shelf::Keys, &new, 0, MOST);
        assert!(matches!(full, Err(Error::Full { owner: None, shelf: Shelf::Keys, .. })));
        insert_among(&txn, Shelf::Sessions, &new, 0, MOST).unwrap();
        // The last one has ended by then.
        insert_among(&txn, Shelf::Keys, &new, 2_000 - (MOST - 1), MOST).unwrap();
        txn.commit().unwrap();
        let txn = database.begin_read().unwrap();
        for shelf in [Shelf::Keys, Shelf::Sessions] {
            assert_eq!(txn.open_table(of_shelf(shelf).documents).unwrap().len().unwrap(), MOST);
            assert_eq!(txn.open_table(of_shelf(shelf).owners).unwrap().len().unwrap(), MOST);
            assert_eq!(one(&txn, shelf, &format!("{:06}", MOST - 1), 0).unwrap(), None);
            assert_eq!(one(&txn, shelf, &new.id, 0).unwrap().as_ref(), Some(&new));
        }
    }
}
