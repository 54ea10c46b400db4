//! `--shard`: which part of a plan to play, as told on the command line or by a scheduler.

use crate::record::plan::Shard;

/// Which of several parallel jobs this is, of how many, and from where that is counted: GitLab, CircleCI, Buildkite.
const MATRICES: [(&str, &str, u32); 3] = [
    ("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    ("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
];

/// Parts at the most.
const PARTS_MAX: u32 = 100_000;

/// `2/8`, counted from 1 as test runners do, or `auto`.
pub fn parse(text: &str) -> Result<Shard, String> {
    if text == "auto" {
        return from_scheduler(&environment);
    }
    let wrong = || format!("expected a part like `2/8` (from 1), or `auto`, found `{text}`");
    let (index, of) = text.split_once('/').ok_or_else(wrong)?;
    let (index, of): (u32, u32) = (index.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
    shard(index.checked_sub(1).ok_or_else(wrong)?, of)
}

fn shard(index: u32, of: u32) -> Result<Shard, String> {
    match index < of && of <= PARTS_MAX {
        true => Ok(Shard { index, of }),
        false => Err(format!("there is no part {} of {of}", index.saturating_add(1))),
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line owns the environment")]
fn environment(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.trim().parse().ok()
}

/// The part that a scheduler gave this process. Slurm arrays say all; a Kubernetes indexed job says its index, and
/// `CHESTERTON_SHARDS` must say of how many.
fn from_scheduler(read: &dyn Fn(&str) -> Option<u32>) -> Result<Shard, String> {
    if let (Some(id), Some(of)) = (read("SLURM_ARRAY_TASK_ID"), read("SLURM_ARRAY_TASK_COUNT")) {
        let (first, step) =
            (read("SLURM_ARRAY_TASK_MIN").unwrap_or(0), read("SLURM_ARRAY_TASK_STEP").unwrap_or(1));
        return shard(id.saturating_sub(first) / step.max(1), of);
    }
    if let Some(index) = read("JOB_COMPLETION_INDEX") {
        let of = read("CHESTERTON_SHARDS");
        let none = "JOB_COMPLETION_INDEX is set; set CHESTERTON_SHARDS to the job's completions as well";
        return shard(index, of.ok_or(none)?);
    }
    for (index, of, first) in MATRICES {
        if let (Some(found), Some(of)) = (read(index), read(of)) {
            let wrong = || format!("{index} counts from {first}");
            return shard(found.checked_sub(first).ok_or_else(wrong)?, of);
        }
    }
    Err("`auto` finds none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, CI_NODE_INDEX, CIRCLE_NODE_INDEX and \
         BUILDKITE_PARALLEL_JOB; say the part, like `2/8`"
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_count_from_one() {
        assert_eq!(parse("1/3"), Ok(Shard { index: 0, of: 3 }));
        assert_eq!(parse("3/3"), Ok(Shard { index: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "1/0", "x", "1", "1/2/3", "-1/3"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn schedulers_are_understood() {
        let from = |vars: &[(&str, u32)]| {
            from_scheduler(&|name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| *v))
        };
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", 14),
            ("SLURM_ARRAY_TASK_COUNT", 4),
            ("SLURM_ARRAY_TASK_MIN", 10),
            ("SLURM_ARRAY_TASK_STEP", 2),
        ];
        assert_eq!(from(&slurm), Ok(Shard { index: 2, of: 4 }));
        let kubernetes = [("JOB_COMPLETION_INDEX", 0), ("CHESTERTON_SHARDS", 8)];
        assert_eq!(from(&kubernetes), Ok(Shard { index: 0, of: 8 }));
        assert!(from(&kubernetes[..1]).is_err());
        assert_eq!(from(&[("CI_NODE_INDEX", 2), ("CI_NODE_TOTAL", 2)]), Ok(Shard { index: 1, of: 2 }));
        assert!(from(&[("CI_NODE_INDEX", 0), ("CI_NODE_TOTAL", 2)]).is_err());
        let circle = [("CIRCLE_NODE_INDEX", 0), ("CIRCLE_NODE_TOTAL", 2)];
        assert_eq!(from(&circle), Ok(Shard { index: 0, of: 2 }));
        assert!(from(&[]).is_err());
    }
}
