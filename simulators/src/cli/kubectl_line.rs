//! One line of `kubectl`: what it names, and the call that it becomes.

use serde_json::{Map, Value, json};

use super::kubectl::{form, gap, read_manifests, says, wrong};
use super::kubectl_print::{Form, Output};
use super::kubectl_usage::Command;
use super::options::Given;
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Service};
use crate::service::{cluster_kinds as kinds, cluster_objects};

/// A line, taken apart.
pub(super) struct Line<'w> {
    pub world: &'w World,
    pub command: &'static Command,
    pub given: Given,
}

impl Line<'_> {
    fn context(&self) -> String {
        self.given.text("context").map_or_else(|| cluster_objects::current(self.world), str::to_owned)
    }

    fn namespace(&self) -> String {
        let set = || cluster_objects::namespace(self.world, &self.context());
        self.given.text("namespace").map_or_else(set, str::to_owned)
    }

    /// What it asks for.
    ///
    /// # Errors
    /// What the tool answers by itself.
    pub fn call(mut self) -> Result<Parsed, Box<Parsed>> {
        self.dry()?;
        match self.command.words {
            "get" => self.looks("Get"),
            "describe" => self.looks("Describe"),
            "events" => self.events(),
            "logs" => self.logs(),
            "delete" => self.delete(),
            "apply" => self.manifests("Apply"),
            "create" => self.manifests("Create"),
            "replace" => self.manifests("Replace"),
            "diff" => self.manifests("Diff"),
            "create namespace" => self.create_namespace(),
            "patch" => self.patch(),
            "label" => self.mark("labels"),
            "annotate" => self.mark("annotations"),
            "scale" => self.on_named("Scale"),
            "set image" => self.set_image(),
            "rollout status" => self.on_named("RolloutStatus"),
            "rollout history" => self.on_named("RolloutHistory"),
            "rollout restart" => self.on_named("RolloutRestart"),
            "rollout undo" => self.on_named("RolloutUndo"),
            "wait" => self.on_named("Wait"),
            "auth can-i" => self.can_i(),
            "exec" => self.exec(),
            "api-resources" => Err(says(Reply::ok(self.kinds()), false)),
            "version" => Err(says(Reply::ok(version(&self.given)), false)),
            "cluster-info" => Ok(self.contexts(Form::Info)),
            "config view" => Ok(self.contexts(Form::View)),
            "config current-context" => Ok(self.contexts(Form::Current)),
            "config get-contexts" => match self.given.text("output") {
                Some("name") => Ok(self.contexts(Form::ContextNames)),
                _ => Ok(self.contexts(Form::Contexts)),
            },
            _ => self.use_context(),
        }
    }

    /// The call, with what it is about.
    fn made(&mut self, operation: &str, targets: Vec<String>, output: Output) -> Parsed {
        let context = self.context();
        let mut args = std::mem::take(&mut self.given.options);
        args.retain(|name, _| !name.starts_with('_') && name != "filename");
        args.insert("context".to_owned(), context.clone().into());
        let target = targets.first().cloned().unwrap_or(context);
        if !targets.is_empty() {
            args.insert("targets".to_owned(), targets.into());
        }
        Parsed::Call(Call::new(Service::Cluster, operation, &target, args), Render::Kubectl(Box::new(output)))
    }

    fn target(&self, kind: &kinds::Kind, name: &str) -> String {
        let name = if name.is_empty() { "*" } else { name };
        match self.given.has("all-namespaces") {
            true => self.place(kind, "*", name),
            false => self.place(kind, &self.namespace(), name),
        }
    }

    fn place(&self, kind: &kinds::Kind, namespace: &str, name: &str) -> String {
        let namespace = if kind.namespaced { format!("{namespace}/") } else { String::new() };
        format!("{}/{namespace}{}/{name}", self.context(), kind.plural)
    }

    /// Where a manifest puts what it describes.
    fn place_of(&self, manifest: &Value) -> String {
        let text = |at: &str| manifest.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let name = text("/metadata/name");
        match (kinds::find(text("/kind")), text("/metadata/namespace")) {
            (Some(kind), "") => self.place(kind, &self.namespace(), name),
            (Some(kind), namespace) => self.place(kind, namespace, name),
            (None, _) => format!("{}/{name}", self.context()),
        }
    }

    /// The kinds and names that the arguments stand for: `TYPE NAME…`, `TYPE/NAME…`, `TYPE,TYPE`.
    fn resources(&self, args: &[String]) -> Result<Vec<(&'static kinds::Kind, String)>, Box<Parsed>> {
        let kinds = |word: &str| -> Result<Vec<&'static kinds::Kind>, Box<Parsed>> {
            let mut found = Vec::new();
            for name in word.split(',').filter(|name| !name.is_empty()) {
                if name == "all" {
                    found.extend(kinds::all().iter().filter(|kind| kind.in_all));
                } else {
                    let text = format!("error: the server doesn't have a resource type \"{name}\"");
                    found.push(kinds::find(name).ok_or_else(|| wrong(text))?);
                }
            }
            Ok(found)
        };
        let Some((first, names)) = args.split_first() else { return Ok(Vec::new()) };
        if first.contains('/') {
            let mut all = Vec::new();
            for word in args {
                let Some((kind, name)) = word.split_once('/') else {
                    let text = "error: there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";
                    return Err(wrong(text));
                };
                all.extend(kinds(kind)?.into_iter().map(|kind| (kind, name.to_owned())));
            }
            return Ok(all);
        }
        let kinds = kinds(first)?;
        match names.is_empty() {
            true => Ok(kinds.into_iter().map(|kind| (kind, String::new())).collect()),
            false => {
                Ok(kinds.iter().flat_map(|kind| names.iter().map(|name| (*kind, name.clone()))).collect())
            }
        }
    }

    /// Puts what the line names into its arguments; says what they are.
    fn name(&mut self, args: &[String]) -> Result<Vec<String>, Box<Parsed>> {
        let named = self.resources(args)?;
        let selects = self.given.has("selector") || self.given.has("field-selector");
        if selects && named.iter().any(|(_, name)| !name.is_empty()) {
            return Err(wrong("error: name cannot be provided when a selector is specified"));
        }
        let targets = named.iter().map(|(kind, name)| self.target(kind, name)).collect();
        let each = named.iter().map(|(kind, name)| json!({"kind": kind.plural, "name": name}));
        let each: Vec<Value> = each.collect();
        self.given.options.insert("resources".to_owned(), each.into());
        Ok(targets)
    }

    fn files(&mut self) -> Result<Vec<String>, Box<Parsed>> {
        let mut all = Vec::new();
        for name in self.given.texts("filename") {
            if name.contains("://") {
                return Err(gap("a manifest from an address"));
            }
            all.extend(read_manifests(self.world, name)?);
        }
        let targets = all.iter().map(|manifest| self.place_of(manifest)).collect();
        if !all.is_empty() {
            self.given.options.insert("objects".to_owned(), all.into());
        }
        Ok(targets)
    }

    fn looks(&mut self, operation: &str) -> Result<Parsed, Box<Parsed>> {
        let args = std::mem::take(&mut self.given.args);
        let mut targets = self.files()?;
        if args.is_empty() && targets.is_empty() {
            let text = "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n\nerror: Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples";
            return Err(wrong(text));
        }
        targets.extend(self.name(&args)?);
        let several = args.first().is_some_and(|word| word == "all" || word.contains(','));
        let form = match operation {
            "Describe" => Form::Described,
            _ => form(self.given.text("output"))?,
        };
        let columns = self.given.texts("label-columns");
        let output = Output {
            is_one: args.len() == if args.first().is_some_and(|word| word.contains('/')) { 1 } else { 2 },
            shows_kind: several || self.given.has("show-kind"),
            everywhere: self.given.has("all-namespaces"),
            labels: self.given.has("show-labels"),
            columns: columns.into_iter().flat_map(|all| all.split(',')).map(str::to_owned).collect(),
            headers: !self.given.has("no-headers"),
            quiet: self.given.has("ignore-not-found"),
            sorted: self.given.text("sort-by").map(str::to_owned),
            ..Output::new(form)
        };
        Ok(self.made(operation, targets, output))
    }

    fn events(&mut self) -> Result<Parsed, Box<Parsed>> {
        if let Some(word) = self.given.args.first() {
            return Err(wrong(format!("error: unknown command \"{word}\" for \"kubectl events\"")));
        }
        if let Some((_, name)) = self.given.text("for").and_then(|about| about.split_once('/')) {
            let about = format!("involvedObject.name={name}");
            self.given.options.insert("field-selector".to_owned(), about.into());
        }
        self.given.args = vec!["events".to_owned()];
        self.looks("Get")
    }

    fn logs(&mut self) -> Result<Parsed, Box<Parsed>> {
        let args = std::mem::take(&mut self.given.args);
        let Some(word) = args.first() else {
            return Err(wrong(
                "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command\nSee 'kubectl logs -h' for help and examples",
            ));
        };
        let named = if word.contains('/') { word.clone() } else { format!("pods/{word}") };
        let targets = self.name(&[named])?;
        Ok(self.made("Logs", targets, Output::new(Form::Plain)))
    }

    fn delete(&mut self) -> Result<Parsed, Box<Parsed>> {
        let args = std::mem::take(&mut self.given.args);
        let mut targets = self.files()?;
        let named = names_things(&args);
        let all = self.given.has("all");
        let selects = self.given.has("selector") || self.given.has("field-selector");
        if args.is_empty() && targets.is_empty() {
            return Err(wrong(
                "error: You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
            ));
        }
        if named && all {
            return Err(wrong("error: setting 'all' parameter but found a non empty selector. "));
        }
        // As the versions of 2018 and 2019 worded it, which cost people their clusters; today's ask for a name alone.
        if !args.is_empty() && !named && !all && !selects {
            return Err(wrong(
                "error: resource(s) were provided, but no name, label selector, or --all flag specified",
            ));
        }
        targets.extend(self.name(&args)?);
        Ok(self.made("Delete", targets, Output::new(Form::Plain)))
    }

    /// `--dry-run` alone means that the client answers.
    fn dry(&mut self) -> Result<(), Box<Parsed>> {
        let Some(how) = self.given.text("dry-run").map(str::to_owned) else { return Ok(()) };
        let how = if how.is_empty() { "client".to_owned() } else { how };
        if !["none", "client", "server"].contains(&how.as_str()) {
            return Err(wrong(format!(
                "error: Invalid dry-run value ({how}). Must be \"none\", \"server\", or \"client\"."
            )));
        }
        self.given.options.insert("dry-run".to_owned(), how.into());
        Ok(())
    }

    fn manifests(&mut self, operation: &str) -> Result<Parsed, Box<Parsed>> {
        if let Some(word) = self.given.args.first() {
            return Err(wrong(format!(
                "error: Unexpected args: [{word}]\nSee 'kubectl {} -h' for help and examples",
                self.command.words
            )));
        }
        let targets = self.files()?;
        if targets.is_empty() {
            return Err(wrong("error: must specify one of -f and -k"));
        }
        Ok(self.made(operation, targets, Output::new(Form::Plain)))
    }

    fn create_namespace(&mut self) -> Result<Parsed, Box<Parsed>> {
        let [name] = self.given.args.as_slice() else {
            return Err(wrong(format!(
                "error: exactly one NAME is required, got {}\nSee 'kubectl create namespace -h' for help and examples",
                self.given.args.len()
            )));
        };
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        if self.given.text("dry-run") == Some("client") && self.given.text("output") == Some("yaml") {
            return Err(says(Reply::ok(super::kubectl_text::yaml(&object)), false));
        }
        let targets = vec![self.place_of(&object)];
        self.given.options.insert("objects".to_owned(), json!([object]));
        Ok(self.made("Create", targets, Output::new(Form::Plain)))
    }

    /// A command on what is named and nothing else.
    fn on_named(&mut self, operation: &str) -> Result<Parsed, Box<Parsed>> {
        let args = std::mem::take(&mut self.given.args);
        let mut targets = self.files()?;
        if args.is_empty() && targets.is_empty() {
            return Err(wrong(format!(
                "error: required resource not specified\nSee 'kubectl {} -h' for help and examples",
                self.command.words
            )));
        }
        if !names_things(&args) && targets.is_empty() && !self.given.has("all") && !self.given.has("selector")
        {
            return Err(wrong("error: resource(s) were provided, but no name was specified"));
        }
        targets.extend(self.name(&args)?);
        Ok(self.made(operation, targets, Output::new(Form::Plain)))
    }

    fn patch(&mut self) -> Result<Parsed, Box<Parsed>> {
        let how = self.given.text("type").unwrap_or("strategic").to_owned();
        if !["json", "merge", "strategic"].contains(&how.as_str()) {
            return Err(wrong(format!("error: --type must be one of [json merge strategic], not \"{how}\"")));
        }
        let Some(text) = self.given.text("patch").filter(|text| !text.is_empty()) else {
            return Err(wrong(
                "error: must specify --patch or --patch-file containing the contents of the patch",
            ));
        };
        let found =
            cluster_objects::documents(text).ok().and_then(|mut all| (all.len() == 1).then(|| all.remove(0)));
        let fits = |patch: &Value| if how == "json" { patch.is_array() } else { patch.is_object() };
        let Some(patch) = found.filter(fits) else {
            return Err(wrong(format!(
                "error: unable to parse \"{text}\": yaml: did not find expected content"
            )));
        };
        self.given.options.insert("patch".to_owned(), patch);
        self.on_named("Patch")
    }

    /// `key=value` and `key-` behind what is named.
    fn mark(&mut self, on: &str) -> Result<Parsed, Box<Parsed>> {
        let args = std::mem::take(&mut self.given.args);
        let is_mark = |word: &String| word.contains('=') || word.ends_with('-');
        let (marks, named): (Vec<String>, Vec<String>) = args.into_iter().partition(is_mark);
        if marks.is_empty() {
            let what = on.trim_end_matches('s');
            return Err(wrong(format!("error: at least one {what} update is required")));
        }
        let each = marks.iter().map(|mark| match mark.split_once('=') {
            Some((key, value)) => (key.to_owned(), Value::from(value)),
            None => (mark.trim_end_matches('-').to_owned(), Value::Null),
        });
        let each: Map<String, Value> = each.collect();
        self.given.options.insert("marks".to_owned(), each.into());
        self.given.options.insert("on".to_owned(), on.into());
        self.given.args = named;
        self.on_named("Mark")
    }

    fn set_image(&mut self) -> Result<Parsed, Box<Parsed>> {
        let args = std::mem::take(&mut self.given.args);
        let (images, named): (Vec<String>, Vec<String>) =
            args.into_iter().partition(|word| word.contains('='));
        if images.is_empty() {
            return Err(wrong("error: at least one image update is required"));
        }
        let each: Map<String, Value> = images
            .iter()
            .filter_map(|image| image.split_once('='))
            .map(|(name, image)| (name.to_owned(), Value::from(image)))
            .collect();
        self.given.options.insert("images".to_owned(), each.into());
        self.given.args = named;
        self.on_named("SetImage")
    }

    fn can_i(&mut self) -> Result<Parsed, Box<Parsed>> {
        let args = std::mem::take(&mut self.given.args);
        let (Some(verb), Some(what)) = (args.first(), args.get(1)) else {
            return Err(wrong(
                "error: you must specify two arguments: verb resource or verb resource/resourceName.",
            ));
        };
        let (kind, name) = what.split_once('/').unwrap_or((what, ""));
        let name = args.get(2).map_or(name, String::as_str);
        for (key, value) in [("verb", verb.as_str()), ("kind", kind), ("name", name)] {
            if !value.is_empty() {
                self.given.options.insert(key.to_owned(), value.into());
            }
        }
        Ok(self.made("CanI", Vec::new(), Output::new(Form::Plain)))
    }

    /// `exec POD -- psql …`: what runs in the pod of a database speaks to that database.
    fn exec(&mut self) -> Result<Parsed, Box<Parsed>> {
        let pod = self.given.args.first().cloned().unwrap_or_default();
        let pod = pod.rsplit('/').next().unwrap_or_default().to_owned();
        let (context, namespace) = (self.context(), self.namespace());
        let Some(database) = cluster_objects::database_of(self.world, (&context, &namespace, &pod)) else {
            return Err(match cluster_objects::has_pod(self.world, (&context, &namespace, &pod)) {
                true => gap("a command in this pod"),
                false => wrong(format!("Error from server (NotFound): pods \"{pod}\" not found")),
            });
        };
        match self.given.paths.split_first() {
            Some((tool, rest)) if tool == "psql" => {
                let words = ["psql".to_owned(), "-h".to_owned(), database];
                let words: Vec<String> = words.into_iter().chain(rest.iter().cloned()).collect();
                Ok(super::psql::parse(self.world, &words))
            }
            Some((tool, _)) => Err(gap(&format!("{tool} in a pod"))),
            None => Err(wrong("error: you must specify at least one command for the container")),
        }
    }

    fn contexts(&mut self, form: Form) -> Parsed {
        let output = Output { headers: !self.given.has("no-headers"), ..Output::new(form) };
        self.made("GetContexts", Vec::new(), output)
    }

    fn use_context(&mut self) -> Result<Parsed, Box<Parsed>> {
        let named = self.given.args.first().cloned();
        let sets = self.command.words == "config set-context";
        let name = match named {
            Some(name) => name,
            None if sets && self.given.has("current") => self.context(),
            None => {
                return Err(wrong(format!(
                    "error: you must specify a context\nSee 'kubectl {} -h' for help and examples",
                    self.command.words
                )));
            }
        };
        if sets && !self.given.has("namespace") {
            return Err(gap("a context that is made or changed otherwise than in its namespace"));
        }
        if !sets {
            self.given.options.remove("namespace");
        }
        self.given.options.insert("context".to_owned(), name.into());
        Ok(self.made("UseContext", Vec::new(), Output::new(Form::Plain)))
    }

    /// `api-resources`.
    fn kinds(&self) -> String {
        let wanted = self.given.text("namespaced");
        let shown =
            kinds::all().iter().filter(|kind| wanted.is_none_or(|w| (w == "true") == kind.namespaced));
        if self.given.text("output") == Some("name") {
            return shown.map(|kind| kind.full() + "\n").collect();
        }
        let rows = shown.map(|kind| {
            vec![
                kind.plural.to_owned(),
                kind.short_names(),
                kind.api_version(),
                kind.namespaced.to_string(),
                kind.kind.to_owned(),
            ]
        });
        let heads = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"];
        super::kubectl_text::table(&heads, &rows.collect::<Vec<_>>(), !self.given.has("no-headers"))
    }
}

/// Whether arguments name things, and not kinds alone.
fn names_things(args: &[String]) -> bool {
    args.len() > 1 || args.first().is_some_and(|word| word.contains('/'))
}

fn version(given: &Given) -> String {
    let server = if given.has("client") { "" } else { "Server Version: v1.31.4\n" };
    format!("Client Version: v1.31.4\nKustomize Version: v5.4.2\n{server}")
}
