//! Open connections: limits, timeouts and eviction.
//!
//! Home-made: each connection records its activity ([`activity::Activity`]), and one task checks
//! all of them several times per second ([`register::Register::sweep`]). That is one timer per
//! server instead of several per connection, and eviction finds the right connection.

mod activity;
mod body;
mod register;
mod signal;
mod stream;

pub(crate) use activity::UnderWay;
pub(crate) use body::{AnswerBody, RequestBody, TooSlow, Unread};
pub(crate) use register::{NoPlace, Place, Register};
pub(crate) use signal::Signal;
pub(crate) use stream::Watched;
