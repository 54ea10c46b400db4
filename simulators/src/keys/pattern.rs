//! Patterns of keys: `*`, `?`, `[a-c]`, `[^a]`, and `\` before what stands for itself.

/// Whether a text fits a pattern.
pub fn fits(pattern: &str, text: &str) -> bool {
    fits_by(pattern, text, one)
}

/// The same where a pattern's star means any text, and `one` says where it goes on from a place if its part there fits the character.
pub(crate) fn fits_by(
    pattern: &str,
    text: &str,
    one: impl Fn(&[char], usize, char) -> Option<usize>,
) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stood, and from where its rest is tried next: no more than pattern times text steps.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        if pattern.get(p) == Some(&'*') {
            star = Some((p.saturating_add(1), t));
            p = p.saturating_add(1);
            continue;
        }
        if let Some(next) = one(&pattern, p, *c) {
            (p, t) = (next, t.saturating_add(1));
            continue;
        }
        let Some((after, from)) = star else { return false };
        star = Some((after, from.saturating_add(1)));
        (p, t) = (after, from.saturating_add(1));
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// Where the pattern goes on if its part at `p` fits the character.
fn one(pattern: &[char], p: usize, c: char) -> Option<usize> {
    let next = p.saturating_add(1);
    match pattern.get(p)? {
        '?' => Some(next),
        '[' => class(pattern, next, c),
        '\\' => {
            let meant = pattern.get(next).copied().unwrap_or('\\');
            (meant == c).then(|| next.saturating_add(1))
        }
        meant => (*meant == c).then_some(next),
    }
}

fn class(pattern: &[char], from: usize, c: char) -> Option<usize> {
    let negated = pattern.get(from) == Some(&'^');
    let mut at = if negated { from.saturating_add(1) } else { from };
    let mut hit = false;
    while let Some(low) = pattern.get(at).filter(|c| **c != ']') {
        let is_range = pattern.get(at.saturating_add(1)) == Some(&'-');
        match pattern.get(at.saturating_add(2)).filter(|high| is_range && **high != ']') {
            Some(high) => {
                hit |= (*low.min(high)..=*low.max(high)).contains(&c);
                at = at.saturating_add(3);
            }
            None => {
                hit |= *low == c;
                at = at.saturating_add(1);
            }
        }
    }
    (hit != negated).then(|| at.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_mean_what_they_mean_to_a_server() {
        let cases = [
            ("*", "", true),
            ("page:*", "page:1", true),
            ("page:*", "pages:1", false),
            ("*:de", "a:b:de", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("h?llo", "hallo", true),
            ("h[ae]llo", "hello", true),
            ("h[^a-d]llo", "hallo", false),
            ("h[^a-d]llo", "hello", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("é*", "été", true),
            ("é?", "été", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        let long = "a".repeat(2_000);
        assert!(!fits("*a*a*a*a*a*a*a*ab", &long));
    }
}
