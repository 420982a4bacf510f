//! Checks secrets of a deployment: no placeholders, nothing that can be guessed.

use sector_auth::Secret;

use crate::error::ServiceError;

/// Minimum entropy of a signing key, in bits.
const KEY_BITS_MIN: usize = 256;
/// Minimum number of different characters; fewer were typed, not generated.
const CHARACTERS_MIN: usize = 10;
/// Placeholders in examples, in lower case.
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
/// How to generate a good secret.
const REMEDY: &str = "set the output of `openssl rand -hex 32`";

/// Rejects placeholders. `setting` names the secret, such as `--jwt-secret (JWT_SECRET)`.
///
/// # Errors
/// [`ServiceError::Setting`], without the secret.
pub fn check(setting: &'static str, secret: &Secret) -> Result<(), ServiceError> {
    let text = secret.expose().to_lowercase();
    if PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder)) || text.starts_with('<') {
        return Err(refused(setting, "the value is a placeholder"));
    }
    Ok(())
}

/// Rejects keys that can be guessed: fewer than 256 bits, counting 4 bits per hex digit, 6 per
/// Base64 character and 8 per other byte.
///
/// # Errors
/// [`ServiceError::Setting`], without the key.
pub fn check_key(setting: &'static str, key: &Secret) -> Result<(), ServiceError> {
    check(setting, key)?;
    let bytes = key.expose().as_bytes();
    let bits_per_character = if bytes.iter().all(u8::is_ascii_hexdigit) {
        4
    } else if bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte)) {
        6
    } else {
        8
    };
    let bits = bytes.len() * bits_per_character;
    if bits < KEY_BITS_MIN {
        return Err(refused(
            setting,
            &format!("the key has at most {bits} bits, {KEY_BITS_MIN} are needed"),
        ));
    }
    let mut characters = bytes.to_vec();
    characters.sort_unstable();
    characters.dedup();
    if characters.len() < CHARACTERS_MIN {
        return Err(refused(
            setting,
            &format!(
                "the key has only {} different characters and can be guessed",
                characters.len()
            ),
        ));
    }
    Ok(())
}

fn refused(setting: &'static str, what: &str) -> ServiceError {
    ServiceError::Setting {
        setting,
        detail: format!("{what}: {REMEDY}; or accept it with --dev, for development"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_are_accepted_and_guessable_ones_rejected() {
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
            (&"ab".repeat(32), "2 different characters"),
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
