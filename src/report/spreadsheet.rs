//! CSV and JSON Lines: a line per scenario, setup and agent, with everything that a table in a paper needs to be made again.

use csv::{QuoteStyle, WriterBuilder};
use serde_json::{Map, Value as Json};

use super::flat::{COLUMNS, Value};
use super::sheet::Sheet;
use crate::base::text;

/// The lines as CSV. A text that a spreadsheet would run as a formula gets a quote in front; all texts are quoted, so
/// that one cell is one cell also where a spreadsheet takes another character to end it.
///
/// # Errors
/// None that a memory writer can meet; the type is the crate's.
pub fn csv(sheet: &Sheet) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().map(|c| c.name))?;
    for line in &sheet.lines {
        writer.write_record(COLUMNS.iter().map(|c| match (c.value)(sheet, line) {
            Value::Text(text) => text.for_csv(),
            Value::Word(word) => word.to_owned(),
            Value::Count(n) => n.to_string(),
            Value::Whole(n) => n.to_string(),
            Value::Rate(rate) => format!("{rate:.6}"),
            Value::None => String::new(),
        }))?;
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}

/// The lines as JSON Lines: an object per line, the same columns.
///
/// # Errors
/// None that these values can meet; the type is the crate's.
pub fn jsonl(sheet: &Sheet) -> Result<String, serde_json::Error> {
    let mut out = String::new();
    for line in &sheet.lines {
        let mut object = Map::new();
        for column in &COLUMNS {
            object.insert(
                column.name.to_owned(),
                match (column.value)(sheet, line) {
                    Value::Text(text) => serde_json::to_value(text)?,
                    Value::Word(word) => Json::from(word),
                    Value::Count(n) => Json::from(n),
                    Value::Whole(n) => Json::from(n),
                    Value::Rate(rate) => Json::from(rate),
                    Value::None => Json::Null,
                },
            );
        }
        out.push_str(&text::json(&object)?);
        out.push('\n');
    }
    Ok(out)
}

/// The whole sheet as one JSON object in one line.
///
/// # Errors
/// None that a sheet can meet; the type is the crate's.
pub fn json(sheet: &Sheet) -> Result<String, serde_json::Error> {
    text::json(sheet).map(|text| text + "\n")
}
