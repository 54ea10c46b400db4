//! Functions that statements may call, with what each becomes. What is not listed does not exist, so that no function
//! of the engine's own can be reached.

use sqlparser::ast::{
    DuplicateTreatment, Expr, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Ident,
    ObjectName, ObjectNamePart, Spanned, WindowType,
};

use super::error::SqlError;
use super::expr::{call, number, take, text};
use super::rewrite::Rewrite;
use super::scope;
use super::types::Type;

type Typed = Result<Type, SqlError>;

/// What a function gives.
#[derive(Clone, Copy)]
enum Gives {
    /// Always this.
    This(Type),
    /// The type of its first argument.
    First,
    /// The type that all its arguments can be brought to.
    Common,
}

use Gives::{Common, First, This};

const NUMERIC: Gives = This(Type::Numeric(None));
const TEXT: Gives = This(Type::Text);
const BIG: Gives = This(Type::BigInt);
const INT: Gives = This(Type::Integer);

/// Name, the engine's name, fewest and most arguments, result.
const SCALAR: &[(&str, &str, usize, usize, Gives)] = &[
    ("abs", "abs", 1, 1, First),
    ("ceil", "pg_ceil", 1, 1, This(Type::Numeric(Some((0, 0))))),
    ("ceiling", "pg_ceil", 1, 1, This(Type::Numeric(Some((0, 0))))),
    ("floor", "pg_floor", 1, 1, This(Type::Numeric(Some((0, 0))))),
    ("trunc", "pg_trunc", 1, 2, NUMERIC),
    ("sign", "sign", 1, 1, INT),
    ("power", "pg_power", 2, 2, This(Type::Double)),
    ("sqrt", "pg_sqrt", 1, 1, This(Type::Double)),
    ("ln", "pg_ln", 1, 1, This(Type::Double)),
    ("exp", "pg_exp", 1, 1, This(Type::Double)),
    ("mod", "pg_mod", 2, 2, Common),
    ("random", "pg_random", 0, 0, This(Type::Double)),
    ("gen_random_uuid", "pg_uuid", 0, 0, This(Type::Uuid)),
    ("coalesce", "coalesce", 1, 99, Common),
    ("nullif", "nullif", 2, 2, Common),
    ("greatest", "max", 2, 99, Common),
    ("least", "min", 2, 99, Common),
    ("length", "length", 1, 1, INT),
    ("char_length", "length", 1, 1, INT),
    ("character_length", "length", 1, 1, INT),
    ("octet_length", "octet_length", 1, 1, INT),
    ("lower", "lower", 1, 1, TEXT),
    ("upper", "upper", 1, 1, TEXT),
    ("initcap", "pg_initcap", 1, 1, TEXT),
    ("substr", "substr", 2, 3, TEXT),
    ("substring", "substr", 2, 3, TEXT),
    ("left", "pg_left", 2, 2, TEXT),
    ("right", "pg_right", 2, 2, TEXT),
    ("lpad", "pg_lpad", 2, 3, TEXT),
    ("rpad", "pg_rpad", 2, 3, TEXT),
    ("btrim", "trim", 1, 2, TEXT),
    ("trim", "trim", 1, 2, TEXT),
    ("ltrim", "ltrim", 1, 2, TEXT),
    ("rtrim", "rtrim", 1, 2, TEXT),
    ("replace", "replace", 3, 3, TEXT),
    ("split_part", "pg_split_part", 3, 3, TEXT),
    ("concat", "concat", 1, 99, TEXT),
    ("concat_ws", "concat_ws", 2, 99, TEXT),
    ("repeat", "pg_repeat", 2, 2, TEXT),
    ("reverse", "pg_reverse", 1, 1, TEXT),
    ("strpos", "instr", 2, 2, INT),
    ("regexp_replace", "pg_regexp_replace", 3, 4, TEXT),
    ("to_char", "pg_to_char", 2, 2, TEXT),
    ("date_trunc", "pg_date_trunc", 2, 2, This(Type::TimestampTz)),
    ("to_timestamp", "pg_to_timestamp", 1, 1, This(Type::TimestampTz)),
    ("pg_size_pretty", "pg_size_pretty", 1, 1, TEXT),
];

/// Aggregates and window functions: name, the engine's name, result, and whether an `OVER` is needed.
const SETS: &[(&str, &str, Gives, bool)] = &[
    ("count", "count", BIG, false),
    ("min", "min", First, false),
    ("max", "max", First, false),
    ("bool_and", "min", This(Type::Bool), false),
    ("every", "min", This(Type::Bool), false),
    ("bool_or", "max", This(Type::Bool), false),
    ("string_agg", "string_agg", TEXT, false),
    ("row_number", "row_number", BIG, true),
    ("rank", "rank", BIG, true),
    ("dense_rank", "dense_rank", BIG, true),
    ("percent_rank", "percent_rank", This(Type::Double), true),
    ("ntile", "ntile", INT, true),
    ("lag", "lag", First, true),
    ("lead", "lead", First, true),
    ("first_value", "first_value", First, true),
    ("last_value", "last_value", First, true),
];

/// Aggregates, for the check of GROUP BY.
pub(super) fn is_aggregate(name: &str) -> bool {
    matches!(name, "sum" | "avg" | "array_agg") || SETS.iter().any(|(n, _, _, over)| *n == name && !over)
}

/// The last part of a function's name, folded.
pub(super) fn bare_name(name: &ObjectName) -> String {
    match name.0.last() {
        Some(ObjectNamePart::Identifier(ident)) => scope::fold(ident),
        _ => String::new(),
    }
}

impl Rewrite<'_> {
    /// A call, rewritten in place.
    pub(super) fn function(&mut self, e: &mut Expr) -> Typed {
        let place = e.span().start;
        let Expr::Function(f) = e else { return Ok(Type::Unknown) };
        let name = bare_name(&f.name);
        if let Some((constant, kind)) = self.constant(&name, &f.args) {
            *e = constant;
            return Ok(kind);
        }
        if let Some(kind) = self.size_of(e, &name)? {
            return Ok(kind);
        }
        if let Some(done) = self.shaped(e, &name) {
            return done;
        }
        let Expr::Function(f) = e else { return Ok(Type::Unknown) };
        if let Some(filter) = &mut f.filter {
            let kind = self.expr(filter)?;
            self.condition(filter, kind, "FILTER")?;
        }
        if let Some(WindowType::WindowSpec(window)) = &mut f.over {
            for e in &mut window.partition_by {
                self.expr(e)?;
            }
            self.order(&mut window.order_by, &[])?;
        }
        let kinds = self.arguments(&mut f.args)?;
        if matches!(name.as_str(), "sum" | "avg") {
            return self.sum_or_avg(e, &name, &kinds);
        }
        let gives = if let Some((_, engine, gives, over)) = SETS.iter().find(|(n, ..)| *n == name) {
            if *over && f.over.is_none() {
                let text = format!("window function {name} requires an OVER clause");
                return Err(SqlError::new("42P20", text).at(place));
            }
            f.name = ObjectName::from(vec![Ident::new(*engine)]);
            Some(*gives)
        } else {
            let fits = |least: usize, most: usize| kinds.len() >= least && kinds.len() <= most;
            let found = SCALAR.iter().find(|(n, _, least, most, _)| *n == name && fits(*least, *most));
            found.map(|(_, engine, _, _, gives)| {
                f.name = ObjectName::from(vec![Ident::new(*engine)]);
                *gives
            })
        };
        let Some(gives) = gives else {
            let types: Vec<&str> = kinds.iter().map(|t| t.name()).collect();
            let text = format!("function {name}({}) does not exist", types.join(", "));
            return Err(SqlError::new("42883", text)
                .hint("No function matches the given name and argument types. You might need to add explicit type casts.")
                .at(place));
        };
        self.finish(e, &name, gives, &kinds)
    }

    /// Result type of an ordinary function, and what its arguments still need.
    fn finish(&mut self, e: &mut Expr, name: &str, gives: Gives, kinds: &[Type]) -> Typed {
        let first = kinds.first().copied().unwrap_or(Type::Unknown);
        let Expr::Function(f) = e else { return Ok(first) };
        match name {
            "date_trunc" => {
                let kind = kinds.get(1).copied().unwrap_or(Type::TimestampTz);
                return Ok(if kind == Type::Timestamp { kind } else { Type::TimestampTz });
            }
            "abs" | "ceil" | "ceiling" | "floor" if first == Type::Double => return Ok(first),
            "concat" | "concat_ws" | "string_agg" => {
                for (arg, kind) in plain_arguments(&mut f.args).into_iter().zip(kinds) {
                    self.convert(arg, *kind, Type::Text)?;
                    if *kind == Type::Bool && name != "string_agg" {
                        // Here a boolean is printed and not cast.
                        *arg = call("substr", vec![take(arg), number(1), number(1)]);
                    }
                }
            }
            _ => {}
        }
        match gives {
            This(kind) => Ok(kind),
            First => Ok(if first == Type::Unknown { Type::Text } else { first }),
            Common => {
                let mut all = Type::Unknown;
                for kind in kinds {
                    all = all.unify(*kind).ok_or_else(|| {
                        let text = format!(
                            "{} types {} and {} cannot be matched",
                            name.to_uppercase(),
                            all.name(),
                            kind.name()
                        );
                        SqlError::new("42804", text)
                    })?;
                }
                for (arg, kind) in plain_arguments(&mut f.args).into_iter().zip(kinds) {
                    if *kind == Type::Unknown || all.is_day_or_stamp() {
                        self.convert(arg, *kind, all)?;
                    }
                }
                Ok(if all == Type::Unknown { Type::Text } else { all })
            }
        }
    }

    fn arguments(&mut self, args: &mut FunctionArguments) -> Result<Vec<Type>, SqlError> {
        if let FunctionArguments::List(list) = args {
            for clause in &mut list.clauses {
                match clause {
                    FunctionArgumentClause::OrderBy(order) => self.order(order, &[])?,
                    other => return Err(SqlError::unsupported(format!("the clause {other}"))),
                }
            }
        }
        let mut kinds = Vec::new();
        for arg in plain_arguments(args) {
            kinds.push(self.expr(arg)?);
        }
        Ok(kinds)
    }

    /// Functions whose arguments are not treated one like the other.
    fn shaped(&mut self, e: &mut Expr, name: &str) -> Option<Typed> {
        let Expr::Function(f) = e else { return None };
        let mut args: Vec<Expr> = plain_arguments(&mut f.args).into_iter().map(|a| a.clone()).collect();
        Some(match (name, args.as_mut_slice()) {
            ("date_part", [field, moment]) => {
                let field = super::expr::literal(field)?;
                let moment = take(moment);
                self.extract(e, &field, moment).map(|_| Type::Double)
            }
            ("round", [_] | [_, _]) => {
                let places = args.get(1).and_then(|p| p.to_string().parse::<i64>().ok());
                self.round(e, args, places)
            }
            ("age", [_]) => {
                let today = text(self.session.day());
                args.insert(0, today);
                self.age(e, args)
            }
            ("age", [_, _]) => self.age(e, args),
            ("pg_typeof", [value]) => {
                self.expr(value).map(|kind| *e = text(kind.name())).map(|()| Type::Text)
            }
            ("string_agg", [_, separator]) if is_distinct(&f.args) => {
                let separator = take(separator);
                self.joined_distinct(e, separator)
            }
            ("to_date", [value, _]) => {
                let mut value = take(value);
                self.expr(&mut value)
                    .map(|_| *e = call("pg_cast", vec![value, text("date")]))
                    .map(|()| Type::Date)
            }
            ("array_agg", [value]) => {
                let kind = self.expr(value);
                let list = call("string_agg", vec![take(value), text(",")]);
                *e = call("concat", vec![text("{"), list, text("}")]);
                kind.map(|_| Type::TextArray)
            }
            ("pg_sleep" | "pg_cancel_backend" | "pg_terminate_backend" | "pg_reload_conf", _) => {
                let kind = if name == "pg_sleep" { Type::Void } else { Type::Bool };
                *e = if name == "pg_sleep" { text("") } else { number(1) };
                Ok(kind)
            }
            _ => return None,
        })
    }

    /// `string_agg(DISTINCT …)`: the engine joins distinct values with a comma and nothing else, so each gets a mark
    /// behind it, and mark and comma are replaced together.
    fn joined_distinct(&mut self, e: &mut Expr, separator: Expr) -> Typed {
        let mark = || text("\u{1f}");
        let Expr::Function(f) = e else { return Ok(Type::Text) };
        f.name = ObjectName::from(vec![Ident::new("group_concat")]);
        if let FunctionArguments::List(list) = &mut f.args {
            list.args.truncate(1);
            // The order is that of the values, which is the only one that Postgres allows here.
            let ordered = !list.clauses.is_empty();
            list.clauses.clear();
            if let (Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(value))), true) =
                (list.args.first_mut(), ordered)
            {
                list.clauses.push(FunctionArgumentClause::OrderBy(vec![sqlparser::ast::OrderByExpr {
                    expr: value.clone(),
                    options: sqlparser::ast::OrderByOptions { sort: None, nulls_first: Some(false) },
                    with_fill: None,
                }]));
            }
        }
        let kinds = self.arguments(&mut f.args)?;
        for (value, kind) in plain_arguments(&mut f.args).into_iter().zip(kinds) {
            self.convert(value, kind, Type::Text)?;
            *value = Expr::BinaryOp {
                left: Box::new(take(value)),
                op: sqlparser::ast::BinaryOperator::StringConcat,
                right: Box::new(mark()),
            };
        }
        let joined = take(e);
        let replaced = call("replace", vec![joined, text("\u{1f},"), separator]);
        *e = call("rtrim", vec![replaced, mark()]);
        Ok(Type::Text)
    }

    fn round(&mut self, e: &mut Expr, mut args: Vec<Expr>, places: Option<i64>) -> Typed {
        let mut kind = Type::Unknown;
        for (i, arg) in args.iter_mut().enumerate() {
            let found = self.expr(arg)?;
            kind = if i == 0 { found } else { kind };
        }
        if kind == Type::Double && args.len() > 1 {
            return Err(SqlError::new("42883", "function round(double precision, integer) does not exist")
                .hint("No function matches the given name and argument types. You might need to add explicit type casts."));
        }
        let scale = match args.len() {
            1 => 0,
            _ => u32::try_from(places.unwrap_or(0).max(0)).unwrap_or(0),
        };
        *e = call("pg_round", args);
        Ok(if kind == Type::Double { kind } else { Type::Numeric(Some((0, scale))) })
    }

    fn age(&mut self, e: &mut Expr, mut args: Vec<Expr>) -> Typed {
        for arg in &mut args {
            let kind = self.expr(arg)?;
            self.convert(arg, kind, if kind == Type::Unknown { Type::Timestamp } else { kind })?;
        }
        *e = call("pg_age", args);
        Ok(Type::Interval)
    }

    /// `sum` of a numeric is rounded to its digits, since the engine adds reals; `avg` is a quotient of `sum` and
    /// `count`, since the engine's own would print other digits.
    fn sum_or_avg(&mut self, e: &mut Expr, name: &str, kinds: &[Type]) -> Typed {
        let [kind] = kinds else {
            return Err(SqlError::new("42883", format!("function {name}() does not exist")));
        };
        if !kind.is_number() {
            return Err(SqlError::new("42883", format!("function {name}({}) does not exist", kind.name()))
                .hint("No function matches the given name and argument types. You might need to add explicit type casts.")
                .at(e.span().start));
        }
        let renamed = |name: &str| {
            let mut copy = e.clone();
            if let Expr::Function(f) = &mut copy {
                f.name = ObjectName::from(vec![Ident::new(name)]);
            }
            copy
        };
        let (sum, count) = (renamed("sum"), renamed("count"));
        let kind = *kind;
        if name == "avg" {
            *e = call("pg_div", vec![sum, call("nullif", vec![count, number(0)])]);
            return Ok(if kind == Type::Double || kind == Type::Real {
                Type::Double
            } else {
                Type::Quotient
            });
        }
        Ok(match kind {
            Type::SmallInt | Type::Integer => Type::BigInt,
            Type::BigInt => Type::Numeric(Some((0, 0))),
            Type::Numeric(Some((_, scale))) => {
                *e = call("pg_round", vec![sum, number(scale)]);
                Type::Numeric(Some((0, scale)))
            }
            other => other,
        })
    }
}

fn is_distinct(args: &FunctionArguments) -> bool {
    matches!(args, FunctionArguments::List(list) if list.duplicate_treatment == Some(DuplicateTreatment::Distinct))
}

/// The arguments that are expressions.
pub(super) fn plain_arguments(args: &mut FunctionArguments) -> Vec<&mut Expr> {
    let FunctionArguments::List(list) = args else { return Vec::new() };
    if list.duplicate_treatment == Some(DuplicateTreatment::All) {
        list.duplicate_treatment = None;
    }
    let plain = list.args.iter_mut().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(e), .. } => Some(e),
        _ => None,
    });
    plain.collect()
}
