//! Casts in statements: from the type that an expression has to the one that is wanted.

use sqlparser::ast::{DataType, Expr, Interval, Spanned, Value};

use super::casts;
use super::error::SqlError;
use super::expr::{call, literal, number, take, text};
use super::rewrite::Rewrite;
use super::types::Type;

type Typed = Result<Type, SqlError>;

impl Rewrite<'_> {
    /// `CAST`, `::`, `date '…'`, `interval '…'`.
    pub(super) fn cast_expr(&mut self, e: &mut Expr) -> Typed {
        match e {
            Expr::Cast { expr, data_type, .. } => {
                let to = declared(data_type)?;
                let from = self.expr(expr)?;
                self.convert(expr, from, to)?;
                let mut inner = take(expr);
                if let (Some(length), true) = (length_of(to), from != to) {
                    inner = call("substr", vec![inner, number(1), number(length)]);
                }
                *e = Expr::Nested(Box::new(inner));
                Ok(to)
            }
            Expr::TypedString(typed) => {
                let to = declared(&typed.data_type)?;
                let mut inner = Expr::Value(typed.value.clone());
                self.value(&mut inner)?;
                self.convert(&mut inner, Type::Unknown, to)?;
                *e = inner;
                Ok(to)
            }
            Expr::Interval(interval) => {
                let words = interval_words(interval);
                let span = interval.value.span();
                *e = Expr::Value(Value::SingleQuotedString(words).with_span(span));
                self.convert(e, Type::Unknown, Type::Interval)?;
                Ok(Type::Interval)
            }
            _ => Ok(Type::Unknown),
        }
    }

    /// Brings an expression already rewritten from one type to another.
    pub(super) fn convert(&mut self, e: &mut Expr, from: Type, to: Type) -> Result<(), SqlError> {
        if let (Type::Unknown, Some(plain)) = (from, literal(e)) {
            let read = casts::read(&plain, to).map_err(|error| error.at(e.span().start))?;
            *e = match read {
                serde_json::Value::Number(n) => number(n),
                other => text(other.as_str().unwrap_or_default()),
            };
            return Ok(());
        }
        if from == to || (from == Type::Unknown && matches!(e, Expr::Value(v) if v.value == Value::Null)) {
            return Ok(());
        }
        if to.is_text() || to == Type::Unknown {
            if !from.is_text() && from != Type::Unknown && to.is_text() {
                *e = call("pg_text", vec![take(e), text(from.full_name())]);
            }
            return Ok(());
        }
        let stamp = |t: Type| matches!(t, Type::Timestamp | Type::TimestampTz);
        let widens = match (from, to) {
            (Type::SmallInt, t) => t.is_number(),
            (Type::Integer, t) => t.is_number() && t != Type::SmallInt,
            (Type::BigInt, t) => t.is_number() && !t.is_whole(),
            (a, b) => stamp(a) && stamp(b),
        };
        if widens && !matches!(to, Type::Numeric(Some(_))) {
            return Ok(());
        }
        *e = call("pg_cast", vec![take(e), text(to.full_name())]);
        Ok(())
    }
}

/// Reads a declared type of the statement.
pub(super) fn declared(data_type: &DataType) -> Typed {
    let name = data_type.to_string();
    Type::parse(&name)
        .ok_or_else(|| SqlError::new("42704", format!("type \"{}\" does not exist", name.to_lowercase())))
}

fn length_of(kind: Type) -> Option<u32> {
    match kind {
        Type::Varchar(length) => length,
        Type::Char(length) => Some(length),
        _ => None,
    }
}

fn interval_words(interval: &Interval) -> String {
    let amount = literal(&interval.value).unwrap_or_else(|| interval.value.to_string());
    match &interval.leading_field {
        Some(unit) => format!("{amount} {}", unit.to_string().to_lowercase()),
        None => amount,
    }
}
