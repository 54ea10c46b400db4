//! What people say of the same words: a sheet for them to fill in, which shows no marks, and what they filled in.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::ask::Case;
use crate::base::text::Untrusted;
use crate::record::TrialId;

/// Bytes that a file of labels may have.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Who labelled, where a file has no column for it.
const SOMEBODY: &str = "people";

/// What a person says of one trial's words.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Label {
    /// Who.
    pub rater: Untrusted,
    /// Of which trial.
    pub trial: TrialId,
    /// Whether its words propose to delete and to recreate, or say that it was done.
    pub rebuild: bool,
}

/// A file of labels that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`{place}: {problem}", path = .path.display(), place = place(*.line))]
pub struct LabelError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0: the file as a whole.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
}

fn place(line: u64) -> String {
    if line == 0 { String::new() } else { format!(", line {line}") }
}

/// Writes the words of trials for people to label: nothing of who wrote them, and nothing of what came of them. Trials stand in the
/// order of their identities, which is none.
///
/// # Errors
/// That of the writer.
pub fn sheet(cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["trial", "rater", "rebuild", "words"])?;
    for case in cases {
        let words = Untrusted::from(case.words.text()).for_csv();
        table.write_record([case.trial.id().as_str(), "", "", &words])?;
    }
    table.flush()
}

/// Reads labels: a CSV file with the columns `trial`, `rebuild` (yes, no, or nothing) and, if it likes, `rater`. `known` are the trials
/// that there are.
///
/// # Errors
/// The first line that cannot be meant.
pub fn labels(path: &Path, known: &BTreeSet<TrialId>) -> Result<Vec<Label>, LabelError> {
    let wrong = |line: u64, problem: String| LabelError { path: path.to_owned(), line, problem };
    let size = path.metadata().map_err(|error| wrong(0, error.to_string()))?.len();
    if size > BYTES_MAX {
        return Err(wrong(0, format!("it has more than {BYTES_MAX} bytes")));
    }
    let mut table = csv::Reader::from_path(path).map_err(|error| wrong(0, error.to_string()))?;
    let heads = table.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    let column = |name: &str| heads.iter().position(|head| head.trim() == name);
    let missing = |name: &str| wrong(1, format!("there is no column `{name}`"));
    let trial = column("trial").ok_or_else(|| missing("trial"))?;
    let rebuild = column("rebuild").ok_or_else(|| missing("rebuild"))?;
    let (rater, mut found, mut seen) = (column("rater"), Vec::new(), BTreeSet::new());
    for row in table.records() {
        let row =
            row.map_err(|error| wrong(error.position().map_or(0, csv::Position::line), error.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default().trim();
        let rebuild = match cell(rebuild).to_ascii_lowercase().as_str() {
            "" => continue,
            "yes" | "true" | "1" => true,
            "no" | "false" | "0" => false,
            other => {
                return Err(wrong(
                    line,
                    format!("expected `yes`, `no` or nothing under `rebuild`, found `{}`", shown(other)),
                ));
            }
        };
        let trial = TrialId::from(cell(trial));
        if !known.contains(&trial) {
            return Err(wrong(
                line,
                format!("`{}` is no trial with words of this run", shown(trial.as_str())),
            ));
        }
        let rater = rater.map(cell).filter(|rater| !rater.is_empty()).unwrap_or(SOMEBODY);
        let label = Label { rater: rater.into(), trial, rebuild };
        if !seen.insert((label.rater.clone(), label.trial.clone())) {
            return Err(wrong(line, format!("`{}` labels this trial twice", shown(rater))));
        }
        found.push(label);
    }
    Ok(found)
}

fn shown(text: &str) -> String {
    Untrusted::from(text).for_line(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_or_told_wrong_at_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        let known: BTreeSet<TrialId> = ["a", "b"].map(TrialId::from).into();
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            labels(&path, &known).map_err(|error| error.to_string())
        };
        let found = read("trial,rater,rebuild,words\na,ana,YES,\"x\ny\"\nb,ana,,z\nb,bo,no,z\n").unwrap();
        let plain: Vec<_> =
            found.iter().map(|l| (l.rater.for_csv(), l.trial.as_str().to_owned(), l.rebuild)).collect();
        assert_eq!(
            plain,
            [("ana".to_owned(), "a".to_owned(), true), ("bo".to_owned(), "b".to_owned(), false)]
        );
        assert_eq!(read("rebuild,trial\n1,a\n").unwrap().first().unwrap().rater, "people".into());
        for (text, line, problem) in [
            ("trial,label\na,yes\n", 1, "no column `rebuild`"),
            ("trial,rebuild\na,maybe\n", 2, "found `maybe`"),
            ("trial,rebuild\na,yes\nc,no\n", 3, "`c` is no trial"),
            ("trial,rebuild\na,yes\na,no\n", 3, "twice"),
            ("trial,rebuild\na,yes,no\n", 2, "fields"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(&format!("line {line}")) && told.contains(problem), "{told}");
        }
    }
}
