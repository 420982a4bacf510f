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

/// A whole replay in memory, read but not played.
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
    /// Reads a replay of version 2 in its plain form, or of version 1. One that breaks off is read up to there.
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

    /// The ticks, from 1 on.
    #[must_use]
    pub fn ticks(&self) -> &[Tick] {
        &self.ticks
    }

    /// The tick with this number.
    #[must_use]
    pub fn tick(&self, tick: u64) -> Option<&Tick> {
        self.ticks.get(usize::try_from(tick.checked_sub(1)?).ok()?)
    }

    /// The keyframes, the first being that of tick 0; none in version 1.
    #[must_use]
    pub fn keyframes(&self) -> &[Keyframe] {
        &self.keyframes
    }

    /// The footer; none in version 1 and when the replay breaks off.
    #[must_use]
    pub fn footer(&self) -> Option<&Footer> {
        self.footer.as_ref()
    }

    /// The head of the hash chain after the last tick; none in version 1.
    #[must_use]
    pub fn chain(&self) -> Option<Sha256> {
        self.chain
    }

    /// The byte of the plain form from which on nothing could be used, when the replay breaks off.
    #[must_use]
    pub fn truncated_at(&self) -> Option<u64> {
        self.truncated_at
    }

    /// Number of orders, including refused ones.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.ticks.iter().map(|tick| tick.orders.len() as u64).sum()
    }

    /// Plays it from tick 0 on, every tick compared with the record.
    ///
    /// # Errors
    /// [`ReplayError`] when it cannot be played, or when tick 0 already differs.
    pub fn play(&self) -> Result<Playback<'_>, ReplayError> {
        Playback::new(self)
    }

    /// The world after a tick, played from the latest recorded state before it.
    ///
    /// # Errors
    /// [`ReplayError`] when there is no such tick, when it cannot be played or when a tick differs from the record.
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
                    return Err(broken(format!(
                        "it is that of tick {tick} with the digest {digest}"
                    )));
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

/// Gathers a [`Replay`] from bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    reader: Reader,
    header: Option<Box<Header>>,
    ticks: Vec<Tick>,
    keyframes: Vec<Keyframe>,
    footer: Option<Footer>,
}

impl Collector {
    /// Takes in the next bytes.
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

    /// The replay, there being no more bytes.
    ///
    /// # Errors
    /// [`ReplayError`] says what is wrong and where; also when not even the header is whole.
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
