//! A directory of tables that appears under its name only when it is complete.

use std::fmt::Debug;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;
use tempfile::TempDir;

use super::table::{Cell, Column, Table};
use super::text::{Csv, JsonLines};
use crate::tool::{Error, cannot_write, directory_of};

/// Format of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns, compressed with zstd; needs the feature `parquet`
    Parquet,
    /// Comma-separated values with a header line
    Csv,
    /// One JSON object per line
    Jsonl,
}

impl Format {
    const fn extension(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
        }
    }
}

/// Writer of one table.
pub(crate) trait Sink: Debug {
    /// Writes a row with a cell per column.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;

    /// Completes the file.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

#[derive(Debug)]
struct Open {
    table: Table,
    path: PathBuf,
    sink: Box<dyn Sink>,
    rows: u64,
}

/// The tables being written.
#[derive(Debug)]
pub(crate) struct Folder {
    place: PathBuf,
    folder: TempDir,
    open: Vec<Open>,
}

/// Entry of a table in `schema.json`.
#[derive(Debug, Serialize)]
struct Described {
    name: &'static str,
    file: String,
    about: &'static str,
    rows: u64,
    columns: &'static [Column],
}

impl Folder {
    /// Starts tables in a directory that must not exist yet, or be empty.
    pub(crate) fn create(place: &Path, format: Format, tables: &[Table]) -> Result<Folder, Error> {
        if cfg!(not(feature = "parquet")) && format == Format::Parquet {
            return Err("this build has no Parquet support: build with `--features parquet`, or choose --format csv or jsonl".into());
        }
        let is_filled = std::fs::read_dir(place).map(|mut entries| entries.next().is_some());
        match is_filled {
            Ok(true) => {
                return Err(format!(
                    "{} is not empty; choose a directory that does not exist yet",
                    place.display()
                )
                .into());
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot_write(place, &error));
            }
            _ => {}
        }
        // Temporary directories are private by default; the umask restricts this one like any
        // other.
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix(".export-").permissions(Permissions::from_mode(0o777));
        let folder = folder.tempdir_in(directory_of(place));
        let folder = folder.map_err(|error| cannot_write(place, &error))?;
        let open = tables.iter().map(|&table| {
            let path = folder.path().join(format!("{}.{}", table.name(), format.extension()));
            let sink = open(&path, format, table).map_err(|error| cannot_write(place, &error))?;
            Ok(Open { table, path, sink, rows: 0 })
        });
        let open = open.collect::<Result<_, Error>>()?;
        Ok(Folder { place: place.to_owned(), folder, open })
    }

    /// Whether rows of this table are wanted.
    pub(crate) fn wants(&self, table: Table) -> bool {
        self.open.iter().any(|open| open.table == table)
    }

    /// Adds a row, if its table is wanted.
    pub(crate) fn row(&mut self, table: Table, cells: &[Cell<'_>]) -> Result<(), Error> {
        let Some(open) = self.open.iter_mut().find(|open| open.table == table) else {
            return Ok(());
        };
        debug_assert!(
            cells.len() == table.columns().len()
                && cells.iter().zip(table.columns()).all(|(cell, column)| cell.fits(column)),
            "{} does not take {cells:?}",
            table.name()
        );
        open.rows += 1;
        open.sink.row(cells).map_err(|error| cannot_write(&self.place, &error))
    }

    /// Completes the tables and moves the directory into place. Returns the number of rows per
    /// table.
    pub(crate) fn finish(self) -> Result<Vec<(Table, u64)>, Error> {
        let Folder { place, folder, open } = self;
        let mut described = Vec::new();
        let mut rows = Vec::new();
        for open in open {
            open.sink.finish().map_err(|error| cannot_write(&place, &error))?;
            let file = open.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (table, count) = (open.table, open.rows);
            let (name, about, columns) = (table.name(), table.about(), table.columns());
            described.push(Described { name, file, about, rows: count, columns });
            rows.push((table, count));
        }
        let schema = serde_json::to_string_pretty(&described)?;
        std::fs::write(folder.path().join("schema.json"), schema + "\n")
            .map_err(|error| cannot_write(&place, &error))?;
        std::fs::rename(folder.path(), &place).map_err(|error| cannot_write(&place, &error))?;
        // Renamed, so there is nothing to remove.
        let _ = folder.keep();
        Ok(rows)
    }
}

fn open(path: &Path, format: Format, table: Table) -> io::Result<Box<dyn Sink>> {
    let file = File::create_new(path)?;
    Ok(match format {
        Format::Csv => Box::new(Csv::new(file, table)?),
        Format::Jsonl => Box::new(JsonLines::new(file, table)),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(super::columns::Parquet::new(file, table)?),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => return Err(io::ErrorKind::Unsupported.into()),
    })
}
