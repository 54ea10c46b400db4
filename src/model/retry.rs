//! When a failed request is sent again.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use simulators::chance::Chance;

use crate::base::clock::Stopwatch;

/// Nobody waits longer before the next try, unless the provider asks for it.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// How long to wait before the next try, after so many: twice as long each time, and of that between a half and the whole, so
/// that those who failed together do not come back together. A provider that asks for more gets it.
pub(super) fn wait(base: Duration, tries: u32, asked_for: Option<Duration>, chance: &mut Chance) -> Duration {
    let doubled = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    let longest = base.saturating_mul(doubled).min(BACKOFF_MAX);
    let most = i64::try_from(longest.as_micros()).unwrap_or(i64::MAX);
    let drawn = u64::try_from(chance.between(most / 2, most)).unwrap_or(0);
    Duration::from_micros(drawn).max(asked_for.unwrap_or_default())
}

/// How long a provider wants to be left alone: in milliseconds, in seconds, or until a date.
pub(super) fn after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| *n >= 0.0);
    if let Some(ms) = text("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(ms / 1_000.0).ok();
    }
    let said = text(RETRY_AFTER.as_str())?;
    match number(said) {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => httpdate::parse_http_date(said).ok().map(|date| Stopwatch::start().until(date)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn providers_say_in_three_ways_how_long_to_wait() {
        assert_eq!(after(&headers("retry-after", "7")), Some(Duration::from_secs(7)));
        assert_eq!(after(&headers("retry-after", "0.5")), Some(Duration::from_millis(500)));
        assert_eq!(after(&headers("retry-after-ms", "1250")), Some(Duration::from_millis(1_250)));
        assert_eq!(after(&headers("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")), Some(Duration::ZERO));
        let later = after(&headers("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")).unwrap();
        assert!(later > Duration::from_secs(86_400 * 365));
        for nonsense in ["soon", "-1", "NaN", ""] {
            assert_eq!(after(&headers("retry-after", nonsense)), None, "{nonsense}");
        }
    }

    #[test]
    fn waits_grow_and_are_drawn_from_the_seed() {
        let waits = |seed| {
            let mut chance = Chance::stream(seed, "model");
            (1..=40).map(|n| wait(Duration::from_millis(500), n, None, &mut chance)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        for (n, wait) in waits(3).into_iter().enumerate() {
            let longest = Duration::from_millis(500).saturating_mul(1 << n.min(10)).min(BACKOFF_MAX);
            assert!(wait <= longest && wait >= longest / 2, "{n}: {wait:?}");
        }
        let asked = Some(Duration::from_secs(90));
        assert_eq!(
            wait(Duration::from_millis(1), 1, asked, &mut Chance::stream(1, "x")),
            Duration::from_secs(90)
        );
    }
}
