//! The key file of a bot, to play as the same player again.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use sector_auth::Key;

use super::Failure;
use crate::session::random_key;

/// Reads the key in a file, or creates the file with a new key, readable by its owner only. Returns
/// whether it is new.
pub(super) fn read_or_create(path: &Path) -> Result<(Key, bool), Failure> {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => {
            let key = Key::from_hex(text.trim());
            Ok((key.map_err(|error| format!("{shown} does not contain a key: {error}"))?, false))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = random_key()?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let written =
                options.open(path).and_then(|mut file| writeln!(file, "{}", key.expose_hex()));
            written.map_err(|error| format!("cannot write {shown}: {error}"))?;
            Ok((key, true))
        }
        Err(error) => Err(format!("cannot read {shown}: {error}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_created_once_and_read_again() {
        let directory =
            std::env::temp_dir().join(format!("sector-client-key-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("key");
        _ = fs::remove_file(&path);
        let (made, is_new) = read_or_create(&path).unwrap();
        assert!(is_new);
        let (found, is_new) = read_or_create(&path).unwrap();
        assert!(!is_new && found.address() == made.address());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "hunter2").unwrap();
        let error = read_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("does not contain a key") && !error.contains("hunter2"), "{error}");
        fs::remove_dir_all(&directory).unwrap();
    }
}
