//! A bot for the tests of the arena: plays `classic`, and does one thing wrong.
//!
//! `misbehave WHAT [TICK]`: what it does, and in which tick (0 unless named).

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::Duration;

use sector_client::stdio::{Seat, serve};
use sector_sim::strategy::Classic;
use sector_sim::{Order, Strategy, Turn, View};

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(600);

struct Misbehaving {
    classic: Classic,
    what: String,
    tick: u64,
}

impl Strategy for Misbehaving {
    fn name(&self) -> &'static str {
        "misbehaving"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let mut orders = self.classic.orders(view, turn);
        if turn.tick >= self.tick {
            self.misbehave(view, turn, &mut orders);
        }
        orders
    }
}

impl Misbehaving {
    fn misbehave(&self, view: &View<'_>, turn: &Turn, orders: &mut Vec<Order>) {
        let is_now = turn.tick == self.tick;
        match self.what.as_str() {
            "chats" if turn.tick.is_multiple_of(50) => {
                println!("thinking about tick {}", turn.tick);
            }
            "complains" => eprintln!("tick {}: too many enemies", turn.tick),
            "sleeps" => sleep(LONG),
            "naps" if is_now => sleep(Duration::from_millis(700)),
            "dawdles" => sleep(Duration::from_millis(3)),
            "exits" if is_now => std::process::exit(3),
            #[expect(clippy::panic, reason = "it is what is tested")]
            "panics" if is_now => panic!("no system {} here", view.map.len()),
            "grows" if is_now => {
                let hoard = vec![1u8; 8 << 30];
                eprintln!("{} bytes held", hoard.len());
            }
            "rubbish" => println!("{{\"tick\":\"now\"}}"),
            "floods-lines" => loop {
                println!("blah");
            },
            "floods-a-line" => {
                let mut out = io::stdout().lock();
                while out.write_all(&[b'x'; 1 << 16]).is_ok() {}
                sleep(LONG);
            }
            "floods-orders" => {
                if let Some(order) = orders.first().cloned() {
                    orders.extend(std::iter::repeat_n(order, 5_000));
                }
            }
            "floods-stderr" => {
                for _ in 0..20_000 {
                    eprintln!("all work and no play makes a dull fleet");
                }
            }
            "orders-others" => {
                for order in orders.iter_mut() {
                    order.faction = sector_sim::FactionId::LEAGUE;
                }
            }
            // Other orders in every process.
            "wavers" => {
                for order in orders.iter_mut() {
                    order.reason = Some(std::process::id().to_string().into());
                }
            }
            "has-a-child" if is_now => {
                // Holds all pipes, and never reads: it has to be ended with its parent.
                let child = Command::new("sleep").arg("600").spawn();
                eprintln!("child {}", child.map_or(0, |child| child.id()));
            }
            _ => {}
        }
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let what = words.next().unwrap_or_default();
    let tick = words.next().and_then(|tick| tick.parse().ok()).unwrap_or(0);
    match what.as_str() {
        "deaf" => {
            sleep(LONG);
            return ExitCode::SUCCESS;
        }
        "mute" => {
            _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            return ExitCode::SUCCESS;
        }
        "stays" => {
            // Plays well, but does not leave when the game is over.
            _ = play(&what, tick, io::stdin().lock());
            sleep(LONG);
        }
        _ => {}
    }
    match play(&what, tick, BufReader::new(io::stdin())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn play(what: &str, tick: u64, input: impl BufRead) -> sector_client::Result<()> {
    let seating = |seat: &Seat| -> Box<dyn Strategy> {
        Box::new(Misbehaving {
            classic: Classic::new(seat.personality.clone()),
            what: what.to_owned(),
            tick,
        })
    };
    serve(seating, input, io::stdout()).map(|_| ())
}
