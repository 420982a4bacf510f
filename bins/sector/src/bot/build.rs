//! Bots on the command line: a crate, which is built first, or a command.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde::Deserialize;

use crate::exec::{PREFIX, Program};
use crate::tool::Error;

/// The bot to run.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(crate) struct Which {
    /// Directory of the bot's crate, or `exec:` and a command that plays over standard input and
    /// output
    #[arg(default_value = ".", value_name = "BOT")]
    bot: String,
    /// Build the crate without optimizations: builds faster, plays slower
    #[arg(long)]
    dev: bool,
}

/// A bot ready to play.
#[derive(Debug)]
pub(super) enum Ready {
    /// Program and name of a crate.
    Crate { name: String, program: PathBuf },
    /// A command.
    Command(Program),
}

impl Which {
    /// Builds the bot, if it is a crate.
    pub(super) fn build(&self) -> Result<Ready, Error> {
        if self.bot.starts_with(PREFIX) {
            return Ok(Ready::Command(Program::parse(&self.bot)?));
        }
        let manifest = Path::new(&self.bot).join("Cargo.toml");
        if !manifest.is_file() {
            return Err(format!(
                "there is no Cargo.toml in {}; name a bot's directory, exec: and a command, or create a bot \
                 with `sector bot new NAME`",
                shown(&self.bot)
            )
            .into());
        }
        let (name, program) = build(&manifest, self.dev)?;
        Ok(Ready::Crate { name, program })
    }
}

impl Ready {
    /// The bot as a player of the arena.
    pub(super) fn player(&self) -> Result<String, Error> {
        let text = match self {
            Ready::Crate { name, program } => {
                format!("{name}={PREFIX}'{}' stdio", program.display())
            }
            Ready::Command(program) => format!("bot={PREFIX}{}", quoted(program.words())),
        };
        match text.contains(',') || text.contains('\n') {
            true => Err(format!("player {text:?} must not contain commas or line breaks").into()),
            false => Ok(text),
        }
    }

    /// The bot as an arena program.
    pub(super) fn program(&self) -> Result<Program, Error> {
        match self {
            Ready::Crate { program, .. } => {
                Program::parse(&format!("{PREFIX}'{}' stdio", program.display()))
            }
            Ready::Command(program) => Ok(program.clone()),
        }
    }
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

fn shown(directory: &str) -> &str {
    if directory == "." { "this directory" } else { directory }
}

/// A message of Cargo.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        manifest_path: PathBuf,
        target: Target,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Builds a crate and returns its program.
fn build(manifest: &Path, dev: bool) -> Result<(String, PathBuf), Error> {
    let manifest =
        manifest.canonicalize().map_err(|error| format!("{}: {error}", manifest.display()))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--message-format", "json-render-diagnostics", "--bins", "--manifest-path"])
        .arg(&manifest);
    if !dev {
        cargo.arg("--release");
    }
    // Run in the crate, so that its Cargo settings apply, such as the target directory.
    cargo
        .current_dir(manifest.parent().unwrap_or(Path::new(".")))
        .stdout(Stdio::piped())
        .stdin(Stdio::null());
    let mut building =
        cargo.spawn().map_err(|error| format!("cannot run cargo: {error}; is Rust installed?"))?;
    let mut programs = Vec::new();
    for line in building.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let message = serde_json::from_str(&line?);
        if let Ok(Message::CompilerArtifact { manifest_path, target, executable: Some(program) }) =
            message
            && manifest_path == manifest
            && target.kind.iter().any(|kind| kind == "bin")
        {
            programs.push((target.name, program));
        }
    }
    if !building.wait()?.success() {
        return Err(format!("cannot build {}; see the errors above", manifest.display()).into());
    }
    match <[_; 1]>::try_from(programs) {
        Ok([program]) => Ok(program),
        Err(programs) if programs.is_empty() => {
            Err(format!("{} has no program; a bot needs a src/main.rs", manifest.display()).into())
        }
        Err(programs) => {
            let names: Vec<String> = programs.into_iter().map(|(name, _)| name).collect();
            Err(format!(
                "{} has several programs ({}); a bot must have one",
                manifest.display(),
                names.join(", ")
            )
            .into())
        }
    }
}
