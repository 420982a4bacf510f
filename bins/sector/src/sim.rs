//! `sector sim`: plays a match in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use process_kit::config::integer;
use sector_sim::check::{Checked, GameChecker, Plan};
use sector_sim::game::{Fork, Seating};
use sector_sim::replay::{Header, KEYFRAME_TICKS, Seat};
use sector_sim::strategy::STRATEGIES;
use sector_sim::world::Size;
use sector_sim::{FactionId, Game, Rules, World, strategy};
use serde::Serialize;

use crate::replay::Recorder;
use crate::tool::{Error, ending, progress_bar, read_rules, say, standing};

/// Ticks between updates of the progress bar.
const TICKS_A_LOOK: u64 = 64;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Seed of the sector (0 to 9007199254740991)
    #[arg(long, default_value_t = 1, value_parser = integer(0..=sector_sim::draw::MAX_SEED))]
    seed: u64,
    /// Maximum number of ticks; a decided run ends earlier
    #[arg(long, default_value_t = 2_000, value_parser = integer(1..=10_000_000u64))]
    ticks: u64,
    /// Number of systems [default: from the rules]
    #[arg(long, value_parser = integer(2..=200_000u32))]
    systems: Option<u32>,
    /// Number of factions [default: from the rules]
    #[arg(long, value_parser = integer(2..=64u8))]
    factions: Option<u8>,
    /// Strategies of the seats, separated by commas and repeated for further seats
    #[arg(long, value_delimiter = ',', default_value = STRATEGIES[0])]
    players: Vec<String>,
    /// Rules file to use instead of the classic rules
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Write a replay of the match
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Ticks between full states in the replay (1 to 10000000) [default: tick 0 only]
    #[arg(long, value_name = "TICKS", requires = "record", value_parser = integer(1..=10_000_000u64))]
    keyframes: Option<u64>,
    /// Start time recorded in the replay, in milliseconds since the Unix epoch [default: now]
    #[arg(long, value_name = "MS", requires = "record")]
    started_ms: Option<u64>,
    /// Play the match a second time from snapshots and compare everything; a difference is an error
    #[arg(long)]
    check: bool,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

/// The result, as JSON.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    seed: u64,
    systems: u32,
    factions: u8,
    players: &'a [String],
    ticks: u64,
    winner: Option<FactionId>,
    cause: Option<sector_sim::event::Cause>,
    digest: String,
    ticks_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Checked>,
}

pub(crate) fn sim(options: &Options) -> Result<(), Error> {
    let rules = read_rules(options.rules.as_deref())?;
    let standard = Size::standard(&rules);
    let size = Size {
        systems: options.systems.unwrap_or(standard.systems),
        factions: options.factions.unwrap_or(standard.factions),
    };
    let players = options.players.clone();
    for (seat, name) in players.iter().enumerate() {
        strategy::by_name(name, rules.personality(seat))?;
    }
    let world = World::with_size(Arc::new(rules.clone()), options.seed, size)?;
    let mut recorder = match &options.record {
        Some(path) => Some(Recorder::create(
            path,
            &header(options, &rules, &world)?,
            &world,
            options.keyframes.is_some(),
        )?),
        None => None,
    };
    let seating = move || -> Seating {
        let (players, rules) = (players.clone(), rules.clone());
        Box::new(move |_, faction| {
            let name = &players[faction.index() % players.len()];
            // The names have been checked above.
            strategy::by_name(name, rules.personality(faction.index()))
                .unwrap_or_else(|_| Box::new(sector_sim::strategy::Idle))
        })
    };
    let mut checker = if options.check {
        Some(GameChecker::new(&world, Plan::default(), seating())?)
    } else {
        None
    };
    let mut game = Game::new(world, seating());

    let bar = progress_bar(options.ticks, "tick", options.json);
    let started = Instant::now();
    while game.world().tick() < options.ticks && game.world().board().result().is_none() {
        game.step();
        if let Some(checker) = &mut checker {
            checker.follow(&game)?;
        }
        if let Some(recorder) = &mut recorder {
            recorder.tick(game.world(), game.orders())?;
        }
        if game.world().tick().is_multiple_of(TICKS_A_LOOK) {
            bar.set_position(game.world().tick());
        }
    }
    let elapsed = started.elapsed();
    bar.finish_and_clear();
    if let Some(recorder) = recorder {
        recorder.finish(game.world())?;
    }
    print(options, size, &game, elapsed, checker.map(|checker| checker.checked()))
}

/// The replay header of this match: players, engine and start time.
fn header(options: &Options, rules: &Rules, world: &World) -> Result<Header, Error> {
    let now_ms =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let mut header = Header {
        // Set at build time.
        commit: option_env!("SECTOR_COMMIT").map(str::to_owned),
        started_ms: Some(options.started_ms.unwrap_or(now_ms)),
        keyframe_ticks: options.keyframes.unwrap_or(KEYFRAME_TICKS),
        ..Header::of(&format!("sim-{}", options.seed), world)
    };
    let seat = |faction: FactionId| {
        let player = options.players[faction.index() % options.players.len()].clone();
        Seat { faction, player, personality: rules.personality(faction.index()) }
    };
    header.seats = Fork::seats_of(&header)?.into_iter().map(seat).collect();
    Ok(header)
}

fn print(
    options: &Options,
    size: Size,
    game: &Game,
    elapsed: Duration,
    checked: Option<Checked>,
) -> Result<(), Error> {
    let (world, board) = (game.world(), game.world().board());
    let ticks_per_second = (world.tick() as f64 / elapsed.as_secs_f64().max(1e-9)) as u64;
    if options.json {
        let summary = Summary {
            seed: options.seed,
            systems: size.systems,
            factions: size.factions,
            players: &options.players,
            ticks: world.tick(),
            winner: board.result().and_then(|outcome| outcome.winner),
            cause: board.result().map(|outcome| outcome.cause),
            digest: world.digest().to_string(),
            ticks_per_second,
            checked,
        };
        return say(&serde_json::to_string(&summary)?);
    }
    let mut text = format!(
        "{}\nwinner  {}\nticks   {} at {ticks_per_second} per second\ndigest  {}",
        standing(board),
        ending(board, board.result()),
        world.tick(),
        world.digest()
    );
    if let Some(Checked { ticks, restores, clones, comparisons, .. }) = checked {
        text.push_str(&format!(
            "\nexact   {ticks} ticks, {restores} restores, {clones} clones, {comparisons} comparisons, no difference"
        ));
    }
    if let Some(path) = &options.record {
        text.push_str(&format!("\nreplay  {}", path.display()));
    }
    say(&text)
}
