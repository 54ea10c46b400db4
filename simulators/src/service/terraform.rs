//! Terraform: a configuration in the checkout, a state somewhere, and what stands.
//!
//! Each command is one operation; `dir` is the folder that it works in. Terraform keeps nothing itself but which folders are
//! initialised: databases and buckets are kept by their own services and are asked for in the caller's name, the state is a
//! file of the checkout or an object in a bucket. An apply waits for what it does, as the tool does, so time passes in it.
//!
//! Answers are what the tool prints, `{"text", "stderr", "code"}`. A refusal says `title`, a new line and the rest; the dialect
//! draws the box around it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::terraform_config::{Backend, Config};
use super::terraform_plan::{self as plan, Options, Plan};
pub(crate) use super::terraform_state::VERSION;
use super::terraform_state::{Place, Tracked};
use super::workspace::said;
use super::{terraform_apply as apply_plan, terraform_print as print, terraform_resources as resources};
use super::{terraform_saved as saved, terraform_states as states};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::chance::Chance;
use crate::stage::Problem;

type Doing = fn(&mut World, &Call) -> Answer;

const VERBS: &[(Operation, Doing)] = &[
    (Operation::write("Init", ""), init),
    (Operation::read("Validate", ""), validate),
    (Operation::read("Plan", ""), planned),
    (Operation::write("SavePlan", ""), saved::save),
    (Operation::write("Apply", ""), applied),
    (Operation::write("Destroy", ""), applied),
    (Operation::write("ApplyPlan", ""), saved::apply),
    (Operation::read("Show", ""), saved::show),
    (Operation::read("Output", ""), states::output),
    (Operation::read("StateList", ""), states::list),
    (Operation::read("StateShow", ""), states::show),
    (Operation::read("StatePull", ""), states::pull),
    (Operation::write("StatePush", ""), states::push),
    (Operation::write("StateMv", ""), states::rename),
    (Operation::write("StateRm", ""), states::remove),
    (Operation::write("Import", ""), states::import),
    (Operation::read("WorkspaceShow", ""), states::workspace),
    (Operation::read("WorkspaceList", ""), states::workspaces),
    (Operation::write("WorkspaceNew", ""), states::new_workspace),
    (Operation::write("WorkspaceSelect", ""), states::select_workspace),
    (Operation::write("WorkspaceDelete", ""), states::delete_workspace),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { VERBS.len() }>(VERBS);

/// What stands in it: the folders that are initialised.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) folders: BTreeMap<String, Initialised>,
}

impl State {
    /// No folder is initialised.
    pub fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }
}

/// What `.terraform/` remembers.
#[derive(Clone, Debug)]
pub(super) struct Initialised {
    pub backend: Backend,
    pub workspace: String,
}

/// A folder with a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Folder(pub String);

impl Folder {
    fn of(call: &Call) -> Self {
        Self(super::commits::clean(call.text("dir").unwrap_or_default()))
    }

    /// A path in it, from the root of the checkout.
    pub fn path(&self, name: &str) -> String {
        super::commits::clean(&format!("{}/{name}", self.0))
    }

    /// The files directly in it whose names end so.
    fn files(&self, world: &World, end: &str) -> BTreeMap<String, String> {
        let inside = |path: &str| {
            let name =
                if self.0.is_empty() { path } else { path.strip_prefix(&self.0)?.strip_prefix('/')? };
            (!name.contains('/') && name.ends_with(end)).then(|| name.to_owned())
        };
        world.workspace.files.iter().filter_map(|(path, text)| Some((inside(path)?, text.clone()))).collect()
    }
}

/// What a command works on.
pub(super) struct Desk {
    pub folder: Folder,
    pub config: Config,
    pub workspace: String,
    pub place: Place,
    pub files: BTreeMap<String, String>,
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    for (i, staged) in world.stage.clone().terraform.iter().enumerate() {
        let problem = |key: &str, found: &str, expected: &str| Problem {
            path: format!("terraform[{i}].{key}"),
            found: found.to_owned(),
            expected: expected.to_owned(),
            candidates: Vec::new(),
        };
        for thing in &staged.thing {
            if !resources::stage(world, thing) {
                return Err(problem(
                    "thing",
                    &thing.kind,
                    "a resource type that no other part of the stage keeps",
                ));
            }
        }
        let folder = Folder(super::commits::clean(&staged.folder));
        let config = Config::read(&folder.files(world, ".tf"))
            .map_err(|e| problem("folder", &staged.folder, &format!("a configuration: {}", e.message)))?;
        if staged.initialised {
            let initialised = Initialised { backend: config.backend, workspace: "default".to_owned() };
            world.terraform.folders.insert(folder.0, initialised);
        }
    }
    Ok(())
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match VERBS.iter().find(|(operation, _)| operation.name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// What a folder's configuration uses that is not simulated.
pub(crate) fn gap(world: &World, dir: &str) -> Option<String> {
    let folder = Folder(super::commits::clean(dir));
    let refusal = Config::read(&folder.files(world, ".tf")).err()?;
    (refusal.code == UNSIMULATED).then_some(refusal.message)
}

const UNSIMULATED: &str = "Unsimulated";

/// A refusal in the tool's shape.
pub(super) fn failed(title: &str, text: &str) -> Refusal {
    Refusal::new("Terraform", format!("{title}\n{text}"))
}

/// What the tool would take, and this does not.
pub(super) fn unsimulated(what: &str) -> Refusal {
    Refusal::new(UNSIMULATED, format!("Not simulated\n{what} cannot be used here."))
}

/// So many hexadecimal digits, the same for the same name and time.
pub(super) fn made_up(world: &World, name: &str, digits: usize) -> String {
    Chance::stream(world.seed, &format!("terraform/{name}@{}", world.now())).hex(digits)
}

/// Reads the configuration of the folder that a call names.
pub(super) fn read(
    world: &World,
    call: &Call,
) -> Result<(Folder, Config, BTreeMap<String, String>), Refusal> {
    let folder = Folder::of(call);
    let files = folder.files(world, ".tf");
    if files.is_empty() {
        let text = "Apply requires configuration to be present. Applying without a configuration would mark everything for \
                    destruction, which is normally not what is desired. Use -chdir to work in another folder.";
        return Err(failed("No configuration files", text));
    }
    let config = Config::read(&files)?;
    Ok((folder, config, files))
}

/// The folder's configuration, and where its state lies.
///
/// # Errors
/// It is wrong, or the folder is not initialised for it.
pub(super) fn desk(world: &World, call: &Call) -> Result<Desk, Refusal> {
    let (folder, config, files) = read(world, call)?;
    let Some(initialised) = world.terraform.folders.get(&folder.0) else {
        let text =
            "Reason: Required plugins are not installed in this folder. Please run \"terraform init\".";
        return Err(failed("Backend initialization required, please run \"terraform init\"", text));
    };
    if initialised.backend != config.backend {
        let text = "Reason: Backend configuration block has changed. If you wish to migrate the state, run \
                    \"terraform init -migrate-state\"; to start with the new one as it is, \"terraform init -reconfigure\".";
        return Err(failed("Backend initialization required: please run \"terraform init\"", text));
    }
    let workspace = initialised.workspace.clone();
    let place = Place::of(&folder, &config.backend, &workspace);
    Ok(Desk { folder, config, workspace, place, files })
}

fn init(world: &mut World, call: &Call) -> Answer {
    let (folder, config, _) = read(world, call)?;
    let before = world.terraform.folders.get(&folder.0).cloned();
    let workspace = before.as_ref().map_or("default", |b| b.workspace.as_str()).to_owned();
    let mut text = "Initializing the backend...\n".to_owned();
    let old = before.as_ref().map(|b| b.backend.clone()).filter(|backend| *backend != config.backend);
    match old {
        Some(_) if !call.flag("migrate-state") && !call.flag("reconfigure") => {
            let text = "A change in the backend configuration has been detected, which may require migrating existing state.\n\
                        If you wish to attempt automatic migration of the state, use \"terraform init -migrate-state\".\n\
                        If you wish to store the current configuration with no changes to the state, use \"terraform init -reconfigure\".";
            return Err(failed("Backend configuration changed", text));
        }
        Some(old) if call.flag("migrate-state") => {
            let state = Place::of(&folder, &old, &workspace).load(world, &call.principal)?;
            let target = Place::of(&folder, &config.backend, &workspace);
            if !state.things.is_empty() {
                let there = target.load(world, &call.principal)?;
                if !there.things.is_empty() && !call.flag("force-copy") {
                    let text = "The new backend holds a state already. Give -force-copy to write over it.";
                    return Err(failed("Error asking for state migration action", text));
                }
                target.save(world, call, &mut state.clone())?;
            }
            text.push_str("Successfully configured the backend! The state was copied.\n");
        }
        _ => {
            let name = if config.backend == Backend::Local { "local" } else { "s3" };
            // A backend that cannot be reached shows now.
            Place::of(&folder, &config.backend, &workspace).text(world, &call.principal)?;
            text.push_str(&format!("\nSuccessfully configured the backend \"{name}\"!\n"));
        }
    }
    text.push_str("Initializing provider plugins...\n- Using previously-installed hashicorp/aws v5.89.0\n\n");
    text.push_str("Terraform has been successfully initialized!\n");
    world.terraform.folders.insert(folder.0, Initialised { backend: config.backend, workspace });
    said(text)
}

fn validate(world: &mut World, call: &Call) -> Answer {
    let desk = desk(world, call)?;
    let variables = desk.config.variables(&variables(world, call, &desk)?)?;
    let known =
        desk.config.resources.keys().map(|address| (address.clone(), plan::unknown(address))).collect();
    let scope = desk.config.scope(&variables, &desk.workspace, &known);
    for resource in desk.config.resources.values() {
        resource.wanted(&scope)?;
    }
    said("Success! The configuration is valid.\n")
}

/// Variables given on the line, over those in `terraform.tfvars` and in files that are named.
pub(super) fn variables(world: &World, call: &Call, desk: &Desk) -> Result<Map<String, Value>, Refusal> {
    const USUAL: &str = "terraform.tfvars";
    let file = |name: &str| world.workspace.files.get(&desk.folder.path(name)).cloned();
    let mut files: Vec<(String, String)> =
        file(USUAL).map(|text| (USUAL.to_owned(), text)).into_iter().collect();
    files.extend(desk.folder.files(world, ".auto.tfvars"));
    for name in call.texts("var-file") {
        let missing = || {
            let text = format!("Given variables file {name} does not exist.");
            failed("Failed to read variables file", &text)
        };
        files.push((name.to_owned(), file(name).ok_or_else(missing)?));
    }
    let mut given = Map::new();
    for (file, text) in files {
        for (name, expression) in super::terraform_language::read(&file, &text)?.attributes {
            given.insert(name, expression.value(&Map::new())?);
        }
    }
    for pair in call.texts("var") {
        let Some((name, value)) = pair.split_once('=') else {
            let text = format!(
                "The given -var option \"{pair}\" must be a variable name and value separated by \"=\"."
            );
            return Err(failed("Invalid -var option", &text));
        };
        given.insert(name.to_owned(), Value::from(value));
    }
    Ok(given)
}

/// What a call asks to be planned.
pub(super) fn options(world: &World, call: &Call, desk: &Desk) -> Result<Options, Refusal> {
    Ok(Options {
        destroy: call.flag("destroy") || call.operation == "Destroy",
        refresh_only: call.flag("refresh-only"),
        refresh: call.text("refresh") != Some("false"),
        targets: call.texts("target").into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
        replace: call.texts("replace").into_iter().map(str::to_owned).collect(),
        variables: variables(world, call, desk)?,
    })
}

/// The plan that a call asks for.
pub(super) fn plan_of(world: &World, call: &Call, desk: &Desk, options: &Options) -> Result<Plan, Refusal> {
    let state: Tracked = desk.place.load(world, &call.principal)?;
    plan::make(world, desk, options, state)
}

fn planned(world: &mut World, call: &Call) -> Answer {
    let desk = desk(world, call)?;
    let options = options(world, call, &desk)?;
    let plan = plan_of(world, call, &desk, &options)?;
    let mut text = print::plan(&plan, &options);
    if !plan.is_empty() {
        text.push_str(NOT_SAVED);
    }
    let code = if call.flag("detailed-exitcode") && !plan.is_empty() { 2 } else { 0 };
    Ok(json!({"text": text, "code": code}))
}

const NOT_SAVED: &str = "\n─────────────────────────────────────────────────────────────────────────────\n\n\
    Note: You didn't use the -out option to save this plan, so Terraform can't guarantee to take exactly these actions if \
    you run \"terraform apply\" now.\n";

/// `Apply` and `Destroy`: plans, and does it if it need not ask.
fn applied(world: &mut World, call: &Call) -> Answer {
    let desk = desk(world, call)?;
    let options = options(world, call, &desk)?;
    let plan = plan_of(world, call, &desk, &options)?;
    let mut text = print::plan(&plan, &options);
    if plan.is_empty() && !options.refresh_only {
        text.push_str(&print::done(&plan, &options, [0, 0, 0]));
        return said(text);
    }
    if !call.flag("auto-approve") {
        text.push_str(&print::question(&options));
        let error = failed(
            "Error asking for approval",
            "EOF: nobody is there to answer; give -auto-approve, or a saved plan.",
        );
        return Ok(json!({"text": text, "stderr": boxed(&error.message), "code": 1}));
    }
    apply_plan::carry_out(world, call, &desk, &options, plan, text)
}

/// An error as the tool draws it.
pub(crate) fn boxed(message: &str) -> String {
    let (title, rest) = message.split_once('\n').unwrap_or((message, ""));
    let lines: String = rest.lines().map(|line| format!("│ {line}\n")).collect();
    let rest = if rest.is_empty() { String::new() } else { format!("│ \n{lines}") };
    format!("╷\n│ Error: {title}\n{rest}╵\n")
}
