//! `sector bot new`: creates a crate with a working bot.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::tool::{Error, cannot_write, say};

/// Maximum length of a name.
const NAME_CHARS_MAX: usize = 64;
/// Names reserved by Cargo or the compiler, and names of the crates that a bot depends on.
const TAKEN: [&str; 12] = [
    "alloc",
    "core",
    "proc-macro",
    "proc_macro",
    "std",
    "test",
    "sector-auth",
    "sector-client",
    "sector-sim",
    "sector_auth",
    "sector_client",
    "sector_sim",
];
/// Keywords, which cannot be crate names.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Name of the bot: lower-case letters, digits, - and _
    name: String,
    /// Clone of Sector to build against [default: the one around the current directory, or around
    /// this program]
    #[arg(long, value_name = "DIR")]
    sector: Option<PathBuf>,
}

pub(crate) fn new(options: &Options) -> Result<(), Error> {
    let name = options.name.as_str();
    check_name(name)?;
    let here = std::env::current_dir()
        .map_err(|error| format!("the current directory cannot be read: {error}"))?;
    let sector = clone(options.sector.as_deref(), &here)?;
    let directory = here.join(name);
    if directory.symlink_metadata().is_ok() {
        return Err(format!(
            "{} exists already; choose another name, or remove it",
            directory.display()
        )
        .into());
    }
    write(name, &directory, &sector)?;
    say(&format!(
        "{name} is ready.\n\n  cd {name}\n  sector bot play --against classic,greedy --games 20\n  sector bot run\n\n\
         Its strategy is in {name}/src/lib.rs."
    ))
}

/// Writes the crate atomically.
fn write(name: &str, directory: &Path, sector: &Path) -> Result<(), Error> {
    let parent = directory.parent().unwrap_or(directory);
    let draft = tempfile::Builder::new().prefix(".new-bot-").tempdir_in(parent);
    let draft = draft.map_err(|error| cannot_write(parent, &error))?;
    let path = |below: &str| toml_text(&below_from(sector, directory, below));
    let fill = |template: &str| {
        template
            .replace("{{name}}", name)
            .replace("{{crate}}", &name.replace('-', "_"))
            .replace("{{client}}", &path("sector-client"))
            .replace("{{sim}}", &path("sector-sim"))
            .replace("{{target}}", &toml_text(&sector.join("target")))
    };
    for (file, text) in [
        ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
        (".cargo/config.toml", include_str!("template/config.toml.txt")),
        ("src/lib.rs", include_str!("template/lib.rs.txt")),
        ("src/main.rs", include_str!("template/main.rs.txt")),
        ("tests/plays.rs", include_str!("template/plays.rs.txt")),
        ("README.md", include_str!("template/README.md.txt")),
    ] {
        let path = draft.path().join(file);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, fill(text)))
            .map_err(|error| cannot_write(&path, &error))?;
    }
    // Use the same versions as Sector. Cargo removes unused entries.
    let (from, to) = (sector.join("Cargo.lock"), draft.path().join("Cargo.lock"));
    fs::copy(&from, &to).map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
    // Temporary directories are private; make this one readable.
    fs::set_permissions(draft.path(), fs::Permissions::from_mode(0o755))
        .and_then(|()| fs::rename(draft.path(), directory))
        .map_err(|error| cannot_write(directory, &error))?;
    // Renamed, so there is nothing to remove.
    _ = draft.keep();
    Ok(())
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter)
    };
    let allowed = "allowed are lower-case letters, digits, - and _, starting with a letter";
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.chars().all(fits) {
        return Err(format!("invalid bot name {name:?}: {allowed}").into());
    }
    if name.len() > NAME_CHARS_MAX {
        return Err(format!(
            "a bot name has at most {NAME_CHARS_MAX} characters (got {})",
            name.len()
        )
        .into());
    }
    if TAKEN.contains(&name) || KEYWORDS.contains(&name) {
        return Err(format!("invalid bot name {name:?}: reserved by Rust or Sector").into());
    }
    Ok(())
}

/// The clone of Sector: the given one, else the one around the current directory, else the one this
/// program was built in.
fn clone(named: Option<&Path>, here: &Path) -> Result<PathBuf, Error> {
    if let Some(named) = named {
        let path = named
            .canonicalize()
            .map_err(|error| format!("--sector {}: {error}", named.display()))?;
        return match is_clone(&path) {
            true => Ok(path),
            false => Err(format!("--sector {}: not a clone of Sector", named.display()).into()),
        };
    }
    let program = std::env::current_exe().ok();
    // Set by `cargo run`.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let places = [Some(here.to_owned()), program, manifest];
    let mut around = places.iter().flatten().flat_map(|place| place.ancestors());
    match around.find(|place| is_clone(place)) {
        Some(found) => Ok(found.to_owned()),
        None => Err("no clone of Sector found around this directory; set --sector DIR".into()),
    }
}

fn is_clone(place: &Path) -> bool {
    place.join("sector-client/Cargo.toml").is_file()
        && place.join("sector-sim/Cargo.toml").is_file()
        && place.join("Cargo.lock").is_file()
}

/// A path in the clone, relative to the bot if the bot is in the clone, so that both can be moved
/// together.
fn below_from(sector: &Path, bot: &Path, below: &str) -> PathBuf {
    match bot.strip_prefix(sector) {
        Ok(inside) => inside.components().map(|_| "..").collect::<PathBuf>().join(below),
        Err(_) => sector.join(below),
    }
}

fn toml_text(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for name in ["a", "my-bot", "bot_2"] {
            check_name(name).unwrap();
        }
        for (name, told) in [
            ("", "invalid bot name"),
            ("-x", "starting with a letter"),
            ("2fast", "starting with a letter"),
            ("My-Bot", "lower-case letters"),
            ("../up", "lower-case letters"),
            ("a b", "lower-case letters"),
            ("match", "reserved by Rust"),
            ("sector-sim", "reserved by Rust"),
            (&"x".repeat(65), "at most 64 characters (got 65)"),
        ] {
            let error = check_name(name).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn paths_go_up_within_the_clone_and_are_whole_outside() {
        let below = |bot: &str| below_from(Path::new("/clone"), Path::new(bot), "sector-sim");
        assert_eq!(below("/clone/bots/mine"), Path::new("../../sector-sim"));
        assert_eq!(below("/home/mine"), Path::new("/clone/sector-sim"));
        assert_eq!(toml_text(Path::new("a\"b\\c")), r#""a\"b\\c""#);
    }
}
