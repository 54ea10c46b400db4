//! Documents of a search cluster: what they are, which fit a question, and which of the stage's are missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::sql::Data;
use crate::sql::schema::{literal, quoted};
use crate::stage::{Problem, Stage};

/// A document: its fields.
pub(super) type Doc = Map<String, Value>;
/// Documents by id.
pub(super) type Docs = Arc<BTreeMap<String, Doc>>;
/// Fields and their types.
pub(super) type Fields = BTreeMap<String, String>;

/// What a script of SQL in `data/` makes in its table `docs`, of which those that fit a condition.
pub(super) fn made(stage: &Stage, path: &str, at: &str, only: Option<&str>) -> Result<Docs, Problem> {
    let problem = |expected: String| Problem {
        path: at.to_owned(),
        found: path.to_owned(),
        expected,
        candidates: stage.names_in("data/", path),
    };
    let script = stage.data_text(path).ok_or_else(|| problem("the path of a file of SQL".to_owned()))?;
    let only = only.map(|condition| format!(" where {condition}")).unwrap_or_default();
    let rows = Data::build(script).and_then(|data| data.query(&format!("select * from docs{only}"), &[]));
    let rows = rows.map_err(|e| problem(format!("SQL that makes a table `docs`: {}", e.message)))?;
    let doc = |mut row: Doc| {
        let id = row.shift_remove("_id")?;
        row.retain(|_, value| !value.is_null());
        Some((id.as_str().map_or_else(|| id.to_string(), str::to_owned), row))
    };
    Ok(Arc::new(rows.into_iter().filter_map(doc).collect()))
}

/// A value without its type: a price is the same as a text and as a number.
fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse::<f64>().map_or(text, |number| number.to_string())
}

fn same(one: &Doc, other: &Doc) -> bool {
    one.iter().all(|(field, value)| other.get(field).is_some_and(|found| plain(found) == plain(value)))
}

/// Documents that live nowhere else, by id.
pub(super) type Records = BTreeMap<String, Doc>;

/// Which of them no index holds.
pub(super) fn missing<'r>(records: &'r Records, held: &[&Docs]) -> BTreeSet<&'r str> {
    let gone = |(id, doc): (&'r String, &Doc)| {
        let there = held.iter().any(|docs| docs.get(id).is_some_and(|found| same(doc, found)));
        (!there).then_some(id.as_str())
    };
    records.iter().filter_map(gone).collect()
}

/// A document as the types of an index take it.
///
/// # Errors
/// The field that cannot be read as its type.
pub(super) fn typed(fields: &Fields, doc: &Doc) -> Result<Doc, String> {
    let one = |(field, value): (&String, &Value)| {
        let kind = fields.get(field).map_or("keyword", String::as_str);
        let number = || {
            plain(value)
                .parse::<f64>()
                .map_err(|_| format!("failed to parse field [{field}] of type [{kind}]"))
        };
        let value = match kind {
            "double" | "float" | "scaled_float" | "half_float" => json!(number()?),
            "integer" | "long" | "short" | "byte" => json!(number()? as i64),
            _ => value.clone(),
        };
        Ok((field.clone(), value))
    };
    doc.iter().map(one).collect()
}

/// The type that a field gets from the first value that is put into it.
pub(super) fn guessed(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "float",
        Value::Number(_) => "long",
        _ => "text",
    }
}

fn column(kind: &str) -> &'static str {
    match kind {
        "double" | "float" | "scaled_float" | "half_float" => "double precision",
        "integer" | "long" | "short" | "byte" => "bigint",
        _ => "text",
    }
}

/// The documents as code asks for them: a table for each index, and each alias of one index as a view.
pub(super) fn tables<'i>(
    indices: impl Iterator<Item = (&'i String, &'i Fields, &'i Docs)>,
    aliases: &BTreeMap<String, BTreeSet<String>>,
) -> Data {
    let mut script = String::new();
    for (name, fields, docs) in indices {
        let columns = fields.iter().map(|(field, kind)| format!(", {} {}", quoted(field), column(kind)));
        _ = writeln!(
            script,
            "create table {} (_id text primary key{});",
            quoted(name),
            columns.collect::<String>()
        );
        for (id, doc) in docs.iter() {
            let values = fields.keys().map(|field| match doc.get(field) {
                None | Some(Value::Null) => ", null".to_owned(),
                Some(Value::Number(number)) => format!(", {number}"),
                Some(value) => {
                    format!(", {}", literal(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
                }
            });
            _ = writeln!(
                script,
                "insert into {} values ({}{});",
                quoted(name),
                literal(id),
                values.collect::<String>()
            );
        }
    }
    for (alias, names) in aliases {
        if let Some(name) = names.iter().next().filter(|_| names.len() == 1) {
            _ = writeln!(script, "create view {} as select * from {};", quoted(alias), quoted(name));
        }
    }
    Data::build(&script).unwrap_or_else(|_| Data::empty())
}

/// Which documents are meant.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Filter {
    /// All of them.
    All,
    /// Those whose field has this value.
    Is(String, String),
    /// Those that have the field at all.
    Exists(String),
    /// Those that fit all of these and none of those.
    Both(Vec<Filter>, Vec<Filter>),
}

impl Filter {
    /// Reads a query of a body; `None` for one that is not simulated.
    pub fn read(query: &Value) -> Option<Self> {
        let (kind, inner) = query.as_object()?.iter().next()?;
        let pair = || {
            let (field, value) = inner.as_object()?.iter().next()?;
            let value = value.get("value").or_else(|| value.get("query")).unwrap_or(value);
            (!value.is_object())
                .then(|| Self::Is(field.trim_end_matches(".keyword").to_owned(), plain(value)))
        };
        let list = |key: &str| -> Option<Vec<Self>> {
            match inner.get(key) {
                None => Some(Vec::new()),
                Some(Value::Array(all)) => all.iter().map(Self::read).collect(),
                Some(one) => Some(vec![Self::read(one)?]),
            }
        };
        match kind.as_str() {
            "match_all" => Some(Self::All),
            "term" | "match" => pair(),
            "exists" => Some(Self::Exists(inner.get("field")?.as_str()?.to_owned())),
            "bool" if inner.get("should").is_none() => {
                Some(Self::Both([list("must")?, list("filter")?].concat(), list("must_not")?))
            }
            _ => None,
        }
    }

    /// Reads `q=source:workshop AND kind:belt`; `None` for more than that.
    pub fn line(text: &str) -> Option<Self> {
        if text.is_empty() || text == "*" || text == "*:*" {
            return Some(Self::All);
        }
        let (mut all, mut none) = (Vec::new(), Vec::new());
        for part in text.split(" AND ") {
            let (not, part) = part.strip_prefix("NOT ").map_or((false, part), |rest| (true, rest));
            let (field, value) = part.split_once(':')?;
            let value = value.trim_matches('"');
            if field == "_exists_" {
                all.push(Self::Exists(value.to_owned()));
                continue;
            }
            if value.contains(['*', '[', '(', ' ']) {
                return None;
            }
            let is = Self::Is(field.trim_end_matches(".keyword").to_owned(), plain(&json!(value)));
            if not { none.push(is) } else { all.push(is) }
        }
        Some(Self::Both(all, none))
    }

    pub fn fits(&self, doc: &Doc) -> bool {
        match self {
            Self::All => true,
            Self::Is(field, value) => doc.get(field).is_some_and(|found| plain(found) == *value),
            Self::Exists(field) => doc.contains_key(field),
            Self::Both(all, none) => all.iter().all(|f| f.fits(doc)) && !none.iter().any(|f| f.fits(doc)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_read_as_they_are_written() {
        let doc = json!({"source": "workshop", "price": "9.50"}).as_object().cloned().unwrap();
        let fits = |text: &str| Filter::line(text).map(|filter| filter.fits(&doc));
        assert_eq!(fits("source:workshop AND price:9.5"), Some(true));
        assert_eq!(fits("NOT source:workshop"), Some(false));
        assert_eq!((fits("_exists_:note"), fits("source:work*"), fits("*")), (Some(false), None, Some(true)));
        let body = json!({"bool": {"must": [{"term": {"source": "workshop"}}], "must_not": {"exists": {"field": "note"}}}});
        assert_eq!(Filter::read(&body).map(|filter| filter.fits(&doc)), Some(true));
        assert_eq!(Filter::read(&json!({"range": {"price": {"gte": 3}}})), None);
    }
}
