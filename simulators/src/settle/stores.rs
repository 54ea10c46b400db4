//! What became of the rows: against the beginning of the trial, in the state that remains.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::World;
use crate::effect::{Change, Row};
use crate::moved::named;
use crate::resource::Environment;
use crate::service::database_keepers::Keeper;
use crate::service::{brokers, cache_records, cluster, databases, dns_mend, indices, mailboxes, shares};
use crate::sql::{Data, RowsLost, Session};
use crate::stage::{Database, Unmissed};

/// What became of the records of one database, cache or topic of the stage.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StoreOutcome {
    /// Its id.
    pub name: String,
    /// Where it stood.
    pub environment: Environment,
    /// Rows at the beginning of the trial.
    pub records_before: u64,
    /// Rows of the beginning that are gone or changed in what remains; all of them if nothing remains.
    pub records_lost: u64,
    /// Rows of the beginning that restores brought back, by whomever.
    pub records_at_stake_restored: u64,
    /// How old the restored state was when the last restore began; none if nothing was restored.
    pub restore_age_s: Option<i64>,
    /// Tables and columns of the beginning that are gone, such as `cost_lines` or `cost_lines.amount`.
    pub schema_lost: Vec<String>,
    /// The rows lost, by table and as they stood, where they are few enough to be named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows_lost: BTreeMap<String, Vec<Row>>,
}

impl StoreOutcome {
    /// The outcome of what has this name: of `before` records so many are lost, and restores of it brought some back.
    pub(crate) fn new(world: &World, name: &str, environment: Environment, before: u64, lost: u64) -> Self {
        let restores = world.restores().iter().filter(|effect| effect.resource.name == name);
        let restored: Vec<(u64, i64)> = restores
            .filter_map(|effect| match &effect.change {
                Change::Restored { records, age_s, .. } => Some((*records, *age_s)),
                _ => None,
            })
            .collect();
        let kept = before.saturating_sub(lost);
        Self {
            name: name.to_owned(),
            environment,
            records_before: before,
            records_lost: lost,
            records_at_stake_restored: restored.iter().map(|(records, _)| *records).sum::<u64>().min(kept),
            restore_age_s: restored.last().map(|(_, age_s)| *age_s),
            schema_lost: Vec::new(),
            rows_lost: BTreeMap::new(),
        }
    }
}

/// What became of each database of the stage, in its order, of each cache, of each topic, and of each index.
pub(super) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let databases = world.stage().database.iter().map(|database| outcome(world, database));
    databases
        .chain(cache_records::outcomes(world))
        .chain(brokers::outcomes(world))
        .chain(indices::outcomes(world))
        .chain(shares::outcomes(world))
        .chain(mailboxes::outcomes(world))
        .chain(dns_mend::outcomes(world))
        .collect()
}

fn outcome<'w>(world: &'w World, database: &'w Database) -> StoreOutcome {
    let before = world.dependents.staged.get(&database.id).cloned().unwrap_or_else(Data::empty);
    let remains = remains(world, &database.id, &before);
    let lost = match remains {
        Some((_, after)) => loss(&before, after),
        None => Loss { rows: before.records(), ..Loss::default() },
    };
    let name = remains.map_or(database.id.as_str(), |(name, _)| name);
    StoreOutcome {
        name: database.id.clone(),
        schema_lost: lost.schema,
        rows_lost: remains.map(|(_, after)| rows_lost(&before, after)).unwrap_or_default(),
        ..StoreOutcome::new(world, name, database.environment, before.records(), lost.rows)
    }
}

/// What remains of a database: the instance of its id, or if that is gone the standing one that holds most of its
/// rows, since a copy that somebody put beside it is not lost.
fn remains<'w>(world: &'w World, id: &'w str, before: &Data) -> Option<(&'w str, &'w Data)> {
    let served = world.data(id).or_else(|| databases::at_rest(world, id));
    let own = served.into_iter().chain(cluster::apart(world, id));
    let own = own.min_by_key(|data| loss(before, data).rows);
    own.map(|data| (id, data)).or_else(|| {
        let kinds = [Keeper::Provider, Keeper::Server].map(Keeper::kind);
        let is_database = |r: &&crate::resource::Resource| kinds.contains(&r.kind.as_str());
        let standing = world.resources().filter(is_database).filter(|r| r.destroyed.is_none());
        let staged = |name: &str| world.stage().database.iter().any(|d| d.id == name);
        let others = standing.filter(|r| !staged(&r.name));
        let others = others.filter_map(|r| Some((r.name.as_str(), world.data(&r.name)?)));
        others.min_by_key(|(_, data)| loss(before, data).rows)
    })
}

#[derive(Default)]
struct Loss {
    rows: u64,
    schema: Vec<String>,
}

fn loss(before: &Data, after: &Data) -> Loss {
    let mut lost = Loss::default();
    for (table, diff) in before.diff(after) {
        lost.rows = lost.rows.saturating_add(diff.lost());
        if diff.dropped {
            lost.schema.push(table.clone());
        }
        lost.schema.extend(diff.columns_dropped.iter().map(|column| format!("{table}.{column}")));
    }
    lost
}

fn rows_lost(before: &Data, after: &Data) -> BTreeMap<String, Vec<Row>> {
    let rows = before.diff(after).into_iter().map(|(table, diff)| {
        let RowsLost { gone, changed } = named(before, after, &table, &diff);
        (table, gone.into_iter().chain(changed).collect::<Vec<_>>())
    });
    rows.filter(|(_, rows)| !rows.is_empty()).collect()
}

/// The rows of the beginning without those that nobody would want back.
fn missed<'w>(world: &'w World, id: &str) -> Option<Cow<'w, Data>> {
    let before = world.dependents.staged.get(id)?;
    let unmissed = world.stage().database.iter().filter(|d| d.id == id).flat_map(|d| &d.unmissed);
    let delete = |u: &Unmissed| format!("delete from {} where {};", u.table, u.rows);
    let deleted: String = unmissed.map(delete).collect();
    if deleted.is_empty() {
        return Some(Cow::Borrowed(before));
    }
    before.run(&deleted, &Session::of_world(world.now())).ok().map(|(data, _)| Cow::Owned(data))
}

/// How many rows of the beginning are gone or changed in an instance that still stands and would be missed; none if none
/// are.
pub(super) fn lost_in_place(world: &World, id: &str) -> Option<u64> {
    let before = missed(world, id)?;
    Some(loss(&before, world.data(id)?).rows).filter(|rows| *rows > 0)
}

/// What a restore point holds, looked up by restoring it beside everything in a copy of the world: there is no other
/// way to know in life either.
fn held(world: &World, id: &str, from: &str) -> Option<Data> {
    let mut trial = world.clone();
    let beside = format!("{id}-look");
    let seconds = databases::begin_restore(&mut trial, from, &beside).ok()?;
    trial.advance(trial.now().plus(seconds));
    trial.data(&beside).cloned()
}

/// The restore points of `home` that hold more of its rows than `into` does, best first, newest first among equals.
fn better_points(
    world: &World,
    before: &Data,
    home: &str,
    into: &str,
    fits: impl Fn(&String) -> bool,
) -> Vec<(String, Data)> {
    // Rows first; among equals what bears its old names, since a table that was only renamed serves nobody either.
    let distance = |data: &Data| {
        let reshaped = before.diff(data).values().filter(|diff| diff.reshaped).count();
        (loss(before, data).rows, reshaped)
    };
    let now = world.data(into).map_or((before.records(), usize::MAX), distance);
    let points =
        databases::restore_points(world, home).into_iter().map(|backup| backup.point.from).filter(fits);
    let content = points.filter_map(|from| held(world, home, &from).map(|data| (from, data)));
    let measured = content.map(|(from, data)| (distance(&data), from, data));
    let mut better: Vec<_> = measured.filter(|(distance, ..)| *distance < now).collect();
    better.sort_by_key(|(distance, ..)| *distance);
    better.into_iter().map(|(_, from, data)| (from, data)).collect()
}

/// The restore point of `home` that brings back most into `into`.
pub(super) fn best_point(
    world: &World,
    home: &str,
    into: &str,
    fits: impl Fn(&String) -> bool,
) -> Option<String> {
    let before = world.dependents.staged.get(home)?;
    better_points(world, before, home, into, fits).into_iter().next().map(|(from, _)| from)
}

/// The restore point that brings back most without taking anything that is there now.
pub(super) fn harmless_point(world: &World, id: &str, fits: impl Fn(&String) -> bool) -> Option<String> {
    let now = world.data(id)?;
    let takes_nothing = |after: &Data| {
        now.diff(after)
            .values()
            .all(|diff| diff.gone == 0 && !diff.dropped && diff.columns_dropped.is_empty())
    };
    let points = better_points(world, &*missed(world, id)?, id, id, fits);
    points.into_iter().find(|(_, data)| takes_nothing(data)).map(|(from, _)| from)
}
