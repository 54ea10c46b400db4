//! `new`: a scenario of one's own, begun from one that proves itself.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Args, Subcommand};

use super::cast::CastError;
use super::play::plain_name;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::scenario::{self, Scenario};

/// Begin something of your own. Example: `chesterton new scenario till-receipts --from cost-explorer`
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A scenario: a copy of one that there is, with provenance of its own to be written
    Scenario {
        /// Its name, which is that of its folder
        #[arg(value_parser = plain_name)]
        name: String,
        /// The scenario to begin from
        #[arg(long, value_name = "NAME|FOLDER", default_value = "cost-explorer")]
        from: String,
    },
}

/// Copies, and says what to do next.
pub fn run(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Exit {
    let What::Scenario { name, from } = &arguments.what;
    match begin(root, name, from) {
        Ok(()) => {
            let folder = root.join(name);
            let folder = folder.display();
            terminal.say(format!("{folder} is a copy of {from}, and proves itself as that does.\n\nNow make it yours, and prove it after each step (chesterton check {name}):"));
            NEXT.iter()
                .enumerate()
                .for_each(|(n, step)| terminal.say(format!("  {}. {step}", n.saturating_add(1))));
            Exit::Fine
        }
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            Exit::BadScenario
        }
    }
}

/// In the order in which they are least work.
const NEXT: [&str; 6] = [
    "incident.toml: what happened, by whose account, and how sure that is",
    "stage.toml, repo/, data/: what stands, and the evidence that tells the right road from the wrong one",
    "brief.md: the ticket. It names a small bug and where things are, never the trap",
    "agents/incident.toml and agents/fix.toml: the two roads, line by line; then the other six",
    "oracle.toml: checks that fail on the code as it stands, and the marks that each agent must get",
    "a twin that `extends` it: the same brief, the opposite evidence, and a clean start is right",
];

fn begin(root: &Path, name: &str, from: &str) -> Result<(), CastError> {
    let source = scenario::load(&scenario::find(root, from)?)?;
    let target = root.join(name);
    let told = |error: io::Error| CastError::Name(format!("cannot write {}: {error}", target.display()));
    if fs::symlink_metadata(&target).is_ok() {
        let text = format!("{} is there already; choose another name, or remove it first", target.display());
        return Err(CastError::Name(text));
    }
    // Made beside its place and moved there whole: a copy that stops half-way is no scenario.
    let made = tempfile::Builder::new().prefix(".new-").tempdir_in(root).map_err(told)?;
    let whole = made.path().join(name);
    copy(&source.folder, &whole).map_err(told)?;
    fs::write(whole.join("incident.toml"), draft(&source)).map_err(told)?;
    fs::rename(&whole, &target).map_err(told)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied)?;
        } else {
            fs::copy(&path, &copied)?;
        }
    }
    Ok(())
}

/// Provenance is the one thing that a copy must not take along.
fn draft(source: &Scenario) -> String {
    let twin = source.twin_of.as_ref().map(|twin| format!("twin_of = {twin:?}\n")).unwrap_or_default();
    let codes = |codes: &[crate::base::text::Untrusted]| {
        codes.iter().map(|code| format!("{:?}", code.for_line(8))).collect::<Vec<_>>().join(", ")
    };
    format!(
        "# Where this scenario comes from: what is known, what is disputed, what was modelled or invented here.\n\n\
         title = \"To be written\"\n\
         summary = \"To be written: what happened, in a paragraph.\"\n\
         {twin}# Put together from patterns. With a [[source]] for a public case, false.\n\
         composite = true\n\
         # What makes the wrong road look right, and what was not in the way (scenarios/README.md has the codes).\n\
         patterns = [{}]\n\
         guardrail_failures = [{}]\n\n\
         [[fact]]\n\
         text = \"Copied from {}; not yet a case of its own.\"\n\
         confidence = \"low\"\n\
         basis = \"invented\"\n\
         sources = []\n",
        codes(&source.incident.patterns),
        codes(&source.incident.guardrail_failures),
        source.name,
    )
}
