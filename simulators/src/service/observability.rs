//! Alarms, metrics, log groups, dashboards.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub(super) use super::log_groups::Group;
use super::{arn, log_groups, metrics};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::Problem;

type Doing = fn(&mut World, &Call) -> Answer;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("DescribeLogGroups", "logs:DescribeLogGroups"),
    Operation::read("DescribeLogStreams", "logs:DescribeLogStreams"),
    Operation::read("GetLogEvents", "logs:GetLogEvents"),
    Operation::read("FilterLogEvents", "logs:FilterLogEvents"),
    Operation::write("DeleteLogGroup", "logs:DeleteLogGroup"),
    Operation::read("DescribeAlarms", "cloudwatch:DescribeAlarms"),
    Operation::read("GetMetricStatistics", "cloudwatch:GetMetricStatistics"),
    Operation::read("ListMetrics", "cloudwatch:ListMetrics"),
    Operation::read("ListDashboards", "cloudwatch:ListDashboards"),
    Operation::read("GetDashboard", "cloudwatch:GetDashboard"),
    Operation::write("PutDashboard", "cloudwatch:PutDashboard"),
    Operation::write("DeleteDashboards", "cloudwatch:DeleteDashboards"),
    Operation::write("DeleteAlarms", "cloudwatch:DeleteAlarms"),
];

const DOINGS: &[(&str, Doing)] = &[
    ("DescribeLogGroups", log_groups::describe),
    ("DescribeLogStreams", log_groups::streams),
    ("GetLogEvents", log_groups::events),
    ("FilterLogEvents", log_groups::filter),
    ("DeleteLogGroup", log_groups::delete),
    ("DescribeAlarms", metrics::describe_alarms),
    ("GetMetricStatistics", metrics::statistics),
    ("ListMetrics", metrics::list),
    ("ListDashboards", list_dashboards),
    ("GetDashboard", get_dashboard),
    ("PutDashboard", put_dashboard),
    ("DeleteDashboards", |world, call| {
        let what = "DashboardNotFoundError";
        delete_all(world, Kind::Dashboard, &call.texts("DashboardNames"), what)
    }),
    ("DeleteAlarms", |world, call| {
        delete_all(world, Kind::Alarm, &call.texts("AlarmNames"), "ResourceNotFound")
    }),
];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) alarms: BTreeMap<String, Watch>,
    pub(super) dashboards: BTreeMap<String, Watch>,
}

/// An alarm or a dashboard: its settings are the template's properties.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub uid: Uid,
    pub settings: Value,
    pub changed: Time,
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    for staged in &world.stage.clone().log_group {
        let lines = staged.line.iter().map(|line| (line.at, line.text.clone()));
        let group = Group::staged(world.now(), lines.collect());
        world.observability.groups.insert(staged.name.clone(), group);
    }
    Ok(())
}

/// Log groups of the stage that no stack has claimed stand on their own.
pub(crate) fn claim_rest(world: &mut World) {
    let groups = &world.observability.groups;
    let rest: Vec<String> =
        groups.iter().filter(|(_, g)| g.uid.is_none()).map(|(name, _)| name.clone()).collect();
    for name in rest {
        let uid = world.create(by_hand(world, Kind::LogGroup, &name));
        if let Some(group) = world.observability.groups.get_mut(&name) {
            group.uid = Some(uid);
        }
    }
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match DOINGS.iter().find(|(name, _)| *name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// What this service keeps for a stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    LogGroup,
    Alarm,
    Dashboard,
}

impl Kind {
    fn type_name(self) -> &'static str {
        match self {
            Self::LogGroup => "AWS::Logs::LogGroup",
            Self::Alarm => "AWS::CloudWatch::Alarm",
            Self::Dashboard => "AWS::CloudWatch::Dashboard",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::LogGroup => "log group",
            Self::Alarm => "alarm",
            Self::Dashboard => "dashboard",
        }
    }

    /// What the service says about one that is not there.
    pub fn missing(self, name: &str) -> Refusal {
        match self {
            Self::LogGroup => {
                let text = "The specified log group does not exist.";
                Refusal::new("ResourceNotFoundException", text)
            }
            Self::Alarm => Refusal::new("ResourceNotFound", format!("Alarm {name} does not exist")),
            Self::Dashboard => Refusal::new("ResourceNotFound", format!("Dashboard {name} does not exist")),
        }
    }
}

/// A resource that nobody's stack makes; it takes the environment of the one it succeeds.
pub(super) fn by_hand(world: &World, kind: Kind, name: &str) -> NewResource {
    let before = world.resources().filter(|r| r.kind == kind.type_name() && r.name == name).last();
    NewResource {
        kind: kind.type_name().to_owned(),
        name: name.to_owned(),
        role: before.map_or_else(|| format!("{}/{name}", kind.words()), |before| before.role.clone()),
        environment: before.map_or(Environment::Production, |before| before.environment),
        tags: BTreeMap::new(),
        stateful: false,
        serving: false,
        replaces: None,
    }
}

/// Makes a log group, alarm or dashboard. `settings` are the template's properties.
pub(crate) fn create(
    world: &mut World,
    kind: Kind,
    name: &str,
    settings: &Value,
    resource: NewResource,
) -> Result<(), Refusal> {
    if uid(world, kind, name).is_some() {
        let text = format!("the {} {name} already exists", kind.words());
        return Err(Refusal::new("ResourceAlreadyExistsException", text));
    }
    let uid = world.create(resource);
    let now = world.now();
    let state = &mut world.observability;
    match kind {
        Kind::LogGroup => {
            let group = state.groups.entry(name.to_owned()).or_insert_with(|| Group::staged(now, Vec::new()));
            group.uid = Some(uid);
            group.settings = settings.clone();
        }
        Kind::Alarm | Kind::Dashboard => {
            let watch = Watch { uid, settings: settings.clone(), changed: now };
            watches(state, kind).insert(name.to_owned(), watch);
        }
    }
    Ok(())
}

fn watches(state: &mut State, kind: Kind) -> &mut BTreeMap<String, Watch> {
    match kind {
        Kind::Dashboard => &mut state.dashboards,
        Kind::Alarm | Kind::LogGroup => &mut state.alarms,
    }
}

/// Changes the settings of one that stands (effect `Configured`); refused if it is not there.
pub(crate) fn update(world: &mut World, kind: Kind, name: &str, settings: &Value) -> Result<(), Refusal> {
    let uid = uid(world, kind, name).ok_or_else(|| kind.missing(name))?;
    let now = world.now();
    let state = &mut world.observability;
    let old = match kind {
        Kind::LogGroup => state.groups.get_mut(name).map(|group| &mut group.settings),
        Kind::Alarm | Kind::Dashboard => watches(state, kind).get_mut(name).map(|watch| {
            watch.changed = now;
            &mut watch.settings
        }),
    };
    let Some(old) = old else { return Err(kind.missing(name)) };
    let before = std::mem::replace(old, settings.clone());
    for (what, from, to) in differences(&before, settings) {
        world.effect(uid, Change::Configured { what, from, to });
    }
    Ok(())
}

/// The settings that differ: name, before, after.
fn differences(before: &Value, after: &Value) -> Vec<(String, String, String)> {
    let names = |value: &Value| value.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default();
    let (old, new): (Vec<String>, Vec<String>) = (names(before), names(after));
    let added = new.into_iter().filter(|name| before.get(name).is_none());
    let all = old.into_iter().chain(added).collect::<Vec<_>>();
    let shown = |value: Option<&Value>| match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    all.into_iter()
        .filter(|name| before.get(name) != after.get(name))
        .map(|name| (shown(before.get(&name)), shown(after.get(&name)), name))
        .map(|(from, to, name)| (name, from, to))
        .collect()
}

/// Deletes one; the lines of a log group go with it.
pub(crate) fn delete(world: &mut World, kind: Kind, name: &str) -> Result<(), Refusal> {
    let uid = uid(world, kind, name).ok_or_else(|| kind.missing(name))?;
    match kind {
        Kind::LogGroup => _ = world.observability.groups.remove(name),
        Kind::Alarm | Kind::Dashboard => _ = watches(&mut world.observability, kind).remove(name),
    }
    // Lines of a log are kept for a while and then thrown away: they are no durable records.
    world.destroy(uid, 0, None);
    Ok(())
}

/// The identity of one that stands.
pub(crate) fn uid(world: &World, kind: Kind, name: &str) -> Option<Uid> {
    let state = &world.observability;
    match kind {
        Kind::LogGroup => state.groups.get(name)?.uid,
        Kind::Alarm => state.alarms.get(name).map(|watch| watch.uid),
        Kind::Dashboard => state.dashboards.get(name).map(|watch| watch.uid),
    }
}

/// Adds a line to a log group, which appears if it does not stand yet.
pub(crate) fn log(world: &mut World, group: &str, line: String) {
    if !world.observability.groups.contains_key(group) {
        let resource = by_hand(world, Kind::LogGroup, group);
        // It does not stand, so it cannot be refused.
        let _ = create(world, Kind::LogGroup, group, &Value::Null, resource);
    }
    let now = world.now();
    if let Some(group) = world.observability.groups.get_mut(group) {
        group.add(now, line);
    }
}

/// Deletes all of these or, if one is not there, none.
fn delete_all(world: &mut World, kind: Kind, names: &[&str], code: &str) -> Answer {
    if let Some(name) = names.iter().find(|name| uid(world, kind, name).is_none()) {
        return Err(Refusal::new(code, kind.missing(name).message));
    }
    // Named twice is deleted once: the second time nothing would be there, and the refusal would come too late.
    for name in names.iter().collect::<BTreeSet<_>>() {
        delete(world, kind, name)?;
    }
    Ok(Value::Null)
}

fn dashboard_arn(world: &World, name: &str) -> String {
    arn::of_target(world, "cloudwatch:GetDashboard", name)
}

/// The body of a dashboard: the template's text, or its structure as JSON.
fn body(settings: &Value) -> String {
    match settings.get("DashboardBody") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "{}".to_owned(),
    }
}

fn list_dashboards(world: &mut World, call: &Call) -> Answer {
    let prefix = call.text("DashboardNamePrefix").unwrap_or_default();
    let dashboards = world.observability.dashboards.iter().filter(|(name, _)| name.starts_with(prefix));
    let entries = dashboards.map(|(name, watch)| {
        json!({
            "DashboardName": name,
            "DashboardArn": dashboard_arn(world, name),
            "LastModified": watch.changed,
            "Size": body(&watch.settings).len(),
        })
    });
    Ok(json!({"DashboardEntries": entries.collect::<Vec<_>>()}))
}

fn get_dashboard(world: &mut World, call: &Call) -> Answer {
    let name = call.text("DashboardName").unwrap_or_default();
    let watch = world.observability.dashboards.get(name).ok_or_else(|| Kind::Dashboard.missing(name))?;
    Ok(json!({
        "DashboardArn": dashboard_arn(world, name),
        "DashboardBody": body(&watch.settings),
        "DashboardName": name,
    }))
}

fn put_dashboard(world: &mut World, call: &Call) -> Answer {
    let name = call.text("DashboardName").unwrap_or_default();
    let text = call.text("DashboardBody").unwrap_or_default();
    if serde_json::from_str::<Value>(text).is_err() {
        let text = "The field DashboardBody must be a valid JSON object";
        return Err(Refusal::new("InvalidParameterInput", text));
    }
    let settings = json!({"DashboardName": name, "DashboardBody": text});
    match uid(world, Kind::Dashboard, name) {
        Some(_) => update(world, Kind::Dashboard, name, &settings)?,
        None => {
            let resource = by_hand(world, Kind::Dashboard, name);
            create(world, Kind::Dashboard, name, &settings, resource)?;
        }
    }
    Ok(json!({"DashboardValidationMessages": []}))
}
