//! The rules of a sector as a pure, deterministic simulation.
//!
//! A sector is a map of star systems connected by lanes, on which factions fight until one wins.
//! The same rules, seed and orders produce the same history, bit for bit, on every platform: no
//! floats, clocks or I/O, no threads unless enabled, and every random draw is a pure function of
//! its purpose.
//!
//! ```
//! use sector_sim::{Delta, Mirror, Rules, Snapshot, Universe, World};
//!
//! let mut world = World::new(Rules::classic().into(), 7).unwrap();
//! let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
//! let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
//!
//! // Start from a snapshot, then apply deltas.
//! ```
//!
//! # Where to begin
//! | task | start at |
//! |---|---|
//! | run a sector tick by tick | [`World::step`]; [`World::step_watched`] to observe each phase |
//! | play a whole match in memory | [`Game`], with a strategy ([`strategy::by_name`]) in each seat |
//! | write a computer player | [`Strategy`]; [`View`] lists all queries |
//! | record, read and verify a run | [`replay::Writer`], [`replay::Replay`], [`replay::verify`] |
//! | replay a run with changes | [`game::Fork`] |
//! | check determinism | [`check::check_orders`] and [`check::check_game`] |
//! | sweep over rules | [`Rules::ranges`], [`Rules::set`], [`Rules::from_toml`] |
//! | show a sector elsewhere | [`Snapshot`], [`Delta`], [`Mirror`], [`event::narrate`](event::narrate()) |
//!
//! For example: how often does the first faction win with another style, on the same maps?
//!
//! ```
//! use sector_sim::{FactionId, Game, Rules, World, strategy};
//! use sector_sim::world::Size;
//!
//! let rules = Rules::classic();
//! let first = FactionId::starter(0).unwrap();
//! let wins = |style: &'static str| {
//!     let won = (0..4).filter(|&seed| {
//!         let size = Size { systems: 12, factions: 2 };
//!         let world = World::with_size(rules.clone().into(), seed, size).unwrap();
//!         let rules = rules.clone();
//!         let mut game = Game::new(world, Box::new(move |_, faction| {
//!             let name = if faction == first { style } else { "classic" };
//!             strategy::by_name(name, rules.personality(faction.index())).unwrap()
//!         }));
//!         game.play(2_000).is_some_and(|outcome| outcome.winner == Some(first))
//!     });
//!     won.count()
//! };
//! assert!(wins("idle") < wins("greedy"));
//! ```
//!
//! # Multithreading

mod bits;
pub mod board;
pub mod check;
pub mod digest;
pub mod draw;
pub mod event;
pub mod game;
pub mod ids;
mod ledger;
pub mod map;
pub mod names;
pub mod order;
#[cfg(feature = "parallel")]
mod parallel;
pub mod replay;
pub mod rules;
pub mod snapshot;
pub mod step;
pub mod strategy;
pub mod units;
pub mod view;
pub mod world;

pub use board::Board;
pub use digest::Digest;
pub use event::Event;
pub use game::Game;
pub use ids::{FactionId, FleetId, SystemId};
pub use map::Map;
pub use order::{Command, Order};
pub use rules::Rules;
pub use snapshot::{Delta, Mirror, Snapshot, Universe};
pub use strategy::{Strategy, Turn};
pub use view::View;
pub use world::World;

/// Compiles and runs the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;
