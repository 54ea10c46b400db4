//! A grammar of command lines, read from a text, and sentences drawn from it.

use std::collections::BTreeMap;

use simulators::chance::Chance;

/// Rules inside rules at the most; deeper ones become an empty text.
const DEPTH_MAX: u32 = 12;

/// Rules whose words are names that stages give.
const OF_STAGES: &[&str] = &[
    "container",
    "es-index",
    "kubectl-context",
    "kubectl-in",
    "kubectl-named",
    "ssh-host",
    "terraform-address",
    "topic",
    "topic-group",
    "volume",
];

/// What the monkey was told so far, by the rule that it can stand for.
pub type Told = BTreeMap<&'static str, Vec<String>>;

/// Rules by name; each alternative as often as it weighs.
pub struct Grammar(BTreeMap<String, Vec<String>>);

/// Who speaks: what they were told, and whether they think twice before they break something.
#[derive(Default)]
pub struct Speaker {
    /// What they heard.
    pub told: Told,
    /// They seldom say what begins with `! `.
    pub calm: bool,
}

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
                assert!(self.0.contains_key(name.trim_start_matches('=')), "`{text}` names no rule");
            }
        }
    }

    /// A sentence of a rule.
    pub fn say(&self, rule: &str, speaker: &Speaker, chance: &mut Chance) -> String {
        self.bound(&self.sentence(rule, speaker, chance, 0), speaker, chance)
    }

    /// Fills in what stays the same in a whole sentence: `«=stack»` is one stack, wherever it stands.
    fn bound(&self, text: &str, speaker: &Speaker, chance: &mut Chance) -> String {
        let mut text = text.to_owned();
        while let Some((_, rest)) = text.split_once("«=") {
            let name = rest.split('»').next().unwrap().to_owned();
            let said = self.sentence(&name, speaker, chance, 0);
            text = text.replace(&format!("«={name}»"), &said);
        }
        text
    }

    fn sentence(&self, rule: &str, speaker: &Speaker, chance: &mut Chance, depth: u32) -> String {
        let heard = speaker.told.get(rule).filter(|heard| !heard.is_empty());
        // Numbers cannot be guessed, names can.
        let is_unguessable =
            matches!(rule, "pr" | "run" | "drift" | "version" | "api") || OF_STAGES.contains(&rule);
        let tenths = if is_unguessable { 8 } else { 3 };
        if let Some(heard) = heard.filter(|_| chance.between(1, 10) <= tenths) {
            return pick(heard, chance).clone();
        }
        if depth > DEPTH_MAX {
            return String::new();
        }
        let mut text = pick(&self.0[rule], chance);
        while speaker.calm && text.starts_with("! ") && chance.between(1, 8) > 1 {
            text = pick(&self.0[rule], chance);
        }
        self.fill(text.strip_prefix("! ").unwrap_or(text), speaker, chance, depth)
    }

    /// Fills in the rules that a text names, and leaves parts out.
    fn fill(&self, text: &str, speaker: &Speaker, chance: &mut Chance, depth: u32) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['«', '⟦']) {
            filled.push_str(&rest[..at]);
            let opened = &rest[at..];
            if let Some(named) = opened.strip_prefix('«') {
                let (name, after) = named.split_once('»').unwrap();
                match name.starts_with('=') {
                    true => filled.push_str(&format!("«{name}»")),
                    false => filled.push_str(&self.sentence(name, speaker, chance, depth + 1)),
                }
                rest = after;
            } else {
                let end = closing(opened);
                if chance.between(0, 1) == 1 {
                    let inner = &opened['⟦'.len_utf8()..end];
                    filled.push_str(&self.fill(inner, speaker, chance, depth));
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
