//! ES modules from memory; nothing is read from a disk.

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Module};

use super::Sources;

const NODE_TEST: &str = include_str!("node_test.js");
const NODE_ASSERT: &str = include_str!("node_assert.js");

/// Modules from memory: the repository's files and the few of Node's own that tests use.
pub(super) struct Memory(pub(super) Sources);

impl Memory {
    fn source(&self, name: &str) -> Option<String> {
        match name {
            "node:test" => Some(NODE_TEST.to_owned()),
            "node:assert" => Some(format!("const LOOSE = true; {NODE_ASSERT}")),
            "node:assert/strict" => Some(format!("const LOOSE = false; {NODE_ASSERT}")),
            _ if name.ends_with(".json") => self.0.get(name).map(|text| format!("export default {text};")),
            _ => self.0.get(name).cloned(),
        }
    }
}

impl Resolver for Memory {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String, Error> {
        let full = match name {
            "test" | "assert" | "assert/strict" => format!("node:{name}"),
            _ if name.starts_with("./") || name.starts_with("../") => join(base, name),
            _ => name.to_owned(),
        };
        match self.source(&full) {
            Some(_) => Ok(full),
            None if base.is_empty() => {
                Err(Exception::throw_message(ctx, &format!("cannot find module `{name}`")))
            }
            None => {
                let text = format!("cannot find module `{name}` imported from {base}");
                Err(Exception::throw_message(ctx, &text))
            }
        }
    }
}

impl Loader for Memory {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>, Error> {
        let source = self.source(name).ok_or_else(|| Error::new_loading(name))?;
        Module::declare(ctx.clone(), name, source)
    }
}

/// `name` as seen from the file `base`, without `.` and `..`; above the root there is nothing.
fn join(base: &str, name: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
