//! Values on their way: parameters become literals of SQL, cells become what their column's type has.

use pgwire::api::Type;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::results::{DataRowEncoder, FieldFormat, FieldInfo};
use pgwire::error::PgWireResult;
use pgwire::messages::data::DataRow;
use serde_json::Value;
use simulators::cli::psql_wire as wire;
use std::sync::Arc;

use super::session::error;

/// Types by the names that the server has for them.
const TYPES: &[(&str, Type)] = &[
    ("boolean", Type::BOOL),
    ("smallint", Type::INT2),
    ("integer", Type::INT4),
    ("bigint", Type::INT8),
    ("real", Type::FLOAT4),
    ("double precision", Type::FLOAT8),
    ("numeric", Type::NUMERIC),
    ("text", Type::TEXT),
    ("character varying", Type::VARCHAR),
    ("character", Type::BPCHAR),
    ("name", Type::NAME),
    ("date", Type::DATE),
    ("time without time zone", Type::TIME),
    ("timestamp without time zone", Type::TIMESTAMP),
    ("timestamp with time zone", Type::TIMESTAMPTZ),
    ("interval", Type::INTERVAL),
    ("json", Type::JSON),
    ("jsonb", Type::JSONB),
    ("uuid", Type::UUID),
    ("bytea", Type::BYTEA),
    ("inet", Type::INET),
    ("oid", Type::OID),
    ("text[]", Type::TEXT_ARRAY),
    ("void", Type::VOID),
];

/// The columns of rows that a step of an answer gives. A column that is asked for in binary and whose type is not written
/// so here says that it comes as text.
pub fn fields(rows: &Value, format: &Format) -> Vec<FieldInfo> {
    let list = |name: &str| rows.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (names, types) = (list("columns"), list("types"));
    let field = |(n, name): (usize, &Value)| {
        let named = types.get(n).and_then(Value::as_str).unwrap_or("text");
        let kind =
            TYPES.iter().find(|(known, _)| *known == named).map_or(Type::TEXT, |(_, kind)| kind.clone());
        let asked = match format {
            Format::Individual(all) => all.get(n).map_or(FieldFormat::Text, |code| FieldFormat::from(*code)),
            whole => whole.format_for(n),
        };
        let format = if is_written_in_binary(&kind) { asked } else { FieldFormat::Text };
        FieldInfo::new(name.as_str().unwrap_or_default().to_owned(), None, None, kind, format)
    };
    names.iter().enumerate().map(field).collect()
}

fn is_written_in_binary(kind: &Type) -> bool {
    [Type::BOOL, Type::INT2, Type::INT4, Type::INT8, Type::FLOAT4, Type::FLOAT8, Type::OID].contains(kind)
        || is_text(kind)
}

fn is_text(kind: &Type) -> bool {
    [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME].contains(kind)
}

/// The rows of a step, each cell as its column says.
pub fn rows(rows: &Value, fields: &Arc<Vec<FieldInfo>>) -> Vec<PgWireResult<DataRow>> {
    let mut encoder = DataRowEncoder::new(Arc::clone(fields));
    let all = rows.get("rows").and_then(Value::as_array);
    let mut row = |cells: &Value| {
        for (field, cell) in fields.iter().zip(cells.as_array().into_iter().flatten()) {
            write(&mut encoder, field, cell)?;
        }
        Ok(encoder.take_row())
    };
    all.into_iter().flatten().map(&mut row).collect()
}

fn write(encoder: &mut DataRowEncoder, field: &FieldInfo, cell: &Value) -> PgWireResult<()> {
    let Some(text) = cell.as_str() else { return encoder.encode_field(&None::<&str>) };
    if field.format() == FieldFormat::Text {
        // A text as it is, whatever the type: it is how the server prints it.
        return encoder.encode_field_with_type_and_format(
            &text,
            &Type::TEXT,
            FieldFormat::Text,
            field.format_options(),
        );
    }
    let kind = field.datatype();
    if is_text(kind) {
        return encoder.encode_field(&text);
    }
    let wrong = || error("XX000", "a value is not of the type of its column");
    if *kind == Type::BOOL {
        encoder.encode_field(&(text == "t"))
    } else if *kind == Type::FLOAT4 {
        encoder.encode_field(&text.parse::<f32>().map_err(|_| wrong())?)
    } else if *kind == Type::FLOAT8 {
        encoder.encode_field(&text.parse::<f64>().map_err(|_| wrong())?)
    } else if *kind == Type::INT2 {
        encoder.encode_field(&text.parse::<i16>().map_err(|_| wrong())?)
    } else if *kind == Type::INT4 {
        encoder.encode_field(&text.parse::<i32>().map_err(|_| wrong())?)
    } else if *kind == Type::OID {
        encoder.encode_field(&text.parse::<u32>().map_err(|_| wrong())?)
    } else {
        encoder.encode_field(&text.parse::<i64>().map_err(|_| wrong())?)
    }
}

/// A statement with the portal's parameters in it, as literals.
///
/// # Errors
/// A parameter that cannot be read, or that there is not.
pub fn bound(portal: &Portal<String>) -> PgWireResult<String> {
    let literals: Vec<String> =
        (0..portal.parameter_len()).map(|n| literal(portal, n)).collect::<PgWireResult<_>>()?;
    let sql = &portal.statement.statement;
    wire::filled(sql, &literals).ok_or_else(|| error("42P02", "there is no such parameter"))
}

fn literal(portal: &Portal<String>, n: usize) -> PgWireResult<String> {
    let Some(Some(bytes)) = portal.parameters.get(n) else { return Ok("NULL".to_owned()) };
    let kind = portal.statement.parameter_types.get(n).cloned().flatten().unwrap_or(Type::UNKNOWN);
    let is_binary = match &portal.parameter_format {
        Format::Individual(all) => all.get(n).is_some_and(|code| *code == 1),
        whole => whole.is_binary(n),
    };
    if is_binary && !is_text(&kind) && kind != Type::UNKNOWN {
        return from_binary(&kind, bytes);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| error("22021", "invalid byte sequence for encoding \"UTF8\""))?;
    if text.contains('\0') {
        return Err(error("22021", "invalid byte sequence for encoding \"UTF8\": 0x00"));
    }
    let is_number =
        [Type::INT2, Type::INT4, Type::INT8, Type::FLOAT4, Type::FLOAT8, Type::NUMERIC].contains(&kind);
    let is_plain = text.parse::<f64>().is_ok_and(f64::is_finite);
    Ok(match TYPES.iter().find(|(_, known)| *known == kind) {
        _ if is_number && is_plain => format!("({})", text.trim()),
        // A text has no type of its own until its surroundings give it one, unless it came with one.
        Some((name, _)) if !is_text(&kind) => format!("{}::{name}", wire::literal(text)),
        _ => wire::literal(text),
    })
}

fn from_binary(kind: &Type, bytes: &[u8]) -> PgWireResult<String> {
    let wrong = || error("22P03", "incorrect binary data format");
    let number = match *kind {
        Type::BOOL => return Ok(if bytes == [0] { "FALSE" } else { "TRUE" }.to_owned()),
        Type::INT2 => i64::from(i16::from_be_bytes(bytes.try_into().map_err(|_| wrong())?)).to_string(),
        Type::INT4 => i64::from(i32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?)).to_string(),
        Type::INT8 => i64::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).to_string(),
        Type::OID => u32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).to_string(),
        Type::FLOAT4 => f32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).to_string(),
        Type::FLOAT8 => f64::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).to_string(),
        _ => {
            let text = format!("parameters of type {} are not taken in binary here", kind.name());
            return Err(error("0A000", &text));
        }
    };
    Ok(format!("({number})"))
}
