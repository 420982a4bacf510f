//! The game's side of the protocol over standard input and output, with a bot in another process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use sector_client::stdio::{Begin, End, Message, PROTOCOL, Reply, Seat, Turn};
use sector_sim::board::Outcome;
use sector_sim::ids::FactionKind;
use sector_sim::{Delta, FactionId, Snapshot, Strategy, Turn as Asked, Universe, strategy};

use crate::PATIENCE;
use crate::memory::{SMALL, refused, seat, world};

const UNIVERSE: &str = "pipe-1";

/// Result of a game over the pipe.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Outcome, if the game has ended.
    pub outcome: Option<Outcome>,
    /// Orders of the bot.
    pub orders: u64,
    /// Orders of the bot that a tick refused.
    pub refused: u64,
}

/// Lets the process play the first seat of a duel, for at most `ticks` ticks. A `twin` gets the
/// same turns and must give the same orders.
///
/// # Panics
/// If the process gives an invalid answer, none, or fails.
pub fn play(
    mut bot: Command,
    seed: u64,
    opponent: &str,
    ticks: u64,
    mut twin: Option<&mut dyn Strategy>,
) -> Played {
    let mut child =
        bot.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the bot starts");
    let mut input = child.stdin.take().unwrap();
    let (told, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reading = std::thread::spawn(move || {
        output.lines().map_while(Result::ok).try_for_each(|line| told.send(line))
    });
    let mut tell = move |message: &Message| {
        let mut line = serde_json::to_vec(message).unwrap();
        line.push(b'\n');
        input.write_all(&line).and_then(|()| input.flush()).expect("the bot reads");
    };

    let mut world = world(seed, SMALL);
    let me = seat(0);
    tell(&begin(&world, me));
    let mut players: Vec<(FactionId, Box<dyn Strategy>)> = Vec::new();
    let mut played = Played::default();
    let mut turn = Turn::default();
    while world.board().result().is_none() && world.tick() < ticks {
        let asked = Asked { tick: world.tick(), missed: 0 };
        let mut orders = Vec::new();
        for faction in
            world.board().factions().iter().filter(|faction| faction.alive && faction.id != me)
        {
            if players.iter().all(|(id, _)| *id != faction.id) {
                let name =
                    if faction.id.kind() == FactionKind::Starter { opponent } else { "classic" };
                let player =
                    strategy::by_name(name, world.rules().personality(faction.id.index())).unwrap();
                players.push((faction.id, player));
            }
            let (_, player) = players.iter_mut().find(|(id, _)| *id == faction.id).unwrap();
            orders.append(&mut player.orders(&world.view(faction.id), &asked));
        }
        if world.board().faction(me).is_some_and(|faction| faction.alive) {
            tell(&Message::Turn(std::mem::take(&mut turn)));
            let line = lines.recv_timeout(PATIENCE).expect("the bot answers");
            let reply =
                Reply::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!(reply.tick, world.tick(), "{line}");
            let own: Vec<_> = reply
                .orders(me)
                .map(|order| order.unwrap_or_else(|error| panic!("{error}")))
                .collect();
            if let Some(twin) = &mut twin {
                let same = twin.orders(&world.view(me), &asked);
                assert_eq!(own, same, "the process and the twin disagree at tick {}", world.tick());
            }
            played.orders += own.len() as u64;
            orders.extend(own);
        }
        world.step(&orders);
        played.refused += refused(&world, me);
        turn = Turn {
            tick: world.tick(),
            missed: 0,
            delta: Some(Box::new(Delta::of(UNIVERSE, &world))),
            snapshot: None,
        };
    }
    played.outcome = world.board().result();
    tell(&Message::End(End {
        winner: played.outcome.and_then(|outcome| outcome.winner),
        place: None,
    }));
    drop(tell);
    let status = child.wait().unwrap();
    assert!(status.success(), "the bot failed: {status}");
    assert!(
        reading.join().unwrap().is_ok() && lines.try_recv().is_err(),
        "the bot wrote more than its answers"
    );
    played
}

fn begin(world: &sector_sim::World, me: FactionId) -> Message {
    let universe =
        Universe { id: UNIVERSE.into(), tick_delay_ms: 0, rules: world.rules().name.clone() };
    let seat = Seat::new(me, UNIVERSE, world.rules().clone(), 1_000);
    Message::Begin(Box::new(Begin {
        protocol: PROTOCOL,
        faction: me,
        universe: seat.universe,
        seed: world.board().seed(),
        budget_ms: seat.budget_ms,
        personality: seat.personality,
        rules: seat.rules,
        snapshot: Box::new(Snapshot::of(&universe, world.map(), world.board(), world.digest())),
    }))
}
