//! Names of options from docs/reference/configuration.md. A name that no service reads is a fault.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::run::Result;

/// Names read by other programs, or before the options.
const OTHERS: [&str; 6] = [
    "BACKUPS",
    "HEALTHCHECK_URL",
    "TEMPLATE",
    "POD_NAME",
    "POD_NAMESPACE",
    // Prefix of Grafana's settings.
    "GF_",
];

/// All environment variables that may be set.
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let path = root.join("docs/reference/configuration.md");
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        // | `--flag` | `NAME` | …
        let name = |line: &str| {
            Some(line.strip_prefix("| ")?.split(" | ").nth(1)?.trim_matches('`').to_owned())
        };
        let names: BTreeSet<String> =
            text.lines().filter_map(name).filter(|name| !name.is_empty()).collect();
        if names.len() < 10 {
            Err(format!("{} names no options", path.display()))
        } else {
            Ok(Self(names))
        }
    }

    /// The fault of setting this name to this value, if any.
    pub(super) fn fault(&self, name: &str, value: &str) -> Option<String> {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        let is_known = self.0.contains(plain)
            || self.0.contains(name)
            || OTHERS
                .iter()
                .any(|other| name == *other || other.ends_with('_') && name.starts_with(other));
        if !is_known {
            return Some(format!("no service reads {name}"));
        }
        let is_secret = ["SECRET", "TOKEN", "PASSWORD", "API_KEY", "REDIS_URL"]
            .iter()
            .any(|word| name.contains(word));
        (is_secret && !name.ends_with("_FILE") && !name.ends_with("__FILE") && !value.is_empty())
            .then(|| format!("{name} is a secret: name a file of it in {name}_FILE"))
    }
}

/// Whether an image is pinned by a fixed tag or a digest.
pub(super) fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    let tag = name
        .split_once('@')
        .map(|(_, digest)| digest)
        .or_else(|| name.split_once(':').map(|(_, tag)| tag));
    tag.is_some_and(|tag| {
        !tag.is_empty()
            && tag != "latest"
            && tag.contains(|character: char| character.is_ascii_digit())
    })
}

/// A file before `scripts/pin-digests.sh`.
#[cfg(test)]
pub(super) fn without_digests(text: &str) -> String {
    let mut parts = text.split("@sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.trim_start_matches(|character: char| character.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    #[test]
    fn names_are_known_and_secrets_are_files() {
        let names = Names::read(&root()).unwrap();
        for (name, value) in [
            ("TICK_MS", "300ms"),
            ("JWT_SECRET_FILE", "/x"),
            ("REDIS_URL_FILE", "/x"),
            ("GF_X", "y"),
        ] {
            assert_eq!(names.fault(name, value), None, "{name}");
        }
        assert!(names.fault("TICK_SECONDS", "1").unwrap().contains("no service reads"));
        assert!(names.fault("TICK_MS_FILES", "1").unwrap().contains("no service reads"));
        assert!(names.fault("JWT_SECRET", "x").unwrap().contains("JWT_SECRET_FILE"));
        assert!(names.fault("REDIS_URL", "redis://a:b@c").unwrap().contains("REDIS_URL_FILE"));
    }

    #[test]
    fn a_moving_tag_is_none() {
        assert!(
            is_pinned("redis:8.10.2")
                && is_pinned("a/b@sha256:0123")
                && is_pinned("host:5000/a/b:0.1.0")
        );
        let digest = "a".repeat(64);
        let pinned = format!("FROM rust:1.95@sha256:{digest}\nFROM scratch\n");
        assert_eq!(without_digests(&pinned), "FROM rust:1.95\nFROM scratch\n");
        for image in ["redis", "redis:latest", "redis:", "host:5000/redis", "rust:stable"] {
            assert!(!is_pinned(image), "{image}");
        }
    }
}
