//! Documents: per shelf a hash, and two sorted sets of its ids. Pools of short-lived values: per pool a
//! hash, and a sorted set of expiry times.
//!
//! Writes of documents are not repeated after a lost response: the second response would reflect the
//! first write.

use std::time::Duration;

use async_trait::async_trait;
use redis::cmd;

use super::reply::{number, unexpected};
use super::store::RedisStore;
use crate::document::{Document, Shelf};
use crate::error::Result;
use crate::ids::check_name;
use crate::pool::Pool;
use crate::seal;
use crate::store::Documents;

#[async_trait]
impl Documents for RedisStore {
    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        let keys = self.keys.shelf(shelf);
        let mut script = self.writes(&self.scripts.document_insert, &keys.all());
        let (end, body) = (end_of(document), seal::seal(&document.body));
        script.arg(&document.id).arg(&document.owner).arg(end).arg(body).arg(now_ms);
        script.arg(shelf.documents_max()).arg(shelf.owner_max()).arg(u8::from(shelf.gives_way()));
        let answer: String = self.write("keeping a document", &script).await?;
        match answer.as_str() {
            "ok" => Ok(true),
            "known" => Ok(false),
            "owner" => Err(shelf.full(Some(&document.owner))),
            "all" => Err(shelf.full(None)),
            _ => Err(unexpected(shelf.name(), answer)),
        }
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        let command = cmd("HGET").arg(&self.keys.shelf(shelf).documents).arg(id).to_owned();
        let row: Option<String> = self.link.read_command("reading a document", &command).await?;
        let document = row.map(|row| document_of(shelf, id.to_owned(), &row)).transpose()?;
        Ok(document.filter(|document| document.lasts(now_ms)))
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        let keys = self.keys.shelf(shelf);
        let mut script =
            self.writes(&self.scripts.document_replace, &[&keys.documents, &keys.ends]);
        let (end, body) = (end_of(document), seal::seal(&document.body));
        script
            .arg(&document.id)
            .arg(&document.owner)
            .arg(end)
            .arg(body)
            .arg(now_ms)
            .arg(seal::seal(expected_body));
        self.write("changing a document", &script).await
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        let mut script = self.writes(&self.scripts.document_remove, &self.keys.shelf(shelf).all());
        script.arg(id);
        let row: Option<String> = self.write("removing a document", &script).await?;
        row.map(|row| document_of(shelf, id.to_owned(), &row)).transpose()
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        let keys = self.keys.shelf(shelf);
        let mut script = self.reads(&self.scripts.document_list, &[&keys.documents, &keys.owners]);
        script.arg(owner);
        let rows: Vec<(String, String)> = self.link.read("listing documents", &script).await?;
        let documents = rows.into_iter().map(|(id, row)| document_of(shelf, id, &row));
        documents
            .filter(|document| document.as_ref().map_or(true, |document| document.lasts(now_ms)))
            .collect()
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        let mut script =
            self.writes(&self.scripts.document_remove_of, &self.keys.shelf(shelf).all());
        script.arg(owner);
        self.write("removing documents", &script).await
    }

    async fn put_nonce(&self, pool: Pool, key: &str, value: &str, ttl: Duration) -> Result<()> {
        check_name("nonce key", key)?;
        let [values, ends] = self.keys.nonces(pool);
        let mut script = self.writes(&self.scripts.nonce_put, &[values, ends]);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        script.arg(key).arg(value).arg(ttl_ms).arg(pool.max());
        self.write_again("keeping a nonce", &script).await
    }

    // Not repeated after a lost answer: the nonce may be taken, and is then lost, never taken twice.
    async fn take_nonce(&self, pool: Pool, key: &str) -> Result<Option<String>> {
        let [values, ends] = self.keys.nonces(pool);
        let mut script = self.writes(&self.scripts.nonce_take, &[values, ends]);
        script.arg(key);
        self.write("taking a nonce", &script).await
    }
}

/// A document as it is stored, without its id.
pub(super) fn row_of(document: &Document) -> String {
    let Document { owner, body, .. } = document;
    format!("{}\x1f{owner}\x1f{}", end_of(document), seal::seal(body))
}

fn end_of(document: &Document) -> String {
    document.ends_at_ms.map(|end| end.to_string()).unwrap_or_default()
}

pub(super) fn document_of(shelf: Shelf, id: String, row: &str) -> Result<Document> {
    let refused =
        || unexpected(shelf.name(), format!("document {id:?} has no end, owner and body"));
    let mut parts = row.splitn(3, '\x1f');
    let (Some(end), Some(owner), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(refused());
    };
    let ends_at_ms = if end.is_empty() { None } else { Some(number(shelf.name(), end)?) };
    let body =
        seal::unseal(|| format!("document {id:?} of the {shelf} in Redis"), body.to_owned())?;
    Ok(Document { owner: owner.to_owned(), body, ends_at_ms, id })
}

pub(super) fn audit_entry(number: u64) -> String {
    format!("entry {number} of the audit log in Redis")
}
