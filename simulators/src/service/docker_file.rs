//! The file of a Compose project: its services and volumes, as far as they matter here.

use serde_json::Value;

use super::{stack_template, workspace};
use crate::World;
use crate::call::{Call, Refusal};

/// A project as its file says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    pub name: String,
    pub services: Vec<Service>,
    /// Each by its key, with the name that it has on the machine; an external one was made by others.
    pub volumes: Vec<(String, String, bool)>,
    pub text: String,
}

/// A service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Service {
    pub name: String,
    pub image: String,
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    /// Source, target.
    pub mounts: Vec<(String, String)>,
    /// Another service, and whether it has to have ended well.
    pub needs: Vec<(String, bool)>,
    pub ports: Vec<String>,
    pub profiles: Vec<String>,
}

/// Files that a project is looked for in.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

impl Project {
    /// The project that a call is about.
    ///
    /// # Errors
    /// There is no file, or it cannot be read.
    pub fn of(world: &World, call: &Call) -> Result<Self, Refusal> {
        Self::named(world, call.text("file"), call.text("project-name"))
    }

    /// The project of a file, or of the one that is looked for.
    ///
    /// # Errors
    /// There is no file, or it cannot be read.
    pub fn named(world: &World, file: Option<&str>, name: Option<&str>) -> Result<Self, Refusal> {
        let found = match file {
            Some(path) => workspace::read_file(world, path),
            None => NAMES.iter().find_map(|path| workspace::read_file(world, path)),
        };
        let text = found.ok_or_else(|| match file {
            Some(path) => Refusal::new(
                "plain",
                format!("open {}/{path}: no such file or directory", workspace::root(world)),
            ),
            None => Refusal::new("plain", "no configuration file provided: not found"),
        })?;
        let whole = stack_template::read(&text)
            .map_err(|_| Refusal::new("plain", "yaml: the project's file cannot be read"))?;
        Self::read(world, &whole, text, name)
    }

    fn read(world: &World, whole: &Value, text: String, name: Option<&str>) -> Result<Self, Refusal> {
        let root = workspace::root(world);
        let folder = root.rsplit('/').next().unwrap_or_default();
        let own = whole.get("name").and_then(Value::as_str).unwrap_or(folder);
        let name = name.unwrap_or(own).to_owned();
        let mut project = Self { name, text, ..Self::default() };
        for (key, volume) in whole.get("volumes").and_then(Value::as_object).into_iter().flatten() {
            let external = volume.get("external").and_then(Value::as_bool).unwrap_or(false);
            let plain = if external { key.clone() } else { format!("{}_{key}", project.name) };
            let named = volume.get("name").and_then(Value::as_str).map_or(plain, str::to_owned);
            project.volumes.push((key.clone(), named, external));
        }
        let services = whole.get("services").and_then(Value::as_object);
        let services =
            services.ok_or_else(|| Refusal::new("plain", "empty compose file: no service is defined"))?;
        project.services = services.iter().map(|(name, service)| read_service(name, service)).collect();
        for service in &project.services {
            let unknown = service.needs.iter().find(|(other, _)| project.service(other).is_none());
            if let Some((other, _)) = unknown {
                let text = format!(
                    "service \"{}\" depends on undefined service \"{other}\": invalid compose project",
                    service.name
                );
                return Err(Refusal::new("plain", text));
            }
            let stray = service.mounts.iter().find(|(source, _)| {
                is_volume(source) && project.volumes.iter().all(|(key, ..)| key != source)
            });
            if let Some((source, _)) = stray {
                let text = format!(
                    "service \"{}\" refers to undefined volume {source}: invalid compose project",
                    service.name
                );
                return Err(Refusal::new("plain", text));
            }
        }
        Ok(project)
    }

    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The volumes of a service, by the names that they have on the machine.
    pub fn volumes_of(&self, service: &Service) -> Vec<String> {
        let named = |(source, _): &(String, String)| {
            self.volumes.iter().find(|(key, ..)| key == source).map(|(_, name, _)| name.clone())
        };
        service.mounts.iter().filter_map(named).collect()
    }

    /// The container of a service.
    pub fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.name)
    }

    /// Services in the order in which they are started: those asked for and what they need, or all that have no profile.
    pub fn in_order(&self, wanted: &[String], with_needs: bool) -> Result<Vec<&Service>, Refusal> {
        if let Some(unknown) = wanted.iter().find(|name| self.service(name).is_none()) {
            return Err(Refusal::new("plain", format!("no such service: {unknown}")));
        }
        let mut order: Vec<&Service> = Vec::new();
        let asked: Vec<&Service> = match wanted.is_empty() {
            true => self.services.iter().filter(|service| service.profiles.is_empty()).collect(),
            false => wanted.iter().filter_map(|name| self.service(name)).collect(),
        };
        for service in asked {
            self.put(service, with_needs, &mut order, 0);
        }
        Ok(order)
    }

    fn put<'p>(&'p self, service: &'p Service, with_needs: bool, order: &mut Vec<&'p Service>, depth: usize) {
        if depth > self.services.len() || order.iter().any(|other| other.name == service.name) {
            return;
        }
        if with_needs {
            for needed in service.needs.iter().filter_map(|(name, _)| self.service(name)) {
                self.put(needed, true, order, depth.saturating_add(1));
            }
        }
        if order.iter().all(|other| other.name != service.name) {
            order.push(service);
        }
    }
}

/// A source that is no path is a volume.
pub(super) fn is_volume(source: &str) -> bool {
    !source.starts_with(['.', '/', '~'])
}

fn read_service(name: &str, service: &Value) -> Service {
    let text = |key: &str| service.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let image = match text("image") {
        image if image.is_empty() => format!("{name}-built"),
        image => image,
    };
    let list = |key: &str| -> Vec<String> {
        match service.get(key) {
            Some(Value::String(line)) => shell_words::split(line).unwrap_or_default(),
            Some(Value::Array(all)) => {
                all.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect()
            }
            _ => Vec::new(),
        }
    };
    let mount = |entry: &Value| {
        let part = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match entry.as_str().map(|line| line.split(':').collect::<Vec<_>>()) {
            Some(parts) => {
                Some(((*parts.first()?).to_owned(), parts.get(1).copied().unwrap_or_default().to_owned()))
            }
            None => Some((part("source"), part("target"))),
        }
    };
    let mounts = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let needs = match service.get("depends_on") {
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(|name| (name.to_owned(), false)).collect()
        }
        Some(Value::Object(all)) => {
            let ends =
                |on: &Value| on.get("condition") == Some(&Value::from("service_completed_successfully"));
            all.iter().map(|(name, on)| (name.clone(), ends(on))).collect()
        }
        _ => Vec::new(),
    };
    Service {
        name: name.to_owned(),
        image,
        entrypoint: list("entrypoint"),
        command: list("command"),
        mounts: mounts.filter_map(mount).collect(),
        needs,
        ports: list("ports"),
        profiles: list("profiles"),
    }
}
