//! Exact decimals on top of an engine that has reals.
//!
//! The shortest decimal that reads back as a real is the decimal that somebody once wrote, up to fifteen digits.
//! Rounding that text, not the binary value, is what makes 2.675 round to 2.68 as in Postgres.

/// Digits behind the point, as many as Postgres gives; text formatting takes no more than 65,535 and panics beyond.
const SCALE_MAX: u32 = 2_000;

/// A real as digits and the number of them behind the point; `None` where it is too large or not finite.
fn parts(value: f64) -> Option<(i128, u32)> {
    let text = plain(value);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u32::try_from(fraction.len()).ok()?))
}

/// Digits with a point before the last `scale` of them.
fn with_point(digits: i128, scale: u32) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let scale = scale as usize;
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = scale.saturating_add(1));
    match text.split_at_checked(text.len().saturating_sub(scale)) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => text,
    }
}

/// The digits at another scale, halves away from zero.
fn rescale(digits: i128, from: u32, to: u32) -> Option<i128> {
    if to >= from {
        return digits.checked_mul(10_i128.checked_pow(to.saturating_sub(from))?);
    }
    let unit = 10_i128.checked_pow(from.saturating_sub(to))?;
    Some(digits.saturating_add((unit / 2).saturating_mul(digits.signum())) / unit)
}

/// The shortest text that reads back as the value, never in scientific notation.
pub fn plain(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value}") }
}

/// The value with exactly `scale` digits behind the point.
pub fn fixed(value: f64, scale: u32) -> String {
    let scale = scale.min(SCALE_MAX);
    let exact = parts(value).and_then(|(digits, from)| rescale(digits, from, scale));
    exact.map_or_else(|| format!("{value:.*}", scale as usize), |digits| with_point(digits, scale))
}

/// The value rounded to `scale` digits behind the point; a negative scale rounds before it.
pub fn round(value: f64, scale: i64) -> f64 {
    if scale < 0 {
        let unit = 10_f64.powi(i32::try_from(-scale).unwrap_or(300));
        return round(value / unit, 0) * unit;
    }
    fixed(value, u32::try_from(scale).unwrap_or(0).min(30)).parse().unwrap_or(value)
}

/// The value cut off behind `scale` digits.
pub fn cut(value: f64, scale: i64) -> f64 {
    let scale = u32::try_from(scale).unwrap_or(0).min(30);
    let exact = parts(value).and_then(|(digits, from)| {
        if from <= scale {
            return None;
        }
        Some(with_point(digits / 10_i128.checked_pow(from.saturating_sub(scale))?, scale))
    });
    exact.and_then(|text| text.parse().ok()).unwrap_or(value)
}

/// A quotient with as many digits as Postgres gives it: at least sixteen that count, in groups of four.
pub fn quotient(value: f64) -> String {
    let mut weight = 0_i32;
    let size = value.abs();
    if size > 0.0 {
        weight = (size.log10() / 4.0).floor() as i32;
    }
    let scale = u32::try_from(16_i32.saturating_sub(weight.saturating_mul(4)).clamp(0, 28)).unwrap_or(16);
    fixed(value, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_the_decimal_and_not_the_binary() {
        assert_eq!(fixed(2.675, 2), "2.68");
        assert_eq!(fixed(-2.5, 0), "-3");
        assert_eq!(fixed(0.05, 4), "0.0500");
        assert_eq!(round(1234.5678, 2), 1234.57);
        assert_eq!(round(1250.0, -2), 1300.0);
        assert_eq!(cut(2.679, 2), 2.67);
    }

    #[test]
    fn quotients_have_the_digits_of_postgres() {
        assert_eq!(quotient(15.75), "15.7500000000000000");
        assert_eq!(quotient(0.25), "0.25000000000000000000");
        assert_eq!(quotient(17636684.25), "17636684.250000000000");
    }
}
