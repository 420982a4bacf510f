//! What a secret of a deployment must be: not what an example left in its place, and not to be guessed.

use sector_auth::Secret;

use crate::error::ServiceError;

/// Bits that a key which signs must have.
const KEY_BITS_MIN: usize = 256;
/// A key of fewer different letters was typed, not drawn.
const LETTERS_MIN: usize = 10;
/// What stands in examples where a secret belongs, in small letters.
const PLACEHOLDERS: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "placeholder",
    "replace",
    "your-secret",
    "your_secret",
    "example",
    "insecure",
    "${",
    "xxxx",
];
/// How to draw a good one.
const REMEDY: &str = "set it to what `openssl rand -hex 32` prints";

/// Refuses what an example left in the place of a secret. `setting` names it, as in `--jwt-secret (JWT_SECRET)`.
///
/// # Errors
/// [`ServiceError::Setting`], which does not repeat the secret.
pub fn check(setting: &'static str, secret: &Secret) -> Result<(), ServiceError> {
    let text = secret.expose().to_lowercase();
    if PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder)) || text.starts_with('<') {
        return Err(refused(setting, "it is the placeholder of an example"));
    }
    Ok(())
}

/// Refuses a key that could be guessed as well: one of fewer than 256 bits. A hexadecimal digit counts as 4 bits, a letter
/// of Base64 as 6, any other byte as 8.
///
/// # Errors
/// [`ServiceError::Setting`], which does not repeat the key.
pub fn check_key(setting: &'static str, key: &Secret) -> Result<(), ServiceError> {
    check(setting, key)?;
    let bytes = key.expose().as_bytes();
    let bits_a_letter = if bytes.iter().all(u8::is_ascii_hexdigit) {
        4
    } else if bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte)) {
        6
    } else {
        8
    };
    let bits = bytes.len() * bits_a_letter;
    if bits < KEY_BITS_MIN {
        return Err(refused(
            setting,
            &format!("it has at most {bits} bits, {KEY_BITS_MIN} are needed"),
        ));
    }
    let mut letters = bytes.to_vec();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < LETTERS_MIN {
        return Err(refused(
            setting,
            &format!("it has {} different letters and could be guessed", letters.len()),
        ));
    }
    Ok(())
}

fn refused(setting: &'static str, what: &str) -> ServiceError {
    ServiceError::Setting {
        setting,
        detail: format!("{what}: {REMEDY}; or accept that with --dev, for trying things out"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_is_taken_and_what_was_typed_is_refused_by_name() {
        let key = |text: &str| check_key("--jwt-secret (JWT_SECRET)", &Secret::new(text).unwrap());
        for good in [
            "8b1f0c52d7e96a3480f1b2c3d4e5f60718293a4b5c6d7e8f9001122334455667",
            "qL3v9XcT0b7Zp5Rk2sWn8yHd4MfJ6aGuE1iVoKtBxQY=",
            "a secret of at least thirty-two bytes",
        ] {
            key(good).unwrap_or_else(|error| panic!("{error}"));
        }
        for (bad, why) in [
            ("please-changeme-please-changeme-please-changeme-1", "placeholder"),
            ("<your jwt secret with at least 32 bytes>", "placeholder"),
            ("8b1f0c52d7e96a3480f1b2c3d4e5f607", "128 bits"),
            ("abcdefghijklmnopqrstuvwxyzABCDEF", "192 bits"),
            (&"ab".repeat(32), "2 different letters"),
        ] {
            let text = key(bad).unwrap_err().to_string();
            assert!(text.starts_with("--jwt-secret (JWT_SECRET)") && text.contains(why), "{text}");
            assert!(
                text.contains("openssl rand -hex 32")
                    && text.contains("--dev")
                    && !text.contains(bad),
                "{text}"
            );
        }
    }
}
