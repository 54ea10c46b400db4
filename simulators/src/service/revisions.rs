//! Names of commits: branches, prefixes, `HEAD`, `origin/x`, with `~n` and `^`.

use super::commits::Commit;
use super::workspace::{State, fatal};
use crate::call::Refusal;

impl State {
    /// The id that a revision names: branches, prefixes, `HEAD`, `origin/x`, with `~n` and `^`.
    pub(super) fn resolve(&self, rev: &str) -> Option<String> {
        let split = rev.find(['~', '^']).unwrap_or(rev.len());
        let (name, mut steps) = rev.split_at_checked(split)?;
        let mut id = self.resolve_name(name)?;
        while !steps.is_empty() {
            let mark = steps.chars().next()?;
            let digits: String = steps.chars().skip(1).take_while(char::is_ascii_digit).collect();
            steps = steps.get(digits.len().saturating_add(1)..)?;
            let n: usize = if digits.is_empty() { 1 } else { digits.parse().ok()? };
            let (parent, times) = if mark == '^' { (n, 1) } else { (1, n) };
            for _ in 0..times {
                id = self.store.get(&id)?.parents.get(parent.checked_sub(1)?)?.clone();
            }
        }
        Some(id)
    }

    fn resolve_name(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/remotes/")).unwrap_or(name);
        let upstream = |branch: &str| self.tracking.get(self.upstream.get(branch)?).cloned();
        match name {
            "HEAD" | "@" => Some(self.tip()),
            "@{u}" | "@{upstream}" => upstream(self.branch()?),
            "origin" | "origin/HEAD" => self.tracking.get("main").or(self.tracking.values().next()).cloned(),
            _ => {
                let remote = name.strip_prefix("origin/").and_then(|b| self.tracking.get(b));
                let known = self.branches.get(name).or(remote).cloned();
                known.or_else(|| self.store.by_prefix(name)).or_else(|| {
                    let number = name.strip_prefix("stash")?.trim_matches(['@', '{', '}']);
                    let at: usize = if number.is_empty() { 0 } else { number.parse().ok()? };
                    Some(self.stash.get(at)?.base.clone())
                })
            }
        }
    }

    /// The commit that a revision names, or git's refusal.
    pub(super) fn commit_at(&self, rev: &str) -> Result<&Commit, Refusal> {
        self.resolve(rev).and_then(|id| self.store.get(&id)).ok_or_else(|| {
            fatal(format!(
                "ambiguous argument '{rev}': unknown revision or path not in the working tree.\nUse '--' to \
                 separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'"
            ))
        })
    }
}
