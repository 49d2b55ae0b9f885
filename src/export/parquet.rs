//! Tables as Parquet, for data frames and warehouses: times as nanoseconds in UTC, empty cells as nulls, Snappy compression.
//!
//! Parquet has no place for units; they are in the file's key-value metadata, as `unit:COLUMN`. The table is written in row
//! groups, so that beside the table itself little more than one column of one group is in memory.

use std::io::Write;
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::Result as ParquetResult;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use ::parquet::schema::types::{Type, TypePtr};

use super::ExportError;
use super::table::{Column, ColumnData, Table};

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 20;

/// Cells that are handed to the writer at once.
const BATCH_CELLS: usize = 1 << 16;

/// Writes a table.
///
/// # Errors
/// When the table is not one (see [`Table::rows`]) or `out` fails; what was written until then is not a Parquet file.
pub fn write(table: &Table, out: impl Write + Send) -> Result<(), ExportError> {
    let mut writer = TableWriter::new(table, out)?;
    writer.append(table)?;
    writer.finish()
}

/// Writes a table that is too long to be held at once, piece by piece.
pub struct TableWriter<W: Write + Send> {
    name: String,
    file: SerializedFileWriter<W>,
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a file for tables with the columns of `like`, whose rows are not written yet.
    ///
    /// # Errors
    /// When `like` is no table or `out` fails.
    pub fn new(like: &Table, out: W) -> Result<Self, ExportError> {
        like.rows()?;
        let begin = || {
            let units = like.columns.iter().filter_map(|column| {
                let unit = column.unit?;
                Some(KeyValue::new(format!("unit:{}", column.name), unit.to_string()))
            });
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_created_by(concat!("vivarium version ", env!("CARGO_PKG_VERSION")).to_owned())
                .set_key_value_metadata(Some(units.collect()))
                .build();
            SerializedFileWriter::new(out, schema(like)?, Arc::new(properties))
        };
        let file = begin().map_err(|source| ExportError::Parquet { table: like.name.clone(), source })?;
        Ok(Self { name: like.name.clone(), file })
    }

    /// Appends rows, in row groups of their own.
    ///
    /// # Errors
    /// When `table` is no table, has other columns, or the file can't be written.
    pub fn append(&mut self, table: &Table) -> Result<(), ExportError> {
        let rows = table.rows()?;
        write_groups(&mut self.file, table, rows).map_err(|source| self.failed(source))
    }

    /// Makes the file whole.
    ///
    /// # Errors
    /// When its end can't be written; then it is no Parquet file.
    pub fn finish(mut self) -> Result<(), ExportError> {
        match self.file.finish() {
            Ok(_) => Ok(()),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn failed(&self, source: ::parquet::errors::ParquetError) -> ExportError {
        ExportError::Parquet { table: self.name.clone(), source }
    }
}

fn write_groups<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    table: &Table,
    rows: usize,
) -> ParquetResult<()> {
    for first in (0..rows).step_by(GROUP_ROWS) {
        let group_rows = first..rows.min(first + GROUP_ROWS);
        let mut group = writer.next_row_group()?;
        for column in &table.columns {
            let Some(mut cells) = group.next_column()? else { break };
            let range = group_rows.clone();
            // The ranges lie inside: every column has `rows` cells.
            match &column.data {
                ColumnData::Time(times) => {
                    for batch in times[range].chunks(BATCH_CELLS) {
                        let values: Vec<i64> = batch.iter().map(|at| at.0).collect();
                        cells.typed::<Int64Type>().write_batch(&values, None, None)?;
                    }
                }
                ColumnData::Number(numbers) => write_optional::<DoubleType, _>(&mut cells, &numbers[range], |&x| x)?,
                ColumnData::Integer(numbers) => write_optional::<Int64Type, _>(&mut cells, &numbers[range], |&x| x)?,
                ColumnData::Text(texts) => {
                    write_optional::<ByteArrayType, _>(&mut cells, &texts[range], |text| {
                        ByteArray::from(text.as_str())
                    })?;
                }
            }
            cells.close()?;
        }
        group.close()?;
    }
    Ok(())
}

fn write_optional<T: DataType, C>(
    writer: &mut SerializedColumnWriter,
    cells: &[Option<C>],
    value: impl Fn(&C) -> T::T,
) -> ParquetResult<()> {
    for batch in cells.chunks(BATCH_CELLS) {
        let values: Vec<T::T> = batch.iter().flatten().map(&value).collect();
        let levels: Vec<i16> = batch.iter().map(|cell| i16::from(cell.is_some())).collect();
        writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    }
    Ok(())
}

fn schema(table: &Table) -> ParquetResult<TypePtr> {
    let columns: Vec<TypePtr> =
        table.columns.iter().map(|column| column_type(column).map(Arc::new)).collect::<ParquetResult<_>>()?;
    Ok(Arc::new(Type::group_type_builder(&table.name).with_fields(columns).build()?))
}

fn column_type(column: &Column) -> ParquetResult<Type> {
    let (physical, repetition, logical) = match &column.data {
        ColumnData::Time(_) => {
            (PhysicalType::INT64, Repetition::REQUIRED, Some(LogicalType::timestamp(true, TimeUnit::NANOS)))
        }
        ColumnData::Number(_) => (PhysicalType::DOUBLE, Repetition::OPTIONAL, None),
        ColumnData::Integer(_) => (PhysicalType::INT64, Repetition::OPTIONAL, None),
        ColumnData::Text(_) => (PhysicalType::BYTE_ARRAY, Repetition::OPTIONAL, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(&column.name, physical).with_repetition(repetition).with_logical_type(logical).build()
}

#[cfg(test)]
mod tests {
    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    use ::parquet::record::Field;

    use super::*;
    use crate::model::time::Timestamp;
    use crate::model::unit::Unit;

    fn column(name: &str, unit: Option<Unit>, data: ColumnData) -> Column {
        Column { name: name.to_owned(), unit, data }
    }

    /// Writes a table and opens what was written.
    fn written(columns: Vec<Column>) -> SerializedFileReader<std::fs::File> {
        let file = tempfile::tempfile().unwrap();
        write(&Table { name: String::from("series"), columns }, &file).unwrap();
        SerializedFileReader::new(file).unwrap()
    }

    #[test]
    fn every_kind_of_cell_reads_back() {
        let text = |text: &str| Some(text.to_owned());
        let reader = written(vec![
            column(
                "time",
                None,
                ColumnData::Time(vec![Timestamp(1_764_000_000_123_456_789), Timestamp(-1), Timestamp(0)]),
            ),
            column("memory.used_bytes", Some(Unit::BYTES), ColumnData::Number(vec![Some(0.1), None, Some(f64::MAX)])),
            column("count", Some(Unit::COUNT), ColumnData::Integer(vec![None, Some(i64::MIN), Some(7)])),
            column("name", None, ColumnData::Text(vec![text("über 🌱"), text(""), None])),
        ]);
        let rows: Vec<Vec<String>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| format!("{field:?}")).collect())
            .collect();
        let field = |field: Field| format!("{field:?}");
        assert_eq!(rows.len(), 3);
        assert_eq!(
            rows[0][1..],
            [field(Field::Double(0.1)), field(Field::Null), field(Field::Str("über 🌱".to_owned()))]
        );
        assert_eq!(rows[1][1..], [field(Field::Null), field(Field::Long(i64::MIN)), field(Field::Str(String::new()))]);
        assert_eq!(rows[2][1..], [field(Field::Double(f64::MAX)), field(Field::Long(7)), field(Field::Null)]);

        let group = reader.get_row_group(0).unwrap();
        let ::parquet::column::reader::ColumnReader::Int64ColumnReader(mut times) = group.get_column_reader(0).unwrap()
        else {
            panic!("times are not 64-bit integers");
        };
        let mut values = Vec::new();
        times.read_records(3, None, None, &mut values).unwrap();
        assert_eq!(values, [1_764_000_000_123_456_789, -1, 0]);

        let metadata = reader.metadata().file_metadata();
        let time = metadata.schema_descr().column(0);
        assert_eq!(time.logical_type_ref(), Some(&LogicalType::timestamp(true, TimeUnit::NANOS)));
        let units: Vec<_> = metadata
            .key_value_metadata()
            .unwrap()
            .iter()
            .map(|pair| (pair.key.as_str(), pair.value.as_deref()))
            .collect();
        assert_eq!(units, [("unit:memory.used_bytes", Some("B")), ("unit:count", Some("count"))]);
    }

    #[test]
    fn long_tables_come_in_row_groups() {
        let rows = GROUP_ROWS + 10;
        let cells = (0..rows as i64).map(|row| (row % 3 > 0).then_some(row)).collect();
        let reader = written(vec![column("row", None, ColumnData::Integer(cells))]);
        assert_eq!(reader.num_row_groups(), 2);
        assert_eq!(reader.metadata().file_metadata().num_rows(), rows as i64);
        let last = reader.get_row_group(1).unwrap().get_row_iter(None).unwrap().last().unwrap().unwrap();
        let expected = (rows - 1) as i64;
        let field = if expected % 3 > 0 { Field::Long(expected) } else { Field::Null };
        assert_eq!(last.get_column_iter().next().unwrap().1, &field);
    }

    #[test]
    fn a_table_without_rows_is_a_file_too() {
        let reader = written(vec![column("time", None, ColumnData::Time(Vec::new()))]);
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
