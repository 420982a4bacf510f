//! Replays, finished runs and awards.

use async_trait::async_trait;
use redis::cmd;

use super::reply::unexpected;
use super::store::RedisStore;
use crate::commit::{Award, AwardPage, Recorded, Run};
use crate::error::{Error, Result};
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

    async fn run(&self, universe: &UniverseId) -> Result<Option<Run>> {
        let command = cmd("HGET").arg(&self.keys.run_summaries).arg(universe).to_owned();
        let summary: Option<String> = self.link.read_command("reading a run", &command).await?;
        Ok(summary.map(|summary| Run { universe: universe.clone(), summary }))
    }

    async fn record_award(&self, award: &Award) -> Result<Recorded> {
        award.check()?;
        let mut script = self.writes(&self.scripts.award, &[&self.keys.awards]);
        script.arg(award_field(award)?).arg(&award.body);
        let answer: String = self.write("recording an award", &script).await?;
        match answer.as_str() {
            "new" => Ok(Recorded::New),
            "same" => Ok(Recorded::Same),
            "different" => Ok(Recorded::Different),
            _ => Err(unexpected("award", answer)),
        }
    }

    // A page is a step of a scan.
    async fn awards(&self, after: Option<&str>, count: usize) -> Result<AwardPage> {
        let cursor: u64 = after.unwrap_or("0").parse().map_err(|_| {
            Error::invalid("after", after.unwrap_or_default(), "the `next` of a page")
        })?;
        let count = count.clamp(1, MAX_READ);
        let command =
            cmd("HSCAN").arg(&self.keys.awards).arg(cursor).arg("COUNT").arg(count).to_owned();
        let (next, rows): (String, Vec<(String, String)>) =
            self.link.read_command("reading awards", &command).await?;
        let awards = rows.into_iter().map(|(field, body)| award_of(&field, body));
        Ok(AwardPage {
            awards: awards.collect::<Result<_>>()?,
            next: Some(next).filter(|next| next != "0"),
        })
    }

    async fn award_count(&self) -> Result<u64> {
        let command = cmd("HLEN").arg(&self.keys.awards).to_owned();
        self.link.read_command("counting awards", &command).await
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
