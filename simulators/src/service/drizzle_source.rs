//! As much of TypeScript as a schema file or a configuration is made of: texts, calls in a chain, objects.

/// A call: `name(inside)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Call {
    pub name: String,
    pub inside: String,
}

/// A table that is declared: `export const VARIABLE = pgTable(INSIDE)`.
pub(super) struct Declared {
    pub variable: String,
    pub inside: String,
}

/// All tables that a file declares.
pub(super) fn declared(text: &str) -> Vec<Declared> {
    let text = bare(text);
    let mut found = Vec::new();
    for (at, word) in text.match_indices("pgTable(") {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let Some(before) = before.strip_suffix('=') else { continue };
        let variable = before.split_whitespace().next_back().unwrap_or_default().to_owned();
        let inside = balanced(text.get(at.saturating_add(word.len())..).unwrap_or_default()).to_owned();
        found.push(Declared { variable, inside });
    }
    found
}

/// The text without comments.
pub(super) fn bare(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    let mut quote: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("//") {
            rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or_default();
            continue;
        }
        if quote.is_none() && rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, rest)| rest);
            continue;
        }
        quote = after(quote, c);
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Within which quotes one is behind this character.
fn after(quote: Option<char>, c: char) -> Option<char> {
    match quote {
        Some(open) if open == c => None,
        None if matches!(c, '"' | '\'' | '`') => Some(c),
        same => same,
    }
}

/// What stands before the bracket that closes what is open.
fn balanced(text: &str) -> &str {
    let (mut depth, mut quote) = (0_i32, None);
    for (at, c) in text.char_indices() {
        quote = after(quote, c);
        match c {
            _ if quote.is_some() => {}
            '(' | '[' | '{' => depth = depth.saturating_add(1),
            ')' | ']' | '}' if depth == 0 => return text.get(..at).unwrap_or(text),
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text
}

/// What stands between commas that are in no brackets and in no text.
pub(super) fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut one) = (Vec::new(), String::new());
    let (mut depth, mut quote) = (0_i32, None);
    for c in text.chars() {
        quote = after(quote, c);
        match c {
            ',' if quote.is_none() && depth == 0 => all.push(std::mem::take(&mut one)),
            _ => {
                if quote.is_none() {
                    depth = depth.saturating_add(i32::from("([{".contains(c)) - i32::from(")]}".contains(c)));
                }
                one.push(c);
            }
        }
    }
    all.push(one);
    all.into_iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

/// The keys of an object, with their values, in their order.
pub(super) fn entries(object: &str) -> Vec<(String, String)> {
    let inside = object.trim().strip_prefix('{').map(balanced).unwrap_or_default();
    let entry = |one: String| {
        let (key, value) = one.split_once(':')?;
        Some((key.trim().trim_matches(['"', '\'']).to_owned(), value.trim().to_owned()))
    };
    arguments(inside).into_iter().filter_map(entry).collect()
}

/// `text("id").notNull()`: the calls, in their order.
pub(super) fn chain(expression: &str) -> Vec<Call> {
    let (mut calls, mut rest) = (Vec::new(), expression.trim());
    while let Some((name, behind)) = rest.split_once('(') {
        let inside = balanced(behind);
        let name = name.trim().trim_start_matches('.').split('<').next().unwrap_or_default();
        calls.push(Call { name: name.to_owned(), inside: inside.to_owned() });
        rest =
            behind.get(inside.len()..).unwrap_or_default().strip_prefix(')').unwrap_or_default().trim_start();
    }
    calls
}

/// The texts in quotes, in their order.
pub(super) fn texts(text: &str) -> Vec<String> {
    let (mut all, mut quote, mut one) = (Vec::new(), None, String::new());
    for c in text.chars() {
        let now = after(quote, c);
        match (quote, now) {
            (Some('"' | '\''), None) => all.push(std::mem::take(&mut one)),
            (Some('"' | '\''), Some(_)) => one.push(c),
            _ => {}
        }
        quote = now;
    }
    all
}

/// The word behind a key: `true` behind `withTimezone:`.
pub(super) fn within<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(key)?;
    rest.trim_start().split(|c: char| !c.is_alphanumeric()).next()
}
