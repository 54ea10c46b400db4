//! What `kubectl` prints of an answer.

use serde_json::{Value, json};

use super::Reply;
use super::kubectl_rows::{self as rows, at};
use super::{kubectl_describe as describe, kubectl_path as path, kubectl_text as text};
use crate::call::Answer;
use crate::clock::Time;
use crate::service::cluster_kinds as kinds;
use crate::service::stack_values::as_text;

/// How an answer is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A text as it is.
    Plain,
    Table,
    Wide,
    Json,
    Yaml,
    Names,
    /// A JSONPath template.
    Path(String),
    /// `NAME:.metadata.name,…`.
    Columns(String),
    Described,
    Contexts,
    ContextNames,
    Current,
    View,
    Info,
}

/// What becomes of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the tool")]
pub struct Output {
    pub(super) form: Form,
    /// One thing was named: it is no list.
    pub(super) is_one: bool,
    pub(super) shows_kind: bool,
    pub(super) everywhere: bool,
    pub(super) labels: bool,
    pub(super) columns: Vec<String>,
    pub(super) headers: bool,
    /// What is not there is passed over.
    pub(super) quiet: bool,
    pub(super) sorted: Option<String>,
}

impl Output {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            is_one: false,
            shows_kind: false,
            everywhere: false,
            labels: false,
            columns: Vec::new(),
            headers: true,
            quiet: false,
            sorted: None,
        }
    }

    pub(super) fn reply(&self, answer: &Answer) -> Reply {
        let answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => return Reply::failed(1, format!("{}\n", refusal.message)),
        };
        match self.form {
            Form::Plain => plain(answer),
            Form::Contexts | Form::ContextNames | Form::Current | Form::View | Form::Info => {
                self.contexts(answer)
            }
            _ => self.objects(answer),
        }
    }

    fn objects(&self, answer: &Value) -> Reply {
        let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let missing: Vec<String> = list("missing")
            .iter()
            .filter_map(Value::as_str)
            .filter(|_| !self.quiet)
            .map(|line| format!("{line}\n"))
            .collect();
        let mut items = list("items");
        if let Some(by) = &self.sorted {
            let by = by.trim_matches(['{', '}']);
            let key =
                |item: &Value| path::find(by, item, item).ok().and_then(|v| v.first().map(|v| as_text(v)));
            items.sort_by_key(key);
        }
        let (code, stderr) = (i32::from(!missing.is_empty()), missing.concat());
        if items.is_empty() && !stderr.is_empty() {
            return Reply::failed(code, stderr);
        }
        let now = answer.get("now").and_then(Value::as_str).and_then(Time::parse).unwrap_or_default();
        let made = match &self.form {
            Form::Described if items.is_empty() => Err(none(answer)),
            Form::Described => Ok(items
                .iter()
                .map(|item| describe::described(item, answer, now))
                .collect::<Vec<_>>()
                .join("\n\n")),
            Form::Names => Ok(items.iter().map(|item| named(item) + "\n").collect()),
            Form::Json => Ok(serde_json::to_string_pretty(&self.whole(items)).unwrap_or_default() + "\n"),
            Form::Yaml => Ok(text::yaml(&self.whole(items))),
            Form::Path(template) => match path::fill(template, &self.whole(items)) {
                Ok(text) => Ok(text),
                Err(why) => {
                    return Reply::failed(1, format!("error: error parsing jsonpath {template}, {why}\n"));
                }
            },
            Form::Columns(columns) => custom(columns, &items, self.headers),
            _ if items.is_empty() => Err(if self.quiet { String::new() } else { none(answer) }),
            _ => Ok(self.tables(&items, now)),
        };
        match made {
            Ok(stdout) => Reply { stdout, stderr, code },
            Err(none) => Reply { stdout: String::new(), stderr: none, code },
        }
    }

    /// What structured forms show: the one thing, or a list of all.
    fn whole(&self, mut items: Vec<Value>) -> Value {
        text::sorted(match self.is_one && items.len() == 1 {
            true => items.pop().unwrap_or_default(),
            false => {
                json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
            }
        })
    }

    /// A table for each kind.
    fn tables(&self, items: &[Value], now: Time) -> String {
        let mut order: Vec<String> = Vec::new();
        for item in items {
            let kind = at(item, "/kind");
            if !order.contains(&kind) {
                order.push(kind);
            }
        }
        let several = order.len() > 1;
        let tables = order.iter().map(|kind| {
            let of: Vec<&Value> = items.iter().filter(|item| at(item, "/kind") == *kind).collect();
            self.table(kind, &of, several || self.shows_kind, now)
        });
        tables.collect::<Vec<_>>().join("\n")
    }

    fn table(&self, kind: &str, items: &[&Value], shows_kind: bool, now: Time) -> String {
        let (narrow, wide) = rows::columns(kind);
        let is_wide = self.form == Form::Wide;
        let upper: Vec<String> =
            self.columns.iter().map(|name| name.rsplit('/').next().unwrap_or(name).to_uppercase()).collect();
        let namespaced =
            self.everywhere && items.iter().any(|item| item.pointer("/metadata/namespace").is_some());
        let mut heads: Vec<&str> = Vec::new();
        heads.extend(namespaced.then_some("NAMESPACE"));
        let shown = || narrow.iter().chain(wide.iter().filter(|_| is_wide));
        heads.extend(shown().map(|(head, _)| *head));
        heads.extend(upper.iter().map(String::as_str));
        heads.extend(self.labels.then_some("LABELS"));
        let row = |item: &&Value| {
            let name = if shows_kind { named(item) } else { at(item, "/metadata/name") };
            let mut all = Vec::new();
            all.extend(namespaced.then(|| at(item, "/metadata/namespace")));
            let of =
                |source: &str| if source == "name" { name.clone() } else { rows::cell(item, source, now) };
            all.extend(shown().map(|(_, source)| of(source)));
            let labels = item.pointer("/metadata/labels");
            let label = |name: &String| {
                labels.and_then(|l| l.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            all.extend(self.columns.iter().map(label));
            all.extend(self.labels.then(|| rows::pairs(labels)));
            all
        };
        text::table(&heads, &items.iter().map(row).collect::<Vec<_>>(), self.headers)
    }

    fn contexts(&self, answer: &Value) -> Reply {
        let all = answer.get("contexts").and_then(Value::as_array).cloned().unwrap_or_default();
        let current = all.iter().find(|context| context.get("current") == Some(&Value::Bool(true)));
        let name = |context: &Value| at(context, "/name");
        match self.form {
            Form::Current => match current {
                Some(context) => Reply::ok(name(context) + "\n"),
                None => Reply::failed(1, "error: current-context is not set\n"),
            },
            Form::Info => {
                let server = current.map(|context| at(context, "/server")).unwrap_or_default();
                Reply::ok(format!("Kubernetes control plane is running at {server}\n"))
            }
            Form::ContextNames => {
                Reply::ok(all.iter().map(|context| name(context) + "\n").collect::<String>())
            }
            Form::View => Reply::ok(text::yaml(&config(&all, current.map(name).unwrap_or_default()))),
            _ => {
                let row = |context: &Value| {
                    let mark = if context.get("current") == Some(&Value::Bool(true)) { "*" } else { "" };
                    let name = name(context);
                    vec![
                        mark.to_owned(),
                        name.clone(),
                        name.clone(),
                        format!("{name}-user"),
                        at(context, "/namespace"),
                    ]
                };
                let rows: Vec<Vec<String>> = all.iter().map(row).collect();
                Reply::ok(text::table(
                    &["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"],
                    &rows,
                    self.headers,
                ))
            }
        }
    }
}

/// A kubeconfig.
fn config(all: &[Value], current: String) -> Value {
    let each = |make: fn(&Value) -> Value| all.iter().map(make).collect::<Vec<_>>();
    json!({
        "apiVersion": "v1",
        "clusters": each(|c| json!({"cluster": {"certificate-authority-data": "DATA+OMITTED", "server": at(c, "/server")}, "name": at(c, "/name")})),
        "contexts": each(|c| json!({"context": {"cluster": at(c, "/name"), "user": at(c, "/name") + "-user"}, "name": at(c, "/name")})),
        "current-context": current,
        "kind": "Config",
        "preferences": {},
        "users": each(|c| json!({"name": at(c, "/name") + "-user", "user": {"token": "REDACTED"}})),
    })
}

fn plain(answer: &Value) -> Reply {
    match answer {
        Value::String(text) => Reply::ok(text.clone()),
        answer => {
            let code = answer.get("code").and_then(Value::as_i64).unwrap_or(0);
            Reply {
                stdout: at(answer, "/text"),
                stderr: at(answer, "/stderr"),
                code: i32::try_from(code).unwrap_or(1),
            }
        }
    }
}

/// `deployment.apps/gate`.
fn named(item: &Value) -> String {
    let kind = at(item, "/kind");
    let shown = kinds::find(&kind).map_or_else(|| kind.to_lowercase(), kinds::Kind::shown);
    format!("{shown}/{}", at(item, "/metadata/name"))
}

fn none(answer: &Value) -> String {
    match answer.get("namespace").and_then(Value::as_str) {
        Some(namespace) => format!("No resources found in {namespace} namespace.\n"),
        None => "No resources found\n".to_owned(),
    }
}

/// `NAME:.metadata.name,POLICY:.spec.persistentVolumeReclaimPolicy`.
fn custom(columns: &str, items: &[Value], headers: bool) -> Result<String, String> {
    let columns: Vec<(&str, &str)> = columns.split(',').filter_map(|column| column.split_once(':')).collect();
    if columns.is_empty() {
        return Err("error: custom-columns format specified but no custom columns given\n".to_owned());
    }
    let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    let cell = |item: &Value, path: &str| {
        let found = path::find(path.trim_matches(['{', '}']), item, item).unwrap_or_default();
        let found: Vec<String> = found.into_iter().map(as_text).collect();
        if found.is_empty() { "<none>".to_owned() } else { found.join(",") }
    };
    let row = |item: &Value| columns.iter().map(|(_, path)| cell(item, path)).collect();
    Ok(text::table(&heads, &items.iter().map(row).collect::<Vec<Vec<String>>>(), headers))
}
