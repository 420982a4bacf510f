//! `replay`: compares the strategy's orders with those of a recorded run.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sector_sim::ids::FactionKind;
use sector_sim::order::OrderForm;
use sector_sim::replay::{Playback, Replay};
use sector_sim::{FactionId, Order, Strategy, Turn};
use serde::Serialize;

use super::{Failure, Seat};

/// First bytes of a zstd file.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Largest decompressed replay, in bytes.
const READ_BYTES_MAX: u64 = 1 << 29;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Replay file
    file: PathBuf,
    /// Faction to play, such as F1
    #[arg(long, default_value = "F1")]
    faction: FactionId,
    /// Print one line of JSON per tick
    #[arg(long)]
    json: bool,
}

/// A tick, with the orders of the strategy and those of the run.
#[derive(Debug, Serialize)]
struct Line {
    tick: u64,
    would: Vec<OrderForm>,
    was: Vec<OrderForm>,
}

/// Totals of all ticks.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    ticks: u64,
    same: u64,
    would: u64,
    was: u64,
}

pub(super) fn replay(
    options: &Options,
    seating: &mut dyn FnMut(&Seat) -> Box<dyn Strategy>,
) -> Result<(), Failure> {
    let shown = options.file.display();
    let replay = Replay::parse(&read(options)?).map_err(|error| format!("{shown}: {error}"))?;
    let playback = replay.play().map_err(|error| format!("{shown}: {error}"))?;
    let starters = replay.header().factions;
    if options.faction.kind() == FactionKind::Starter
        && options.faction.index() >= usize::from(starters)
    {
        return Err(format!(
            "{shown}: unknown faction {}; allowed: F1 to F{starters}",
            options.faction
        )
        .into());
    }
    let mut out = io::stdout().lock();
    let sums = compare(playback, options.faction, seating, |line| {
        let printed = match (options.json, line.would.is_empty() && line.was.is_empty()) {
            (true, _) => writeln!(out, "{}", serde_json::to_string(&line)?),
            (false, true) => Ok(()),
            (false, false) => write!(out, "{}", text(&line)),
        };
        match printed {
            // The reader has closed the pipe.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            printed => Ok(printed.map(|()| true)?),
        }
    })
    .map_err(|error| format!("{shown}: {error}"))?;
    let Sums { ticks, same, would, was } = sums;
    eprintln!(
        "{ticks} ticks, {same} with the same orders; {would} orders would have been given, {was} were"
    );
    Ok(())
}

fn read(options: &Options) -> Result<Vec<u8>, Failure> {
    let cannot = |error: io::Error| format!("cannot read {}: {error}", options.file.display());
    let bytes = std::fs::read(&options.file).map_err(cannot)?;
    if !bytes.starts_with(&ZSTD) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let decoder = zstd::Decoder::new(bytes.as_slice()).map_err(cannot)?;
    match decoder.take(READ_BYTES_MAX).read_to_end(&mut plain) {
        // A truncated file can be used up to its end.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof || plain.is_empty() => {
            Err(cannot(error).into())
        }
        _ => Ok(plain),
    }
}

/// Calls the strategy before every tick in which its faction is alive. `each` returns whether to
/// continue.
fn compare(
    mut playback: Playback<'_>,
    faction: FactionId,
    seating: &mut dyn FnMut(&Seat) -> Box<dyn Strategy>,
    mut each: impl FnMut(Line) -> Result<bool, Failure>,
) -> Result<Sums, Failure> {
    let rules = Arc::clone(playback.world().rules());
    let mut strategy = seating(&Seat::new(faction, "replay", rules, 1_000));
    let mut sums = Sums::default();
    while let Some(next) = playback.next_orders() {
        let world = playback.world();
        if world.board().faction(faction).is_some_and(|state| state.alive) {
            let turn = Turn { tick: world.tick(), missed: 0 };
            let would: Vec<Order> = strategy.orders(&world.view(faction), &turn);
            let was: Vec<Order> =
                next.orders.iter().filter(|order| order.faction == faction).cloned().collect();
            let commands = |orders: &[Order]| {
                orders.iter().map(|order| order.command.clone()).collect::<Vec<_>>()
            };
            sums.ticks += 1;
            sums.same += u64::from(commands(&would) == commands(&was));
            sums.would += would.len() as u64;
            sums.was += was.len() as u64;
            let forms = |orders: Vec<Order>| orders.into_iter().map(OrderForm::from).collect();
            if !each(Line { tick: turn.tick, would: forms(would), was: forms(was) })? {
                return Ok(sums);
            }
        }
        playback.next_tick()?;
    }
    Ok(sums)
}

/// A tick as text; equal orders are printed once.
fn text(line: &Line) -> String {
    let words = |orders: &[OrderForm]| match orders {
        [] => "nothing".to_owned(),
        orders => orders.iter().map(order).collect::<Vec<_>>().join("; "),
    };
    let (would, was) = (words(&line.would), words(&line.was));
    if would == was {
        return format!("{:>6}  same   {was}\n", line.tick);
    }
    format!("{:>6}  would  {would}\n        was    {was}\n", line.tick)
}

fn order(form: &OrderForm) -> String {
    let number = |value: Option<u32>| value.map_or("-".to_owned(), |value| value.to_string());
    let who = match (form.fleet_id, form.all, form.strength) {
        (_, Some(true), _) => "all".to_owned(),
        (fleet, _, Some(strength)) => format!("{strength} of fleet {}", number(fleet)),
        (Some(fleet), ..) => format!("fleet {fleet}"),
        (None, ..) => "a fleet".to_owned(),
    };
    match form.kind {
        sector_sim::order::OrderKind::Move => {
            format!("{who} {} -> {}", number(form.origin_id), number(form.target_id))
        }
        sector_sim::order::OrderKind::Cancel => format!("cancel fleet {}", number(form.fleet_id)),
        sector_sim::order::OrderKind::Muster => format!("muster {}", number(form.target_id)),
        sector_sim::order::OrderKind::Focus => {
            let focus = form.focus.map(|focus| format!("{focus:?}").to_lowercase());
            format!("focus {} {}", number(form.system_id), focus.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::replay::{Header, Writer};
    use sector_sim::strategy::{Classic, Idle};
    use sector_sim::{Game, Rules, World};

    use super::*;

    fn recorded(ticks: u64) -> Replay {
        let rules = Rules::classic();
        let world = World::new(rules.clone().into(), 7).unwrap();
        let mut writer = Writer::new(&Header::of("u-1", &world), &world).unwrap();
        let mut game = Game::new(
            world,
            Box::new(move |_, faction| Box::new(Classic::new(rules.personality(faction.index())))),
        );
        for _ in 0..ticks {
            game.step();
            writer.tick(game.world(), game.orders()).unwrap();
        }
        writer.finish(game.world()).unwrap();
        Replay::parse(&writer.take()).unwrap()
    }

    #[test]
    fn the_strategy_that_played_gives_the_same_orders() {
        let replay = recorded(80);
        let f2: FactionId = "F2".parse().unwrap();
        let mut lines = Vec::new();
        let mut seating =
            |seat: &Seat| -> Box<dyn Strategy> { Box::new(Classic::new(seat.personality.clone())) };
        let sums = compare(replay.play().unwrap(), f2, &mut seating, |line| {
            lines.push(text(&line));
            Ok(true)
        })
        .unwrap();
        assert_eq!((sums.ticks, sums.same), (80, 80));
        assert!(sums.was > 0 && sums.would == sums.was);
        assert!(
            lines.iter().any(|line| line.contains("same   fleet") || line.contains("same   all")),
            "{lines:?}"
        );
        let mut idle = |_: &Seat| -> Box<dyn Strategy> { Box::new(Idle) };
        let sums = compare(replay.play().unwrap(), f2, &mut idle, |_| Ok(true)).unwrap();
        assert!(sums.would == 0 && sums.same < 80, "{sums:?}");
    }
}
