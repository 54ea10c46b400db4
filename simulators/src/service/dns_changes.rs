//! Record sets: listed, and changed in batches of which all is done or nothing.

use serde_json::{Value, json};

use super::dns::{self, Zone};
use super::dns_file::{Alias, KINDS, Set, Sets, full, is_under, mistake, place};
use super::{dns_lookup, dns_mend, dns_zones};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::{Change, Loss, ROWS_NAMED_MAX};

/// Sets of a zone, and changes of a batch.
const SETS_MAX: usize = 10_000;
const CHANGES_MAX: usize = 1_000;

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let (_, zone) = dns_zones::zone(world, call.text("HostedZoneId").unwrap_or(&call.target))?;
    let kind = call.text("StartRecordType").unwrap_or_default();
    if !kind.is_empty() && call.text("StartRecordName").is_none() {
        return Err(Refusal::new("InvalidInput", "a start type needs a start name"));
    }
    let from = call.text("StartRecordName").map(|name| place(&full(name), kind));
    let shown = zone.sets.iter().filter(|(place, _)| from.as_ref().is_none_or(|from| *place >= from));
    let all: Vec<Value> = shown.map(|(_, set)| shape(set)).collect();
    Ok(json!({"ResourceRecordSets": all, "IsTruncated": false, "MaxItems": "300"}))
}

fn shape(set: &Set) -> Value {
    let name = set.name.replace('*', "\\052");
    match &set.alias {
        Some(alias) => json!({
            "Name": name,
            "Type": set.kind,
            "AliasTarget": {"HostedZoneId": alias.zone, "DNSName": alias.name, "EvaluateTargetHealth": false},
        }),
        None => {
            let values: Vec<Value> = set.values.iter().map(|value| json!({"Value": value})).collect();
            json!({"Name": name, "Type": set.kind, "TTL": set.ttl_s, "ResourceRecords": values})
        }
    }
}

pub(super) fn change(world: &mut World, call: &Call) -> Answer {
    let (id, zone) = dns_zones::zone(world, call.text("HostedZoneId").unwrap_or(&call.target))?;
    let batch = call.args.get("ChangeBatch").and_then(|batch| batch.get("Changes")).and_then(Value::as_array);
    let changes = batch.cloned().unwrap_or_default();
    if changes.is_empty() || changes.len() > CHANGES_MAX {
        return Err(Refusal::new(
            "InvalidInput",
            format!("a change batch has from 1 to {CHANGES_MAX} changes"),
        ));
    }
    let before = zone.clone();
    let mut after = before.clone();
    let mut wrong = Vec::new();
    for change in &changes {
        match one(&mut after, change) {
            Ok(()) => {}
            Err(Slip::Input(text)) => return Err(Refusal::new("InvalidInput", text)),
            Err(Slip::Batch(text)) => wrong.push(text),
        }
    }
    if wrong.is_empty() {
        wrong.extend(unfit(&after));
    }
    if !wrong.is_empty() {
        return Err(Refusal::new("InvalidChangeBatch", format!("[{}]", wrong.join(", "))));
    }
    put(world, &id, after);
    Ok(json!({"ChangeInfo": dns::changed(world)}))
}

/// Lets a zone hold other sets, and tells what that changed.
pub(super) fn put(world: &mut World, id: &str, after: Zone) {
    let Some(before) = world.dns.zones.get(id).cloned() else { return };
    dns_lookup::hold(world);
    let told = told(world, id, &before.sets, &after.sets);
    world.dns.zones.insert(id.to_owned(), after);
    dns_lookup::notice(world);
    told.into_iter().for_each(|change| world.effect(before.uid, change));
}

/// What is wrong with a change.
enum Slip {
    /// It is no change.
    Input(String),
    /// It cannot be made.
    Batch(String),
}

fn one(zone: &mut Zone, change: &Value) -> Result<(), Slip> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let action = text(change, "Action").unwrap_or_default();
    let given = change.get("ResourceRecordSet").cloned().unwrap_or_default();
    let set = read(&given, &action).map_err(Slip::Input)?;
    let shown = format!("[name='{}', type='{}']", set.name, set.kind);
    if !is_under(&set.name, &zone.name) {
        let text = format!("RRSet with DNS name {} is not permitted in zone {}", set.name, zone.name);
        return Err(Slip::Batch(text));
    }
    let stands = zone.sets.get(&set.place()).cloned();
    match (action.as_str(), stands) {
        ("CREATE", Some(_)) => {
            Err(Slip::Batch(format!("Tried to create resource record set {shown} but it already exists")))
        }
        ("DELETE", None) => {
            Err(Slip::Batch(format!("Tried to delete resource record set {shown} but it was not found")))
        }
        ("DELETE", Some(stands))
            if !(stands.says_as(&set) && (stands.ttl_s == set.ttl_s || stands.alias.is_some())) =>
        {
            Err(Slip::Batch(format!(
                "Tried to delete resource record set {shown} but the values provided do not match the current values"
            )))
        }
        ("DELETE", Some(_)) if dns::is_apex(zone, &set) => {
            let which = if set.kind == "SOA" {
                "exactly one SOA record"
            } else {
                "at least one NS record for the zone itself"
            };
            Err(Slip::Batch(format!("A HostedZone must contain {which}.")))
        }
        ("DELETE", Some(_)) => {
            zone.sets.remove(&set.place());
            Ok(())
        }
        ("CREATE" | "UPSERT", _) => match values_mistake(&set) {
            Some(text) => Err(Slip::Batch(text)),
            None => {
                zone.sets.insert(set.place(), set);
                Ok(())
            }
        },
        _ => Err(Slip::Input(format!(
            "1 validation error detected: Value '{action}' at 'changeBatch.changes.1.member.action' failed to satisfy constraint: \
             Member must satisfy enum value set: [CREATE, UPSERT, DELETE]"
        ))),
    }
}

/// A set as a request has it.
fn read(given: &Value, action: &str) -> Result<Set, String> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = full(&text(given, "Name").unwrap_or_default().replace("\\052", "*"));
    let kind = text(given, "Type").unwrap_or_default();
    if !KINDS.contains(&kind.as_str()) {
        return Err(format!("Value '{kind}' is no type of a resource record set"));
    }
    for name in
        ["SetIdentifier", "Weight", "Region", "GeoLocation", "Failover", "MultiValueAnswer", "HealthCheckId"]
    {
        if given.get(name).is_some() {
            return Err(format!("{name} is not simulated here: one set of each name and type"));
        }
    }
    let alias = given.get("AliasTarget").map(|target| Alias {
        name: full(&text(target, "DNSName").unwrap_or_default()),
        zone: text(target, "HostedZoneId").unwrap_or_default(),
    });
    let records = given.get("ResourceRecords").and_then(Value::as_array);
    let ttl_s = given.get("TTL").and_then(|ttl| ttl.as_i64().or_else(|| ttl.as_str()?.parse().ok()));
    let values: Vec<String> =
        records.into_iter().flatten().filter_map(|record| text(record, "Value")).collect();
    match (alias, ttl_s) {
        (Some(alias), None) if values.is_empty() => {
            Ok(Set { name, kind, ttl_s: 60, values, alias: Some(alias) })
        }
        (None, Some(ttl_s)) if !values.is_empty() && (0..=i64::from(i32::MAX)).contains(&ttl_s) => {
            let values = values.iter().map(|value| spelt(&kind, value)).collect();
            Ok(Set { name, kind, ttl_s, values, alias: None })
        }
        (alias, _) => {
            let found = if alias.is_some() { "more than one" } else { "none" };
            Err(format!(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
                 TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={name}, Type={kind}, SetIdentifier=null]"
            ))
        }
    }
}

/// Names in values are complete, whether somebody wrote the dot or not.
fn spelt(kind: &str, value: &str) -> String {
    match (kind, value.rsplit_once(' ')) {
        ("CNAME" | "NS" | "PTR", None) => full(value),
        ("MX" | "SRV", Some((numbers, host))) => format!("{numbers} {}", full(host)),
        _ => value.to_owned(),
    }
}

fn values_mistake(set: &Set) -> Option<String> {
    if set.kind == "CNAME" && set.values.len() > 1 {
        return Some(format!(
            "CNAME resource record sets have one value, and that of {} has {}",
            set.name,
            set.values.len()
        ));
    }
    let wrong = |value: &String| mistake(&set.kind, value).map(|why| (why, value.clone()));
    let (why, value) = set.values.iter().find_map(wrong)?;
    Some(format!("Invalid Resource Record: 'FATAL problem: {why} encountered with '{value}''"))
}

/// What a zone cannot be like.
fn unfit(zone: &Zone) -> Option<String> {
    if zone.sets.len() > SETS_MAX {
        return Some(format!("a hosted zone has at most {SETS_MAX} resource record sets"));
    }
    let cname = zone.sets.values().filter(|set| set.kind == "CNAME");
    cname.into_iter().find_map(|set| {
        if set.name == zone.name {
            return Some(format!(
                "RRSet of type CNAME with DNS name {} is not permitted at apex in zone {}",
                set.name, zone.name
            ));
        }
        let beside = zone.sets.values().any(|other| other.name == set.name && other.kind != "CNAME");
        beside.then(|| {
            format!(
                "RRSet of type CNAME with DNS name {} is not permitted as it conflicts with other records with the same DNS name in zone {}",
                set.name, zone.name
            )
        })
    })
}

/// What a batch changed, by where what went could be had back from.
fn told(world: &World, id: &str, before: &Sets, after: &Sets) -> Vec<Change> {
    let mut changes = Vec::new();
    let gone: Vec<&Set> =
        before.iter().filter(|(place, _)| !after.contains_key(*place)).map(|(_, set)| set).collect();
    for (restorable, sets) in dns_mend::by_source(world, id, &gone) {
        let records = u64::try_from(sets.len()).unwrap_or(u64::MAX);
        let rows =
            if records > ROWS_NAMED_MAX { Vec::new() } else { sets.iter().map(|set| set.row()).collect() };
        let place = "records".to_owned();
        changes.push(Change::RecordsLost { place, records, how: Loss::Deleted, restorable, rows });
    }
    for (place, set) in after {
        let Some(was) = before.get(place) else { continue };
        if was != set {
            let what = format!("{} {}", set.kind, set.name.trim_end_matches('.'));
            let line = |set: &Set| format!("{} {}", set.ttl_s, set.text());
            changes.push(Change::Configured { what, from: line(was), to: line(set) });
        }
    }
    let new = after.keys().filter(|place| !before.contains_key(*place)).count();
    if new > 0 {
        let records = u64::try_from(new).unwrap_or(u64::MAX);
        changes.push(Change::RecordsAdded { place: "records".to_owned(), records });
    }
    changes
}
