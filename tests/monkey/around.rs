//! What a monkey sees around it: which services a stage has, and the names of what stands there.

use simulators::stage::Stage;

use crate::grammar::Told;

/// The rules that speak to services of this stage that the first scenario does not have.
pub fn own_moods(stage: &Stage) -> Vec<&'static str> {
    let moods = [
        ("dns", stage.dns.is_some()),
        ("docker", stage.docker.is_some()),
        ("drizzle", stage.files.contains_key("repo/drizzle.config.ts")),
        ("elastic", !stage.search.is_empty()),
        ("gam", !stage.mailbox.is_empty()),
        ("kafka", !stage.broker.is_empty()),
        ("kms", !stage.key.is_empty()),
        ("kubectl", stage.cluster.is_some()),
        ("prisma", stage.files.keys().any(|path| path.ends_with("schema.prisma"))),
        ("redis", !stage.cache.is_empty()),
        ("share", !stage.share.is_empty()),
        ("ssh", !stage.host.is_empty()),
        ("terraform", !stage.terraform.is_empty()),
        ("tram", stage.platform.is_some()),
    ];
    moods.into_iter().filter(|(_, is_there)| *is_there).map(|(mood, _)| mood).collect()
}

/// The names that it has from the beginning, by the rule that each can stand for.
pub fn seen(stage: &Stage) -> Told {
    let mut told = Told::new();
    let mut tell = |rule: &'static str, names: Vec<String>| {
        if !names.is_empty() {
            told.entry(rule).or_default().extend(names);
        }
    };
    if let Some(docker) = &stage.docker {
        tell("container", docker.container.iter().map(|container| container.name.clone()).collect());
        tell("volume", docker.volume.iter().map(|volume| volume.name.clone()).collect());
    }
    if let Some(dns) = &stage.dns {
        tell("zone", dns.zone.iter().map(|zone| zone.id.clone()).collect());
    }
    for search in &stage.search {
        tell("es-index", search.index.iter().map(|index| index.name.clone()).collect());
    }
    for broker in &stage.broker {
        tell("topic", broker.topic.iter().map(|topic| topic.name.clone()).collect());
        tell("topic-group", broker.group.iter().map(|group| group.name.clone()).collect());
    }
    for context in stage.cluster.iter().flat_map(|cluster| &cluster.context) {
        tell("kubectl-context", vec![context.name.clone()]);
        let (named, namespaces) = objects(stage.files.get(&context.objects).map_or("", String::as_str));
        tell("kubectl-named", named);
        tell("kubectl-in", namespaces.into_iter().map(|name| format!("-n {name}")).collect());
    }
    tell("ssh-host", stage.host.iter().map(|host| host.name.clone()).collect());
    for terraform in &stage.terraform {
        let folder = format!("repo/{}", terraform.folder);
        let files = stage.files.iter().filter(|(path, _)| path.starts_with(&folder) && path.ends_with(".tf"));
        let lines =
            files.flat_map(|(_, text)| text.lines()).filter_map(|line| line.strip_prefix("resource "));
        let addresses = lines.map(|line| line.trim_end_matches(" {").replace("\" \"", ".").replace('"', ""));
        tell("terraform-address", addresses.collect());
    }
    told
}

/// What a file of a cluster's objects names, as `kind/name -n namespace`, and its namespaces.
fn objects(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut named, mut namespaces) = (Vec::new(), Vec::new());
    for object in text.split("\n---\n") {
        let of = |key: &str| object.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let (Some(kind), Some(name)) = (of("kind: "), of("  name: ")) else { continue };
        match (kind, of("  namespace: ")) {
            ("Node", _) => {}
            ("Namespace", _) => {
                namespaces.push(name.to_owned());
                named.push(format!("ns/{name}"));
            }
            (_, Some(namespace)) => named.push(format!("{}/{name} -n {namespace}", kind.to_lowercase())),
            (_, None) => named.push(format!("{}/{name}", kind.to_lowercase())),
        }
    }
    (named, namespaces)
}
