//! Hidden checks, executed on the code that was delivered.

use std::fmt;
use std::sync::{Arc, OnceLock};

use simulators::clock::Time;
use simulators::engine::{Memo, Request, Sources, Stores};
use simulators::keys::Keyspaces;
use simulators::sql::Data;

use super::asked::one_value;
use super::facts::Facts;
use super::oracle::{Check, IndexCheck, Repaired, RowsCheck};

/// The rows and keys for the checks, made once, and what the checks came to on code that was delivered before: most trials deliver the
/// same. No part of what is judged by, so all are equal.
#[derive(Clone, Default)]
pub struct Answers(Arc<(OnceLock<Option<Fixture>>, Memo)>);

/// The rows, and the keys where there is a cache.
type Fixture = (Data, Option<Keyspaces>);

impl PartialEq for Answers {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}

/// Whether all checks pass: those of the code, of the rows and of indices.
pub fn repaired(facts: &Facts, wanted: &Repaired) -> bool {
    let rows = || wanted.rows.iter().all(|check| holds(facts, check));
    let gone = || wanted.gone.iter().all(|name| facts.has_taken_away(name));
    let indices = || wanted.index.iter().all(|check| is_typed(facts, check));
    works(facts, wanted) && rows() && gone() && indices()
}

/// Whether the name leads to one index, whose fields are of these types.
fn is_typed(facts: &Facts, check: &IndexCheck) -> bool {
    let fields = facts.indices.get(&check.cluster).and_then(|names| names.get(&check.index));
    fields.is_some_and(|fields| check.fields.iter().all(|(field, kind)| fields.get(field) == Some(kind)))
}

/// Whether the query gives the value. A table in which nothing has moved has no rows and no columns to ask for, and counts none;
/// one in which too much has moved for its rows to be named passes nothing.
fn holds(facts: &Facts, check: &RowsCheck) -> bool {
    let moved = facts.moved.get(&check.database).and_then(|tables| tables.get(&check.table));
    match moved {
        Some(moved) if moved.unnamed > 0 => false,
        Some(moved) => {
            one_value(&[("gone", &moved.gone), ("came", &moved.came)], &check.query).as_ref()
                == Some(&check.value)
        }
        None => check.value == 0,
    }
}

/// Whether each check of the code passes. A function that does not stand passes none.
fn works(facts: &Facts, wanted: &Repaired) -> bool {
    let Some(delivered) = facts.delivered.get(&wanted.function) else { return false };
    let (fixture, memo) = &*wanted.answers.0;
    let Some((data, keys)) = fixture.get_or_init(|| made(wanted, facts.ended)) else { return false };
    let stores = Stores { data: Some(data), cache: keys.as_ref() };
    let sources = Arc::new(delivered.sources.clone());
    let passes = |check| passes(check, memo, &sources, &delivered.handler, stores, facts.ended);
    !wanted.check.is_empty() && wanted.check.iter().all(passes)
}

fn made(wanted: &Repaired, now: Time) -> Option<Fixture> {
    let keys = wanted.keys.as_ref().map(|keys| Keyspaces::build(keys, now)).transpose().ok()?;
    Some((Data::build(&wanted.fixture).ok()?, keys))
}

fn passes(
    check: &Check,
    memo: &Memo,
    sources: &Sources,
    handler: &str,
    stores: Stores<'_>,
    now: Time,
) -> bool {
    let request = Request { path: check.path.clone(), query: check.query.clone() };
    let response = memo.respond(sources, handler, &request, stores, now);
    response.status == check.status
        && check.body.iter().all(|(pointer, value)| response.body.pointer(pointer) == Some(value))
}
