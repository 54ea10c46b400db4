//! Expressions: names resolved, types found, Postgres' operators brought to what the engine has.
//!
//! Types are needed and not a luxury: `day + 1`, `sum / 3`, `'2025-12-01' < day` mean something else to the engine
//! than to Postgres, and would answer wrongly without any error.

use sqlparser::ast::Spanned;
use sqlparser::ast::{
    Array, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, TrimWhereField, UnaryOperator, Value, ValueWithSpan,
};

use super::error::SqlError;
use super::rewrite::Rewrite;
use super::scope;
use super::types::Type;

type Typed = Result<Type, SqlError>;

/// A text literal.
pub(super) fn text(value: impl Into<String>) -> Expr {
    Expr::Value(ValueWithSpan::from(Value::SingleQuotedString(value.into())))
}

/// A number literal.
pub(super) fn number(value: impl std::fmt::Display) -> Expr {
    Expr::Value(ValueWithSpan::from(Value::Number(value.to_string(), false)))
}

/// A call of a function of the engine.
pub(super) fn call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}

/// Takes the expression out, leaving NULL in its place.
pub(super) fn take(e: &mut Expr) -> Expr {
    std::mem::replace(e, Expr::Value(ValueWithSpan::from(Value::Null)))
}

/// The text of a literal, whatever its quotes.
pub(super) fn literal(e: &Expr) -> Option<String> {
    match e {
        Expr::Value(v) => match &v.value {
            Value::SingleQuotedString(s)
            | Value::EscapedStringLiteral(s)
            | Value::NationalStringLiteral(s) => Some(s.clone()),
            Value::DollarQuotedString(s) => Some(s.value.clone()),
            _ => None,
        },
        Expr::Nested(inner) => literal(inner),
        _ => None,
    }
}

impl Rewrite<'_> {
    /// Brings an expression to the engine's dialect in place and says of which type it is.
    pub(super) fn expr(&mut self, e: &mut Expr) -> Typed {
        match e {
            Expr::Identifier(name) => {
                let kind = scope::column(&self.scopes, name)?;
                scope::pin(name);
                Ok(kind)
            }
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Value(_) => self.value(e),
            Expr::Nested(inner) => self.expr(inner),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { .. } => self.binary(e),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => self.expr(inner).map(|_| Type::Bool),
            Expr::IsTrue(inner) | Expr::IsNotTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotFalse(inner) => {
                self.expr(inner).map(|_| Type::Bool)
            }
            Expr::IsUnknown(inner) | Expr::IsNotUnknown(inner) => {
                self.expr(inner)?;
                let inner = Box::new(take(inner));
                *e = if matches!(e, Expr::IsUnknown(_)) {
                    Expr::IsNull(inner)
                } else {
                    Expr::IsNotNull(inner)
                };
                Ok(Type::Bool)
            }
            Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => self.compared(a, b, "="),
            Expr::InList { expr, list, .. } => {
                let mut kind = self.expr(expr)?;
                for item in list {
                    kind = self.paired(expr, kind, item, "=")?;
                }
                Ok(Type::Bool)
            }
            Expr::InSubquery { expr, subquery, .. } => {
                self.expr(expr)?;
                self.query(subquery).map(|_| Type::Bool)
            }
            Expr::Between { expr, low, high, .. } => {
                let kind = self.expr(expr)?;
                self.paired(expr, kind, low, ">=")?;
                self.paired(expr, kind, high, "<=")?;
                Ok(Type::Bool)
            }
            Expr::Exists { subquery, .. } => self.query(subquery).map(|_| Type::Bool),
            Expr::Subquery(query) => {
                let columns = self.query(query)?;
                match columns.as_slice() {
                    [only] => Ok(only.kind),
                    _ => Err(SqlError::new("42601", "subquery must return only one column")),
                }
            }
            Expr::Tuple(items) => {
                for item in items {
                    self.expr(item)?;
                }
                Ok(Type::Unknown)
            }
            _ => self.special(e),
        }
    }

    /// The rarer expressions.
    fn special(&mut self, e: &mut Expr) -> Typed {
        match e {
            Expr::Like { .. } | Expr::ILike { .. } => self.like(e),
            Expr::Cast { .. } | Expr::TypedString(_) | Expr::Interval(_) => self.cast_expr(e),
            Expr::Case { .. } => self.case(e),
            Expr::Function(_) => self.function(e),
            Expr::AnyOp { .. } | Expr::AllOp { .. } => self.any_or_all(e),
            Expr::AtTimeZone { timestamp, time_zone } => {
                let kind = self.expr(timestamp)?;
                let zone = literal(time_zone).unwrap_or_default();
                let (moved, kind) = self.in_zone(take(timestamp), kind, &zone)?;
                *e = moved;
                Ok(kind)
            }
            Expr::Collate { expr, .. } => {
                let kind = self.expr(expr)?;
                *e = take(expr);
                Ok(kind)
            }
            Expr::Extract { field, expr, .. } => {
                let field = field.to_string().to_lowercase();
                let moment = take(expr);
                self.extract(e, &field, moment)
            }
            Expr::Ceil { expr, .. } => {
                let args = vec![take(expr)];
                self.as_call(e, "ceil", args)
            }
            _ => self.text_form(e),
        }
    }

    fn compound(&mut self, parts: &mut Vec<Ident>) -> Typed {
        while parts.len() > 2 {
            parts.remove(0);
        }
        let [relation, name] = parts.as_mut_slice() else {
            return Err(SqlError::unsupported("this name"));
        };
        let kind = scope::qualified(&self.scopes, relation, name)?;
        scope::pin(relation);
        scope::pin(name);
        Ok(kind)
    }

    /// A literal or a parameter.
    pub(super) fn value(&mut self, e: &mut Expr) -> Typed {
        if let Some(plain) = literal(e) {
            let span = e.span();
            *e = Expr::Value(Value::SingleQuotedString(plain).with_span(span));
            return Ok(Type::Unknown);
        }
        let Expr::Value(v) = e else { return Ok(Type::Unknown) };
        match &mut v.value {
            Value::Number(digits, _) => Ok(number_type(digits)),
            Value::Boolean(_) => Ok(Type::Bool),
            Value::Null => Ok(Type::Unknown),
            Value::Placeholder(name) => {
                *name = name.replace('$', "?");
                let at = name.trim_start_matches('?').parse::<usize>().unwrap_or(1).saturating_sub(1);
                Ok(match self.parameters.get(at) {
                    Some(serde_json::Value::Bool(_)) => Type::Bool,
                    Some(serde_json::Value::Number(n)) if n.is_f64() => Type::Numeric(None),
                    Some(serde_json::Value::Number(_)) => Type::BigInt,
                    _ => Type::Unknown,
                })
            }
            other => Err(SqlError::unsupported(format!("the literal {other}"))),
        }
    }

    fn unary(&mut self, op: UnaryOperator, inner: &mut Expr) -> Typed {
        let kind = self.expr(inner)?;
        match op {
            UnaryOperator::Not => self.condition(inner, kind, "NOT"),
            UnaryOperator::Minus | UnaryOperator::Plus if kind == Type::Interval => {
                Err(SqlError::unsupported("a sign before an interval"))
            }
            UnaryOperator::Minus | UnaryOperator::Plus => Ok(kind),
            other => Err(SqlError::unsupported(format!("the operator {other}"))),
        }
    }

    /// A place that takes a boolean and nothing else.
    pub(super) fn condition(&mut self, e: &mut Expr, kind: Type, place: &str) -> Typed {
        match kind {
            Type::Bool => Ok(Type::Bool),
            Type::Unknown => {
                self.convert(e, kind, Type::Bool)?;
                Ok(Type::Bool)
            }
            other => {
                let text = format!("argument of {place} must be type boolean, not type {}", other.name());
                Err(SqlError::new("42804", text).at(e.span().start))
            }
        }
    }

    fn like(&mut self, e: &mut Expr) -> Typed {
        let fold = matches!(e, Expr::ILike { .. });
        let (Expr::Like { negated, expr, pattern, escape_char, .. }
        | Expr::ILike { negated, expr, pattern, escape_char, .. }) = e
        else {
            return Ok(Type::Bool);
        };
        let left = self.expr(expr)?;
        self.expr(pattern)?;
        if !(left.is_text() || left == Type::Unknown) {
            return Err(no_operator(left, if fold { "~~*" } else { "~~" }, Type::Unknown, expr, pattern));
        }
        let mut args = vec![take(expr), take(pattern)];
        args.extend(escape_char.take().map(|c| *c));
        let matched = call(if fold { "pg_ilike" } else { "pg_like" }, args);
        *e = negated_if(*negated, matched);
        Ok(Type::Bool)
    }

    fn case(&mut self, e: &mut Expr) -> Typed {
        let Expr::Case { operand, conditions, else_result, .. } = e else { return Ok(Type::Unknown) };
        let operand_kind = match operand {
            Some(operand) => Some(self.expr(operand)?),
            None => None,
        };
        for when in conditions.iter_mut() {
            let kind = self.expr(&mut when.condition)?;
            match operand_kind {
                Some(wanted) => self.convert(&mut when.condition, kind, wanted)?,
                None => self.condition(&mut when.condition, kind, "CASE/WHEN").map(|_| ())?,
            }
        }
        let mut branches: Vec<&mut Expr> = conditions.iter_mut().map(|when| &mut when.result).collect();
        branches.extend(else_result.as_deref_mut());
        self.unified(branches, "CASE")
    }

    /// Brings expressions to one type, which it returns.
    pub(super) fn unified(&mut self, branches: Vec<&mut Expr>, place: &str) -> Typed {
        let mut typed = Vec::new();
        let mut all = Type::Unknown;
        for branch in branches {
            let kind = self.expr(branch)?;
            all = all.unify(kind).ok_or_else(|| {
                let text = format!("{place} types {} and {} cannot be matched", all.name(), kind.name());
                SqlError::new("42804", text).at(branch.span().start)
            })?;
            typed.push((branch, kind));
        }
        for (branch, kind) in typed {
            if kind == Type::Unknown || all.is_day_or_stamp() {
                self.convert(branch, kind, all)?;
            }
        }
        Ok(if all == Type::Unknown { Type::Text } else { all })
    }

    /// `= ANY (ARRAY[…])`, `<> ALL ('{…}')`: lists in another spelling.
    fn any_or_all(&mut self, e: &mut Expr) -> Typed {
        let (left, op, right, any) = match e {
            Expr::AnyOp { left, compare_op, right, .. } => (left, compare_op, right, true),
            Expr::AllOp { left, compare_op, right } => (left, compare_op, right, false),
            _ => return Ok(Type::Bool),
        };
        let list = match take(right) {
            Expr::Array(Array { elem, .. }) => elem,
            Expr::Subquery(subquery) if any && *op == BinaryOperator::Eq => {
                *e = Expr::InSubquery { expr: Box::new(take(left)), subquery, negated: false };
                return self.expr(e);
            }
            other => match literal(&other) {
                Some(braces) => {
                    let inside = braces.trim_start_matches('{').trim_end_matches('}');
                    inside
                        .split(',')
                        .filter(|s| !s.is_empty())
                        .map(|s| text(s.trim().trim_matches('"')))
                        .collect()
                }
                None => return Err(SqlError::unsupported("ANY or ALL over this expression")),
            },
        };
        let negated = match (any, &op) {
            (true, BinaryOperator::Eq) => false,
            (false, BinaryOperator::NotEq) => true,
            _ => return Err(SqlError::unsupported("this comparison with ANY or ALL")),
        };
        *e = Expr::InList { expr: Box::new(take(left)), list, negated };
        self.expr(e)
    }

    /// `POSITION`, `SUBSTRING`, `TRIM`, `FLOOR` in their keyword forms.
    fn text_form(&mut self, e: &mut Expr) -> Typed {
        match e {
            Expr::Floor { expr, .. } => {
                let args = vec![take(expr)];
                self.as_call(e, "floor", args)
            }
            Expr::Position { expr, r#in } => {
                let args = vec![take(r#in), take(expr)];
                self.as_call(e, "strpos", args)
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut args = vec![take(expr)];
                args.push(substring_from.as_deref_mut().map_or_else(|| number(1), take));
                args.extend(substring_for.as_deref_mut().map(take));
                self.as_call(e, "substr", args)
            }
            Expr::Trim { expr, trim_where, trim_what, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "btrim",
                };
                let mut args = vec![take(expr)];
                args.extend(trim_what.as_deref_mut().map(take));
                args.extend(trim_characters.iter_mut().flatten().map(take));
                self.as_call(e, name, args)
            }
            Expr::Array(_) => Err(SqlError::unsupported("an array in this place")),
            _ => Err(SqlError::unsupported("this expression")),
        }
    }

    pub(super) fn as_call(&mut self, e: &mut Expr, name: &str, args: Vec<Expr>) -> Typed {
        *e = call(name, args);
        self.function(e)
    }
}

fn number_type(digits: &str) -> Type {
    if let Some((_, fraction)) = digits.split_once('.') {
        return Type::Numeric(Some((0, u32::try_from(fraction.len()).unwrap_or(0))));
    }
    match digits.parse::<i64>() {
        Ok(n) if i32::try_from(n).is_ok() => Type::Integer,
        Ok(_) => Type::BigInt,
        Err(_) => Type::Numeric(None),
    }
}

/// `NOT (…)`, or the thing itself.
pub(super) fn negated_if(negated: bool, e: Expr) -> Expr {
    if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(e) } } else { e }
}

/// The error for operands that no operator of that name takes.
pub(super) fn no_operator(left: Type, op: &str, right: Type, at: &Expr, behind: &Expr) -> SqlError {
    // The parser keeps no place of an operator: it stands before what is behind it.
    let next = behind.span().start;
    let back = op.len() as u64 + 1;
    let place = match next.column > back {
        true => sqlparser::tokenizer::Location { line: next.line, column: next.column - back },
        false => at.span().start,
    };
    SqlError::new("42883", format!("operator does not exist: {} {op} {}", left.name(), right.name()))
        .hint("No operator matches the given name and argument types. You might need to add explicit type casts.")
        .at(place)
}
