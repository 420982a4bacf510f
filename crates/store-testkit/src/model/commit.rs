//! The commit: look first, then write everything.

use super::flaw::Flaw;
use super::state::{State, World, lost};
use sector_redis::UniverseId;
use sector_redis::commit::{
    Award, Checkpoint, Commit, Committed, Previous, Recorded, Run, cursor_out_of_range,
    universe_taken,
};
use sector_redis::error::Result;
use sector_redis::stream::{Event, StreamId};

impl State {
    pub(super) fn commit(
        &mut self,
        commit: &Commit,
        ttl_ms: u64,
        now_ms: u64,
        keep_runs: usize,
    ) -> Result<Committed> {
        if let Some(world) = &self.world
            && world.epoch == commit.lease.epoch
            && world.universe == commit.universe
            && world.tick == commit.tick
            && world.digest == commit.digest
            && !self.has(Flaw::RepeatsCommit)
        {
            let event_ids = ids(world.events_before, world.event);
            if self.holds(&commit.lease, now_ms) {
                self.hold(&commit.lease, ttl_ms, now_ms);
            }
            return Ok(Committed { event_ids, repeated: true });
        }
        if self.has(Flaw::AwardsOutsideTheStep) {
            commit.awards.iter().for_each(|award| self.write_award(award));
        }
        self.look(commit, now_ms)?;

        if commit.begin.is_some() {
            self.end_universe();
        }
        self.hold(&commit.lease, ttl_ms, now_ms);
        let before = self.append_events(commit);
        let cursor = self.cursor_to_write(commit.cursor.number());
        let universe = commit.universe.clone();
        self.world = Some(World {
            universe: universe.clone(),
            tick: commit.tick,
            digest: commit.digest.clone(),
            cursor,
            epoch: commit.lease.epoch,
            events_before: before,
            event: self.last_event,
            finished: commit.finished.is_some(),
        });
        self.records.insert((universe.clone(), commit.tick), commit.record.clone());
        if let Some(header) = &commit.begin {
            self.headers.insert(universe.clone(), header.clone());
        }
        if let Some(snapshot) = &commit.checkpoint {
            self.write_checkpoint(commit, cursor, snapshot);
        }
        if let Some(keep) = commit.event_maxlen {
            let in_checkpoint =
                self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.event_id.number());
            let limit = self.last_event.saturating_sub(keep).min(in_checkpoint);
            self.events.retain(|number, _| *number > limit);
        }
        if let Some(summary) = &commit.finished {
            self.runs.insert(0, Run { universe, summary: summary.clone() });
            while self.runs.len() > keep_runs {
                if let Some(oldest) = self.runs.pop() {
                    self.drop_replay(&oldest.universe);
                }
            }
        }
        for award in &commit.awards {
            self.write_award(award);
        }
        self.outcomes
            .extend(commit.outcomes.iter().map(|outcome| (outcome.id.number(), outcome.clone())));
        self.outcomes.retain(|number, _| *number > commit.outcomes_end());
        if let Some(served) = commit.restart_served {
            self.restart = self.restart.take().filter(|request| request.number > served);
        }
        Ok(Committed { event_ids: ids(before, self.last_event), repeated: false })
    }

    /// Refuses before anything is written.
    fn look(&self, commit: &Commit, now_ms: u64) -> Result<()> {
        if !self.holds(&commit.lease, now_ms) && !self.has(Flaw::NoFence) {
            return Err(lost(&commit.lease));
        }
        let follows = self.world.as_ref().map(|world| Previous {
            universe: world.universe.clone(),
            tick: world.tick,
            finished: world.finished,
            event: world.event,
        });
        let repeats = self.has(Flaw::RepeatsCommit)
            && self.world.as_ref().is_some_and(|world| {
                world.universe == commit.universe && world.tick == commit.tick
            });
        if !repeats && !self.has(Flaw::NoSequence) {
            commit.check_follows(follows.as_ref())?;
        }
        if commit.begin.is_some() && !repeats && self.headers.contains_key(&commit.universe) {
            return Err(universe_taken(&commit.universe));
        }
        let (cursor, committed) =
            (commit.cursor.number(), self.world.as_ref().map_or(0, |world| world.cursor));
        if (cursor < committed && !self.has(Flaw::NoSequence)) || cursor > self.last_order {
            return Err(cursor_out_of_range(commit.cursor));
        }
        if !self.has(Flaw::NoSequence) && !repeats {
            commit.check_outcomes(committed)?;
        }
        Ok(())
    }

    /// Drops what ends with a universe.
    fn end_universe(&mut self) {
        self.client_ids.clear();
        self.seats.clear();
        self.players.clear();
        if let Some(world) = self.world.clone()
            && !world.finished
        {
            self.drop_replay(&world.universe);
        }
    }

    fn drop_replay(&mut self, universe: &UniverseId) {
        self.headers.remove(universe);
        self.records.retain(|(of, _), _| **of != **universe);
    }

    /// Appends the events and says after which number.
    fn append_events(&mut self, commit: &Commit) -> u64 {
        let is_new_epoch =
            self.world.as_ref().is_some_and(|world| world.epoch != commit.lease.epoch);
        if self.has(Flaw::EventsRewound) && is_new_epoch {
            let from =
                self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.event_id.number());
            self.last_event = from;
            self.events.retain(|number, _| *number <= from);
        }
        let before = self.last_event;
        for event in &commit.events {
            self.last_event += 1;
            let id = StreamId::new(self.last_event);
            self.events.insert(
                self.last_event,
                Event { id, kind: event.kind.clone(), data: event.data.clone() },
            );
        }
        before
    }

    fn cursor_to_write(&mut self, cursor: u64) -> u64 {
        if !self.has(Flaw::CursorApart) {
            return cursor;
        }
        let committed = self.world.as_ref().map_or(0, |world| world.cursor);
        self.late_cursor.replace(cursor).map_or(committed, |late| late.max(committed))
    }

    fn write_checkpoint(&mut self, commit: &Commit, cursor: u64, snapshot: &str) {
        let ahead = self.has(Flaw::CheckpointAhead);
        let cursor = if ahead { self.last_order } else { cursor };
        if let (true, Some(world)) = (ahead, self.world.as_mut()) {
            world.cursor = cursor;
        }
        self.checkpoint = Some(Checkpoint {
            incarnation: self.incarnation(),
            universe: commit.universe.clone(),
            tick: commit.tick,
            event_id: StreamId::new(self.last_event),
            cursor: StreamId::new(cursor),
            snapshot: snapshot.to_owned(),
        });
        let limit = match self.flaw {
            Some(Flaw::TrimsByLength) => self.last_order.saturating_sub(3),
            Some(Flaw::TrimsBeyondCursor) => self.last_order,
            _ => cursor,
        };
        self.orders.retain(|number, _| *number > limit);
    }

    /// Writes an award of a commit, in place of one that something else recorded.
    fn write_award(&mut self, award: &Award) {
        self.awards.insert(award_key(award), award.body.clone());
    }

    /// Records an award unless it is recorded.
    pub(super) fn record_award(&mut self, award: &Award) -> Recorded {
        match self.awards.get(&award_key(award)) {
            Some(body) if *body == award.body => Recorded::Same,
            Some(_) => Recorded::Different,
            None => {
                self.write_award(award);
                Recorded::New
            }
        }
    }
}

fn award_key(award: &Award) -> (UniverseId, String, String) {
    (award.universe.clone(), award.faction.clone(), award.award.clone())
}

fn ids(before: u64, last: u64) -> Vec<StreamId> {
    (before + 1..=last).map(StreamId::new).collect()
}
