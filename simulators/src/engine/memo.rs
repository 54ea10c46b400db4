//! What code came to before. The same code on the same input comes to the same, so it is executed once: previews, reviewers and
//! pipelines run the same tests over and over. Nothing can be told from it but by the time that it saves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Execution, Holds, Outcome, Request, Response, Sources, Stores, TestResult};
use crate::clock::Time;

/// Outcomes of one kind that are kept; with one more all are forgotten.
const KEPT_MAX: usize = 256;

type Key = [u8; 32];

/// Outcomes by what they came of: a world and all that are cloned from it share one.
#[derive(Default)]
pub struct Memo {
    tests: Kept<Arc<Vec<TestResult>>>,
    executions: Kept<Execution>,
}

impl Memo {
    /// Runs the repository's own tests (`tests/*.test.js`, importing `node:test` and `node:assert/strict`), by file name
    /// and then in the order in which they stand. Skipped tests are left out; a file that does not load is one failure.
    pub fn run_tests(&self, sources: &Sources, now: Time) -> Arc<Vec<TestResult>> {
        let key = digest_of(sources, &[]);
        self.tests.get_or(key, now, || {
            let Outcome { value, holds } = super::testing::run(sources, now);
            Outcome { value: Arc::new(value), holds }
        })
    }

    /// Runs `handler` (`src/handler.js#handler`) on a request. `db.query(sql, params)` reads the rows, and
    /// `cache` the keys; without them they throw.
    /// With what the code printed, and why it failed.
    pub fn execute<'s>(
        &self,
        sources: &Sources,
        handler: &str,
        request: &Request,
        stores: impl Into<Stores<'s>>,
        now: Time,
    ) -> Execution {
        let stores: Stores<'_> = stores.into();
        let rows = stores.data.map(|data| crate::hex(&data.digest()));
        let input = match stores.cache {
            None => json!([handler, request, rows]).to_string(),
            Some(cache) => json!([handler, request, rows, cache.digest(now)]).to_string(),
        };
        let key = digest_of(sources, input.as_bytes());
        self.executions.get_or(key, now, || super::run(sources, handler, request, stores, now))
    }

    /// What the caller gets of [`Memo::execute`].
    pub fn respond<'s>(
        &self,
        sources: &Sources,
        handler: &str,
        request: &Request,
        stores: impl Into<Stores<'s>>,
        now: Time,
    ) -> Response {
        self.execute(sources, handler, request, stores, now).response
    }
}

/// A digest of code and of what it is given. Each part stands behind its length, so that no two inputs read alike.
fn digest_of(sources: &Sources, input: &[u8]) -> Key {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    };
    part(input);
    for (path, text) in sources.iter() {
        part(path.as_bytes());
        part(text.as_bytes());
    }
    hash.finalize().into()
}

/// Outcomes, each with the time it holds for, where the code looked at the clock.
struct Kept<T>(Mutex<BTreeMap<Key, (Option<Time>, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Kept<T> {
    fn get_or(&self, key: Key, now: Time, run: impl FnOnce() -> Outcome<T>) -> T {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).filter(|(at, _)| at.is_none_or(|at| at == now)).map(|(_, v)| v.clone());
        if let Some(value) = known {
            return value;
        }
        // Not under the lock: two threads may run the same code, and come to the same.
        let Outcome { value, holds } = run();
        let at = match holds {
            Holds::Always => None,
            Holds::AtThisTime => Some(now),
            Holds::Once => return value,
        };
        let mut kept = lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, (at, value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_unix(seconds)
    }

    fn kept(holds: Holds, times: &[i64]) -> Vec<u32> {
        let (kept, runs) = (Kept::default(), std::cell::Cell::new(0_u32));
        let run = || {
            runs.set(runs.get() + 1);
            Outcome { value: runs.get(), holds }
        };
        times.iter().map(|time| kept.get_or([0; 32], at(*time), run)).collect()
    }

    #[test]
    fn code_runs_again_only_where_it_could_come_to_something_else() {
        assert_eq!(kept(Holds::Always, &[1, 2, 1]), [1, 1, 1]);
        assert_eq!(kept(Holds::AtThisTime, &[1, 1, 2, 2, 1]), [1, 1, 2, 2, 3]);
        assert_eq!(kept(Holds::Once, &[1, 1]), [1, 2]);
    }

    #[test]
    fn what_is_kept_does_not_grow_for_ever() {
        let kept = Kept::default();
        for n in 0..=KEPT_MAX {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            kept.get_or(key, at(0), || Outcome { value: n, holds: Holds::Always });
        }
        assert_eq!(kept.0.lock().unwrap().len(), 1);
    }

    fn sources(files: &[(&str, &str)]) -> Sources {
        Arc::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn code_that_looks_at_the_clock_is_told_the_time_each_time() {
        let answer = "export const handler = async () => ({statusCode: 200, body: String(Date.now())});";
        let code = sources(&[("src/handler.js", answer)]);
        let request = Request { path: "/".into(), query: BTreeMap::new() };
        let memo = Memo::default();
        let body = |time| memo.respond(&code, "src/handler.js#handler", &request, None, at(time)).body;
        assert_eq!([body(1), body(2), body(1)], [json!(1_000), json!(2_000), json!(1_000)]);
    }

    /// What nobody asks for again must not hold memory for a whole run.
    #[test]
    fn a_large_answer_is_not_kept() {
        let answer = |bytes: usize| {
            let code = format!(
                "export const handler = async () => ({{statusCode: 200, body: 'x'.repeat({bytes})}});"
            );
            sources(&[("src/handler.js", &code)])
        };
        let request = Request { path: "/".into(), query: BTreeMap::new() };
        let kept = |bytes| {
            let memo = Memo::default();
            let body = memo.respond(&answer(bytes), "src/handler.js#handler", &request, None, at(1)).body;
            assert_eq!(body.as_str().unwrap().len(), bytes);
            memo.executions.0.lock().unwrap().len()
        };
        assert_eq!((kept(1_000), kept(1_000_000)), (1, 0));
    }

    #[test]
    fn other_code_another_request_and_other_rows_are_other_questions() {
        let answer = |text: &str| {
            let code = format!(
                "export const handler = async (event, {{db}}) => ({{statusCode: 200, body: '{text}' + event.path}});"
            );
            sources(&[("src/handler.js", &code)])
        };
        let memo = Memo::default();
        let request = |path: &str| Request { path: path.into(), query: BTreeMap::new() };
        let body = |text: &str, path: &str| {
            memo.respond(&answer(text), "src/handler.js#handler", &request(path), None, at(1)).body
        };
        assert_eq!(
            [body("a", "/x"), body("b", "/x"), body("a", "/y")],
            [json!("a/x"), json!("b/x"), json!("a/y")]
        );
    }

    #[test]
    fn where_one_file_ends_and_the_next_begins_is_part_of_the_question() {
        let (one, two) = (sources(&[("a", "bc"), ("d", "e")]), sources(&[("a", "b"), ("cd", "e")]));
        assert_ne!(digest_of(&one, &[]), digest_of(&two, &[]));
    }
}
