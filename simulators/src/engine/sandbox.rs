//! One runtime with its limits, its modules from memory and its few doors to the host.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use rquickjs::{Context, Ctx, Error, Function, Module, Object, Promise, Runtime, Value};
use serde_json::json;

use super::modules::Memory;
use super::{Holds, Request, Sources, Stores, entry};
use crate::clock::Time;
use crate::keys::Keyspaces;
use crate::sql::Data;

/// What a request or a test file may hold in memory, in bytes.
const MEMORY_BYTES_MAX: usize = 24 << 20;
/// How deep code may call, in bytes of stack. Well under the 2 MiB that a worker thread has.
const STACK_BYTES_MAX: usize = 256 << 10;
/// How often the engine may ask whether to go on; it asks once in about 5,000 turns of a loop.
const POLLS_MAX: u32 = 3_000;
/// What one query costs of that, so that a loop of queries ends as well.
const POLLS_PER_QUERY: u32 = 5;
/// Promise callbacks and timers that one execution may run.
const JOBS_MAX: u32 = 200_000;
/// Lines that code may print; more are dropped.
const CONSOLE_LINES_MAX: usize = 200;
/// Bytes of one printed line or failure; more are cut off.
const TEXT_BYTES_MAX: usize = 4_000;

const PRELUDE: &str = include_str!("prelude.js");

/// Why code did not come to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    text: String,
    /// `file:line`, where known.
    place: Option<String>,
    /// The engine stopped it; it did not throw.
    stopped: bool,
}

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), place: None, stopped: false }
    }

    fn stop(text: &str) -> Self {
        Self { text: text.to_owned(), place: None, stopped: true }
    }

    /// The engine stopped the code; nothing was thrown that the code could have caught.
    pub(super) fn is_stop(&self) -> bool {
        self.stopped
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} at {place}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// The steps that are left, counted by the engine's own polls.
#[derive(Default)]
struct Fuel {
    used: Cell<u32>,
}

impl Fuel {
    fn burn(&self, polls: u32) -> bool {
        self.used.set(self.used.get().saturating_add(polls));
        self.is_spent()
    }

    fn is_spent(&self) -> bool {
        self.used.get() > POLLS_MAX
    }
}

/// What tests told the host, in order.
#[derive(Default)]
pub(super) struct Outcomes {
    /// Finished tests: title and failure.
    pub done: Vec<(String, Option<String>)>,
    /// Tests that have begun and not ended.
    pub open: Vec<String>,
}

/// A fresh runtime with the sources of one commit.
pub(super) struct Sandbox {
    context: Context,
    fuel: Rc<Fuel>,
    looked_at_clock: Rc<Cell<bool>>,
    console: Rc<RefCell<Vec<String>>>,
    pub(super) outcomes: Rc<RefCell<Outcomes>>,
}

impl Sandbox {
    pub(super) fn new(sources: &Sources, stores: Stores<'_>, now: Time) -> Result<Self, Failure> {
        let runtime = Runtime::new().map_err(|_| Failure::new("the runtime did not start"))?;
        runtime.set_memory_limit(MEMORY_BYTES_MAX);
        runtime.set_max_stack_size(STACK_BYTES_MAX);
        let fuel = Rc::new(Fuel::default());
        let burning = Rc::clone(&fuel);
        runtime.set_interrupt_handler(Some(Box::new(move || burning.burn(1))));
        runtime.set_loader(Memory(Sources::clone(sources)), Memory(Sources::clone(sources)));
        let context = Context::full(&runtime).map_err(|_| Failure::new("the runtime did not start"))?;
        let sandbox = Self {
            context,
            fuel,
            looked_at_clock: Rc::default(),
            console: Rc::default(),
            outcomes: Rc::default(),
        };
        sandbox.context.with(|ctx| {
            let made = sandbox.install(&ctx, stores, now);
            made.map_err(|error| sandbox.failure(&ctx, &error))
        })?;
        Ok(sandbox)
    }

    /// Evaluates the prelude with the host's functions and keeps what it gives back as the global `__kit`, which is
    /// taken away again before any code of the repository runs.
    fn install(&self, ctx: &Ctx<'_>, stores: Stores<'_>, now: Time) -> Result<(), Error> {
        let host = Object::new(ctx.clone())?;
        host.set("cache", Function::new(ctx.clone(), self.cache(stores.cache.cloned(), now))?)?;
        let data = stores.data.cloned();
        let millis = now.unix() as f64 * 1000.0;
        let looked = Rc::clone(&self.looked_at_clock);
        let now = move || {
            looked.set(true);
            millis
        };
        host.set("now", Function::new(ctx.clone(), now)?)?;
        let console = Rc::clone(&self.console);
        let print = move |line: String| {
            let mut lines = console.borrow_mut();
            if lines.len() < CONSOLE_LINES_MAX {
                lines.push(cut(line));
            }
        };
        host.set("print", Function::new(ctx.clone(), print)?)?;
        let fuel = Rc::clone(&self.fuel);
        let query = move |sql: String, parameters: String| {
            fuel.burn(POLLS_PER_QUERY);
            query(data.as_ref(), &sql, &parameters)
        };
        host.set("query", Function::new(ctx.clone(), query)?)?;
        let outcomes = Rc::clone(&self.outcomes);
        let begin = move |title: String| outcomes.borrow_mut().open.push(cut(title));
        host.set("begin", Function::new(ctx.clone(), begin)?)?;
        let outcomes = Rc::clone(&self.outcomes);
        let end = move |title: String, failure: Option<String>| {
            let mut outcomes = outcomes.borrow_mut();
            let title = cut(title);
            outcomes.open.retain(|open| *open != title);
            outcomes.done.push((title, failure.map(cut)));
        };
        host.set("end", Function::new(ctx.clone(), end)?)?;
        let outcomes = Rc::clone(&self.outcomes);
        let skip = move |title: String| outcomes.borrow_mut().open.retain(|open| *open != title);
        host.set("skip", Function::new(ctx.clone(), skip)?)?;
        let prelude: Function<'_> = ctx.eval(PRELUDE)?;
        let kit: Object<'_> = prelude.call((host,))?;
        ctx.globals().set("__kit", kit)
    }

    /// The keys that code sees. What it writes there lasts for one execution, as all that it leaves behind.
    fn cache(&self, keys: Option<Keyspaces>, now: Time) -> impl Fn(u32, String) -> String + use<> {
        let (fuel, looked) = (Rc::clone(&self.fuel), Rc::clone(&self.looked_at_clock));
        let keys = RefCell::new(keys);
        move |database, command| {
            fuel.burn(POLLS_PER_QUERY);
            let Some(keys) = &mut *keys.borrow_mut() else {
                return json!({"error": "ECONNREFUSED the cache is not there or not accepting connections"})
                    .to_string();
            };
            let words: Vec<String> = serde_json::from_str(&command).unwrap_or_default();
            if words.first().is_some_and(|word| matches!(word.to_lowercase().as_str(), "ttl" | "pttl")) {
                looked.set(true);
            }
            keys.run(database, &words, now).to_json().to_string()
        }
    }

    /// For which times what the code came to holds.
    pub(super) fn holds(&self) -> Holds {
        if self.looked_at_clock.get() { Holds::AtThisTime } else { Holds::Always }
    }

    /// What the code printed so far.
    pub(super) fn console(&self) -> Vec<String> {
        self.console.borrow().clone()
    }

    /// Calls the handler and gives its answer as JSON text.
    pub(super) fn handle(&self, handler: &str, request: &Request) -> Result<String, Failure> {
        let (module, export) = entry(handler);
        let event = serde_json::to_string(request).unwrap_or_default();
        self.context.with(|ctx| {
            let kit = self.take_kit(&ctx)?;
            let namespace = self.import(&ctx, &kit, &module)?;
            let code: rquickjs::Value<'_> =
                namespace.get(export.as_str()).map_err(|error| self.failure(&ctx, &error))?;
            let Some(code) = code.as_function() else {
                return Err(Failure::new(format!("{module} does not export a function `{export}`")));
            };
            let db = || -> Result<Promise<'_>, Error> {
                let scope = Object::new(ctx.clone())?;
                scope.set("db", kit.get::<_, Object<'_>>("db")?)?;
                scope.set("cache", kit.get::<_, Value<'_>>("cache")?)?;
                kit.get::<_, Function<'_>>("call")?.call((code.clone(), event.as_str(), scope))
            };
            let promise = db().map_err(|error| self.failure(&ctx, &error))?;
            let answer = self.finish(&ctx, &kit, &promise)?;
            answer.get::<String>().map_err(|error| self.failure(&ctx, &error))
        })
    }

    /// Runs one test file to its end; what its tests did is in `outcomes`.
    pub(super) fn test(&self, file: &str) -> Result<(), Failure> {
        self.context.with(|ctx| {
            let kit: Object<'_> = ctx.globals().get("__kit").map_err(|error| self.failure(&ctx, &error))?;
            for module in ["node:test", "node:assert", "node:assert/strict"] {
                self.import(&ctx, &kit, module)?;
            }
            let kit = self.take_kit(&ctx)?;
            self.import(&ctx, &kit, file)?;
            let finished = kit.get::<_, Function<'_>>("finished").and_then(|f| f.call::<_, Promise<'_>>(()));
            let finished = finished.map_err(|error| self.failure(&ctx, &error))?;
            self.finish(&ctx, &kit, &finished).map(drop)
        })
    }

    fn take_kit<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>, Failure> {
        let taken = ctx.globals().get("__kit");
        let taken = taken.and_then(|kit| ctx.globals().remove("__kit").map(|()| kit));
        taken.map_err(|error| self.failure(ctx, &error))
    }

    fn import<'js>(&self, ctx: &Ctx<'js>, kit: &Object<'js>, module: &str) -> Result<Object<'js>, Failure> {
        let promise = Module::import(ctx, module).map_err(|error| self.failure(ctx, &error))?;
        let namespace = self.finish(ctx, kit, &promise)?;
        namespace.into_object().ok_or_else(|| Failure::new(format!("{module} did not load")))
    }

    /// Runs callbacks and timers until the promise is settled.
    fn finish<'js>(
        &self,
        ctx: &Ctx<'js>,
        kit: &Object<'js>,
        promise: &Promise<'js>,
    ) -> Result<Value<'js>, Failure> {
        for _ in 0..JOBS_MAX {
            // Asked first: after an interruption the promise it happened in stays open for ever.
            if self.fuel.is_spent() {
                return Err(out_of_steps());
            }
            if let Some(result) = promise.result::<Value<'js>>() {
                return result.map_err(|error| self.failure(ctx, &error));
            }
            if ctx.execute_pending_job() {
                continue;
            }
            let fired = kit.get::<_, Function<'js>>("tick").and_then(|tick| tick.call::<_, bool>(()));
            if !fired.map_err(|error| self.failure(ctx, &error))? {
                return Err(Failure::stop("a promise was never settled"));
            }
        }
        Err(out_of_steps())
    }

    fn failure(&self, ctx: &Ctx<'_>, error: &Error) -> Failure {
        if self.fuel.is_spent() {
            ctx.catch();
            return out_of_steps();
        }
        if !error.is_exception() {
            return Failure::new(cut(error.to_string()));
        }
        thrown(&ctx.catch())
    }
}

fn out_of_steps() -> Failure {
    Failure::stop("the code ran for too many steps and was stopped")
}

/// What a thrown value says of itself, and the first place in the repository that its stack names.
fn thrown(value: &Value<'_>) -> Failure {
    let Some(object) = value.as_object() else {
        let text = value.as_string().and_then(|s| s.to_string().ok());
        return match text {
            Some(text) => Failure::new(cut(format!("threw `{text}`"))),
            None if value.is_null() => Failure::stop("out of memory"),
            None => Failure::new(format!("threw a value of type {}", value.type_name())),
        };
    };
    let field = |name: &str| object.get::<_, Option<String>>(name).ok().flatten();
    let name = field("name").unwrap_or_else(|| "Error".to_owned());
    let text = match field("message").filter(|m| !m.is_empty()) {
        Some(message) => format!("{name}: {message}"),
        None => name,
    };
    let place = field("stack").as_deref().and_then(first_place);
    Failure { text: cut(text), place, stopped: false }
}

/// The first `file:line` of a stack that is the repository's own.
fn first_place(stack: &str) -> Option<String> {
    stack.lines().find_map(|line| {
        let at = line.trim().strip_prefix("at ")?;
        let at = at.rsplit_once('(').map_or(at, |(_, inside)| inside.trim_end_matches(')'));
        let mut parts = at.rsplitn(3, ':');
        let (last, middle, file) = (parts.next()?, parts.next()?, parts.next());
        let (file, line) = match file {
            Some(file) => (file, middle),
            None => (middle, last),
        };
        let own = file.ends_with(".js") || file.ends_with(".mjs");
        (own && line.parse::<u32>().is_ok()).then(|| format!("{file}:{line}"))
    })
}

/// `{"rows": […]}` or `{"error": {code, message}}`, as the prelude reads it.
fn query(data: Option<&Data>, sql: &str, parameters: &str) -> String {
    let Some(data) = data else {
        let message =
            "connection to the database failed: the server is not there or not accepting connections";
        return json!({"error": {"code": "ECONNREFUSED", "message": message}}).to_string();
    };
    let parameters: Vec<serde_json::Value> = serde_json::from_str(parameters).unwrap_or_default();
    match data.query(sql, &parameters) {
        Ok(rows) => json!({"rows": rows}).to_string(),
        Err(error) => json!({"error": {"code": error.state, "message": error.message}}).to_string(),
    }
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        let end = (0..=TEXT_BYTES_MAX).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
