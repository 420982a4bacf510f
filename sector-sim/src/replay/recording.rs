//! A whole replay in memory.

use std::sync::Arc;

use crate::replay::error::ReplayError;
use crate::replay::frame::{Footer, Frame, Keyframe};
use crate::replay::hash::Sha256;
use crate::replay::header::Header;
use crate::replay::playback::{Check, Playback};
use crate::replay::reader::Reader;
use crate::replay::tick::Tick;
use crate::world::World;

/// A whole replay in memory, parsed but not played.
///
/// ```
/// use sector_sim::{Rules, World};
/// use sector_sim::replay::{Header, Replay, Writer};
/// let mut world = World::new(Rules::classic().into(), 7).unwrap();
/// let mut writer = Writer::new(&Header::of("u-1", &world), &world).unwrap();
/// for _ in 0..3 {
///     world.step(&[]);
///     writer.tick(&world, &[]).unwrap();
/// }
/// writer.finish(&world).unwrap();
///
/// let replay = Replay::parse(&writer.take()).unwrap();
/// assert_eq!((replay.header().seed, replay.ticks().len(), replay.truncated_at()), (7, 3, None));
/// let mut playback = replay.play().unwrap();
/// while let Some(world) = playback.next_tick().unwrap() {
///     println!("tick {}: {} fleets", world.tick(), world.board().fleets().iter().count());
/// }
/// assert_eq!(playback.world().digest(), world.digest());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    pub(crate) header: Header,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) keyframes: Vec<Keyframe>,
    pub(crate) footer: Option<Footer>,
    chain: Option<Sha256>,
    truncated_at: Option<u64>,
}

impl Replay {
    /// Parses a replay (uncompressed version 2, or version 1). A truncated replay is read as far as
    /// it goes.
    ///
    /// # Errors
    /// [`ReplayError`] says what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Replay, ReplayError> {
        let mut collector = Collector::default();
        for piece in bytes.chunks(1 << 16) {
            collector.push(piece)?;
        }
        collector.finish()
    }

    /// Header of the run.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All ticks, from 1.
    #[must_use]
    pub fn ticks(&self) -> &[Tick] {
        &self.ticks
    }

    /// Tick by number.
    #[must_use]
    pub fn tick(&self, tick: u64) -> Option<&Tick> {
        self.ticks.get(usize::try_from(tick.checked_sub(1)?).ok()?)
    }

    /// All keyframes, starting with tick 0; empty in version 1.
    #[must_use]
    pub fn keyframes(&self) -> &[Keyframe] {
        &self.keyframes
    }

    /// Footer; `None` in version 1 and in truncated replays.
    #[must_use]
    pub fn footer(&self) -> Option<&Footer> {
        self.footer.as_ref()
    }

    /// Head of the hash chain after the last tick; `None` in version 1.
    #[must_use]
    pub fn chain(&self) -> Option<Sha256> {
        self.chain
    }

    /// Offset of the first unusable byte (uncompressed), if the replay is truncated.
    #[must_use]
    pub fn truncated_at(&self) -> Option<u64> {
        self.truncated_at
    }

    /// Number of orders, including refused ones.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.ticks.iter().map(|tick| tick.orders.len() as u64).sum()
    }

    /// Starts a playback at tick 0. Every tick is compared with the record.
    ///
    /// # Errors
    /// [`ReplayError`] when the replay cannot be played or tick 0 already differs.
    pub fn play(&self) -> Result<Playback<'_>, ReplayError> {
        Playback::new(self)
    }

    /// World after the given tick, played from the latest recorded state before it.
    ///
    /// # Errors
    /// [`ReplayError`] when the tick is not in the replay, when it cannot be played or when it
    /// differs from the record.
    pub fn world_at(&self, tick: u64) -> Result<World, ReplayError> {
        let last = self.ticks.len() as u64;
        if tick > last {
            return Err(ReplayError::Absent { tick, last });
        }
        let keyframes = self.keyframes.iter().rev();
        let mut states = keyframes.filter(|keyframe| keyframe.tick > 0 && keyframe.tick <= tick);
        let state =
            states.find_map(|keyframe| keyframe.snapshot().map(|snapshot| (keyframe, snapshot)));
        let mut check = match state {
            None => Check::new(&self.header)?,
            Some((keyframe, snapshot)) => {
                self.header.check_rules_version()?;
                let broken = |fault: String| ReplayError::State { tick: keyframe.tick, fault };
                let snapshot = snapshot.map_err(|error| broken(error.to_string()))?;
                let world = World::restore(Arc::new(self.header.rules()?), &snapshot)?;
                if world.digest() != keyframe.digest || world.tick() != keyframe.tick {
                    let (tick, digest) = (world.tick(), world.digest());
                    return Err(broken(format!("it has tick {tick} and digest {digest}")));
                }
                Check::from(&self.header, world)
            }
        };
        let from = check.world.tick() as usize;
        for tick in self.ticks.get(from..tick as usize).unwrap_or_default() {
            check.tick(tick)?;
        }
        Ok(check.world)
    }
}

/// Collects a [`Replay`] from a byte stream.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    reader: Reader,
    header: Option<Box<Header>>,
    ticks: Vec<Tick>,
    keyframes: Vec<Keyframe>,
    footer: Option<Footer>,
}

impl Collector {
    /// Feeds the next bytes.
    ///
    /// # Errors
    /// [`ReplayError`] says what is wrong and where.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        self.reader.push(bytes);
        while let Some(frame) = self.reader.next_frame()? {
            match frame {
                Frame::Header(header) => self.header = Some(header),
                Frame::Tick(tick) => self.ticks.push(tick),
                Frame::Keyframe(keyframe) => self.keyframes.push(keyframe),
                Frame::Footer(footer) => self.footer = Some(footer),
            }
        }
        Ok(())
    }

    /// Ends the stream and returns the replay.
    ///
    /// # Errors
    /// [`ReplayError`] says what is wrong and where, such as an incomplete header.
    pub fn finish(mut self) -> Result<Replay, ReplayError> {
        self.reader.end();
        self.push(&[])?;
        Ok(Replay {
            header: *self.header.ok_or(ReplayError::Empty)?,
            ticks: self.ticks,
            keyframes: self.keyframes,
            footer: self.footer,
            chain: self.reader.chain(),
            truncated_at: self.reader.truncated_at(),
        })
    }
}
