//! The rules of a sector as a pure, deterministic simulation.
//!
//! A sector is a map of star systems joined by lanes, on which factions fight until one prevails. The same rules,
//! seed and orders give the same history, bit for bit, on every platform: there are no floats, clocks or input
//! and output in here, no threads unless asked for, and every random draw is a pure function of what it is for.
//!
//! ```
//! use sector_sim::{Delta, Mirror, Rules, Snapshot, Universe, World};
//!
//! let mut world = World::new(Rules::classic().into(), 7).unwrap();
//! let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
//! let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
//!
//! // From a snapshot, follow by deltas.
//! let mut mirror = Mirror::new(&snapshot).unwrap();
//! for _ in 0..10 {
//!     world.step(&[]);
//!     mirror.apply(&Delta::of("u-1", &world)).unwrap();
//! }
//! assert_eq!(mirror.digest(), world.digest());
//! assert!(mirror.is_exact());
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
//! A study in a few lines: how often does the first faction win when it plays another style, on the same maps?
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
//! # On several threads
//! The engine computes on the thread that calls it. With the feature `parallel`, which is off by default, it uses the
//! threads of `rayon` for what is pure and large: on maps of 2 048 systems and more the players of a [`Game`] decide at
//! the same time, and the routes of a tick's orders are planned at the same time; where a tick changes that many systems
//! or fleets, they are hashed at the same time. Results are put in order by index, so that the history is the same, bit
//! for bit. It is for one large sector; many small ones are better played in parallel.

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

/// The examples of the front page, so that they are run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;
