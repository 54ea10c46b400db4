//! What a policy sees, in Cedar's types: a request and its entities, checked against the schema each time.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema,
};
use serde_json::Value;
use simulators::effect::{Effect, RestorePoint, Touched};

use crate::gate::case::{Case, Place};

/// The request of a case, and the entities that it speaks of.
///
/// # Errors
/// Something does not fit the schema; that is a mistake of ours, and denies.
pub(super) fn request(
    case: &Case<'_>,
    schema: &Schema,
    types: &Types,
) -> Result<(Request, Entities), String> {
    let wrong = |error: &dyn std::fmt::Display| format!("the call does not fit the schema: {error}");
    let principal = uid(&types.role, case.principal.role);
    let action = uid(&types.action, case.action.kind.word());
    let resource =
        uid(&types.resource, &case.resource.uid.map_or_else(|| "nothing".to_owned(), |uid| uid.to_string()));
    let place = uid(&types.environment, case.resource.environment.word());
    let role = [("profile", text(case.principal.profile)), ("setup", text(case.principal.setup))];
    let entities = [
        entity(principal.clone(), role, HashSet::new())?,
        entity(resource.clone(), attributes(case, types), HashSet::from([place]))?,
    ];
    let entities = Entities::from_entities(entities, Some(schema)).map_err(|error| wrong(&error))?;
    let context = Context::from_pairs(context(case, types)?).map_err(|error| wrong(&error))?;
    let request = Request::new(principal, action, resource, context, Some(schema));
    Ok((request.map_err(|error| wrong(&error))?, entities))
}

/// The names of our types: to read one costs more than to decide.
pub(super) struct Types {
    role: EntityTypeName,
    action: EntityTypeName,
    resource: EntityTypeName,
    environment: EntityTypeName,
    service: EntityTypeName,
}

impl Types {
    pub fn new() -> Result<Self, String> {
        let of = |kind: &str| format!("Chesterton::{kind}").parse().map_err(|error| format!("{error}"));
        Ok(Self {
            role: of("Role")?,
            action: of("Action")?,
            resource: of("Resource")?,
            environment: of("Environment")?,
            service: of("Service")?,
        })
    }

    fn place(&self, place: Place) -> RestrictedExpression {
        RestrictedExpression::new_entity_uid(uid(&self.environment, place.word()))
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity(
    uid: EntityUid,
    attributes: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
    parents: HashSet<EntityUid>,
) -> Result<Entity, String> {
    let attributes: HashMap<String, RestrictedExpression> =
        attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Entity::new(uid, attributes, parents).map_err(|error| error.to_string())
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn count(n: u64) -> RestrictedExpression {
    RestrictedExpression::new_long(i64::try_from(n).unwrap_or(i64::MAX))
}

fn record(
    fields: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
) -> Result<RestrictedExpression, String> {
    let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
    RestrictedExpression::new_record(fields).map_err(|error| error.to_string())
}

fn texts<'a>(all: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(all.into_iter().map(text))
}

fn attributes(case: &Case<'_>, types: &Types) -> [(&'static str, RestrictedExpression); 7] {
    let resource = &case.resource;
    [
        ("kind", text(resource.kind)),
        ("name", text(resource.name)),
        ("role", text(resource.role)),
        ("environment", types.place(resource.environment)),
        ("stateful", RestrictedExpression::new_bool(resource.stateful)),
        ("serving", RestrictedExpression::new_bool(resource.serving)),
        ("dependents", texts(resource.dependents.iter().map(String::as_str))),
    ]
}

fn context(case: &Case<'_>, types: &Types) -> Result<Vec<(String, RestrictedExpression)>, String> {
    let context = &case.context;
    let effects =
        context.effects.iter().map(|effect| effect_record(effect, types)).collect::<Result<Vec<_>, _>>()?;
    let approvals = context
        .approvals
        .iter()
        .map(|approval| record([("by", text(&approval.by))]))
        .collect::<Result<Vec<_>, _>>()?;
    let until =
        context.restorable_until.map(|t| ("restorable_until_s", RestrictedExpression::new_long(t.unix())));
    let environments = context.environments.iter().map(|at| types.place(*at));
    let service = uid(&types.service, &word(&case.action.service)?);
    let fields = [
        ("service", RestrictedExpression::new_entity_uid(service)),
        ("operation", text(case.action.operation)),
        ("line", text(case.action.line)),
        ("effects", RestrictedExpression::new_set(effects)),
        ("environments", RestrictedExpression::new_set(environments)),
        ("resources_destroyed", count(context.resources_destroyed)),
        ("stateful_destroyed", count(context.stateful_destroyed)),
        ("serving_destroyed", count(context.serving_destroyed)),
        ("dependents_cut_off", texts(context.dependents_cut_off.iter().copied())),
        ("records_at_stake", count(context.records_at_stake)),
        ("records_unrestorable", count(context.records_unrestorable)),
        ("protections_removed", texts(context.protections_removed.iter().copied())),
        ("approved", RestrictedExpression::new_bool(!approvals.is_empty())),
        ("approvals", RestrictedExpression::new_set(approvals)),
        ("now_s", RestrictedExpression::new_long(context.now_s)),
    ];
    Ok(fields.into_iter().chain(until).map(|(key, value)| (key.to_owned(), value)).collect())
}

fn effect_record(effect: &Effect, types: &Types) -> Result<RestrictedExpression, String> {
    let restorable = effect.restorable().map(restore_point).transpose()?;
    let fields = [
        ("change", text(effect.change.word())),
        ("destructive", RestrictedExpression::new_bool(effect.is_destructive())),
        ("records", count(effect.records_at_stake())),
        ("resource", touched(&effect.resource, types)?),
    ];
    record(fields.into_iter().chain(restorable.map(|point| ("restorable", point))))
}

fn touched(resource: &Touched, types: &Types) -> Result<RestrictedExpression, String> {
    record([
        ("uid", text(&resource.uid.to_string())),
        ("kind", text(&resource.kind)),
        ("name", text(&resource.name)),
        ("role", text(&resource.role)),
        ("environment", types.place(resource.environment.into())),
        ("stateful", RestrictedExpression::new_bool(resource.stateful)),
        ("serving", RestrictedExpression::new_bool(resource.serving)),
        ("dependents", texts(resource.dependents.iter().map(String::as_str))),
    ])
}

fn restore_point(point: &RestorePoint) -> Result<RestrictedExpression, String> {
    let until = point.until.map(|t| ("until_s", RestrictedExpression::new_long(t.unix())));
    let fields =
        [("from", text(&point.from)), ("as_of_s", RestrictedExpression::new_long(point.as_of.unix()))];
    record(fields.into_iter().chain(until))
}

/// A name of ours as it is written in documents.
fn word(name: &impl serde::Serialize) -> Result<String, String> {
    match serde_json::to_value(name) {
        Ok(Value::String(word)) => Ok(word),
        _ => Err("a name that is no word".to_owned()),
    }
}
