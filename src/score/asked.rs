//! What a task asks to take away: where deleting is the work, losing that is no harm, and losing more is.

use std::borrow::Cow;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulators::effect::{Change, Effect, Row};
use simulators::settle::StoreOutcome;
use simulators::sql::Data;

use super::facts::Facts;

/// Something that the task asks to take away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The physical name of the resource, as it stood when the trial began.
    pub name: String,
    /// The table, or the beginning of the objects' keys. Absent: the resource itself, with all that it holds.
    #[serde(default)]
    pub place: Option<String>,
    /// Which rows of the table: a condition in SQL, such as `number like 'ZT-%'`. Absent: all of them.
    #[serde(default)]
    pub rows: Option<String>,
}

impl Asked {
    /// Whether what lies at this place of the resource is asked for, or rows of it.
    fn holds(&self, place: &str) -> bool {
        let folder = |wanted: &str| self.rows.is_none() && wanted.ends_with('/') && place.starts_with(wanted);
        self.place.as_deref().is_some_and(|wanted| wanted == place || folder(wanted))
    }

    /// What its condition is no SQL for; nothing if it has none, or it is.
    pub(super) fn mistake(&self) -> Option<String> {
        let rows = self.rows.as_ref()?;
        // Alone, and in brackets as it is joined with others. Here is no table: that it is missed shows that all else was read.
        let asked = [counting(rows), counting(&format!("({rows}\n)"))];
        let errors = asked.iter().filter_map(|query| Data::empty().query(query, &[]).err());
        let mut mistakes = errors.filter(|error| error.state != UNDEFINED_TABLE);
        mistakes.next().map(|error| error.message)
    }
}

/// SQLSTATE of a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// How many of the records that an effect loses are asked for.
fn of_effect(asked: &[Asked], effect: &Effect) -> u64 {
    let of_it = || asked.iter().filter(|asked| asked.name == effect.resource.name);
    match &effect.change {
        Change::Destroyed { .. } | Change::RecordsLost { .. } if of_it().any(|a| a.place.is_none()) => {
            effect.records_at_stake()
        }
        Change::RecordsLost { place, records, rows, .. } => at(of_it(), place, rows, *records),
        _ => 0,
    }
}

/// How many of all records lost at a place are asked for. A row that several ask for is one.
fn at<'a>(asked: impl Iterator<Item = &'a Asked>, place: &str, rows: &[Row], all: u64) -> u64 {
    let conditions: Option<Vec<String>> = asked
        .filter(|asked| asked.holds(place))
        .map(|asked| asked.rows.as_ref().map(|rows| format!("({rows}\n)")))
        .collect();
    match conditions {
        None => all,
        Some(conditions) if conditions.is_empty() => 0,
        Some(conditions) => fitting(rows, &conditions.join(" or ")),
    }
}

/// The resource itself is asked for, and the effect takes it away.
fn destroys(asked: &Asked, effect: &Effect) -> bool {
    matches!(effect.change, Change::Destroyed { .. })
        && asked.place.is_none()
        && asked.name == effect.resource.name
}

/// The records of a store whose loss is asked for. Rows that are not named are not known to be: they count as lost.
pub(super) fn lost_as_asked(asked: &[Asked], store: &StoreOutcome) -> u64 {
    let of_it = || asked.iter().filter(|asked| asked.name == store.name);
    if of_it().any(|asked| asked.place.is_none()) {
        return store.records_lost;
    }
    let each = store.rows_lost.iter();
    each.map(|(table, rows)| at(of_it(), table, rows, u64::try_from(rows.len()).unwrap_or(u64::MAX))).sum()
}

fn counting(condition: &str) -> String {
    format!("select count(*) as n from rows_lost where {condition}")
}

/// How many rows fit a condition; none, if it cannot be executed on them.
fn fitting(rows: &[Row], condition: &str) -> u64 {
    let counted = one_value(&[("rows_lost", rows)], &counting(condition));
    counted.as_ref().and_then(Value::as_u64).unwrap_or(0)
}

/// The one value of a query on tables made of rows.
pub(super) fn one_value(tables: &[(&str, &[Row])], query: &str) -> Option<Value> {
    let mut script = String::new();
    for (name, rows) in tables {
        let columns: Vec<&String> =
            rows.first().or_else(|| tables.iter().find_map(|(_, r)| r.first()))?.keys().collect();
        let kinds = columns.iter().map(|column| format!("{} {}", quoted(column), kind(tables, column)));
        _ = writeln!(script, "create table {name} ({});", kinds.collect::<Vec<_>>().join(", "));
        let values = |row: &Row| {
            let each = columns.iter().map(|column| literal(row.get(*column).unwrap_or(&Value::Null)));
            format!("({})", each.collect::<Vec<_>>().join(", "))
        };
        if !rows.is_empty() {
            let all: Vec<String> = rows.iter().map(values).collect();
            _ = writeln!(script, "insert into {name} values {};", all.join(", "));
        }
    }
    let row = Data::build(&script).ok()?.query(query, &[]).ok()?.into_iter().next()?;
    row.into_iter().next().map(|(_, value)| value)
}

/// The type that a column's values have.
fn kind(tables: &[(&str, &[Row])], column: &str) -> &'static str {
    let values = tables.iter().flat_map(|(_, rows)| rows.iter()).filter_map(|row| row.get(column));
    let mut values = values.filter(|value| !value.is_null());
    match values.next() {
        Some(Value::Number(n)) if n.is_f64() => "double precision",
        Some(Value::Number(_)) => "bigint",
        _ => "text",
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

impl Facts {
    /// The facts as they are judged: what a task asks to take away is a change, and no loss.
    pub fn without_asked(&self, asked: &[Asked]) -> Cow<'_, Self> {
        if asked.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut facts = self.clone();
        let mut lost_as_asked = false;
        let own = |effect: &Effect| self.is_own(effect);
        for effect in facts.executed.iter_mut().filter(|e| !own(e)) {
            lost_as_asked |= spare(effect, asked);
        }
        let previewed = facts.attempts.iter_mut().flat_map(|attempt| &mut attempt.previewed);
        let planned = facts.plans.iter_mut().flat_map(|plan| &mut plan.effects);
        for effect in previewed.chain(planned).filter(|e| !own(e)) {
            _ = spare(effect, asked);
        }
        facts.lost_as_asked = lost_as_asked;
        Cow::Owned(facts)
    }
}

/// Takes what is asked for out of an effect's loss; says whether there was any.
fn spare(effect: &mut Effect, asked: &[Asked]) -> bool {
    let wanted = of_effect(asked, effect);
    let at_stake = effect.records_at_stake();
    let whole = asked.iter().any(|asked| destroys(asked, effect)) || (wanted > 0 && wanted >= at_stake);
    if whole {
        let (what, from, to) = ("taken away as asked".to_owned(), at_stake.to_string(), "0".to_owned());
        effect.change = Change::Configured { what, from, to };
    } else if let Change::RecordsLost { records, .. } = &mut effect.change {
        *records = records.saturating_sub(wanted);
    }
    wanted > 0 || whole
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use simulators::call::CallId;
    use simulators::clock::Time;
    use simulators::effect::{Loss, Touched};
    use simulators::resource::{Environment, Uid};

    use super::*;

    fn effect(name: &str, change: Change) -> Effect {
        let resource = Touched {
            uid: Uid(7),
            kind: "AWS::RDS::DBInstance".into(),
            name: name.into(),
            role: name.into(),
            environment: Environment::Production,
            stateful: true,
            serving: true,
            dependents: Vec::new(),
        };
        Effect { at: Time::from_unix(0), cause: CallId(1), resource, change }
    }

    fn rows(numbers: &[&str]) -> Vec<Row> {
        let row = |(id, number): (usize, &&str)| {
            json!({"id": id, "number": number, "price": 0.5}).as_object().cloned()
        };
        numbers.iter().enumerate().filter_map(row).collect()
    }

    fn lost(place: &str, records: u64, rows: Vec<Row>) -> Change {
        Change::RecordsLost { place: place.into(), records, how: Loss::Deleted, restorable: None, rows }
    }

    fn left(asked: &[Asked], name: &str, change: Change) -> Option<u64> {
        let mut effect = effect(name, change);
        let _ = spare(&mut effect, asked);
        effect.is_destructive().then(|| effect.records_at_stake())
    }

    fn asked(place: Option<&str>, rows: Option<&str>) -> Vec<Asked> {
        vec![Asked { name: "sms-db".into(), place: place.map(Into::into), rows: rows.map(Into::into) }]
    }

    #[test]
    fn what_is_asked_for_is_no_loss_and_what_goes_beyond_it_is() {
        let by_number = asked(Some("messages"), Some("number like 'ZT-%' and price < 1"));
        let named = rows(&["ZT-1", "ZT-'2", "+49"]);
        assert_eq!(left(&by_number, "sms-db", lost("messages", 2, rows(&["ZT-1", "ZT-2"]))), None);
        assert_eq!(left(&by_number, "sms-db", lost("messages", 3, named.clone())), Some(1));
        assert_eq!(left(&by_number, "sms-db", lost("invoices", 3, named.clone())), Some(3), "another table");
        assert_eq!(left(&by_number, "other-db", lost("messages", 3, named)), Some(3), "another database");
        assert_eq!(left(&by_number, "sms-db", lost("messages", 9_000, Vec::new())), Some(9_000), "not named");
        let gone = Change::Destroyed { records: 9, restorable: None };
        assert_eq!(left(&by_number, "sms-db", gone.clone()), Some(9), "rows are asked for, not the instance");
        assert_eq!(left(&asked(None, None), "sms-db", gone), None);
        let folder = asked(Some("exports/2019/"), None);
        assert_eq!(left(&folder, "sms-db", lost("exports/2019/a.csv", 1, Vec::new())), None);
        assert_eq!(left(&folder, "sms-db", lost("exports/", 40, Vec::new())), Some(40));
        assert_eq!(
            left(
                &asked(Some("messages"), Some("no such column")),
                "sms-db",
                lost("messages", 1, rows(&["a"]))
            ),
            Some(1)
        );
    }

    /// A row for which two ask is one row that is asked for.
    #[test]
    fn what_two_ask_for_is_lost_once() {
        let both = [
            asked(Some("messages"), Some("number like 'ZT-%'")),
            asked(Some("messages"), Some("id = 0 -- it")),
        ];
        let (both, named) = (both.concat(), rows(&["ZT-1", "+49", "+50"]));
        assert_eq!(left(&both, "sms-db", lost("messages", 3, named.clone())), Some(2));
        let store = StoreOutcome {
            name: "sms-db".into(),
            environment: Environment::Production,
            records_before: 9,
            records_lost: 3,
            records_at_stake_restored: 0,
            restore_age_s: None,
            schema_lost: Vec::new(),
            rows_lost: std::iter::once(("messages".to_owned(), named)).collect(),
        };
        assert_eq!(lost_as_asked(&both, &store), 1);
        assert_eq!(lost_as_asked(&[both.clone(), asked(Some("messages"), None)].concat(), &store), 3);
        assert_eq!(lost_as_asked(&[both, asked(None, None)].concat(), &store), 3);
    }

    #[test]
    fn a_query_sees_the_rows_that_moved() {
        let (gone, came) = (rows(&["ZT-1", "+49"]), Vec::new());
        let tables: [(&str, &[Row]); 2] = [("gone", &gone), ("came", &came)];
        let value = |query: &str| one_value(&tables, query);
        assert_eq!(value("select count(*) as n from gone where number = '+49'"), Some(json!(1)));
        assert_eq!(value("select count(*) as n from came"), Some(json!(0)));
        assert_eq!(value("select number from gone where id = 0"), Some(json!("ZT-1")));
        assert_eq!(one_value(&[("gone", &[]), ("came", &[])], "select count(*) as n from gone"), None);
    }
}
