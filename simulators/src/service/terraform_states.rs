//! States by hand, and workspaces.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::terraform::{self, Desk, failed};
use super::terraform_config::Backend;
use super::terraform_state::{Place, Thing, Tracked};
use super::workspace::said;
use super::{objects, terraform_print as print, terraform_resources as resources};
use crate::World;
use crate::call::{Answer, Call, Refusal};

fn open(world: &World, call: &Call) -> Result<(Desk, Tracked), Refusal> {
    let desk = terraform::desk(world, call)?;
    let state = desk.place.load(world, &call.principal)?;
    Ok((desk, state))
}

/// Whether an address is, or belongs to, what was asked for: a whole address or a type.
fn is_of(address: &str, wanted: &str) -> bool {
    address == wanted || address.split('.').next() == Some(wanted)
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let (_, state) = open(world, call)?;
    let wanted = call.texts("args");
    let id = call.text("id");
    let fits = |(address, thing): &(&String, &Thing)| {
        (wanted.is_empty() || wanted.iter().any(|w| is_of(address, w)))
            && id.is_none_or(|id| thing.id() == id)
    };
    if let Some(missing) = wanted.iter().find(|w| !state.things.keys().any(|address| is_of(address, w))) {
        let text = format!("No instances matched \"{missing}\".");
        return Err(failed("Invalid target address", &text));
    }
    said(state.things.iter().filter(fits).map(|(address, _)| format!("{address}\n")).collect::<String>())
}

/// A thing of the state as a block.
pub(super) fn block(address: &str, thing: &Thing) -> String {
    let (kind, name) = address.split_once('.').unwrap_or_default();
    let width = thing.attributes.keys().map(String::len).max().unwrap_or(0);
    let line = |(key, value): (&String, &Value)| format!("    {key:<width$} = {}\n", print::value(value, 4));
    let lines: String = thing.attributes.iter().map(line).collect();
    format!("# {address}:\nresource \"{kind}\" \"{name}\" {{\n{lines}}}\n")
}

fn no_instance(address: &str) -> Refusal {
    failed(
        "No instance found for the given address!",
        &format!("The state holds no {address}. See \"terraform state list\"."),
    )
}

pub(super) fn show(world: &mut World, call: &Call) -> Answer {
    let (_, state) = open(world, call)?;
    let address = call.texts("args").first().copied().unwrap_or_default().to_owned();
    let thing = state.things.get(&address).ok_or_else(|| no_instance(&address))?;
    said(block(&address, thing))
}

pub(super) fn pull(world: &mut World, call: &Call) -> Answer {
    let desk = terraform::desk(world, call)?;
    said(desk.place.text(world, &call.principal)?.unwrap_or_default())
}

pub(super) fn push(world: &mut World, call: &Call) -> Answer {
    let (desk, there) = open(world, call)?;
    let name = call.texts("args").first().copied().unwrap_or_default().to_owned();
    let Some(text) = world.workspace.files.get(&desk.folder.path(&name)) else {
        return Err(failed("Failed to read state file", &format!("open {name}: no such file or directory")));
    };
    let mut state = Tracked::read(text)?;
    if !call.flag("force") && !there.lineage.is_empty() && !there.things.is_empty() {
        if there.lineage != state.lineage {
            let text = format!(
                "cannot import state with lineage \"{}\" over unrelated state with lineage \"{}\"",
                state.lineage, there.lineage
            );
            return Err(failed("Failed to write state", &text));
        }
        if there.serial > state.serial {
            let text = format!(
                "cannot import state with serial {} over newer state with serial {}",
                state.serial, there.serial
            );
            return Err(failed("Failed to write state", &text));
        }
    }
    state.serial = state.serial.max(there.serial);
    desk.place.save(world, call, &mut state)?;
    Ok(Value::Null)
}

pub(super) fn rename(world: &mut World, call: &Call) -> Answer {
    let (desk, mut state) = open(world, call)?;
    let args = call.texts("args");
    let [from, to] = args.as_slice() else {
        return Err(failed(
            "Exactly two arguments expected.",
            "The first is the address to move, the second where to.",
        ));
    };
    let (from, to) = ((*from).to_owned(), (*to).to_owned());
    let Some(thing) = state.things.get(&from).cloned() else {
        return Err(failed(
            "Invalid source address",
            &format!("Cannot move {from}: does not match anything in the current state."),
        ));
    };
    if state.things.contains_key(&to) {
        let text = format!(
            "Cannot move to {to}: there is already a resource instance at that address in the current state."
        );
        return Err(failed("Invalid target address", &text));
    }
    if from.split('.').next() != to.split('.').next() || to.split('.').count() != 2 {
        let text = format!("Cannot move {from} to {to}: resource types don't match.");
        return Err(failed("Invalid state move request", &text));
    }
    if call.flag("dry-run") {
        return said(format!("Would move \"{from}\" to \"{to}\"\n"));
    }
    state.things.remove(&from);
    state.things.insert(to.clone(), thing);
    desk.place.save(world, call, &mut state)?;
    said(format!("Move \"{from}\" to \"{to}\"\nSuccessfully moved 1 object(s).\n"))
}

pub(super) fn remove(world: &mut World, call: &Call) -> Answer {
    let (desk, mut state) = open(world, call)?;
    let wanted: Vec<String> = call.texts("args").into_iter().map(str::to_owned).collect();
    let matched: BTreeSet<String> =
        state.things.keys().filter(|address| wanted.iter().any(|w| is_of(address, w))).cloned().collect();
    if matched.is_empty() {
        return Err(failed(
            "Invalid target address",
            "No matching objects found. To view the available instances, use \"terraform state list\".",
        ));
    }
    let dry = call.flag("dry-run");
    let word = if dry { "Would remove" } else { "Removed" };
    let mut text: String = matched.iter().map(|address| format!("{word} {address}\n")).collect();
    if !dry {
        state.things.retain(|address, _| !matched.contains(address));
        desk.place.save(world, call, &mut state)?;
        text.push_str(&format!("Successfully removed {} resource instance(s).\n", matched.len()));
    }
    said(text)
}

pub(super) fn import(world: &mut World, call: &Call) -> Answer {
    let (desk, mut state) = open(world, call)?;
    let args = call.texts("args");
    let [address, id] = args.as_slice() else {
        return Err(failed(
            "The import command expects two arguments.",
            "The first is an address, the second an ID.",
        ));
    };
    let (address, id) = ((*address).to_owned(), (*id).to_owned());
    let Some(resource) = desk.config.resources.get(&address) else {
        let text = format!(
            "Before importing this resource, please create its configuration in the root module: {address}"
        );
        return Err(failed("resource address does not exist in the configuration.", &text));
    };
    if state.things.contains_key(&address) {
        let text = format!(
            "Terraform is already managing a remote object for {address}. To import to this address you must first remove the existing object from the state."
        );
        return Err(failed("Resource already managed by Terraform", &text));
    }
    if resources::standing(world, resource.kind, &id).is_none() {
        let text = format!(
            "While attempting to import an existing object to \"{address}\", the provider detected that no object exists with the given id."
        );
        return Err(failed("Cannot import non-existent remote object", &text));
    }
    let attributes = resources::adopted(world, resource.kind, &id);
    state
        .things
        .insert(address.clone(), Thing { attributes, after: resource.after.iter().cloned().collect() });
    desk.place.save(world, call, &mut state)?;
    said(format!(
        "{address}: Importing from ID \"{id}\"...\n{address}: Import prepared!\n{address}: Refreshing state... [id={id}]\n\nImport \
         successful!\n\nThe resources that were imported are shown above. These resources are now in\nyour Terraform state and \
         will henceforth be managed by Terraform.\n"
    ))
}

pub(super) fn output(world: &mut World, call: &Call) -> Answer {
    let (_, state) = open(world, call)?;
    match call.texts("args").first() {
        None if call.flag("json") => {
            said(format!("{}\n", serde_json::to_string_pretty(&state.outputs).unwrap_or_default()))
        }
        None if state.outputs.is_empty() => {
            let text = "╷\n│ Warning: No outputs found\n╵\n";
            Ok(json!({"text": "", "stderr": text, "code": 0}))
        }
        None => said(print::outputs(&state.outputs)),
        Some(name) => {
            let found = state.outputs.get(*name).and_then(|output| output.get("value"));
            let found = found.ok_or_else(|| {
                failed(
                    &format!("Output \"{name}\" not found"),
                    "The output variable requested could not be found in the state file.",
                )
            })?;
            match call.flag("raw") {
                true => said(resources::plain(found)),
                false => said(format!("{}\n", print::value(found, 0))),
            }
        }
    }
}

/// The workspaces that there are: `default`, and those that have a state.
fn known(world: &World, desk: &Desk) -> BTreeSet<String> {
    let between = |text: &str, before: &str, after: &str| {
        let name = text.strip_prefix(before)?.strip_suffix(after)?;
        (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
    };
    let mut found = BTreeSet::from(["default".to_owned(), desk.workspace.clone()]);
    match &desk.config.backend {
        Backend::Local => {
            let before = desk.folder.path("terraform.tfstate.d/").trim_end_matches('/').to_owned() + "/";
            found.extend(
                world.workspace.files.keys().filter_map(|p| between(p, &before, "/terraform.tfstate")),
            );
        }
        Backend::S3 { bucket, key } => {
            let after = format!("/{key}");
            if let Ok(bucket) = objects::bucket(world, bucket) {
                found.extend(bucket.store.readable("env:/").filter_map(|(k, _)| between(k, "env:/", &after)));
            }
        }
    }
    found
}

pub(super) fn workspace(world: &mut World, call: &Call) -> Answer {
    said(format!("{}\n", terraform::desk(world, call)?.workspace))
}

pub(super) fn workspaces(world: &mut World, call: &Call) -> Answer {
    let desk = terraform::desk(world, call)?;
    let mark = |name: &String| if *name == desk.workspace { "*" } else { " " };
    said(known(world, &desk).iter().map(|name| format!("{} {name}\n", mark(name))).collect::<String>() + "\n")
}

fn select(world: &mut World, desk: &Desk, name: &str) {
    if let Some(folder) = world.terraform.folders.get_mut(&desk.folder.0) {
        name.clone_into(&mut folder.workspace);
    }
}

fn name_of(call: &Call) -> Result<String, Refusal> {
    let name = call.texts("args").first().copied().unwrap_or_default().to_owned();
    let fine = !name.is_empty()
        && name.len() <= 90
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    match fine {
        true => Ok(name),
        false => Err(failed(
            "The workspace name is not allowed",
            "The name must contain only URL safe characters, and no path separators.",
        )),
    }
}

pub(super) fn new_workspace(world: &mut World, call: &Call) -> Answer {
    let desk = terraform::desk(world, call)?;
    let name = name_of(call)?;
    if known(world, &desk).contains(&name) {
        return Err(failed(&format!("Workspace \"{name}\" already exists"), ""));
    }
    Place::of(&desk.folder, &desk.config.backend, &name).save(world, call, &mut Tracked::default())?;
    select(world, &desk, &name);
    said(format!(
        "Created and switched to workspace \"{name}\"!\n\nYou're now on a new, empty workspace. Workspaces isolate their state,\nso \
         if you run \"terraform plan\" Terraform will not see any existing state\nfor this configuration.\n"
    ))
}

pub(super) fn select_workspace(world: &mut World, call: &Call) -> Answer {
    let desk = terraform::desk(world, call)?;
    let name = name_of(call)?;
    if !known(world, &desk).contains(&name) {
        if call.flag("or-create") {
            return new_workspace(world, call);
        }
        let text = "You can create this workspace with the \"new\" subcommand or include the \"-or-create\" flag with the \"select\" subcommand.";
        return Err(failed(&format!("Workspace \"{name}\" doesn't exist."), text));
    }
    select(world, &desk, &name);
    said(format!("Switched to workspace \"{name}\".\n"))
}

pub(super) fn delete_workspace(world: &mut World, call: &Call) -> Answer {
    let desk = terraform::desk(world, call)?;
    let name = name_of(call)?;
    if name == "default" || name == desk.workspace {
        let text = "You cannot delete the currently active workspace, nor the default one. Select another workspace and try again.";
        return Err(failed(
            &format!("Workspace \"{name}\" is your active workspace or cannot be deleted."),
            text,
        ));
    }
    if !known(world, &desk).contains(&name) {
        return Err(failed(&format!("Workspace \"{name}\" doesn't exist."), ""));
    }
    let place = Place::of(&desk.folder, &desk.config.backend, &name);
    let state = place.load(world, &call.principal)?;
    if !state.things.is_empty() && !call.flag("force") {
        let text = "Deleting this workspace would cause Terraform to lose track of the resources in it. Use \"-force\" to do so all the same.";
        return Err(failed(&format!("Workspace \"{name}\" is not empty"), text));
    }
    place.clear(world, call)?;
    said(format!("Deleted workspace \"{name}\"!\n"))
}
