//! Names with `*` for any text and `?` for any one character.

use schemars::JsonSchema;
use serde::Deserialize;

/// A name with wildcards, such as `Describe*`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Glob(pub String);

impl Glob {
    /// Whether a name is one of those meant.
    ///
    /// Goes back to the last `*` alone, so that its time is the product of both lengths at the most: names are an
    /// agent's to choose.
    pub fn fits(&self, name: &str) -> bool {
        let (pattern, name): (Vec<char>, Vec<char>) = (self.0.chars().collect(), name.chars().collect());
        let (mut p, mut n) = (0_usize, 0_usize);
        let mut star: Option<(usize, usize)> = None;
        while let Some(c) = name.get(n) {
            match (pattern.get(p), star) {
                (Some('*'), _) => {
                    star = Some((p, n));
                    p = p.saturating_add(1);
                }
                (Some(wanted), _) if *wanted == '?' || wanted == c => {
                    p = p.saturating_add(1);
                    n = n.saturating_add(1);
                }
                (_, Some((at, taken))) => {
                    star = Some((at, taken.saturating_add(1)));
                    p = at.saturating_add(1);
                    n = taken.saturating_add(1);
                }
                (_, None) => return false,
            }
        }
        pattern.iter().skip(p).all(|c| *c == '*')
    }

    /// It means one name and no others.
    pub fn is_plain(&self) -> bool {
        !self.0.contains(['*', '?'])
    }
}

/// Whether a name is among those meant; an absent list means all.
pub(super) fn among(globs: &Option<Vec<Glob>>, name: &str) -> bool {
    globs.as_ref().is_none_or(|globs| globs.iter().any(|glob| glob.fits(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let fits = |glob: &str, name: &str| Glob(glob.to_owned()).fits(name);
        for (glob, name) in [
            ("*", ""),
            ("Describe*", "DescribeStacks"),
            ("*prod*", "a-prod-b"),
            ("a?c*", "abc"),
            ("a*b*c", "aXbYbZc"),
        ] {
            assert!(fits(glob, name), "{glob} {name}");
        }
        for (glob, name) in
            [("", "a"), ("Describe*", "describeStacks"), ("a?c", "ac"), ("*b", "abc"), ("a*b*c", "acb")]
        {
            assert!(!fits(glob, name), "{glob} {name}");
        }
        let hostile = "a".repeat(5_000);
        assert!(!fits(&"a*".repeat(50).replace("a*a*", "a*b"), &hostile));
    }
}
