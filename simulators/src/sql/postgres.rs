//! A conversation with the server: strings of statements in, tags, rows and errors out.
//!
//! A string is one transaction, as in Postgres' simple protocol: its first error undoes all of it, unless it holds
//! `BEGIN` and `COMMIT` of its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::Value;
use sqlparser::ast::{SetExpr, Statement};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Tokenizer};

use super::engine::Engine;
use super::rewrite::Rewrite;
use super::schema::Schema;
use super::types::Type;
use super::{Data, Rows, Session, SqlError, catalog, depth};

/// Statements that one string may hold.
const STATEMENTS_MAX: usize = 2_000;
/// Steps of the engine that all statements of one connection may take.
const CONNECTION_STEPS_MAX: u64 = 300_000_000;
/// Bytes that all statements of one connection may return.
const CONNECTION_BYTES_MAX: usize = 32 << 20;

/// What came back for a statement, in the order in which it came.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Step {
    /// It was done.
    Rows(Rows),
    /// A remark beside it, such as `NOTICE:  …`.
    Notice(String),
    /// It was not done.
    Error(SqlError),
}

/// Where a conversation stands with its transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transaction {
    /// Outside.
    None,
    /// The string's own.
    OfString,
    /// Begun by `BEGIN`.
    Block,
    /// Begun by `BEGIN`, and an error has come.
    Failed,
}

/// An open connection. Closing it without `COMMIT` undoes what is open.
pub(crate) struct Conversation {
    pub(super) engine: Engine,
    pub(super) session: Session,
    pub(super) schema: Schema,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) transaction: Transaction,
    pub(super) notices: Vec<String>,
    pub(super) access_changes: Vec<String>,
    pub(super) dropped_databases: Vec<String>,
    /// What all statements of the connection have cost so far.
    steps: u64,
    returned_bytes: Cell<usize>,
    start: Data,
}

impl Conversation {
    /// Opens a connection to a database in this state.
    ///
    /// # Errors
    /// The image cannot be opened.
    pub fn open(data: &Data, session: &Session) -> Result<Self, SqlError> {
        Ok(Self {
            engine: Engine::open(&data.0.bytes, session)?,
            session: session.clone(),
            schema: data.0.schema.clone(),
            counts: data.0.counts.clone(),
            transaction: Transaction::None,
            notices: Vec::new(),
            access_changes: Vec::new(),
            dropped_databases: Vec::new(),
            steps: 0,
            returned_bytes: Cell::new(0),
            start: data.clone(),
        })
    }

    /// Sends one string of statements.
    pub fn send(&mut self, sql: &str) -> Vec<Step> {
        let statements = match parse(sql) {
            Ok(statements) => statements,
            Err(error) => {
                self.fail();
                return vec![Step::Error(error)];
            }
        };
        let mut steps = Vec::new();
        if self.transaction == Transaction::None && !statements.is_empty() {
            if let Err(error) = self.raw("BEGIN") {
                return vec![Step::Error(error)];
            }
            self.transaction = Transaction::OfString;
        }
        for statement in statements {
            self.engine.restart_clock();
            let done = self.affordable().and_then(|()| self.statement(statement));
            self.steps = self.steps.saturating_add(self.engine.steps());
            steps.extend(std::mem::take(&mut self.notices).into_iter().map(Step::Notice));
            match done {
                Ok(rows) => steps.push(Step::Rows(rows)),
                Err(error) => {
                    self.fail();
                    steps.push(Step::Error(error));
                    break;
                }
            }
        }
        if self.transaction == Transaction::OfString {
            let ended = self.raw("COMMIT");
            self.transaction = Transaction::None;
            steps.extend(ended.err().map(Step::Error));
        }
        steps
    }

    /// Who asks.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Tables and views as they are now, inside an open transaction too.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Rows of a table when the connection was opened.
    pub fn rows_of(&self, table: &str) -> u64 {
        self.counts.get(table).copied().unwrap_or(0)
    }

    /// Grants and revocations that were done, in words.
    pub fn access_changes(&self) -> &[String] {
        &self.access_changes
    }

    /// Other databases of the server that were dropped.
    pub fn dropped_databases(&self) -> &[String] {
        &self.dropped_databases
    }

    /// Ends the connection and says what the database now holds: the same value if nothing changed.
    ///
    /// # Errors
    /// The engine cannot write its image.
    pub fn close(self) -> Result<Data, SqlError> {
        if !self.engine.connection.is_autocommit() {
            self.raw("ROLLBACK")?;
        }
        let after = Data::taken(self.engine)?;
        // What was done and undone inside a transaction may leave other bytes and the same rows.
        let same = after.schema() == self.start.schema() && self.start.diff(&after).is_empty();
        Ok(if same { self.start } else { after })
    }

    /// After an error: the string's transaction is undone, a block waits for its end.
    fn fail(&mut self) {
        match self.transaction {
            Transaction::OfString => {
                self.undo();
                self.transaction = Transaction::None;
            }
            Transaction::Block => self.transaction = Transaction::Failed,
            Transaction::None | Transaction::Failed => {}
        }
    }

    /// Rolls back; the engine may have done so by itself when it was interrupted.
    pub(super) fn undo(&mut self) {
        if !self.engine.connection.is_autocommit() {
            let _ = self.raw("ROLLBACK");
        }
        let _ = self.reload();
    }

    /// Each statement has a limit of its own; thousands of statements would still take hours.
    fn affordable(&self) -> Result<(), SqlError> {
        if self.steps <= CONNECTION_STEPS_MAX {
            return Ok(());
        }
        Err(SqlError::new("57014", "canceling statement due to statement timeout"))
    }

    /// Adds to what the connection has sent, as it is printed: a `char(n)` is padded only then.
    fn charge(&self, bytes: usize) -> Result<(), SqlError> {
        self.returned_bytes.set(self.returned_bytes.get().saturating_add(bytes));
        if self.returned_bytes.get() > CONNECTION_BYTES_MAX {
            let detail = "The results of this connection are too large to be sent.";
            return Err(SqlError::new("53200", "out of memory").detail(detail));
        }
        Ok(())
    }

    /// Reads the schema again, after it has changed.
    pub(super) fn reload(&mut self) -> Result<(), SqlError> {
        self.schema = Schema::read(&self.engine.connection)?;
        Ok(())
    }

    /// Runs text of the engine's own dialect.
    pub(super) fn raw(&self, sql: &str) -> Result<(), SqlError> {
        self.engine.connection.execute_batch(sql).map_err(|e| super::engine::translate(&e, &self.schema))
    }

    /// A rewrite with this conversation's schema.
    pub(super) fn rewrite(&self) -> Rewrite<'_> {
        Rewrite::new(&self.schema, &self.counts, &self.session, &[])
    }

    /// Puts the catalogs that a rewritten statement reads where it finds them.
    pub(super) fn provide(
        &self,
        catalogs: &std::collections::BTreeSet<&'static str>,
    ) -> Result<(), SqlError> {
        let connection = &self.engine.connection;
        catalog::provide(connection, catalogs.iter(), &self.schema, &self.counts, &self.session)
    }

    /// Runs a rewritten statement that returns rows, with the catalogs that it reads.
    pub(super) fn returned(
        &self,
        sql: &str,
        columns: &[super::scope::Named],
        catalogs: &std::collections::BTreeSet<&'static str>,
    ) -> Result<Rows, SqlError> {
        self.provide(catalogs)?;
        let rows = self.engine.rows(sql, &[], &self.schema)?;
        let kinds: Vec<Type> = columns.iter().enumerate().map(|(i, c)| seen(c.kind, &rows, i)).collect();
        let mut printed = Vec::with_capacity(rows.len());
        for row in &rows {
            let cells =
                row.iter().zip(&kinds).map(|(v, kind)| kind.print(v).map_or(Value::Null, Value::String));
            let cells: Vec<Value> = cells.collect();
            self.charge(cells.iter().map(|cell| cell.as_str().map_or(8, str::len)).sum())?;
            printed.push(cells);
        }
        Ok(Rows {
            tag: format!("SELECT {}", rows.len()),
            columns: columns.iter().map(|c| c.name.clone()).collect(),
            right: kinds.iter().map(|k| k.is_right_aligned()).collect(),
            types: kinds.iter().map(|k| k.name().to_owned()).collect(),
            rows: printed,
        })
    }
}

/// A column whose type could not be told beforehand (of a view, say) has the type of its first value.
fn seen(kind: Type, rows: &[Vec<Value>], i: usize) -> Type {
    if kind != Type::Unknown {
        return kind;
    }
    let first = rows.iter().filter_map(|row| row.get(i)).find(|v| !v.is_null());
    match first {
        Some(Value::Number(n)) if n.is_i64() => Type::BigInt,
        Some(Value::Number(_)) => Type::Numeric(None),
        _ => Type::Text,
    }
}

thread_local! {
    /// The engine of the last image that service code read: dependents ask the same one a thousand times, and opening
    /// it costs more than the question. It only ever reads, so nobody can tell it from a new one.
    static READER: RefCell<Option<([u8; 32], Engine)>> = const { RefCell::new(None) };
}

/// The named and typed columns of a result, and its rows as the engine has them.
type Raw = (Vec<(String, Type)>, Vec<Vec<Value>>);

/// Runs one query that may not change anything.
pub(super) fn read_only(
    data: &Data,
    session: &Session,
    sql: &str,
    parameters: &[Value],
) -> Result<Raw, SqlError> {
    let mut statements = parse(&numbered(sql))?;
    let (Some(Statement::Query(mut query)), true) = (statements.pop(), statements.is_empty()) else {
        return Err(SqlError::new("25006", "only one SELECT can be executed in a read-only transaction"));
    };
    let mut rewrite = Rewrite::new(&data.0.schema, &data.0.counts, session, parameters);
    let columns = rewrite.query(&mut query)?;
    let catalogs = rewrite.catalogs;
    let text = query.to_string();
    READER.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|(digest, _)| *digest != data.0.digest) {
            *slot = Some((data.0.digest, Engine::open(&data.0.bytes, session)?));
        }
        let Some((_, engine)) = slot else { return Err(SqlError::new("XX000", "no connection")) };
        engine.restart_clock();
        catalog::provide(&engine.connection, catalogs.iter(), &data.0.schema, &data.0.counts, session)?;
        let rows = engine.rows(&text, parameters, &data.0.schema)?;
        let kinds = columns.into_iter().enumerate().map(|(i, c)| (c.name, seen(c.kind, &rows, i)));
        Ok((kinds.collect(), rows))
    })
}

/// `?` as `$1`, `$2` …: the parser knows only those. Question marks in literals stay.
fn numbered(sql: &str) -> String {
    let mut out = String::new();
    let (mut quoted, mut next) = (false, 1);
    for c in sql.chars() {
        if c == '\'' {
            quoted = !quoted;
        }
        if c == '?' && !quoted {
            out.push_str(&format!("${next}"));
            next += 1;
        } else {
            out.push(c);
        }
    }
    out
}

/// Statements of Postgres that the parser does not know, by their first words.
const UNPARSED: &[&str] = &[
    "do",
    "reindex",
    "refresh",
    "cluster",
    "checkpoint",
    "alter system",
    "alter default",
    "security",
    "alter database",
    "alter sequence",
    "move",
    "prepare transaction",
];

/// First words of statements that other engines have and Postgres has not; the parser knows them all the same.
const FOREIGN: &[&str] =
    &["pragma", "describe", "desc", "use", "attach", "detach", "kill", "optimize", "rename", "replace"];

/// The statements of a string.
pub(super) fn parse(sql: &str) -> Result<Vec<Statement>, SqlError> {
    let word = sql.split_whitespace().next().unwrap_or("").trim_end_matches(';');
    if FOREIGN.contains(&word.to_ascii_lowercase().as_str()) {
        let before = sql.find(word).and_then(|at| sql.get(..at)).unwrap_or("");
        let line = before.matches('\n').count() as u64;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u64;
        let place = Location { line: line.saturating_add(1), column: column.saturating_add(1) };
        return Err(SqlError::new("42601", format!("syntax error at or near \"{word}\"")).at(place));
    }
    match parsed(sql) {
        Ok(statements) if statements.len() > STATEMENTS_MAX => {
            Err(SqlError::new("54000", "too many statements in one string"))
        }
        Ok(statements) => Ok(statements),
        Err(error) => {
            let start = sql.trim_start().to_ascii_lowercase();
            let unparsed = UNPARSED.iter().find(|words| {
                start
                    .strip_prefix(*words)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n', ';', '$']))
            });
            Err(match unparsed {
                Some(words) => SqlError::unsupported(words.to_uppercase()),
                None => syntax_error(&error, sql),
            })
        }
    }
}

fn parsed(sql: &str) -> Result<Vec<Statement>, ParserError> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location()?;
    if depth::is_too_deep(&tokens) {
        return Err(ParserError::RecursionLimitExceeded);
    }
    let statements =
        Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(tokens).parse_statements()?;
    Ok(statements.into_iter().map(with_inside).collect())
}

/// `WITH … INSERT INTO … SELECT` is the same as `INSERT INTO … WITH … SELECT`, and is done as that.
fn with_inside(statement: Statement) -> Statement {
    match statement {
        Statement::Query(mut query) => {
            if let SetExpr::Insert(Statement::Insert(insert)) = query.body.as_mut()
                && let Some(source) = &mut insert.source
                && source.with.is_none()
                && query.with.is_some()
            {
                source.with = query.with.take();
                return Statement::Insert(insert.clone());
            }
            Statement::Query(query)
        }
        other => other,
    }
}

/// The parser's complaint as Postgres would put it: it names the token at which it stopped.
fn syntax_error(error: &ParserError, sql: &str) -> SqlError {
    let message = match error {
        ParserError::RecursionLimitExceeded => return SqlError::new("54001", "stack depth limit exceeded"),
        ParserError::TokenizerError(m) | ParserError::ParserError(m) => m,
    };
    let place = location(message);
    if message.contains("nterminated") {
        let place = place.unwrap_or(Location { line: 1, column: 1 });
        let rest: String =
            line_of(sql, place.line).chars().skip(place.column.saturating_sub(1) as usize).collect();
        let what = if message.contains("comment") {
            "unterminated /* comment"
        } else {
            "unterminated quoted string"
        };
        return SqlError::new("42601", format!("{what} at or near \"{rest}\"")).at(place);
    }
    let found = message.split_once("found: ").map_or("", |(_, rest)| rest);
    let token = found.rsplit_once(" at Line").map_or(found, |(token, _)| token);
    if token.is_empty() || token == "EOF" {
        let last = sql.trim_end().lines().count().max(1) as u64;
        let column = line_of(sql, last).trim_end().chars().count() as u64;
        return SqlError::new("42601", "syntax error at end of input")
            .at(Location { line: last, column: column.saturating_add(1) });
    }
    let error = SqlError::new("42601", format!("syntax error at or near \"{token}\""));
    place.map_or(error.clone(), |place| error.at(place))
}

fn line_of(sql: &str, line: u64) -> &str {
    sql.lines().nth(usize::try_from(line).unwrap_or(1).saturating_sub(1)).unwrap_or("")
}

fn location(message: &str) -> Option<Location> {
    let (_, rest) = message.rsplit_once("Line: ")?;
    let (line, column) = rest.split_once(", Column: ").or_else(|| rest.split_once(", Column "))?;
    let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
    Some(Location { line: line.trim().parse().ok()?, column: digits.parse().ok()? })
}
