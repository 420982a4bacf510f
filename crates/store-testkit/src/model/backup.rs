//! Backups of the model, and what restoring one does.

use super::state::State;
use super::store::ModelStore;
use sector_redis::archive::EPOCH_GAP;
use sector_redis::error::Result;
use sector_redis::incarnation::held;

/// Everything a model held at a moment.
#[derive(Clone)]
pub struct ModelBackup(State);

impl ModelStore {
    /// Everything it holds, to be put back later.
    #[must_use]
    pub fn backup(&self) -> ModelBackup {
        ModelBackup(self.state().clone())
    }

    /// Puts a backup in the place of everything it holds, as restoring an archive does: the lease and the nonces are
    /// gone, so is what the checkpoint includes of the streams; epochs go on far beyond those that were given; and the
    /// history has a new incarnation, unless `is_unmarked`, which breaks that promise.
    ///
    /// # Errors
    /// [`Config`](sector_redis::Error::Config) while a worker holds the lease.
    pub fn restore(&self, backup: &ModelBackup, is_unmarked: bool) -> Result<()> {
        let now_ms = self.now_ms();
        let mut state = self.state();
        if state.lease.as_ref().is_some_and(|(_, end_ms)| *end_ms > now_ms) {
            return Err(held());
        }
        let restores = state.restores;
        *state = backup.0.clone();
        state.restores = if is_unmarked { restores } else { restores + 1 };
        state.epoch += EPOCH_GAP;
        state.lease = None;
        state.late_cursor = None;
        state.nonces.clear();
        state.nonce_ends.clear();
        if let Some(checkpoint) = state.checkpoint.clone() {
            state.events.retain(|number, _| *number > checkpoint.event_id.number());
            state.orders.retain(|number, _| *number > checkpoint.cursor.number());
        }
        drop(state);
        self.wake();
        Ok(())
    }
}
