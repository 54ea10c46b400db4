//! What really changed. Marks are made from these and from nothing else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::CallId;
use crate::clock::Time;
use crate::resource::{Environment, Uid};

/// One change of one resource.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// When, on the virtual clock.
    pub at: Time,
    /// The call that set it going, however much later it happened.
    pub cause: CallId,
    /// What it happened to.
    pub resource: Touched,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// The resource as it stood when the effect happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    /// Never reused.
    pub uid: Uid,
    /// The real type name, such as `AWS::RDS::DBInstance`.
    pub kind: String,
    /// The physical name.
    pub name: String,
    /// What it is for, such as `cost-explorer-prod/ReportsDb`; a successor may carry the same role.
    pub role: String,
    /// Where it stands.
    pub environment: Environment,
    /// It holds records that live nowhere else.
    pub stateful: bool,
    /// Dependents use it while it runs.
    pub serving: bool,
    /// Whose requests lead through it, by name: to an API, the function behind it, the database behind that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependents: Vec<String>,
}

/// How records were lost in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `DELETE`, an object deleted.
    Deleted,
    /// `UPDATE`, an object or file written over.
    Overwritten,
    /// `DROP TABLE`, `DROP COLUMN`.
    Dropped,
}

/// A record by its columns, as it stood.
pub type Row = Map<String, Value>;

/// Records that are named one by one; of more than so many only the number is told.
pub const ROWS_NAMED_MAX: u64 = 256;

/// From where, and as of when, something that was destroyed could be got back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RestorePoint {
    /// Such as a snapshot's id.
    pub from: String,
    /// The state it holds is of this time.
    pub as_of: Time,
    /// It stops being there at this time, if ever.
    pub until: Option<Time>,
}

/// What happened to a resource.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It came to be; `predecessor` had the same role and is gone or going.
    Created {
        /// The resource whose role it takes over.
        predecessor: Option<Uid>,
    },
    /// It is gone, with so many durable records in it.
    Destroyed {
        /// Durable records that went with it.
        records: u64,
        /// From where they could be got back at that moment.
        restorable: Option<RestorePoint>,
    },
    /// Records inside it were lost; it still stands.
    RecordsLost {
        /// Table, prefix or file.
        place: String,
        /// How many.
        records: u64,
        /// In which way.
        how: Loss,
        /// From where they could be got back at that moment.
        restorable: Option<RestorePoint>,
        /// Rows of a table as they stood before, where they are at most [`ROWS_NAMED_MAX`]; empty: they are not named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<Row>,
    },
    /// Records were added to it.
    RecordsAdded {
        /// Table, prefix or file.
        place: String,
        /// How many.
        records: u64,
    },
    /// Its records were brought back from a restore point.
    Restored {
        /// How many.
        records: u64,
        /// Such as a snapshot's id.
        from: String,
        /// How old the restored state was.
        age_s: i64,
    },
    /// The shape of its data changed without loss (`CREATE TABLE`, `ADD COLUMN`).
    SchemaChanged {
        /// Table or index.
        place: String,
    },
    /// A setting changed.
    Configured {
        /// Which one.
        what: String,
        /// Its value before.
        from: String,
        /// Its value after.
        to: String,
    },
    /// Other code runs in it.
    Deployed {
        /// The version that ran.
        from: String,
        /// The version that runs.
        to: String,
        /// `to` had been released before `from`.
        older: bool,
    },
    /// It went back to an earlier good state.
    RolledBack,
    /// It was stopped and started.
    Restarted,
    /// A protection now guards it.
    ProtectionAdded {
        /// Which one.
        protection: String,
    },
    /// A protection no longer guards it.
    ProtectionRemoved {
        /// Which one.
        protection: String,
    },
    /// Who may do what changed.
    AccessChanged {
        /// In words.
        what: String,
    },
    /// A file of the agent's checkout was written.
    Written {
        /// Path from the root of the checkout.
        path: String,
    },
    /// A branch moved, a pull request was merged, a commit was made.
    Published {
        /// Such as `branch fix-month` or `pull request #129 merged`.
        what: String,
    },
    /// A person was asked to look at something.
    Asked {
        /// Whom.
        who: String,
        /// About what.
        about: String,
    },
}

impl Change {
    /// Records were lost, and are not named one by one.
    pub(crate) fn lost(
        place: impl Into<String>,
        records: u64,
        how: Loss,
        restorable: Option<RestorePoint>,
    ) -> Self {
        Self::RecordsLost { place: place.into(), records, how, restorable, rows: Vec::new() }
    }

    /// As it stands in documents.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Destroyed { .. } => "destroyed",
            Self::RecordsLost { .. } => "records_lost",
            Self::RecordsAdded { .. } => "records_added",
            Self::Restored { .. } => "restored",
            Self::SchemaChanged { .. } => "schema_changed",
            Self::Configured { .. } => "configured",
            Self::Deployed { .. } => "deployed",
            Self::RolledBack => "rolled_back",
            Self::Restarted => "restarted",
            Self::ProtectionAdded { .. } => "protection_added",
            Self::ProtectionRemoved { .. } => "protection_removed",
            Self::AccessChanged { .. } => "access_changed",
            Self::Written { .. } => "written",
            Self::Published { .. } => "published",
            Self::Asked { .. } => "asked",
        }
    }
}

impl Effect {
    /// Records or the resource itself are lost by it.
    pub fn is_destructive(&self) -> bool {
        matches!(self.change, Change::Destroyed { .. } | Change::RecordsLost { .. })
    }

    /// From where what it destroys or loses could be got back.
    pub fn restorable(&self) -> Option<&RestorePoint> {
        match &self.change {
            Change::Destroyed { restorable, .. } | Change::RecordsLost { restorable, .. } => {
                restorable.as_ref()
            }
            _ => None,
        }
    }

    /// Whose requests no longer get through, by name: those of whatever leads through what it destroys or restarts.
    pub fn cut_off(&self) -> &[String] {
        match &self.change {
            Change::Destroyed { .. } | Change::Restarted => &self.resource.dependents,
            _ => &[],
        }
    }

    /// The records at stake: lost in place or gone with the resource.
    pub fn records_at_stake(&self) -> u64 {
        match &self.change {
            Change::Destroyed { records, .. } | Change::RecordsLost { records, .. } => *records,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The words of the schema are those of the documents; each kind of change says its own.
    #[test]
    fn every_change_says_its_own_word() {
        let schema = serde_json::to_value(schemars::schema_for!(Change)).unwrap();
        let kinds = schema["oneOf"].as_array().unwrap();
        let words: Vec<&str> =
            kinds.iter().map(|kind| kind["properties"]["change"]["const"].as_str().unwrap()).collect();
        assert!(words.len() >= 16, "{words:?}");
        for word in words {
            let document: Value = json!({
                "change": word, "predecessor": null, "records": 1, "restorable": null, "place": "", "how": "deleted",
                "from": "", "to": "", "age_s": 0, "what": "", "older": false, "protection": "", "path": "", "who": "",
                "about": "",
            });
            let change: Change = serde_json::from_value(document).unwrap();
            assert_eq!(change.word(), word);
        }
    }
}
