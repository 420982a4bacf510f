//! The key file of a bot, with which it comes back as the same player.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use sector_auth::Key;

use super::Failure;

/// Reads the key in a file, or makes a new one there, for the owner's eyes alone. Says whether it is new.
pub(super) fn read_or_make(path: &Path) -> Result<(Key, bool), Failure> {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => {
            let key = Key::from_hex(text.trim());
            Ok((key.map_err(|error| format!("{shown} holds no key: {error}"))?, false))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| crate::Error::Random(error.to_string()))?;
            let key = Key::from_random_bytes(bytes)?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let written =
                options.open(path).and_then(|mut file| writeln!(file, "{}", key.expose_hex()));
            written.map_err(|error| format!("{shown} cannot be written: {error}"))?;
            Ok((key, true))
        }
        Err(error) => Err(format!("{shown} cannot be read: {error}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let directory =
            std::env::temp_dir().join(format!("sector-client-key-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("key");
        _ = fs::remove_file(&path);
        let (made, is_new) = read_or_make(&path).unwrap();
        assert!(is_new);
        let (found, is_new) = read_or_make(&path).unwrap();
        assert!(!is_new && found.address() == made.address());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "hunter2").unwrap();
        let error = read_or_make(&path).unwrap_err().to_string();
        assert!(error.contains("holds no key") && !error.contains("hunter2"), "{error}");
        fs::remove_dir_all(&directory).unwrap();
    }
}
