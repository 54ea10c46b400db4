//! A grammar of command lines, read from a text, and sentences drawn from it.

use std::collections::BTreeMap;

use simulators::chance::Chance;

/// Rules inside rules at the most; deeper ones become an empty text.
const DEPTH_MAX: u32 = 12;

/// What the monkey was told so far, by the rule that it can stand for.
pub type Told = BTreeMap<&'static str, Vec<String>>;

/// Rules by name; each alternative as often as it weighs.
pub struct Grammar(BTreeMap<String, Vec<String>>);

impl Grammar {
    /// Reads rules: `name:` opens one, indented lines are its alternatives, `*3 ` weighs one.
    pub fn read(text: &str) -> Self {
        let mut rules: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut open = String::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let Some(alternative) = line.strip_prefix("  ") else {
                open = line.strip_suffix(':').unwrap_or_else(|| panic!("`{line}` opens no rule")).to_owned();
                continue;
            };
            let weighed = alternative.strip_prefix('*').and_then(|rest| rest.split_once(' '));
            let (weight, text) =
                weighed.map_or((1, alternative), |(weight, text)| (weight.parse().unwrap(), text));
            rules.entry(open.clone()).or_default().extend(vec![text.to_owned(); weight]);
        }
        let grammar = Self(rules);
        grammar.check();
        grammar
    }

    /// Each name that is used is a rule.
    fn check(&self) {
        for text in self.0.values().flatten() {
            for name in text.split('«').skip(1).filter_map(|rest| rest.split('»').next()) {
                assert!(self.0.contains_key(name), "`{text}` names no rule");
            }
        }
    }

    /// A sentence of a rule.
    pub fn say(&self, rule: &str, told: &Told, chance: &mut Chance) -> String {
        self.sentence(rule, told, chance, 0)
    }

    fn sentence(&self, rule: &str, told: &Told, chance: &mut Chance, depth: u32) -> String {
        let heard = told.get(rule).filter(|heard| !heard.is_empty());
        // Numbers cannot be guessed, names can.
        let tenths = if matches!(rule, "pr" | "run" | "drift" | "version" | "api") { 8 } else { 3 };
        if let Some(heard) = heard.filter(|_| chance.between(1, 10) <= tenths) {
            return pick(heard, chance).clone();
        }
        if depth > DEPTH_MAX {
            return String::new();
        }
        let text = pick(&self.0[rule], chance).clone();
        self.fill(&text, told, chance, depth)
    }

    /// Fills in the rules that a text names, and leaves parts out.
    fn fill(&self, text: &str, told: &Told, chance: &mut Chance, depth: u32) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['«', '⟦']) {
            filled.push_str(&rest[..at]);
            let opened = &rest[at..];
            if let Some(named) = opened.strip_prefix('«') {
                let (name, after) = named.split_once('»').unwrap();
                filled.push_str(&self.sentence(name, told, chance, depth + 1));
                rest = after;
            } else {
                let end = closing(opened);
                if chance.between(0, 1) == 1 {
                    let inner = &opened['⟦'.len_utf8()..end];
                    filled.push_str(&self.fill(inner, told, chance, depth));
                }
                rest = &opened[end + '⟧'.len_utf8()..];
            }
        }
        filled + rest
    }
}

/// Where the bracket that stands first is closed.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '⟦') - i32::from(c == '⟧');
        if depth == 0 {
            return at;
        }
    }
    panic!("`{text}` is not closed")
}

/// One of these, each equally likely.
pub fn pick<'a, T>(from: &'a [T], chance: &mut Chance) -> &'a T {
    let last = i64::try_from(from.len()).unwrap() - 1;
    &from[usize::try_from(chance.between(0, last)).unwrap()]
}
