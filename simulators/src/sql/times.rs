//! Dates, timestamps and intervals as texts: reading, writing, calculating.
//!
//! A timestamp is kept as `YYYY-MM-DD HH:MM:SS` in UTC, so that comparing texts compares times.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};

/// A length of time as Postgres keeps it: months and days are not turned into seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Interval {
    /// Months, years included.
    pub months: i64,
    /// Days, weeks included.
    pub days: i64,
    /// Microseconds.
    pub micros: i64,
}

const SECOND: i64 = 1_000_000;

/// Units of an interval: name, months, days, microseconds.
const UNITS: &[(&str, i64, i64, i64)] = &[
    ("century", 1200, 0, 0),
    ("decade", 120, 0, 0),
    ("year", 12, 0, 0),
    ("yr", 12, 0, 0),
    ("y", 12, 0, 0),
    ("quarter", 3, 0, 0),
    ("month", 1, 0, 0),
    ("mon", 1, 0, 0),
    ("week", 0, 7, 0),
    ("w", 0, 7, 0),
    ("day", 0, 1, 0),
    ("d", 0, 1, 0),
    ("hour", 0, 0, 3600 * SECOND),
    ("hr", 0, 0, 3600 * SECOND),
    ("h", 0, 0, 3600 * SECOND),
    ("minute", 0, 0, 60 * SECOND),
    ("min", 0, 0, 60 * SECOND),
    ("m", 0, 0, 60 * SECOND),
    ("second", 0, 0, SECOND),
    ("sec", 0, 0, SECOND),
    ("s", 0, 0, SECOND),
    ("millisecond", 0, 0, 1000),
    ("microsecond", 0, 0, 1),
];

/// Reads `2025-12-15`, `2025-12-15 01:40`, `2025-12-15T01:40:00.5Z`, `2025-12-15 09:40:00+08`; an offset is taken off.
pub fn stamp(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let (day, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at..)?.get(1..)?.trim()),
        None => (text, ""),
    };
    let date = day_only(day)?;
    if rest.is_empty() {
        return Some(date.at(0, 0, 0, 0));
    }
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => (rest.get(..at)?.trim(), rest.get(at..)?),
        None => (rest, ""),
    };
    let moment = date.to_datetime(time(clock)?);
    moment.checked_sub(offset_minutes(offset)?.minutes()).ok()
}

fn day_only(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn offset_minutes(text: &str) -> Option<i64> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(pair) => pair,
        None => digits.split_at_checked(2.min(digits.len()))?,
    };
    let minutes: i64 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    let total = hours.parse::<i64>().ok()?.checked_mul(60)?.checked_add(minutes)?;
    Some(if sign == "-" { -total } else { total })
}

fn time(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let seconds = parts.next().unwrap_or("0");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let nanos: i32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Time::new(hour, minute, whole.parse().ok()?, nanos / 1000 * 1000).ok()
}

/// As it is kept and printed: seconds, and a fraction only where there is one.
pub fn write(moment: DateTime) -> String {
    let (date, time) = (moment.date(), moment.time());
    let fraction = fraction(i64::from(time.subsec_nanosecond()) / 1000);
    format!("{date} {:02}:{:02}:{:02}{fraction}", time.hour(), time.minute(), time.second())
}

fn fraction(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    let digits = format!("{micros:06}");
    format!(".{}", digits.trim_end_matches('0'))
}

impl Interval {
    /// Reads `7 days`, `-1 month`, `1 year 2 mons 03:04:05`, `2 hours ago`.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let (body, ago) = match lower.strip_suffix("ago") {
            Some(body) => (body.trim().to_owned(), true),
            None => (lower, false),
        };
        let spaced = body.strip_prefix('@').unwrap_or(&body).replace(',', " ");
        let mut sum = Self::default();
        let mut words = spaced.split_whitespace();
        let mut any = false;
        while let Some(word) = words.next() {
            any = true;
            sum = sum.plus(Self::term(word, &mut words)?);
        }
        any.then_some(if ago { sum.negated() } else { sum })
    }

    /// One term: a clock time, or a number with its unit in the same word or the next.
    fn term<'t>(word: &'t str, rest: &mut impl Iterator<Item = &'t str>) -> Option<Self> {
        if word.contains(':') {
            return Self::clock(word);
        }
        let end = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
        let (number, glued) = word.split_at_checked(end)?;
        let unit = if glued.is_empty() { rest.next().unwrap_or("seconds") } else { glued };
        Self::of(number.parse().ok()?, unit)
    }

    fn clock(word: &str) -> Option<Self> {
        let (sign, digits) = match word.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, word.strip_prefix('+').unwrap_or(word)),
        };
        let (hours, rest) = digits.split_once(':')?;
        let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
        let seconds: f64 = seconds.parse().ok()?;
        let whole = hours.parse::<i64>().ok()?.checked_mul(3600)?;
        let whole = whole.checked_add(minutes.parse::<i64>().ok()?.checked_mul(60)?)?;
        let micros = whole.checked_mul(SECOND)?.checked_add((seconds * 1e6).round() as i64)?;
        Some(Self { micros: sign * micros, ..Self::default() })
    }

    /// So many of a unit; the broken part of days and smaller units is carried down.
    pub fn of(amount: f64, unit: &str) -> Option<Self> {
        let lower = unit.to_ascii_lowercase();
        let known = |name: &str| UNITS.iter().find(|(unit, ..)| *unit == name);
        let singular = match lower.as_str() {
            "centuries" => Some("century"),
            other => other.strip_suffix('s'),
        };
        let (_, months, days, micros) = known(&lower).or_else(|| known(singular?))?;
        let scaled = |per: i64| amount * per as f64;
        let whole_days = scaled(*days).trunc();
        let spill = (scaled(*days) - whole_days) * 86_400e6;
        Some(Self {
            months: scaled(*months).trunc() as i64,
            days: whole_days as i64,
            micros: (scaled(*micros) + spill).round() as i64,
        })
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            months: self.months.saturating_add(other.months),
            days: self.days.saturating_add(other.days),
            micros: self.micros.saturating_add(other.micros),
        }
    }

    /// The other way.
    pub fn negated(self) -> Self {
        self.times(-1.0)
    }

    /// So many times as long.
    pub fn times(self, factor: f64) -> Self {
        let scaled = |n: i64| n as f64 * factor;
        let days = scaled(self.days).trunc();
        Self {
            months: scaled(self.months).trunc() as i64,
            days: days as i64,
            micros: (scaled(self.micros) + (scaled(self.days) - days) * 86_400e6).round() as i64,
        }
    }

    /// Seconds, a month as thirty days.
    pub fn seconds(self) -> f64 {
        let days = self.months.saturating_mul(30).saturating_add(self.days);
        days as f64 * 86_400.0 + self.micros as f64 / 1e6
    }

    /// As Postgres prints it.
    pub fn write(self) -> String {
        let (years, months) = (self.months / 12, self.months % 12);
        let mut words = Vec::new();
        for (count, name) in [(years, "year"), (months, "mon"), (self.days, "day")] {
            if count != 0 {
                words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
            }
        }
        if self.micros != 0 || words.is_empty() {
            let size = self.micros.unsigned_abs() as i64;
            let sign = if self.micros < 0 { "-" } else { "" };
            let seconds = size / SECOND;
            let (hours, minutes, left) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            words.push(format!("{sign}{hours:02}:{minutes:02}:{left:02}{}", fraction(size % SECOND)));
        }
        words.join(" ")
    }
}

/// The moment so much later; the day is clamped to the month's length.
pub fn plus(moment: DateTime, by: Interval) -> Option<DateTime> {
    let span = |build: fn(i64) -> Result<Span, jiff::Error>, n| build(n).ok();
    let months = span(|n| Span::new().try_months(n), by.months)?;
    let days = span(|n| Span::new().try_days(n), by.days)?;
    let micros = span(|n| Span::new().try_microseconds(n), by.micros)?;
    let moment = moment.checked_add(months).ok()?.checked_add(days).ok()?;
    moment.checked_add(micros).ok()
}

/// Days and clock time from `earlier` to `later`.
pub fn between(later: DateTime, earlier: DateTime) -> Interval {
    let micros = micros(later).saturating_sub(micros(earlier));
    Interval { months: 0, days: micros / (86_400 * SECOND), micros: micros % (86_400 * SECOND) }
}

/// Microseconds since 1970.
pub fn micros(moment: DateTime) -> i64 {
    moment.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_microsecond())
}

/// Years, months, days and clock time from `earlier` to `later`, as `age` counts them.
pub fn age(later: DateTime, earlier: DateTime) -> Interval {
    if later < earlier {
        return age(earlier, later).negated();
    }
    let month_of = |m: DateTime| i64::from(m.year()).saturating_mul(12).saturating_add(i64::from(m.month()));
    let mut months = month_of(later).saturating_sub(month_of(earlier));
    let after = |n| plus(earlier, Interval { months: n, ..Interval::default() });
    while months > 0 && after(months).is_none_or(|moment| moment > later) {
        months = months.saturating_sub(1);
    }
    let rest = between(later, after(months).unwrap_or(earlier));
    Interval { months, ..rest }
}

/// The start of the unit that the moment lies in.
pub fn truncate(field: &str, moment: DateTime) -> Option<DateTime> {
    let date = moment.date();
    let midnight = |d: Date| d.at(0, 0, 0, 0);
    let (hour, minute, second) = (moment.hour(), moment.minute(), moment.second());
    Some(match field.to_ascii_lowercase().trim_end_matches('s') {
        "year" => midnight(date.first_of_year()),
        "quarter" => {
            let month = (date.month() - 1) / 3 * 3 + 1;
            midnight(Date::new(date.year(), month, 1).ok()?)
        }
        "month" => midnight(date.first_of_month()),
        "week" => {
            let back = i64::from(date.weekday().to_monday_zero_offset());
            midnight(date.checked_sub(back.days()).ok()?)
        }
        "day" => midnight(date),
        "hour" => date.at(hour, 0, 0, 0),
        "minute" => date.at(hour, minute, 0, 0),
        "second" => date.at(hour, minute, second, 0),
        _ => return None,
    })
}

/// A field of the moment, as `extract` gives it.
pub fn part(field: &str, moment: DateTime) -> Option<f64> {
    let date = moment.date();
    Some(match field.to_ascii_lowercase().as_str() {
        "year" => f64::from(date.year()),
        "month" => f64::from(date.month()),
        "day" => f64::from(date.day()),
        "hour" => f64::from(moment.hour()),
        "minute" => f64::from(moment.minute()),
        "second" => f64::from(moment.second()) + f64::from(moment.subsec_nanosecond()) / 1e9,
        "quarter" => f64::from((date.month() - 1) / 3 + 1),
        "week" => f64::from(date.iso_week_date().week()),
        "isoyear" => f64::from(date.iso_week_date().year()),
        "dow" => f64::from(date.weekday().to_sunday_zero_offset()),
        "isodow" => f64::from(date.weekday().to_monday_one_offset()),
        "doy" => f64::from(date.day_of_year()),
        "epoch" => micros(moment) as f64 / 1e6,
        _ => return None,
    })
}

/// A field of an interval, as `extract` gives it.
pub fn interval_part(field: &str, interval: Interval) -> Option<f64> {
    let seconds = interval.micros / SECOND;
    Some(match field.to_ascii_lowercase().as_str() {
        "year" => (interval.months / 12) as f64,
        "month" => (interval.months % 12) as f64,
        "day" => interval.days as f64,
        "hour" => (seconds / 3600) as f64,
        "minute" => (seconds / 60 % 60) as f64,
        "second" => (interval.micros % (60 * SECOND)) as f64 / 1e6,
        "epoch" => interval.seconds(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime {
        stamp(text).unwrap()
    }

    #[test]
    fn reads_the_spellings_of_a_moment() {
        for text in
            ["2025-12-15 01:40", "2025-12-15T01:40:00Z", "2025-12-15 09:40:00+08", "2025-12-14 20:10-05:30"]
        {
            assert_eq!(write(at(text)), "2025-12-15 01:40:00", "{text}");
        }
        assert_eq!(write(at("2025-12-15T01:40:00.25Z")), "2025-12-15 01:40:00.25");
        for text in ["x", "2025-13-01", "2025-02-30", "15-12-2025", "2025-12-15 25:00"] {
            assert_eq!(stamp(text), None, "{text}");
        }
    }

    #[test]
    fn intervals_read_and_write_as_postgres_does() {
        let same = |text: &str| Interval::parse(text).map(Interval::write).unwrap();
        assert_eq!(same("7 days"), "7 days");
        assert_eq!(
            same("1 year 2 months 3 days 4 hours 5 minutes 6.5 seconds"),
            "1 year 2 mons 3 days 04:05:06.5"
        );
        assert_eq!(same("2 weeks ago"), "-14 days");
        assert_eq!(same("1.5 days"), "1 day 12:00:00");
        assert_eq!(same("-01:30"), "-01:30:00");
        assert_eq!(same("0 days"), "00:00:00");
        assert_eq!(Interval::parse("soon"), None);
    }

    #[test]
    fn calculates_with_months_of_different_lengths() {
        let month = Interval::parse("1 month").unwrap();
        assert_eq!(write(plus(at("2025-01-31"), month).unwrap()), "2025-02-28 00:00:00");
        assert_eq!(between(at("2025-03-01 12:00"), at("2025-02-27")).write(), "2 days 12:00:00");
        assert_eq!(age(at("2025-12-15"), at("2024-11-20")).write(), "1 year 25 days");
        assert_eq!(write(truncate("week", at("2025-12-21 10:00")).unwrap()), "2025-12-15 00:00:00");
        assert_eq!(write(truncate("quarter", at("2025-12-21")).unwrap()), "2025-10-01 00:00:00");
        assert_eq!(part("dow", at("2025-12-21")), Some(0.0));
        assert_eq!(part("epoch", at("1970-01-02")), Some(86_400.0));
    }
}
