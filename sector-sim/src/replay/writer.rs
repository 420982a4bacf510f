//! Records runs as replays.

use crate::order::Order;
use crate::replay::error::ReplayError;
use crate::replay::frame::{Footer, Keyframe, Kind, MAGIC, put_frame};
use crate::replay::hash::Sha256;
use crate::replay::header::{FORMAT_VERSION, Header};
use crate::replay::tick::encode;
use crate::snapshot::{Snapshot, Universe};
use crate::world::World;

/// Writes a version 2 replay while its run goes on.
///
/// The bytes accumulate in the writer; the caller takes them out and stores them, as often as
/// is convenient.
///
/// ```
/// use sector_sim::{Rules, World};
/// use sector_sim::replay::{Header, Replay, Writer};
/// let mut world = World::new(Rules::classic().into(), 7).unwrap();
/// let mut writer = Writer::new(&Header::of("u-1", &world), &world).unwrap();
/// let mut bytes = writer.take();
/// for _ in 0..10 {
///     world.step(&[]);
///     writer.tick(&world, &[]).unwrap();
///     bytes.extend(writer.take());
/// }
/// writer.finish(&world).unwrap();
/// bytes.extend(writer.take());
/// assert_eq!(Replay::parse(&bytes).unwrap().ticks().len(), 10);
/// ```
#[derive(Clone, Debug)]
pub struct Writer {
    out: Vec<u8>,
    payload: Vec<u8>,
    universe: Universe,
    keyframe_ticks: u64,
    states: bool,
    chain: Sha256,
    ticks: u64,
    orders: u64,
    finished: bool,
}

impl Writer {
    /// Starts a replay with the header and the keyframe of tick 0, including its state.
    ///
    /// # Errors
    /// [`ReplayError::Unwritable`] when the header does not match this world at tick 0, or exceeds
    /// a limit.
    pub fn new(header: &Header, world: &World) -> Result<Writer, ReplayError> {
        if world.tick() != 0 || world.digest() != header.digest {
            return Err(ReplayError::Unwritable(format!(
                "the header needs a world at tick 0 with digest {}, got tick {} with digest {}",
                header.digest,
                world.tick(),
                world.digest()
            )));
        }
        if header.version != FORMAT_VERSION {
            return Err(ReplayError::Unwritable(format!(
                "the header has version {}; only version {FORMAT_VERSION} can be written",
                header.version
            )));
        }
        header.check().map_err(ReplayError::unwritable)?;
        let mut out = MAGIC.to_vec();
        out.push(FORMAT_VERSION as u8);
        let begin = out.len();
        let json = serde_json::to_vec(header).map_err(ReplayError::unwritable)?;
        put_frame(&mut out, Kind::Header, &json).map_err(ReplayError::unwritable)?;
        let chain = Sha256::of(&[out.get(begin..).unwrap_or_default()]);
        let mut writer = Writer {
            out,
            payload: Vec::new(),
            universe: header.universe(),
            keyframe_ticks: header.keyframe_ticks,
            states: false,
            chain,
            ticks: 0,
            orders: 0,
            finished: false,
        };
        writer.keyframe(world, true)?;
        Ok(writer)
    }

    /// Records the state in every keyframe, not only in that of tick 0.
    #[must_use]
    pub fn with_states(mut self) -> Writer {
        self.states = true;
        self
    }

    /// Records the step that `world` has just taken with these orders, and a keyframe if one is
    /// due.
    ///
    /// # Errors
    /// [`ReplayError::Unwritable`] when the tick is not the next one, or exceeds a limit; nothing
    /// is written then.
    pub fn tick(&mut self, world: &World, orders: &[Order]) -> Result<(), ReplayError> {
        if self.finished || world.tick() != self.ticks + 1 {
            let expected =
                if self.finished { "none".to_owned() } else { (self.ticks + 1).to_string() };
            let found = world.tick();
            return Err(ReplayError::Unwritable(format!(
                "expected tick {expected}, got tick {found}"
            )));
        }
        self.payload.clear();
        encode(&mut self.payload, world.tick(), orders, &world.report().outcomes, world.digest())
            .map_err(ReplayError::unwritable)?;
        put_frame(&mut self.out, Kind::Tick, &self.payload).map_err(ReplayError::unwritable)?;
        self.chain = self.chain.link(&self.payload);
        self.ticks += 1;
        self.orders += orders.len() as u64;
        if self.keyframe_ticks > 0 && self.ticks.is_multiple_of(self.keyframe_ticks) {
            self.keyframe(world, self.states)?;
        }
        Ok(())
    }

    fn keyframe(&mut self, world: &World, with_state: bool) -> Result<(), ReplayError> {
        let state = if with_state {
            let snapshot = Snapshot::of(&self.universe, world.map(), world.board(), world.digest());
            let json = serde_json::to_string(&snapshot);
            Some(json.map_err(ReplayError::unwritable)?.into())
        } else {
            None
        };
        let keyframe =
            Keyframe { tick: self.ticks, digest: world.digest(), chain: self.chain, state };
        put_frame(&mut self.out, Kind::Keyframe, &keyframe.encode())
            .map_err(ReplayError::unwritable)
    }

    /// Ends the replay with the footer.
    ///
    /// # Errors
    /// [`ReplayError::Unwritable`] when the world is not at the last recorded tick.
    pub fn finish(&mut self, world: &World) -> Result<(), ReplayError> {
        if self.finished || world.tick() != self.ticks {
            return Err(ReplayError::Unwritable(format!(
                "the last recorded tick is {}, but the world is at tick {}{}",
                self.ticks,
                world.tick(),
                if self.finished { "; the footer is already written" } else { "" }
            )));
        }
        self.finished = true;
        let footer = Footer {
            ticks: self.ticks,
            orders: self.orders,
            result: world.board().result(),
            digest: world.digest(),
            chain: self.chain,
        };
        put_frame(&mut self.out, Kind::Footer, &footer.encode()).map_err(ReplayError::unwritable)
    }

    /// Number of ticks written.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Head of the hash chain after the last tick.
    #[must_use]
    pub fn chain(&self) -> Sha256 {
        self.chain
    }

    /// Takes the bytes written since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Bytes written since they were last taken or cleared.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// Drops the written bytes, but keeps the allocation.
    pub fn clear(&mut self) {
        self.out.clear();
    }
}
