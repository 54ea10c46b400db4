//! The text of a Rego policy, taken apart as far as its checks need: what is code, and where references stand.

/// The text with comments and what stands in strings blanked out, byte for byte.
pub(super) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut inside: Option<char> = None;
    let mut escaped = false;
    for c in text.chars() {
        let keep = match inside {
            Some('#') => c == '\n',
            Some(quote) => c == quote && !escaped,
            None => true,
        };
        inside = match (inside, c) {
            (Some('#'), '\n') => None,
            (Some(quote), c) if c == quote && !escaped => None,
            (None, '"' | '`' | '#') => Some(c),
            (inside, _) => inside,
        };
        escaped = inside == Some('"') && c == '\\' && !escaped;
        match keep {
            true => code.push(c),
            false => code.extend(std::iter::repeat_n(' ', c.len_utf8())),
        }
    }
    code
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A reference, such as `input.context.effects[_]`.
pub(super) struct Reference<'t> {
    /// Where it begins.
    pub start: usize,
    /// Its steps, the first of which is a name.
    pub steps: Vec<Step<'t>>,
}

/// A step of a reference.
pub(super) struct Step<'t> {
    /// Its name; none for something in brackets that is only known when the policy runs.
    pub name: Option<&'t str>,
    /// Where it ends.
    pub end: usize,
}

impl<'t> Reference<'t> {
    /// Where it ends.
    pub fn end(&self) -> usize {
        self.steps.last().map_or(self.start, |step| step.end)
    }

    /// The name that it begins with.
    pub fn root(&self) -> &'t str {
        self.steps.first().and_then(|step| step.name).unwrap_or_default()
    }

    /// Its names, `a.b` for `a["b"]`; empty if one is only known when the policy runs.
    pub fn dotted(&self) -> String {
        let names: Option<Vec<&str>> = self.steps.iter().map(|step| step.name).collect();
        names.unwrap_or_default().join(".")
    }
}

/// The references of a text in order; what stands in their brackets comes after them.
pub(super) fn references<'t>(text: &'t str, code: &'t str) -> impl Iterator<Item = Reference<'t>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = next_name(code, at)?;
        let rest = code.get(start..).unwrap_or_default();
        let length = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        at = start.saturating_add(length);
        Some(Reference { start, steps: steps(text, code, start) })
    })
}

/// Where the next name begins that is no part of another.
fn next_name(code: &str, from: usize) -> Option<usize> {
    let rest = code.get(from..)?;
    let mut before = code.get(..from).and_then(|s| s.chars().next_back());
    for (n, c) in rest.char_indices() {
        if (c.is_ascii_alphabetic() || c == '_') && !before.is_some_and(|b| is_of_name(b) || b == '.') {
            return Some(from.saturating_add(n));
        }
        before = Some(c);
    }
    None
}

/// The steps of the reference that begins here.
fn steps<'t>(text: &'t str, code: &str, start: usize) -> Vec<Step<'t>> {
    let mut steps = Vec::new();
    let mut at = start;
    loop {
        let rest = code.get(at..).unwrap_or_default();
        let length = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        if length > 0 {
            at = at.saturating_add(length);
            steps.push(Step { name: text.get(at.saturating_sub(length)..at), end: at });
        }
        let rest = code.get(at..).unwrap_or_default();
        match rest.chars().next() {
            Some('.') if rest.get(1..).is_some_and(|r| r.starts_with(is_of_name)) => {
                at = at.saturating_add(1)
            }
            Some('[') => match closing(rest) {
                Some(length) => {
                    let inner = text.get(at.saturating_add(1)..at.saturating_add(length).saturating_sub(1));
                    let name = inner.and_then(|i| i.trim().strip_prefix('"')?.strip_suffix('"'));
                    at = at.saturating_add(length);
                    steps.push(Step { name, end: at });
                }
                None => return steps,
            },
            _ => return steps,
        }
    }
}

/// The length of a bracket with what stands in it.
fn closing(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (n, c) in code.char_indices() {
        match c {
            '[' => depth = depth.saturating_add(1),
            ']' if depth == 1 => return Some(n.saturating_add(1)),
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}
