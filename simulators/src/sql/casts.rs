//! Casts between types, with the errors that Postgres gives for texts that are no such value.

use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::decimal;
use super::error::SqlError;
use super::functions::{Args, Given};
use super::times::{self, Interval};
use super::types::Type;

/// The error for a text that is no value of a type.
pub(super) fn invalid(kind: &str, text: &str, state: &str) -> SqlError {
    SqlError::new(state, format!("invalid input syntax for type {kind}: \"{text}\""))
}

/// A text as a value of a type: what an input function does.
pub(super) fn read(text: &str, to: Type) -> Result<Value, SqlError> {
    let trimmed = text.trim();
    let syntax = |state: &str| invalid(to.name(), text, state);
    Ok(match to {
        Type::Bool => Value::from(i64::from(truth(trimmed).ok_or_else(|| syntax("22P02"))?)),
        Type::SmallInt | Type::Integer | Type::BigInt | Type::Oid => {
            let wide: i128 = trimmed.parse().map_err(|_| syntax("22P02"))?;
            Value::from(ranged(wide, to, Some(text))?)
        }
        Type::Real | Type::Double => Value::from(trimmed.parse::<f64>().map_err(|_| syntax("22P02"))?),
        Type::Numeric(_) | Type::Quotient => {
            let number: f64 = trimmed.parse().map_err(|_| syntax("22P02"))?;
            numeric(number, to)?
        }
        Type::Date => {
            let moment = times::stamp(text).ok_or_else(|| moment_error(text, to))?;
            Value::from(moment.date().to_string())
        }
        Type::Timestamp | Type::TimestampTz => {
            let moment = times::stamp(text).ok_or_else(|| moment_error(text, to))?;
            Value::from(times::write(moment))
        }
        Type::Interval => Value::from(Interval::parse(text).ok_or_else(|| syntax("22007"))?.write()),
        Type::Uuid => {
            let digits = trimmed.chars().filter(char::is_ascii_hexdigit).count();
            if digits != 32 {
                return Err(syntax("22P02"));
            }
            Value::from(trimmed.to_ascii_lowercase())
        }
        Type::Json | Type::Jsonb => {
            serde_json::from_str::<Value>(text).map_err(|_| {
                SqlError::new("22P02", format!("invalid input syntax for type {}", to.name()))
            })?;
            Value::from(text)
        }
        _ => Value::from(text),
    })
}

/// A text with the shape of a date whose fields are out of range gets another error than one without.
fn moment_error(text: &str, to: Type) -> SqlError {
    let shaped = text.chars().any(|c| c.is_ascii_digit())
        && text.chars().all(|c| !c.is_ascii_alphabetic() || "TtZz".contains(c));
    if shaped {
        SqlError::new("22008", format!("date/time field value out of range: \"{text}\""))
    } else {
        invalid(to.name(), text, "22007")
    }
}

fn truth(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let is = |word: &str| !lower.is_empty() && word.starts_with(&lower);
    if is("true") || is("yes") || lower == "on" || lower == "1" {
        Some(true)
    } else if is("false") || is("no") || lower == "off" || lower == "of" || lower == "0" {
        Some(false)
    } else {
        None
    }
}

fn ranged(wide: i128, to: Type, text: Option<&str>) -> Result<i64, SqlError> {
    let (low, high) = match to {
        Type::SmallInt => (i128::from(i16::MIN), i128::from(i16::MAX)),
        Type::BigInt => (i128::from(i64::MIN), i128::from(i64::MAX)),
        _ => (i128::from(i32::MIN), i128::from(i32::MAX)),
    };
    if wide < low || wide > high {
        let message = match text {
            Some(text) => format!("value \"{text}\" is out of range for type {}", to.name()),
            None => format!("{} out of range", to.name()),
        };
        return Err(SqlError::new("22003", message));
    }
    i64::try_from(wide).map_err(|_| SqlError::new("22003", "bigint out of range"))
}

fn numeric(number: f64, to: Type) -> Result<Value, SqlError> {
    let Type::Numeric(Some((precision, scale))) = to else { return Ok(Value::from(number)) };
    let rounded = decimal::round(number, i64::from(scale));
    let whole_digits = i32::try_from(precision.saturating_sub(scale)).unwrap_or(i32::MAX);
    if precision > 0 && rounded.abs() >= 10_f64.powi(whole_digits) {
        return Err(SqlError::new("22003", "numeric field overflow"));
    }
    Ok(Value::from(rounded))
}

fn cell(value: Value) -> Cell {
    match value {
        Value::String(text) => Cell::Text(text),
        Value::Number(n) => n.as_i64().map_or_else(|| Cell::Real(n.as_f64().unwrap_or(0.0)), Cell::Integer),
        _ => Cell::Null,
    }
}

/// `pg_cast(value, type)`: to a type other than text.
pub(super) fn cast(a: &Args<'_, '_>) -> Given {
    let to = Type::parse(&a.text(1)).unwrap_or(Type::Text);
    if a.is_text(0) {
        return read(&a.text(0), to).map(cell);
    }
    Ok(match to {
        Type::Bool => Cell::Integer(i64::from(a.number(0) != 0.0)),
        Type::SmallInt | Type::Integer | Type::BigInt | Type::Oid => {
            let wide =
                if a.is_whole(0) { i128::from(a.whole(0)) } else { decimal::round(a.number(0), 0) as i128 };
            Cell::Integer(ranged(wide, to, None)?)
        }
        Type::Real | Type::Double => Cell::Real(a.number(0)),
        Type::Numeric(_) | Type::Quotient => numeric(a.number(0), to).map(cell)?,
        _ => return Err(SqlError::new("42846", format!("cannot cast a number to type {}", to.name()))),
    })
}

/// `pg_text(value, type)`: a value of that type as text; a declared length cuts it off.
pub(super) fn text(a: &Args<'_, '_>) -> Given {
    let from = Type::parse(&a.text(1)).unwrap_or(Type::Text);
    let text = a.text(0);
    Ok(Cell::Text(match from {
        Type::Bool => if a.number(0) == 0.0 { "false" } else { "true" }.to_owned(),
        _ if a.is_text(0) => from.print(&Value::from(text.clone())).unwrap_or(text),
        _ => from
            .print(&Value::from(a.number(0)))
            .filter(|_| !a.is_whole(0) || from.is_numeric())
            .unwrap_or(text),
    }))
}
