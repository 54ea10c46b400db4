//! Plans that are saved, shown and carried out later.
//!
//! The real file is a packed copy of configuration, state and options. Here it is a text that holds the configuration and
//! the options, and the serial of the state that it was made against: one that has moved on makes the plan stale.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::terraform::{self, Desk, failed};
use super::terraform_config::Config;
use super::terraform_plan::{self as plan, Action, Options, Plan};
use super::terraform_state::VERSION;
use super::workspace::said;
use super::{terraform_apply, terraform_print as print};
use crate::World;
use crate::call::{Answer, Call, Refusal};

const FORMAT: &str = "terraform saved plan";

#[derive(Serialize, Deserialize)]
struct Saved {
    format: String,
    serial: u64,
    lineage: String,
    options: Options,
    files: BTreeMap<String, String>,
}

/// `SavePlan`: plans into a file.
pub(super) fn save(world: &mut World, call: &Call) -> Answer {
    let desk = terraform::desk(world, call)?;
    let options = terraform::options(world, call, &desk)?;
    let state = desk.place.load(world, &call.principal)?;
    let (serial, lineage) = (state.serial, state.lineage.clone());
    let made = plan::make(world, &desk, &options, state)?;
    let mut text = print::plan(&made, &options);
    let name = call.text("out").unwrap_or_default();
    let code = if call.flag("detailed-exitcode") && !made.is_empty() { 2 } else { 0 };
    let saved = Saved { format: FORMAT.to_owned(), serial, lineage, options, files: desk.files.clone() };
    let content = serde_json::to_string(&saved).unwrap_or_default();
    super::object_versions::write_file(world, &desk.folder.path(name), &content)?;
    text.push_str(&format!(
        "\nSaved the plan to: {name}\n\nTo perform exactly these actions, run the following command to apply:\n    terraform \
         apply \"{name}\"\n"
    ));
    Ok(json!({"text": text, "code": code}))
}

/// The saved plan that a call names, worked out again.
fn open(world: &World, call: &Call) -> Result<(Desk, Options, Plan), Refusal> {
    let mut desk = terraform::desk(world, call)?;
    let name = call.text("plan").unwrap_or_default();
    let Some(text) = world.workspace.files.get(&desk.folder.path(name)) else {
        let text =
            format!("Failed to load \"{name}\" as a plan file: open {name}: no such file or directory");
        return Err(failed("Failed to load plan file", &text));
    };
    let saved: Option<Saved> = serde_json::from_str(text).ok().filter(|saved: &Saved| saved.format == FORMAT);
    let Some(saved) = saved else {
        return Err(failed("Failed to load plan file", &format!("\"{name}\" is not a plan file.")));
    };
    desk.config = Config::read(&saved.files)?;
    let state = desk.place.load(world, &call.principal)?;
    if (state.serial, &state.lineage) != (saved.serial, &saved.lineage) {
        let text = "The given plan file can no longer be applied because the state was changed by another operation after the \
                    plan was created.";
        return Err(failed("Saved plan is stale", text));
    }
    let plan = plan::make(world, &desk, &saved.options, state)?;
    Ok((desk, saved.options, plan))
}

/// `ApplyPlan`: needs no approval, since the plan is what was approved.
pub(super) fn apply(world: &mut World, call: &Call) -> Answer {
    let (desk, options, plan) = open(world, call)?;
    terraform_apply::carry_out(world, call, &desk, &options, plan, String::new())
}

/// `Show`: a saved plan, or the state.
pub(super) fn show(world: &mut World, call: &Call) -> Answer {
    if call.text("plan").is_some() {
        let (_, options, plan) = open(world, call)?;
        let text =
            if call.flag("json") { format!("{}\n", as_json(&plan)) } else { print::plan(&plan, &options) };
        return said(text);
    }
    let desk = terraform::desk(world, call)?;
    let state = desk.place.load(world, &call.principal)?;
    if call.flag("json") {
        let each = state.things.iter().map(|(address, thing)| resource(address, &json!(thing.attributes)));
        let resources: Vec<Value> = each.collect();
        let whole = json!({
            "format_version": "1.0", "terraform_version": VERSION,
            "values": {"root_module": {"resources": resources}},
        });
        return said(format!("{whole}\n"));
    }
    if state.things.is_empty() {
        return said("The state file is empty. No resources are represented.\n");
    }
    said(
        state
            .things
            .iter()
            .map(|(address, thing)| super::terraform_states::block(address, thing))
            .collect::<String>(),
    )
}

fn resource(address: &str, values: &Value) -> Value {
    let (kind, name) = address.split_once('.').unwrap_or_default();
    json!({"address": address, "mode": "managed", "type": kind, "name": name, "values": values})
}

/// A plan in the tool's own shape.
fn as_json(plan: &Plan) -> Value {
    let changes = plan.steps.iter().map(|step| {
        let actions = match step.action {
            Action::Keep => json!(["no-op"]),
            Action::Create => json!(["create"]),
            Action::Update => json!(["update"]),
            Action::Replace if step.create_first => json!(["create", "delete"]),
            Action::Replace => json!(["delete", "create"]),
            Action::Delete => json!(["delete"]),
            Action::Forget => json!(["forget"]),
        };
        let side =
            |map: &serde_json::Map<String, Value>| if map.is_empty() { Value::Null } else { json!(map) };
        let (kind, name) = step.address.split_once('.').unwrap_or_default();
        json!({
            "address": step.address, "mode": "managed", "type": kind, "name": name,
            "change": {"actions": actions, "before": side(&step.before), "after": side(&step.after)},
        })
    });
    json!({
        "format_version": "1.2", "terraform_version": VERSION,
        "resource_changes": changes.collect::<Vec<_>>(),
    })
}
