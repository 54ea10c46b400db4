//! Callers, roles and policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::policy::{self, Decision};
use super::{arn, objects};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal, Service};
use crate::clock::Time;
use crate::effect::Change;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::{Problem, Statement};

type Doing = fn(&mut World, &Call) -> Answer;

/// Bytes of a policy written into a role, as in the real service.
const POLICY_BYTES_MAX: usize = 10_240;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("GetCallerIdentity", ""),
    Operation::write("AssumeRole", "sts:AssumeRole"),
    Operation::read("ListRoles", "iam:ListRoles"),
    Operation::read("GetRole", "iam:GetRole"),
    Operation::read("GetUser", "iam:GetUser"),
    Operation::read("ListAttachedRolePolicies", "iam:ListAttachedRolePolicies"),
    Operation::read("ListRolePolicies", "iam:ListRolePolicies"),
    Operation::read("GetRolePolicy", "iam:GetRolePolicy"),
    Operation::read("SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy"),
    Operation::write("PutRolePolicy", "iam:PutRolePolicy"),
    Operation::write("DeleteRolePolicy", "iam:DeleteRolePolicy"),
    Operation::write("AttachRolePolicy", "iam:AttachRolePolicy"),
    Operation::write("DetachRolePolicy", "iam:DetachRolePolicy"),
    Operation::read("LookupEvents", "cloudtrail:LookupEvents"),
    Operation::read("GetResources", "tag:GetResources"),
];

const DOINGS: &[(&str, Doing)] = &[
    ("GetCallerIdentity", caller),
    ("AssumeRole", assume),
    ("ListRoles", list_roles),
    ("GetRole", get_role),
    ("GetUser", get_user),
    ("ListAttachedRolePolicies", list_attached),
    ("ListRolePolicies", list_inline),
    ("GetRolePolicy", get_inline),
    ("SimulatePrincipalPolicy", simulate),
    ("PutRolePolicy", put_inline),
    ("DeleteRolePolicy", delete_inline),
    ("AttachRolePolicy", attach),
    ("DetachRolePolicy", detach),
    ("LookupEvents", super::trail::lookup),
    ("GetResources", super::trail::tagged),
];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    roles: Arc<BTreeMap<String, Role>>,
    pub(super) trail: super::trail::Trail,
}

/// A role that stands.
#[derive(Clone, Debug)]
struct Role {
    uid: Uid,
    /// How the session in it is called; empty for a service's role, which nobody wears.
    session: String,
    created: Time,
    /// Policies written into it, by name.
    inline: BTreeMap<String, Vec<Statement>>,
    /// Ready-made policies attached to it, by full name.
    attached: BTreeMap<String, Vec<Statement>>,
}

impl Role {
    fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.inline.values().chain(self.attached.values()).flatten()
    }
}

/// The stage's roles. A role that a stack made in the meantime only gets the policy.
pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    for staged in world.stage.clone().role.iter() {
        if uid(world, &staged.name).is_none() {
            let resource = NewResource {
                kind: "AWS::IAM::Role".to_owned(),
                name: staged.name.clone(),
                role: format!("role/{}", staged.name),
                environment: Environment::Production,
                tags: BTreeMap::new(),
                stateful: false,
                serving: false,
                replaces: None,
            };
            insert(world, &staged.name, resource);
        }
        let roles = Arc::make_mut(&mut world.identity.roles);
        if let Some(role) = roles.get_mut(&staged.name) {
            role.session.clone_from(&staged.session);
            role.inline.insert(format!("{}-permissions", staged.name), staged.statement.clone());
        }
    }
    Ok(())
}

fn insert(world: &mut World, name: &str, resource: NewResource) {
    let uid = world.create(resource);
    let role = Role {
        uid,
        session: String::new(),
        created: world.now(),
        inline: BTreeMap::new(),
        attached: BTreeMap::new(),
    };
    Arc::make_mut(&mut world.identity.roles).insert(name.to_owned(), role);
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match DOINGS.iter().find(|(name, _)| *name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// Whether the call's principal may make it.
///
/// # Errors
/// `AccessDenied`, worded as the real service words it.
pub fn authorize(world: &World, call: &Call) -> Result<(), Refusal> {
    // The world's own people act without a role.
    if call.principal.is_empty() {
        return Ok(());
    }
    for (action, target) in needs(call) {
        allows(world, &call.principal, &action, &target).map_err(|refusal| match call.service {
            Service::Brokers if action.starts_with("kafka:") => {
                let text = format!("Not authorized to access topics: [{target}] ({action})");
                Refusal::new("TopicAuthorizationException", text)
            }
            Service::Caches => {
                let name = call.operation.to_lowercase().replace(' ', "|");
                let text = format!("User default has no permissions to run the '{name}' command");
                Refusal::new("NOPERM", text)
            }
            Service::Cluster => forbidden(session(world, &call.principal), &action, &target),
            Service::Docker => {
                let text = format!(
                    "permission denied while trying to connect to the Docker daemon socket ({action})"
                );
                Refusal::new("AccessDenied", text)
            }
            Service::Hosts => {
                Refusal::new("1", format!("{} is not allowed to run this on {target}", call.principal))
            }
            Service::Mailboxes => Refusal::new("403", format!("User: {target}, Permission denied: {action}")),
            Service::Platform => super::platform::not_authorized(),
            _ => refusal,
        })?;
    }
    Ok(())
}

/// As the API server of a cluster words it; a target is `context/namespace/kind/name` or `context/kind/name`.
fn forbidden(user: &str, action: &str, target: &str) -> Refusal {
    let verb = action.rsplit(':').next().unwrap_or(action).to_lowercase();
    let parts: Vec<&str> = target.split('/').skip(1).collect();
    let (scope, kind, name) = match parts.as_slice() {
        [namespace, kind, name] => (format!("in the namespace \"{namespace}\""), *kind, *name),
        [kind, name] => ("at the cluster scope".to_owned(), *kind, *name),
        _ => ("at the cluster scope".to_owned(), "namespaces", ""),
    };
    let named = if matches!(name, "" | "*") { String::new() } else { format!(" \"{name}\"") };
    let text = format!(
        "Error from server (Forbidden): {kind}{named} is forbidden: User \"{user}\" cannot {verb} resource \"{kind}\" {scope}"
    );
    Refusal::new("Forbidden", text)
}

/// Whether a role permits one action, for tools that make calls of their own on the way. In a preview everybody may.
///
/// # Errors
/// As [`authorize`].
pub(super) fn permits(world: &World, principal: &str, action: &str, target: &str) -> Result<(), Refusal> {
    if principal.is_empty() || !world.is_authorizing() {
        return Ok(());
    }
    allows(world, principal, action, target)
}

fn allows(world: &World, principal: &str, action: &str, target: &str) -> Result<(), Refusal> {
    let name = arn::of_target(world, action, target);
    let decision = decide(world, principal, action, &[&name, target]);
    if decision == Decision::Allowed {
        return Ok(());
    }
    let caller = arn::session(world, principal, session(world, principal));
    let why = match decision {
        Decision::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
        _ => format!("because no identity-based policy allows the {action} action"),
    };
    let text = format!("User: {caller} is not authorized to perform: {action} on resource: {name} {why}");
    let code = match action.split(':').next() {
        Some("lambda" | "logs" | "apigateway" | "cloudtrail" | "tag") => "AccessDeniedException",
        Some("ec2") => "UnauthorizedOperation",
        _ => "AccessDenied",
    };
    Err(Refusal::new(code, text))
}

/// The permissions that a call needs, each with what it is for.
fn needs(call: &Call) -> Vec<(String, String)> {
    if call.service == Service::Objects {
        return objects::needs(call);
    }
    let action = call.known().map(|operation| operation.action).unwrap_or_default();
    if action.is_empty() {
        return Vec::new();
    }
    let each =
        ["AlarmNames", "DashboardNames", "InstanceIds", "targets"].iter().flat_map(|name| call.texts(name));
    let mut targets: Vec<String> = each.map(str::to_owned).collect();
    if targets.is_empty() {
        targets.push(call.target.clone());
    }
    targets.into_iter().map(|target| (action.to_owned(), target)).collect()
}

fn decide(world: &World, principal: &str, action: &str, names: &[&str]) -> Decision {
    match world.identity.roles.get(principal) {
        Some(role) => policy::decide(role.statements(), action, names),
        None => Decision::ImplicitDeny,
    }
}

fn session<'w>(world: &'w World, role: &str) -> &'w str {
    let role = world.identity.roles.get(role).filter(|role| !role.session.is_empty());
    role.map_or("session", |role| role.session.as_str())
}

/// Makes a service role that a stack owns.
pub(crate) fn create_role(world: &mut World, name: &str, resource: NewResource) -> Result<(), Refusal> {
    if uid(world, name).is_some() {
        return Err(Refusal::new("EntityAlreadyExists", format!("there is already a role named {name}")));
    }
    insert(world, name, resource);
    Ok(())
}

/// Deletes a service role.
pub(crate) fn delete_role(world: &mut World, name: &str) -> Result<(), Refusal> {
    let uid = uid(world, name).ok_or_else(|| no_role(name))?;
    Arc::make_mut(&mut world.identity.roles).remove(name);
    world.destroy(uid, 0, None);
    Ok(())
}

/// The identity of a service role that stands.
pub fn uid(world: &World, name: &str) -> Option<Uid> {
    world.identity.roles.get(name).map(|role| role.uid)
}

fn no_role(name: &str) -> Refusal {
    Refusal::new("NoSuchEntity", format!("The role with name {name} cannot be found."))
}

fn no_policy(name: &str) -> Refusal {
    Refusal::new("NoSuchEntity", format!("The role policy with name {name} cannot be found."))
}

fn role<'w>(world: &'w World, call: &Call) -> Result<&'w Role, Refusal> {
    let name = call.text("RoleName").unwrap_or_default();
    world.identity.roles.get(name).ok_or_else(|| no_role(name))
}

/// An id in the form of the service: a prefix and capitals, different for each name.
fn unique(prefix: &str, name: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = crate::hex(&Sha256::digest(name.as_bytes())).to_uppercase();
    format!("{prefix}{}", digest.get(..17).unwrap_or_default())
}

fn caller(world: &mut World, call: &Call) -> Answer {
    let account = &world.stage.account;
    if call.principal.is_empty() {
        let arn = format!("arn:{}:iam::{}:root", account.partition, account.id);
        return Ok(json!({"UserId": account.id, "Account": account.id, "Arn": arn}));
    }
    let session = session(world, &call.principal);
    let user = format!("{}:{session}", unique("AROA", &call.principal));
    let arn = arn::session(world, &call.principal, session);
    Ok(json!({"UserId": user, "Account": account.id, "Arn": arn}))
}

fn get_user(_: &mut World, call: &Call) -> Answer {
    match call.text("UserName") {
        Some(name) => {
            let text = format!("The user with name {name} cannot be found.");
            Err(Refusal::new("NoSuchEntity", text))
        }
        None => {
            let text = "Must specify userName when calling with non-User credentials";
            Err(Refusal::new("ValidationError", text))
        }
    }
}

/// Only roles that somebody wears trust anybody but a service.
fn assume(world: &mut World, call: &Call) -> Answer {
    let arn_given = call.text("RoleArn").unwrap_or_default();
    let name = arn::role_name(arn_given);
    let trusted = world.identity.roles.get(name).is_some_and(|role| !role.session.is_empty());
    if !trusted || arn_given != arn::role(world, name) {
        let caller = arn::session(world, &call.principal, session(world, &call.principal));
        let text =
            format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn_given}");
        return Err(Refusal::new("AccessDenied", text));
    }
    let session = call.text("RoleSessionName").unwrap_or_default();
    let lasts = call.number("DurationSeconds").unwrap_or(crate::clock::HOUR_S);
    Ok(json!({
        "Credentials": {
            "AccessKeyId": unique("ASIA", &format!("{name}/{session}")),
            "SecretAccessKey": "****************************************",
            "SessionToken": "****************",
            "Expiration": world.now().plus(lasts),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{}:{session}", unique("AROA", name)),
            "Arn": arn::session(world, name, session),
        },
    }))
}

fn shown(world: &World, name: &str, role: &Role) -> Value {
    let trusted = match role.session.is_empty() {
        true => json!({"Service": "lambda.amazonaws.com"}),
        false => {
            json!({"AWS": format!("arn:{}:iam::{}:root", world.stage.account.partition, world.stage.account.id)})
        }
    };
    let trust = json!({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"});
    json!({
        "Path": "/",
        "RoleName": name,
        "RoleId": unique("AROA", name),
        "Arn": arn::role(world, name),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "MaxSessionDuration": crate::clock::HOUR_S,
    })
}

fn list_roles(world: &mut World, _: &Call) -> Answer {
    let roles = world.identity.roles.iter().map(|(name, role)| shown(world, name, role));
    Ok(json!({"Roles": roles.collect::<Vec<_>>()}))
}

fn get_role(world: &mut World, call: &Call) -> Answer {
    let role = role(world, call)?;
    Ok(json!({"Role": shown(world, call.text("RoleName").unwrap_or_default(), role)}))
}

fn list_attached(world: &mut World, call: &Call) -> Answer {
    let attached = role(world, call)?.attached.keys().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        json!({"PolicyName": name, "PolicyArn": arn})
    });
    Ok(json!({"AttachedPolicies": attached.collect::<Vec<_>>()}))
}

fn list_inline(world: &mut World, call: &Call) -> Answer {
    Ok(json!({"PolicyNames": role(world, call)?.inline.keys().collect::<Vec<_>>()}))
}

fn get_inline(world: &mut World, call: &Call) -> Answer {
    let name = call.text("PolicyName").unwrap_or_default();
    let statements = role(world, call)?.inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({
        "RoleName": call.text("RoleName"),
        "PolicyName": name,
        "PolicyDocument": policy::document(statements),
    }))
}

fn simulate(world: &mut World, call: &Call) -> Answer {
    let source = call.text("PolicySourceArn").unwrap_or_default();
    let name = arn::role_name(source);
    let role =
        world.identity.roles.get(name).ok_or_else(|| {
            Refusal::new("NoSuchEntity", format!("The role with name {name} cannot be found."))
        })?;
    let mut resources = call.texts("ResourceArns");
    if resources.is_empty() {
        resources.push("*");
    }
    let mut results = Vec::new();
    for action in call.texts("ActionNames") {
        for resource in &resources {
            let decision = policy::decide(role.statements(), action, &[resource]);
            results.push(json!({
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": decision.word(),
                "MatchedStatements": matched(role, action, resource),
                "MissingContextValues": [],
            }));
        }
    }
    Ok(json!({"EvaluationResults": results}))
}

/// The policies whose statements spoke.
fn matched(role: &Role, action: &str, resource: &str) -> Vec<Value> {
    let policies = role.inline.iter().chain(&role.attached);
    policies
        .filter(|(_, statements)| policy::decide(*statements, action, &[resource]) != Decision::ImplicitDeny)
        .map(|(name, _)| json!({"SourcePolicyId": name, "SourcePolicyType": "IAM Policy"}))
        .collect()
}

/// Changes a role and records that access changed.
fn change(world: &mut World, call: &Call, what: String, doing: impl FnOnce(&mut Role)) -> Answer {
    let name = call.text("RoleName").unwrap_or_default();
    let roles = Arc::make_mut(&mut world.identity.roles);
    let role = roles.get_mut(name).ok_or_else(|| no_role(name))?;
    doing(role);
    let uid = role.uid;
    world.effect(uid, Change::AccessChanged { what });
    Ok(Value::Null)
}

fn put_inline(world: &mut World, call: &Call) -> Answer {
    let document = call.text("PolicyDocument").unwrap_or_default();
    if document.len() > POLICY_BYTES_MAX {
        let name = call.text("RoleName").unwrap_or_default();
        let text = format!("Maximum policy size of {POLICY_BYTES_MAX} bytes exceeded for role {name}");
        return Err(Refusal::new("LimitExceeded", text));
    }
    let statements = policy::read(document);
    let statements = statements.map_err(|why| Refusal::new("MalformedPolicyDocument", why))?;
    let name = call.text("PolicyName").unwrap_or_default().to_owned();
    role(world, call)?;
    change(world, call, format!("policy {name} written"), |role| {
        role.inline.insert(name, statements);
    })
}

fn delete_inline(world: &mut World, call: &Call) -> Answer {
    let name = call.text("PolicyName").unwrap_or_default();
    if !role(world, call)?.inline.contains_key(name) {
        return Err(no_policy(name));
    }
    change(world, call, format!("policy {name} deleted"), |role| {
        role.inline.remove(name);
    })
}

fn attach(world: &mut World, call: &Call) -> Answer {
    let arn = call.text("PolicyArn").unwrap_or_default();
    role(world, call)?;
    let Some(statements) = policy::managed(arn) else {
        let text = format!("Policy {arn} does not exist or is not attachable.");
        return Err(Refusal::new("NoSuchEntity", text));
    };
    change(world, call, format!("policy {arn} attached"), |role| {
        role.attached.insert(arn.to_owned(), statements);
    })
}

fn detach(world: &mut World, call: &Call) -> Answer {
    let arn = call.text("PolicyArn").unwrap_or_default();
    if !role(world, call)?.attached.contains_key(arn) {
        return Err(Refusal::new("NoSuchEntity", format!("Policy {arn} was not found.")));
    }
    change(world, call, format!("policy {arn} detached"), |role| {
        role.attached.remove(arn);
    })
}
