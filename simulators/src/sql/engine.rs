//! The engine underneath: opening an image, limits, what is forbidden, and its errors in Postgres' words.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use serde_json::{Number, Value};

use super::Session;
use super::error::SqlError;
use super::functions;
use super::schema::Schema;

/// Steps of the engine after which a statement is cancelled, as a statement timeout would.
const STEPS_MAX: u64 = 60_000_000;
/// How often the steps are counted.
const STEPS_STRIDE: i32 = 1000;
/// Pages of 4 KiB that a database may grow to.
const PAGES_MAX: i64 = 16_384;
/// Bytes that one value may have.
const VALUE_BYTES_MAX: i32 = 16 << 20;
/// Rows that one statement may return.
const RESULT_ROWS_MAX: usize = 50_000;
/// Bytes that one statement may return.
const RESULT_BYTES_MAX: usize = 8 << 20;
/// Functions of the engine that read a clock or chance, with the number of arguments with which they do; a script that
/// builds a database may name them in defaults and must not call them.
const UNSTEADY: &[(&str, i32)] = &[
    ("current_timestamp", 0),
    ("current_date", 0),
    ("current_time", 0),
    ("now", 0),
    ("date", 0),
    ("datetime", 0),
    ("time", 0),
    ("julianday", 0),
    ("unixepoch", 0),
    ("strftime", 1),
    ("random", 0),
    ("randomblob", 1),
];

/// An open database in memory.
pub(super) struct Engine {
    /// The engine's own handle.
    pub(super) connection: Connection,
    steps: Arc<AtomicU64>,
}

impl Engine {
    /// Opens an image for statements of a session.
    pub(super) fn open(image: &[u8], session: &Session) -> Result<Self, SqlError> {
        let mut engine = Self::open_bare(image)?;
        functions::register(&engine.connection, session).map_err(failed)?;
        engine.limit().map_err(failed)?;
        engine
            .connection
            .authorizer(Some(|context: rusqlite::hooks::AuthContext<'_>| match context.action {
                AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::CreateVtable { .. } => {
                    Authorization::Deny
                }
                AuthAction::Pragma { pragma_value, pragma_name } => {
                    // No statement of an agent gets here as a PRAGMA; these are what definitions need.
                    let edits = matches!(pragma_name, "defer_foreign_keys" | "writable_schema");
                    let asks =
                        edits || ["_info", "_list", "_check"].iter().any(|end| pragma_name.ends_with(end));
                    if asks || pragma_value.is_none() { Authorization::Allow } else { Authorization::Deny }
                }
                AuthAction::Function { function_name: "load_extension" } => Authorization::Deny,
                _ => Authorization::Allow,
            }))
            .map_err(failed)?;
        Ok(engine)
    }

    /// Opens an image without functions and limits: for comparing and for trusted scripts.
    pub(super) fn open_bare(image: &[u8]) -> Result<Self, SqlError> {
        let mut connection = Connection::open_in_memory().map_err(failed)?;
        if !image.is_empty() {
            connection.deserialize_read_exact("main", image, image.len(), false).map_err(failed)?;
        }
        Ok(Self { connection, steps: Arc::new(AtomicU64::new(0)) })
    }

    /// Opens an empty database for a trusted script, which may not read a clock or chance.
    pub(super) fn open_for_script() -> Result<Self, SqlError> {
        let engine = Self::open_bare(&[])?;
        for (name, arguments) in UNSTEADY {
            let refuse = move |_: &rusqlite::functions::Context<'_>| -> rusqlite::Result<String> {
                let text = format!("a script must not call `{name}`: it would not give the same rows twice");
                Err(rusqlite::Error::UserFunctionError(text.into()))
            };
            let flags = FunctionFlags::SQLITE_UTF8;
            engine.connection.create_scalar_function(*name, *arguments, flags, refuse).map_err(failed)?;
        }
        Ok(engine)
    }

    fn limit(&mut self) -> rusqlite::Result<()> {
        let connection = &mut self.connection;
        connection.pragma_update(None, "max_page_count", PAGES_MAX)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let steps = Arc::clone(&self.steps);
        connection.progress_handler(
            STEPS_STRIDE,
            Some(move || steps.fetch_add(STEPS_STRIDE as u64, Ordering::Relaxed) > STEPS_MAX),
        )
    }

    /// What the statement has taken.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// A new statement may take the full number of steps again.
    pub(super) fn restart_clock(&self) {
        self.steps.store(0, Ordering::Relaxed);
    }

    /// The image of what the database now holds.
    pub(super) fn image(&mut self) -> Result<Vec<u8>, SqlError> {
        let pages: i64 = self.connection.query_row("PRAGMA page_count", [], |r| r.get(0)).map_err(failed)?;
        if pages == 0 {
            return Ok(Vec::new());
        }
        let mut image = self.connection.serialize("main").map_err(failed)?.to_vec();
        // The counter of changes would tell `UPDATE t SET a = a` from nothing at all.
        for place in [24..28, 92..96] {
            if let Some(bytes) = image.get_mut(place) {
                bytes.fill(0);
            }
        }
        Ok(image)
    }

    /// Runs a statement in the engine's dialect and collects what it returns.
    pub(super) fn rows(
        &self,
        sql: &str,
        parameters: &[Value],
        schema: &Schema,
    ) -> Result<Vec<Vec<Value>>, SqlError> {
        let mut statement = self.connection.prepare(sql).map_err(|e| translate(&e, schema))?;
        bind(&mut statement, parameters).map_err(|e| translate(&e, schema))?;
        collect(&mut statement).map_err(|e| match e {
            Collected::Engine(e) => translate(&e, schema),
            Collected::TooMuch => {
                SqlError::new("53200", "out of memory").detail("The result is too large to be sent.")
            }
        })
    }
}

enum Collected {
    Engine(rusqlite::Error),
    TooMuch,
}

impl From<rusqlite::Error> for Collected {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

fn collect(statement: &mut Statement<'_>) -> Result<Vec<Vec<Value>>, Collected> {
    let width = statement.column_count();
    let mut rows = statement.raw_query();
    let mut collected = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(width);
        for i in 0..width {
            let value = to_json(row.get_ref(i)?);
            bytes = bytes.saturating_add(value.as_str().map_or(8, str::len));
            values.push(value);
        }
        collected.push(values);
        if collected.len() > RESULT_ROWS_MAX || bytes > RESULT_BYTES_MAX {
            return Err(Collected::TooMuch);
        }
    }
    Ok(collected)
}

fn bind(statement: &mut Statement<'_>, parameters: &[Value]) -> rusqlite::Result<()> {
    for i in 1..=statement.parameter_count() {
        match parameters.get(i.saturating_sub(1)).unwrap_or(&Value::Null) {
            Value::Null => statement.raw_bind_parameter(i, rusqlite::types::Null)?,
            Value::Bool(b) => statement.raw_bind_parameter(i, *b)?,
            Value::Number(n) => match n.as_i64() {
                Some(whole) => statement.raw_bind_parameter(i, whole)?,
                None => statement.raw_bind_parameter(i, n.as_f64())?,
            },
            Value::String(s) => statement.raw_bind_parameter(i, s)?,
            other => statement.raw_bind_parameter(i, other.to_string())?,
        }
    }
    Ok(())
}

fn to_json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::from(i),
        ValueRef::Real(r) => Number::from_f64(r).map_or(Value::Null, Value::Number),
        ValueRef::Text(t) => Value::String(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => Value::String(format!("\\x{}", crate::hex(b))),
    }
}

/// An error of the engine where no words of Postgres are called for (opening, building).
pub(super) fn failed(error: rusqlite::Error) -> SqlError {
    SqlError::new("XX000", error.to_string())
}

/// Messages of the engine that Postgres has its own words for.
const WORDS: &[(&str, &str, &str)] = &[
    ("interrupted", "57014", "canceling statement due to statement timeout"),
    ("database or disk is full", "53100", "could not extend the relation: no space left on device"),
    ("string or blob too big", "54000", "the value is larger than allowed"),
    ("misuse of aggregate", "42803", "aggregate functions are not allowed in this place"),
    ("misuse of window function", "42P20", "window functions are not allowed in this place"),
    ("all VALUES must have the same number", "42601", "VALUES lists must all be the same length"),
    (
        "do not have the same number of result columns",
        "42601",
        "each set operand must have the same number of columns",
    ),
    (
        "ON CONFLICT clause does not match",
        "42P10",
        "there is no unique or exclusion constraint matching the ON CONFLICT specification",
    ),
    ("sub-select returns", "42601", "subquery must return only one column"),
    ("integer overflow", "22003", "bigint out of range"),
    ("GROUP BY term out of range", "42P10", "GROUP BY position is not in select list"),
    ("ORDER BY term out of range", "42P10", "ORDER BY position is not in select list"),
    ("no such savepoint", "3B001", "savepoint does not exist"),
    ("malformed JSON", "22P02", "invalid input syntax for type json"),
];

/// The engine's error in the words of Postgres. What it has no words for is never shown as it is.
pub(super) fn translate(error: &rusqlite::Error, schema: &Schema) -> SqlError {
    let message = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    if let Some((state, text)) = message.strip_prefix("pg:").and_then(|rest| rest.split_once(':')) {
        return SqlError::new(state, text);
    }
    if let Some(violated) = violated_constraint(&message, schema) {
        return violated;
    }
    if let Some(name) = message.strip_prefix("ambiguous column name: ") {
        let bare = name.rsplit('.').next().unwrap_or(name);
        return SqlError::new("42702", format!("column reference \"{bare}\" is ambiguous"));
    }
    let known = WORDS.iter().find(|(part, ..)| message.contains(part));
    known.map_or_else(
        || SqlError::unsupported("this form of the statement"),
        |(_, state, words)| SqlError::new(state, *words),
    )
}

fn violated_constraint(message: &str, schema: &Schema) -> Option<SqlError> {
    let (kind, what) = message.split_once(" constraint failed")?;
    let what = what.trim_start_matches([':', ' ']);
    let (table, column) = what.split(", ").next().unwrap_or(what).split_once('.').unwrap_or((what, ""));
    let relation = schema.tables.get(table);
    Some(match kind {
        "UNIQUE" => {
            let prefix = format!("{table}.");
            let columns: Vec<&str> = what.split(", ").map(|c| c.strip_prefix(&prefix).unwrap_or(c)).collect();
            let index = relation.and_then(|t| t.indexes.iter().find(|i| i.unique && i.columns == columns));
            let name = index.map_or_else(|| format!("{table}_{}_key", columns.join("_")), |i| i.name.clone());
            SqlError::new("23505", format!("duplicate key value violates unique constraint \"{name}\""))
                .detail(format!("The key ({}) already exists.", columns.join(", ")))
        }
        "NOT NULL" => SqlError::new(
            "23502",
            format!("null value in column \"{column}\" of relation \"{table}\" violates not-null constraint"),
        ),
        "CHECK" => SqlError::new("23514", format!("new row violates check constraint \"{what}\"")),
        _ => SqlError::new("23503", "the statement violates a foreign key constraint"),
    })
}
