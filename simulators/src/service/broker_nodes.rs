//! The machines that a broker's partitions lie on: replicas, leaders, who is in sync; and what goes when a machine goes.
//!
//! A partition is written by its leader, and by whoever follows it closely: those are in sync. A machine that is terminated takes its
//! disk along; the group that it belongs to starts another under the same number, which fetches everything anew at the staged rate.
//! What no replica in sync is left of is gone, and its partition has no leader until the number of the last one comes back, empty.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::brokers::{Broker, Due, Topic, resource_of};
use super::{broker_shapes as shapes, trail};
use crate::World;
use crate::call::{Answer, Call, CallId, Refusal};
use crate::chance::Chance;
use crate::clock::Time;
use crate::effect::{Change, Loss, Row};
use crate::moved::Moved;
use crate::resource::{NewResource, Uid};
use crate::stage::broker::Broker as Staged;
use crate::world::Due as WorldDue;

/// The type of a machine.
pub(crate) const KIND: &str = "AWS::EC2::Instance";
/// A machine with nothing to fetch is in sync after so long.
const LEAST_S: i64 = 30;

/// A machine.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub uid: Uid,
    pub instance: String,
    pub zone: String,
    pub launched: Time,
    pub is_up: bool,
}

/// Where a partition lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The first of them is meant to lead.
    pub replicas: Vec<u32>,
    pub in_sync: BTreeSet<u32>,
    pub leader: Option<u32>,
    /// To where it is being moved.
    pub moving: Option<Vec<u32>>,
}

impl Place {
    /// Somebody has to lead, of those in sync; who does already goes on.
    fn led(&mut self) {
        if self.leader.is_none_or(|leader| !self.in_sync.contains(&leader)) {
            self.leader = self.replicas.iter().find(|id| self.in_sync.contains(id)).copied();
        }
    }

    pub fn is_whole(&self) -> bool {
        self.in_sync.len() >= self.replicas.len()
    }

    /// Moved, if all whom it was to go to are in sync.
    fn settled(&mut self) {
        let is_there = |wanted: &Vec<u32>| wanted.iter().all(|id| self.in_sync.contains(id));
        if let Some(wanted) = self.moving.take_if(|wanted| is_there(wanted)) {
            self.in_sync.retain(|id| wanted.contains(id));
            self.replicas = wanted;
            self.led();
        }
    }
}

/// Places of so many partitions, one after another over the machines, from the `first` on.
pub(super) fn places(ids: &[u32], partitions: usize, replicas: usize, first: usize) -> Vec<Place> {
    let place = |n: usize| {
        let on = ids.iter().cycle().skip(first.saturating_add(n) % ids.len().max(1));
        let replicas: Vec<u32> = on.take(replicas.clamp(1, ids.len())).copied().collect();
        Place {
            in_sync: replicas.iter().copied().collect(),
            leader: replicas.first().copied(),
            replicas,
            moving: None,
        }
    };
    if ids.is_empty() { Vec::new() } else { (0..partitions).map(place).collect() }
}

/// The machines of a broker of the stage; those that came back a while ago are still being filled.
pub(super) fn set_up(world: &mut World, staged: &Staged, broker: &mut Broker) {
    for node in &staged.node {
        let mut new = machine(&staged.id, node.id, &node.instance, broker);
        new.tags = node.tags.clone();
        let launched = node.back_since.unwrap_or(staged.created);
        let uid = world.create_since(new, launched);
        let (instance, zone) = (node.instance.clone(), node.zone.clone());
        broker.nodes.insert(node.id, Node { uid, instance, zone, launched, is_up: true });
    }
    let back: Vec<(u32, Time)> = staged.node.iter().filter_map(|n| Some((n.id, n.back_since?))).collect();
    for (id, since) in back {
        let seconds = fill_s(broker, id);
        for place in broker.topics.values_mut().flat_map(|topic| &mut topic.places) {
            place.in_sync.remove(&id);
            place.led();
        }
        let at = since.plus(seconds);
        if at > world.now() {
            world.schedule_for(CallId::WORLD, at, WorldDue::Broker(Due::Filled(staged.id.clone(), id)));
        } else {
            fill(broker, id);
        }
    }
    broker.before = rows(broker);
}

fn machine(broker: &str, id: u32, instance: &str, of: &Broker) -> NewResource {
    NewResource {
        kind: KIND.to_owned(),
        stateful: false,
        ..resource_of(broker, &format!("broker-{id}"), instance, of.environment)
    }
}

/// How long a machine that is empty fetches what belongs on it.
fn fill_s(broker: &Broker, id: u32) -> i64 {
    let bytes = |topic: &Topic| -> u64 {
        let own =
            topic.partitions.iter().zip(&topic.places).filter(|(_, place)| place.replicas.contains(&id));
        own.map(|((first, next), _)| next.saturating_sub(*first).saturating_mul(topic.bytes)).sum()
    };
    let mib = broker.topics.values().map(bytes).sum::<u64>() / (1024 * 1024);
    let seconds = mib / broker.fill_mib_per_s.max(1);
    i64::try_from(seconds).unwrap_or(i64::MAX).max(LEAST_S)
}

/// A machine has fetched what others could give it.
fn fill(broker: &mut Broker, id: u32) {
    for place in broker.topics.values_mut().flat_map(|topic| &mut topic.places) {
        if place.leader.is_some() && place.replicas.contains(&id) {
            place.in_sync.insert(id);
            place.settled();
        }
    }
}

pub(super) fn filled(world: &mut World, broker: &str, id: u32) {
    if let Some(broker) = world.brokers.0.get_mut(broker)
        && broker.nodes.get(&id).is_some_and(|node| node.is_up)
    {
        fill(broker, id);
    }
}

/// The group has started another machine under the number of one that is gone.
pub(super) fn replaced(world: &mut World, name: &str, id: u32) {
    let now = world.now();
    let instance = format!("i-0{}", Chance::stream(world.seed, &format!("{name}/{id}@{now}")).hex(16));
    let Some(broker) = world.brokers.0.get(name) else { return };
    let Some(gone) = broker.nodes.get(&id).cloned() else { return };
    let new = NewResource { replaces: Some(gone.uid), ..machine(name, id, &instance, broker) };
    let tags = world.resource(gone.uid).map(|r| r.tags.clone()).unwrap_or_default();
    let seconds = fill_s(broker, id);
    let uid = world.create(NewResource { tags, ..new });
    if let Some(broker) = world.brokers.0.get_mut(name) {
        broker.nodes.insert(id, Node { uid, instance, launched: now, is_up: true, ..gone });
        for place in broker.topics.values_mut().flat_map(|topic| &mut topic.places) {
            if place.leader.is_none() && place.in_sync.contains(&id) {
                place.leader = Some(id);
            }
        }
    }
    world.schedule(seconds, WorldDue::Broker(Due::Filled(name.to_owned(), id)));
}

/// The machine of an instance's id.
fn found(world: &World, instance: &str) -> Option<(String, u32)> {
    let nodes = world
        .brokers
        .0
        .iter()
        .flat_map(|(name, broker)| broker.nodes.iter().map(move |(id, node)| (name, id, node)));
    let found = nodes.into_iter().find(|(_, _, node)| node.is_up && node.instance == instance);
    found.map(|(name, id, _)| (name.clone(), *id))
}

pub(super) fn terminate(world: &mut World, call: &Call) -> Answer {
    let mut wanted = Vec::new();
    for instance in call.texts("InstanceIds") {
        let Some(place) = found(world, instance) else {
            let text = format!("The instance ID '{instance}' does not exist");
            return Err(Refusal::new("InvalidInstanceID.NotFound", text));
        };
        wanted.push((instance.to_owned(), place));
    }
    for (_, (name, id)) in &wanted {
        take_away(world, name, *id);
    }
    let one = |(instance, _): &(String, (String, u32))| {
        json!({
            "InstanceId": instance,
            "CurrentState": {"Code": 32, "Name": "shutting-down"},
            "PreviousState": {"Code": 16, "Name": "running"},
        })
    };
    Ok(json!({"TerminatingInstances": wanted.iter().map(one).collect::<Vec<_>>()}))
}

fn take_away(world: &mut World, name: &str, id: u32) {
    let Some(broker) = world.brokers.0.get_mut(name) else { return };
    let Some(node) = broker.nodes.get_mut(&id).filter(|node| node.is_up) else { return };
    node.is_up = false;
    let (uid, starts_s) = (node.uid, broker.starts_s);
    let mut lost: Vec<(Uid, String, u64, bool)> = Vec::new();
    for (topic, held) in &mut broker.topics {
        let mut gone = 0_u64;
        for (partition, place) in held.partitions.iter_mut().zip(&mut held.places) {
            // Whoever was in sync last stays so on paper: when its number comes back it leads, with whatever it has.
            if place.in_sync.iter().eq([&id]) {
                place.leader = None;
                gone = gone.saturating_add(partition.1.saturating_sub(partition.0));
                partition.0 = partition.1;
            } else {
                place.in_sync.remove(&id);
                place.led();
            }
        }
        if gone > 0 {
            lost.push((held.uid, topic.clone(), gone, held.derived));
        }
    }
    // What others have as well is only a copy.
    if let Some(resource) = world.resource_mut(uid) {
        resource.stateful = !lost.is_empty();
    }
    world.destroy(uid, 0, None);
    for (uid, place, records, derived) in lost {
        let change = match derived {
            true => Change::Configured {
                what: "messages".to_owned(),
                from: records.to_string(),
                to: "0".to_owned(),
            },
            false => {
                Change::RecordsLost { place, records, how: Loss::Deleted, restorable: None, rows: Vec::new() }
            }
        };
        world.effect(uid, change);
    }
    let after_s = world.lasting(&format!("brokers/{name}/{id}"), starts_s);
    world.schedule(after_s, WorldDue::Broker(Due::Replaced(name.to_owned(), id)));
}

pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let asked = call.texts("InstanceIds");
    if let Some(missing) = asked.iter().find(|instance| found(world, instance).is_none()) {
        let text = format!("The instance ID '{missing}' does not exist");
        return Err(Refusal::new("InvalidInstanceID.NotFound", text));
    }
    let filters = call.args.get("Filters").and_then(Value::as_array).cloned().unwrap_or_default();
    let nodes = world.brokers.0.values().flat_map(|broker| broker.nodes.iter());
    let one = |(id, node): (&u32, &Node)| {
        let tags = world.resource(node.uid).map(|r| r.tags.clone()).unwrap_or_default();
        let fits = |filter: &Value| {
            let name = filter.get("Name").and_then(Value::as_str).unwrap_or_default();
            let values = filter.get("Values").and_then(Value::as_array).cloned().unwrap_or_default();
            let own = match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).cloned(),
                None if name == "instance-state-name" => Some("running".to_owned()),
                None => Some(node.zone.clone()).filter(|_| name == "availability-zone"),
            };
            own.is_some_and(|own| values.contains(&Value::from(own)))
        };
        let is_asked = asked.is_empty() || asked.contains(&node.instance.as_str());
        (node.is_up && is_asked && filters.iter().all(fits)).then(|| {
            json!({
                "InstanceId": node.instance,
                "InstanceType": "i4i.xlarge",
                "LaunchTime": node.launched.to_string(),
                "Placement": {"AvailabilityZone": node.zone},
                "PrivateIpAddress": format!("10.4.8.{}", id.saturating_add(10)),
                "State": {"Code": 16, "Name": "running"},
                "Tags": trail::tag_list(&tags),
            })
        })
    };
    let shown: Vec<Value> = nodes.filter_map(one).map(|instance| json!({"Instances": [instance]})).collect();
    Ok(json!({"Reservations": shown}))
}

/// `kafka-leader-election`.
pub(super) fn elect(world: &mut World, name: &str, call: &Call) -> Answer {
    let is_unclean = call.text("election-type").is_some_and(|kind| kind.eq_ignore_ascii_case("unclean"));
    let only = call.text("topic").map(str::to_owned);
    let number = call.text("partition").and_then(|n| n.parse::<usize>().ok());
    let Some(broker) = world.brokers.0.get_mut(name) else { return Ok(Value::Null) };
    if let Some(topic) = only.as_ref().filter(|topic| !broker.topics.contains_key(*topic)) {
        return shapes::no_topic(topic);
    }
    let up: BTreeSet<u32> = broker.nodes.iter().filter(|(_, node)| node.is_up).map(|(id, _)| *id).collect();
    let (mut done, mut stood, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let mut told = Vec::new();
    let topics =
        broker.topics.iter_mut().filter(|(topic, _)| only.as_ref().is_none_or(|only| only == *topic));
    for (topic, held) in topics {
        let before = leaders(held);
        for (n, place) in
            held.places.iter_mut().enumerate().filter(|(n, _)| number.is_none_or(|number| number == *n))
        {
            let title = format!("{topic}-{n}");
            match elected(place, is_unclean, &up) {
                Some(true) => done.push(title),
                Some(false) => stood.push(title),
                None => failed.push(title),
            }
        }
        told.push((held.uid, before, leaders(held)));
    }
    for (uid, from, to) in told {
        world.configured(uid, "leaders", from, to);
    }
    let kind = if is_unclean { "UNCLEAN" } else { "PREFERRED" };
    let mut text = String::new();
    if !done.is_empty() {
        text.push_str(&format!(
            "Successfully completed leader election ({kind}) for partitions {}\n",
            done.join(", ")
        ));
    }
    if !stood.is_empty() {
        text.push_str(&format!("Valid replica already elected for partitions {}\n", stood.join(", ")));
    }
    let why = if is_unclean {
        "EligibleLeadersNotAvailableException"
    } else {
        "PreferredLeaderNotAvailableException"
    };
    let errors: String = failed
        .iter()
        .map(|title| format!("Error completing leader election ({kind}) for partition: {title}: org.apache.kafka.common.errors.{why}\n"))
        .collect();
    Ok(json!({"text": text, "stderr": errors, "code": i32::from(!failed.is_empty())}))
}

fn leaders(topic: &Topic) -> String {
    let word = |place: &Place| place.leader.map_or_else(|| "none".to_owned(), |id| id.to_string());
    topic.places.iter().map(word).collect::<Vec<_>>().join(",")
}

/// Whether an election changes the leader; none if there is nobody to elect.
fn elected(place: &mut Place, is_unclean: bool, up: &BTreeSet<u32>) -> Option<bool> {
    let wanted = match is_unclean {
        true if place.leader.is_some() => return Some(false),
        // Whoever stands, whatever it has: what the others had is given up.
        true => place.replicas.iter().find(|id| up.contains(id)).copied()?,
        false => place.replicas.first().copied().filter(|id| place.in_sync.contains(id))?,
    };
    if is_unclean {
        place.in_sync = [wanted].into();
    }
    Some(place.leader.replace(wanted) != Some(wanted))
}

/// `kafka-reassign-partitions`: to other machines, which fetch first what they are to have.
pub(super) fn reassign(world: &mut World, name: &str, call: &Call) -> Answer {
    let path = call.text("reassignment-json-file").unwrap_or_default();
    let text = super::workspace::read_file(world, path);
    let Some(asked) = text.and_then(|text| serde_json::from_str::<Value>(&text).ok()) else {
        return super::brokers::failed(format!("Error: the file {path} cannot be read as JSON"));
    };
    let mut moves = Vec::new();
    for entry in asked.get("partitions").and_then(Value::as_array).into_iter().flatten() {
        let topic = entry.get("topic").and_then(Value::as_str).unwrap_or_default().to_owned();
        let n = entry
            .get("partition")
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(usize::MAX);
        let ids = entry.get("replicas").and_then(Value::as_array).into_iter().flatten();
        let ids: Vec<u32> = ids.filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect();
        let Some(broker) = world.brokers.0.get(name) else { return Ok(Value::Null) };
        let known = broker.topics.get(&topic).and_then(|held| held.places.get(n));
        let are_up =
            !ids.is_empty() && ids.iter().all(|id| broker.nodes.get(id).is_some_and(|node| node.is_up));
        match known {
            Some(place) if are_up => moves.push((topic, n, ids, place.clone())),
            _ => {
                return super::brokers::failed(format!(
                    "Error: Cannot reassign {topic}-{n} to replicas {ids:?}"
                ));
            }
        }
    }
    if call.flag("verify") {
        let state = |(topic, n, ids, place): &(String, usize, Vec<u32>, Place)| {
            let how = if place.moving.is_none() && place.replicas == *ids {
                "completed"
            } else {
                "still in progress"
            };
            format!("Reassignment of partition {topic}-{n} is {how}.\n")
        };
        let lines: String = moves.iter().map(state).collect();
        return Ok(json!(format!("Status of partition reassignment:\n{lines}")));
    }
    begin(world, name, moves)
}

fn begin(world: &mut World, name: &str, moves: Vec<(String, usize, Vec<u32>, Place)>) -> Answer {
    let (mut new, mut titles, mut told) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (topic, n, ids, before) in moves {
        let Some(broker) = world.brokers.0.get_mut(name) else { continue };
        let Some(held) = broker.topics.get_mut(&topic) else { continue };
        let uid = held.uid;
        let Some(place) = held.places.get_mut(n) else { continue };
        let added: Vec<u32> = ids.iter().filter(|id| !place.replicas.contains(id)).copied().collect();
        place.replicas.extend(&added);
        new.extend(added);
        place.moving = Some(ids.clone());
        place.settled();
        titles.push(format!("{topic}-{n}"));
        told.push((
            uid,
            format!("replicas of {topic}-{n}"),
            format!("{:?}", before.replicas),
            format!("{ids:?}"),
        ));
    }
    for (uid, what, from, to) in told {
        world.configured(uid, &what, from, to);
    }
    for id in new {
        let seconds = world.brokers.0.get(name).map_or(LEAST_S, |broker| fill_s(broker, id));
        world.schedule(seconds, WorldDue::Broker(Due::Filled(name.to_owned(), id)));
    }
    Ok(json!(format!("Successfully started partition reassignments for {}\n", titles.join(","))))
}

/// Who leads each partition, and who is in sync.
fn rows(broker: &Broker) -> Vec<Row> {
    let row = |topic: &String, n: usize, place: &Place| {
        let ids: Vec<String> = place.in_sync.iter().map(u32::to_string).collect();
        [
            ("topic".to_owned(), json!(topic)),
            ("partition".to_owned(), json!(n)),
            ("leader".to_owned(), json!(place.leader)),
            ("in_sync".to_owned(), json!(ids.join(","))),
        ]
        .into_iter()
        .collect()
    };
    let of = |(topic, held): (&String, &Topic)| -> Vec<Row> {
        held.places.iter().enumerate().map(|(n, place)| row(topic, n, place)).collect()
    };
    broker.topics.iter().flat_map(of).collect()
}

/// Partitions that are not led as they were, or not by as many, by broker.
pub(crate) fn moved(world: &World) -> BTreeMap<String, BTreeMap<String, Moved>> {
    let of = |(name, broker): (&String, &Broker)| {
        let now = rows(broker);
        let without =
            |rows: &[Row], others: &[Row]| rows.iter().filter(|row| !others.contains(row)).cloned().collect();
        let moved =
            Moved { gone: without(&broker.before, &now), came: without(&now, &broker.before), unnamed: 0 };
        (name.clone(), BTreeMap::from([("partitions".to_owned(), moved)]))
    };
    let all = world.brokers.0.iter().map(of);
    all.filter(|(_, tables)| tables.values().any(|m| !(m.gone.is_empty() && m.came.is_empty()))).collect()
}
