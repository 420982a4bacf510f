//! A player that does nothing: the weakest opponent, and a baseline that shows what the rules do on
//! their own.

use super::{Strategy, Turn};
use crate::order::Order;
use crate::view::View;

/// Does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Idle;

impl Strategy for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn orders(&mut self, _view: &View<'_>, _turn: &Turn) -> Vec<Order> {
        Vec::new()
    }
}
