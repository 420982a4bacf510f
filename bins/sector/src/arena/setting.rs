//! Options of every command that plays games: maps, rules, and limits of programs.

use clap::Args;
use process_kit::config::integer;

use crate::exec::Limits;

#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(crate) struct Setting {
    /// How many factions a match has [default: one for each player; for a single player as the rules say]
    #[arg(long, visible_alias = "factions", value_parser = integer(2..=64u8))]
    pub(super) seats: Option<u8>,
    /// Seed of the first map; the next map has the next seed
    #[arg(long, default_value_t = 1, value_parser = integer(0..=sector_sim::MAX_SEED))]
    pub(super) seed: u64,
    /// How many systems [default: as the rules say]
    #[arg(long, value_parser = integer(2..=200_000u32))]
    pub(super) systems: Option<u32>,
    /// The tick in which the highest score wins [default: as the rules say]
    #[arg(long, value_parser = integer(1..=10_000_000u64))]
    pub(super) ticks: Option<u64>,
    #[command(flatten)]
    pub(super) limits: Limits,
}
