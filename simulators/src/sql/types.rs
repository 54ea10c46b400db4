//! Postgres types: what a declared name means, how a value of it is printed.
//!
//! The engine underneath keeps integers, reals and texts. The type beside a column is what turns a stored `1` into
//! `t`, `12.5` into `12.5000`, and decides on which side a column is aligned.

use serde_json::Value;

use super::decimal;

/// A Postgres type, as far as the simulation tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// `boolean`, kept as 0 and 1.
    Bool,
    /// `smallint`.
    SmallInt,
    /// `integer`.
    Integer,
    /// `bigint`.
    BigInt,
    /// `real`.
    Real,
    /// `double precision`.
    Double,
    /// `numeric`: precision (0 if not declared) and scale, where they are known.
    Numeric(Option<(u32, u32)>),
    /// The result of dividing numerics; its scale depends on the value.
    Quotient,
    /// `text`.
    Text,
    /// `character varying`.
    Varchar(Option<u32>),
    /// `character`.
    Char(u32),
    /// `name`, the type of identifiers.
    Name,
    /// `date`, kept as `YYYY-MM-DD`.
    Date,
    /// `time without time zone`.
    Time,
    /// `timestamp without time zone`, kept as `YYYY-MM-DD HH:MM:SS`.
    Timestamp,
    /// `timestamp with time zone`, kept in UTC as a timestamp.
    TimestampTz,
    /// `interval`, kept as Postgres prints it.
    Interval,
    /// `json`.
    Json,
    /// `jsonb`.
    Jsonb,
    /// `uuid`.
    Uuid,
    /// `bytea`.
    Bytea,
    /// `inet`.
    Inet,
    /// `oid`.
    Oid,
    /// `text[]`.
    TextArray,
    /// `void`, what `pg_sleep` returns.
    Void,
    /// A literal whose type its surroundings decide.
    Unknown,
}

/// Names without parameters; the first of each type is the one that Postgres prints.
const NAMES: &[(&str, Type)] = &[
    ("boolean", Type::Bool),
    ("bool", Type::Bool),
    ("smallint", Type::SmallInt),
    ("int2", Type::SmallInt),
    ("smallserial", Type::SmallInt),
    ("integer", Type::Integer),
    ("int", Type::Integer),
    ("int4", Type::Integer),
    ("serial", Type::Integer),
    ("bigint", Type::BigInt),
    ("int8", Type::BigInt),
    ("bigserial", Type::BigInt),
    ("real", Type::Real),
    ("float4", Type::Real),
    ("double precision", Type::Double),
    ("double", Type::Double),
    ("float8", Type::Double),
    ("float", Type::Double),
    ("numeric", Type::Numeric(None)),
    ("decimal", Type::Numeric(None)),
    ("numeric", Type::Quotient),
    ("text", Type::Text),
    ("character varying", Type::Varchar(None)),
    ("varchar", Type::Varchar(None)),
    ("character", Type::Char(1)),
    ("char", Type::Char(1)),
    ("bpchar", Type::Char(1)),
    ("name", Type::Name),
    ("date", Type::Date),
    ("time without time zone", Type::Time),
    ("time", Type::Time),
    ("timestamp without time zone", Type::Timestamp),
    ("timestamp", Type::Timestamp),
    ("timestamp with time zone", Type::TimestampTz),
    ("timestamptz", Type::TimestampTz),
    ("interval", Type::Interval),
    ("json", Type::Json),
    ("jsonb", Type::Jsonb),
    ("uuid", Type::Uuid),
    ("bytea", Type::Bytea),
    ("blob", Type::Bytea),
    ("inet", Type::Inet),
    ("oid", Type::Oid),
    ("regclass", Type::Text),
    ("text[]", Type::TextArray),
    ("void", Type::Void),
    ("unknown", Type::Unknown),
];

impl Type {
    /// The type that a declared name means, such as `varchar(12)` or `timestamptz`.
    pub fn parse(declared: &str) -> Option<Self> {
        let lower = declared.trim().to_ascii_lowercase();
        let (base, arguments) = match lower.split_once('(') {
            Some((before, rest)) => {
                let (inside, after) = rest.split_once(')')?;
                (format!("{}{}", before.trim(), after), inside.to_owned())
            }
            None => (lower, String::new()),
        };
        let found = NAMES.iter().find(|(name, _)| *name == base)?.1;
        let mut numbers = arguments.split(',').filter_map(|n| n.trim().parse::<u32>().ok());
        let first = numbers.next();
        Some(match (found, first) {
            (Self::Numeric(_), Some(precision)) => {
                Self::Numeric(Some((precision, numbers.next().unwrap_or(0))))
            }
            (Self::Varchar(_), length) => Self::Varchar(length),
            (Self::Char(_), Some(length)) => Self::Char(length),
            (other, _) => other,
        })
    }

    /// The name without parameters, as error messages have it.
    pub fn name(self) -> &'static str {
        let same = |other: Self| match (self, other) {
            (Self::Numeric(_), Self::Numeric(_)) | (Self::Varchar(_), Self::Varchar(_)) => true,
            (Self::Char(_), Self::Char(_)) => true,
            (a, b) => a == b,
        };
        NAMES.iter().find(|(_, t)| same(*t)).map_or("text", |(name, _)| name)
    }

    /// The name with parameters, as `\d` has it.
    pub fn full_name(self) -> String {
        match self {
            Self::Numeric(Some((precision, scale))) if precision > 0 => {
                format!("numeric({precision},{scale})")
            }
            Self::Varchar(Some(length)) => format!("character varying({length})"),
            Self::Char(length) => format!("character({length})"),
            other => other.name().to_owned(),
        }
    }

    /// The name from which [`Type::parse`] reads the same type, a scale without a precision too.
    pub fn code(self) -> String {
        match self {
            Self::Numeric(Some((precision, scale))) => format!("numeric({precision},{scale})"),
            other => other.full_name(),
        }
    }

    /// Columns of it stand to the right in `psql`.
    pub fn is_right_aligned(self) -> bool {
        self.is_number() || matches!(self, Self::Oid)
    }

    /// It can be calculated with.
    pub fn is_number(self) -> bool {
        self.is_whole() || self.is_numeric() || matches!(self, Self::Real | Self::Double)
    }

    /// It is one of the integers.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::SmallInt | Self::Integer | Self::BigInt)
    }

    /// It is an exact decimal.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Numeric(_) | Self::Quotient)
    }

    /// It is a text of some sort.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Varchar(_) | Self::Char(_) | Self::Name)
    }

    /// It is a date or a timestamp.
    pub fn is_day_or_stamp(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampTz)
    }

    /// How many digits stand behind the point, where that is known.
    pub fn scale(self) -> Option<u32> {
        match self {
            Self::Numeric(Some((_, scale))) => Some(scale),
            whole if whole.is_whole() => Some(0),
            _ => None,
        }
    }

    /// The type that both can be brought to; `None` if there is none.
    pub fn unify(self, other: Self) -> Option<Self> {
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Self::Unknown, b) => Some(b),
            (a, Self::Unknown) => Some(a),
            (a, b) if a.is_number() && b.is_number() => Some(a.wider(b)),
            (a, b) if a.is_text() && b.is_text() => Some(Self::Text),
            (a, b) if a.is_day_or_stamp() && b.is_day_or_stamp() => {
                let zoned = a == Self::TimestampTz || b == Self::TimestampTz;
                Some(if zoned { Self::TimestampTz } else { Self::Timestamp })
            }
            (Self::Json | Self::Jsonb, Self::Json | Self::Jsonb) => Some(Self::Jsonb),
            _ => None,
        }
    }

    /// Of two number types, the one that holds both.
    fn wider(self, other: Self) -> Self {
        let rank = |t: Self| match t {
            Self::SmallInt => 0,
            Self::Integer => 1,
            Self::BigInt => 2,
            Self::Numeric(_) | Self::Quotient => 3,
            Self::Real => 4,
            _ => 5,
        };
        if let (Self::Numeric(Some((_, a))), Self::Numeric(Some((_, b)))) = (self, other) {
            return Self::Numeric(Some((0, a.max(b))));
        }
        if self.is_numeric() && other.is_numeric() {
            return Self::Numeric(None);
        }
        if rank(self) >= rank(other) { self } else { other }
    }

    /// The value as Postgres sends it: a text, or nothing for NULL.
    pub fn print(self, value: &Value) -> Option<String> {
        Some(match (self, value) {
            (_, Value::Null) => return None,
            (Self::Bool, Value::Number(n)) => if n.as_f64() == Some(0.0) { "f" } else { "t" }.to_owned(),
            (Self::Bool, Value::Bool(b)) => if *b { "t" } else { "f" }.to_owned(),
            (Self::Numeric(Some((_, scale))), Value::Number(n)) => {
                decimal::fixed(n.as_f64().unwrap_or(0.0), scale)
            }
            (Self::Quotient, Value::Number(n)) => decimal::quotient(n.as_f64().unwrap_or(0.0)),
            (Self::Char(length), Value::String(s)) => padded(s, length as usize),
            (Self::TimestampTz, Value::String(s)) => format!("{s}+00"),
            (_, Value::String(s)) => s.clone(),
            (_, Value::Number(n)) => n
                .as_i64()
                .map_or_else(|| decimal::plain(n.as_f64().unwrap_or(0.0)), |whole| whole.to_string()),
            (_, other) => other.to_string(),
        })
    }
}

/// Characters of a `char(n)`, as in Postgres.
const CHAR_MAX: usize = 10_485_760;

/// With spaces behind it. Not by way of formatting, which takes no width above 65,535 and panics.
fn padded(text: &str, width: usize) -> String {
    let missing = width.min(CHAR_MAX).saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_declared_names_as_postgres_does() {
        let full = |declared: &str| Type::parse(declared).map(Type::full_name);
        let expect =
            |declared: &str, name: &str| assert_eq!(full(declared).as_deref(), Some(name), "{declared}");
        expect("VARCHAR(12)", "character varying(12)");
        expect("numeric(12, 4)", "numeric(12,4)");
        expect("decimal(5)", "numeric(5,0)");
        expect("timestamp(6) with time zone", "timestamp with time zone");
        expect("int8", "bigint");
        assert_eq!(full("sandwich"), None);
    }

    #[test]
    fn prints_values_by_their_type() {
        let print = |t: Type, v: Value| t.print(&v).unwrap();
        assert_eq!(print(Type::Bool, 1.into()), "t");
        assert_eq!(print(Type::Numeric(Some((12, 4))), 12.5.into()), "12.5000");
        assert_eq!(print(Type::Numeric(Some((12, 4))), 5.into()), "5.0000");
        assert_eq!(print(Type::TimestampTz, "2025-12-15 01:40:00".into()), "2025-12-15 01:40:00+00");
        assert_eq!(Type::Text.print(&Value::Null), None);
    }
}
