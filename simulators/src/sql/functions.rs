//! Functions that the engine lacks, written here and registered under names beginning with `pg_`.
//!
//! No statement of an agent names them: the rewrite does, after it has resolved names and types. All are strict:
//! NULL in, NULL out.

use std::sync::atomic::{AtomicU64, Ordering};

use regex_lite::RegexBuilder;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Cell, ValueRef};

use super::Session;
use super::casts;
use super::decimal;
use super::error::SqlError;
use super::times::{self, Interval};
use super::to_char;

/// A function's arguments, none of them NULL.
pub(super) struct Args<'c, 'd>(&'c Context<'d>);

/// What a function gives.
pub(super) type Given = Result<Cell, SqlError>;

impl Args<'_, '_> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The argument as a text.
    pub(super) fn text(&self, i: usize) -> String {
        match self.0.get_raw(i) {
            ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
            ValueRef::Integer(n) => n.to_string(),
            ValueRef::Real(r) => decimal::plain(r),
            ValueRef::Null | ValueRef::Blob(_) => String::new(),
        }
    }

    /// The argument as a number.
    pub(super) fn number(&self, i: usize) -> f64 {
        match self.0.get_raw(i) {
            ValueRef::Integer(n) => n as f64,
            ValueRef::Real(r) => r,
            _ => self.text(i).trim().parse().unwrap_or(0.0),
        }
    }

    /// The argument as a whole number.
    pub(super) fn whole(&self, i: usize) -> i64 {
        match self.0.get_raw(i) {
            ValueRef::Integer(n) => n,
            _ => self.number(i) as i64,
        }
    }

    /// The argument is kept as an integer.
    pub(super) fn is_whole(&self, i: usize) -> bool {
        matches!(self.0.get_raw(i), ValueRef::Integer(_))
    }

    /// The argument is a text.
    pub(super) fn is_text(&self, i: usize) -> bool {
        matches!(self.0.get_raw(i), ValueRef::Text(_))
    }

    /// The argument as a moment.
    pub(super) fn moment(&self, i: usize) -> Result<jiff::civil::DateTime, SqlError> {
        let text = self.text(i);
        times::stamp(&text).ok_or_else(|| casts::invalid("timestamp", &text, "22007"))
    }

    /// The argument as an interval.
    pub(super) fn interval(&self, i: usize) -> Result<Interval, SqlError> {
        let text = self.text(i);
        Interval::parse(&text).ok_or_else(|| casts::invalid("interval", &text, "22007"))
    }
}

type Body = fn(&Args<'_, '_>) -> Given;

/// Name, number of arguments (-1: any), what it does.
const FUNCTIONS: &[(&str, i32, Body)] = &[
    ("pg_div", 2, |a| divide(a, a.number(0) / a.number(1))),
    ("pg_idiv", 2, |a| nonzero(a).map(|()| Cell::Integer(a.whole(0).wrapping_div(a.whole(1))))),
    ("pg_mod", 2, |a| {
        nonzero(a)?;
        let whole = a.is_whole(0) && a.is_whole(1);
        Ok(if whole {
            Cell::Integer(a.whole(0).wrapping_rem(a.whole(1)))
        } else {
            Cell::Real(a.number(0) % a.number(1))
        })
    }),
    ("pg_round", -1, |a| Ok(Cell::Real(decimal::round(a.number(0), places(a))))),
    ("pg_trunc", -1, |a| Ok(Cell::Real(decimal::cut(a.number(0), places(a))))),
    ("pg_ceil", 1, |a| Ok(Cell::Real(a.number(0).ceil()))),
    ("pg_floor", 1, |a| Ok(Cell::Real(a.number(0).floor()))),
    ("pg_power", 2, |a| Ok(Cell::Real(a.number(0).powf(a.number(1))))),
    ("pg_sqrt", 1, |a| Ok(Cell::Real(a.number(0).sqrt()))),
    ("pg_ln", 1, |a| Ok(Cell::Real(a.number(0).ln()))),
    ("pg_exp", 1, |a| Ok(Cell::Real(a.number(0).exp()))),
    ("pg_like", -1, |a| like(a, false)),
    ("pg_ilike", -1, |a| like(a, true)),
    ("pg_regex", 2, |a| matches(a, false)),
    ("pg_iregex", 2, |a| matches(a, true)),
    ("pg_regexp_replace", -1, regexp_replace),
    ("pg_cast", 2, |a| casts::cast(a)),
    ("pg_text", 2, |a| casts::text(a)),
    ("pg_plus", 2, |a| moved(a, a.interval(1)?)),
    ("pg_minus", 2, |a| moved(a, a.interval(1)?.negated())),
    ("pg_between", 2, |a| written(times::between(a.moment(0)?, a.moment(1)?))),
    ("pg_days", 2, |a| Ok(Cell::Integer(times::between(a.moment(0)?, a.moment(1)?).days))),
    ("pg_add_days", 2, add_days),
    ("pg_age", 2, |a| written(times::age(a.moment(0)?, a.moment(1)?))),
    ("pg_interval_plus", 2, |a| written(a.interval(0)?.plus(a.interval(1)?))),
    ("pg_interval_minus", 2, |a| written(a.interval(0)?.plus(a.interval(1)?.negated()))),
    ("pg_interval_times", 2, |a| written(a.interval(0)?.times(a.number(1)))),
    ("pg_seconds", 1, |a| Ok(Cell::Real(a.interval(0)?.seconds()))),
    ("pg_date_trunc", 2, |a| {
        let cut = times::truncate(&a.text(0), a.moment(1)?).ok_or_else(|| unit(&a.text(0)))?;
        Ok(Cell::Text(times::write(cut)))
    }),
    ("pg_part", 2, |a| {
        let field = a.text(0);
        times::part(&field, a.moment(1)?).map(Cell::Real).ok_or_else(|| unit(&field))
    }),
    ("pg_interval_part", 2, |a| {
        let field = a.text(0);
        times::interval_part(&field, a.interval(1)?).map(Cell::Real).ok_or_else(|| unit(&field))
    }),
    ("pg_to_char", 2, |a| {
        let pattern = a.text(1);
        Ok(Cell::Text(if a.is_text(0) {
            to_char::moment(a.moment(0)?, &pattern)
        } else {
            to_char::number(a.number(0), &pattern)
        }))
    }),
    ("pg_to_timestamp", 1, |a| {
        let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let micros = (a.number(0) * 1e6).round() as i64;
        let moment = times::plus(epoch, Interval { micros, ..Interval::default() });
        moment
            .map(|m| Cell::Text(times::write(m)))
            .ok_or_else(|| SqlError::new("22008", "timestamp out of range"))
    }),
    ("pg_initcap", 1, |a| Ok(Cell::Text(initcap(&a.text(0))))),
    ("pg_reverse", 1, |a| Ok(Cell::Text(a.text(0).chars().rev().collect()))),
    ("pg_repeat", 2, repeat),
    ("pg_left", 2, |a| Ok(Cell::Text(sided(&a.text(0), a.whole(1), true)))),
    ("pg_right", 2, |a| Ok(Cell::Text(sided(&a.text(0), a.whole(1), false)))),
    ("pg_lpad", -1, |a| padded(a, true)),
    ("pg_rpad", -1, |a| padded(a, false)),
    ("pg_split_part", 3, split_part),
    ("pg_size_pretty", 1, |a| Ok(Cell::Text(size_pretty(a.whole(0))))),
];

/// Registers all functions, those that tell the time with the session's.
pub(super) fn register(connection: &Connection, session: &Session) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    for (name, arguments, body) in FUNCTIONS {
        connection.create_scalar_function(*name, *arguments, flags, move |context| call(context, *body))?;
    }
    register_clock(connection, session)?;
    register_chance(connection, session)
}

fn call(context: &Context<'_>, body: Body) -> rusqlite::Result<Cell> {
    if (0..context.len()).any(|i| context.get_raw(i) == ValueRef::Null) {
        return Ok(Cell::Null);
    }
    body(&Args(context))
        .map_err(|e| rusqlite::Error::UserFunctionError(format!("pg:{}:{}", e.state, e.message).into()))
}

/// Defaults of columns call these when a row is inserted, long after the rewrite.
fn register_clock(connection: &Connection, session: &Session) -> rusqlite::Result<()> {
    let now = session.stamp();
    let (day, time) = now.split_once(' ').unwrap_or((&now, ""));
    let told = [
        ("now", now.clone()),
        ("current_timestamp", now.clone()),
        ("current_date", day.to_owned()),
        ("current_time", time.to_owned()),
    ];
    for (name, text) in told {
        connection.create_scalar_function(name, 0, FunctionFlags::SQLITE_UTF8, move |_| Ok(text.clone()))?;
    }
    let day = day.to_owned();
    connection.create_scalar_function("date", 0, FunctionFlags::SQLITE_UTF8, move |_| Ok(day.clone()))?;
    connection.create_scalar_function("datetime", 0, FunctionFlags::SQLITE_UTF8, move |_| Ok(now.clone()))
}

/// Chance that is the same for the same question at the same virtual time (splitmix64).
fn register_chance(connection: &Connection, session: &Session) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8;
    let state = std::sync::Arc::new(AtomicU64::new(session.now.unix().unsigned_abs()));
    let draw = move || {
        let mut z =
            state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let next = draw.clone();
    connection.create_scalar_function("pg_random", 0, flags, move |_| {
        Ok((next() >> 11) as f64 / (1_u64 << 53) as f64)
    })?;
    let next = draw.clone();
    connection.create_scalar_function("random", 0, flags, move |_| Ok(next() as i64))?;
    connection.create_scalar_function("pg_uuid", 0, flags, move |_| {
        let (a, b) = (draw(), draw());
        let (low, high) = (a & 0xfff, 0x8000 | (b >> 48 & 0x3fff));
        Ok(format!(
            "{:08x}-{:04x}-4{low:03x}-{high:04x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            b & 0xffff_ffff_ffff
        ))
    })
}

fn nonzero(a: &Args<'_, '_>) -> Result<(), SqlError> {
    if a.number(1) == 0.0 { Err(SqlError::new("22012", "division by zero")) } else { Ok(()) }
}

fn divide(a: &Args<'_, '_>, quotient: f64) -> Given {
    nonzero(a).map(|()| Cell::Real(quotient))
}

fn places(a: &Args<'_, '_>) -> i64 {
    if a.len() > 1 { a.whole(1) } else { 0 }
}

fn unit(name: &str) -> SqlError {
    SqlError::new("22023", format!("unit \"{name}\" not recognized for type timestamp without time zone"))
}

fn written(interval: Interval) -> Given {
    Ok(Cell::Text(interval.write()))
}

fn moved(a: &Args<'_, '_>, by: Interval) -> Given {
    let moment = times::plus(a.moment(0)?, by);
    moment
        .map(|m| Cell::Text(times::write(m)))
        .ok_or_else(|| SqlError::new("22008", "timestamp out of range"))
}

fn add_days(a: &Args<'_, '_>) -> Given {
    let by = Interval { days: a.whole(1), ..Interval::default() };
    let moment = times::plus(a.moment(0)?, by).ok_or_else(|| SqlError::new("22008", "date out of range"))?;
    Ok(Cell::Text(moment.date().to_string()))
}

/// `LIKE` by walking pattern and text together; `%` is retried from its last place, so the work is bounded.
fn like(a: &Args<'_, '_>, fold: bool) -> Given {
    let escape = if a.len() > 2 { a.text(2).chars().next() } else { Some('\\') };
    let fold_case = |s: String| if fold { s.to_lowercase() } else { s };
    let text: Vec<char> = fold_case(a.text(0)).chars().collect();
    let pattern = like_pattern(&fold_case(a.text(1)), escape);
    let (mut t, mut p) = (0_usize, 0_usize);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(here) = text.get(t) {
        match pattern.get(p) {
            Some(Part::Many) => {
                retry = Some((p, t));
                p = p.saturating_add(1);
                continue;
            }
            Some(Part::One) => {}
            Some(Part::Exactly(c)) if c == here => {}
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from.saturating_add(1)));
                    (p, t) = (star.saturating_add(1), from.saturating_add(1));
                    continue;
                }
                None => return Ok(Cell::Integer(0)),
            },
        }
        (p, t) = (p.saturating_add(1), t.saturating_add(1));
    }
    let rest = pattern.iter().skip(p).all(|part| matches!(part, Part::Many));
    Ok(Cell::Integer(i64::from(rest)))
}

enum Part {
    Many,
    One,
    Exactly(char),
}

fn like_pattern(pattern: &str, escape: Option<char>) -> Vec<Part> {
    let mut chars = pattern.chars();
    let mut parts = Vec::new();
    while let Some(c) = chars.next() {
        parts.push(match c {
            c if Some(c) == escape => Part::Exactly(chars.next().unwrap_or(c)),
            '%' => Part::Many,
            '_' => Part::One,
            c => Part::Exactly(c),
        });
    }
    parts
}

fn regex(pattern: &str, fold: bool) -> Result<regex_lite::Regex, SqlError> {
    RegexBuilder::new(pattern).case_insensitive(fold).build().map_err(|_| {
        SqlError::new("2201B", "invalid regular expression: quantifier operand or bracket is wrong")
    })
}

fn matches(a: &Args<'_, '_>, fold: bool) -> Given {
    Ok(Cell::Integer(i64::from(regex(&a.text(1), fold)?.is_match(&a.text(0)))))
}

fn regexp_replace(a: &Args<'_, '_>) -> Given {
    let flags = if a.len() > 3 { a.text(3) } else { String::new() };
    let pattern = regex(&a.text(1), flags.contains('i'))?;
    let mut with = a.text(2).replace('$', "$$");
    for digit in 1..=9 {
        with = with.replace(&format!("\\{digit}"), &format!("${{{digit}}}"));
    }
    let with = with.replace("\\&", "${0}");
    let text = a.text(0);
    let replaced =
        if flags.contains('g') { pattern.replace_all(&text, &with) } else { pattern.replace(&text, &with) };
    Ok(Cell::Text(replaced.into_owned()))
}

fn initcap(text: &str) -> String {
    let mut inside = false;
    let cased = text.chars().map(|c| {
        let upper = !inside && c.is_alphanumeric();
        inside = c.is_alphanumeric();
        if upper { c.to_uppercase().to_string() } else { c.to_lowercase().to_string() }
    });
    cased.collect()
}

/// The first or last `count` characters; a negative count leaves that many off on the other side.
fn sided(text: &str, count: i64, from_left: bool) -> String {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let kept = if count < 0 { length.saturating_add(count).max(0) } else { count.min(length) };
    let (kept, skipped) = (kept as usize, length.saturating_sub(kept) as usize);
    if from_left { text.chars().take(kept).collect() } else { text.chars().skip(skipped).collect() }
}

fn repeat(a: &Args<'_, '_>) -> Given {
    let (text, times) = (a.text(0), a.whole(1).max(0) as usize);
    if text.len().saturating_mul(times) > 1 << 20 {
        return Err(SqlError::new("54000", "requested length too large"));
    }
    Ok(Cell::Text(text.repeat(times)))
}

fn padded(a: &Args<'_, '_>, left: bool) -> Given {
    let (text, width) = (a.text(0), a.whole(1).clamp(0, 1 << 16) as usize);
    let fill: Vec<char> = if a.len() > 2 { a.text(2).chars().collect() } else { vec![' '] };
    let length = text.chars().count();
    let padding: String = fill.iter().cycle().take(width.saturating_sub(length)).collect();
    let kept: String = text.chars().take(width).collect();
    Ok(Cell::Text(if left { padding + &kept } else { kept + &padding }))
}

fn split_part(a: &Args<'_, '_>) -> Given {
    let (text, by, n) = (a.text(0), a.text(1), a.whole(2));
    let parts: Vec<&str> = if by.is_empty() { vec![&text] } else { text.split(by.as_str()).collect() };
    let place = match n {
        0 => return Err(SqlError::new("22023", "field position must not be zero")),
        n if n > 0 => (n as usize).checked_sub(1),
        n => parts.len().checked_sub(n.unsigned_abs() as usize),
    };
    let part = place.and_then(|i| parts.get(i)).copied().unwrap_or("");
    Ok(Cell::Text(part.to_owned()))
}

/// A size in bytes as `pg_size_pretty` writes it.
pub(super) fn size_pretty(bytes: i64) -> String {
    let mut size = bytes;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size.abs() < 10_240 {
            return format!("{size} {unit}");
        }
        size = size.saturating_add(512) / 1024;
    }
    format!("{size} TB")
}
