//! What can be seen in the text of a Rego policy before it ever runs: calls whose answers differ from time to time, paths of
//! the document that are nowhere, words that nothing in it is ever equal to, and letters that only look alike.
//!
//! Rego has no types: each of these makes an expression undefined or never true, and a `deny` rule with it never speaks.
//! This reads words and not the language. It follows `some x in input.…` and `x := input.…` to the end of the rule, and
//! nothing else that reaches the document by a detour.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex_lite::Regex;

use super::document::Part;
use super::rego_text::{Reference, code_only, references};
use crate::gate::kinds::Unfit;
use crate::scenario::Diagnostic;

/// Functions whose answers do not follow from the document, or that reach out of the process.
const REACHES_OUT: &[&str] =
    &["http.send", "net.lookup_ip_addr", "opa.runtime", RANDOM, "time.now_ns", "uuid.rfc4122"];
/// The one of these that the engine has: it is put out of use there as well, however it is spelt.
pub(super) const RANDOM: &str = "rand.intn";
/// Bytes before a reference that are looked at.
const BEFORE_BYTES_MAX: usize = 200;

/// What may stand beside a reference. In the code between the quotes there are blanks.
struct Beside {
    /// `some x in` or `x :=` before it.
    binds: Regex,
    /// A text that it is compared with, before it.
    text_before: Regex,
    /// Texts that it is compared with, after it.
    texts_after: Regex,
}

static BESIDE: LazyLock<Option<Beside>> = LazyLock::new(|| {
    Some(Beside {
        binds: Regex::new(r"(?:(some)\s+(?:\w+\s*,\s*)?(\w+)\s+in|(\w+)\s*:=)\s*$").ok()?,
        text_before: Regex::new(r#"(" *")\s*(?:[=!<>]=|[<>]|\bin)\s*$"#).ok()?,
        texts_after: Regex::new(r#"^\s*(?:(?:[=!<>]=|[<>])\s*(" *")|in\s*[\[{]([^\]}]*)[\]}])"#).ok()?,
    })
});

/// Checks one file.
pub(super) fn check(path: &Path, text: &str) -> Result<(), Unfit> {
    let code = code_only(text);
    let file = File { path, text, code: &code };
    file.alike()?;
    file.said_twice()?;
    let mut bound: BTreeMap<&str, Part> = BTreeMap::new();
    let mut rule = 0;
    for reference in references(text, &code) {
        file.reaches_out(&reference)?;
        let begun = file.rule_of(reference.start);
        if begun != rule {
            (rule, bound) = (begun, BTreeMap::new());
        }
        let root = match reference.root() {
            "input" => Some(Part::document()),
            name => bound.get(name).cloned(),
        };
        let Some(found) = root.map(|root| file.follow(&reference, root)).transpose()? else { continue };
        if let Some((name, is_some)) = file.bound_by(&reference) {
            bound.insert(name, if is_some { found.items() } else { found.clone() });
        }
        file.compared(&reference, &found)?;
    }
    Ok(())
}

/// A policy's file.
struct File<'t> {
    path: &'t Path,
    text: &'t str,
    /// The text with comments and what stands in strings blanked out.
    code: &'t str,
}

impl<'t> File<'t> {
    fn wrong(&self, span: Range<usize>, title: impl Into<String>) -> Diagnostic {
        Diagnostic::of_span(self.path, self.text.into(), span, title)
    }

    fn reaches_out(&self, reference: &Reference<'_>) -> Result<(), Unfit> {
        let name = reference.dotted();
        if !REACHES_OUT.contains(&name.as_str()) {
            return Ok(());
        }
        let found = self.wrong(
            reference.start..reference.end(),
            format!("`{name}` does not follow from what a policy sees"),
        );
        let help = "a verdict has to be the same each time; the virtual time is `input.context.now_s`";
        Err(Unfit::elsewhere(found.help(help)))
    }

    /// Where the rule begins in which this stands: rules begin at the left margin.
    fn rule_of(&self, at: usize) -> usize {
        let before = self.code.get(..at).unwrap_or_default();
        let begins = |(n, _): &(usize, &str)| {
            let rest = self.code.get(n.saturating_add(1)..).unwrap_or_default();
            rest.starts_with(|c: char| !c.is_whitespace() && c != '}')
        };
        before.rmatch_indices('\n').find(begins).map_or(0, |(n, _)| n)
    }

    /// The part of the document that a reference leads to.
    fn follow(&self, reference: &Reference<'_>, root: Part) -> Result<Part, Unfit> {
        let mut here = root;
        for step in reference.steps.iter().skip(1) {
            let Some(name) = step.name else {
                here = here.items();
                continue;
            };
            let known = here.names();
            if known.is_empty() {
                // Whatever an agent has written may stand there.
                return Ok(Part::anything());
            }
            if !known.contains(&name) {
                let from = step.end.saturating_sub(name.len());
                let found = self.wrong(from..step.end, format!("a policy sees no `{name}` here"));
                let help = "`src/gate/POLICIES.md` has the whole document";
                return Err(Unfit::elsewhere(found.suggest(name, &known).help(help)));
            }
            here = here.named(name);
        }
        Ok(here)
    }

    /// What stands right before a reference.
    fn before(&self, reference: &Reference<'_>) -> (usize, &'t str) {
        let from = self.code.floor_char_boundary(reference.start.saturating_sub(BEFORE_BYTES_MAX));
        (from, self.code.get(from..reference.start).unwrap_or_default())
    }

    /// The variable that a reference is given to, and whether by `some … in`.
    fn bound_by(&self, reference: &Reference<'_>) -> Option<(&'t str, bool)> {
        let found = BESIDE.as_ref()?.binds.captures(self.before(reference).1)?;
        let name = found.get(2).or_else(|| found.get(3))?;
        Some((name.as_str(), found.get(1).is_some()))
    }

    /// Whether what a reference is compared with is one of the words that can stand there.
    fn compared(&self, reference: &Reference<'_>, part: &Part) -> Result<(), Unfit> {
        let Some(beside) = BESIDE.as_ref() else { return Ok(()) };
        let (from, before) = self.before(reference);
        let end = reference.end();
        let mut texts: Vec<Range<usize>> = Vec::new();
        if let Some(text) = beside.text_before.captures(before).and_then(|found| found.get(1)) {
            texts.push(from.saturating_add(text.start())..from.saturating_add(text.end()));
        }
        let after = self.code.get(end..).unwrap_or_default();
        if let Some(found) = beside.texts_after.captures(after) {
            let part = found.get(1).or_else(|| found.get(2)).map(|part| part.range()).unwrap_or_default();
            texts.extend(quoted(after, part).map(|t| end.saturating_add(t.start)..end.saturating_add(t.end)));
        }
        let words: Vec<&str> = part.words().into_iter().chain(part.items().words()).collect();
        for span in texts {
            let inner = span.start.saturating_add(1)..span.end.saturating_sub(1);
            let said = self.text.get(inner).unwrap_or_default();
            if !part.takes_text() {
                // Rego orders values of all kinds: a number is less than any text.
                return Err(Unfit::elsewhere(self.wrong(span, "what is compared with this is never a text")));
            }
            if !words.is_empty() && !words.contains(&said) {
                let found = self.wrong(span, format!("nothing is ever `{said}` here"));
                return Err(Unfit::elsewhere(found.suggest(said, &words)));
            }
        }
        Ok(())
    }

    /// A key that stands twice in an object: the engine takes the last, others take neither.
    fn said_twice(&self) -> Result<(), Unfit> {
        let mut open: Vec<BTreeSet<String>> = Vec::new();
        let mut quote: Option<usize> = None;
        for (n, c) in self.code.char_indices() {
            match (c, quote) {
                ('"', None) => quote = Some(n),
                ('"', Some(start)) => {
                    quote = None;
                    let end = n.saturating_add(1);
                    let rest = self.code.get(end..).unwrap_or_default().trim_start();
                    let key = self.text.get(start..end).and_then(|key| serde_json::from_str(key).ok());
                    if let (true, Some(key), Some(keys)) = (is_colon(rest), key, open.last_mut())
                        && !keys.insert(key)
                    {
                        return Err(Unfit::elsewhere(
                            self.wrong(start..end, "this key stands twice in one object"),
                        ));
                    }
                }
                ('{' | '[' | '(', None) => open.push(BTreeSet::new()),
                ('}' | ']' | ')', None) => drop(open.pop()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Letters of another script inside a word, and signs that turn the direction of reading: what is read is not what
    /// stands there.
    fn alike(&self) -> Result<(), Unfit> {
        let word = |text: &str| text.chars().any(|c| c.is_ascii_alphabetic());
        let mut start = 0;
        for part in self.text.split_inclusive(|c: char| !(c.is_alphanumeric() || is_unseen(c))) {
            let looks = |c: char| is_unseen(c) || (word(part) && looks_latin(c));
            if let Some((n, c)) = part.char_indices().find(|(_, c)| looks(*c)) {
                let at = start + n;
                let title = format!("a sign that is not what it looks like: U+{:04X}", u32::from(c));
                return Err(Unfit::elsewhere(self.wrong(at..at.saturating_add(c.len_utf8()), title)));
            }
            start = start.saturating_add(part.len());
        }
        Ok(())
    }
}

/// What stands before this is a key.
fn is_colon(rest: &str) -> bool {
    rest.starts_with(':') && !rest.starts_with(":=")
}

/// Quoted texts within this part of some code.
fn quoted(code: &str, part: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let marks = code.char_indices().filter(|(_, c)| *c == '"').map(|(n, _)| n);
    let marks: Vec<usize> = marks.filter(|n| part.contains(n)).collect();
    let pairs: Vec<_> = marks.as_chunks::<2>().0.iter().map(|[a, b]| *a..b.saturating_add(1)).collect();
    pairs.into_iter()
}

/// Signs without a shape of their own.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

/// Scripts with letters that look like Latin ones: Greek, Cyrillic, Armenian, Cherokee, the mathematical and the wide ones.
fn looks_latin(c: char) -> bool {
    matches!(c, '\u{0370}'..='\u{058F}' | '\u{13A0}'..='\u{13FF}' | '\u{1D400}'..='\u{1D7FF}' | '\u{FF00}'..='\u{FFEF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Option<String> {
        check(Path::new("p.rego"), text).err().map(|unfit| unfit.elsewhere.unwrap().to_string())
    }

    #[test]
    fn what_every_call_has_is_fine() {
        for fine in [
            "deny if input.resource.environment == \"production\"",
            "deny if input[\"resource\"].stateful",
            "deny if input.context.effects[_].resource.serving",
            "deny if input.context.records_at_stake > 100",
            "deny if input.context.restorable_until < \"2025-12-16\"",
            "deny if input.context.effects[i].restorable.until < \"2025\"",
            "deny if input.action.arguments.StackName == \"x\"",
            "deny if input.action.operation == \"whatever\"",
            "deny if input.resource.environment in {\"production\", \"staging\"}",
            "deny if \"production\" in input.context.environments",
            "deny if \"destructive\" == input.action.kind",
            "deny if {\n\tsome e in input.context.effects\n\te.change == \"destroyed\"\n}\nf(e) := e.own if e.own == 1",
            "deny if {\n\tx := input.resource\n\tx.serving\n}\ng if { x := data.own; x.y }",
            "# input.nothing is a comment\nx := \"input.nothing\"",
            "x := myinput.nothing",
            "x := \"Grüße aus Köln, привет\"",
        ] {
            assert_eq!(wrong(fine), None, "{fine}");
        }
    }

    #[test]
    fn a_path_that_no_call_has_is_shown_with_the_nearest_that_there_is() {
        let told = wrong("package p\ndeny if input.resource.enviroment == \"production\"").unwrap();
        assert!(told.contains("a policy sees no `enviroment` here"), "{told}");
        assert!(told.contains("p.rego:2:24"), "{told}");
        assert!(told.contains("`environment`"), "{told}");
        for text in [
            "deny if input.context.effects[_].resource.stateless",
            "deny if input[\"resuorce\"]",
            "deny if {\n\tsome e in input.context.effects\n\te.resource.stateless\n}",
            "deny if {\n\tsome i, e in input.context.effects\n\te.resorce.stateful\n}",
            "deny if {\n\tx := input.resource\n\tx.servng\n}",
            "deny if count([e | some e in input.context.effects; e.resource.statefull]) > 0",
        ] {
            assert!(wrong(text).is_some_and(|told| told.contains("a policy sees no")), "{text}");
        }
    }

    #[test]
    fn a_word_that_nothing_is_ever_equal_to_is_shown() {
        for text in [
            "deny if input.resource.environment == \"prod\"",
            "deny if input.resource.environment != \"Production\"",
            "deny if \"destroy\" == input.action.kind",
            "deny if input.resource.environment in {\"production\", \"stagng\"}",
            "deny if input.action.service in [\"database\"]",
            "deny if \"prodution\" in input.context.environments",
            "deny if input.context.environments[_] == \"prodution\"",
            "deny if {\n\tsome e in input.context.effects\n\te.change == \"destroy\"\n}",
            "deny if {\n\tsome e in input.context.effects\n\te.resource.environment == \"live\"\n}",
        ] {
            assert!(
                wrong(text).is_some_and(|told| told.contains("nothing is ever")),
                "{text}: {:?}",
                wrong(text)
            );
        }
    }

    #[test]
    fn a_number_is_no_text() {
        for text in [
            "allow if input.context.records_at_stake < \"100\"",
            "allow if \"0\" >= input.context.resources_destroyed",
            "allow if input.resource.stateful == \"false\"",
        ] {
            assert!(wrong(text).is_some_and(|told| told.contains("never a text")), "{text}");
        }
    }

    #[test]
    fn what_differs_from_time_to_time_is_refused_however_it_is_spelt() {
        for word in REACHES_OUT {
            let told = wrong(&format!("x := {word}({{}})")).unwrap();
            assert!(told.contains(word), "{told}");
        }
        assert!(wrong("x := rand[\"intn\"](\"a\", 3)").is_some());
        assert!(wrong("x := y[rand.intn(\"a\", 3)]").is_some());
    }

    #[test]
    fn a_key_stands_once_in_an_object() {
        assert!(wrong("d := {\"decision\": \"deny\", \"d\\u0065cision\": \"allow\"}").is_some());
        assert!(wrong("d := [{\"a\": {\"b\": 1, \"b\": 2}}]").is_some());
        for fine in [
            "d := {\"a\": {\"b\": 1}, \"c\": {\"b\": 1}}",
            "d := [\"a\", \"a\"]",
            "d := {\"a\": [\"b\", \"b\"], \"b\": 1}",
        ] {
            assert_eq!(wrong(fine), None, "{fine}");
        }
    }

    #[test]
    fn signs_that_look_like_others_are_shown() {
        for text in
            ["x := \"prоduction\"", "x := \"pro\u{200B}duction\"", "# \u{202E} noitcudorp", "dеny := true"]
        {
            assert!(wrong(text).is_some_and(|told| told.contains("not what it looks like")), "{text}");
        }
    }
}
