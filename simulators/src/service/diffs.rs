//! Differences between texts and trees, as git prints them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use similar::{ChangeTag, DiffTag, TextDiff};

use super::commits::{Kind, changes, selected, short};
use super::git_objects::blob;

/// Columns of a `--stat` table.
const STAT_WIDTH: usize = 80;

/// What to print of a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Patch,
    Stat,
    NameOnly,
    NameStatus,
    NumStat,
}

type Tree = BTreeMap<String, String>;

/// The difference between two trees below `paths`.
pub(crate) fn print(old: &Tree, new: &Tree, paths: &[String], shape: Shape) -> String {
    let listed: Vec<(String, Kind)> =
        changes(old, new).into_iter().filter(|(path, _)| selected(path, paths)).collect();
    if shape == Shape::Stat {
        return stat(old, new, &listed);
    }
    let mut out = String::new();
    for (path, kind) in &listed {
        match shape {
            Shape::NameOnly => _ = writeln!(out, "{path}"),
            Shape::NameStatus => _ = writeln!(out, "{}\t{path}", kind.letter()),
            Shape::NumStat => {
                let (plus, minus) = count(old.get(path), new.get(path));
                _ = writeln!(out, "{plus}\t{minus}\t{path}");
            }
            Shape::Patch | Shape::Stat => patch(&mut out, path, old.get(path), new.get(path)),
        }
    }
    out
}

fn patch(out: &mut String, path: &str, old: Option<&String>, new: Option<&String>) {
    let id = |text: Option<&String>| text.map_or("0".repeat(7), |t| short(&blob(t)).to_owned());
    _ = writeln!(out, "diff --git a/{path} b/{path}");
    match (old, new) {
        (None, _) => _ = writeln!(out, "new file mode 100644\nindex {}..{}", id(old), id(new)),
        (_, None) => _ = writeln!(out, "deleted file mode 100644\nindex {}..{}", id(old), id(new)),
        _ => _ = writeln!(out, "index {}..{} 100644", id(old), id(new)),
    }
    let before = old.map_or("/dev/null".to_owned(), |_| format!("a/{path}"));
    let after = new.map_or("/dev/null".to_owned(), |_| format!("b/{path}"));
    let empty = String::new();
    let diff = TextDiff::from_lines(old.unwrap_or(&empty), new.unwrap_or(&empty));
    _ = write!(out, "{}", diff.unified_diff().context_radius(3).header(&before, &after));
}

/// Lines added and removed.
fn count(old: Option<&String>, new: Option<&String>) -> (usize, usize) {
    let empty = String::new();
    let diff = TextDiff::from_lines(old.unwrap_or(&empty), new.unwrap_or(&empty));
    let of = |tag| diff.iter_all_changes().filter(|c| c.tag() == tag).count();
    (of(ChangeTag::Insert), of(ChangeTag::Delete))
}

/// Lines added and removed over whole trees.
pub(crate) fn totals(old: &Tree, new: &Tree) -> (usize, usize) {
    let each = changes(old, new).into_iter().map(|(path, _)| count(old.get(&path), new.get(&path)));
    each.fold((0, 0), |(a, b), (plus, minus)| (a.saturating_add(plus), b.saturating_add(minus)))
}

fn stat(old: &Tree, new: &Tree, listed: &[(String, Kind)]) -> String {
    let rows: Vec<(&str, usize, usize)> = listed
        .iter()
        .map(|(path, _)| {
            let (plus, minus) = count(old.get(path), new.get(path));
            (path.as_str(), plus, minus)
        })
        .collect();
    let names = rows.iter().map(|(path, ..)| path.len()).max().unwrap_or(0);
    let most = rows.iter().map(|(_, plus, minus)| plus.saturating_add(*minus)).max().unwrap_or(0);
    let digits = most.to_string().len();
    let room = STAT_WIDTH.saturating_sub(names.saturating_add(digits).saturating_add(6)).max(10);
    let mut out = String::new();
    for (path, plus, minus) in &rows {
        let scaled = |n: usize| if most <= room { n } else { n.saturating_mul(room).div_ceil(most.max(1)) };
        let total = plus.saturating_add(*minus);
        let graph = format!("{}{}", "+".repeat(scaled(*plus)), "-".repeat(scaled(*minus)));
        let line = format!(" {path:<names$} | {total:>digits$} {graph}");
        _ = writeln!(out, "{}", line.trim_end());
    }
    out + &summary(old, new, listed)
}

fn summary(old: &Tree, new: &Tree, listed: &[(String, Kind)]) -> String {
    if listed.is_empty() {
        return String::new();
    }
    let each = listed.iter().map(|(path, _)| count(old.get(path), new.get(path)));
    let (plus, minus) =
        each.fold((0usize, 0usize), |(a, b), (p, m)| (a.saturating_add(p), b.saturating_add(m)));
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let mut out = format!(" {} file{} changed", listed.len(), s(listed.len()));
    if plus > 0 || minus == 0 {
        _ = write!(out, ", {plus} insertion{}(+)", s(plus));
    }
    if minus > 0 || plus == 0 {
        _ = write!(out, ", {minus} deletion{}(-)", s(minus));
    }
    out.push('\n');
    out
}

/// What `git commit` prints below its first line.
pub(crate) fn commit_summary(old: &Tree, new: &Tree) -> String {
    let listed = changes(old, new);
    let mut out = summary(old, new, &listed);
    for (path, kind) in &listed {
        match kind {
            Kind::Added => _ = writeln!(out, " create mode 100644 {path}"),
            Kind::Deleted => _ = writeln!(out, " delete mode 100644 {path}"),
            Kind::Modified => {}
        }
    }
    out
}

/// One changed stretch of the base: its lines `from..to` become `lines`.
struct Edit<'t> {
    from: usize,
    to: usize,
    lines: Vec<&'t str>,
}

/// Joins two changes of one text; `None` where they touch the same lines.
pub(crate) fn merge_lines(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let mut edits = edits(base, ours);
    for other in self::edits(base, theirs) {
        let same = |e: &Edit<'_>| e.from == other.from && e.to == other.to && e.lines == other.lines;
        if edits.iter().any(same) {
            continue;
        }
        // Neighbouring lines count as touched: git refuses them too, since their order would be a guess.
        if edits.iter().any(|e| e.from <= other.to && other.from <= e.to) {
            return None;
        }
        edits.push(other);
    }
    edits.sort_by_key(|e| e.from);
    let lines: Vec<&str> = base.split_inclusive('\n').collect();
    let (mut out, mut at) = (String::new(), 0);
    for edit in edits {
        out.extend(lines.get(at..edit.from)?.iter().copied());
        out.extend(edit.lines.iter().copied());
        at = edit.to;
    }
    out.extend(lines.get(at..)?.iter().copied());
    Some(out)
}

fn edits<'t>(base: &'t str, new: &'t str) -> Vec<Edit<'t>> {
    let lines: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::from_lines(base, new);
    let changed = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    changed
        .map(|op| {
            let (old, new) = (op.old_range(), op.new_range());
            let lines = lines.get(new).map(<[&str]>::to_vec).unwrap_or_default();
            Edit { from: old.start, to: old.end, lines }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect()
    }

    #[test]
    fn a_patch_reads_as_gits() {
        let old = tree(&[("src/x.js", "a\nb\nc\n"), ("old", "z\n")]);
        let new = tree(&[("src/x.js", "a\nb\nc\nd\n"), ("new", "n\n")]);
        let text = print(&old, &new, &[], Shape::Patch);
        let hunks: Vec<&str> = text.lines().filter(|l| !l.starts_with("index")).collect();
        assert_eq!(
            hunks,
            [
                "diff --git a/new b/new",
                "new file mode 100644",
                "--- /dev/null",
                "+++ b/new",
                "@@ -0,0 +1 @@",
                "+n",
                "diff --git a/old b/old",
                "deleted file mode 100644",
                "--- a/old",
                "+++ /dev/null",
                "@@ -1 +0,0 @@",
                "-z",
                "diff --git a/src/x.js b/src/x.js",
                "--- a/src/x.js",
                "+++ b/src/x.js",
                "@@ -1,3 +1,4 @@",
                " a",
                " b",
                " c",
                "+d",
            ]
        );
        assert_eq!(print(&old, &new, &["src".into()], Shape::NameStatus), "M\tsrc/x.js\n");
    }

    #[test]
    fn a_stat_table_adds_up() {
        let old = tree(&[("src/x.js", "a\nb\n")]);
        let new = tree(&[("src/x.js", "a\nc\n"), ("n", "1\n")]);
        let text = " n        | 1 +\n src/x.js | 2 +-\n 2 files changed, 2 insertions(+), 1 deletion(-)\n";
        assert_eq!(print(&old, &new, &[], Shape::Stat), text);
        assert_eq!(totals(&old, &new), (2, 1));
    }
}
