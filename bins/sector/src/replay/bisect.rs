//! `sector replay bisect`: finds the first tick and field in which two runs differ, or one run
//! under two builds. A replay has digests, which show that states differ, and orders, from which
//! the states are computed. So this build plays both replays side by side until the worlds differ.
//! If they don't differ but the records do, one was recorded by a build that plays differently;
//! `--with` runs that build with `sector replay state`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use clap::Args;
use sector_sim::replay::{Header, Replay};
use sector_sim::world::Size;
use sector_sim::{Digest, Snapshot, World};

use super::diff::{header_differences, order_differences, shown_json, some};
use super::file::read;
use super::info::shown;
use crate::tool::{Error, say};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// First replay
    file: PathBuf,
    /// Second replay
    #[arg(required_unless_present = "with", conflicts_with = "with")]
    other: Option<PathBuf>,
    /// Another build of this command, to play the first replay too
    #[arg(long, value_name = "SECTOR")]
    with: Option<PathBuf>,
    /// Maximum lines per kind of difference
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct StateOptions {
    /// Replay file
    file: PathBuf,
    /// Tick
    #[arg(long, required_unless_present = "digests", conflicts_with = "digests")]
    tick: Option<u64>,
    /// Print the digest of every tick instead, one per line
    #[arg(long)]
    digests: bool,
}

pub(crate) fn bisect(options: &Options) -> Result<(), Error> {
    let replay = read(&options.file)?;
    let lines = match (&options.other, &options.with) {
        (Some(other), _) => {
            let (left, right) =
                (Side::new(&options.file, replay)?, Side::new(other, read(other)?)?);
            two_replays(left, right, options.limit)?
        }
        (None, Some(build)) => two_builds(&options.file, &replay, build, options.limit)?,
        // The argument parser requires one of them.
        (None, None) => return Err("name a second replay, or set --with".into()),
    };
    say(&lines.join("\n"))
}

/// World of a replay at tick 0, also if it was recorded with another version of the rules.
fn beginning(path: &Path, header: &Header) -> Result<World, Error> {
    let world = header.rules().map_err(|error| error.to_string()).and_then(|rules| {
        let size = Size { systems: header.systems, factions: header.factions };
        World::with_size(Arc::new(rules), header.seed, size).map_err(|error| error.to_string())
    });
    world.map_err(|error| format!("{}: {error}", path.display()).into())
}

fn snapshot(header: &Header, world: &World) -> Snapshot {
    Snapshot::of(&header.universe(), world.map(), world.board(), world.digest())
}

/// A replay, and its world as this build plays it.
struct Side<'a> {
    path: &'a Path,
    replay: Replay,
    world: World,
    /// First tick with another digest than recorded: tick, recorded and played digest.
    diverged: Option<(u64, Digest, Digest)>,
}

impl<'a> Side<'a> {
    fn new(path: &'a Path, replay: Replay) -> Result<Side<'a>, Error> {
        let header = replay.header();
        header.check_rules_version().map_err(|error| format!("{}: {error}", path.display()))?;
        let world = beginning(path, header)?;
        let mut side = Side { path, replay, world, diverged: None };
        side.compare(side.replay.header().digest);
        Ok(side)
    }

    fn compare(&mut self, recorded: Digest) {
        if self.diverged.is_none() && recorded != self.world.digest() {
            self.diverged = Some((self.world.tick(), recorded, self.world.digest()));
        }
    }

    /// Plays the next tick; false at the end.
    fn step(&mut self) -> bool {
        let before = self.world.tick();
        let Some(tick) = self.replay.tick(before + 1) else { return false };
        self.world.step(&tick.orders);
        let recorded = tick.digest;
        self.compare(recorded);
        self.world.tick() > before
    }

    fn name(&self) -> String {
        let header = self.replay.header();
        let commit = header
            .commit
            .as_deref()
            .map_or_else(String::new, |commit| format!(", commit {}", shown(commit)));
        format!("{} (engine {}{commit})", self.path.display(), shown(&header.engine))
    }
}

fn two_replays(
    mut left: Side<'_>,
    mut right: Side<'_>,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let mut lines = some(header_differences(left.replay.header(), right.replay.header()), limit);
    let mut orders_told = false;
    loop {
        let tick = left.world.tick();
        if let (Some(one), Some(other)) = (left.replay.tick(tick), right.replay.tick(tick))
            && one.orders != other.orders
            && !orders_told
        {
            orders_told = true;
            lines.push(format!("first different orders in tick {tick}:"));
            lines.extend(some(order_differences(one, other), limit));
        }
        if left.world.digest() != right.world.digest() {
            lines.push(format!(
                "first different state after tick {tick}, as this build plays them:"
            ));
            let (one, other) = (
                snapshot(left.replay.header(), &left.world),
                snapshot(right.replay.header(), &right.world),
            );
            lines.extend(fields(&one, &other, limit));
            return Ok(lines);
        }
        match (left.step(), right.step()) {
            (true, true) => {}
            (one, other) => {
                let last = left.world.tick().min(right.world.tick());
                lines.push(format!(
                    "equal states in all common ticks, 0 to {last}, as this build plays them"
                ));
                for (side, goes_on) in [(&left, one), (&right, other)] {
                    if goes_on {
                        lines.push(format!(
                            "only {} continues after tick {last}",
                            side.path.display()
                        ));
                    }
                }
                for side in [&left, &right] {
                    lines.extend(record_differs(side, limit)?);
                }
                return Ok(lines);
            }
        }
    }
}

/// Describes where a record differs from what this build plays.
fn record_differs(side: &Side<'_>, limit: usize) -> Result<Vec<String>, Error> {
    let Some((tick, recorded, played)) = side.diverged else { return Ok(Vec::new()) };
    let mut lines = vec![format!(
        "first difference from the record after tick {tick}: {} has digest {recorded}, this build plays {played}. It was \
         recorded by a build that plays differently, or altered; compare with `sector replay bisect {} --with SECTOR`",
        side.name(),
        side.path.display()
    )];
    let states = side.replay.keyframes().iter().filter(|keyframe| keyframe.tick >= tick);
    if let Some((keyframe, Some(Ok(recorded)))) =
        states.map(|state| (state, state.snapshot())).find(|(_, state)| state.is_some())
    {
        let played = played_to(side.path, &side.replay, keyframe.tick)?;
        lines
            .push(format!("next recorded state after tick {}, recorded vs played:", keyframe.tick));
        lines.extend(fields(&recorded, &snapshot(side.replay.header(), &played), limit));
    }
    Ok(lines)
}

fn fields(left: &Snapshot, right: &Snapshot, limit: usize) -> Vec<String> {
    let side =
        |value: Option<String>| value.map_or("nothing".to_owned(), |value| shown_json(&value));
    let differences = left.differences(right).into_iter();
    // Different digests are known, and names of universes may differ.
    let told = differences
        .filter(|difference| difference.field != "digest" && difference.field != "universe_id");
    let line = |difference: sector_sim::snapshot::Difference| {
        let id = if difference.id.is_empty() {
            String::new()
        } else {
            format!(" {}", shown(&difference.id))
        };
        let (left, right) = (side(difference.left), side(difference.right));
        format!("  {}{id} {}: {left} vs {right}", difference.what, shown(&difference.field))
    };
    some(told.map(line).collect(), limit)
}

/// World after a tick, without comparing digests.
fn played_to(path: &Path, replay: &Replay, tick: u64) -> Result<World, Error> {
    let last = replay.ticks().len() as u64;
    if tick > last {
        return Err(format!(
            "{}: there is no tick {tick}; the ticks are 0 to {last}",
            path.display()
        )
        .into());
    }
    let mut world = beginning(path, replay.header())?;
    for tick in replay.ticks().iter().take(tick as usize) {
        world.step(&tick.orders);
    }
    Ok(world)
}

/// Digests of all ticks from 0, as played.
fn digests(path: &Path, replay: &Replay) -> Result<Vec<Digest>, Error> {
    let mut world = beginning(path, replay.header())?;
    let mut digests = vec![world.digest()];
    digests.extend(replay.ticks().iter().map(|tick| world.step(&tick.orders).digest));
    Ok(digests)
}

fn two_builds(
    path: &Path,
    replay: &Replay,
    build: &Path,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let ours = digests(path, replay)?;
    let text = ask(build, &["replay", "state", "--digests"], path)?;
    let theirs: Result<Vec<Digest>, _> = text.lines().map(str::parse).collect();
    let theirs = theirs
        .map_err(|error| format!("{} printed an invalid digest: {error}", build.display()))?;
    if theirs.len() != ours.len() {
        let build = build.display();
        return Err(
            format!("{build} plays {} states, this build {}", theirs.len(), ours.len()).into()
        );
    }
    let recorded = std::iter::once(replay.header().digest)
        .chain(replay.ticks().iter().map(|tick| tick.digest));
    let recorded: Vec<Digest> = recorded.collect();
    let agrees = |digests: &[Digest]| match digests
        .iter()
        .zip(&recorded)
        .position(|(played, known)| played != known)
    {
        None => "plays as recorded".to_owned(),
        Some(tick) => format!("differs from the record after tick {tick}"),
    };
    let mut lines = vec![
        format!("this build {}", agrees(&ours)),
        format!("{} {}", build.display(), agrees(&theirs)),
    ];
    let Some(tick) = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs) else {
        lines.push(format!("both builds play equal states in ticks 0 to {}", ours.len() - 1));
        return Ok(lines);
    };
    let text = ask(build, &["replay", "state", "--tick", &tick.to_string()], path)?;
    let theirs: Snapshot = serde_json::from_str(&text).map_err(|error| {
        format!("this build cannot read the state printed by {}: {error}", build.display())
    })?;
    let ours = snapshot(replay.header(), &played_to(path, replay, tick as u64)?);
    lines.push(format!("first different state after tick {tick}, this build vs the other:"));
    lines.extend(fields(&ours, &theirs, limit));
    Ok(lines)
}

/// Output of another build.
fn ask(build: &Path, arguments: &[&str], file: &Path) -> Result<String, Error> {
    let output = Command::new(build).args(arguments).arg(file).output();
    let output = output.map_err(|error| format!("cannot run {}: {error}", build.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = shown(said.lines().next().unwrap_or_default());
        let (build, arguments) = (build.display(), arguments.join(" "));
        return Err(format!("{build} failed at `{arguments}`: {said}").into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

pub(crate) fn state(options: &StateOptions) -> Result<(), Error> {
    let path = &options.file;
    let replay = read(path)?;
    if let Err(error) = replay.header().check_rules_version() {
        eprintln!("sector: {}: {error}; showing the run as this engine plays it", path.display());
    }
    let Some(tick) = options.tick else {
        let lines: Vec<String> = digests(path, &replay)?.iter().map(Digest::to_string).collect();
        return say(&lines.join("\n"));
    };
    let world = played_to(path, &replay, tick)?;
    let recorded = replay.tick(tick).map_or(replay.header().digest, |tick| tick.digest);
    if recorded != world.digest() {
        let played = world.digest();
        eprintln!(
            "sector: {}: recorded digest {recorded}, but this build plays {played}",
            path.display()
        );
    }
    say(&serde_json::to_string(&snapshot(replay.header(), &world))?)
}
