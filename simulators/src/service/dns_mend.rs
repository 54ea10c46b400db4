//! What is lost with records, from where they can be had back, and how the colleague on call puts them back by hand.

use std::collections::BTreeMap;

use super::dns::{self, Zone};
use super::dns_file::{self, Alias, Set, Sets, full, is_under};
use super::{dns_changes, dns_lookup};
use crate::World;
use crate::effect::{Change, RestorePoint, Row};
use crate::moved::Moved;
use crate::resource::Environment;
use crate::settle::StoreOutcome;
use crate::stage::dns::Zone as Staged;

/// Typing one record by hand, and looking at it.
const RECORD_S: i64 = 90;
/// Making a zone, and telling the registry.
const ZONE_S: i64 = 600;

fn staged<'w>(world: &'w World, id: &str) -> Option<&'w Staged> {
    world.stage.dns.iter().flat_map(|dns| &dns.zone).find(|zone| zone.id == id)
}

/// What a zone's file in the repository holds.
fn filed(world: &World, zone: &Staged) -> Sets {
    let text = zone.file.as_ref().and_then(|file| world.stage.repo_text(file)).unwrap_or_default();
    let sets = dns_file::read(text, &zone.name).unwrap_or_default();
    sets.into_iter().map(|set| (set.place(), set)).collect()
}

/// Whether resolvers still have what a set said.
fn held_until(world: &World, set: &Set) -> Option<crate::clock::Time> {
    let kinds = [set.kind.as_str(), "A"];
    kinds.iter().find_map(|kind| {
        let held = world.dns.held.get(&(set.name.clone(), (*kind).to_owned()))?;
        let same =
            matches!(&held.said, dns_lookup::Said::Sets(said) if said.kind == set.kind && said.says_as(set));
        (same && held.until > world.now()).then_some(held.until)
    })
}

/// Sets that go, by what could bring them back: the file in the repository, what resolvers still have, nothing.
pub(super) fn by_source<'s>(
    world: &World,
    id: &str,
    gone: &[&'s Set],
) -> Vec<(Option<RestorePoint>, Vec<&'s Set>)> {
    let file = staged(world, id).map(|zone| (zone, filed(world, zone)));
    let (mut from_file, mut from_caches, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    let mut until = None;
    for set in gone {
        let in_file =
            file.as_ref().and_then(|(_, sets)| sets.get(&set.place())).is_some_and(|own| own.says_as(set));
        let held = held_until(world, set);
        match held {
            _ if in_file => from_file.push(*set),
            Some(time) => {
                until = until.max(Some(time));
                from_caches.push(*set);
            }
            None => lost.push(*set),
        }
    }
    let now = world.now();
    let path = file.and_then(|(zone, _)| zone.file.clone()).unwrap_or_default();
    let groups = [
        (Some(RestorePoint { from: path, as_of: now, until: None }), from_file),
        (
            Some(RestorePoint { from: "answers that resolvers still have".to_owned(), as_of: now, until }),
            from_caches,
        ),
        (None, lost),
    ];
    groups.into_iter().filter(|(_, sets)| !sets.is_empty()).collect()
}

/// The zone that stands for one of the stage: itself, or another of its name.
fn standing<'w>(world: &'w World, id: &str, name: &str) -> Option<(&'w String, &'w Zone)> {
    let own = world.dns.zones.get_key_value(id);
    let other = || {
        let fits =
            |(other, zone): &(&String, &Zone)| zone.name == full(name) && staged(world, other).is_none();
        world.dns.zones.iter().filter(fits).max_by_key(|(_, zone)| zone.sets.len())
    };
    own.or_else(other)
}

/// What became of the records of each zone of the stage, in its order. A record that says something else than it did is one that
/// is not what it was.
pub(crate) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let outcome = |staged: &Staged| {
        let before = world.dns.staged.get(&staged.id).cloned().unwrap_or_default();
        let stands = standing(world, &staged.id, &staged.name);
        let is_kept = |set: &Set| {
            stands.and_then(|(_, zone)| zone.sets.get(&set.place())).is_some_and(|now| now.says_as(set))
        };
        let rows: Vec<Row> = before.values().filter(|set| !is_kept(set)).map(Set::row).collect();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let name = stands.map_or(staged.id.as_str(), |(id, _)| id.as_str());
        let whole =
            StoreOutcome::new(world, name, staged.environment, count(before.len()), count(rows.len()));
        let rows_lost = if rows.is_empty() { BTreeMap::new() } else { [("records".to_owned(), rows)].into() };
        StoreOutcome { name: staged.id.clone(), rows_lost, ..whole }
    };
    world.stage.dns.iter().flat_map(|dns| &dns.zone).map(outcome).collect()
}

/// What of each staged zone is not as it was, by its id.
pub(crate) fn moved(world: &World) -> BTreeMap<String, BTreeMap<String, Moved>> {
    let of_zone = |staged: &Staged| {
        let before = world.dns.staged.get(&staged.id).cloned().unwrap_or_default();
        let now =
            standing(world, &staged.id, &staged.name).map(|(_, zone)| dns::own(zone)).unwrap_or_default();
        let rows = |from: &Sets, to: &Sets| -> Vec<Row> {
            from.values().filter(|set| to.get(&set.place()) != Some(set)).map(Set::row).collect()
        };
        let moved = Moved { gone: rows(&before, &now), came: rows(&now, &before), unnamed: 0 };
        (staged.id.clone(), BTreeMap::from([("records".to_owned(), moved)]))
    };
    let zones = world.stage.dns.iter().flat_map(|dns| &dns.zone).map(of_zone);
    zones.filter(|(_, tables)| tables.values().any(|m| !(m.gone.is_empty() && m.came.is_empty()))).collect()
}

/// A zone of production that somebody would have to see to: by its id, with how many records could be put back now.
pub(crate) fn missing(world: &World) -> Vec<(String, u64)> {
    let zones = world.stage.dns.iter().flat_map(|dns| &dns.zone);
    let production = zones.filter(|zone| zone.environment == Environment::Production);
    let found = production
        .map(|zone| (zone.id.clone(), u64::try_from(to_put(world, zone).len()).unwrap_or(u64::MAX)));
    found.filter(|(_, records)| *records > 0).collect()
}

/// The staged zone that a dependent's name is in: of several, the one to which people were sent.
pub(crate) fn zone_of(world: &World, host: &str) -> Option<String> {
    let zones = world.stage.dns.iter().flat_map(|dns| &dns.zone);
    let zones = zones.filter(|zone| is_under(&full(host), &full(&zone.name)));
    let serves = |zone: &Staged| {
        let is = |r: &&crate::resource::Resource| r.kind == dns::KIND && r.name == zone.id;
        world.resources().find(is).is_some_and(|r| r.serving)
    };
    zones.max_by_key(|zone| (serves(zone), zone.name.len())).map(|zone| zone.id.clone())
}

/// Sets of a zone's beginning that are not there and that somebody could put back: from its file or from what resolvers still
/// have; and the names that dependents use, which everybody knows by heart.
fn to_put(world: &World, zone: &Staged) -> Vec<Set> {
    let stands = standing(world, &zone.id, &zone.name);
    let file = filed(world, zone);
    let before = world.dns.staged.get(&zone.id).cloned().unwrap_or_default();
    let is_there = |set: &Set| stands.is_some_and(|(_, now)| now.sets.contains_key(&set.place()));
    let known = before.values().filter(|set| !is_there(set));
    let known = known.filter_map(|set| match held_until(world, set) {
        Some(_) => Some(set.clone()),
        None => file.get(&set.place()).cloned(),
    });
    let mut sets: Vec<Set> = known.collect();
    let region = &world.stage.account.region;
    for dependent in &world.stage.dependent {
        let Some(host) = dependent.host.as_ref().map(|host| full(host)) else { continue };
        let is_in = zone_of(world, &host).as_ref() == Some(&zone.id);
        if !is_in || sets.iter().any(|set| set.name == host) || dns_lookup::reach(world, dependent).is_ok() {
            continue;
        }
        if dns_lookup::is_only_held(world, dependent) {
            continue;
        }
        let name = format!("{}.execute-api.{region}.amazonaws.com.", dependent.api);
        let alias = || Set {
            name: host.clone(),
            kind: "A".to_owned(),
            ttl_s: 60,
            values: Vec::new(),
            alias: Some(Alias { name, zone: String::new() }),
        };
        let set = before.values().find(|set| set.name == host).cloned().unwrap_or_else(alias);
        sets.push(set);
    }
    sets
}

/// How long it takes to put a zone back as far as it is known.
pub(crate) fn mend_s(world: &World, id: &str) -> i64 {
    let records = staged(world, id).map_or(0, |zone| to_put(world, zone).len());
    let stands = staged(world, id).and_then(|zone| standing(world, id, &zone.name)).is_some();
    let typed = i64::try_from(records).unwrap_or(i64::MAX).saturating_mul(RECORD_S);
    typed.saturating_add(if stands { 0 } else { ZONE_S })
}

/// Puts a zone back by hand: the zone itself, the records that are known, and to whom the registry sends. What was read off
/// before the typing began is what is put back: resolvers do not wait.
pub(crate) fn put_back(world: &mut World, id: &str, known: Vec<Set>) -> Option<String> {
    let zone = staged(world, id)?.clone();
    let stands = standing(world, id, &zone.name).map(|(id, _)| id.clone());
    let home = match stands {
        Some(home) => home,
        None => make(world, &zone)?,
    };
    let mut after = world.dns.zones.get(&home)?.clone();
    let count = known.len();
    for set in known {
        let alone = |other: &Set| other.name != set.name || (set.kind != "CNAME" && other.kind != "CNAME");
        after.sets.retain(|_, other| alone(other));
        after.sets.insert(set.place(), set);
    }
    let (uid, servers) = (after.uid, after.servers.clone());
    dns_changes::put(world, &home, after);
    let records = u64::try_from(count).unwrap_or(u64::MAX);
    world.effect(uid, Change::Restored { records, from: "by hand".to_owned(), age_s: 0 });
    let apex = full(&zone.name);
    if let Some(domain) =
        world.dns.domains.get(&apex).filter(|domain| !domain.servers.iter().any(|s| servers.contains(s)))
    {
        let (uid, from) = (domain.uid, domain.servers.join(" "));
        dns_lookup::hold(world);
        if let Some(domain) = world.dns.domains.get_mut(&apex) {
            domain.servers.clone_from(&servers);
        }
        dns_lookup::notice(world);
        world.configured(uid, "name servers", from, servers.join(" "));
    }
    Some(format!("put {count} records of {} back by hand", zone.name))
}

/// What could be read off now.
pub(crate) fn known(world: &World, id: &str) -> Vec<Set> {
    staged(world, id).map(|zone| to_put(world, zone)).unwrap_or_default()
}

/// A new zone, on the name servers of before where a reusable delegation set has them.
fn make(world: &mut World, zone: &Staged) -> Option<String> {
    let mut args = serde_json::Map::new();
    args.insert("Name".to_owned(), zone.name.as_str().into());
    args.insert("CallerReference".to_owned(), format!("on call, {}", world.now()).into());
    if let Some(set) = zone.delegation_set.as_ref().filter(|id| world.dns.sets.contains_key(*id)) {
        args.insert("DelegationSetId".to_owned(), set.as_str().into());
    }
    let call = crate::call::Call::new(crate::call::Service::Dns, "CreateHostedZone", &zone.name, args);
    world.apply(&call).ok()?;
    standing(world, &zone.id, &zone.name).map(|(id, _)| id.clone())
}
