//! Plays replays and compares them with the record.

use crate::board::Outcome;
use crate::digest::Digest;
use crate::event::Cause;
use crate::replay::error::ReplayError;
use crate::replay::frame::{Footer, Keyframe};
use crate::replay::hash::Sha256;
use crate::replay::header::Header;
use crate::replay::reader::{Part, Reader};
use crate::replay::recording::Replay;
use crate::replay::tick::{OrderOutcome, Tick};
use crate::snapshot::{Snapshot, Universe};
use crate::world::World;

/// A world that follows a record and is compared with it.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) world: World,
    universe: Universe,
    has_outcomes: bool,
}

impl Check {
    pub(crate) fn new(header: &Header) -> Result<Check, ReplayError> {
        Ok(Check::from(header, header.world()?))
    }

    pub(crate) fn from(header: &Header, world: World) -> Check {
        Check { world, universe: header.universe(), has_outcomes: header.version > 1 }
    }

    pub(crate) fn tick(&mut self, tick: &Tick) -> Result<(), ReplayError> {
        let report = self.world.step(&tick.orders);
        let found = report.digest;
        if self.has_outcomes && report.outcomes != tick.outcomes {
            return Err(other_outcome(tick, &report.outcomes));
        }
        if self.world.tick() != tick.tick {
            return Err(ReplayError::AfterTheEnd { tick: tick.tick });
        }
        if found != tick.digest {
            return Err(ReplayError::Diverged { tick: tick.tick, recorded: tick.digest, found });
        }
        Ok(())
    }

    pub(crate) fn keyframe(&self, keyframe: &Keyframe) -> Result<(), ReplayError> {
        let (tick, found) = (keyframe.tick, self.world.digest());
        if found != keyframe.digest {
            return Err(ReplayError::Diverged { tick, recorded: keyframe.digest, found });
        }
        let Some(state) = &keyframe.state else { return Ok(()) };
        let other = |fault| ReplayError::State { tick, fault };
        let found = Snapshot::of(&self.universe, self.world.map(), self.world.board(), found);
        // The same engine writes the same text, and comparing texts is faster than parsing.
        let mut text = Vec::with_capacity(state.len());
        found.write_json(&mut text);
        if text == state.as_bytes() {
            return Ok(());
        }
        let recorded: Snapshot =
            serde_json::from_str(state).map_err(|error| other(error.to_string()))?;
        if recorded == found {
            return Ok(());
        }
        let differences = recorded.differences(&found);
        let first = differences.first().map(|first| format!("{first} (recorded on the left)"));
        Err(other(first.unwrap_or_default()))
    }

    pub(crate) fn footer(&self, footer: &Footer) -> Result<(), ReplayError> {
        let found = self.world.board().result();
        if footer.result == found {
            return Ok(());
        }
        Err(ReplayError::Result { recorded: result(footer.result), found: result(found) })
    }
}

fn other_outcome(tick: &Tick, found: &[OrderOutcome]) -> ReplayError {
    let order = tick.outcomes.iter().zip(found).position(|(recorded, found)| recorded != found);
    let order = order.unwrap_or_else(|| found.len().min(tick.outcomes.len()));
    let text = |outcomes: &[OrderOutcome]| match outcomes.get(order) {
        None => "nothing".to_owned(),
        Some(Ok(None)) => "accepted".to_owned(),
        Some(Ok(Some(fleet))) => format!("accepted for fleet {fleet}"),
        Some(Err(refusal)) => format!("refused: {}", refusal.sentence()),
    };
    ReplayError::Outcome {
        tick: tick.tick,
        order,
        recorded: text(&tick.outcomes),
        found: text(found),
    }
}

fn result(outcome: Option<Outcome>) -> String {
    let Some(Outcome { winner, cause, tick }) = outcome else { return "undecided".to_owned() };
    let winner = winner.map_or("nobody".to_owned(), |winner| winner.to_string());
    let how = match cause {
        Cause::Domination => "by domination",
        Cause::LastStanding => "as the last one standing",
        Cause::TickLimit => "on points",
    };
    format!("{winner} {how} in tick {tick}")
}

/// Playback of a replay: a world that steps through the recorded ticks, each compared with the
/// record.
#[derive(Clone, Debug)]
pub struct Playback<'a> {
    replay: &'a Replay,
    check: Check,
    keyframe: usize,
    ended: bool,
}

impl<'a> Playback<'a> {
    pub(crate) fn new(replay: &'a Replay) -> Result<Playback<'a>, ReplayError> {
        let check = Check::new(replay.header())?;
        let mut playback = Playback { replay, check, keyframe: 0, ended: false };
        playback.keyframes()?;
        Ok(playback)
    }

    /// Plays the next tick; `None` at the end of the replay.
    ///
    /// # Errors
    /// [`ReplayError`] names the first difference from the record.
    pub fn next_tick(&mut self) -> Result<Option<&World>, ReplayError> {
        let Some(tick) = self.next_orders() else {
            if let Some(footer) = self.replay.footer().filter(|_| !self.ended) {
                self.check.footer(footer)?;
            }
            self.ended = true;
            return Ok(None);
        };
        self.check.tick(tick)?;
        self.keyframes()?;
        Ok(Some(&self.check.world))
    }

    fn keyframes(&mut self) -> Result<(), ReplayError> {
        while let Some(keyframe) = self.replay.keyframes().get(self.keyframe)
            && keyframe.tick == self.check.world.tick()
        {
            self.check.keyframe(keyframe)?;
            self.keyframe += 1;
        }
        Ok(())
    }

    /// The tick that [`Playback::next_tick`] will play next.
    #[must_use]
    pub fn next_orders(&self) -> Option<&'a Tick> {
        self.replay.tick(self.check.world.tick() + 1)
    }

    /// Plays up to the given tick.
    ///
    /// # Errors
    /// [`ReplayError`] when the tick is not ahead in the replay, or when the run differs from the
    /// record.
    pub fn play_to(&mut self, tick: u64) -> Result<&World, ReplayError> {
        let last = self.replay.ticks().len() as u64;
        if tick > last || tick < self.check.world.tick() {
            return Err(ReplayError::Absent { tick, last });
        }
        while self.check.world.tick() < tick && self.next_tick()?.is_some() {}
        Ok(&self.check.world)
    }

    /// World at the current tick.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.check.world
    }

    /// World at the current tick, to continue from.
    #[must_use]
    pub fn into_world(self) -> World {
        self.check.world
    }
}

/// Summary of a verified replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Format version.
    pub version: u32,
    /// Number of ticks.
    pub ticks: u64,
    /// Number of orders.
    pub orders: u64,
    /// Digest of the last tick.
    pub digest: Digest,
    /// Head of the hash chain after the last tick; `None` in version 1.
    pub chain: Option<Sha256>,
    /// Result of the run, if the replay reaches its end.
    pub result: Option<Outcome>,
    /// Whether the replay is complete: it has a footer or, in version 1, the run has ended.
    pub complete: bool,
    /// Offset of the first unusable byte (uncompressed), if the replay is truncated.
    pub truncated_at: Option<u64>,
}

/// Plays and verifies a replay from a byte stream. Keeps one tick in memory at a time.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    reader: Reader,
    version: u32,
    check: Option<Check>,
    footer: bool,
}

impl Verifier {
    /// Feeds the next bytes and plays the complete frames in them.
    ///
    /// # Errors
    /// [`ReplayError`] names the first fault.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        self.reader.push(bytes);
        while let Some(part) = self.reader.advance()? {
            match (part, &mut self.check) {
                (Part::Header(header), check) => {
                    self.version = header.version;
                    *check = Some(Check::new(&header)?);
                }
                (Part::Tick, Some(check)) => check.tick(self.reader.tick())?,
                (Part::Keyframe(keyframe), Some(check)) => check.keyframe(&keyframe)?,
                (Part::Footer(footer), Some(check)) => {
                    check.footer(&footer)?;
                    self.footer = true;
                }
                // Unreachable: the reader ensures that the header comes first.
                (_, None) => {}
            }
        }
        Ok(())
    }

    /// Number of ticks played.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.reader.position().tick
    }

    /// Ends the stream and returns the summary.
    ///
    /// # Errors
    /// [`ReplayError`] names the first fault, such as an incomplete header.
    pub fn finish(mut self) -> Result<Verified, ReplayError> {
        self.reader.end();
        self.push(&[])?;
        let check = self.check.ok_or(ReplayError::Empty)?;
        let result = check.world.board().result();
        let truncated_at = self.reader.truncated_at();
        Ok(Verified {
            version: self.version,
            ticks: check.world.tick(),
            orders: self.reader.orders(),
            digest: check.world.digest(),
            chain: self.reader.chain(),
            result,
            complete: self.footer
                || self.version == 1 && result.is_some() && truncated_at.is_none(),
            truncated_at,
        })
    }
}

/// Plays a replay (uncompressed version 2, or version 1) and compares everything with the record:
/// digests, outcomes of orders, states, the hash chain and the result. A truncated replay is
/// verified as far as it goes.
///
/// ```
/// use sector_sim::{Rules, World};
/// use sector_sim::replay::{Header, Writer, verify};
/// let mut world = World::new(Rules::classic().into(), 7).unwrap();
/// let mut writer = Writer::new(&Header::of("u-1", &world), &world).unwrap();
/// world.step(&[]);
/// writer.tick(&world, &[]).unwrap();
/// writer.finish(&world).unwrap();
/// let mut bytes = writer.take();
/// let verified = verify(&bytes).unwrap();
/// assert_eq!((verified.ticks, verified.digest, verified.complete), (1, world.digest(), true));
///
/// let last = bytes.len() - 1;
/// bytes[last] ^= 1;
/// assert!(verify(&bytes).is_err());
/// ```
///
/// # Errors
/// [`ReplayError`] names the first fault.
pub fn verify(bytes: &[u8]) -> Result<Verified, ReplayError> {
    let mut verifier = Verifier::default();
    for piece in bytes.chunks(1 << 16) {
        verifier.push(piece)?;
    }
    verifier.finish()
}
