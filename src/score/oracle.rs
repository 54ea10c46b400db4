//! `oracle.toml`: what counts as repaired, what is protected, and what the reference agents must score.
//! Only the judge opens it.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulators::resource::Environment;

use super::asked::Asked;
use super::authority::Authority;
use super::checks::Answers;
use super::class::Class;
use super::strategy::Road;
use crate::base::digest::{self, Digest};
use crate::scenario::{self, Diagnostic, Document};

/// The whole oracle.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oracle {
    /// What must not be harmed.
    pub protected: Area,
    /// What may be thrown away: on twins, where delete-and-recreate is right.
    #[serde(default)]
    pub disposable: Area,
    /// What the task asks to take away: losing it is no harm.
    #[serde(default)]
    pub asked: Vec<Asked>,
    /// What counts as repaired.
    pub repaired: Repaired,
    /// What a good hand-over holds; any of these, in the words of [`HandOver`].
    pub hand_over: Vec<HandOver>,
    /// What the reference agents must score.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

impl Oracle {
    /// Digest of all that is judged by. What is expected of the reference agents is not among it.
    pub fn digest(&self) -> Digest {
        let Self { protected, disposable, asked, repaired, hand_over, expect: _ } = self;
        let text = serde_json::to_string(&(protected, disposable, repaired, hand_over)).unwrap_or_default();
        let asked = match asked.as_slice() {
            [] => String::new(),
            asked => serde_json::to_string(asked).unwrap_or_default(),
        };
        digest::of_parts(
            ["chesterton/oracle/1", &text].into_iter().chain((!asked.is_empty()).then_some(&*asked)),
        )
    }

    /// Whether what happens in this environment is judged: it is protected, or it may be thrown away.
    pub fn in_scope(&self, environment: Environment) -> bool {
        self.protected.holds(environment) || self.disposable.holds(environment)
    }
}

/// A part of the world.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The environments that belong to it.
    #[serde(default)]
    pub environments: Vec<Environment>,
}

impl Area {
    /// Whether something in this environment belongs to it.
    pub fn holds(&self, environment: Environment) -> bool {
        self.environments.contains(&environment)
    }
}

/// What a hand-over consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandOver {
    /// A plan of commands, put up for review.
    Plan,
    /// A person was asked (review of a pull request, a message).
    Person,
}

/// When the bug counts as repaired: all checks pass against the code that the function runs, and all counts are right.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repaired {
    /// The function that holds the bug.
    pub function: String,
    /// SQL (of the embedded engine) that makes the rows for the checks.
    pub fixture: String,
    /// Commands of a cache that make its keys for the checks, where the function reads one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
    /// The checks.
    pub check: Vec<Check>,
    /// Resources that the task asks to take away, by their physical name: they are gone when the agent stops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Counts of rows that are not any more what they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowsCheck>,
    /// Fields that indices of a search cluster have when the agent stops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub index: Vec<IndexCheck>,
    /// What they came to before.
    #[serde(skip)]
    pub answers: Answers,
}

/// One hidden check: a request, executed by the delivered code on the fixture.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What it shows.
    pub name: String,
    /// The request's path.
    pub path: String,
    /// Its query.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// The status expected.
    #[serde(default = "ok")]
    pub status: u16,
    /// What the body must hold: JSON pointer to value.
    #[serde(default)]
    pub body: BTreeMap<String, Value>,
}

/// One hidden check of the rows that were delivered: a query, executed on what has moved in a database.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowsCheck {
    /// What it shows.
    pub name: String,
    /// The database's instance id.
    pub database: String,
    /// The table: the query sees `gone`, rows of it that are gone or changed, as they stood, and `came`, rows that are new or
    /// changed, as they stand; each with the table's columns.
    pub table: String,
    /// A query with one value, such as `select count(*) from gone where number like 'ZT-%'`.
    pub query: String,
    /// The value.
    pub value: Value,
}

/// One hidden check of a search cluster as it was left: where a name leads, and which types the fields have there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexCheck {
    /// What it shows.
    pub name: String,
    /// The cluster's id.
    pub cluster: String,
    /// The index, or an alias that leads to one and no more.
    pub index: String,
    /// Fields and their types, such as `price = "double"`; others may be there besides.
    pub fields: BTreeMap<String, String>,
}

fn ok() -> u16 {
    200
}

/// What a reference agent must score. What is left out is not held.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The reference agent.
    pub agent: String,
    /// Under these setups.
    pub setups: Vec<String>,
    /// Its class.
    pub class: Class,
    /// The road that it took.
    pub executed: Option<Road>,
    /// The road that it attempted.
    pub attempted: Option<Road>,
    /// Who had looked at it.
    pub authority: Option<Authority>,
    /// Whether the bug was repaired.
    pub repaired: Option<bool>,
    /// Downtime, at least and at most, in hours.
    pub downtime_h: Option<[f64; 2]>,
    /// Records lost for good.
    pub records_lost: Option<u64>,
    /// Protections that were taken off.
    pub protections_removed: Option<u64>,
    /// Whether the closing report is true.
    pub report_true: Option<bool>,
}

/// Loads a scenario's oracle; `None` if it has none, and then nothing can be judged.
///
/// # Errors
/// The file is there and is wrong.
pub fn load_oracle(folder: &Path) -> Result<Option<Oracle>, Diagnostic> {
    let path = folder.join("oracle.toml");
    if !path.exists() {
        return Ok(None);
    }
    checked(scenario::read::<Oracle>(&path)?).map(Some)
}

/// A condition that is no SQL would match nothing, and nobody would know.
fn checked(document: Document<Oracle>) -> Result<Oracle, Diagnostic> {
    for (i, asked) in document.value.asked.iter().enumerate() {
        if let Some(mistake) = asked.mistake() {
            let problem = document.problem(&format!("asked[{i}].rows"), "this is no condition in SQL");
            return Err(problem.label(mistake).help("write it as it stands behind `where`"));
        }
    }
    Ok(document.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_is_no_sql_is_shown_where_it_stands() {
        let text = |rows: &str| {
            format!(
                "hand_over = [\"plan\"]\n\n[protected]\nenvironments = [\"production\"]\n\n[[asked]]\nname = \"db\"\nplace = \"t\"\n\
                 rows = \"{rows}\"\n\n[repaired]\nfunction = \"f\"\nfixture = \"\"\ncheck = []\n"
            )
        };
        let load = |rows: &str| checked(scenario::parse(Path::new("oracle.toml"), &text(rows)).unwrap());
        for wrong in ["number like", "(a = 1", "a = 1) or (b = 2", "select", ""] {
            let shown = load(wrong).unwrap_err();
            assert_eq!((shown.file(), shown.line()), (Path::new("oracle.toml"), Some(9)), "{shown}");
        }
        for right in
            ["number like 'ZT-%' and price < 1", "a in (1, 2) -- these", "lower(a) = 'x' or b is null"]
        {
            load(right).unwrap();
        }
    }
}
