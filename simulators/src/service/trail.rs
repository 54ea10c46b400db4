//! Who did what in the account, and what carries which tag.

use std::sync::Arc;

use serde_json::{Value, json};

use super::arn;
use crate::World;
use crate::call::{Access, Answer, Call, Service};
use crate::clock::Time;

/// What was done in the account, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Trail(Arc<Vec<Event>>);

/// Something that was done.
#[derive(Clone, Debug)]
struct Event {
    at: Time,
    /// Such as `cloudformation:DeleteStack`.
    action: String,
    target: String,
    principal: String,
}

/// Events that the trail keeps; of more, the oldest go.
const EVENTS_MAX: usize = 10_000;

/// Services whose changes the account's trail holds; what happens to single objects, and what is said to a database,
/// it does not.
const TRAILED: &[Service] = &[
    Service::Stacks,
    Service::Databases,
    Service::Objects,
    Service::Identity,
    Service::Keys,
    Service::Observability,
    Service::Functions,
    Service::Dns,
];

/// Notes a call that was done.
pub(crate) fn witness(world: &mut World, call: &Call) {
    let Some(operation) = call.known().filter(|o| o.access == Access::Write && !o.action.is_empty()) else {
        return;
    };
    let is_data = operation.action.ends_with("Object") || operation.action == "rds-db:connect";
    if !TRAILED.contains(&call.service) || is_data {
        return;
    }
    let event = Event {
        at: world.now(),
        action: operation.action.to_owned(),
        target: call.target.clone(),
        principal: call.principal.clone(),
    };
    let events = Arc::make_mut(&mut world.identity.trail.0);
    if events.len() >= EVENTS_MAX {
        events.drain(..EVENTS_MAX / 10);
    }
    events.push(event);
}

impl Event {
    fn name(&self) -> &str {
        self.action.split_once(':').map_or(self.action.as_str(), |(_, name)| name)
    }

    fn source(&self) -> String {
        let service = self.action.split(':').next().unwrap_or_default();
        format!("{service}.amazonaws.com")
    }

    /// Whether the event has this attribute.
    fn has(&self, key: &str, value: &str) -> bool {
        match key {
            "EventName" => self.name() == value,
            "EventSource" => self.source() == value,
            "ResourceName" => self.target == value,
            "Username" => self.principal == value,
            "ReadOnly" => value == "false",
            _ => false,
        }
    }

    fn shown(&self, number: usize) -> Value {
        let detail = json!({
            "eventTime": self.at,
            "eventSource": self.source(),
            "eventName": self.name(),
            "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": self.principal}}},
            "requestParameters": {"name": self.target},
        });
        json!({
            "EventId": format!("00000000-0000-4000-8000-{number:012}"),
            "EventName": self.name(),
            "ReadOnly": "false",
            "EventTime": self.at,
            "EventSource": self.source(),
            "Username": self.principal,
            "Resources": [{"ResourceName": self.target}],
            "CloudTrailEvent": detail.to_string(),
        })
    }
}

/// `LookupEvents`: newest first.
pub(super) fn lookup(world: &mut World, call: &Call) -> Answer {
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let wanted: Vec<(String, String)> = call
        .args
        .get("LookupAttributes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|pair| (text(pair, "AttributeKey"), text(pair, "AttributeValue")))
        .collect();
    let bound = |name: &str| call.text(name).and_then(Time::parse);
    let (from, to) = (bound("StartTime"), bound("EndTime"));
    let most = call.number("MaxResults").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let trail = world.identity.trail.0.iter().enumerate().rev();
    let events = trail
        .filter(|(_, event)| wanted.iter().all(|(key, value)| event.has(key, value)))
        .filter(|(_, event)| from.is_none_or(|from| event.at >= from) && to.is_none_or(|to| event.at <= to))
        .take(most)
        .map(|(number, event)| event.shown(number + 1));
    Ok(json!({"Events": events.collect::<Vec<_>>()}))
}

/// `GetResources`: what carries tags, by tag and by type (`rds:db`, `s3`).
pub(super) fn tagged(world: &mut World, call: &Call) -> Answer {
    let filters = call.args.get("TagFilters").and_then(Value::as_array).cloned().unwrap_or_default();
    let types = call.texts("ResourceTypeFilters");
    let arns = call.texts("ResourceARNList");
    let carries = |tags: &std::collections::BTreeMap<String, String>| {
        filters.iter().all(|filter| {
            let key = filter.get("Key").and_then(Value::as_str).unwrap_or_default();
            let values = filter.get("Values").and_then(Value::as_array).cloned().unwrap_or_default();
            tags.get(key).is_some_and(|tag| values.is_empty() || values.contains(&Value::from(tag.as_str())))
        })
    };
    let list = world.resources().filter(|r| r.destroyed.is_none() && !r.tags.is_empty() && carries(&r.tags));
    let list = list.filter_map(|resource| {
        let name = arn::of_resource(world, resource)?;
        let fits = types.is_empty() || types.iter().any(|kind| is_of(&name, kind));
        let asked = arns.is_empty() || arns.contains(&name.as_str());
        (fits && asked).then(|| json!({"ResourceARN": name, "Tags": tag_list(&resource.tags)}))
    });
    Ok(json!({"ResourceTagMappingList": list.collect::<Vec<_>>()}))
}

/// Whether a full name is of a type such as `rds:db` or `s3`.
fn is_of(name: &str, kind: &str) -> bool {
    let mut parts = name.splitn(6, ':').skip(2);
    let (service, rest) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match kind.split_once(':') {
        None => service == kind,
        Some((wanted, what)) => service == wanted && rest.trim_start_matches('/').starts_with(what),
    }
}

/// Tags in the shape of the API.
pub(super) fn tag_list(tags: &std::collections::BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}
