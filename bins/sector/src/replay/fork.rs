//! `sector replay fork`: continues a run with other players or another seed.

mod replicates;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use process_kit::config::integer;
use sector_sim::board::Outcome;
use sector_sim::draw::MAX_SEED;
use sector_sim::event::Cause;
use sector_sim::game::Fork;
use sector_sim::replay::{Header, Replay, Seat};
use sector_sim::{Board, FactionId, Game, World};
use serde::Serialize;

use crate::replay::file::{self, Recorder};
use crate::tool::{Error, ending, say, thousands};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Replay file
    file: PathBuf,
    /// Last unchanged tick
    #[arg(long)]
    tick: u64,
    /// Play a seat with another strategy, as in F2=greedy; may be repeated
    #[arg(long = "seat", value_name = "FACTION=STRATEGY", value_parser = parse_seat)]
    seats: Vec<(FactionId, String)>,
    /// Strategy of factions whose players are not recorded or not built in
    #[arg(long, value_name = "STRATEGY")]
    others: Option<String>,
    /// Maximum number of ticks to play [default: to the end of the run]
    #[arg(long, value_parser = integer(1..=10_000_000u64))]
    ticks: Option<u64>,
    /// Seed of the fork instead of the recorded one; with --replicates, the seed of their seeds
    #[arg(long, value_name = "SEED", value_parser = integer(0..=MAX_SEED))]
    draws: Option<u64>,
    /// Number of replicates with different seeds, each with and without the change
    #[arg(long, value_name = "N", value_parser = integer(1..=1_000_000u32), conflicts_with = "record")]
    replicates: Option<u32>,
    /// Replicates played in parallel [default: one per core]
    #[arg(long, value_name = "N", requires = "replicates", value_parser = integer(1..=1024u16))]
    jobs: Option<u16>,
    /// Write the fork as a replay, from tick 0 on
    #[arg(long, value_name = "OUT", conflicts_with = "draws")]
    record: Option<PathBuf>,
    /// Print JSON: one line, or one per match with --replicates
    #[arg(long)]
    json: bool,
}

fn parse_seat(text: &str) -> Result<(FactionId, String), String> {
    let (faction, player) =
        text.split_once('=').ok_or("must be FACTION=STRATEGY, as in F2=greedy")?;
    let faction =
        faction.parse().map_err(|error: sector_sim::ids::UnknownFactionId| error.to_string())?;
    Ok((faction, player.to_owned()))
}

pub(crate) fn fork(options: &Options) -> Result<(), Error> {
    let replay = file::read(&options.file)?;
    let failed = |error| format!("{}: {error}", options.file.display());
    let mut unchanged = Fork::at(&replay, options.tick).map_err(failed)?;
    if let Some(others) = &options.others {
        unchanged = unchanged.others(others).map_err(failed)?;
    }
    let mut changed = unchanged.clone();
    for (faction, player) in &options.seats {
        changed = changed.seat(*faction, player).map_err(failed)?;
    }
    match options.replicates {
        Some(count) => replicates::play(options, &replay, &unchanged, &changed, count),
        None => once(options, &replay, changed),
    }
}

/// Plays the fork once.
fn once(options: &Options, replay: &Replay, mut fork: Fork<'_>) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", options.file.display());
    if let Some(seed) = options.draws {
        fork = fork.draws(seed);
    }
    let recorded = replay.play().and_then(|mut playback| {
        while playback.next_tick()?.is_some() {}
        Ok(playback.into_world())
    });
    let recorded = recorded.map_err(|error| failed(&error))?;
    let mut game = fork.play().map_err(|error| failed(&error))?;
    let mut recorder =
        options.record.as_deref().map(|path| record(path, options, replay)).transpose()?;
    let mut parted = None;
    while !is_over(&game, options) {
        game.step();
        if let Some(recorder) = &mut recorder {
            recorder.tick(game.world(), game.orders())?;
        }
        let tick = replay.tick(game.world().tick());
        if parted.is_none() && tick.is_none_or(|tick| tick.digest != game.world().digest()) {
            parted = Some(game.world().tick());
        }
    }
    if let Some(recorder) = recorder {
        recorder.finish(game.world())?;
    }
    if options.json {
        let answer = Answer {
            file: options.file.display().to_string(),
            fork_tick: options.tick,
            seats: options
                .seats
                .iter()
                .map(|(faction, player)| Change { faction: *faction, player })
                .collect(),
            draws: options.draws,
            parted_tick: parted,
            recorded: State::of(&recorded),
            fork: State::of(game.world()),
        };
        return say(&serde_json::to_string(&answer)?);
    }
    say(&compare(options, &recorded, game.world(), parted))
}

fn is_over(game: &Game, options: &Options) -> bool {
    let played = game.world().tick() - options.tick;
    game.world().board().result().is_some() || options.ticks.is_some_and(|ticks| played >= ticks)
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    faction: FactionId,
    player: &'a str,
}

/// The result, as JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    file: String,
    fork_tick: u64,
    seats: Vec<Change<'a>>,
    draws: Option<u64>,
    /// First tick with another digest; `None` if the fork equals the record.
    parted_tick: Option<u64>,
    recorded: State,
    fork: State,
}

/// State of a run.
#[derive(Debug, Serialize)]
struct State {
    ticks: u64,
    winner: Option<FactionId>,
    cause: Option<Cause>,
    digest: String,
    standing: Vec<Place>,
}

#[derive(Debug, Serialize)]
struct Place {
    faction: FactionId,
    value: i64,
    systems: i64,
    strength: i64,
}

impl State {
    fn of(world: &World) -> State {
        let result = world.board().result();
        let place = |faction: &sector_sim::board::Faction| {
            let (value, systems, strength) = faction.score();
            Place { faction: faction.id, value, systems, strength }
        };
        State {
            ticks: world.tick(),
            winner: result.and_then(|outcome: Outcome| outcome.winner),
            cause: result.map(|outcome| outcome.cause),
            digest: world.digest().to_string(),
            standing: world.board().standing().into_iter().map(place).collect(),
        }
    }
}

/// Describes the change.
fn change(options: &Options) -> String {
    let mut text: Vec<String> =
        options.seats.iter().map(|(faction, player)| format!("{faction}={player}")).collect();
    if let Some(seed) = options.draws {
        text.push(format!("draws from seed {seed}"));
    }
    if text.is_empty() { "nothing changed".to_owned() } else { text.join(", ") }
}

/// Record and fork side by side.
fn compare(options: &Options, recorded: &World, fork: &World, parted: Option<u64>) -> String {
    let parted = match parted {
        Some(tick) => format!("the runs part in tick {tick}"),
        None => "not at all, every digest is equal".to_owned(),
    };
    let mut text =
        format!("fork      after tick {}: {}\nparted    {parted}\n", options.tick, change(options));
    for (name, world) in [("recorded", recorded), ("fork", fork)] {
        let board = world.board();
        let end = ending(board, board.result());
        let _ = writeln!(text, "{name:<9} {end}; tick {}, digest {}", world.tick(), world.digest());
    }
    let _ = writeln!(text, "\n{:<4} {:<28} {:^23}   {:^23}", "", "", "recorded", "fork");
    let _ = write!(text, "{:<4} {:<28}", "id", "faction");
    for gap in ["", "  "] {
        let _ = write!(text, "{gap} {:>7} {:>5} {:>9}", "systems", "value", "strength");
    }
    for id in factions(recorded.board(), fork.board()) {
        let named = fork.board().faction(id).or_else(|| recorded.board().faction(id));
        let name: String = named.map_or("", |faction| &faction.name).chars().take(28).collect();
        let _ = write!(text, "\n{:<4} {name:<28}", id.to_string());
        for (gap, board) in [("", recorded.board()), ("  ", fork.board())] {
            let (value, systems, strength) =
                board.faction(id).map_or((0, 0, 0), sector_sim::board::Faction::score);
            let strength = thousands(strength);
            let _ = write!(text, "{gap} {systems:>7} {value:>5} {strength:>9}");
        }
    }
    if let Some(path) = &options.record {
        let _ = write!(text, "\n\nreplay    {}", path.display());
    }
    text
}

/// Factions of both boards, ordered by id.
fn factions(one: &Board, other: &Board) -> Vec<FactionId> {
    let mut ids: Vec<FactionId> =
        one.factions().iter().chain(other.factions()).map(|faction| faction.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Starts recording the fork, with the recorded ticks before it.
fn record<'a>(path: &'a Path, options: &Options, replay: &Replay) -> Result<Recorder<'a>, Error> {
    let mut header = Header { started_ms: None, ..replay.header().clone() };
    header.universe_id = format!("{}-fork-{}", header.universe_id, options.tick);
    for (faction, player) in &options.seats {
        // Name both players, so that a fork of this fork asks for a strategy.
        let before = header.seat(*faction).map_or("unknown", |seat| &seat.player);
        let player = format!("{before} until tick {}, then {player}", options.tick);
        match header.seats.iter_mut().find(|seat| seat.faction == *faction) {
            Some(seat) => seat.player = player,
            None => {
                let personality = header.rules()?.personality(faction.index());
                header.seats.push(Seat { faction: *faction, player, personality });
            }
        }
    }
    let mut world = header.world()?;
    let mut recorder = Recorder::create(path, &header, &world, false)?;
    for tick in replay.ticks().iter().take(options.tick as usize) {
        world.step(&tick.orders);
        recorder.tick(&world, &tick.orders)?;
    }
    Ok(recorder)
}
