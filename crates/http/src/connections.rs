//! The open connections of a server: who may have one, who has held one too long without using it,
//! and who makes room.
//!
//! Each connection notes what it does ([`activity::Activity`]); one task looks at all of them several
//! times a second ([`register::Register::sweep`]) and closes those whose time is over. That is one
//! timer a server instead of several a connection, and whoever needs room finds the right one.

mod activity;
mod body;
mod register;
mod signal;
mod stream;

pub(crate) use activity::UnderWay;
pub(crate) use body::{AnswerBody, RequestBody, TooSlow};
pub(crate) use register::{NoPlace, Place, Register};
pub(crate) use signal::Signal;
pub(crate) use stream::Watched;
