//! Figures in words: durations and shares as every format shows them, counts and places as a page does.

/// `0`, `40 s`, `25 min`, `13.1 h` or `2.4 d`.
pub fn duration(seconds: i64) -> String {
    let tenths = |unit: i64| format!("{}.{}", seconds / unit, (seconds % unit) * 10 / unit);
    match seconds {
        0 => "0".to_owned(),
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min", s / 60),
        s if s < 48 * 3_600 => format!("{} h", tenths(3_600)),
        _ => format!("{} d", tenths(86_400)),
    }
}

/// Hours, minutes and seconds since the beginning of a trial.
pub fn stamp(seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    let s = seconds.unsigned_abs();
    format!("{sign}{}:{:02}:{:02}", s / 3_600, (s % 3_600) / 60, s % 60)
}

/// A share in whole percent; one decimal below ten, so that a bound near zero does not vanish.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent > 0.0 && percent < 9.95 {
        true => format!("{percent:.1} %"),
        false => format!("{percent:.0} %"),
    }
}

/// A count with its thousands apart, by narrow no-break spaces.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A word of the marks in plain text: `recoverable harm`.
pub fn plain(word: &str) -> String {
    word.replace('_', " ")
}

/// A share as a place on an axis of 100, for an attribute.
pub fn place(share: f64) -> String {
    format!("{:.2}%", share.clamp(0.0, 1.0) * 100.0)
}

/// `part` of `whole` as a share; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "seconds and counts of a run stay far below 2^53")]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [0, 59, 60, 3_599, 47_160, 200_000].map(duration).join(" | "),
            "0 | 59 s | 1 min | 59 min | 13.1 h | 2.3 d"
        );
        assert_eq!(
            [0.0, 0.0004, 0.0995, 0.52, 1.0].map(percent).join(" | "),
            "0 % | 0.0 % | 10 % | 52 % | 100 %"
        );
        assert_eq!(
            [7, 1_000, 1_234_567].map(count).join(" | "),
            "7 | 1\u{202f}000 | 1\u{202f}234\u{202f}567"
        );
        assert_eq!(stamp(47_165), "13:06:05");
    }
}
