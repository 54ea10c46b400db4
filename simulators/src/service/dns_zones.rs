//! Hosted zones, delegation sets, their tags, and domains as the registrar shows them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dns::{self, DelegationSet, Domain, Zone, bare, made_up};
use super::dns_file::{full, place};
use super::{dns_lookup, trail};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::chance::Chance;
use crate::effect::Change;
use crate::resource::Environment;

/// Zones of an account, and reusable delegation sets.
const ZONES_MAX: usize = 500;
const SETS_MAX: usize = 100;
/// Tags of a zone.
const TAGS_MAX: usize = 50;

/// A zone by its id, with or without what it is in front.
///
/// # Errors
/// There is none.
pub(super) fn zone<'w>(world: &'w World, id: &str) -> Result<(String, &'w Zone), Refusal> {
    let id = bare(id);
    let found = world.dns.zones.get(id).map(|zone| (id.to_owned(), zone));
    found.ok_or_else(|| Refusal::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))
}

fn given(call: &Call) -> &str {
    call.text("Id").unwrap_or(&call.target)
}

fn shape(id: &str, zone: &Zone) -> Value {
    let mut config = json!({"PrivateZone": false});
    if let (false, Some(fields)) = (zone.comment.is_empty(), config.as_object_mut()) {
        fields.insert("Comment".to_owned(), json!(zone.comment));
    }
    json!({
        "Id": format!("/hostedzone/{id}"),
        "Name": zone.name,
        "CallerReference": zone.reference,
        "Config": config,
        "ResourceRecordSetCount": zone.sets.len(),
    })
}

/// Name servers as the API writes them, with the reusable set that they are of.
fn delegation(id: Option<&str>, servers: &[String], reference: Option<&str>) -> Value {
    let servers: Vec<&str> = servers.iter().map(|server| server.trim_end_matches('.')).collect();
    let mut shape = json!({"NameServers": servers});
    if let (Some(id), Some(fields)) = (id, shape.as_object_mut()) {
        fields.insert("Id".to_owned(), json!(format!("/delegationset/{id}")));
        fields.extend(reference.map(|text| ("CallerReference".to_owned(), json!(text))));
    }
    shape
}

fn of_zone(world: &World, zone: &Zone) -> Value {
    let reference = zone.set.as_ref().and_then(|id| world.dns.sets.get(id)).map(|set| set.reference.as_str());
    delegation(zone.set.as_deref(), &zone.servers, reference)
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let only = call.text("DelegationSetId").map(bare);
    if let Some(id) = only.filter(|id| !world.dns.sets.contains_key(*id)) {
        return Err(no_set(id));
    }
    let fits = |zone: &Zone| only.is_none_or(|id| zone.set.as_deref() == Some(id));
    let all: Vec<Value> =
        world.dns.zones.iter().filter(|(_, zone)| fits(zone)).map(|(id, zone)| shape(id, zone)).collect();
    Ok(json!({"HostedZones": all, "IsTruncated": false, "MaxItems": "100"}))
}

/// From a name on, in the order of names, which is by their labels from the right.
pub(super) fn list_by_name(world: &mut World, call: &Call) -> Answer {
    let from = call.text("DNSName").map(|name| place(&full(name), "").0);
    let mut all: Vec<(&String, &Zone)> = world
        .dns
        .zones
        .iter()
        .filter(|(_, zone)| from.as_ref().is_none_or(|from| place(&zone.name, "").0 >= *from))
        .collect();
    all.sort_by_key(|(id, zone)| (place(&zone.name, "").0, (*id).clone()));
    let shown: Vec<Value> = all.iter().map(|(id, zone)| shape(id, zone)).collect();
    let mut answer = json!({"HostedZones": shown, "IsTruncated": false, "MaxItems": "100"});
    if let (Some(name), Some(fields)) = (call.text("DNSName"), answer.as_object_mut()) {
        fields.insert("DNSName".to_owned(), json!(name));
    }
    Ok(answer)
}

pub(super) fn count(world: &mut World, _: &Call) -> Answer {
    Ok(json!({"HostedZoneCount": world.dns.zones.len()}))
}

pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    let world: &World = world;
    let (id, zone) = zone(world, given(call))?;
    Ok(json!({"HostedZone": shape(&id, zone), "DelegationSet": of_zone(world, zone)}))
}

/// Four name servers that are nobody else's.
fn four_servers(world: &World, what: &str) -> Vec<String> {
    let mut stream = Chance::stream(world.seed, &format!("dns/servers {what}@{}", world.now()));
    let ends = [(0, 511, "com"), (512, 1023, "net"), (1024, 1535, "org"), (1536, 2047, "co.uk")];
    let one = |(low, high, end): &(i64, i64, &str)| {
        format!("ns-{}.awsdns-{:02}.{end}.", stream.between(*low, *high), stream.between(0, 63))
    };
    ends.iter().map(one).collect()
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let name = full(call.text("Name").unwrap_or(&call.target));
    let reference = call.text("CallerReference").unwrap_or_default().to_owned();
    let is_name = name.trim_end_matches('.').split('.').all(|label| !label.is_empty() && label.len() <= 63);
    if !is_name || name.len() > 254 || name.contains([' ', '/', '@']) {
        return Err(Refusal::new("InvalidDomainName", format!("{name} is not a valid domain name")));
    }
    if world.dns.references.contains(&reference) {
        let text = "A hosted zone has already been created with the specified caller reference.";
        return Err(Refusal::new("HostedZoneAlreadyExists", text));
    }
    if world.dns.zones.len() >= ZONES_MAX {
        return Err(Refusal::new("TooManyHostedZones", "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER"));
    }
    let (set, servers) = servers_for(world, call, &name, &reference)?;
    let id = format!("Z{}", made_up(world, &format!("zone {name} {reference}"), 20));
    let environment = environment_of(world, &name);
    let mut new = dns::resource(dns::KIND, &id, "zone", &name, environment);
    new.serving = false;
    let uid = world.create(new);
    let config = call.args.get("HostedZoneConfig");
    let comment = config.and_then(|config| config.get("Comment")).and_then(Value::as_str).unwrap_or_default();
    let sets = dns::apex(&name, &servers);
    let zone =
        Zone { uid, name, reference: reference.clone(), comment: comment.to_owned(), servers, set, sets };
    world.dns.references.insert(reference);
    dns_lookup::hold(world);
    world.dns.zones.insert(id.clone(), zone.clone());
    dns_lookup::notice(world);
    let (shape, delegation) = (shape(&id, &zone), of_zone(world, &zone));
    let info = dns::changed(world);
    let location = format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}");
    Ok(json!({"Location": location, "HostedZone": shape, "ChangeInfo": info, "DelegationSet": delegation}))
}

/// The name servers of a new zone: those of the delegation set that was given, or others.
fn servers_for(
    world: &World,
    call: &Call,
    name: &str,
    reference: &str,
) -> Result<(Option<String>, Vec<String>), Refusal> {
    let Some(id) = call.text("DelegationSetId").map(bare) else {
        return Ok((None, four_servers(world, &format!("{name} {reference}"))));
    };
    let set = world.dns.sets.get(id).ok_or_else(|| no_set(id))?;
    let is_there =
        |zone: &Zone| zone.name == name && zone.servers.iter().any(|server| set.servers.contains(server));
    if world.dns.zones.values().any(is_there) {
        let text = format!("The name servers of the delegation set {id} already have a hosted zone {name}");
        return Err(Refusal::new("ConflictingDomainExists", text));
    }
    Ok((Some(id.to_owned()), set.servers.clone()))
}

/// Where a zone belongs: to where one of its name has stood, or the domain above it.
fn environment_of(world: &World, name: &str) -> Environment {
    let role = format!("zone/{}", name.trim_end_matches('.'));
    let before = world.resources().filter(|r| r.kind == dns::KIND && r.role == role).last();
    let domain = dns_lookup::registered(world, name).and_then(|(_, domain)| world.resource(domain.uid));
    before.or(domain).map_or(Environment::Production, |r| r.environment)
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (id, zone) = zone(world, given(call))?;
    if !dns::own(zone).is_empty() {
        let text =
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(Refusal::new("HostedZoneNotEmpty", text));
    }
    let uid = zone.uid;
    dns_lookup::hold(world);
    // Said while it still stands: who is led through it is known by asking.
    world.destroy(uid, 0, None);
    world.dns.zones.remove(&id);
    dns_lookup::notice(world);
    Ok(json!({"ChangeInfo": dns::changed(world)}))
}

pub(super) fn comment(world: &mut World, call: &Call) -> Answer {
    let (id, zone) = zone(world, given(call))?;
    let (uid, from) = (zone.uid, zone.comment.clone());
    let to = call.text("Comment").unwrap_or_default().to_owned();
    world.configured(uid, "comment", from, &to);
    if let Some(zone) = world.dns.zones.get_mut(&id) {
        zone.comment = to;
    }
    zone_shape(world, &id)
}

fn zone_shape(world: &World, id: &str) -> Answer {
    let (id, zone) = zone(world, id)?;
    Ok(json!({"HostedZone": shape(&id, zone)}))
}

fn no_set(id: &str) -> Refusal {
    Refusal::new("NoSuchDelegationSet", format!("The specified delegation set does not exist: {id}."))
}

pub(super) fn list_sets(world: &mut World, _: &Call) -> Answer {
    let shown =
        |(id, set): (&String, &DelegationSet)| delegation(Some(id), &set.servers, Some(&set.reference));
    let all: Vec<Value> = world.dns.sets.iter().map(shown).collect();
    Ok(json!({"DelegationSets": all, "IsTruncated": false, "MaxItems": "100"}))
}

pub(super) fn get_set(world: &mut World, call: &Call) -> Answer {
    let id = bare(given(call));
    let set = world.dns.sets.get(id).ok_or_else(|| no_set(id))?;
    Ok(json!({"DelegationSet": delegation(Some(id), &set.servers, Some(&set.reference))}))
}

pub(super) fn create_set(world: &mut World, call: &Call) -> Answer {
    let reference = call.text("CallerReference").unwrap_or_default().to_owned();
    if world.dns.references.contains(&reference) {
        let text =
            "A delegation set with the same owner and caller reference combination has already been created.";
        return Err(Refusal::new("DelegationSetAlreadyCreated", text));
    }
    if world.dns.sets.len() >= SETS_MAX {
        return Err(Refusal::new("LimitsExceeded", "Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER"));
    }
    let (source, servers) = match call.text("HostedZoneId") {
        Some(id) => {
            let (id, zone) = zone(world, id)?;
            if zone.set.is_some() {
                let text = format!("The specified hosted zone {id} already uses a reusable delegation set");
                return Err(Refusal::new("DelegationSetAlreadyReusable", text));
            }
            (Some(id), zone.servers.clone())
        }
        None => (None, four_servers(world, &format!("set {reference}"))),
    };
    let id = format!("N{}", made_up(world, &format!("set {reference}"), 20));
    world.dns.references.insert(reference.clone());
    if let Some(zone) = source.and_then(|id| world.dns.zones.get_mut(&id)) {
        zone.set = Some(id.clone());
        let uid = zone.uid;
        world.configured(uid, "delegation set", "", &id);
    }
    let shown = delegation(Some(&id), &servers, Some(&reference));
    world.dns.sets.insert(id.clone(), DelegationSet { reference, servers });
    let location = format!("https://route53.amazonaws.com/2013-04-01/delegationset/{id}");
    Ok(json!({"DelegationSet": shown, "Location": location}))
}

pub(super) fn delete_set(world: &mut World, call: &Call) -> Answer {
    let id = bare(given(call)).to_owned();
    if !world.dns.sets.contains_key(&id) {
        return Err(no_set(&id));
    }
    if world.dns.zones.values().any(|zone| zone.set.as_ref() == Some(&id)) {
        let text = format!("The delegation set {id} is in use and cannot be deleted.");
        return Err(Refusal::new("DelegationSetInUse", text));
    }
    world.dns.sets.remove(&id);
    Ok(Value::Null)
}

pub(super) fn tags(world: &mut World, call: &Call) -> Answer {
    let (id, zone) = zone(world, call.text("ResourceId").unwrap_or(&call.target))?;
    let tags = world.resource(zone.uid).map(|r| trail::tag_list(&r.tags)).unwrap_or_else(|| json!([]));
    Ok(json!({"ResourceTagSet": {"ResourceType": "hostedzone", "ResourceId": id, "Tags": tags}}))
}

pub(super) fn change_tags(world: &mut World, call: &Call) -> Answer {
    let (_, zone) = zone(world, call.text("ResourceId").unwrap_or(&call.target))?;
    let uid = zone.uid;
    let mut after: BTreeMap<String, String> = world.resource(uid).map(|r| r.tags.clone()).unwrap_or_default();
    for tag in call.args.get("AddTags").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        after.insert(text("Key"), text("Value"));
    }
    for key in call.texts("RemoveTagKeys") {
        after.remove(key);
    }
    if after.len() > TAGS_MAX {
        return Err(Refusal::new("InvalidInput", format!("a hosted zone has at most {TAGS_MAX} tags")));
    }
    world.retag(uid, after);
    Ok(Value::Null)
}

fn registered<'w>(world: &'w World, call: &Call) -> Result<(&'w String, &'w Domain), Refusal> {
    let name = full(call.text("DomainName").unwrap_or(&call.target));
    let found = world.dns.domains.get_key_value(&name);
    let text = format!("Domain {} not found in this account", name.trim_end_matches('.'));
    found.ok_or_else(|| Refusal::new("InvalidInput", text))
}

pub(super) fn domains(world: &mut World, _: &Call) -> Answer {
    let shown = |name: &String| json!({"DomainName": name.trim_end_matches('.'), "AutoRenew": true, "TransferLock": true});
    Ok(json!({"Domains": world.dns.domains.keys().map(shown).collect::<Vec<_>>()}))
}

pub(super) fn domain(world: &mut World, call: &Call) -> Answer {
    let (name, domain) = registered(world, call)?;
    let servers: Vec<Value> = domain
        .servers
        .iter()
        .map(|server| json!({"Name": server.trim_end_matches('.'), "GlueIps": []}))
        .collect();
    Ok(json!({
        "DomainName": name.trim_end_matches('.'),
        "Nameservers": servers,
        "AutoRenew": true,
        "RegistrarName": "Amazon Registrar, Inc.",
        "CreationDate": domain.created.to_string(),
        "StatusList": ["clientTransferProhibited"],
    }))
}

/// Tells the registry to send whoever asks to other name servers. Resolvers go on with those of before until their time is over.
pub(super) fn delegate(world: &mut World, call: &Call) -> Answer {
    let (name, domain) = registered(world, call)?;
    let (name, uid, before) = (name.clone(), domain.uid, domain.servers.clone());
    let asked = call.args.get("Nameservers").and_then(Value::as_array).cloned().unwrap_or_default();
    let servers: Vec<String> =
        asked.iter().filter_map(|server| server.get("Name").and_then(Value::as_str)).map(full).collect();
    if servers.len() < 2 || servers.len() > 6 {
        return Err(Refusal::new("InvalidInput", "a domain has from 2 to 6 name servers"));
    }
    dns_lookup::hold(world);
    if let Some(domain) = world.dns.domains.get_mut(&name) {
        domain.servers.clone_from(&servers);
    }
    dns_lookup::notice(world);
    if before != servers {
        let (what, from, to) = ("name servers".to_owned(), before.join(" "), servers.join(" "));
        world.effect(uid, Change::Configured { what, from, to });
    }
    Ok(json!({"OperationId": made_up(world, &format!("domain {name}"), 32).to_lowercase()}))
}
