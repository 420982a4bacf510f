//! A typed client for a running sector: logins, claims, orders, the sector tick by tick, and a
//! runner for bots.
//!
//! [`Client`] calls the API, with time limits, safe retries, and logins that renew themselves.
//! [`Ticks`] follows the sector with the engine's own [`sector_sim::Mirror`], so that everything in
//! the engine works on the state. [`Bot`] plays a [`sector_sim::Strategy`]. [`Client::api`] is the
//! generated client, with every operation of the API.
//!
//! | to | use |
//! |---|---|
//! | find a sector | [`Client::connect`], [`Client::sectors`], [`Client::sector`], [`Client::status`] |
//! | log in | [`Client::login`], [`Client::guest`], [`Client::bot_key`], [`Client::me`]; [`Client::issue_key`] for a bot |
//! | claim a faction | [`Client::factions`], [`Client::claim`], [`Client::release`] |
//! | follow the sector | [`Client::ticks`]: [`Ticks::next`] for every tick, [`Ticks::newest`] for the current one |
//! | read the state | [`Tick::view`] and the table at [`sector_sim::View`]; [`Client::system`], [`Client::faction`], [`Client::rules`] |
//! | give orders | [`number_orders`], [`Client::deliver`]; [`Client::check_orders`] for a preview |
//! | get the outcome of orders | [`Tick::outcomes`], [`Client::order`], [`Client::my_orders`] |
//! | play | [`Bot`]; the module `program` (feature `program`) with arguments and logs; [`stdio`] over a pipe |
//! | read past runs | [`Client::runs`], [`Client::replay`], [`Client::leaderboard`] |
//!
//! A complete bot:
//!
//! ```no_run
//! use sector_client::{Bot, Client};
//! use sector_sim::{Command, Order, Strategy, Turn, View};
//! use sector_sim::order::Amount;
//!
//! /// Sends every idle fleet to a neighbouring system.
//! struct Restless;
//!
//! impl Strategy for Restless {
//!     fn name(&self) -> &'static str {
//!         "restless"
//!     }
//!
//!     fn orders(&mut self, view: &View<'_>, _turn: &Turn) -> Vec<Order> {
//!         let idle = view.fleets().filter(|fleet| fleet.is_idle());
//!         let go = idle.filter_map(|fleet| {
//!             let origin = fleet.at()?;
//!             let target = view.map.neighbours(origin).first()?.system;
//!             Some(Command::Move { origin, target, fleet: Some(fleet.id), amount: Amount::Fleet })
//!         });
//!         go.map(|command| Order::new(view.me, command)).collect()
//!     }
//! }
//!
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("http://127.0.0.1:8000").await?;
//! // A new player; keep the key to play as the same one again.
//! let _key = client.guest().await?;
//! let mut bot = Bot::new(&client, "F1".parse()?, Box::new(Restless));
//! let summary = bot.run(async { _ = tokio::signal::ctrl_c().await }).await?;
//! println!("{summary}");
//! # Ok(())
//! # }
//! ```
//!
//! Events, tick by tick:
//!
//! ```no_run
//! # async fn watch() -> sector_client::Result<()> {
//! let client = sector_client::Client::connect("http://127.0.0.1:8000").await?;
//! let mut ticks = client.ticks();
//! loop {
//!     let tick = ticks.next().await?;
//!     for event in tick.events() {
//!         println!("{}: {}", tick.number(), sector_sim::event::narrate(tick.map(), tick.board(), event));
//!     }
//! }
//! # }
//! ```

mod backoff;
mod bot;
mod client;
mod credentials;
mod entry;
mod error;
#[rustfmt::skip]
#[expect(missing_docs, clippy::allow_attributes, reason = "generated, see the module")]
pub mod generated;
mod live;
mod orders;
#[cfg(feature = "program")]
pub mod program;
mod quota;
mod rules;
mod scene;
mod sent;
mod session;
pub mod sse;
pub mod stdio;
mod stream;
mod thinker;
mod version;

pub use bot::{Bot, Summary};
pub use client::BOT_VERBS;
pub use credentials::Credentials;
pub use entry::{Entry, Message, OrdersRefused, UntakenOrder};
pub use error::{Error, FieldProblem, Problem, Result};
pub use generated::types;
pub use live::{OrderOutcome, Tick, Ticks, Transport};
pub use orders::{Delivery, ORDERS_MAX, RefusedOrder, number_orders};
pub use scene::Scene;
pub use session::{Client, Patience};
pub use thinker::{Thinker, Thought};
pub use version::{VERSION, is_compatible};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;
