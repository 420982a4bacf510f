//! Reads small files of settings and secrets.

use std::io;
use std::path::Path;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read as text.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file is too large.
    #[error("the file has {bytes} bytes; at most {bytes_max} are allowed")]
    TooLong {
        /// Size of the file.
        bytes: u64,
        /// Maximum size.
        bytes_max: u64,
    },
}

/// The text of a file of at most `bytes_max` bytes.
///
/// # Errors
/// [`FileError`] if it cannot be read or is too large.
pub fn read(path: &Path, bytes_max: u64) -> Result<String, FileError> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > bytes_max {
        return Err(FileError::TooLong { bytes, bytes_max });
    }
    Ok(std::fs::read_to_string(path)?)
}
