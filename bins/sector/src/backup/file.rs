//! The file format: one zstd stream of sections with checksums, and a checksum over all.
//! Uncompressed: [`MAGIC`], the version (4 bytes), then sections: length of the name (1 byte),
//! name, length of the content (8 bytes), content, SHA-256 of the section so far. Numbers are
//! little-endian. The last section is `end`; its content is the SHA-256 of everything before it.
//! Contents are JSON, or a JSON value per line. A format of our own, because damage must be located
//! and files must stay readable for years.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use sector_redis::archive::{CheckpointDump, ControlDump, Dump, ReplayDump, WorldDump};
use sector_redis::{Incarnation, StreamId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::tool::{Error, cannot_read};

const MAGIC: &[u8] = b"sector-backup\n";
const VERSION: u32 = 2;
/// The previous version, without outcomes, keys and audit log.
const VERSION_BEFORE: u32 = 1;
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const LEVEL: i32 = 3;
/// Maximum uncompressed size, in bytes.
const MOST: u64 = 16 << 30;
const SUM: usize = 32;
const END: &str = "end";

/// Contents of a backup; its first section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) program: String,
    pub(crate) taken_ms: u64,
    pub(crate) backend: String,
    pub(crate) incarnation: Incarnation,
    pub(crate) universe: String,
    pub(crate) tick: u64,
    pub(crate) digest: String,
    pub(crate) checkpoint_tick: u64,
    pub(crate) orders: u64,
    pub(crate) waiting: u64,
    pub(crate) client_ids: u64,
    pub(crate) seats: u64,
    pub(crate) runs: u64,
    pub(crate) records: u64,
    pub(crate) awards: u64,
    pub(crate) left_out: Vec<String>,
}

impl Manifest {
    pub(crate) fn of(dump: &Dump, backend: &str) -> Result<Manifest, Error> {
        let taken = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let taken = taken.map_err(|_| "the clock of this machine is set to before 1970")?;
        let world = &dump.world;
        let left_out =
            ["logins, sessions and kept answers", "events up to the checkpoint", "the lease"];
        Ok(Manifest {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            taken_ms: u64::try_from(taken.as_millis())?,
            backend: backend.to_owned(),
            incarnation: dump.incarnation,
            universe: world.universe.to_string(),
            tick: world.tick,
            digest: world.digest.clone(),
            checkpoint_tick: dump.checkpoint.tick,
            orders: dump.last_order.number(),
            waiting: dump.last_order.number().saturating_sub(world.cursor.number()),
            client_ids: dump.client_ids.len() as u64,
            seats: dump.seats.len() as u64,
            runs: dump.replays.iter().filter(|replay| replay.summary.is_some()).count() as u64,
            records: dump.replays.iter().map(|replay| replay.records.len() as u64).sum(),
            awards: dump.awards.len() as u64,
            left_out: left_out.map(str::to_owned).to_vec(),
        })
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Manifest { universe, tick, digest, checkpoint_tick, orders, waiting, .. } = self;
        writeln!(f, "  universe         {universe}, tick {tick}, digest {digest}")?;
        writeln!(f, "  checkpoint       tick {checkpoint_tick}")?;
        writeln!(f, "  order entries    {orders} accepted, {waiting} of them not yet applied")?;
        writeln!(f, "  client ids       {}", self.client_ids)?;
        writeln!(f, "  seats            {}", self.seats)?;
        writeln!(
            f,
            "  finished runs    {}; {} records, the current run included",
            self.runs, self.records
        )?;
        writeln!(f, "  awards           {}", self.awards)?;
        write!(f, "  taken            from {}, incarnation {}", self.backend, self.incarnation)
    }
}

/// Single values, stored in one section before the lists.
#[derive(Serialize, Deserialize)]
struct Core {
    incarnation: Incarnation,
    world: WorldDump,
    checkpoint: CheckpointDump,
    last_epoch: u64,
    last_order: StreamId,
    control: ControlDump,
}

/// Writes sections.
struct Sections(Vec<u8>);

impl Sections {
    fn put(&mut self, name: &str, content: &[u8]) {
        let from = self.0.len();
        self.0.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(&(content.len() as u64).to_le_bytes());
        self.0.extend_from_slice(content);
        let sum = Sha256::digest(&self.0[from..]);
        self.0.extend_from_slice(&sum);
    }

    fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        self.put(name, &serde_json::to_vec(value)?);
        Ok(())
    }

    fn lines<T: Serialize>(&mut self, name: &str, values: &[T]) -> Result<(), Error> {
        let mut content = Vec::new();
        for value in values {
            serde_json::to_writer(&mut content, value)?;
            content.push(b'\n');
        }
        self.put(name, &content);
        Ok(())
    }
}

/// Encodes a dump as a file.
pub(crate) fn encode(manifest: &Manifest, dump: &Dump) -> Result<Vec<u8>, Error> {
    let mut sections = Sections(MAGIC.to_vec());
    sections.0.extend_from_slice(&VERSION.to_le_bytes());
    sections.json("manifest", manifest)?;
    let Dump { incarnation, world, checkpoint, last_epoch, last_order, control, .. } = dump.clone();
    sections
        .json("world", &Core { incarnation, world, checkpoint, last_epoch, last_order, control })?;
    sections.lines("orders", &dump.orders)?;
    sections.lines("events", &dump.events)?;
    sections.lines("client-ids", &dump.client_ids)?;
    sections.lines("seats", &dump.seats)?;
    sections.lines("awards", &dump.awards)?;
    let heads: Vec<_> = dump
        .replays
        .iter()
        .map(|replay| ReplayDump { records: Vec::new(), ..replay.clone() })
        .collect();
    sections.lines("replays", &heads)?;
    for (index, replay) in dump.replays.iter().enumerate() {
        sections.lines(&format!("records-{index}"), &replay.records)?;
    }
    sections.lines("outcomes", &dump.outcomes)?;
    sections.lines("keys", &dump.keys)?;
    sections.lines("audit", &dump.audit)?;
    let whole = Sha256::digest(&sections.0);
    sections.put(END, &whole);
    let compressed = zstd::encode_all(sections.0.as_slice(), LEVEL);
    compressed.map_err(|error| format!("the backup cannot be compressed: {error}").into())
}

/// Reads and checks a backup.
pub(crate) fn read(path: &Path) -> Result<(Manifest, Dump), Error> {
    let bytes = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
    decode(&bytes).map_err(|error| format!("{} {error}", path.display()).into())
}

fn decode(bytes: &[u8]) -> Result<(Manifest, Dump), Error> {
    let foreign = "is not a backup of a sector";
    if !bytes.starts_with(&ZSTD) {
        return Err(foreign.into());
    }
    let mut plain = Vec::new();
    let decoder =
        zstd::Decoder::with_buffer(bytes).map_err(|error| format!("{foreign}: {error}"))?;
    let unpacked = decoder.take(MOST).read_to_end(&mut plain);
    let rest = match plain.strip_prefix(MAGIC) {
        Some(rest) => rest,
        None if unpacked.is_err() && MAGIC.starts_with(&plain) => {
            return Err(
                "is not a backup of a sector, or is damaged or truncated at its start".into()
            );
        }
        None => return Err(foreign.into()),
    };
    let Some((version, mut rest)) = rest.split_first_chunk() else {
        return Err("is truncated at its start: it was not written or copied completely".into());
    };
    let version = u32::from_le_bytes(*version);
    if version != VERSION && version != VERSION_BEFORE {
        return Err(format!(
            "has format version {version}; this program reads versions {VERSION_BEFORE} and {VERSION}; use the program that wrote it, or a newer one"
        )
        .into());
    }
    let torn = unpacked.is_err();
    let mut sections = Vec::new();
    loop {
        let at = plain.len() - rest.len();
        let before = sections.last().map_or("the start", |(name, _): &(&str, &[u8])| *name);
        let Some(Section { name, content, rest: left }) = section(rest)? else {
            let why = if torn {
                "it is incomplete or damaged"
            } else {
                "it was not written or copied completely"
            };
            return Err(format!("is truncated after section {before:?}: {why}").into());
        };
        rest = left;
        if name == END {
            if content != Sha256::digest(&plain[..at]).as_slice() {
                return Err("is damaged: wrong checksum of the whole file".into());
            }
            break;
        }
        sections.push((name, content));
    }
    if !rest.is_empty() || torn {
        return Err("is damaged: there is data after its end".into());
    }
    dump(sections, version)
}

/// A section, and the bytes behind it.
struct Section<'a> {
    name: &'a str,
    content: &'a [u8],
    rest: &'a [u8],
}

/// Reads the next section; `None` if it is truncated.
fn section(rest: &[u8]) -> Result<Option<Section<'_>>, Error> {
    let Some((length, after)) = rest.split_first() else { return Ok(None) };
    let Some((name, after)) = after.split_at_checked(usize::from(*length)) else { return Ok(None) };
    let Some((length, after)) = after.split_first_chunk() else { return Ok(None) };
    let shown = String::from_utf8_lossy(name);
    let length = usize::try_from(u64::from_le_bytes(*length));
    let Some((content, after)) = length.ok().and_then(|length| after.split_at_checked(length))
    else {
        return Ok(None);
    };
    let Some((sum, after)) = after.split_at_checked(SUM) else { return Ok(None) };
    let damaged = || format!("is damaged: wrong checksum of section {shown:?}");
    let summed = &rest[..rest.len() - after.len() - SUM];
    if sum != Sha256::digest(summed).as_slice() {
        return Err(damaged().into());
    }
    let name = std::str::from_utf8(name).map_err(|_| damaged())?;
    Ok(Some(Section { name, content, rest: after }))
}

/// Decodes the sections.
fn dump(sections: Vec<(&str, &[u8])>, version: u32) -> Result<(Manifest, Dump), Error> {
    let mut sections = sections.into_iter();
    let mut next = |name: &str| match sections.next() {
        Some((found, content)) if found == name => Ok(content),
        Some((found, _)) => Err(Error::from(format!("has section {found:?} instead of {name:?}"))),
        None => Err(Error::from(format!("has no section {name:?}"))),
    };
    let manifest: Manifest = json("manifest", next("manifest")?)?;
    let Core { incarnation, world, checkpoint, last_epoch, last_order, control } =
        json("world", next("world")?)?;
    let orders = lines("orders", next("orders")?)?;
    let events = lines("events", next("events")?)?;
    let client_ids = lines("client-ids", next("client-ids")?)?;
    let seats = lines("seats", next("seats")?)?;
    let awards = lines("awards", next("awards")?)?;
    let mut replays: Vec<ReplayDump> = lines("replays", next("replays")?)?;
    for (index, replay) in replays.iter_mut().enumerate() {
        let name = format!("records-{index}");
        replay.records = lines(&name, next(&name)?)?;
    }
    let (mut outcomes, mut keys, mut audit) = (Vec::new(), Vec::new(), Vec::new());
    if version > VERSION_BEFORE {
        outcomes = lines("outcomes", next("outcomes")?)?;
        keys = lines("keys", next("keys")?)?;
        audit = lines("audit", next("audit")?)?;
    }
    if let Some((name, _)) = sections.next() {
        return Err(format!("has an unknown section {name:?}").into());
    }
    let dump = Dump {
        incarnation,
        world,
        checkpoint,
        last_epoch,
        last_order,
        control,
        orders,
        events,
        client_ids,
        seats,
        awards,
        replays,
        outcomes,
        keys,
        audit,
    };
    dump.check().map_err(|error| format!("is inconsistent: {error}"))?;
    Ok((manifest, dump))
}

fn json<T: DeserializeOwned>(name: &str, content: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(content)
        .map_err(|error| format!("has an unreadable section {name:?}: {error}").into())
}

fn lines<T: DeserializeOwned>(name: &str, content: &[u8]) -> Result<Vec<T>, Error> {
    let values = serde_json::Deserializer::from_slice(content).into_iter();
    let values: Result<Vec<T>, _> = values.collect();
    values.map_err(|error| format!("has an unreadable section {name:?}: {error}").into())
}
