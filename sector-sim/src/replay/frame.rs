//! Frames of a version 2 replay, and their size limits.

use crate::board::Outcome;
use crate::digest::Digest;
use crate::event::Cause;
use crate::replay::bytes::{Cursor, put_number};
use crate::replay::error::Fault;
use crate::replay::hash::Sha256;
use crate::replay::header::Header;
use crate::replay::tick::{Tick, faction};
use crate::snapshot::Snapshot;

/// First bytes of a replay, before the version byte.
pub const MAGIC: [u8; 8] = *b"\x89SECTOR\n";
/// Maximum payload of a header, in bytes.
pub const HEADER_MAX: usize = 1 << 20;
/// Maximum payload of a tick, in bytes.
pub const TICK_MAX: usize = 1 << 26;
/// Maximum payload of a keyframe, in bytes.
pub const KEYFRAME_MAX: usize = 1 << 28;
/// Maximum payload of a footer, in bytes.
pub const FOOTER_MAX: usize = 256;

/// Kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Header = 1,
    Tick = 2,
    Keyframe = 3,
    Footer = 4,
}

impl Kind {
    pub(crate) fn of(byte: u8) -> Result<Kind, Fault> {
        match byte {
            1 => Ok(Kind::Header),
            2 => Ok(Kind::Tick),
            3 => Ok(Kind::Keyframe),
            4 => Ok(Kind::Footer),
            _ => Err(Fault::range("kind", byte.into(), 1, 4)),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Header => "header",
            Kind::Tick => "tick",
            Kind::Keyframe => "keyframe",
            Kind::Footer => "footer",
        }
    }

    pub(crate) fn too_long(self, length: u64) -> Fault {
        Fault::TooLong { what: self.name(), length, most: self.most() as u64 }
    }

    /// Maximum payload, in bytes.
    pub(crate) fn most(self) -> usize {
        match self {
            Kind::Header => HEADER_MAX,
            Kind::Tick => TICK_MAX,
            Kind::Keyframe => KEYFRAME_MAX,
            Kind::Footer => FOOTER_MAX,
        }
    }
}

/// Appends a frame.
pub(crate) fn put_frame(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) -> Result<(), Fault> {
    if payload.len() > kind.most() {
        return Err(kind.too_long(payload.len() as u64));
    }
    out.push(kind as u8);
    put_number(out, payload.len() as u64);
    out.extend_from_slice(payload);
    Ok(())
}

/// A frame of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Start of the run; the first frame.
    Header(Box<Header>),
    /// A tick.
    Tick(Tick),
    /// Checkpoint of the state.
    Keyframe(Keyframe),
    /// Result of the run, or end of the recording; the last frame.
    Footer(Footer),
}

/// A checkpoint of a run, to compare with or resume from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyframe {
    /// Tick of the checkpoint; 0 for the first.
    pub tick: u64,
    /// Digest of the state after that tick.
    pub digest: Digest,
    /// Head of the hash chain after that tick.
    pub chain: Sha256,
    /// The [`Snapshot`] as JSON, if recorded.
    pub state: Option<Box<str>>,
}

impl Keyframe {
    /// The state, if recorded.
    ///
    /// # Errors
    /// [`serde_json::Error`] when the state is not a snapshot.
    pub fn snapshot(&self) -> Option<Result<Snapshot, serde_json::Error>> {
        self.state.as_deref().map(serde_json::from_str)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, self.tick);
        out.extend_from_slice(&self.digest.0.to_le_bytes());
        out.extend_from_slice(&self.chain.0);
        out.push(self.state.is_some().into());
        if let Some(state) = &self.state {
            out.extend_from_slice(&Sha256::of(&[state.as_bytes()]).0);
            out.extend_from_slice(state.as_bytes());
        }
        out
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Keyframe, Fault> {
        let mut cursor = Cursor::new(payload);
        let (tick, digest) = (cursor.number("the tick")?, cursor.digest("the digest")?);
        let chain = cursor.hash("the chain head")?;
        let state = match cursor.byte("the state flag")? {
            0 => None,
            1 => {
                let (hash, state) = (cursor.hash("the hash of the state")?, cursor.rest());
                let found = Sha256::of(&[state]);
                if found != hash {
                    return Err(Fault::Contradiction(format!(
                        "the SHA-256 of the state is {found}, recorded is {hash}"
                    )));
                }
                let state = std::str::from_utf8(state)
                    .map_err(|source| Fault::Utf8 { what: "the state", source })?;
                Some(state.into())
            }
            flag => return Err(Fault::range("state flag", flag.into(), 0, 1)),
        };
        cursor.end()?;
        Ok(Keyframe { tick, digest, chain, state })
    }
}

/// End of the run, or of the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Number of ticks.
    pub ticks: u64,
    /// Number of orders, including refused ones.
    pub orders: u64,
    /// Result of the run, if it has ended.
    pub result: Option<Outcome>,
    /// Digest of the last state.
    pub digest: Digest,
    /// Head of the hash chain after the last tick.
    pub chain: Sha256,
}

impl Footer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, self.ticks);
        put_number(&mut out, self.orders);
        match self.result {
            None => out.push(0),
            Some(Outcome { winner, cause, tick }) => {
                out.push(match cause {
                    Cause::Domination => 1,
                    Cause::LastStanding => 2,
                    Cause::TickLimit => 3,
                });
                out.push(winner.map_or(0, |winner| winner.index() as u8 + 1));
                put_number(&mut out, tick);
            }
        }
        out.extend_from_slice(&self.digest.0.to_le_bytes());
        out.extend_from_slice(&self.chain.0);
        let seal = Sha256::of(&[&out]);
        out.extend_from_slice(&seal.0);
        out
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Footer, Fault> {
        let mut cursor = Cursor::new(payload);
        let (ticks, orders) =
            (cursor.number("the number of ticks")?, cursor.number("the number of orders")?);
        let cause = match cursor.byte("the result")? {
            0 => None,
            1 => Some(Cause::Domination),
            2 => Some(Cause::LastStanding),
            3 => Some(Cause::TickLimit),
            cause => return Err(Fault::range("result", cause.into(), 0, 3)),
        };
        let result = match cause {
            None => None,
            Some(cause) => {
                let winner = cursor.byte("the winner")?.checked_sub(1);
                let winner = winner.map(|number| faction(number, "winner")).transpose()?;
                Some(Outcome { winner, cause, tick: cursor.number("the tick of the result")? })
            }
        };
        let (digest, chain) = (cursor.digest("the digest")?, cursor.hash("the chain head")?);
        let sealed = payload.len() - cursor.left();
        let seal = cursor.hash("the seal")?;
        cursor.end()?;
        let found = Sha256::of(&[payload.get(..sealed).unwrap_or_default()]);
        if found != seal {
            return Err(Fault::Contradiction(format!(
                "the SHA-256 of the footer is {found}, recorded is {seal}"
            )));
        }
        Ok(Footer { ticks, orders, result, digest, chain })
    }
}
