//! Template functions: `Ref`, `Fn::Sub`, `Fn::GetAtt`, `Fn::Join`, `Fn::If` and their kin, and how values compare.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::stack_template::{Template, invalid};
use crate::call::Refusal;

const FUNCTIONS: &[&str] = &[
    "Fn::And",
    "Fn::Base64",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::Join",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
];

/// Stands for what is known only once a resource has been made, as in the change sets of the real service.
pub(crate) const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Conditions may name each other in a circle; the real service stops such a template too.
const DEPTH_MAX: u8 = 32;
/// Values looked at and bytes written for one property. Conditions and texts that each name the next one twice cost
/// twice as much with every step.
const WORK_MAX: usize = 1 << 20;

pub(crate) fn is_function(key: &str) -> bool {
    FUNCTIONS.contains(&key)
}

/// A scalar as the real service hands it to a resource: everything is text in the end.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether two resolved values are the same to a resource: `7` is `"7"`, `true` is `"true"`.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        _ => as_text(a) == as_text(b),
    }
}

/// A name that a value refers to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reference {
    pub name: String,
    /// By `Fn::GetAtt` rather than `Ref` or `Fn::Sub`.
    pub attribute: bool,
}

/// Everything that a value refers to: resources, parameters and pseudo parameters.
pub(crate) fn references(value: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<Reference>) {
    let mut add = |name: &str, attribute| found.push(Reference { name: name.to_owned(), attribute });
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => match single(map) {
            Some(("Ref", Value::String(name))) => add(name, false),
            Some(("Fn::GetAtt", argument)) => {
                if let Some((name, _)) = attribute(argument) {
                    add(&name, true);
                }
            }
            Some(("Fn::Sub", Value::String(text))) => {
                placeholders(text).iter().for_each(|name| add(head(name), false));
            }
            Some(("Fn::Sub", Value::Array(parts))) => {
                let own = parts.get(1).and_then(Value::as_object);
                let text = parts.first().and_then(Value::as_str).unwrap_or_default();
                let outer =
                    placeholders(text).into_iter().filter(|n| own.is_none_or(|own| !own.contains_key(n)));
                outer.for_each(|name| add(head(&name), false));
                own.into_iter().flat_map(Map::values).for_each(|value| collect(value, found));
            }
            _ => map.values().for_each(|value| collect(value, found)),
        },
        _ => {}
    }
}

fn head(name: &str) -> &str {
    name.split_once('.').map_or(name, |(head, _)| head)
}

fn single(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => Some((key.as_str(), value)),
        _ => None,
    }
}

fn attribute(argument: &Value) -> Option<(String, String)> {
    match argument {
        Value::String(text) => text.split_once('.').map(|(name, at)| (name.to_owned(), at.to_owned())),
        Value::Array(parts) => {
            let name = parts.first().and_then(Value::as_str)?;
            let rest: Vec<&str> = parts.iter().skip(1).filter_map(Value::as_str).collect();
            Some((name.to_owned(), rest.join(".")))
        }
        _ => None,
    }
}

/// The names between `${` and `}`; `${!x}` is the literal `${x}`.
fn placeholders(text: &str) -> Vec<String> {
    let pieces = text.split("${").skip(1).filter_map(|piece| piece.split_once('}'));
    pieces.map(|(name, _)| name.trim().to_owned()).filter(|name| !name.starts_with('!')).collect()
}

/// Where a template's functions find their answers.
pub(crate) struct Scope<'a> {
    pub template: &'a Template,
    pub parameters: &'a BTreeMap<String, String>,
    /// `AWS::Region` and its kin.
    pub pseudo: &'a BTreeMap<&'static str, String>,
    /// `Ref` and `Fn::GetAtt` (with an attribute) of each resource; `None` while it does not stand.
    pub resource: &'a dyn Fn(&str, Option<&str>) -> Option<Value>,
    /// What the present value has cost, against [`WORK_MAX`]; 0 to begin with.
    pub work: Cell<usize>,
}

type Resolved = Result<Option<Value>, Refusal>;

impl Scope<'_> {
    /// The value with its functions resolved. `AWS::NoValue` takes its property away.
    ///
    /// # Errors
    /// `ValidationError` where a function is used wrongly.
    pub fn resolve(&self, value: &Value) -> Result<Value, Refusal> {
        self.work.set(0);
        Ok(self.value(value, 0)?.unwrap_or(Value::Null))
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    /// `ValidationError` where a function is used wrongly.
    pub fn holds(&self, condition: &str) -> Result<bool, Refusal> {
        self.work.set(0);
        self.condition(condition, 0)
    }

    fn spend(&self, work: usize) -> Result<(), Refusal> {
        self.work.set(self.work.get().saturating_add(work));
        if self.work.get() > WORK_MAX {
            return Err(invalid("Template error: a value is too large when its functions are resolved"));
        }
        Ok(())
    }

    fn condition(&self, name: &str, depth: u8) -> Result<bool, Refusal> {
        let found = self.template.section("Conditions").find(|(known, _)| *known == name);
        let (_, value) = found
            .ok_or_else(|| invalid(format!("Template error: unresolved condition dependency {name}")))?;
        self.truth(value, depth)
    }

    fn truth(&self, value: &Value, depth: u8) -> Result<bool, Refusal> {
        let resolved = self.value(value, depth.saturating_add(1))?.unwrap_or(Value::Null);
        Ok(resolved.as_bool().unwrap_or_else(|| as_text(&resolved) == "true"))
    }

    fn value(&self, value: &Value, depth: u8) -> Resolved {
        if depth > DEPTH_MAX {
            return Err(invalid("Template error: functions are nested too deeply or in a circle"));
        }
        self.spend(1)?;
        match value {
            Value::Array(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(self.value(item, depth.saturating_add(1))?);
                }
                Ok(Some(Value::Array(list)))
            }
            Value::Object(map) => match single(map) {
                Some((key, argument)) if key == "Ref" || key == "Condition" && argument.is_string() => {
                    self.name(key, &as_text(argument), depth)
                }
                Some((key, argument)) if key.starts_with("Fn::") => self.function(key, argument, depth),
                _ => self.entries(map, depth),
            },
            other => Ok(Some(other.clone())),
        }
    }

    fn entries(&self, map: &Map<String, Value>, depth: u8) -> Resolved {
        let mut resolved = Map::new();
        for (key, value) in map {
            if let Some(value) = self.value(value, depth.saturating_add(1))? {
                resolved.insert(key.clone(), value);
            }
        }
        Ok(Some(Value::Object(resolved)))
    }

    fn name(&self, key: &str, name: &str, depth: u8) -> Resolved {
        match key {
            "Condition" => self.condition(name, depth.saturating_add(1)).map(|on| Some(json!(on))),
            _ if name == "AWS::NoValue" => Ok(None),
            _ => self.reference(name, None).map(Some),
        }
    }

    fn reference(&self, name: &str, attribute: Option<&str>) -> Result<Value, Refusal> {
        if attribute.is_none() {
            if let Some(value) = self.pseudo.get(name) {
                return Ok(json!(value));
            }
            if let Some(value) = self.parameters.get(name) {
                let list = self.template.parameters.get(name).is_some_and(|p| p.is_list());
                return Ok(if list { json!(value.split(',').collect::<Vec<_>>()) } else { json!(value) });
            }
        }
        if let (Some(attribute), Some(declared)) = (attribute, self.template.resources.get(name))
            && !declared.kind.has_attribute(attribute)
        {
            let what = format!(
                "Requested attribute {attribute} does not exist in schema for {}",
                declared.kind.name
            );
            return Err(invalid(format!("Template error: {what}")));
        }
        (self.resource)(name, attribute).ok_or_else(|| {
            invalid(format!("Template format error: Unresolved resource dependencies [{name}]"))
        })
    }

    fn function(&self, key: &str, argument: &Value, depth: u8) -> Resolved {
        let deeper = depth.saturating_add(1);
        let wrong = || invalid(format!("Template error: {key} is given the wrong kind of argument"));
        if !is_function(key) {
            return Err(invalid(format!("Template error: {key} is not a function that is known here")));
        }
        match key {
            "Fn::GetAtt" => {
                let (name, attribute) = attribute(argument).ok_or_else(wrong)?;
                return self.reference(&name, Some(&attribute)).map(Some);
            }
            "Fn::Sub" => return self.sub(argument, deeper).map(Some),
            "Fn::If" => return self.choose(argument.as_array().ok_or_else(wrong)?, deeper),
            _ => {}
        }
        let argument = self.value(argument, deeper)?.unwrap_or(Value::Null);
        let list = argument.as_array();
        let (first, second) = (list.and_then(|l| l.first()), list.and_then(|l| l.get(1)));
        let truths = || list.into_iter().flatten().map(|v| as_text(v) == "true");
        let result = match key {
            "Fn::Base64" => json!(as_text(&argument)),
            "Fn::Equals" => json!(same(first.ok_or_else(wrong)?, second.ok_or_else(wrong)?)),
            "Fn::Not" => json!(!truths().any(|on| on)),
            "Fn::And" => json!(truths().all(|on| on)),
            "Fn::Or" => json!(truths().any(|on| on)),
            "Fn::Join" => {
                let parts = second.and_then(Value::as_array).ok_or_else(wrong)?;
                let by = first.map(as_text).unwrap_or_default();
                let parts: Vec<String> = parts.iter().map(as_text).collect();
                self.spend(parts.iter().map(|part| part.len().saturating_add(by.len())).sum())?;
                json!(parts.join(&by))
            }
            "Fn::Split" => {
                let by = first.map(as_text).unwrap_or_default();
                json!(as_text(second.ok_or_else(wrong)?).split(by.as_str()).collect::<Vec<_>>())
            }
            "Fn::Select" => {
                let index =
                    first.map(as_text).and_then(|text| text.parse::<usize>().ok()).ok_or_else(wrong)?;
                let found = second.and_then(Value::as_array).and_then(|items| items.get(index));
                found.cloned().ok_or_else(|| {
                    invalid(format!(
                        "Template error: Fn::Select cannot select nonexistent value at index {index}"
                    ))
                })?
            }
            _ => self.find_in_map(list.ok_or_else(wrong)?)?,
        };
        Ok(Some(result))
    }

    fn choose(&self, parts: &[Value], depth: u8) -> Resolved {
        let [condition, yes, no] = parts else {
            return Err(invalid("Template error: Fn::If requires a list argument with three members"));
        };
        let chosen = if self.condition(&as_text(condition), depth)? { yes } else { no };
        self.value(chosen, depth)
    }

    fn find_in_map(&self, keys: &[Value]) -> Result<Value, Refusal> {
        let path: Vec<String> = keys.iter().map(as_text).collect();
        let mappings = self.template.document.get("Mappings").unwrap_or(&Value::Null);
        let found = path.iter().try_fold(mappings, |at, key| at.get(key)).cloned();
        found.ok_or_else(|| invalid(format!("Template error: Unable to get mapping for {}", path.join("::"))))
    }

    fn sub(&self, argument: &Value, depth: u8) -> Result<Value, Refusal> {
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => {
                let text = parts.first().and_then(Value::as_str).unwrap_or_default();
                (text, parts.get(1).and_then(Value::as_object))
            }
            _ => return Err(invalid("Template error: every Fn::Sub takes a string, or a string and a map")),
        };
        let mut result = String::new();
        let mut pieces = text.split("${");
        result.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let (name, before) = (name.trim(), result.len());
            match (name.strip_prefix('!'), own.and_then(|own| own.get(name))) {
                (Some(literal), _) => result.push_str(&format!("${{{literal}}}")),
                (None, Some(value)) => {
                    result.push_str(&as_text(&self.value(value, depth)?.unwrap_or(Value::Null)));
                }
                (None, None) => {
                    let (head, attribute) = name.split_once('.').map_or((name, None), |(h, a)| (h, Some(a)));
                    result.push_str(&as_text(&self.reference(head, attribute)?));
                }
            }
            result.push_str(rest);
            self.spend(result.len().saturating_sub(before))?;
        }
        Ok(json!(result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Parameters: {Size: {Type: Number, Default: 3}, Zones: {Type: CommaDelimitedList, Default: "a,b"}}
Mappings: {Regions: {cn-north-1: {Image: i-1}}}
Conditions: {Big: !Not [!Equals [!Ref Size, 3]], Small: !Not [!Condition Big]}
Resources: {Db: {Type: AWS::RDS::DBInstance}}
"#;

    fn resolved(yaml: &str) -> Result<Value, String> {
        let body = format!("{TEMPLATE}Outputs: {{Out: {{Value: {yaml}}}}}\n");
        let template = Template::parse(&body).map_err(|refusal| refusal.message)?;
        let parameters =
            BTreeMap::from([("Size".to_owned(), "3".to_owned()), ("Zones".to_owned(), "a,b".to_owned())]);
        let pseudo = BTreeMap::from([("AWS::Region", "cn-north-1".to_owned())]);
        let resource = |name: &str, attribute: Option<&str>| {
            Some(json!(format!("<{name} {}>", attribute.unwrap_or("-"))))
        };
        let scope = Scope {
            template: &template,
            parameters: &parameters,
            pseudo: &pseudo,
            resource: &resource,
            work: Cell::new(0),
        };
        let value = template.document.pointer("/Outputs/Out/Value").unwrap();
        scope.resolve(value).map_err(|refusal| refusal.message)
    }

    #[test]
    fn functions_give_what_they_give_in_the_real_service() {
        let cases = [
            ("!Ref Size", json!("3")),
            ("!Ref Zones", json!(["a", "b"])),
            (
                "!Sub \"${AWS::Region}/${Db}/${Db.Endpoint.Address}/${!Db}\"",
                json!("cn-north-1/<Db ->/<Db Endpoint.Address>/${Db}"),
            ),
            ("!Sub [\"${x}-${Size}\", {x: !Ref Db}]", json!("<Db ->-3")),
            ("!GetAtt Db.Endpoint.Port", json!("<Db Endpoint.Port>")),
            ("{\"Fn::GetAtt\": [Db, DBInstanceArn]}", json!("<Db DBInstanceArn>")),
            ("!Join [\"-\", [1, x, !Ref Size]]", json!("1-x-3")),
            ("!Select [1, !Split [\",\", \"a,b,c\"]]", json!("b")),
            ("!FindInMap [Regions, !Ref \"AWS::Region\", Image]", json!("i-1")),
            ("!If [Small, yes-it-is, !Ref Db]", json!("yes-it-is")),
            ("{a: !If [Big, 1, !Ref \"AWS::NoValue\"], b: 2}", json!({"b": 2})),
            ("[!If [Big, 1, !Ref \"AWS::NoValue\"], 2]", json!([2])),
        ];
        for (yaml, wanted) in cases {
            assert_eq!(resolved(yaml), Ok(wanted), "{yaml}");
        }
    }

    #[test]
    fn functions_used_wrongly_are_told() {
        let cases = [
            ("!Select [7, [a]]", "Template error: Fn::Select cannot select nonexistent value at index 7"),
            (
                "!FindInMap [Regions, mars, Image]",
                "Template error: Unable to get mapping for Regions::mars::Image",
            ),
            ("!If [Big, 1]", "Template error: Fn::If requires a list argument with three members"),
            (
                "!GetAtt Db.Colour",
                "Template error: Requested attribute Colour does not exist in schema for AWS::RDS::DBInstance",
            ),
            ("!Frob x", "Template format error: unsupported tag !Frob"),
        ];
        for (yaml, wanted) in cases {
            assert_eq!(resolved(yaml), Err(wanted.to_owned()), "{yaml}");
        }
    }

    #[test]
    fn values_that_grow_without_bound_are_refused() {
        let too_large = "Template error: a value is too large when its functions are resolved";
        let mut text = "x".repeat(40);
        for _ in 0..8 {
            text = format!("!Sub [\"{}\", {{a: {text}}}]", "${a}".repeat(20));
        }
        assert_eq!(resolved(&text), Err(too_large.to_owned()));
        let comma = format!("!Join [{}, [{}x]]", "y".repeat(10_000), "x, ".repeat(1_000));
        assert_eq!(resolved(&comma), Err(too_large.to_owned()));
        // Each condition names the next one twenty times.
        let next =
            |n: u32| format!("C{n}: !Or [{}]\n", vec![format!("!Condition C{}", n + 1); 20].join(", "));
        let conditions: String = (0..5).map(|n| format!("  {}", next(n))).collect();
        let body = format!(
            "Conditions:\n{conditions}  C5: !Equals [1, 2]\nResources: {{Db: {{Type: AWS::RDS::DBInstance}}}}\n"
        );
        let template = Template::parse(&body).unwrap();
        let (parameters, pseudo) = (BTreeMap::new(), BTreeMap::new());
        let resource = |_: &str, _: Option<&str>| None;
        let scope = Scope {
            template: &template,
            parameters: &parameters,
            pseudo: &pseudo,
            resource: &resource,
            work: Cell::new(0),
        };
        assert_eq!(scope.holds("C0").map_err(|refusal| refusal.message), Err(too_large.to_owned()));
        assert_eq!(scope.holds("C4").map_err(|refusal| refusal.message), Ok(false));
    }

    #[test]
    fn templates_that_nest_or_repeat_without_bound_are_refused() {
        let refused = |body: &str| Template::parse(body).err().map(|refusal| refusal.message);
        for body in ["- ".repeat(20_000), "[".repeat(40_000), "? ".repeat(20_000), "{a: ".repeat(9_000)] {
            assert!(
                refused(&body).is_some_and(|text| text.starts_with("Template format error")),
                "{body:.20}"
            );
        }
        let aliases = "a: &a [x]\nb: [*a, *a]\n";
        let text = "Template error: YAML aliases are not allowed in CloudFormation templates";
        assert_eq!(refused(aliases), Some(text.to_owned()));
    }

    #[test]
    fn scalars_compare_by_their_text() {
        assert!(same(&json!({"a": [7, true]}), &json!({"a": ["7", "true"]})));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": null})));
        assert!(!same(&json!([]), &json!("")));
    }
}
