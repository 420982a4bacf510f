//! Documents: of each shelf one hash, and two sorted sets of its ids; and the audit log, a list.
//!
//! None of these writes is repeated after a lost response: the second response would reflect the first write.

use redis::cmd;

use super::reply::{number, unexpected};
use super::store::RedisStore;
use crate::document::{Document, Shelf};
use crate::error::Result;
use crate::seal;

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

pub(super) async fn insert(
    store: &RedisStore,
    shelf: Shelf,
    document: &Document,
    now_ms: u64,
) -> Result<bool> {
    document.check()?;
    let keys = store.keys.shelf(shelf);
    let mut script = store.writes(&store.scripts.document_insert, &keys.all());
    let (end, body) = (end_of(document), seal::seal(&document.body));
    script.arg(&document.id).arg(&document.owner).arg(end).arg(body).arg(now_ms);
    script.arg(shelf.documents_max()).arg(shelf.owner_max()).arg(u8::from(shelf.gives_way()));
    let answer: String = store.write("keeping a document", &script).await?;
    match answer.as_str() {
        "ok" => Ok(true),
        "known" => Ok(false),
        "owner" => Err(shelf.full(Some(&document.owner))),
        "all" => Err(shelf.full(None)),
        _ => Err(unexpected(shelf.name(), answer)),
    }
}

pub(super) async fn one(
    store: &RedisStore,
    shelf: Shelf,
    id: &str,
    now_ms: u64,
) -> Result<Option<Document>> {
    let command = cmd("HGET").arg(&store.keys.shelf(shelf).documents).arg(id).to_owned();
    let row: Option<String> = store.link.read_command("reading a document", &command).await?;
    let document = row.map(|row| document_of(shelf, id.to_owned(), &row)).transpose()?;
    Ok(document.filter(|document| document.lasts(now_ms)))
}

pub(super) async fn replace(
    store: &RedisStore,
    shelf: Shelf,
    expected_body: &str,
    document: &Document,
    now_ms: u64,
) -> Result<bool> {
    document.check()?;
    let keys = store.keys.shelf(shelf);
    let mut script = store.writes(&store.scripts.document_replace, &[&keys.documents, &keys.ends]);
    let (end, body) = (end_of(document), seal::seal(&document.body));
    script
        .arg(&document.id)
        .arg(&document.owner)
        .arg(end)
        .arg(body)
        .arg(now_ms)
        .arg(seal::seal(expected_body));
    store.write("changing a document", &script).await
}

pub(super) async fn remove(store: &RedisStore, shelf: Shelf, id: &str) -> Result<Option<Document>> {
    let mut script = store.writes(&store.scripts.document_remove, &store.keys.shelf(shelf).all());
    script.arg(id);
    let row: Option<String> = store.write("removing a document", &script).await?;
    row.map(|row| document_of(shelf, id.to_owned(), &row)).transpose()
}

pub(super) async fn list_of(
    store: &RedisStore,
    shelf: Shelf,
    owner: &str,
    now_ms: u64,
) -> Result<Vec<Document>> {
    let keys = store.keys.shelf(shelf);
    let mut script = store.reads(&store.scripts.document_list, &[&keys.documents, &keys.owners]);
    script.arg(owner);
    let rows: Vec<(String, String)> = store.link.read("listing documents", &script).await?;
    let documents = rows.into_iter().map(|(id, row)| document_of(shelf, id, &row));
    documents
        .filter(|document| document.as_ref().map_or(true, |document| document.lasts(now_ms)))
        .collect()
}

pub(super) async fn remove_of(store: &RedisStore, shelf: Shelf, owner: &str) -> Result<u64> {
    let mut script =
        store.writes(&store.scripts.document_remove_of, &store.keys.shelf(shelf).all());
    script.arg(owner);
    store.write("removing documents", &script).await
}

pub(super) async fn append_audit(store: &RedisStore, body: &str) -> Result<u64> {
    let mut script = store.writes(&store.scripts.audit_append, &[&store.keys.audit]);
    script.arg(seal::seal(body));
    store.write("writing to the audit log", &script).await
}

pub(super) async fn audit(
    store: &RedisStore,
    after: u64,
    count: usize,
) -> Result<Vec<(u64, String)>> {
    // The index of entry n is n - 1; beyond this no list goes.
    let first = after.min(1 << 53);
    let last = first.saturating_add(count as u64) - 1;
    let command = cmd("LRANGE").arg(&store.keys.audit).arg(first).arg(last).to_owned();
    let bodies: Vec<String> = store.link.read_command("reading the audit log", &command).await?;
    let entries = (first + 1..).zip(bodies);
    entries
        .map(|(number, body)| Ok((number, seal::unseal(|| audit_entry(number), body)?)))
        .collect()
}

pub(super) fn audit_entry(number: u64) -> String {
    format!("entry {number} of the audit log in Redis")
}
