//! The names of the APIs that the stage's templates make, read from the templates' text alone.
//!
//! A dependent that calls an API of which nobody has heard would poll 503 for a whole trial, and every mark would show
//! downtime that no agent caused. So the name is checked where it is written, before a world is built.

use saphyr::{LoadableYamlNode, Yaml};

use crate::stage::{Stack, Stage};

const API: &str = "AWS::ApiGateway::RestApi";

/// The names of all APIs of all stacks; `None` if any of them cannot be told without the stack engine.
pub(crate) fn api_names(stage: &Stage) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for stack in &stage.stack {
        names.extend(names_of(stack, stage.template_text(&stack.template)?)?);
    }
    Some(names)
}

fn names_of(stack: &Stack, template: &str) -> Option<Vec<String>> {
    let docs = Yaml::load_from_str(template).ok()?;
    let resources = docs.first().and_then(|doc| field(doc, "Resources"))?.as_mapping()?;
    let is_api = |resource: &&Yaml<'_>| field(resource, "Type").and_then(Yaml::as_str) == Some(API);
    let apis = resources.iter().map(|(_, resource)| resource).filter(is_api);
    apis.map(|api| resolved(field(field(api, "Properties")?, "Name")?, stack)).collect()
}

fn field<'y>(node: &'y Yaml<'y>, key: &str) -> Option<&'y Yaml<'y>> {
    node.as_mapping()?.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
}

/// A plain text, or `!Sub` of the stack's name and its parameters.
fn resolved(name: &Yaml<'_>, stack: &Stack) -> Option<String> {
    let (substituted, text) = match name {
        Yaml::Tagged(tag, inner) if tag.suffix == "Sub" => (true, inner.as_str()?),
        Yaml::Mapping(_) => (true, field(name, "Fn::Sub")?.as_str()?),
        Yaml::Tagged(..) => return None,
        plain => (false, plain.as_str()?),
    };
    if !substituted {
        return Some(text.to_owned());
    }
    let mut text = text.replace("${AWS::StackName}", &stack.name);
    for (key, value) in &stack.parameters {
        text = text.replace(&format!("${{{key}}}"), value);
    }
    (!text.contains("${")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(properties: &str) -> Option<Vec<String>> {
        let template = format!("Resources:\n  Api:\n    Properties: {properties}\n    Type: {API}\n");
        let stack: Stack = toml::from_str(
            "name = 'web'\nenvironment = 'production'\ntemplate = 'web.yaml'\nstatus = 'CREATE_COMPLETE'\n\
             created = '2025-12-01T00:00:00Z'\nparameters = { Suffix = 'v2' }\n",
        )
        .unwrap();
        names_of(&stack, &template)
    }

    #[test]
    fn names_of_apis() {
        let cases = [
            ("{ Name: web-api }", Some("web-api")),
            ("{ Name: !Sub '${AWS::StackName}-${Suffix}' }", Some("web-v2")),
            ("{ Name: { 'Fn::Sub': '${AWS::StackName}' } }", Some("web")),
            ("{ Name: '${Suffix}' }", Some("${Suffix}")),
            // What only the stack engine can tell is not guessed.
            ("{ Name: !Sub '${Other.Arn}' }", None),
            ("{ Name: !Ref Suffix }", None),
            ("{ Description: unnamed }", None),
        ];
        for (properties, expected) in cases {
            assert_eq!(names(properties), expected.map(|name| vec![name.to_owned()]), "{properties}");
        }
    }
}
