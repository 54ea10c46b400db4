//! What a name answers: to whoever asks its name servers, and to those who ask a resolver.
//!
//! A resolver is asked for the names in use all the time, so when something changes it has some answer of before, and keeps it for
//! what is left of its time: a part of it that is drawn by name from the seed. That is noted when the change is made
//! ([`hold`]); until then nothing has to be remembered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::dns::{self, Zone};
use super::dns_file::{Set, full, is_under, place};
use super::{dns_zones, function_calls};
use crate::World;
use crate::call::{Answer, Call};
use crate::chance::Chance;
use crate::clock::Time;
use crate::resource::Resource;
use crate::stage::Dependent;
use crate::world::Due as WorldDue;

/// A name that does not exist is remembered for so long, in seconds: what the zone's beginning says.
const ABSENT_S: i64 = 900;
/// Names that lead to names, at the most.
const CHAIN_MAX: usize = 8;
/// The type under which it is held to whom the registry sends.
const DELEGATION: &str = "delegation";

/// What a server says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// Records of that name.
    Sets(Set),
    /// Others are asked for that.
    Referral(Set),
    /// The name is there, and not with that type.
    NoData,
    /// There is no such name.
    Absent,
    /// It does not answer for that name.
    Refused,
    /// None of those who should answer does.
    Failed,
}

/// What resolvers have kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Held {
    pub said: Said,
    pub until: Time,
}

/// What comes of asking a resolver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Resolved {
    /// What was found on the way, each with how long it may still be kept.
    pub chain: Vec<(Set, i64)>,
    /// What was said in the end.
    pub end: Said,
    /// The last name that was led to.
    pub last: String,
}

/// What a zone says of a name.
pub(super) fn in_zone(world: &World, zone: &Zone, name: &str, kind: &str) -> Said {
    let labels = place(name, "").0;
    let depth = place(&zone.name, "").0.len();
    let at = |count: usize, kind: &str| {
        zone.sets.get(&(labels.get(..count).unwrap_or_default().to_vec(), kind.to_owned()))
    };
    for count in depth.saturating_add(1)..=labels.len() {
        let is_itself = count == labels.len();
        if let Some(cut) = at(count, "NS").filter(|_| !(is_itself && kind == "DS")) {
            return Said::Referral(cut.clone());
        }
    }
    let found = at(labels.len(), kind).or_else(|| at(labels.len(), "CNAME"));
    if let Some(set) = found {
        return Said::Sets(answered(world, set));
    }
    let is_there = |labels: &[String]| zone.sets.keys().any(|(own, _)| own.starts_with(labels));
    if is_there(&labels) {
        return Said::NoData;
    }
    for count in (depth..labels.len()).rev() {
        let above = labels.get(..count).unwrap_or_default();
        let wild = |kind: &str| zone.sets.get(&([above, &["*".to_owned()]].concat(), kind.to_owned()));
        if let Some(set) = wild(kind).or_else(|| wild("CNAME")) {
            return Said::Sets(Set { name: name.to_owned(), ..answered(world, set) });
        }
        if is_there(above) {
            break;
        }
    }
    Said::Absent
}

/// A set as it is answered: an alias is what it leads to.
fn answered(world: &World, set: &Set) -> Set {
    let address = set.alias.as_ref().and_then(|alias| outside(world, &alias.name));
    Set { values: address.map_or_else(|| set.values.clone(), |address| vec![address]), ..set.clone() }
}

/// What a name server says of a name.
pub(super) fn asked(world: &World, server: &str, name: &str, kind: &str) -> Said {
    zone_at(world, server, name).map_or(Said::Refused, |(_, zone)| in_zone(world, zone, name, kind))
}

fn zone_at<'w>(world: &'w World, server: &str, name: &str) -> Option<(&'w String, &'w Zone)> {
    let fits = |(_, zone): &(&String, &Zone)| {
        is_under(name, &zone.name) && zone.servers.iter().any(|own| own == server)
    };
    world.dns.zones.iter().filter(fits).max_by_key(|(_, zone)| zone.name.len())
}

/// The registered domain that a name belongs to, with the name servers that the registry names.
pub(super) fn registered<'w>(world: &'w World, name: &str) -> Option<(&'w String, &'w dns::Domain)> {
    let fits = |(domain, _): &(&String, &dns::Domain)| is_under(name, domain);
    world.dns.domains.iter().filter(fits).max_by_key(|(domain, _)| domain.len())
}

/// To whom a resolver turns for a name.
fn turned_to<'w>(world: &'w World, name: &str) -> Option<(&'w String, Vec<String>)> {
    let (domain, now) = registered(world, name)?;
    let held = valid(world, domain, DELEGATION);
    Some(match held {
        Some(Held { said: Said::Referral(set), .. }) => (domain, set.values.clone()),
        _ => (domain, now.servers.clone()),
    })
}

fn valid<'w>(world: &'w World, name: &str, kind: &str) -> Option<&'w Held> {
    let key = (name.to_owned(), kind.to_owned());
    world.dns.held.get(&key).filter(|held| held.until > world.now())
}

/// What the first of these servers that knows anything says, and on from there. Who answers for a part has a zone of that part:
/// what stands above it does not count.
fn follow(
    world: &World,
    domain: &str,
    mut servers: Vec<String>,
    name: &str,
    kind: &str,
) -> (Said, Option<String>) {
    let mut cut = domain.to_owned();
    for _ in 0..CHAIN_MAX {
        let known = servers.iter().filter_map(|server| zone_at(world, server, name));
        let known = known.into_iter().find(|(_, zone)| is_under(&zone.name, &cut));
        let Some((id, zone)) = known else { return (Said::Failed, None) };
        match in_zone(world, zone, name, kind) {
            Said::Referral(set) => (cut, servers) = (set.name, set.values),
            said => return (said, Some(id.clone())),
        }
    }
    (Said::Failed, None)
}

/// What a resolver hears of a name when it asks now.
fn fresh(world: &World, name: &str, kind: &str) -> Said {
    match turned_to(world, name) {
        Some((domain, servers)) => follow(world, domain, servers, name, kind).0,
        None => match outside(world, name) {
            Some(address) if kind == "A" => Said::Sets(Set {
                name: name.to_owned(),
                kind: kind.to_owned(),
                ttl_s: 60,
                values: vec![address],
                alias: None,
            }),
            Some(_) => Said::NoData,
            None => Said::Absent,
        },
    }
}

/// The address of a name that is nobody's here: a provider's, or one that a record leads to. The same name has the same always.
pub(super) fn outside(world: &World, name: &str) -> Option<String> {
    let plain = name.trim_end_matches('.');
    let is_provider = plain.ends_with(".amazonaws.com") || plain.ends_with(".amazonaws.com.cn");
    let leads = |set: &Set| {
        set.kind == "CNAME" && set.values.iter().any(|value| value == name)
            || set.alias.as_ref().is_some_and(|alias| alias.name == name)
    };
    let is_meant = || world.dns.staged.values().flat_map(BTreeMap::values).any(leads);
    if registered(world, name).is_some() || !(is_provider || is_meant()) {
        return None;
    }
    let whose = function_calls::api_of_host(world, plain).map_or_else(|| plain.to_owned(), str::to_owned);
    let mut stream = Chance::stream(0, &format!("address of {whose}"));
    Some(format!("198.18.{}.{}", stream.between(0, 255), stream.between(1, 254)))
}

/// Asks a resolver.
pub(super) fn resolve(world: &World, name: &str, kind: &str) -> Resolved {
    let mut chain = Vec::new();
    let mut last = full(name);
    for _ in 0..CHAIN_MAX {
        let held = valid(world, &last, kind);
        let said = held.map_or_else(|| fresh(world, &last, kind), |held| held.said.clone());
        let Said::Sets(set) = said else { return Resolved { chain, end: said, last } };
        let left_s =
            held.map_or_else(|| left(world, &last, kind, set.ttl_s), |held| held.until.since(world.now()));
        chain.push((set.clone(), left_s));
        let leads_on = set.kind == "CNAME" && kind != "CNAME";
        match set.values.first().filter(|_| leads_on) {
            Some(next) => last.clone_from(next),
            None => {
                if let Some(alias) = &set.alias {
                    last.clone_from(&alias.name);
                }
                return Resolved { chain, end: Said::Sets(set), last };
            }
        }
    }
    Resolved { chain, end: Said::Failed, last }
}

/// How long a resolver may still keep what it has of a name that it is asked for all the time: it came at some moment of a
/// cycle as long as its time.
fn left(world: &World, name: &str, kind: &str, ttl_s: i64) -> i64 {
    let ttl_s = ttl_s.max(1);
    let phase = Chance::stream(world.seed, &format!("dns/resolver {name} {kind}"))
        .between(0, ttl_s.saturating_sub(1));
    ttl_s.saturating_sub(world.now().unix().saturating_sub(phase).rem_euclid(ttl_s))
}

/// The API that a name leads to, for those who ask a resolver.
pub(crate) fn leads_to(world: &World, host: &str) -> Option<String> {
    let found = resolve(world, host, "A");
    let Said::Sets(set) = &found.end else { return None };
    let by_name = function_calls::api_of_host(world, found.last.trim_end_matches('.')).map(str::to_owned);
    by_name.or_else(|| {
        let apis = world.stage.dependent.iter().map(|dependent| &dependent.api);
        let region = &world.stage.account.region;
        let address = |api: &String| outside(world, &format!("{api}.execute-api.{region}.amazonaws.com."));
        let mut apis = apis.filter(|api| address(api).is_some_and(|address| set.values.contains(&address)));
        apis.next().cloned()
    })
}

/// Whether a dependent's name leads it to the API that it wants.
///
/// # Errors
/// What it meets instead.
pub(crate) fn reach(world: &World, dependent: &Dependent) -> Result<(), String> {
    let Some(host) = &dependent.host else { return Ok(()) };
    let found = resolve(world, host, "A");
    match &found.end {
        Said::Sets(_) if leads_to(world, host).as_deref() == Some(&*dependent.api) => Ok(()),
        Said::Sets(_) => Err(format!("{host} leads to {}", found.last.trim_end_matches('.'))),
        Said::Failed | Said::Refused | Said::Referral(_) => {
            Err(format!("could not resolve {host}: SERVFAIL"))
        }
        Said::NoData => Err(format!("could not resolve {host}: no address")),
        Said::Absent => Err(format!("could not resolve {host}: NXDOMAIN")),
    }
}

/// Whether a name would lead there if no resolver held anything: then waiting is all that is left to do.
pub(crate) fn is_only_held(world: &World, dependent: &Dependent) -> bool {
    let mut bare = world.clone();
    bare.dns.held.clear();
    reach(world, dependent).is_err() && reach(&bare, dependent).is_ok()
}

/// The zone that those who ask for a dependent's name are led through.
fn zone_behind(world: &World, host: &str) -> Option<String> {
    let name = full(host);
    let (domain, now) = registered(world, &name)?;
    follow(world, domain, now.servers.clone(), &name, "A").1
}

/// Whether a dependent's name leads through a zone or a domain.
pub(crate) fn is_way(world: &World, dependent: &Dependent, resource: &Resource) -> bool {
    let Some(host) = &dependent.host else { return false };
    match resource.kind.as_str() {
        dns::KIND => zone_behind(world, host).as_deref() == Some(&resource.name),
        dns::DOMAIN => is_under(&full(host), &full(&resource.name)),
        _ => false,
    }
}

/// Names and types that resolvers are asked for: what dependents use, and what the stage's zones hold.
fn in_use(world: &World) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for dependent in &world.stage.dependent {
        all.extend(dependent.host.as_ref().map(|host| (full(host), "A".to_owned())));
    }
    for (id, sets) in &world.dns.staged {
        let staged = world.stage.dns.iter().flat_map(|dns| &dns.zone).find(|zone| zone.id == *id);
        let is_asked = |set: &&Set| {
            let plain = set.name.trim_end_matches('.');
            !plain.starts_with('*')
                && staged.is_some_and(|zone| zone.unasked.iter().all(|name| name != plain))
        };
        let kinds = |set: &Set| if set.kind == "CNAME" { "A".to_owned() } else { set.kind.clone() };
        all.extend(sets.values().filter(is_asked).map(|set| (set.name.clone(), kinds(set))));
    }
    all
}

/// Notes what resolvers have of names in use, before something changes.
pub(super) fn hold(world: &mut World) {
    let mut found: Vec<((String, String), Held)> = Vec::new();
    let now = world.now();
    for (name, kind) in in_use(world) {
        if valid(world, &name, &kind).is_some() {
            continue;
        }
        let said = fresh(world, &name, &kind);
        let ttl_s = match &said {
            Said::Sets(set) => set.ttl_s,
            Said::Absent | Said::NoData => ABSENT_S,
            _ => continue,
        };
        let until = now.plus(left(world, &name, &kind, ttl_s));
        found.push(((name, kind), Held { said, until }));
    }
    for (name, domain) in &world.dns.domains {
        if valid(world, name, DELEGATION).is_some() {
            continue;
        }
        let set = Set {
            name: name.clone(),
            kind: "NS".to_owned(),
            ttl_s: domain.ttl_s,
            values: domain.servers.clone(),
            alias: None,
        };
        let until = now.plus(left(world, name, DELEGATION, domain.ttl_s));
        found.push(((name.clone(), DELEGATION.to_owned()), Held { said: Said::Referral(set), until }));
    }
    world.dns.held.extend(found);
}

/// Drops what resolvers hold and what is so anyway, and what they do not hold any more.
pub(super) fn forget(world: &mut World) {
    let now = world.now();
    let differs = |world: &World, (name, kind): &(String, String), held: &Held| match kind.as_str() {
        DELEGATION => {
            let servers = world.dns.domains.get(name).map(|domain| &domain.servers);
            !matches!(&held.said, Said::Referral(set) if Some(&set.values) == servers)
        }
        _ => fresh(world, name, kind) != held.said,
    };
    let keep: BTreeSet<(String, String)> = world
        .dns
        .held
        .iter()
        .filter(|(key, held)| held.until > now && differs(world, key, held))
        .map(|(key, _)| key.clone())
        .collect();
    world.dns.held.retain(|key, _| keep.contains(key));
}

/// After a change: what resolvers hold that is not so any more, and when those who depend on it will notice.
pub(super) fn notice(world: &mut World) {
    forget(world);
    let hosts: BTreeSet<String> = world
        .stage
        .dependent
        .iter()
        .filter_map(|dependent| dependent.host.as_ref().map(|host| full(host)))
        .collect();
    let matters = |name: &String| hosts.iter().any(|host| host == name || is_under(host, name));
    let times: BTreeSet<Time> =
        world.dns.held.iter().filter(|((name, _), _)| matters(name)).map(|(_, held)| held.until).collect();
    for at in times {
        world.schedule_for(world.cause(), at, WorldDue::Dns(dns::Due));
    }
}

/// `test-dns-answer`: what the zone's own name servers say.
pub(super) fn test(world: &mut World, call: &Call) -> Answer {
    let (_, zone) = dns_zones::zone(world, call.text("HostedZoneId").unwrap_or(&call.target))?;
    let name = full(call.text("RecordName").unwrap_or_default());
    let kind = call.text("RecordType").unwrap_or_default().to_ascii_uppercase();
    let (code, data) = match in_zone(world, zone, &name, &kind) {
        Said::Sets(set) | Said::Referral(set) => ("NOERROR", set.values),
        Said::NoData => ("NOERROR", Vec::new()),
        Said::Absent => ("NXDOMAIN", Vec::new()),
        Said::Refused | Said::Failed => ("REFUSED", Vec::new()),
    };
    Ok(json!({
        "Nameserver": zone.servers.first().map(|server| server.trim_end_matches('.')),
        "RecordName": name.trim_end_matches('.'),
        "RecordType": kind,
        "RecordData": data,
        "ResponseCode": code,
        "Protocol": "UDP",
    }))
}
