//! Options of every command that plays games: maps, rules, and limits of programs.

use clap::Args;
use process_kit::config::integer;

use crate::exec::Limits;

#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(crate) struct Setting {
    /// Factions per match [default: one per player; for a single player from the rules]
    #[arg(long, visible_alias = "factions", value_parser = integer(2..=64u8))]
    pub(super) seats: Option<u8>,
    /// Seed of the first map; further maps have the next seeds
    #[arg(long, default_value_t = 1, value_parser = integer(0..=sector_sim::draw::MAX_SEED))]
    pub(super) seed: u64,
    /// Number of systems [default: from the rules]
    #[arg(long, value_parser = integer(2..=200_000u32))]
    pub(super) systems: Option<u32>,
    /// Tick at which the highest score wins [default: from the rules]
    #[arg(long, value_parser = integer(1..=10_000_000u64))]
    pub(super) ticks: Option<u64>,
    #[command(flatten)]
    pub(super) limits: Limits,
}
