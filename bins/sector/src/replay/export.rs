//! `sector replay export`: exports a run as tidy tables.

#[cfg(feature = "parquet")]
mod columns;
mod rows;
mod sink;
mod table;
mod text;

use std::path::PathBuf;

use clap::Args;
use process_kit::config::integer;
use sector_sim::replay::Replay;

use self::rows::Rows;
use self::sink::{Folder, Format};
use self::table::Table;
use crate::replay::file;
use crate::tool::{Error, progress_bar, say};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Replay file
    file: PathBuf,
    /// Format of the tables
    #[arg(long, value_enum, default_value = "parquet")]
    format: Format,
    /// Directory to create; it appears when all tables are complete
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only these tables, separated by commas [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    tables: Vec<Table>,
    /// In ticks_systems, ticks between rows for every system [default: a row whenever a system
    /// changed]
    #[arg(long, value_name = "TICKS", value_parser = integer(1..=10_000_000u64))]
    every: Option<u64>,
}

pub(crate) fn export(options: &Options) -> Result<(), Error> {
    let replay = file::read(&options.file)?;
    let mut tables =
        if options.tables.is_empty() { Table::ALL.to_vec() } else { options.tables.clone() };
    tables.sort_unstable();
    tables.dedup();
    if let Err(error) = replay.header().check_rules_version()
        && let Some(table) = tables.iter().find(|table| !table.is_recorded())
    {
        let table = table.name();
        return Err(format!(
            "{}: {error}. Table {table} must be played; only `--tables run,orders` can be exported",
            options.file.display()
        )
        .into());
    }
    let mut folder = Folder::create(&options.out, options.format, &tables)?;
    write(options, &replay, &mut folder)?;
    let mut text = String::new();
    for (table, rows) in folder.finish()? {
        text.push_str(&format!("{:<15} {rows:>10} rows\n", table.name()));
    }
    say(&format!("{text}tables in {}", options.out.display()))
}

fn write(options: &Options, replay: &Replay, folder: &mut Folder) -> Result<(), Error> {
    let is_played =
        options.tables.is_empty() || options.tables.iter().any(|table| !table.is_recorded());
    let failed = |error| format!("{}: {error}", options.file.display());
    if !is_played && replay.header().check_rules_version().is_err() {
        for tick in replay.ticks() {
            rows::orders(folder, tick, &tick.outcomes)?;
        }
        return rows::run(folder, replay, replay.footer().and_then(|footer| footer.result));
    }
    let bar = progress_bar(replay.ticks().len() as u64, "tick", false);
    let mut playback = replay.play().map_err(failed)?;
    let mut rows = Rows::new(folder, options.every);
    rows.begin(playback.world())?;
    while let Some(tick) = playback.next_orders() {
        let Some(world) = playback.next_tick().map_err(failed)? else { break };
        rows.tick(world, tick)?;
        bar.inc(1);
    }
    // Also compares the recorded end.
    playback.next_tick().map_err(failed)?;
    rows.end(playback.world(), replay)?;
    bar.finish_and_clear();
    Ok(())
}
