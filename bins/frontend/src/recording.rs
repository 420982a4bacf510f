//! A recorded run that is shown as if it were live: nobody can play in it, and whoever shows it learns whether somebody
//! looks.

use service::Problem;
use tokio::sync::watch;

/// Makes a frontend that of a recorded run. There is no API behind it: whatever is asked of one is refused with
/// `recorded_run`.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    viewers: watch::Sender<usize>,
}

/// Somebody who looks, until this is dropped.
#[derive(Debug)]
pub(crate) struct Viewer(watch::Sender<usize>);

impl Recording {
    /// Waits until somebody looks.
    pub async fn watched(&self) {
        // The sender is here: the channel is open.
        let _ = self.viewers.subscribe().wait_for(|viewers| *viewers > 0).await;
    }

    /// Waits until nobody looks.
    pub async fn left(&self) {
        let _ = self.viewers.subscribe().wait_for(|viewers| *viewers == 0).await;
    }

    pub(crate) fn viewer(&self) -> Viewer {
        self.viewers.send_modify(|viewers| *viewers += 1);
        Viewer(self.viewers.clone())
    }

    pub(crate) fn refusal() -> Problem {
        Problem::forbidden("recorded_run", "This is a recorded run: everybody can watch, nobody can play.")
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.send_modify(|viewers| *viewers -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_shows_it_learns_who_looks() {
        let recording = Recording::default();
        recording.left().await;
        let (one, other) = (recording.viewer(), recording.viewer());
        recording.watched().await;
        drop(one);
        recording.watched().await;
        drop(other);
        recording.left().await;
    }
}
