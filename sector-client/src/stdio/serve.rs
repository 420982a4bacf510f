//! The bot's side of the protocol: reads messages, calls the strategy, writes its orders.

use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;

use sector_sim::rules::Personality;
use sector_sim::{FactionId, Mirror, Rules, Strategy};

use crate::error::{Error, Result};
use crate::stdio::message::{Begin, Message, PROTOCOL, Reply, Turn};

/// Largest message accepted, in bytes: far more than a snapshot of the largest sector (200,000
/// systems).
pub const MESSAGE_BYTES_MAX: u64 = 1 << 28;

/// The seat for which a strategy is created.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seat {
    /// Faction to play.
    pub faction: FactionId,
    /// Name of the universe.
    pub universe: String,
    /// Personality of the seat; a strategy may ignore it.
    pub personality: Personality,
    /// Rules of the game.
    pub rules: Arc<Rules>,
    /// Time limit for an answer, in milliseconds: the budget in the arena, or the time between
    /// ticks.
    pub budget_ms: u64,
}

impl Seat {
    /// The seat of a faction, with its personality in these rules.
    #[must_use]
    pub fn new(faction: FactionId, universe: &str, rules: Arc<Rules>, budget_ms: u64) -> Seat {
        let personality = rules.personality(faction.index());
        Seat { faction, universe: universe.to_owned(), personality, rules, budget_ms }
    }
}

/// Counts of [`serve()`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Games begun.
    pub games: u64,
    /// Turns answered.
    pub turns: u64,
    /// Orders written.
    pub orders: u64,
}

/// A running game.
struct Game {
    seat: Seat,
    mirror: Mirror,
    strategy: Box<dyn Strategy>,
}

/// Plays until the end of input: creates a strategy with `seating` for each game, and calls it each
/// turn. The strategy must not print to standard output, which would be read as orders; let it
/// print to standard error.
///
/// # Errors
/// [`Error::Pipe`] if reading or writing fails, [`Error::Dialogue`] for an invalid message,
/// [`Error::Snapshot`] and [`Error::Mirror`] for an inconsistent one. A closed pipe is not an
/// error.
pub fn serve(
    mut seating: impl FnMut(&Seat) -> Box<dyn Strategy>,
    mut reader: impl BufRead,
    mut writer: impl Write,
) -> Result<Served> {
    let (mut served, mut game, mut line, mut number) = (Served::default(), None, Vec::new(), 0u64);
    loop {
        line.clear();
        number += 1;
        let read = reader.by_ref().take(MESSAGE_BYTES_MAX).read_until(b'\n', &mut line);
        if read.map_err(Error::Pipe)? == 0 {
            return Ok(served);
        }
        let invalid = |detail: String| Error::Dialogue { line: number, detail };
        match Message::parse(&line).map_err(|error| invalid(error.to_string()))? {
            Message::Begin(begin) => {
                game = Some(begin_game(*begin, &mut seating)?);
                served.games += 1;
            }
            Message::Turn(turn) => {
                let game = game.as_mut().ok_or_else(|| invalid("a turn without a game".into()))?;
                let reply = game.answer(&turn)?;
                served.turns += 1;
                served.orders += reply.orders.len() as u64;
                let written =
                    serde_json::to_vec(&reply).map_err(io::Error::from).and_then(|mut text| {
                        text.push(b'\n');
                        writer.write_all(&text)?;
                        writer.flush()
                    });
                match written {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(served),
                    written => written.map_err(Error::Pipe)?,
                }
            }
            // Another game may begin.
            Message::End(_) => game = None,
            Message::Unknown => {}
        }
    }
}

fn begin_game(begin: Begin, seating: &mut impl FnMut(&Seat) -> Box<dyn Strategy>) -> Result<Game> {
    if begin.protocol != PROTOCOL {
        let detail = format!("unknown protocol {}; allowed: {PROTOCOL}", begin.protocol);
        return Err(Error::Dialogue { line: 1, detail });
    }
    let seat = Seat {
        faction: begin.faction,
        universe: begin.universe,
        personality: begin.personality,
        rules: begin.rules,
        budget_ms: begin.budget_ms,
    };
    let mirror = Mirror::new(&begin.snapshot)?;
    let strategy = seating(&seat);
    Ok(Game { seat, mirror, strategy })
}

impl Game {
    fn answer(&mut self, turn: &Turn) -> Result<Reply> {
        match (&turn.delta, &turn.snapshot) {
            (_, Some(snapshot)) => self.mirror = Mirror::new(snapshot)?,
            (Some(delta), None) => self.mirror.apply(delta)?,
            (None, None) => {}
        }
        let view = self.mirror.view(&self.seat.rules, self.seat.faction);
        let asked = sector_sim::Turn { tick: turn.tick, missed: turn.missed };
        Ok(Reply::of(turn.tick, self.seat.faction, self.strategy.orders(&view, &asked)))
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::strategy::Classic;
    use sector_sim::{Delta, Snapshot, Universe, World};

    use super::*;
    use crate::stdio::message::End;

    const F1: &str = "F1";

    fn world() -> World {
        World::new(Rules::classic().into(), 7).unwrap()
    }

    fn begin(world: &World) -> Message {
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 0, rules: "classic".into() };
        let seat = Seat::new(F1.parse().unwrap(), "u-1", world.rules().clone(), 1_000);
        Message::Begin(Box::new(Begin {
            protocol: PROTOCOL,
            faction: seat.faction,
            universe: seat.universe,
            seed: 7,
            budget_ms: seat.budget_ms,
            personality: seat.personality,
            rules: seat.rules,
            snapshot: Box::new(Snapshot::of(&universe, world.map(), world.board(), world.digest())),
        }))
    }

    fn text(messages: &[Message]) -> Vec<u8> {
        let lines = messages
            .iter()
            .flat_map(|message| [serde_json::to_vec(message).unwrap(), b"\n".to_vec()]);
        lines.flatten().collect()
    }

    fn classic(seat: &Seat) -> Box<dyn Strategy> {
        Box::new(Classic::new(seat.personality.clone()))
    }

    #[test]
    fn a_strategy_gives_the_same_orders_over_the_pipe() {
        let mut world = world();
        let me: FactionId = F1.parse().unwrap();
        let mut messages = vec![begin(&world), Message::Turn(Turn::default())];
        let mut direct = Classic::new(world.rules().personality(0));
        let mut expected = Vec::new();
        for tick in 0..60 {
            let orders = direct.orders(&world.view(me), &sector_sim::Turn { tick, missed: 0 });
            world.step(&orders);
            expected.push(Reply::of(tick, me, orders));
            let delta = Some(Box::new(Delta::of("u-1", &world)));
            messages.push(Message::Turn(Turn { tick: tick + 1, delta, ..Turn::default() }));
        }
        messages.push(Message::End(End { winner: Some(me), place: Some(1) }));
        let mut written = Vec::new();
        let served = serve(classic, text(&messages).as_slice(), &mut written).unwrap();
        assert_eq!((served.games, served.turns), (1, 61));
        assert!(served.orders > 0);
        let replies: Vec<Reply> = written
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| Reply::parse(line).unwrap())
            .collect();
        assert_eq!(replies[..60], expected);
    }

    #[test]
    fn a_snapshot_replaces_skipped_ticks() {
        let mut world = world();
        let first = begin(&world);
        for _ in 0..9 {
            world.step(&[]);
        }
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 0, rules: "classic".into() };
        let snapshot =
            Some(Box::new(Snapshot::of(&universe, world.map(), world.board(), world.digest())));
        let gap = Message::Turn(Turn { tick: 9, missed: 8, snapshot, ..Turn::default() });
        world.step(&[]);
        let delta = Some(Box::new(Delta::of("u-1", &world)));
        let next = Message::Turn(Turn { tick: 10, delta, ..Turn::default() });
        let mut written = Vec::new();
        assert_eq!(
            serve(classic, text(&[first, gap, next]).as_slice(), &mut written).unwrap().turns,
            2
        );
    }

    #[test]
    fn invalid_messages_are_errors() {
        let world = world();
        let turn = Message::Turn(Turn::default());
        let refused = |bytes: &[u8]| serve(classic, bytes, io::sink()).unwrap_err();
        assert!(matches!(
            refused(&text(std::slice::from_ref(&turn))),
            Error::Dialogue { line: 1, .. }
        ));
        let mut bytes = text(&[begin(&world)]);
        bytes.extend_from_slice(b"rubbish\n");
        assert!(matches!(refused(&bytes), Error::Dialogue { line: 2, .. }));
        let Message::Begin(mut newer) = begin(&world) else { panic!() };
        newer.protocol = 2;
        let error = refused(&text(&[Message::Begin(newer)])).to_string();
        assert!(error.contains("unknown protocol 2; allowed: 1"), "{error}");
        // Deltas that do not continue from the state are detected.
        let mut other = self::world();
        other.step(&[]);
        other.step(&[]);
        let delta = Some(Box::new(Delta::of("u-1", &other)));
        let gap = Message::Turn(Turn { tick: 2, delta, ..Turn::default() });
        assert!(matches!(refused(&text(&[begin(&world), gap])), Error::Mirror(_)));
    }

    #[test]
    fn a_closed_pipe_ends_the_game() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let messages = text(&[begin(&world()), Message::Turn(Turn::default())]);
        assert_eq!(serve(classic, messages.as_slice(), Gone).unwrap().turns, 1);
    }
}
