//! What is wrong in a stage whose shape is right: names that point nowhere, texts that are not there, times in the
//! wrong order, numbers out of range.
//!
//! All problems are found, not the first alone: whoever writes a scenario mends a file in one pass. What stands inside
//! templates, SQL and code is not looked at here (only [`crate::World::new`] understands those), with one exception:
//! the names of APIs, so that a misspelt dependent is shown where it is written.

use std::collections::BTreeMap;

use crate::stage::broker_rules;
use crate::stage::cache_rules;
use crate::stage::cluster_rules;
use crate::stage::dns_rules;
use crate::stage::docker_rules;
use crate::stage::fault_rules;
use crate::stage::host_rules;
use crate::stage::mailbox_rules;
use crate::stage::platform_rules;
use crate::stage::search_rules;
use crate::stage::share_rules;
use crate::stage::{Problem, Stage};
use crate::stage_rules;

impl Stage {
    /// Everything wrong in this stage; empty if a world can be built from it, as far as names and numbers tell.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        stage_rules::of_account(self, &mut found);
        stage_rules::of_roles(self, &mut found);
        stage_rules::of_people(self, &mut found);
        stage_rules::of_messages(self, &mut found);
        stage_rules::of_repository(self, &mut found);
        stage_rules::of_pipeline(self, &mut found);
        stage_rules::of_databases(self, &mut found);
        stage_rules::of_buckets(self, &mut found);
        broker_rules::of_brokers(self, &mut found);
        cache_rules::of_caches(self, &mut found);
        cluster_rules::of_cluster(self, &mut found);
        dns_rules::of_dns(self, &mut found);
        docker_rules::of_docker(self, &mut found);
        search_rules::of_search(self, &mut found);
        share_rules::of_shares(self, &mut found);
        host_rules::of_hosts(self, &mut found);
        mailbox_rules::of_mailboxes(self, &mut found);
        platform_rules::of_platform(self, &mut found);
        stage_rules::of_stacks(self, &mut found);
        stage_rules::of_keys(self, &mut found);
        stage_rules::of_terraform(self, &mut found);
        stage_rules::of_logs(self, &mut found);
        stage_rules::of_dependents(self, &mut found);
        fault_rules::of_faults(self, &mut found);
        fault_rules::of_oversight(self, &mut found);
        found.0
    }

    /// The text of a file of the repository; the path may stand with or without the folder's own name in front.
    pub(crate) fn repo_text(&self, path: &str) -> Option<&str> {
        self.text_in("repo/", path)
    }

    /// The text of a data file; the path may stand with or without the folder's own name in front.
    pub(crate) fn data_text(&self, path: &str) -> Option<&str> {
        self.text_in("data/", path)
    }

    /// The text of a stack's template: in the repository, or, with `data/` in front, what was deployed before it moved on.
    pub(crate) fn template_text(&self, path: &str) -> Option<&str> {
        if path.starts_with("data/") { self.data_text(path) } else { self.repo_text(path) }
    }

    fn text_in(&self, folder: &str, path: &str) -> Option<&str> {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        self.files.get(&format!("{folder}{inside}")).map(String::as_str)
    }

    /// The names of all files below `folder`, written as `like` is: with the folder in front or without.
    pub(crate) fn names_in(&self, folder: &str, like: &str) -> Vec<String> {
        let files = self.files.keys().filter(|path| path.starts_with(folder));
        let start = if like.starts_with(folder) { 0 } else { folder.len() };
        files.filter_map(|path| path.get(start..)).map(str::to_owned).collect()
    }
}

/// Problems, as they are found.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Something that has no list of right answers.
    pub(crate) fn add(&mut self, path: String, found: impl ToString, expected: &str) {
        self.0.push(Problem {
            path,
            found: found.to_string(),
            expected: expected.to_owned(),
            candidates: vec![],
        });
    }

    /// As [`Problems::add`], if `bad`.
    pub(crate) fn add_if(&mut self, bad: bool, path: String, found: impl ToString, expected: &str) {
        if bad {
            self.add(path, found, expected);
        }
    }

    /// A name must be one of `names`.
    pub(crate) fn one_of<S: AsRef<str>>(&mut self, path: String, found: &str, expected: &str, names: &[S]) {
        if names.iter().all(|name| name.as_ref() != found) {
            let candidates = names.iter().map(|name| name.as_ref().to_owned()).collect();
            let (found, expected) = (found.to_owned(), expected.to_owned());
            self.0.push(Problem { path, found, expected, candidates });
        }
    }

    /// A text must say something.
    pub(crate) fn not_empty(&mut self, path: String, text: &str, expected: &str) {
        self.add_if(text.trim().is_empty(), path, "", expected);
    }

    /// A number must lie in a range, both ends included.
    pub(crate) fn within(&mut self, path: String, number: i64, (low, high): (i64, i64), unit: &str) {
        if !(low..=high).contains(&number) {
            let bounds =
                if high == i64::MAX { format!("{low} or more") } else { format!("from {low} to {high}") };
            self.add(path, number, &format!("{unit}, {bounds}"));
        }
    }

    /// A duration must not be negative.
    pub(crate) fn duration(&mut self, path: String, seconds: i64) {
        self.within(path, seconds, (0, i64::MAX), "a duration in seconds");
    }

    /// Each name may stand once; the later one is the wrong one.
    pub(crate) fn unique<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n str>,
        at: impl Fn(usize) -> String,
        expected: &str,
    ) {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, name) in names.into_iter().enumerate() {
            if let Some(earlier) = first.get(name) {
                let expected = format!("{expected} that is not taken by `{}`", at(*earlier));
                self.add(at(index), name, &expected);
            } else {
                first.insert(name, index);
            }
        }
    }
}
