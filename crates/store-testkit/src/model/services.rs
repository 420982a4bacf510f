//! Outcomes of orders, and documents of the services.

use super::state::State;
use sector_redis::document::{Document, Shelf};
use sector_redis::error::Result;
use sector_redis::order::OrderEntry;
use sector_redis::outcome::{OrderStatus, Outcome, WAITING_LOOKED_AT, newest};
use sector_redis::stream::StreamId;

impl State {
    pub(super) fn status(&self, id: StreamId) -> Option<OrderStatus> {
        let cursor = self.world.as_ref().map_or(0, |world| world.cursor);
        if id.number() > cursor {
            return self.orders.get(&id.number()).cloned().map(OrderStatus::Waiting);
        }
        self.outcomes.get(&id.number()).cloned().map(OrderStatus::Done)
    }

    pub(super) fn orders_of(&self, player: &str, count: usize) -> Vec<OrderStatus> {
        let cursor = self.world.as_ref().map_or(0, |world| world.cursor);
        let waiting =
            self.orders.range(cursor + 1..).rev().take(WAITING_LOOKED_AT).map(|(_, entry)| entry);
        let waiting: Vec<OrderEntry> =
            waiting.filter(|entry| entry.player == player).take(count).cloned().collect();
        let done = self.outcomes.values().rev().filter(|outcome| outcome.player == player);
        let done: Vec<Outcome> = done.take(count).cloned().collect();
        newest(waiting, done, count)
    }

    /// The documents of a shelf, the one nearest its end first.
    fn by_end(&self, shelf: Shelf) -> Vec<&Document> {
        let mut found: Vec<&Document> = self
            .documents
            .iter()
            .filter(|((on, _), _)| *on == shelf)
            .map(|(_, document)| document)
            .collect();
        found.sort_by_key(|document| (document.end(), &document.id));
        found
    }

    pub(super) fn insert_document(
        &mut self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        self.documents.retain(|_, known| known.lasts(now_ms));
        let key = (shelf, document.id.clone());
        if self.documents.contains_key(&key) {
            return Ok(false);
        }
        let all = self.by_end(shelf);
        let own: Vec<&Document> =
            all.iter().copied().filter(|known| known.owner == document.owner).collect();
        let full = |count: usize, most: u64| count as u64 >= most;
        let goes = if full(own.len(), shelf.owner_max()) {
            own.first().map(|first| (first.id.clone(), Some(document.owner.as_str())))
        } else if full(all.len(), shelf.documents_max()) {
            all.first().map(|first| (first.id.clone(), None))
        } else {
            None
        };
        if let Some((goes, owner)) = goes {
            if !shelf.gives_way() {
                return Err(shelf.full(owner));
            }
            self.documents.remove(&(shelf, goes));
        }
        self.documents.insert(key, document.clone());
        Ok(true)
    }

    pub(super) fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Option<Document> {
        self.documents.get(&(shelf, id.to_owned())).filter(|known| known.lasts(now_ms)).cloned()
    }

    pub(super) fn replace_document(
        &mut self,
        shelf: Shelf,
        expected: &str,
        document: &Document,
        now_ms: u64,
    ) -> bool {
        let known = self.document(shelf, &document.id, now_ms);
        let is_expected =
            known.is_some_and(|known| known.owner == document.owner && known.body == expected);
        if is_expected {
            self.documents.insert((shelf, document.id.clone()), document.clone());
        }
        is_expected
    }

    pub(super) fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Vec<Document> {
        let own =
            self.documents.iter().filter(|((on, _), known)| *on == shelf && known.owner == owner);
        own.filter(|(_, known)| known.lasts(now_ms)).map(|(_, known)| known.clone()).collect()
    }

    pub(super) fn remove_documents_of(&mut self, shelf: Shelf, owner: &str) -> u64 {
        let before = self.documents.len();
        self.documents.retain(|(on, _), known| *on != shelf || known.owner != owner);
        (before - self.documents.len()) as u64
    }

    pub(super) fn append_audit(&mut self, body: &str) -> u64 {
        self.audit.push(body.to_owned());
        self.audit.len() as u64
    }

    pub(super) fn audit(&self, after: u64, count: usize) -> Vec<(u64, String)> {
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        (1..)
            .zip(&self.audit)
            .skip(skipped)
            .take(count)
            .map(|(number, body)| (number, body.clone()))
            .collect()
    }
}
