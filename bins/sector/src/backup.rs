//! `sector backup`: backs up a sector to one file, and verifies such files.

pub(crate) mod file;
pub(crate) mod proof;
pub(crate) mod target;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sector_redis::BackupNote;
use tempfile::NamedTempFile;

use crate::tool::{Error, block_on, cannot_write, directory_of, say};
use file::Manifest;
use target::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Back up a sector to a new file: from Redis while it runs, from a directory while it is
    /// stopped
    Create(Create),
    /// Verify every byte of a backup, and replay its world from the checkpoint to the newest tick
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    target: Target,
    /// File to create
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Backup file
    file: PathBuf,
    /// Replay the universe from its first tick
    #[arg(long)]
    full: bool,
}

pub(crate) fn backup(command: &Command) -> Result<(), Error> {
    match command {
        Command::Create(options) => block_on(create(options)),
        Command::Verify(options) => verify(options),
    }
}

async fn create(options: &Create) -> Result<(), Error> {
    let Create { target, out } = options;
    if out.exists() {
        return Err(exists_already(out));
    }
    let store = target.open_existing().await?;
    let dump = store.dump().await?;
    let dump =
        dump.ok_or_else(|| format!("{target} has no universe yet; there is nothing to back up"))?;
    dump.check()?;
    proof::play(&dump, false).map_err(|error| format!("{target} cannot be backed up: {error}"))?;
    let manifest = Manifest::of(&dump, target.backend())?;
    let bytes = file::encode(&manifest, &dump)?;
    write_new(out, &bytes)?;
    let note = BackupNote { at_ms: manifest.taken_ms, tick: manifest.tick };
    if let Err(error) = store.note_backup(note).await {
        eprintln!("sector: the backup is written, but {target} could not note it: {error}");
    }
    say(&format!(
        "{}: {} bytes\n{manifest}\n  left out         {}",
        out.display(),
        bytes.len(),
        manifest.left_out.join(", ")
    ))
}

fn verify(options: &Verify) -> Result<(), Error> {
    let Verify { file, full } = options;
    let (manifest, dump) = file::read(file)?;
    let played = proof::play(&dump, *full)
        .map_err(|error| format!("{} cannot be restored: {error}", file.display()))?;
    say(&format!(
        "{}: valid\n{manifest}\n  played           {played} ticks, the digest is the committed one",
        file.display()
    ))
}

/// Writes a file atomically; never overwrites one.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |error: &std::io::Error| cannot_write(path, error);
    let directory = directory_of(path);
    // Readable for its owner only, because it contains everybody's orders.
    let mut file = NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| failed(&error))?;
    file.persist_noclobber(path).map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => exists_already(path),
        _ => failed(&error.error),
    })?;
    std::fs::File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| failed(&error))
}

fn exists_already(path: &Path) -> Error {
    format!("{} exists already; choose another file", path.display()).into()
}

/// Reads a backup and replays its world before it restores it into an empty store.
pub(crate) fn restore(options: &Restore) -> Result<(), Error> {
    let Restore { file, target } = options;
    let (manifest, dump) = file::read(file)?;
    proof::play(&dump, false)
        .map_err(|error| format!("{} cannot be restored: {error}", file.display()))?;
    block_on(async {
        let store = sector_redis::open_archive(target.options())
            .await
            .map_err(|error| target.explain(error))?;
        let incarnation =
            store.restore(&dump).await.map_err(|error| format!("{target}: {error}"))?;
        say(&format!(
            "{target}: restored from {}\n{manifest}\n  now incarnation  {incarnation}\n\
             Start the services: the sector goes on after tick {}.",
            file.display(),
            manifest.tick
        ))
    })
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Backup file
    file: PathBuf,
    #[command(flatten)]
    target: Target,
}
