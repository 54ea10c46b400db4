//! Parameters of templates: their declarations, and the values that a caller gives.

use std::collections::BTreeMap;

use serde_json::Value;

use super::stack_template::{Template, invalid};
use super::stack_values::as_text;
use crate::call::{Call, Refusal};

/// A parameter as a template declares it.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub kind: String,
    pub default: Option<String>,
    pub allowed: Vec<String>,
    pub pattern: Option<String>,
    /// Its value is never shown.
    pub no_echo: bool,
    pub description: String,
}

impl Parameter {
    pub fn is_list(&self) -> bool {
        self.kind == "CommaDelimitedList" || self.kind.starts_with("List<")
    }
}

/// The parameters that a template's section declares.
///
/// # Errors
/// `ValidationError` for an entry without a type, or with one that does not exist.
pub(crate) fn declared(section: Option<&Value>) -> Result<BTreeMap<String, Parameter>, Refusal> {
    let entries = section.and_then(Value::as_object).into_iter().flatten();
    entries.map(|(name, entry)| Ok((name.clone(), one(name, entry)?))).collect()
}

fn one(name: &str, entry: &Value) -> Result<Parameter, Refusal> {
    let text = |key: &str| entry.get(key).map(as_text);
    let Some(kind) = text("Type") else {
        let what = format!(
            "Template format error: [/Parameters/{name}] Every Parameters object must contain a Type member."
        );
        return Err(invalid(what));
    };
    let known = ["String", "Number", "CommaDelimitedList"].contains(&kind.as_str())
        || kind.starts_with("List<")
        || kind.starts_with("AWS::");
    if !known {
        return Err(invalid(format!("Template format error: Unrecognized parameter type: {kind}")));
    }
    let allowed = entry.get("AllowedValues").and_then(Value::as_array);
    Ok(Parameter {
        kind,
        default: text("Default"),
        allowed: allowed.into_iter().flatten().map(as_text).collect(),
        pattern: text("AllowedPattern"),
        no_echo: text("NoEcho").is_some_and(|on| on == "true"),
        description: text("Description").unwrap_or_default(),
    })
}

/// The values of all parameters: what the call gives, else the previous value where the call asks for it, else the default.
///
/// # Errors
/// `ValidationError` for names that the template does not have, values missing, or values not allowed.
pub(crate) fn given(
    call: &Call,
    template: &Template,
    previous: Option<&BTreeMap<String, String>>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut values = BTreeMap::new();
    let mut unknown = Vec::new();
    for entry in call.args.get("Parameters").and_then(Value::as_array).into_iter().flatten() {
        let key = entry.get("ParameterKey").map(as_text).unwrap_or_default();
        let keep = entry.get("UsePreviousValue").map(as_text).is_some_and(|on| on == "true");
        if !template.parameters.contains_key(&key) {
            unknown.push(key);
        } else if keep {
            let before = previous.ok_or_else(|| {
                invalid(
                    "Invalid input for parameter: UsePreviousValue is not for stacks that are being created",
                )
            })?;
            values.extend(before.get(&key).map(|value| (key, value.clone())));
        } else if let Some(value) = entry.get("ParameterValue") {
            values.insert(key, as_text(value));
        }
    }
    if !unknown.is_empty() {
        return Err(invalid(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    complete(values, template)
}

/// Fills in defaults and holds every value against its declaration.
///
/// # Errors
/// `ValidationError` for values missing or not allowed.
pub(crate) fn complete(
    mut values: BTreeMap<String, String>,
    template: &Template,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut missing = Vec::new();
    for (name, parameter) in &template.parameters {
        let Some(value) = values.get(name).or(parameter.default.as_ref()).cloned() else {
            missing.push(name.as_str());
            continue;
        };
        check(name, parameter, &value)?;
        values.insert(name.clone(), value);
    }
    if missing.is_empty() {
        return Ok(values);
    }
    Err(invalid(format!("Parameters: [{}] must have values", missing.join(", "))))
}

fn check(name: &str, parameter: &Parameter, value: &str) -> Result<(), Refusal> {
    if !parameter.allowed.is_empty() && !parameter.allowed.iter().any(|allowed| allowed == value) {
        let allowed = parameter.allowed.join(", ");
        return Err(invalid(format!("Parameter '{name}' must be one of AllowedValues [{allowed}]")));
    }
    if parameter.kind == "Number" && value.parse::<f64>().is_err() {
        return Err(invalid(format!("Parameter '{name}' must be a number.")));
    }
    let pattern = parameter.pattern.as_ref().and_then(|p| regex_lite::Regex::new(&format!("^(?:{p})$")).ok());
    if pattern.is_some_and(|pattern| !pattern.is_match(value)) {
        let wanted = parameter.pattern.as_deref().unwrap_or_default();
        return Err(invalid(format!("Parameter '{name}' must match pattern {wanted}")));
    }
    Ok(())
}
