//! Small files in the data directory beside the store: the signing secret, and the address of the
//! browser UI for `sector operator link`. Only their owner can read them.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sector_auth::Secret;
use sector_auth::token::SECRET_BYTES_MIN;
use tempfile::NamedTempFile;

use super::random_hex;
use crate::tool::{Error, cannot_write};

const SECRET_FILE: &str = "jwt_secret";
const URL_FILE: &str = "page.url";
/// Address of the browser UI with default options.
pub(crate) const DEFAULT_URL: &str = "http://localhost:9000";

/// The signing secret of a data directory, created if there is none. The caller holds the lock of the
/// directory.
pub(super) fn secret(directory: &Path) -> Result<Secret, Error> {
    if let Some(secret) = read_secret(directory)? {
        fs::set_permissions(directory.join(SECRET_FILE), Permissions::from_mode(0o600))?;
        return Ok(secret);
    }
    let secret = random_hex()?;
    write(directory, SECRET_FILE, &secret)?;
    Ok(Secret::new(secret)?)
}

/// The signing secret of a data directory, if it has one.
pub(crate) fn read_secret(directory: &Path) -> Result<Option<Secret>, Error> {
    let path = directory.join(SECRET_FILE);
    let Some(text) = read(&path)? else { return Ok(None) };
    if text.len() < SECRET_BYTES_MIN {
        return Err(format!(
            "the signing secret in {} has {} bytes, and at least {SECRET_BYTES_MIN} are needed: delete the file to get a new \
             one; everybody then renews their login",
            path.display(),
            text.len()
        )
        .into());
    }
    Ok(Some(Secret::new(text)?))
}

/// Keeps the address of the browser UI.
pub(super) fn write_url(directory: &Path, url: &str) -> Result<(), Error> {
    write(directory, URL_FILE, url)
}

/// Address of the browser UI at the last start.
pub(crate) fn read_url(directory: &Path) -> Result<String, Error> {
    Ok(read(&directory.join(URL_FILE))?.unwrap_or_else(|| DEFAULT_URL.to_owned()))
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display()).into()),
    }
}

/// Writes a file atomically. Temporary files, and so the file, are private to their owner.
fn write(directory: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path: PathBuf = directory.join(name);
    let mut file = NamedTempFile::new_in(directory).map_err(|error| cannot_write(&path, &error))?;
    writeln!(file, "{text}")
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| cannot_write(&path, &error))?;
    file.persist(&path).map_err(|error| cannot_write(&path, &error.error))?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| cannot_write(&path, &error))
}
