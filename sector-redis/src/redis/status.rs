//! The newest committed state, and the state of the store itself.

use async_trait::async_trait;
use redis::cmd;

use super::reply::{incarnation, next, next_number, unexpected};
use super::store::RedisStore;
use crate::commit::{Checkpoint, Head};
use crate::error::Result;
use crate::incarnation::Incarnation;
use crate::seal;
use crate::store::{BackupNote, Durability, Status};
use crate::stream::StreamId;

type Row = Vec<Option<String>>;

/// The incarnation of a store that holds a world, which is marked.
fn of_world(mark: Option<&str>) -> Result<Incarnation> {
    incarnation(mark)?
        .ok_or_else(|| unexpected("world", "the keys are there, but not the mark of their format"))
}

#[async_trait]
impl Status for RedisStore {
    async fn head(&self) -> Result<Option<Head>> {
        let script = self
            .reads(&self.scripts.head, &[&self.keys.world, &self.keys.control, &self.keys.format]);
        let (row, paused, mark): (Row, u8, Option<String>) =
            self.link.read("reading the head", &script).await?;
        let mut row = row.into_iter();
        let Some(universe) = row.next().flatten() else {
            return Ok(None);
        };
        let what = "world";
        Ok(Some(Head {
            incarnation: of_world(mark.as_deref())?,
            universe: universe.into(),
            tick: next_number(what, &mut row)?,
            digest: next(what, &mut row)?,
            cursor: StreamId::new(next_number(what, &mut row)?),
            epoch: next_number(what, &mut row)?,
            event_id: StreamId::new(next_number(what, &mut row)?),
            finished: next(what, &mut row)? == "1",
            paused: paused == 1,
        }))
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let keys = [self.keys.world.as_str(), &self.keys.snapshot, &self.keys.format];
        let script = self.reads(&self.scripts.checkpoint, &keys);
        type Answer = (Row, Option<String>, Option<String>, Option<String>);
        let (row, sum, snapshot, mark): Answer =
            self.link.read("reading the checkpoint", &script).await?;
        let mut row = row.into_iter();
        let Some(universe) = row.next().flatten() else {
            return Ok(None);
        };
        let what = "checkpoint";
        let snapshot = snapshot.ok_or_else(|| unexpected(what, "the snapshot key is missing"))?;
        // Format 1 wrote no sum.
        if let Some(sum) = sum {
            seal::check(
                || format!("snapshot in Redis, key {:?},", self.keys.snapshot),
                &snapshot,
                &sum,
            )?;
        }
        Ok(Some(Checkpoint {
            incarnation: of_world(mark.as_deref())?,
            universe: universe.into(),
            tick: next_number(what, &mut row)?,
            event_id: StreamId::new(next_number(what, &mut row)?),
            cursor: StreamId::new(next_number(what, &mut row)?),
            snapshot,
        }))
    }

    async fn last_backup(&self) -> Result<Option<BackupNote>> {
        self.backup_noted().await
    }

    async fn ping(&self) -> Result<()> {
        self.link.write_command("ping", &cmd("PING")).await
    }

    fn durability(&self) -> Durability {
        self.report().durability
    }
}
