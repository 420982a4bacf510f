//! Replay files: plain or compressed with zstd, read in pieces, written during the run.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use indicatif::ProgressBar;
use sector_sim::replay::{Collector, Header, Replay, ReplayError, Writer};
use sector_sim::{Order, World};
use zstd::{Decoder, Encoder};

use crate::tool::{Error, OutputFile, cannot_read, cannot_write};

/// Maximum uncompressed size of a replay read in pieces, in bytes.
pub(crate) const STREAMED_MAX: u64 = 1 << 32;
/// Maximum uncompressed size of a replay read into memory, in bytes.
pub(crate) const READ_MAX: u64 = 1 << 29;

/// First bytes of a zstd stream.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Size of a piece, in bytes.
const PIECE: usize = 1 << 16;
/// Compression level. Digests, most of a replay, are incompressible, so a higher level would not
/// help.
const LEVEL: i32 = 3;
/// Ticks between flushes of the compressor if there are no keyframes.
const FLUSH_TICKS: u64 = 100;

/// Reads a whole replay.
pub(crate) fn read(path: &Path) -> Result<Replay, Error> {
    let mut collector = Collector::default();
    pieces(path, READ_MAX, &ProgressBar::hidden(), |piece| collector.push(piece))?;
    collector.finish().map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Decompresses a replay of at most `most` bytes in pieces and returns its size. A truncated zstd
/// stream counts up to its end.
pub(crate) fn pieces(
    path: &Path,
    most: u64,
    bar: &ProgressBar,
    mut take: impl FnMut(&[u8]) -> Result<(), ReplayError>,
) -> Result<u64, Error> {
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    if let Ok(about) = file.metadata() {
        bar.set_length(about.len());
    }
    let mut file = BufReader::with_capacity(PIECE, bar.wrap_read(file));
    let first = file.fill_buf().map_err(|error| cannot_read(path, &error))?;
    let compressed = first.starts_with(&ZSTD);
    let mut plain: Box<dyn Read + '_> = if compressed {
        Box::new(Decoder::with_buffer(file).map_err(|error| cannot_read(path, &error))?)
    } else {
        Box::new(file)
    };
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let length = match plain.read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) if compressed && error.kind() == std::io::ErrorKind::UnexpectedEof => {
                if bytes == 0 {
                    let path = path.display();
                    return Err(format!("{path}: the zstd stream is truncated at its start").into());
                }
                return Ok(bytes);
            }
            Err(error) if compressed => {
                let path = path.display();
                return Err(format!(
                    "{path}: the zstd stream is damaged after {bytes} uncompressed bytes: {error}"
                )
                .into());
            }
            Err(error) => return Err(cannot_read(path, &error)),
        };
        bytes += length as u64;
        if bytes > most {
            let path = path.display();
            return Err(format!("{path}: larger than {most} bytes when uncompressed").into());
        }
        take(piece.get(..length).unwrap_or_default())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
}

/// Records a replay; its file appears when it is complete.
pub(crate) struct Recorder<'a> {
    path: &'a Path,
    writer: Writer,
    encoder: Encoder<'static, OutputFile<'a>>,
    flush_ticks: u64,
}

impl<'a> Recorder<'a> {
    /// Starts recording a run from this world.
    pub(crate) fn create(
        path: &'a Path,
        header: &Header,
        world: &World,
        with_states: bool,
    ) -> Result<Recorder<'a>, Error> {
        let mut writer = Writer::new(header, world)?;
        if with_states {
            writer = writer.with_states();
        }
        let encoder = Encoder::new(OutputFile::create(path)?, LEVEL).and_then(|mut encoder| {
            encoder.include_checksum(true)?;
            Ok(encoder)
        });
        let encoder = encoder.map_err(|error| cannot_write(path, &error))?;
        let flush_ticks =
            if header.keyframe_ticks == 0 { FLUSH_TICKS } else { header.keyframe_ticks };
        let mut recorder = Recorder { path, writer, encoder, flush_ticks };
        recorder.write()?;
        recorder.flush()?;
        Ok(recorder)
    }

    /// Records a tick of the world, played with these orders.
    pub(crate) fn tick(&mut self, world: &World, orders: &[Order]) -> Result<(), Error> {
        self.writer.tick(world, orders)?;
        self.write()?;
        if world.tick().is_multiple_of(self.flush_ticks) {
            self.flush()?;
        }
        Ok(())
    }

    /// Makes everything so far readable if the file is truncated later.
    fn flush(&mut self) -> Result<(), Error> {
        self.encoder.flush().map_err(|error| cannot_write(self.path, &error))
    }

    fn write(&mut self) -> Result<(), Error> {
        self.encoder
            .write_all(self.writer.bytes())
            .map_err(|error| cannot_write(self.path, &error))?;
        self.writer.clear();
        Ok(())
    }

    /// Completes the replay and moves its file into place.
    pub(crate) fn finish(mut self, world: &World) -> Result<(), Error> {
        self.writer.finish(world)?;
        self.write()?;
        let file = self.encoder.finish().map_err(|error| cannot_write(self.path, &error))?;
        file.finish()
    }
}
