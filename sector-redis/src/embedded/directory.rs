//! A data directory: one process at a time, never a half-made file, closed to other users.
//!
//! `sector.lock` is locked for as long as the store is open and names the process that has it.
//! `sector.redb` holds the state. A new one is made under another name, flushed, and then renamed,
//! so that a crash while making it leaves either nothing or a whole file.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageError};

use super::tables;
use crate::error::{Error, Result};

const LOCK_FILE: &str = "sector.lock";
const DATA_FILE: &str = "sector.redb";
const PROBE_FILE: &str = "sector.probe";
/// More than a small commit takes.
const PROBE_BYTES: usize = 256 * 1024;
const NEW_FILE: &str = "sector.redb.new";
/// Memory the engine uses for pages it has read or is about to write, in bytes.
const CACHE_BYTES: usize = 64 * 1024 * 1024;
/// Permissions of the directory and of its files: digests of sessions and keys, orders and players
/// are not for other users of the machine.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Opens or makes the database in a directory that this process has locked.
pub(super) fn open(directory: &Path) -> Result<Database> {
    if !exists(directory)? {
        make(directory)?;
    }
    let path = directory.join(DATA_FILE);
    restrict(&path, FILE_MODE);
    load(&path)
}

/// Opens the database again after a failed write, once the directory can be written.
pub(super) fn reopen(directory: &Path) -> Result<Database> {
    probe(directory)?;
    if !exists(directory)? {
        return Err(Error::config(format!(
            "{} is gone; put it back, or stop and start again for a new sector",
            directory.join(DATA_FILE).display()
        )));
    }
    load(&directory.join(DATA_FILE))
}

fn load(path: &Path) -> Result<Database> {
    look(path)?;
    let mut database = Builder::new()
        .set_cache_size(CACHE_BYTES)
        .open(path)
        .map_err(|error| unreadable(path, &error))?;
    // Every page against its checksum: what a disk has changed is found now, not in a month.
    database.check_integrity().map_err(|error| unreadable(path, &error))?;
    tables::prepare(&database, &path.display().to_string())?;
    Ok(database)
}

/// Checks that the directory takes a file, so that a full disk is found before the data file is
/// opened for writing.
fn probe(directory: &Path) -> Result<()> {
    let path = directory.join(PROBE_FILE);
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&path)?;
        file.write_all(&[0; PROBE_BYTES])?;
        file.sync_all()
    };
    let written = write();
    let removed = fs::remove_file(&path);
    written.and(removed).map_err(|error| {
        let message = format!(
            "cannot write to the data directory {}: {error}; make room on its disk, and check its permissions",
            directory.display()
        );
        Error::config_because(message, error)
    })
}

/// Whether the directory holds a database.
pub(super) fn exists(directory: &Path) -> Result<bool> {
    let path = directory.join(DATA_FILE);
    path.try_exists().map_err(|error| unreadable(&path, &DatabaseError::from(error)))
}

/// Refuses a file that is not ours before anything could write to it, as opening it would. A file
/// that needs repair after a crash cannot be looked at without; it is checked after that.
fn look(path: &Path) -> Result<()> {
    match Builder::new().open_read_only(path) {
        Ok(database) => {
            tables::check(&database.begin_read()?, &path.display().to_string())?;
            Ok(())
        }
        Err(DatabaseError::RepairAborted) => Ok(()),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Takes all permissions away from other users. A volume that belongs to someone else, such as one
/// mounted into a container, stays as it is.
fn restrict(path: &Path, mode: u32) {
    let restricted =
        fs::metadata(path).and_then(|found| match found.permissions().mode() & 0o077 {
            0 => Ok(()),
            _ => fs::set_permissions(path, Permissions::from_mode(mode)),
        });
    if let Err(error) = restricted {
        tracing::warn!(path = %path.display(), %error, "cannot restrict permissions to the owner");
    }
}

/// Makes the directory if there is none, and locks it until the file is closed.
pub(super) fn lock(directory: &Path) -> Result<File> {
    fs::create_dir_all(directory).map_err(|error| {
        let message = format!(
            "cannot use {} as a data directory: {error}; name a directory this user may write",
            directory.display()
        );
        Error::config_because(message, error)
    })?;
    restrict(directory, DIRECTORY_MODE);
    let path = directory.join(LOCK_FILE);
    let shown = path.display();
    let because = |error: std::io::Error| {
        let message = format!(
            "cannot lock {shown}: {error}; name a data directory this user may write, on a file system with locks"
        );
        Error::config_because(message, error)
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(because)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message: a holder that has not yet written its number goes unnamed.
            let _ = file.read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                number => format!("process {number}"),
            };
            return Err(Error::config(format!(
                "the data directory {} is in use by {holder}; stop it, or name another data directory",
                directory.display()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(because(error)),
    }
    file.set_len(0).map_err(because)?;
    writeln!(file, "{}", std::process::id()).map_err(because)?;
    restrict(&path, FILE_MODE);
    Ok(file)
}

fn make(directory: &Path) -> Result<()> {
    let new = directory.join(NEW_FILE);
    let because = |error: std::io::Error| {
        let message = format!("cannot make {}: {error}", new.display());
        Error::config_because(message, error)
    };
    match fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(because(error)),
        _ => {}
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(&new)
        .map_err(because)?;
    let database = FileBackend::new(file)
        .and_then(|backend| Builder::new().create_with_backend(backend))
        .map_err(|error| unreadable(&new, &error))?;
    tables::prepare(&database, &new.display().to_string())?;
    drop(database);
    fs::rename(&new, directory.join(DATA_FILE)).map_err(because)?;
    // The new name is durable once the directory is.
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(because)
}

fn unreadable(path: &Path, error: &DatabaseError) -> Error {
    let shown = path.display();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            Error::config(format!(
                "{shown} is in use by another process; stop it, or name another data directory"
            ))
        }
        DatabaseError::UpgradeRequired(format) => Error::config(format!(
            "{shown} has engine format {format}, which this version does not read; start the version that wrote it, or name another data directory"
        )),
        DatabaseError::Storage(StorageError::Io(io))
            if io.kind() != std::io::ErrorKind::InvalidData =>
        {
            Error::config(format!(
                "cannot open {shown}: {io}; check its permissions, or name another data directory"
            ))
        }
        other => Error::config(format!(
            "{shown} is damaged or not a data file of this program: {other}; restore it from a backup, or name another data directory"
        )),
    }
}
