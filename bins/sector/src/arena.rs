//! `sector arena`: plays many matches and sums them up.

mod balance;
mod chance;
mod directory;
mod field;
mod keep;
mod ladder;
mod plot;
mod pool;
mod rating;
mod record;
mod report;
mod schedule;
mod setting;
mod summary;
mod table;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use process_kit::config::integer;
use sector_sim::Rules;
use sector_sim::world::Size;
use serde_json::{Value, json};

use self::directory::Directory;
use self::field::{Field, Personalities};
use self::keep::{Keep, Replays};
use self::record::Record;
use self::schedule::Schedule;
pub(crate) use self::setting::Setting;
pub(crate) use self::summary::Share;
use self::summary::Tally;
use self::table::Table;
use crate::exec::end_with_signals;
use crate::tool::{Error, jobs, print_line, progress_bar, read_rules, read_text, say, write_text};

/// Version of `arena.json` and `games.jsonl`.
const FORMAT: u32 = 1;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Players: strategy names, separated by commas; `name@aggression/expansionism/greed/caution`
    /// sets a personality; `exec:./my-bot stdio` is a program, `mine=exec:./my-bot stdio` a named
    /// one; a single player plays against copies of itself [default: classic; with --ladder none]
    #[arg(long, value_delimiter = ',')]
    players: Vec<String>,
    /// Number of games; each map is played once per seat, so use a multiple of the seats [default:
    /// 100; with --balance 500]
    #[arg(long, value_parser = integer(1..=1_000_000u64))]
    games: Option<u64>,
    /// Rules file to use instead of the classic rules
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Source of the personality of players that have none
    #[arg(long, value_enum, default_value = "seats")]
    personalities: Personalities,
    /// Number of games played in parallel; does not affect results [default: one per core]
    #[arg(long, value_parser = integer(1..=1024usize))]
    jobs: Option<usize>,
    /// Print one line of JSON per game instead of the tables
    #[arg(long)]
    json: bool,
    /// Store every game in this directory, with a summary and a report; the same command resumes an
    /// interrupted arena
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep a ladder in this directory: add --players, play --games more of the most informative
    /// duels, and print it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "seats"])]
    ladder: Option<PathBuf>,
    /// Games to store as replays in --out or --ladder, with the programs' output and times
    #[arg(long, value_enum, default_value = "faults", value_name = "GAMES")]
    replays: Replays,
    #[command(flatten)]
    setting: Setting,
    /// Judge the rules: play `classic` in all seats and compare with targets for a good rule set
    #[arg(long, conflicts_with_all = ["players", "seats", "personalities", "out", "json", "ladder"])]
    balance: bool,
    /// Write the table of --balance into this document, between `<!-- balance -->` and `<!--
    /// /balance -->`
    #[arg(long, value_name = "FILE", requires = "balance")]
    write: Option<PathBuf>,
}

impl Options {
    /// An arena of these players and games; games are stored in the directory, if any.
    pub(crate) fn of(
        players: Vec<String>,
        games: u64,
        setting: Setting,
        out: Option<PathBuf>,
    ) -> Options {
        Options {
            players,
            games: Some(games),
            setting,
            rules: None,
            personalities: Personalities::Seats,
            jobs: None,
            json: false,
            out,
            ladder: None,
            replays: Replays::All,
            balance: false,
            write: None,
        }
    }

    fn players(&self) -> Vec<String> {
        if self.players.is_empty() { vec!["classic".to_owned()] } else { self.players.clone() }
    }

    fn games(&self) -> u64 {
        self.games.unwrap_or(if self.balance { 500 } else { 100 })
    }
}

pub(crate) fn arena(options: &Options) -> Result<(), Error> {
    match (options.balance, &options.ladder) {
        (true, _) => balance::balance(options),
        (false, Some(_)) => ladder::ladder(options),
        (false, None) => play(options),
    }
}

fn play(options: &Options) -> Result<(), Error> {
    let games = options.games();
    let table = table(options)?;
    let parameters = parameters(options, &table);
    let jobs = jobs(options.jobs);
    // Fail before anything is written if the first match cannot be played.
    table.world(options.setting.seed)?;
    let (mut directory, known) = match &options.out {
        None => (None, Vec::new()),
        Some(path) => {
            let (directory, known) = Directory::open(path, &parameters, &table, games)?;
            (Some(directory), known)
        }
    };
    let mut tally = Tally::new(&table);
    // Whether the reader of stdout is still there.
    let print = |line: &str| if options.json { print_line(line) } else { Ok(true) };
    let bar = progress_bar(games, "game", options.json).with_position(known.len() as u64);
    bar.reset_eta();
    for record in &known {
        tally.add(record);
        if !print(&serde_json::to_string(record)?)? && directory.is_none() {
            return Ok(());
        }
    }
    pool::play(&table, known.len() as u64..games, jobs, |record: Record| {
        let line = serde_json::to_string(&record)?;
        if let Some(directory) = &mut directory {
            directory.append(&line)?;
        }
        tally.add(&record);
        bar.inc(1);
        // Stop if there is neither a reader nor a directory.
        Ok(print(&line)? || directory.is_some())
    })?;
    bar.finish_and_clear();
    if options.json && directory.is_none() {
        return Ok(());
    }
    let summary = tally.finish(parameters, options.setting.seed, jobs);
    let mut text = text::tables(&summary);
    if let Some(path) = &options.out {
        let report = path.join("report.html");
        write_text(&path.join("summary.json"), &serde_json::to_string_pretty(&summary)?)?;
        write_text(&report, &report::html(&summary)?)?;
        text.push_str(&format!("\nreport      {}", report.display()));
    }
    if options.json { Ok(()) } else { say(&text) }
}

/// Replay of the first game that `player` did not win, or of the first game.
pub(crate) fn game_to_watch(directory: &Path, player: &str) -> Result<PathBuf, Error> {
    let text = read_text(&directory.join("games.jsonl"))?;
    let records: Vec<Record> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let lost = |record: &&Record| record.winner_player.as_deref() != Some(player);
    let record =
        records.iter().find(lost).or(records.first()).ok_or("there is no game to watch")?;
    Ok(keep::replay_path(directory, record.game))
}

/// The rules of the options, with their tick limit.
fn rules(options: &Options) -> Result<Rules, Error> {
    let mut rules = read_rules(options.rules.as_deref())?;
    if let Some(ticks) = options.setting.ticks {
        rules.victory.tick_limit = ticks as i64;
    }
    Ok(rules)
}

fn table(options: &Options) -> Result<Table, Error> {
    let rules = rules(options)?;
    let standard = Size::standard(&rules);
    let players = options.players();
    let names = players.len();
    let seats = match options.setting.seats {
        Some(seats) => seats,
        None if names == 1 => standard.factions,
        None => u8::try_from(names).ok().filter(|seats| *seats <= 64).ok_or_else(|| {
            format!("a match has at most 64 seats (got {names} players); set --seats")
        })?,
    };
    let field = Field::new(&players, usize::from(seats))?;
    if field.len() < usize::from(seats) {
        return Err(format!(
            "{seats} seats need at least {seats} players (got {}); a player that is named twice takes two seats",
            field.len()
        )
        .into());
    }
    let games = options.games();
    let schedule = match field.is_copies() && field.len() == usize::from(seats) {
        true => Schedule::fixed(field.len(), options.setting.seed, games),
        false => Schedule::rotated(field.len(), usize::from(seats), options.setting.seed, games),
    };
    let last = options.setting.seed.saturating_add((games - 1) / schedule.rotations() as u64);
    if last > sector_sim::draw::MAX_SEED {
        return Err(format!(
            "the seed of the last map must be at most {} (got {last}); lower --seed or --games",
            sector_sim::draw::MAX_SEED
        )
        .into());
    }
    let size =
        Size { systems: options.setting.systems.unwrap_or(standard.systems), factions: seats };
    if field.has_programs() {
        end_with_signals()?;
    }
    Ok(Table {
        rules: Arc::new(rules),
        size,
        field,
        personalities: options.personalities,
        schedule,
        limits: options.setting.limits,
        keep: options.out.as_deref().and_then(|out| Keep::new(out, options.replays)),
    })
}

/// Everything that determines the games, except their number. A directory can only be resumed with
/// equal parameters.
fn parameters(options: &Options, table: &Table) -> Value {
    let mut parameters = json!({
        "format": FORMAT,
        "engine": env!("CARGO_PKG_VERSION"),
        "players": table.field.names(),
        "seats": table.size.factions,
        "seed": options.setting.seed,
        "systems": table.size.systems,
        "personalities": table.personalities,
        "rules": *table.rules,
    });
    // Left out without programs, so that directories from before programs existed can be resumed.
    if let (true, Some(fields)) = (table.field.has_programs(), parameters.as_object_mut()) {
        fields.insert("limits".to_owned(), json!(table.limits));
    }
    parameters
}
