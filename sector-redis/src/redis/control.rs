//! The operators' switches, and the audit log: a list.

use async_trait::async_trait;
use redis::cmd;

use super::shelves::audit_entry;
use super::store::RedisStore;
use crate::document::check_audit;
use crate::error::Result;
use crate::seal;
use crate::store::{Control, MAX_READ, RestartRequest};

#[async_trait]
impl Control for RedisStore {
    async fn set_paused(&self, paused: bool) -> Result<()> {
        let mut script = self.writes(&self.scripts.pause, &[&self.keys.control]);
        script.arg(u8::from(paused));
        self.write_again("pausing", &script).await
    }

    async fn paused(&self) -> Result<bool> {
        let command = cmd("HEXISTS").arg(&self.keys.control).arg("paused").to_owned();
        self.link.read_command("reading the pause", &command).await
    }

    // Not repeated after a lost answer: it might ask for two restarts.
    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        let mut script = self.writes(&self.scripts.restart_request, &[&self.keys.control]);
        script.arg(seed.map(|seed| seed.to_string()).unwrap_or_default());
        let number = self.write("asking for a restart", &script).await?;
        Ok(RestartRequest { number, seed })
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        let command =
            cmd("HMGET").arg(&self.keys.control).arg("restart").arg("restart_seed").to_owned();
        let (request, seed): (Option<u64>, Option<u64>) =
            self.link.read_command("reading the restart request", &command).await?;
        Ok(request.map(|number| RestartRequest { number, seed }))
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        check_audit(body)?;
        let mut script = self.writes(&self.scripts.audit_append, &[&self.keys.audit]);
        script.arg(seal::seal(body));
        self.write("writing to the audit log", &script).await
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        let count = count.clamp(1, MAX_READ);
        // The index of entry n is n - 1; beyond this no list goes.
        let first = after.min(1 << 53);
        let last = first.saturating_add(count as u64) - 1;
        let command = cmd("LRANGE").arg(&self.keys.audit).arg(first).arg(last).to_owned();
        let bodies: Vec<String> = self.link.read_command("reading the audit log", &command).await?;
        let entries = (first + 1..).zip(bodies);
        entries
            .map(|(number, body)| Ok((number, seal::unseal(|| audit_entry(number), body)?)))
            .collect()
    }
}
