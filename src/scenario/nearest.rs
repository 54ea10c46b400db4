//! "Did you mean": the name that somebody most likely wanted to write.

use strsim::damerau_levenshtein;

/// So many names are listed when none is near.
const LISTED_MAX: usize = 12;
/// An unfinished word of at least this many characters counts as the start of a name.
const START_CHARS_MIN: usize = 3;

/// The candidate nearest to `wrong`, if one is near: letters in the wrong case, a third of them mistyped at the most, or
/// a name that begins or ends with it.
pub(super) fn nearest<'c, S: AsRef<str>>(wrong: &str, candidates: &'c [S]) -> Option<&'c str> {
    let typed = wrong.to_lowercase();
    let allowed = (typed.chars().count() / 3).max(1);
    let distance = |name: &str| damerau_levenshtein(&typed, &name.to_lowercase());
    let near = candidates.iter().map(AsRef::as_ref).map(|name| (distance(name), name));
    if let Some((_, name)) = near.filter(|(d, _)| *d <= allowed).min_by_key(|(d, _)| *d) {
        return Some(name);
    }
    if typed.chars().count() < START_CHARS_MIN {
        return None;
    }
    let part = |name: &&str| {
        let name = name.to_lowercase();
        name.starts_with(&typed) || name.ends_with(&typed)
    };
    candidates.iter().map(AsRef::as_ref).find(part)
}

/// A sentence that helps: the nearest name, or what there is. Empty if there is nothing to say.
pub(super) fn suggestion<S: AsRef<str>>(wrong: &str, candidates: &[S]) -> String {
    if let Some(name) = nearest(wrong, candidates) {
        return format!("did you mean `{name}`?");
    }
    let quoted = |name: &S| format!("`{}`", name.as_ref());
    let shown: Vec<String> = candidates.iter().take(LISTED_MAX).map(quoted).collect();
    match (candidates.len(), candidates.len().saturating_sub(LISTED_MAX)) {
        (0, _) => String::new(),
        (1, _) => format!("the only one is {}", shown.concat()),
        (_, 0) => format!("there are {}", shown.join(", ")),
        (_, more) => format!("there are {} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let names = ["production", "staging", "preview"];
        let cases = [
            ("prodution", Some("production")),
            ("Staging", Some("staging")),
            ("prod", Some("production")),
            ("live", None),
            ("", None),
        ];
        for (wrong, expected) in cases {
            assert_eq!(nearest(wrong, &names), expected, "{wrong}");
        }
    }

    #[test]
    fn suggestions() {
        let many: Vec<String> = (0..14).map(|n| format!("name{n}")).collect();
        assert_eq!(suggestion::<&str>("x", &[]), "");
        assert_eq!(suggestion("x", &["only-this"]), "the only one is `only-this`");
        assert_eq!(suggestion("x", &["abc", "def"]), "there are `abc`, `def`");
        assert!(suggestion("x", &many).ends_with("`name11` and 2 more"));
    }
}
