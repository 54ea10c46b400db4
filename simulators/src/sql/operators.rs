//! Binary operators: what Postgres means by them for the types at hand.

use sqlparser::ast::Spanned;
use sqlparser::ast::{BinaryOperator as Op, Expr};

use super::error::SqlError;
use super::expr::{call, literal, negated_if, no_operator, number, take, text};
use super::rewrite::Rewrite;
use super::types::Type;

type Typed = Result<Type, SqlError>;

/// Offsets of time zones that have one and no other, in minutes.
const ZONES: &[(&str, i64)] = &[
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("asia/shanghai", 480),
    ("asia/hong_kong", 480),
    ("asia/singapore", 480),
    ("prc", 480),
    ("asia/tokyo", 540),
    ("asia/kolkata", 330),
];

impl Rewrite<'_> {
    /// A binary operation, rewritten in place.
    pub(super) fn binary(&mut self, e: &mut Expr) -> Typed {
        let Expr::BinaryOp { left, op, right } = e else { return Ok(Type::Unknown) };
        let op = op.clone();
        match op {
            Op::And | Op::Or => {
                for side in [left, right] {
                    let kind = self.expr(side)?;
                    self.condition(side, kind, if op == Op::And { "AND" } else { "OR" })?;
                }
                Ok(Type::Bool)
            }
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => {
                self.compared(left, right, &op.to_string())
            }
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => self.arithmetic(e, &op),
            Op::StringConcat => {
                for side in [left, right] {
                    let kind = self.expr(side)?;
                    self.convert(side, kind, Type::Text)?;
                }
                Ok(Type::Text)
            }
            Op::PGExp => {
                let args = vec![take(left), take(right)];
                self.as_call(e, "power", args)
            }
            Op::Arrow | Op::LongArrow => {
                let (kind, key) = (self.expr(left)?, self.expr(right)?);
                if !matches!(kind, Type::Json | Type::Jsonb | Type::Unknown) {
                    return Err(no_operator(kind, &op.to_string(), key, left, right));
                }
                Ok(if op == Op::Arrow { Type::Jsonb } else { Type::Text })
            }
            Op::BitwiseAnd | Op::BitwiseOr | Op::PGBitwiseShiftLeft | Op::PGBitwiseShiftRight => {
                self.expr(left)?;
                self.expr(right)
            }
            _ => self.matching(e, &op),
        }
    }

    /// `~` and `~~` with their kin.
    fn matching(&mut self, e: &mut Expr, op: &Op) -> Typed {
        let (function, negated) = match op {
            Op::PGRegexMatch => ("pg_regex", false),
            Op::PGRegexIMatch => ("pg_iregex", false),
            Op::PGRegexNotMatch => ("pg_regex", true),
            Op::PGRegexNotIMatch => ("pg_iregex", true),
            Op::PGLikeMatch => ("pg_like", false),
            Op::PGILikeMatch => ("pg_ilike", false),
            Op::PGNotLikeMatch => ("pg_like", true),
            Op::PGNotILikeMatch => ("pg_ilike", true),
            other => return Err(SqlError::unsupported(format!("the operator {other}"))),
        };
        let Expr::BinaryOp { left, right, .. } = e else { return Ok(Type::Bool) };
        let kind = self.expr(left)?;
        self.expr(right)?;
        if !(kind.is_text() || kind == Type::Unknown) {
            return Err(no_operator(kind, &op.to_string(), Type::Unknown, left, right));
        }
        *e = negated_if(negated, call(function, vec![take(left), take(right)]));
        Ok(Type::Bool)
    }

    /// Both sides of a comparison.
    pub(super) fn compared(&mut self, left: &mut Expr, right: &mut Expr, op: &str) -> Typed {
        let kind = self.expr(left)?;
        self.paired(left, kind, right, op)?;
        Ok(Type::Bool)
    }

    /// The right side of a comparison whose left side is rewritten already; returns the type of the left side, which
    /// a literal takes from the right.
    pub(super) fn paired(&mut self, left: &mut Expr, a: Type, right: &mut Expr, op: &str) -> Typed {
        let b = self.expr(right)?;
        let common = a.unify(b).ok_or_else(|| no_operator(a, op, b, left, right))?;
        for (side, kind) in [(&mut *left, a), (&mut *right, b)] {
            let exact = kind == common || !(kind == Type::Unknown || common.is_day_or_stamp());
            if !exact {
                // A literal is read as the type, not rounded to a column's declared digits.
                let target = if common.is_numeric() { Type::Numeric(None) } else { common };
                self.convert(side, kind, target)?;
            }
            if common == Type::Interval {
                *side = call("pg_seconds", vec![take(side)]);
            }
        }
        Ok(if a == Type::Unknown { common } else { a })
    }

    fn arithmetic(&mut self, e: &mut Expr, op: &Op) -> Typed {
        let Expr::BinaryOp { left, right, .. } = e else { return Ok(Type::Unknown) };
        let (mut a, mut b) = (self.expr(left)?, self.expr(right)?);
        if a == Type::Unknown && b != Type::Unknown {
            a = untyped_beside(b, op);
            self.convert(left, Type::Unknown, a)?;
        } else if b == Type::Unknown && a != Type::Unknown {
            b = untyped_beside(a, op);
            self.convert(right, Type::Unknown, b)?;
        }
        if a.is_number() && b.is_number() {
            return Ok(numbers(e, op, a, b));
        }
        let (function, kind) =
            moments(op, a, b).ok_or_else(|| no_operator(a, &op.to_string(), b, left, right))?;
        let (l, r) = (take(left), take(right));
        *e = match (op, a, b) {
            (Op::Minus, Type::Date, whole) if whole.is_whole() => {
                let back = Expr::BinaryOp {
                    left: Box::new(number(0)),
                    op: Op::Minus,
                    right: Box::new(Expr::Nested(Box::new(r))),
                };
                call(function, vec![l, back])
            }
            // What is moved stands first.
            (_, Type::Interval, moved) if moved.is_day_or_stamp() || moved == Type::Time => {
                call(function, vec![r, l])
            }
            (_, scale, Type::Interval) if scale.is_number() => call(function, vec![r, l]),
            (_, whole, Type::Date) if whole.is_whole() => call(function, vec![r, l]),
            (Op::Divide, Type::Interval, _) => {
                call(function, vec![l, call("pg_div", vec![number("1.0"), r])])
            }
            _ => call(function, vec![l, r]),
        };
        Ok(kind)
    }

    /// `AT TIME ZONE`.
    pub(super) fn in_zone(&mut self, moment: Expr, kind: Type, zone: &str) -> Result<(Expr, Type), SqlError> {
        let minutes = ZONES.iter().find(|(name, _)| *name == zone.to_lowercase()).map(|(_, m)| *m);
        let minutes =
            minutes.ok_or_else(|| SqlError::new("22023", format!("time zone \"{zone}\" not recognized")))?;
        let (sign, kind) = match kind {
            Type::TimestampTz => (1, Type::Timestamp),
            _ => (-1, Type::TimestampTz),
        };
        let by = text(format!("{} minutes", sign * minutes));
        Ok((call("pg_plus", vec![moment, by]), kind))
    }

    /// `EXTRACT` and `date_part`.
    pub(super) fn extract(&mut self, e: &mut Expr, field: &str, mut moment: Expr) -> Typed {
        let kind = self.expr(&mut moment)?;
        let function = match kind {
            Type::Interval => "pg_interval_part",
            day if day.is_day_or_stamp() => "pg_part",
            other => {
                let words = format!("function pg_catalog.extract(unknown, {}) does not exist", other.name());
                return Err(SqlError::new("42883", words).at(moment.span().start));
            }
        };
        *e = call(function, vec![text(field), moment]);
        let scale = if matches!(field, "epoch" | "second") { 6 } else { 0 };
        Ok(Type::Numeric(Some((0, scale))))
    }
}

/// The type of a bare literal beside an operand.
fn untyped_beside(other: Type, op: &Op) -> Type {
    match (other, op) {
        (Type::Date, Op::Minus) => Type::Date,
        (day, Op::Plus) if day.is_day_or_stamp() => Type::Interval,
        (other, _) => other,
    }
}

/// Arithmetic on numbers. Division is never left to the engine: it divides a numeric kept as an integer without rest,
/// and gives NULL for a division by zero.
fn numbers(e: &mut Expr, op: &Op, a: Type, b: Type) -> Type {
    let common = a.unify(b).unwrap_or(Type::Numeric(None));
    let Expr::BinaryOp { left, right, .. } = e else { return common };
    let function = match op {
        Op::Divide if common.is_whole() => "pg_idiv",
        Op::Divide => "pg_div",
        Op::Modulo => "pg_mod",
        _ => {
            return match (op, a.scale(), b.scale()) {
                _ if !common.is_numeric() => common,
                (Op::Multiply, Some(x), Some(y)) => Type::Numeric(Some((0, x.saturating_add(y)))),
                (_, Some(x), Some(y)) => Type::Numeric(Some((0, x.max(y)))),
                _ => Type::Numeric(None),
            };
        }
    };
    *e = call(function, vec![take(left), take(right)]);
    if *op == Op::Divide && common.is_numeric() { Type::Quotient } else { common }
}

/// The function and result of an operator on moments and intervals.
fn moments(op: &Op, a: Type, b: Type) -> Option<(&'static str, Type)> {
    let stamp = |t: Type| if t == Type::Date { Type::Timestamp } else { t };
    Some(match (op, a, b) {
        (Op::Plus, day, Type::Interval) | (Op::Plus, Type::Interval, day) if day.is_day_or_stamp() => {
            ("pg_plus", stamp(day))
        }
        (Op::Minus, day, Type::Interval) if day.is_day_or_stamp() => ("pg_minus", stamp(day)),
        (Op::Plus, Type::Date, n) | (Op::Plus, n, Type::Date) if n.is_whole() => ("pg_add_days", Type::Date),
        (Op::Minus, Type::Date, n) if n.is_whole() => ("pg_add_days", Type::Date),
        (Op::Minus, Type::Date, Type::Date) => ("pg_days", Type::Integer),
        (Op::Minus, x, y) if x.is_day_or_stamp() && y.is_day_or_stamp() => ("pg_between", Type::Interval),
        (Op::Plus, Type::Interval, Type::Interval) => ("pg_interval_plus", Type::Interval),
        (Op::Minus, Type::Interval, Type::Interval) => ("pg_interval_minus", Type::Interval),
        (Op::Multiply, Type::Interval, n) | (Op::Multiply, n, Type::Interval) if n.is_number() => {
            ("pg_interval_times", Type::Interval)
        }
        (Op::Divide, Type::Interval, n) if n.is_number() => ("pg_interval_times", Type::Interval),
        _ => return None,
    })
}

/// A literal that is text, for the places that take names.
pub(super) fn named(e: &Expr) -> Option<String> {
    literal(e).or_else(|| match e {
        Expr::Identifier(name) => Some(super::scope::fold(name)),
        _ => None,
    })
}
