//! Route-53-like names: hosted zones, record sets, delegation. What a name answers is in [`super::dns_lookup`], changes of records
//! are in [`super::dns_changes`].
//!
//! A zone answers whoever is sent to its name servers, and nobody else: a zone that is made anew gets others, unless a reusable
//! delegation set is given, and then the registry still sends everybody to those of before. Resolvers keep what they heard for as
//! long as it may be kept, so that neither a loss nor a repair is felt at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::dns_file::{self, Set, Sets, full, is_under};
use super::dns_lookup::{self, Held};
use super::waits::{self, Seen};
use super::{dns_changes, dns_dig, dns_zones};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::chance::Chance;
use crate::clock::Time;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::Problem;

type Doing = fn(&mut World, &Call) -> Answer;

/// The type of a zone.
pub(crate) const KIND: &str = "AWS::Route53::HostedZone";
/// The type of a registered domain.
pub(crate) const DOMAIN: &str = "AWS::Route53Domains::Domain";
/// So long a change takes to reach all name servers.
const SYNC_S: i64 = 45;
/// Changes that are remembered.
const CHANGES_MAX: usize = 200;

const VERBS: &[(Operation, Doing)] = &[
    (Operation::read("ListHostedZones", "route53:ListHostedZones"), dns_zones::list),
    (Operation::read("ListHostedZonesByName", "route53:ListHostedZonesByName"), dns_zones::list_by_name),
    (Operation::read("GetHostedZoneCount", "route53:GetHostedZoneCount"), dns_zones::count),
    (Operation::read("GetHostedZone", "route53:GetHostedZone"), dns_zones::get),
    (Operation::write("CreateHostedZone", "route53:CreateHostedZone"), dns_zones::create),
    (Operation::write("DeleteHostedZone", "route53:DeleteHostedZone"), dns_zones::delete),
    (Operation::write("UpdateHostedZoneComment", "route53:UpdateHostedZoneComment"), dns_zones::comment),
    (Operation::read("ListResourceRecordSets", "route53:ListResourceRecordSets"), dns_changes::list),
    (Operation::write("ChangeResourceRecordSets", "route53:ChangeResourceRecordSets"), dns_changes::change),
    (Operation::read("TestDNSAnswer", "route53:TestDNSAnswer"), dns_lookup::test),
    (Operation::read("GetChange", "route53:GetChange"), get_change),
    (Operation::read("Wait", "route53:GetChange"), wait),
    (
        Operation::read("ListReusableDelegationSets", "route53:ListReusableDelegationSets"),
        dns_zones::list_sets,
    ),
    (Operation::read("GetReusableDelegationSet", "route53:GetReusableDelegationSet"), dns_zones::get_set),
    (
        Operation::write("CreateReusableDelegationSet", "route53:CreateReusableDelegationSet"),
        dns_zones::create_set,
    ),
    (
        Operation::write("DeleteReusableDelegationSet", "route53:DeleteReusableDelegationSet"),
        dns_zones::delete_set,
    ),
    (Operation::read("ListTagsForResource", "route53:ListTagsForResource"), dns_zones::tags),
    (Operation::write("ChangeTagsForResource", "route53:ChangeTagsForResource"), dns_zones::change_tags),
    (Operation::read("ListDomains", "route53domains:ListDomains"), dns_zones::domains),
    (Operation::read("GetDomainDetail", "route53domains:GetDomainDetail"), dns_zones::domain),
    (
        Operation::write("UpdateDomainNameservers", "route53domains:UpdateDomainNameservers"),
        dns_zones::delegate,
    ),
    // Anybody may ask what a name is.
    (Operation::read("Resolve", ""), dns_dig::resolve),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { VERBS.len() }>(VERBS);

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Zones by id.
    pub(super) zones: BTreeMap<String, Zone>,
    /// Reusable delegation sets by id.
    pub(super) sets: BTreeMap<String, DelegationSet>,
    /// Registered domains by name, in full.
    pub(super) domains: BTreeMap<String, Domain>,
    /// When changes were made, by id.
    changes: BTreeMap<String, Time>,
    changed: u32,
    /// What callers called their requests to make something.
    pub(super) references: BTreeSet<String>,
    /// What resolvers have in their caches and is not so any more, by name and type.
    pub(super) held: BTreeMap<(String, String), Held>,
    /// What the records of each staged zone were when the trial began, by its id.
    pub(super) staged: BTreeMap<String, Sets>,
}

impl State {
    /// Nothing stands in it, and nothing ever did.
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty() && self.references.is_empty()
    }
}

/// A hosted zone.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub uid: Uid,
    /// In full.
    pub name: String,
    pub reference: String,
    pub comment: String,
    /// In full.
    pub servers: Vec<String>,
    /// The reusable delegation set that they are of.
    pub set: Option<String>,
    pub sets: Sets,
}

/// A reusable delegation set.
#[derive(Clone, Debug)]
pub(super) struct DelegationSet {
    pub reference: String,
    pub servers: Vec<String>,
}

/// A registered domain.
#[derive(Clone, Debug)]
pub(super) struct Domain {
    pub uid: Uid,
    pub created: Time,
    pub servers: Vec<String>,
    pub ttl_s: i64,
}

/// Work that comes due: what resolvers hold is not held any more.
#[derive(Clone, Debug)]
pub(crate) struct Due;

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let Some(dns) = world.stage.dns.clone() else { return Ok(()) };
    for set in &dns.delegation_set {
        let made =
            DelegationSet { reference: format!("staged {}", set.id), servers: servers(&set.name_servers) };
        world.dns.sets.insert(set.id.clone(), made);
    }
    for domain in &dns.domain {
        let new = resource(DOMAIN, &domain.name, "domain", &domain.name, domain.environment);
        let uid = world.create_since(new, domain.created);
        let (created, ttl_s) = (domain.created, domain.ttl_s);
        let made = Domain { uid, created, servers: servers(&domain.name_servers), ttl_s };
        world.dns.domains.insert(full(&domain.name), made);
    }
    for staged in &dns.zone {
        let given = staged.delegation_set.as_ref().and_then(|id| world.dns.sets.get(id));
        let servers = given.map_or_else(|| servers(&staged.name_servers), |set| set.servers.clone());
        let mut new = resource(KIND, &staged.id, "zone", &staged.name, staged.environment);
        new.tags = staged.tags.clone();
        new.serving = world.dns.domains.iter().any(|(name, domain)| {
            is_under(&full(&staged.name), name)
                && domain.servers.iter().any(|server| servers.contains(server))
        });
        let uid = world.create_since(new, staged.created);
        let mut sets = apex(&full(&staged.name), &servers);
        let text = world.stage.data_text(&staged.records).unwrap_or_default();
        for set in dns_file::read(text, &staged.name).unwrap_or_default() {
            sets.insert(set.place(), set);
        }
        let zone = Zone {
            uid,
            name: full(&staged.name),
            reference: format!("staged {}", staged.id),
            comment: staged.comment.clone(),
            servers,
            set: staged.delegation_set.clone(),
            sets,
        };
        world.dns.staged.insert(staged.id.clone(), own(&zone));
        world.dns.zones.insert(staged.id.clone(), zone);
    }
    Ok(())
}

/// Looks whether every dependent's name leads where it should: only once all else stands.
pub(crate) fn check(world: &World) -> Result<(), Problem> {
    for (i, dependent) in world.stage.dependent.iter().enumerate() {
        let Some(host) = &dependent.host else { continue };
        let leads = dns_lookup::leads_to(world, host);
        if leads.as_deref() != Some(&*dependent.api) {
            return Err(Problem {
                path: format!("dependent[{i}].host"),
                found: host.clone(),
                expected: format!("a name that leads to `{}`", dependent.api),
                candidates: Vec::new(),
            });
        }
    }
    Ok(())
}

/// What is made for a zone or a domain.
pub(super) fn resource(
    kind: &str,
    name: &str,
    what: &str,
    domain: &str,
    environment: Environment,
) -> NewResource {
    NewResource {
        kind: kind.to_owned(),
        name: name.to_owned(),
        role: format!("{what}/{}", domain.trim_end_matches('.')),
        environment,
        tags: BTreeMap::new(),
        stateful: true,
        serving: true,
        replaces: None,
    }
}

fn servers(given: &[String]) -> Vec<String> {
    given.iter().map(|server| full(server)).collect()
}

/// The sets that each zone has: who answers for it, and its beginning.
pub(super) fn apex(name: &str, servers: &[String]) -> Sets {
    let first = servers.first().cloned().unwrap_or_default();
    let soa = format!("{first} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
    let set = |kind: &str, ttl_s: i64, values: Vec<String>| Set {
        name: name.to_owned(),
        kind: kind.to_owned(),
        ttl_s,
        values,
        alias: None,
    };
    let both = [set("NS", 172_800, servers.to_vec()), set("SOA", 900, vec![soa])];
    both.into_iter().map(|set| (set.place(), set)).collect()
}

/// Whether a set is one of those that each zone has.
pub(super) fn is_apex(zone: &Zone, set: &Set) -> bool {
    set.name == zone.name && matches!(set.kind.as_str(), "NS" | "SOA")
}

/// The sets of a zone that somebody has put there.
pub(super) fn own(zone: &Zone) -> Sets {
    zone.sets
        .iter()
        .filter(|(_, set)| !is_apex(zone, set))
        .map(|(place, set)| (place.clone(), set.clone()))
        .collect()
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match VERBS.iter().find(|(operation, _)| operation.name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// What resolvers had kept has run out.
pub(crate) fn due(world: &mut World, _: Due) {
    dns_lookup::forget(world);
}

/// So many letters and digits as ids here are made of.
pub(super) fn made_up(world: &World, name: &str, count: usize) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut stream = Chance::stream(world.seed, &format!("dns/{name}@{}", world.now()));
    let digit = |n: i64| usize::try_from(n).ok().and_then(|n| DIGITS.get(n)).copied().unwrap_or(b'A');
    (0..count).map(|_| char::from(digit(stream.between(0, 35)))).collect()
}

/// Notes that something was changed, and shows the note.
pub(super) fn changed(world: &mut World) -> Value {
    world.dns.changed = world.dns.changed.saturating_add(1);
    let number = world.dns.changed;
    let id = format!("C{}", made_up(world, &format!("change {number}"), 20));
    let now = world.now();
    if world.dns.changes.len() >= CHANGES_MAX
        && let Some(oldest) = world.dns.changes.iter().min_by_key(|(_, at)| **at).map(|(id, _)| id.clone())
    {
        world.dns.changes.remove(&oldest);
    }
    world.dns.changes.insert(id.clone(), now);
    shown(world, &id, now)
}

fn shown(world: &World, id: &str, at: Time) -> Value {
    let status = if world.now().since(at) >= SYNC_S { "INSYNC" } else { "PENDING" };
    json!({"Id": format!("/change/{id}"), "Status": status, "SubmittedAt": at.to_string()})
}

/// The last part of an id that may have what it is in front.
pub(super) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn submitted(world: &World, call: &Call) -> Result<(String, Time), Refusal> {
    let id = bare(call.text("Id").unwrap_or(&call.target)).to_owned();
    let at = world.dns.changes.get(&id).copied();
    let unknown = || Refusal::new("NoSuchChange", format!("A change with the ID {id} does not exist."));
    at.map(|at| (id.clone(), at)).ok_or_else(unknown)
}

fn get_change(world: &mut World, call: &Call) -> Answer {
    let (id, at) = submitted(world, call)?;
    Ok(json!({"ChangeInfo": shown(world, &id, at)}))
}

/// The real waiter looks every 30 seconds, 60 times.
fn wait(world: &mut World, call: &Call) -> Answer {
    let at = match submitted(world, call) {
        Ok((_, at)) => at,
        Err(refusal) => {
            return Err(Refusal::new(
                "WaiterError",
                format!("An error occurred ({}): {}", refusal.code, refusal.message),
            ));
        }
    };
    let look = |w: &World| if w.now().since(at) >= SYNC_S { Seen::Good } else { Seen::NotYet };
    waits::wait(world, 30, 60, look)
}
