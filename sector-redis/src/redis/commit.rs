//! The lease (a key that expires, and a counter of epochs) and commits under it: one script, all or
//! nothing.

use std::time::Duration;

use async_trait::async_trait;
use redis::{ScriptInvocation, cmd};

use super::reply::{event_sum, number, outcome_sum, unexpected};
use super::runs::award_field;
use super::store::RedisStore;
use crate::commit::{
    Commit, Committed, Lease, Previous, check_ttl, cursor_out_of_range, outcome_out_of_range,
    universe_taken,
};
use crate::error::{Error, Result};
use crate::ids::check_name;
use crate::outcome::Outcome;
use crate::seal;
use crate::store::World;
use crate::stream::StreamId;

#[async_trait]
impl World for RedisStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        check_name("lease holder", holder)?;
        let mut script =
            self.writes(&self.scripts.lease_acquire, &[&self.keys.lease, &self.keys.epoch]);
        script.arg(holder).arg(check_ttl(ttl)?);
        // Not repeated after a lost answer: a lease that is found taken under this name may be that of
        // another process which bears it, too.
        let epoch: Option<u64> = self.write("taking the lease", &script).await?;
        Ok(epoch.map(|epoch| Lease { holder: holder.to_owned(), epoch }))
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        let mut script = self.writes(&self.scripts.lease_renew, &[&self.keys.lease]);
        script.arg(token(lease)).arg(check_ttl(ttl)?);
        let renewed: u64 = self.write_again("renewing the lease", &script).await?;
        if renewed == 1 { Ok(()) } else { Err(lost(lease)) }
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let mut script = self.writes(&self.scripts.lease_release, &[&self.keys.lease]);
        script.arg(token(lease));
        self.write_again("releasing the lease", &script).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        commit.check()?;
        let script = script(self, commit, check_ttl(commit.lease_ttl)?).await?;
        // Asking again reads back what the first time came to: a commit is known by its epoch,
        // universe, tick and digest.
        let answer: Vec<String> = self.write_again("committing a tick", &script).await?;
        match answer.first().map_or("", String::as_str) {
            "ok" => committed(&answer, false),
            "repeat" => committed(&answer, true),
            "lease" => Err(lost(&commit.lease)),
            "tick" => Err(conflict(commit, &answer)),
            "taken" => Err(universe_taken(&commit.universe)),
            "cursor" => Err(cursor_out_of_range(commit.cursor)),
            "outcome" => Err(outcome_out_of_range(
                commit.outcomes.first().map_or(StreamId::START, |first| first.id),
            )),
            _ => Err(unexpected("state", answer.join(" "))),
        }
    }
}

async fn script<'a>(
    store: &'a RedisStore,
    commit: &Commit,
    ttl_ms: u64,
) -> Result<ScriptInvocation<'a>> {
    let keys = &store.keys;
    let replay = keys.replay(&commit.universe);
    let mut script = store.writes(
        &store.scripts.commit,
        &[
            &keys.world,
            &keys.lease,
            &keys.snapshot,
            &keys.events,
            &keys.orders,
            &keys.last_order,
            &keys.client_ids,
            &keys.seats,
            &keys.records,
            &keys.runs,
            &keys.run_summaries,
            &keys.run_headers,
            &keys.awards,
            &keys.control,
            &keys.outcomes,
            &keys.outcomes_of,
            &replay,
        ],
    );
    script
        .arg(token(&commit.lease))
        .arg(ttl_ms)
        .arg(commit.lease.epoch)
        .arg(&commit.universe)
        .arg(commit.tick)
        .arg(&commit.digest)
        .arg(commit.cursor.number())
        .arg(seal::seal(&commit.record));
    for optional in [&commit.begin, &commit.finished, &commit.checkpoint] {
        script.arg(u8::from(optional.is_some())).arg(optional.as_deref().unwrap_or_default());
    }
    script
        .arg(text_or_empty(commit.event_maxlen))
        .arg(text_or_empty(commit.restart_served))
        .arg(store.keep_runs)
        .arg(commit.checkpoint.as_deref().map(seal::sum).unwrap_or_default())
        .arg(text_or_empty(commit.follows.map(StreamId::number)))
        .arg(commit.outcomes_end())
        .arg(commit.events.len());
    for event in &commit.events {
        script.arg(&event.kind).arg(&event.data).arg(event_sum(&event.kind, &event.data));
    }
    script.arg(commit.outcomes.len());
    for outcome in &commit.outcomes {
        let Outcome { id, player, body } = outcome;
        script.arg(id.number()).arg(player).arg(body).arg(outcome_sum(outcome));
    }
    script.arg(commit.awards.len());
    for award in &commit.awards {
        script.arg(award_field(award)?).arg(&award.body);
    }
    if commit.finished.is_some() {
        for universe in runs_to_drop(store).await? {
            script.key(keys.replay(&universe)).arg(universe);
        }
    }
    Ok(script)
}

/// The runs that must go when one more is listed, oldest last.
async fn runs_to_drop(store: &RedisStore) -> Result<Vec<String>> {
    let command = cmd("LRANGE").arg(&store.keys.runs).arg(store.keep_runs - 1).arg(-1).to_owned();
    store.link.read_command("reading runs", &command).await
}

fn text_or_empty(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn committed(answer: &[String], repeated: bool) -> Result<Committed> {
    let [_, before, last] = answer else {
        return Err(unexpected("commit", format!("{answer:?}")));
    };
    let (before, last) = (number("event", before)?, number("event", last)?);
    Ok(Committed { event_ids: (before + 1..=last).map(StreamId::new).collect(), repeated })
}

/// The refusal of a commit that does not follow what the script found.
fn conflict(commit: &Commit, found: &[String]) -> Error {
    let [_, universe, tick, finished, event] = found else {
        return unexpected("commit", format!("{found:?}"));
    };
    let (tick, event) = match (number("tick", tick), number("event", event)) {
        (Ok(tick), Ok(event)) => (tick, event),
        (Err(error), _) | (_, Err(error)) => return error,
    };
    let previous = (!universe.is_empty()).then_some(Previous {
        universe: universe.as_str().into(),
        tick,
        finished: finished == "1",
        event,
    });
    match commit.check_follows(previous.as_ref()) {
        Err(error) => error,
        Ok(()) => unexpected("commit", format!("{found:?}")),
    }
}

/// What the lease key holds while `lease` is held.
pub(super) fn token(lease: &Lease) -> String {
    format!("{} {}", lease.epoch, lease.holder)
}

pub(super) fn lost(lease: &Lease) -> Error {
    Error::LeaseLost { holder: lease.holder.clone(), epoch: lease.epoch }
}
