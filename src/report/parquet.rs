//! Parquet: the columns of the CSV, typed, in one row group without compression. Every column may be null.

use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::flat::{COLUMNS, Kind, Value};
use super::sheet::Sheet;

/// The lines as a Parquet file.
///
/// # Errors
/// None that a memory writer can meet; the type is the crate's.
pub fn parquet(sheet: &Sheet) -> Result<Vec<u8>, ParquetError> {
    let field = |column: &super::flat::Column| match column.kind {
        Kind::Text => format!("OPTIONAL BYTE_ARRAY {} (UTF8);", column.name),
        Kind::Whole => format!("OPTIONAL INT64 {};", column.name),
        Kind::Rate => format!("OPTIONAL DOUBLE {};", column.name),
    };
    let fields: Vec<String> = COLUMNS.iter().map(field).collect();
    let schema = Arc::new(parse_message_type(&format!("message lines {{ {} }}", fields.join(" ")))?);
    let made_by = format!("chesterton {}", env!("CARGO_PKG_VERSION"));
    let properties = Arc::new(WriterProperties::builder().set_created_by(made_by).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties)?;
    let mut group = writer.next_row_group()?;
    for column in &COLUMNS {
        let values: Vec<Value> = sheet.lines.iter().map(|line| (column.value)(sheet, line)).collect();
        let Some(mut into) = group.next_column()? else { break };
        write(into.untyped(), values)?;
        into.close()?;
    }
    group.close()?;
    writer.into_inner()
}

/// The values of a column; what is not measured is null.
fn write(into: &mut ColumnWriter<'_>, values: Vec<Value>) -> Result<(), ParquetError> {
    let there: Vec<i16> = values.iter().map(|v| i16::from(*v != Value::None)).collect();
    let there = Some(there.as_slice());
    match into {
        ColumnWriter::ByteArrayColumnWriter(column) => {
            let texts: Vec<ByteArray> = values.into_iter().filter_map(text).collect();
            column.write_batch(&texts, there, None)?;
        }
        ColumnWriter::Int64ColumnWriter(column) => {
            let wholes: Vec<i64> = values.iter().filter_map(whole).collect();
            column.write_batch(&wholes, there, None)?;
        }
        ColumnWriter::DoubleColumnWriter(column) => {
            let rate = |value: &Value| if let Value::Rate(rate) = value { Some(*rate) } else { None };
            let rates: Vec<f64> = values.iter().filter_map(rate).collect();
            column.write_batch(&rates, there, None)?;
        }
        _ => return Err(ParquetError::General("a column of another type".to_owned())),
    }
    Ok(())
}

fn text(value: Value) -> Option<ByteArray> {
    match value {
        Value::Text(text) => Some(ByteArray::from(text.for_csv().into_bytes())),
        Value::Word(word) => Some(ByteArray::from(word)),
        _ => None,
    }
}

/// Counts beyond what the format holds are as many as it holds.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Count(n) => Some(i64::try_from(*n).unwrap_or(i64::MAX)),
        Value::Whole(n) => Some(*n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn a_reader_finds_what_was_measured_and_nulls_for_what_was_not() {
        let sheet = crate::report::gather::tests::sheet(|key| (key.agent == "b").then_some(None));
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&parquet(&sheet).unwrap()).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), sheet.lines.len());
        let field = |row: usize, name: &str| {
            let mut columns = rows[row].get_column_iter();
            columns.find(|(n, _)| *n == name).map(|(_, field)| field.clone()).unwrap()
        };
        assert_eq!(field(0, "agent"), Field::Str("b".into()));
        assert_eq!((field(0, "excluded"), field(0, "n")), (Field::Long(2), Field::Long(0)));
        assert_eq!((field(0, "harm_rate"), field(1, "downtime_max_s")), (Field::Null, Field::Null));
    }
}
