//! A recorded run shown as if it were live. Viewers can pause, change the pace and seek, but not play.

use sector_wire::Code;
use std::ops::RangeInclusive;

use http_kit::Problem;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Allowed pace, in milliseconds per tick.
pub const PACES_MS: RangeInclusive<u64> = 10..=60_000;

/// The playback of a recorded run, shared by all viewers. A frontend with a recording has no API behind it and
/// answers API calls with `recorded_run`.
#[derive(Clone, Debug)]
pub struct Recording {
    viewers: watch::Sender<usize>,
    playing: watch::Sender<Playing>,
}

/// State of the playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Playing {
    /// Last recorded tick.
    pub last: u64,
    /// Milliseconds per tick.
    pub tick_ms: u64,
    /// Whether playback is paused.
    pub paused: bool,
    /// Tick to jump to, until the player has taken it.
    pub seek: Option<u64>,
}

/// A viewer's change to the playback. Values out of range are clamped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaybackChange {
    tick_ms: Option<u64>,
    paused: Option<bool>,
    tick: Option<u64>,
}

/// Counts as a viewer until dropped.
#[derive(Debug)]
pub(crate) struct Viewer(watch::Sender<usize>);

impl Recording {
    /// A playback of a run whose last tick is `last`, at `tick_ms` milliseconds per tick.
    #[must_use]
    pub fn new(last: u64, tick_ms: u64) -> Recording {
        let playing = Playing { last, tick_ms, paused: false, seek: None };
        Recording { viewers: watch::Sender::default(), playing: watch::Sender::new(playing) }
    }

    /// The playback state and its changes.
    #[must_use]
    pub fn playing(&self) -> watch::Receiver<Playing> {
        self.playing.subscribe()
    }

    /// Takes the tick to jump to, if a viewer asked for one since the last call.
    #[must_use]
    pub fn take_seek(&self) -> Option<u64> {
        let mut seek = None;
        self.playing.send_if_modified(|playing| {
            seek = playing.seek.take();
            false
        });
        seek
    }

    pub(crate) fn apply(&self, change: PlaybackChange) -> Playing {
        self.playing.send_modify(|playing| {
            playing.tick_ms = change
                .tick_ms
                .map_or(playing.tick_ms, |ms| ms.clamp(*PACES_MS.start(), *PACES_MS.end()));
            playing.paused = change.paused.unwrap_or(playing.paused);
            playing.seek = change.tick.map(|tick| tick.min(playing.last)).or(playing.seek);
        });
        *self.playing.borrow()
    }

    /// Waits for the first viewer.
    pub async fn watched(&self) {
        // Never fails: this struct owns the sender.
        let _ = self.viewers.subscribe().wait_for(|viewers| *viewers > 0).await;
    }

    /// Waits until the last viewer has left.
    pub async fn left(&self) {
        let _ = self.viewers.subscribe().wait_for(|viewers| *viewers == 0).await;
    }

    pub(crate) fn viewer(&self) -> Viewer {
        self.viewers.send_modify(|viewers| *viewers += 1);
        Viewer(self.viewers.clone())
    }

    pub(crate) fn refusal() -> Problem {
        Problem::forbidden(
            Code::RecordedRun,
            "This is a recorded run: you can watch it, but not play.",
        )
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
    async fn viewers_are_counted() {
        let recording = Recording::new(90, 300);
        recording.left().await;
        let (one, other) = (recording.viewer(), recording.viewer());
        recording.watched().await;
        drop(one);
        recording.watched().await;
        drop(other);
        recording.left().await;
    }

    #[tokio::test]
    async fn changes_are_clamped_to_the_recording() {
        let recording = Recording::new(90, 300);
        let mut playing = recording.playing();
        let change = PlaybackChange { tick_ms: Some(1), paused: Some(true), tick: Some(91) };
        assert_eq!(
            recording.apply(change),
            Playing { last: 90, tick_ms: 10, paused: true, seek: Some(90) }
        );
        playing.changed().await.unwrap();
        assert_eq!((recording.take_seek(), recording.take_seek()), (Some(90), None));
        let resumed =
            recording.apply(PlaybackChange { paused: Some(false), ..PlaybackChange::default() });
        assert_eq!(resumed, Playing { last: 90, tick_ms: 10, paused: false, seek: None });
    }
}
