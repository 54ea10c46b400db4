//! Where every key and value of a document stands, for problems that are found after it was read.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Of the key in front of it, if it has one of its own.
    pub key: Option<Range<usize>>,
    /// Of the value; of the header, for a table that has one.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A table, in order of place.
    Table(Vec<(String, Node)>),
    /// A list.
    List(Vec<Node>),
    /// Anything else, in words.
    Leaf(&'static str),
}

/// One step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl Node {
    /// The places of a whole document.
    pub fn of(root: &Spanned<DeTable<'_>>) -> Self {
        Self { key: None, span: root.span(), kind: table(root.get_ref()) }
    }

    fn of_value(key: Option<Range<usize>>, value: &Spanned<DeValue<'_>>) -> Self {
        let kind = match value.get_ref() {
            DeValue::Table(entries) => table(entries),
            DeValue::Array(items) => {
                Kind::List(items.iter().map(|item| Self::of_value(None, item)).collect())
            }
            DeValue::String(_) => Kind::Leaf("text"),
            DeValue::Integer(_) => Kind::Leaf("a whole number"),
            DeValue::Float(_) => Kind::Leaf("a number with a point"),
            DeValue::Boolean(_) => Kind::Leaf("`true` or `false`"),
            DeValue::Datetime(_) => Kind::Leaf("a time without quotes"),
        };
        Self { key, span: value.span(), kind }
    }

    /// The value at a path, or else the innermost table or list on the way to it.
    pub fn nearest(&self, path: &[Step]) -> &Self {
        let Some((first, rest)) = path.split_first() else { return self };
        match self.child(first) {
            Some(child) => child.nearest(rest),
            None => self,
        }
    }

    fn child(&self, step: &Step) -> Option<&Self> {
        match (&self.kind, step) {
            (Kind::Table(entries), Step::Key(name)) => {
                entries.iter().find(|(k, _)| k == name).map(|(_, node)| node)
            }
            (Kind::List(items), Step::Index(index)) => items.get(*index),
            _ => None,
        }
    }

    /// The path to the value (or the key) that stands exactly there.
    pub fn path_to(&self, span: &Range<usize>) -> Option<(Vec<Step>, &Self)> {
        let mut path = Vec::new();
        let node = self.search(span, &mut path)?;
        path.reverse();
        Some((path, node))
    }

    fn search(&self, span: &Range<usize>, path: &mut Vec<Step>) -> Option<&Self> {
        if self.span == *span || self.key.as_ref() == Some(span) {
            return Some(self);
        }
        let children: Vec<(Step, &Self)> = match &self.kind {
            Kind::Table(entries) => {
                entries.iter().map(|(key, node)| (Step::Key(key.clone()), node)).collect()
            }
            Kind::List(items) => items.iter().enumerate().map(|(i, node)| (Step::Index(i), node)).collect(),
            Kind::Leaf(_) => return None,
        };
        for (step, child) in children {
            if let Some(node) = child.search(span, path) {
                path.push(step);
                return Some(node);
            }
        }
        None
    }

    /// The first entry of a list of `[[tables]]`, which stands where the list itself does; else the node itself.
    pub fn first_of_list(&self) -> (Option<Step>, &Self) {
        match &self.kind {
            Kind::List(items) => match items.first() {
                Some(item) if item.span == self.span => (Some(Step::Index(0)), item),
                _ => (None, self),
            },
            _ => (None, self),
        }
    }

    /// What it is, in words.
    pub fn words(&self) -> &'static str {
        match &self.kind {
            Kind::Table(_) => "a table",
            Kind::List(_) => "a list",
            Kind::Leaf(words) => words,
        }
    }
}

fn table(entries: &DeTable<'_>) -> Kind {
    let node = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        (name.to_string(), Node::of_value(Some(key.span()), value))
    };
    let mut nodes: Vec<(String, Node)> = entries.iter().map(node).collect();
    nodes.sort_by_key(|(_, node)| node.key.as_ref().map(|key| key.start));
    Kind::Table(nodes)
}

/// Reads a path such as `database[0].tags."team.name"`.
pub(super) fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('.') {
            rest = tail;
        } else if let Some((text, tail)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) {
            steps.push(Step::Key(text.to_owned()));
            rest = tail;
        } else if let Some((text, tail)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            steps.push(text.parse().map_or_else(|_| Step::Key(text.to_owned()), Step::Index));
            rest = tail;
        } else {
            let end = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '.' | '['));
            let (text, tail) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
            steps.push(Step::Key(text.to_owned()));
            rest = tail;
        }
    }
    steps
}

/// The same path as names alone.
pub(super) fn keys(path: &str) -> Vec<String> {
    let name = |step| match step {
        Step::Key(key) => key,
        Step::Index(n) => n.to_string(),
    };
    steps(path).into_iter().map(name).collect()
}

/// The header above which a table stands: `[pace]`, `[[database.snapshot]]`; empty for the top level.
pub(super) fn header(path: &[Step]) -> String {
    let keys: Vec<&str> = path
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    match path.last() {
        None => String::new(),
        Some(Step::Index(_)) => format!("[[{}]]", keys.join(".")),
        Some(Step::Key(_)) => format!("[{}]", keys.join(".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let key = |k: &str| Step::Key(k.to_owned());
        let cases = [
            ("epoch", vec![key("epoch")]),
            ("dependent[12].api", vec![key("dependent"), Step::Index(12), key("api")]),
            ("files.\"src/a.js\"[0]", vec![key("files"), key("src/a.js"), Step::Index(0)]),
            ("", vec![]),
            ("[", vec![key("[")]),
            ("a..b", vec![key("a"), key("b")]),
        ];
        for (path, expected) in cases {
            assert_eq!(steps(path), expected, "{path}");
        }
    }

    #[test]
    fn headers() {
        let cases = [("pace", "[pace]"), ("database[0].snapshot[1]", "[[database.snapshot]]"), ("", "")];
        for (path, expected) in cases {
            assert_eq!(header(&steps(path)), expected);
        }
    }
}
