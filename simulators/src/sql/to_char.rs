//! `to_char`: moments and numbers by pattern.

use jiff::civil::DateTime;

use super::decimal;

type Writer = fn(DateTime) -> String;

/// Patterns for moments; a longer one stands before one that it begins with.
const PATTERNS: &[(&str, Writer)] = &[
    ("YYYY", |m| format!("{:04}", m.year())),
    ("IYYY", |m| format!("{:04}", m.date().iso_week_date().year())),
    ("YY", |m| format!("{:02}", m.year().rem_euclid(100))),
    ("MONTH", |m| format!("{:<9}", named(m, "%B").to_ascii_uppercase())),
    ("Month", |m| format!("{:<9}", named(m, "%B"))),
    ("month", |m| format!("{:<9}", named(m, "%B").to_ascii_lowercase())),
    ("MON", |m| named(m, "%b").to_ascii_uppercase()),
    ("Mon", |m| named(m, "%b")),
    ("mon", |m| named(m, "%b").to_ascii_lowercase()),
    ("MM", |m| format!("{:02}", m.month())),
    ("DAY", |m| format!("{:<9}", named(m, "%A").to_ascii_uppercase())),
    ("Day", |m| format!("{:<9}", named(m, "%A"))),
    ("day", |m| format!("{:<9}", named(m, "%A").to_ascii_lowercase())),
    ("DY", |m| named(m, "%a").to_ascii_uppercase()),
    ("Dy", |m| named(m, "%a")),
    ("DDD", |m| format!("{:03}", m.date().day_of_year())),
    ("DD", |m| format!("{:02}", m.day())),
    ("ID", |m| m.date().weekday().to_monday_one_offset().to_string()),
    ("D", |m| m.date().weekday().to_sunday_one_offset().to_string()),
    ("IW", |m| format!("{:02}", m.date().iso_week_date().week())),
    ("Q", |m| ((m.month() - 1) / 3 + 1).to_string()),
    ("HH24", |m| format!("{:02}", m.hour())),
    ("HH12", |m| format!("{:02}", (m.hour() + 11) % 12 + 1)),
    ("HH", |m| format!("{:02}", (m.hour() + 11) % 12 + 1)),
    ("MI", |m| format!("{:02}", m.minute())),
    ("SS", |m| format!("{:02}", m.second())),
    ("MS", |m| format!("{:03}", m.subsec_nanosecond() / 1_000_000)),
    ("US", |m| format!("{:06}", m.subsec_nanosecond() / 1000)),
    ("AM", |m| half_of_day(m).to_ascii_uppercase()),
    ("PM", |m| half_of_day(m).to_ascii_uppercase()),
    ("am", half_of_day),
    ("pm", half_of_day),
    ("TZ", |_| "UTC".to_owned()),
    ("OF", |_| "+00".to_owned()),
];

fn named(moment: DateTime, format: &str) -> String {
    moment.strftime(format).to_string()
}

fn half_of_day(moment: DateTime) -> String {
    if moment.hour() < 12 { "am" } else { "pm" }.to_owned()
}

/// The moment by pattern; text in double quotes and unknown characters stand as they are, `FM` takes padding off.
pub fn moment(moment: DateTime, pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    let mut bare = false;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("FM") {
            (bare, rest) = (true, after);
        } else if let Some(after) = rest.strip_prefix('"') {
            let (quoted, after) = after.split_once('"').unwrap_or((after, ""));
            out.push_str(quoted);
            rest = after;
        } else if let Some((name, write)) = PATTERNS.iter().find(|(name, _)| rest.starts_with(name)) {
            let text = write(moment);
            let trimmed = text.trim_end().trim_start_matches('0');
            out.push_str(if bare && !trimmed.is_empty() { trimmed } else { &text });
            (bare, rest) = (false, rest.strip_prefix(name).unwrap_or(""));
        } else {
            out.push(first);
            rest = rest.strip_prefix(first).unwrap_or("");
        }
    }
    out
}

/// The number by a pattern of `9`, `0`, `,`, `.`, `FM` and literal text, such as `FM999,990.00`.
pub fn number(value: f64, pattern: &str) -> String {
    let (bare, pattern) = match pattern.strip_prefix("FM") {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (before, after) = pattern.split_once('.').unwrap_or((pattern, ""));
    let places = after.chars().filter(|c| matches!(c, '9' | '0')).count();
    let text = decimal::fixed(value.abs(), u32::try_from(places).unwrap_or(0));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let room = before.chars().filter(|c| matches!(c, '9' | '0')).count();
    if whole.len() > room && whole != "0" {
        return pattern.replace(['9', '0'], "#");
    }
    let mut out = whole_part(whole, before);
    if !after.is_empty() {
        let fixed = after.trim_end_matches('9').chars().filter(|c| matches!(c, '9' | '0')).count();
        let kept = fraction.trim_end_matches('0').len().max(fixed);
        out.push('.');
        out.push_str(if bare { fraction.get(..kept).unwrap_or(fraction) } else { fraction });
    }
    let sign = if value < 0.0 { "-" } else { "" };
    if bare {
        return format!("{sign}{}", out.trim_start());
    }
    let digits = out.trim_start();
    let width = pattern.chars().count().saturating_add(1);
    let missing = width.saturating_sub(digits.chars().count().saturating_add(sign.len()));
    format!("{}{sign}{digits}", " ".repeat(missing))
}

/// The digits before the point, from the right, with the pattern's commas where digits stand left of them.
fn whole_part(digits: &str, pattern: &str) -> String {
    let mut left = digits.chars().rev().filter(|_| digits != "0");
    let mut zeros_until = pattern.chars().position(|c| c == '0');
    let mut out = Vec::new();
    let length = pattern.chars().count();
    for (i, slot) in pattern.chars().rev().enumerate() {
        let at = length.saturating_sub(i).saturating_sub(1);
        let forced = zeros_until.is_some_and(|first| at >= first);
        match slot {
            '9' | '0' => match left.next() {
                Some(digit) => out.push(digit),
                None if forced => out.push('0'),
                None => out.push(' '),
            },
            ',' => out.push(if forced || left.clone().next().is_some() { ',' } else { ' ' }),
            other => {
                zeros_until = zeros_until.filter(|_| other != '$');
                out.push(other);
            }
        }
    }
    out.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::times::stamp;

    #[test]
    fn moments() {
        let at = stamp("2025-03-05 14:07:09").unwrap();
        assert_eq!(moment(at, "YYYY-MM"), "2025-03");
        assert_eq!(moment(at, "Dy DD Mon YYYY HH24:MI:SS"), "Wed 05 Mar 2025 14:07:09");
        assert_eq!(moment(at, "FMMonth FMDD, YYYY"), "March 5, 2025");
        assert_eq!(moment(at, "\"Q\"Q HH12:MI AM"), "Q1 02:07 PM");
    }

    #[test]
    fn numbers() {
        assert_eq!(number(1234.5, "FM999,999,990.00"), "1,234.50");
        assert_eq!(number(1234.5, "999,999.99"), "   1,234.50");
        assert_eq!(number(-0.5, "FM0.00"), "-0.50");
        assert_eq!(number(7.0, "FM000"), "007");
        assert_eq!(number(12345.0, "999"), "###");
    }
}
