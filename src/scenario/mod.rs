//! Scenario folders: loading, checking, and errors as a compiler shows them.
//!
//! Four files have four readers: the world gets the stage, the agent the brief, the reader of a report the incident,
//! and the judge the oracle. This part reads the first three and **never opens `oracle.toml`**; it only lends the judge
//! its means ([`read`], [`Document`]).

mod check;
mod diagnostic;
mod document;
mod factor;
mod files;
mod folder;
mod incident;
mod level;
mod library;
mod nearest;
mod overlay;
mod saved;
mod schema;
mod script;
mod script_file;
mod source;
mod suite;
mod tree;
mod variant;
mod watch;
mod wording;

pub use check::check;
pub use diagnostic::Diagnostic;
pub use document::{Document, is_path, parse, read, read_alone};
pub use factor::Factor;
pub use files::{BRIEF_BYTES_MAX, FILE_BYTES_MAX, FILES_BYTES_MAX, FILES_MAX, TOML_BYTES_MAX};
pub use folder::{Digests, Scenario, find, list, load, scripts};
pub use incident::{Account, Basis, Confidence, Dispute, Fact, Incident, Source};
pub use saved::saved;
pub use schema::{SchemaKind, schema, schema_of, schema_of_overlay};
pub use script::{Action, Script, Step, Until, Went, When};
pub use suite::{FIRST, FULL, Suite, chosen, suites};
pub use variant::varied;
pub use watch::Watch;
