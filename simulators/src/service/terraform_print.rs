//! Plans as the tool prints them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::terraform_plan::{self as plan, Action, Options, Plan, Step, UNKNOWN};

/// A whole plan.
pub(super) fn plan(plan: &Plan, options: &Options) -> String {
    let mut out = String::new();
    for (address, id) in &plan.refreshed {
        _ = writeln!(out, "{address}: Refreshing state... [id={id}]");
    }
    if !plan.drifted.is_empty() {
        out.push_str("\nNote: Objects have changed outside of Terraform\n\n");
        for address in &plan.drifted {
            let how =
                if plan.state.things.contains_key(address) { "has changed" } else { "has been deleted" };
            _ = writeln!(out, "  # {address} {how}");
        }
    }
    let outputs = changed_outputs(plan);
    if plan.is_empty() {
        out.push_str(match (options.destroy, options.refresh_only) {
            (true, _) => "\nNo changes. No objects need to be destroyed.\n",
            (_, true) => "\nNo changes. Your infrastructure still matches the configuration.\n",
            _ => "\nNo changes. Your infrastructure matches the configuration.\n",
        });
        return out;
    }
    if plan.steps.iter().all(Step::is_nothing) {
        return out
            + &outputs
            + "\nYou can apply this plan to save these new output values to the Terraform\nstate, without changing any real \
               infrastructure.\n";
    }
    out.push_str(
        "\nTerraform used the selected providers to generate the following execution\nplan. Resource actions are indicated \
         with the following symbols:\n",
    );
    let signs = [
        (Action::Create, "  + create\n"),
        (Action::Update, "  ~ update in-place\n"),
        (Action::Delete, "  - destroy\n"),
        (Action::Replace, "-/+ destroy and then create replacement\n"),
        (Action::Forget, "  . forget\n"),
    ];
    for (action, line) in signs {
        if plan.steps.iter().any(|step| step.action == action) {
            out.push_str(line);
        }
    }
    out.push_str("\nTerraform will perform the following actions:\n");
    for step in plan.steps.iter().filter(|step| !step.is_nothing()) {
        out.push_str(&one(step));
    }
    let [add, change, destroy] = plan.counts();
    _ = writeln!(out, "\nPlan: {add} to add, {change} to change, {destroy} to destroy.");
    out.push_str(&outputs);
    if !options.targets.is_empty() {
        out.push_str("\nWarning: Resource targeting is in effect\n");
    }
    out
}

/// The outputs that come to something else.
fn changed_outputs(plan: &Plan) -> String {
    let (before, after) = (plan::values(&plan.state.outputs), plan::values(&plan.outputs));
    let names: BTreeSet<&&String> = before.keys().chain(after.keys()).collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let line = |name: &&&String| match (before.get(*name), after.get(*name)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => {
            Some(format!("  ~ {name:<width$} = {} -> {}\n", value(old, 4), value(new, 4)))
        }
        (Some(old), None) => Some(format!("  - {name:<width$} = {} -> null\n", value(old, 4))),
        (None, new) => new.map(|new| format!("  + {name:<width$} = {}\n", value(new, 4))),
    };
    let lines: String = names.iter().filter_map(line).collect();
    if lines.is_empty() { lines } else { format!("\nChanges to Outputs:\n{lines}") }
}

/// The question at the end of a plan that is to be carried out.
pub(super) fn question(options: &Options) -> String {
    if options.destroy {
        return "\nDo you really want to destroy all resources?\n  Terraform will destroy all your managed infrastructure, as \
                shown above.\n  There is no undo. Only 'yes' will be accepted to confirm.\n\n  Enter a value: \n"
            .to_owned();
    }
    "\nDo you want to perform these actions?\n  Terraform will perform the actions described above.\n  Only 'yes' will be \
     accepted to approve.\n\n  Enter a value: \n"
        .to_owned()
}

/// The last lines of an apply.
pub(super) fn done(plan: &Plan, options: &Options, [added, changed, destroyed]: [usize; 3]) -> String {
    if options.destroy {
        return format!("\nDestroy complete! Resources: {destroyed} destroyed.\n");
    }
    let mut out =
        format!("\nApply complete! Resources: {added} added, {changed} changed, {destroyed} destroyed.\n");
    if !plan.state.outputs.is_empty() {
        out.push_str("\nOutputs:\n\n");
        out.push_str(&outputs(&plan.state.outputs));
    }
    out
}

/// Outputs, one on a line.
pub(super) fn outputs(outputs: &Map<String, Value>) -> String {
    let line = |(name, output): (&String, &Value)| {
        format!("{name} = {}\n", value(output.get("value").unwrap_or(&Value::Null), 0))
    };
    outputs.iter().map(line).collect()
}

/// `4m2s`.
pub(super) fn lasting(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, s) => format!("{s}s"),
        (m, s) => format!("{m}m{s}s"),
    }
}

fn one(step: &Step) -> String {
    let (kind, name) = step.address.split_once('.').unwrap_or_default();
    let (what, sign) = match step.action {
        Action::Create => ("will be created", "  + "),
        Action::Update => ("will be updated in-place", "  ~ "),
        Action::Delete => ("will be destroyed", "  - "),
        Action::Replace => (step.because, "-/+ "),
        Action::Forget => ("will no longer be managed by Terraform, but will not be destroyed", "  . "),
        Action::Keep => ("has moved", "    "),
    };
    let mut out = match (&step.moved_from, step.action) {
        (Some(from), Action::Keep) => format!("\n  # {from} has moved to {}\n", step.address),
        (Some(from), _) => format!("\n  # {} {what}\n  # (moved from {from})\n", step.address),
        _ => format!("\n  # {} {what}\n", step.address),
    };
    if step.action == Action::Delete && !step.because.is_empty() {
        _ = writeln!(out, "  # (because {} {})", step.address, step.because);
    }
    _ = writeln!(out, "{sign}resource \"{kind}\" \"{name}\" {{");
    let (lines, hidden) = lines(step);
    let width = lines.iter().map(|(_, name, _)| name.len()).max().unwrap_or(0);
    for (sign, name, text) in lines {
        _ = writeln!(out, "      {sign} {name:<width$} = {text}");
    }
    if hidden > 0 {
        let s = if hidden == 1 { "" } else { "s" };
        _ = writeln!(out, "        # ({hidden} unchanged attribute{s} hidden)");
    }
    out.push_str("    }\n");
    out
}

type Line = (char, String, String);

/// The lines of a block, and how many attributes are not shown.
fn lines(step: &Step) -> (Vec<Line>, usize) {
    let names: BTreeSet<&String> = step.before.keys().chain(step.after.keys()).collect();
    let mut lines = Vec::new();
    let mut hidden = 0_usize;
    for name in names {
        let (old, new) = (step.before.get(name), step.after.get(name));
        let shown = |of: &Value| value(of, 8);
        let forces = if step.forced_by.contains(name) { " # forces replacement" } else { "" };
        match (step.action, old, new) {
            (Action::Create, _, Some(new)) => lines.push(('+', name.clone(), shown(new))),
            (Action::Delete, Some(old), _) => {
                lines.push(('-', name.clone(), format!("{} -> null", shown(old))))
            }
            (Action::Update | Action::Replace, Some(old), Some(new)) if old != new => {
                lines.push(('~', name.clone(), format!("{} -> {}{forces}", shown(old), shown(new))));
            }
            (Action::Update | Action::Replace, None, Some(new)) => {
                lines.push(('+', name.clone(), format!("{}{forces}", shown(new))));
            }
            (Action::Update, Some(old), None) => {
                lines.push(('-', name.clone(), format!("{} -> null", shown(old))))
            }
            (_, Some(old), _) if name == "id" => lines.push((' ', name.clone(), shown(old))),
            _ => hidden = hidden.saturating_add(1),
        }
    }
    (lines, hidden)
}

/// A value as the language has it.
pub(super) fn value(of: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent.saturating_add(4).min(200));
    let end = " ".repeat(indent.min(200));
    match of {
        Value::String(text) if text == UNKNOWN => text.clone(),
        Value::Object(map) if !map.is_empty() => {
            let width = map.keys().map(String::len).max().unwrap_or(0).saturating_add(2).min(100);
            let each = map.iter().map(|(key, inner)| {
                format!(
                    "{pad}{:<width$} = {}\n",
                    format!("\"{key}\""),
                    value(inner, indent.saturating_add(4))
                )
            });
            format!("{{\n{}{end}}}", each.collect::<String>())
        }
        Value::Array(items) if !items.is_empty() => {
            let each = items.iter().map(|item| format!("{pad}{},\n", value(item, indent.saturating_add(4))));
            format!("[\n{}{end}]", each.collect::<String>())
        }
        other => other.to_string(),
    }
}
