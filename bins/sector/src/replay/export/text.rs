//! Tables as CSV and JSON lines. Written here because csv crates cannot tell nulls from empty text.

use std::fs::File;
use std::io::{BufWriter, Result, Write};

use super::sink::Sink;
use super::table::{Cell, Column, Table};

/// CSV as in RFC 4180, with a header line. Null is an empty field; empty text is `""`.
#[derive(Debug)]
pub(crate) struct Csv(BufWriter<File>);

impl Csv {
    pub(crate) fn new(file: File, table: Table) -> Result<Csv> {
        let mut file = BufWriter::new(file);
        let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        writeln!(file, "{}", names.join(","))?;
        Ok(Csv(file))
    }
}

impl Sink for Csv {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.0.write_all(b",")?;
            }
            match cell {
                Cell::Null => {}
                Cell::Integer(value) => write!(self.0, "{value}")?,
                Cell::Boolean(value) => write!(self.0, "{value}")?,
                Cell::Text(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
                    write!(self.0, "\"{}\"", text.replace('"', "\"\""))?;
                }
                Cell::Text(text) => self.0.write_all(text.as_bytes())?,
            }
        }
        self.0.write_all(b"\n")
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.0.flush()
    }
}

/// One JSON object per line, with every column.
#[derive(Debug)]
pub(crate) struct JsonLines {
    file: BufWriter<File>,
    columns: &'static [Column],
}

impl JsonLines {
    pub(crate) fn new(file: File, table: Table) -> JsonLines {
        JsonLines { file: BufWriter::new(file), columns: table.columns() }
    }
}

impl Sink for JsonLines {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            // Column names need no escaping.
            write!(self.file, "{}\"{}\":", if index == 0 { '{' } else { ',' }, column.name)?;
            match cell {
                Cell::Null => self.file.write_all(b"null")?,
                Cell::Integer(value) => write!(self.file, "{value}")?,
                Cell::Boolean(value) => write!(self.file, "{value}")?,
                Cell::Text(text) => serde_json::to_writer(&mut self.file, text.as_ref())?,
            }
        }
        self.file.write_all(b"}\n")
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.file.flush()
    }
}
