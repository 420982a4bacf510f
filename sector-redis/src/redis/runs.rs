//! Replays, finished runs and awards.

use async_trait::async_trait;
use redis::cmd;

use super::reply::unexpected;
use super::store::RedisStore;
use crate::commit::{Award, Run};
use crate::error::Result;
use crate::ids::UniverseId;
use crate::seal;
use crate::store::{MAX_READ, Runs};

#[async_trait]
impl Runs for RedisStore {
    async fn records(
        &self,
        universe: &UniverseId,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        let replay = self.keys.replay(universe);
        let mut script =
            self.reads(&self.scripts.records, &[&self.keys.world, &self.keys.records, &replay]);
        // Redis counts list entries in signed numbers; no list is longer than that.
        let from = from_tick.min(i64::MAX as u64 - MAX_READ as u64);
        let to = from + count.clamp(1, MAX_READ) as u64 - 1;
        script.arg(universe).arg(from).arg(to);
        let records: Vec<String> = self.link.read("reading records", &script).await?;
        let whole = |(tick, record)| {
            let record = seal::unseal(
                || format!("record of tick {tick} of universe {universe:?} in Redis"),
                record,
            )?;
            Ok((tick, record))
        };
        (from..).zip(records).map(whole).collect()
    }

    async fn replay_header(&self, universe: &UniverseId) -> Result<Option<String>> {
        let command = cmd("HGET").arg(&self.keys.run_headers).arg(universe).to_owned();
        self.link.read_command("reading a replay header", &command).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut script =
            self.reads(&self.scripts.runs, &[&self.keys.runs, &self.keys.run_summaries]);
        script.arg(count.min(MAX_READ));
        let row: Vec<String> = self.link.read("reading runs", &script).await?;
        let mut row = row.into_iter();
        let mut runs = Vec::new();
        while let (Some(universe), Some(summary)) = (row.next(), row.next()) {
            runs.push(Run { universe: universe.into(), summary });
        }
        Ok(runs)
    }

    async fn record_award(&self, award: &Award) -> Result<bool> {
        award.check()?;
        let mut script = self.writes(&self.scripts.award, &[&self.keys.awards]);
        script.arg(award_field(award)?).arg(&award.body);
        self.write("recording an award", &script).await
    }

    async fn awards(&self, universe: Option<&UniverseId>) -> Result<Vec<Award>> {
        let command = cmd("HGETALL").arg(&self.keys.awards).to_owned();
        let row: Vec<String> = self.link.read_command("reading awards", &command).await?;
        let mut row = row.into_iter();
        let mut awards = Vec::new();
        while let (Some(field), Some(body)) = (row.next(), row.next()) {
            let award = award_of(&field, body)?;
            if universe.is_none_or(|universe| *universe == award.universe) {
                awards.push(award);
            }
        }
        awards.sort();
        Ok(awards)
    }
}

/// The field of an award: its three names, so that no two awards share one.
pub(super) fn award_field(award: &Award) -> Result<String> {
    serde_json::to_string(&(&award.universe, &award.faction, &award.award))
        .map_err(|error| unexpected("award", error.to_string()))
}

pub(super) fn award_of(field: &str, body: String) -> Result<Award> {
    let (universe, faction, award) =
        serde_json::from_str(field).map_err(|error| unexpected("award", error.to_string()))?;
    Ok(Award { universe, faction, award, body })
}
