//! CSV and JSON Lines: a line per scenario, setup and agent, with everything that a table in a paper needs to be made again.

use std::io::{self, Write};

use csv::{QuoteStyle, WriterBuilder};
use serde_json::{Map, Value as Json};

use super::flat::{COLUMNS, Value};
use super::sheet::Sheet;
use crate::base::text;

/// The lines as CSV. A text that a spreadsheet would run as a formula gets a quote in front; all texts are quoted, so
/// that one cell is one cell also where a spreadsheet takes another character to end it.
///
/// # Errors
/// They cannot be written.
pub fn csv(sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(out);
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
    writer.flush()
}

/// The lines as JSON Lines: an object per line, the same columns.
///
/// # Errors
/// They cannot be written.
pub fn jsonl(sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
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
        writeln!(out, "{}", text::json(&object)?)?;
    }
    Ok(())
}

/// The whole sheet as one JSON object in one line.
///
/// # Errors
/// It cannot be written.
pub fn json(sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", text::json(sheet)?)
}
