//! The bot's side: reads what the game says, asks the strategy, writes its orders.

use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;

use sector_sim::{FactionId, Mirror, Personality, Rules, Strategy};

use crate::error::{Error, Result};
use crate::stdio::message::{Begin, Message, PROTOCOL, Reply, Turn};

/// The most bytes of a message that is read: far above the snapshot of the largest sector (200 000 systems).
pub const MESSAGE_BYTES_MAX: u64 = 1 << 28;

/// The seat that a strategy is made for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seat {
    /// Whom it plays.
    pub faction: FactionId,
    /// The name of the universe.
    pub universe: String,
    /// The traits that belong to the seat; a strategy may do without.
    pub personality: Personality,
    /// The rules.
    pub rules: Arc<Rules>,
    /// The time for an answer, in milliseconds: the budget of the arena, or the time from tick to tick.
    pub budget_ms: u64,
}

impl Seat {
    /// The seat of a faction under these rules, with the personality that they have for it.
    #[must_use]
    pub fn new(faction: FactionId, universe: &str, rules: Arc<Rules>, budget_ms: u64) -> Seat {
        let personality = rules.personality(faction.index());
        Seat { faction, universe: universe.to_owned(), personality, rules, budget_ms }
    }
}

/// What was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Games that began.
    pub games: u64,
    /// Turns that were answered.
    pub turns: u64,
    /// Orders that were given.
    pub orders: u64,
}

/// A game that is going on.
struct Game {
    seat: Seat,
    mirror: Mirror,
    strategy: Box<dyn Strategy>,
}

/// Plays until there is nothing more to read: for every game that begins `seating` makes a strategy, and for every turn
/// it is asked. What the strategy prints to standard output would be taken for its orders: let it print to standard
/// error.
///
/// # Errors
/// [`Error::Pipe`] when nothing can be read any more, [`Error::Dialogue`] for what is not understood, and
/// [`Error::Snapshot`] and [`Error::Mirror`] for what contradicts itself. That the other side has gone is no error.
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
        let misunderstood = |detail: String| Error::Dialogue { line: number, detail };
        match Message::parse(&line).map_err(misunderstood)? {
            Message::Begin(begin) => {
                game = Some(begin_game(*begin, &mut seating)?);
                served.games += 1;
            }
            Message::Turn(turn) => {
                let game = game
                    .as_mut()
                    .ok_or_else(|| misunderstood("a turn before any game has begun".into()))?;
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
            // The strategy is done with; another game may begin.
            Message::End(_) => game = None,
            Message::Unknown => {}
        }
    }
}

fn begin_game(begin: Begin, seating: &mut impl FnMut(&Seat) -> Box<dyn Strategy>) -> Result<Game> {
    if begin.protocol != PROTOCOL {
        let detail = format!("protocol {} is not known here; known is {PROTOCOL}", begin.protocol);
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
    use sector_sim::{Classic, Delta, Snapshot, Universe, World};

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
    fn a_strategy_orders_over_the_pipe_what_it_orders_in_memory() {
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
    fn a_snapshot_makes_up_for_ticks_that_were_not_told() {
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
    fn what_makes_no_sense_is_named() {
        let world = world();
        let turn = Message::Turn(Turn::default());
        let told = |bytes: &[u8]| serve(classic, bytes, io::sink()).unwrap_err();
        assert!(matches!(
            told(&text(std::slice::from_ref(&turn))),
            Error::Dialogue { line: 1, .. }
        ));
        let mut bytes = text(&[begin(&world)]);
        bytes.extend_from_slice(b"rubbish\n");
        assert!(matches!(told(&bytes), Error::Dialogue { line: 2, .. }));
        let Message::Begin(mut newer) = begin(&world) else { panic!() };
        newer.protocol = 2;
        let error = told(&text(&[Message::Begin(newer)])).to_string();
        assert!(error.contains("protocol 2 is not known here; known is 1"), "{error}");
        // Deltas that do not lead on are found out.
        let mut other = self::world();
        other.step(&[]);
        other.step(&[]);
        let delta = Some(Box::new(Delta::of("u-1", &other)));
        let gap = Message::Turn(Turn { tick: 2, delta, ..Turn::default() });
        assert!(matches!(told(&text(&[begin(&world), gap])), Error::Mirror(_)));
    }

    #[test]
    fn a_game_that_nobody_listens_to_any_more_is_over() {
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
