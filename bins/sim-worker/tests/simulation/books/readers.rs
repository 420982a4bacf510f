//! What was read of the sector, held against what was committed.

use sector_redis::{Event, Incarnation, Position, StreamId};

use super::Books;

impl Books {
    /// The history of an incarnation as somebody may have seen it; `None`: of the store before it was ever restored.
    fn events_of(&self, incarnation: Option<Incarnation>) -> &[(String, String)] {
        if incarnation == self.incarnation {
            return &self.events;
        }
        self.pasts.get(&incarnation).map_or(&[], |past| &past.events)
    }

    /// The first incarnation has no number of its own here.
    fn known(&self, incarnation: Incarnation) -> Option<Incarnation> {
        (Some(incarnation) == self.incarnation || self.pasts.contains_key(&Some(incarnation)))
            .then_some(incarnation)
    }

    /// Somebody has read these events; without an incarnation, of whichever the store had when it was read.
    pub(crate) fn read_events(&mut self, from: Position, events: &[Event]) {
        let mut histories = vec![self.incarnation];
        match from.incarnation {
            Some(incarnation) => histories = vec![self.known(incarnation)],
            None => histories.extend(self.pasts.keys()),
        }
        for (index, event) in events.iter().enumerate() {
            let number = from.after.number() + 1 + index as u64;
            let is_it = |incarnation: &Option<Incarnation>| {
                let known = usize::try_from(number - 1)
                    .ok()
                    .and_then(|index| self.events_of(*incarnation).get(index));
                known.is_some_and(|(kind, data)| *kind == event.kind && *data == event.data)
            };
            let same = histories.iter().any(is_it);
            self.expect(event.id.number() == number && same, || {
                format!("event {number} was read as {}", event.id)
            });
        }
    }

    /// A follower has passed on this entry.
    pub(crate) fn read_entry(&mut self, incarnation: Incarnation, id: StreamId, json: &[u8]) {
        let events = self.events_of(self.known(incarnation));
        let known =
            usize::try_from(id.number().saturating_sub(1)).ok().and_then(|index| events.get(index));
        let same = known.is_some_and(|(kind, data)| {
            let told = std::str::from_utf8(json).unwrap_or_default();
            // A snapshot comes with the incarnation of the store.
            let told = match told.split_once(r#""data":{"incarnation":""#) {
                Some((head, rest)) if kind == "snapshot" => {
                    format!(r#"{head}"data":{{{}"#, rest.get(18..).unwrap_or_default())
                }
                _ => told.to_owned(),
            };
            told == format!(r#"{{"id":"{id}","type":"{kind}","data":{data}}}"#)
        });
        self.expect(same, || format!("a follower has another entry {id}"));
    }

    /// A follower shows this state.
    pub(crate) fn read_frame(
        &mut self,
        incarnation: Incarnation,
        universe: &str,
        tick: u64,
        digest: &str,
    ) {
        let incarnation = self.known(incarnation);
        let past = self.pasts.get(&incarnation).map(|past| &past.digests);
        let digests = past.filter(|_| incarnation != self.incarnation).unwrap_or(&self.digests);
        let known = digests.get(&(universe.to_owned(), tick)).cloned();
        self.expect(known.as_deref() == Some(digest), || {
            format!(
                "a follower shows {digest} at tick {tick} of {universe}, committed was {known:?}"
            )
        });
    }

    /// The digest committed for a tick.
    pub(crate) fn digest(&self, universe: &str, tick: u64) -> Option<&str> {
        self.digests.get(&(universe.to_owned(), tick)).map(String::as_str)
    }
}
