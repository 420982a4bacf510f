//! A recorded run that is shown as if it were live: nobody can play in it, and whoever shows it learns whether somebody
//! looks.

use std::ops::RangeInclusive;

use http_kit::Problem;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What a pace may be, in milliseconds from tick to tick: as fast as a browser draws, to a minute.
pub const PACES_MS: RangeInclusive<u64> = 10..=60_000;

/// Makes a frontend that of a recorded run. There is no API behind it: whatever is asked of one is refused with
/// `recorded_run`. Whoever looks may halt it, change its pace, and go to another tick; all see the same.
#[derive(Clone, Debug)]
pub struct Recording {
    viewers: watch::Sender<usize>,
    playing: watch::Sender<Playing>,
}

/// How a recorded run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Playing {
    /// The last tick that is recorded.
    pub last: u64,
    /// From tick to tick, in milliseconds.
    pub tick_ms: u64,
    /// Whether it stands still.
    pub paused: bool,
    /// The tick that was asked for, until it is shown.
    pub seek: Option<u64>,
}

/// What somebody who looks wants changed. Values beyond what there is become the nearest that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    tick_ms: Option<u64>,
    paused: Option<bool>,
    tick: Option<u64>,
}

/// Somebody who looks, until this is dropped.
#[derive(Debug)]
pub(crate) struct Viewer(watch::Sender<usize>);

impl Recording {
    /// A run that ends with this tick, shown at this pace.
    #[must_use]
    pub fn new(last: u64, tick_ms: u64) -> Recording {
        let playing = Playing { last, tick_ms, paused: false, seek: None };
        Recording { viewers: watch::Sender::default(), playing: watch::Sender::new(playing) }
    }

    /// How it is to be shown, now and whenever somebody changes it.
    #[must_use]
    pub fn playing(&self) -> watch::Receiver<Playing> {
        self.playing.subscribe()
    }

    /// The tick that it is to go to, if one was asked for since this was asked last.
    #[must_use]
    pub fn take_seek(&self) -> Option<u64> {
        let mut seek = None;
        self.playing.send_if_modified(|playing| {
            seek = playing.seek.take();
            false
        });
        seek
    }

    pub(crate) fn wish(&self, wish: Wish) -> Playing {
        self.playing.send_modify(|playing| {
            playing.tick_ms = wish
                .tick_ms
                .map_or(playing.tick_ms, |ms| ms.clamp(*PACES_MS.start(), *PACES_MS.end()));
            playing.paused = wish.paused.unwrap_or(playing.paused);
            playing.seek = wish.tick.map(|tick| tick.min(playing.last)).or(playing.seek);
        });
        *self.playing.borrow()
    }

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
        Problem::forbidden(
            "recorded_run",
            "This is a recorded run: everybody can watch, nobody can play.",
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
    async fn whoever_shows_it_learns_who_looks() {
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
    async fn what_is_wished_for_is_kept_within_what_there_is() {
        let recording = Recording::new(90, 300);
        let mut playing = recording.playing();
        let wish = Wish { tick_ms: Some(1), paused: Some(true), tick: Some(91) };
        assert_eq!(
            recording.wish(wish),
            Playing { last: 90, tick_ms: 10, paused: true, seek: Some(90) }
        );
        playing.changed().await.unwrap();
        assert_eq!((recording.take_seek(), recording.take_seek()), (Some(90), None));
        let resumed = recording.wish(Wish { paused: Some(false), ..Wish::default() });
        assert_eq!(resumed, Playing { last: 90, tick_ms: 10, paused: false, seek: None });
    }
}
