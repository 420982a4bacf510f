//! Tables in Parquet, written column by column; three column types don't need Arrow.

use std::fs::File;
use std::io::{Error, Result};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::sink::Sink;
use super::table::{Cell, Column, Kind, Table};

/// Rows per row group: enough for good compression, few enough for memory.
const GROUP_ROWS: usize = 65_536;

/// Values of a column without nulls, in the order of the rows.
#[derive(Debug)]
enum Values {
    Integer(Vec<i64>),
    Boolean(Vec<bool>),
    Text(Vec<ByteArray>),
}

#[derive(Debug)]
struct Buffer {
    nullable: bool,
    values: Values,
    /// 1 for each row with a value, 0 for each null; empty if the column is not nullable.
    present: Vec<i16>,
}

impl Buffer {
    fn new(column: &Column) -> Buffer {
        let values = match column.kind {
            Kind::Integer => Values::Integer(Vec::new()),
            Kind::Boolean => Values::Boolean(Vec::new()),
            Kind::Text => Values::Text(Vec::new()),
        };
        Buffer { nullable: column.nullable, values, present: Vec::new() }
    }

    fn push(&mut self, cell: &Cell<'_>) -> Result<()> {
        match (&mut self.values, cell) {
            (_, Cell::Null) if self.nullable => {}
            (Values::Integer(values), Cell::Integer(value)) => values.push(*value),
            (Values::Boolean(values), Cell::Boolean(value)) => values.push(*value),
            (Values::Text(values), Cell::Text(value)) => {
                values.push(value.as_bytes().to_vec().into());
            }
            (_, cell) => return Err(Error::other(format!("a column does not take {cell:?}"))),
        }
        if self.nullable {
            self.present.push(i16::from(*cell != Cell::Null));
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.present.clear();
        match &mut self.values {
            Values::Integer(values) => values.clear(),
            Values::Boolean(values) => values.clear(),
            Values::Text(values) => values.clear(),
        }
    }
}

/// A table in Parquet: integers as INT64, texts as STRING, missing values as nulls, zstd.
pub(crate) struct Parquet {
    writer: SerializedFileWriter<File>,
    buffers: Vec<Buffer>,
    rows: usize,
}

impl std::fmt::Debug for Parquet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parquet").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Parquet {
    pub(crate) fn new(file: File, table: Table) -> Result<Parquet> {
        let schema = parse_message_type(&message(table)).map_err(other)?;
        let compression = Compression::ZSTD(ZstdLevel::try_new(3).map_err(other)?);
        let properties = WriterProperties::builder().set_compression(compression).build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
            .map_err(other)?;
        Ok(Parquet { writer, buffers: table.columns().iter().map(Buffer::new).collect(), rows: 0 })
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group().map_err(other)?;
        for buffer in &mut self.buffers {
            let mut column = group
                .next_column()
                .map_err(other)?
                .ok_or_else(|| Error::other("a column is missing"))?;
            let present = buffer.nullable.then_some(buffer.present.as_slice());
            match &buffer.values {
                Values::Integer(values) => {
                    column.typed::<Int64Type>().write_batch(values, present, None)
                }
                Values::Boolean(values) => {
                    column.typed::<BoolType>().write_batch(values, present, None)
                }
                Values::Text(values) => {
                    column.typed::<ByteArrayType>().write_batch(values, present, None)
                }
            }
            .map_err(other)?;
            column.close().map_err(other)?;
            buffer.clear();
        }
        group.close().map_err(other)?;
        self.rows = 0;
        Ok(())
    }
}

impl Sink for Parquet {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for (buffer, cell) in self.buffers.iter_mut().zip(cells) {
            buffer.push(cell)?;
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.writer.finish().map_err(other)?;
        Ok(())
    }
}

/// Parquet schema of a table.
fn message(table: Table) -> String {
    let mut message = format!("message {} {{\n", table.name());
    for column in table.columns() {
        let presence = if column.nullable { "OPTIONAL" } else { "REQUIRED" };
        let (kind, form) = match column.kind {
            Kind::Integer => ("INT64", ""),
            Kind::Boolean => ("BOOLEAN", ""),
            Kind::Text => ("BYTE_ARRAY", " (STRING)"),
        };
        message.push_str(&format!("  {presence} {kind} {}{form};\n", column.name));
    }
    message + "}"
}

fn other(error: ParquetError) -> Error {
    Error::other(error)
}
