//! Reads replays from a byte stream.

use crate::digest::Digest;
use crate::replay::bytes::{Number, number};
use crate::replay::error::{Fault, Position, ReplayError};
use crate::replay::frame::{Footer, Frame, Keyframe, Kind, MAGIC};
use crate::replay::hash::Sha256;
use crate::replay::header::{FORMAT_VERSION, Header};
use crate::replay::journal;
use crate::replay::tick::Tick;

/// First bytes of a zstd frame.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Maximum length of a version 1 line, in bytes.
const LINE_MAX: usize = 1 << 26;
/// Consumed bytes that trigger compaction of the buffer.
const SPENT_MAX: usize = 1 << 16;

/// Format version, detected from the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Unknown,
    Lines,
    Frames,
}

/// Frames that may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    FirstKeyframe,
    Ticks { keyframe: bool },
    Done,
}

/// A frame; the tick itself is kept in the reader.
pub(crate) enum Part {
    Header(Box<Header>),
    Tick,
    Keyframe(Keyframe),
    Footer(Footer),
}

/// Reads frames from bytes that arrive in pieces of any size, and checks everything that can be
/// checked without playing: form, order, counts and the hash chain. Reads uncompressed version 2
/// and version 1.
///
/// ```
/// use sector_sim::{Rules, World};
/// use sector_sim::replay::{Frame, Header, Reader, Writer};
/// let world = World::new(Rules::classic().into(), 7).unwrap();
/// let mut writer = Writer::new(&Header::of("u-1", &world), &world).unwrap();
///
/// let mut reader = Reader::new();
/// for piece in writer.take().chunks(100) {
///     reader.push(piece);
/// }
/// assert!(matches!(reader.next_frame(), Ok(Some(Frame::Header(header))) if header.seed == 7));
/// assert!(matches!(reader.next_frame(), Ok(Some(Frame::Keyframe(_)))));
/// reader.end();
/// assert!(reader.next_frame().unwrap().is_none());
/// assert!(reader.truncated_at().is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    buffer: Vec<u8>,
    start: usize,
    /// Bytes of the current line already searched for a line feed.
    searched: usize,
    ended: bool,
    version: Version,
    stage: Stage,
    position: Position,
    orders: u64,
    digest: Digest,
    chain: Sha256,
    tick: Tick,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader::new()
    }
}

impl Reader {
    /// A reader without any bytes.
    #[must_use]
    pub fn new() -> Reader {
        Reader {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            ended: false,
            version: Version::Unknown,
            stage: Stage::Header,
            position: Position::default(),
            orders: 0,
            digest: Digest::default(),
            chain: Sha256::default(),
            tick: Tick::default(),
        }
    }

    /// Feeds the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        } else if self.start >= SPENT_MAX {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Marks the end of the stream.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next frame; `None` if more bytes are needed, or at the end.
    ///
    /// # Errors
    /// [`ReplayError`] says what is wrong, where, and what is allowed. The reader cannot be used
    /// after an error.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, ReplayError> {
        Ok(self.advance()?.map(|part| match part {
            Part::Header(header) => Frame::Header(header),
            Part::Tick => Frame::Tick(std::mem::take(&mut self.tick)),
            Part::Keyframe(keyframe) => Frame::Keyframe(keyframe),
            Part::Footer(footer) => Frame::Footer(footer),
        }))
    }

    /// Position of the next frame.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Head of the hash chain after the last tick; `None` before the header and in version 1, which
    /// has no chain.
    #[must_use]
    pub fn chain(&self) -> Option<Sha256> {
        (self.version == Version::Frames && self.stage != Stage::Header).then_some(self.chain)
    }

    /// Number of orders read.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// Offset of the first unusable byte (uncompressed), once everything is read, if the replay is
    /// truncated. Version 1 has no footer, so only an incomplete line counts as truncated.
    #[must_use]
    pub fn truncated_at(&self) -> Option<u64> {
        let cut = match self.version {
            Version::Lines => self.start < self.buffer.len(),
            Version::Unknown | Version::Frames => self.stage != Stage::Done,
        };
        (self.ended && cut).then_some(self.position.offset)
    }

    /// The last tick read.
    pub(crate) fn tick(&self) -> &Tick {
        &self.tick
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn spend(&mut self, bytes: usize) {
        self.start += bytes;
        self.position.offset += bytes as u64;
    }

    fn fault(&self, fault: impl Into<String>) -> ReplayError {
        ReplayError::at(self.position)(Fault::Contradiction(fault.into()))
    }

    /// Reads the next frame; a tick is kept in the reader.
    pub(crate) fn advance(&mut self) -> Result<Option<Part>, ReplayError> {
        match self.version {
            Version::Frames => self.frame(),
            Version::Lines => self.line(),
            Version::Unknown => {
                if !self.recognise()? {
                    return Ok(None);
                }
                self.advance()
            }
        }
    }

    /// Detects the format version; `false` if more bytes are needed.
    fn recognise(&mut self) -> Result<bool, ReplayError> {
        let rest = self.rest();
        let magic = rest.len().min(MAGIC.len());
        if rest.is_empty() {
            return if self.ended { Err(ReplayError::Empty) } else { Ok(false) };
        }
        if rest.first() == Some(&b'{') {
            self.version = Version::Lines;
            return Ok(true);
        }
        if rest.starts_with(&ZSTD) {
            return Err(ReplayError::Compressed);
        }
        let zstd = rest.len() < ZSTD.len() && ZSTD.starts_with(rest);
        if rest.get(..magic) != MAGIC.get(..magic) && !zstd {
            let shown: Vec<String> =
                rest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            return Err(ReplayError::Foreign(shown.join(" ")));
        }
        match rest.get(MAGIC.len()) {
            None if self.ended => Err(self.fault("the replay ends within its first 9 bytes")),
            None => Ok(false),
            Some(&version) if u32::from(version) == FORMAT_VERSION => {
                self.version = Version::Frames;
                self.spend(MAGIC.len() + 1);
                Ok(true)
            }
            Some(&version) => Err(ReplayError::Version {
                format: journal::REPLAY_FORMAT.to_owned(),
                version: version.into(),
            }),
        }
    }

    fn frame(&mut self) -> Result<Option<Part>, ReplayError> {
        let Some((&kind, rest)) = self.rest().split_first() else { return self.wait() };
        if self.stage == Stage::Done {
            return Err(self.fault("unexpected bytes after the footer"));
        }
        let kind = Kind::of(kind).map_err(ReplayError::at(self.position))?;
        let (length, head) = match number(rest) {
            Number::Whole { value, bytes } => (value, bytes + 1),
            Number::Cut => return self.wait(),
            Number::Bad => {
                return Err(ReplayError::at(self.position)(Fault::Number("the length")));
            }
        };
        if length > kind.most() as u64 {
            return Err(ReplayError::at(self.position)(kind.too_long(length)));
        }
        let from = self.start + head;
        let end = from + length as usize;
        if end > self.buffer.len() {
            return self.wait();
        }
        let part = match kind {
            Kind::Tick => self.read_tick(from, end)?,
            Kind::Header => self.read_header(from, end)?,
            Kind::Keyframe => self.read_keyframe(from, end)?,
            Kind::Footer => self.read_footer(from, end)?,
        };
        self.spend(end - self.start);
        self.position.frame += 1;
        Ok(Some(part))
    }

    fn wait(&self) -> Result<Option<Part>, ReplayError> {
        if self.ended && self.stage == Stage::Header {
            return Err(self.fault("the replay ends within its header"));
        }
        Ok(None)
    }

    fn expect(&self, kind: Kind, fits: bool) -> Result<(), ReplayError> {
        if fits {
            return Ok(());
        }
        let allowed = match self.stage {
            Stage::Header => "a header",
            Stage::FirstKeyframe => "the keyframe of tick 0",
            Stage::Ticks { keyframe: true } => "a tick, a keyframe or the footer",
            Stage::Ticks { keyframe: false } => "a tick or the footer",
            Stage::Done => "nothing",
        };
        Err(self.fault(format!("unexpected {}; expected {allowed}", kind.name())))
    }

    fn read_header(&mut self, from: usize, end: usize) -> Result<Part, ReplayError> {
        self.expect(Kind::Header, self.stage == Stage::Header)?;
        let payload = self.buffer.get(from..end).unwrap_or_default();
        let header: Header = serde_json::from_slice(payload)
            .map_err(|error| self.fault(format!("the header is invalid: {error}")))?;
        if header.format != journal::REPLAY_FORMAT || header.version != FORMAT_VERSION {
            return Err(ReplayError::Version {
                format: header.format.chars().take(64).collect(),
                version: header.version,
            });
        }
        header.check().map_err(ReplayError::at(self.position))?;
        self.chain = Sha256::of(&[self.buffer.get(self.start..end).unwrap_or_default()]);
        self.digest = header.digest;
        self.stage = Stage::FirstKeyframe;
        Ok(Part::Header(Box::new(header)))
    }

    fn read_tick(&mut self, from: usize, end: usize) -> Result<Part, ReplayError> {
        self.expect(Kind::Tick, matches!(self.stage, Stage::Ticks { .. }))?;
        let payload = self.buffer.get(from..end).unwrap_or_default();
        self.tick.read(payload).map_err(ReplayError::at(self.position))?;
        let expected = self.position.tick + 1;
        if self.tick.tick != expected {
            return Err(
                self.fault(format!("unexpected tick {}; expected tick {expected}", self.tick.tick))
            );
        }
        self.chain = self.chain.link(payload);
        self.took_tick();
        Ok(Part::Tick)
    }

    fn took_tick(&mut self) {
        self.position.tick = self.tick.tick;
        self.orders += self.tick.orders.len() as u64;
        self.digest = self.tick.digest;
        self.stage = Stage::Ticks { keyframe: true };
    }

    fn read_keyframe(&mut self, from: usize, end: usize) -> Result<Part, ReplayError> {
        let fits = matches!(self.stage, Stage::FirstKeyframe | Stage::Ticks { keyframe: true });
        self.expect(Kind::Keyframe, fits)?;
        let payload = self.buffer.get(from..end).unwrap_or_default();
        let keyframe = Keyframe::decode(payload).map_err(ReplayError::at(self.position))?;
        self.same("tick", &keyframe.tick, &self.position.tick)?;
        self.same_chain("the chain head of the keyframe", keyframe.chain)?;
        self.same("digest", &keyframe.digest, &self.digest)?;
        if self.stage == Stage::FirstKeyframe && keyframe.state.is_none() {
            return Err(self.fault("the keyframe of tick 0 must have a state"));
        }
        self.stage = Stage::Ticks { keyframe: false };
        Ok(Part::Keyframe(keyframe))
    }

    fn read_footer(&mut self, from: usize, end: usize) -> Result<Part, ReplayError> {
        self.expect(Kind::Footer, matches!(self.stage, Stage::Ticks { .. }))?;
        let payload = self.buffer.get(from..end).unwrap_or_default();
        let footer = Footer::decode(payload).map_err(ReplayError::at(self.position))?;
        self.same("number of ticks", &footer.ticks, &self.position.tick)?;
        self.same("number of orders", &footer.orders, &self.orders)?;
        self.same_chain("the chain head of the footer", footer.chain)?;
        self.same("digest", &footer.digest, &self.digest)?;
        self.stage = Stage::Done;
        Ok(Part::Footer(footer))
    }

    fn same<T: PartialEq + std::fmt::Display>(
        &self,
        what: &str,
        named: &T,
        read: &T,
    ) -> Result<(), ReplayError> {
        if named == read {
            Ok(())
        } else {
            Err(self.fault(format!("{what} = {named} does not match; expected {read}")))
        }
    }

    fn same_chain(&self, what: &'static str, recorded: Sha256) -> Result<(), ReplayError> {
        if recorded == self.chain {
            return Ok(());
        }
        Err(ReplayError::Altered { position: self.position, what, recorded, found: self.chain })
    }

    /// Reads the next version 1 line.
    fn line(&mut self) -> Result<Option<Part>, ReplayError> {
        let rest = self.rest();
        let found =
            rest.get(self.searched..).unwrap_or_default().iter().position(|&byte| byte == b'\n');
        let length = found.map_or(rest.len(), |at| self.searched + at);
        if length > LINE_MAX {
            return Err(self.fault(format!(
                "the line has at least {length} bytes; allowed are 0 to {LINE_MAX}"
            )));
        }
        if found.is_none() && (!self.ended || rest.is_empty()) {
            self.searched = length;
            return Ok(None);
        }
        let line = rest.get(..length).unwrap_or_default();
        let number = self.position.frame + 1;
        let part = if self.stage == Stage::Header {
            let header = Header::from(journal::header(line)?);
            header.check().map_err(ReplayError::at(self.position))?;
            self.digest = header.digest;
            self.stage = Stage::Ticks { keyframe: false };
            Part::Header(Box::new(header))
        } else {
            let record: journal::Record = match serde_json::from_slice(line) {
                Ok(record) => record,
                // The last line is incomplete: the replay was truncated.
                Err(_) if found.is_none() => return Ok(None),
                Err(source) => return Err(ReplayError::Line { line: number, source }),
            };
            let expected = self.position.tick + 1;
            if record.tick != expected {
                return Err(ReplayError::Tick { expected, found: record.tick });
            }
            self.tick = Tick {
                tick: record.tick,
                orders: record.orders,
                outcomes: Vec::new(),
                digest: record.digest,
            };
            self.took_tick();
            Part::Tick
        };
        self.searched = 0;
        self.spend(length + usize::from(found.is_some()));
        self.position.frame += 1;
        Ok(Some(part))
    }
}
