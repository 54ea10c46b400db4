//! One connection: what it sends becomes calls, what comes of them becomes its answers.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::results::{
    DescribePortalResponse, DescribeStatementResponse, FieldInfo, QueryResponse, Response, Tag,
};
use pgwire::api::stmt::{NoopQueryParser, StoredStatement};
use pgwire::api::{ClientInfo, METADATA_DATABASE, METADATA_USER, Type};
use pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use serde_json::Value;
use simulators::call::Refusal;
use simulators::cli::psql_wire::{self as wire, Connection};
use tokio::sync::{Mutex, mpsc};

use super::values;
use crate::door::asked::{self, Ask, Asked, Told};
use crate::gate::Outcome;

/// Strings of one open transaction: each comes with all that were before it.
const TRANSACTION_STRINGS_MAX: usize = 500;

/// One connection.
pub struct Session {
    asks: mpsc::Sender<Asked>,
    host: String,
    open: Mutex<Open>,
}

/// Where a connection stands.
#[derive(Default)]
struct Open {
    /// What was said since `BEGIN`; empty: there is no transaction.
    said: Vec<String>,
    /// Something in it went wrong that the server knows nothing of: the gate has denied it.
    is_denied: bool,
    /// The answer to a statement that was run so that its columns could be told, for whoever then asks for its rows.
    looked: Option<(String, Vec<Value>)>,
}

/// An error as the protocol has it.
pub(super) fn error(state: &str, message: &str) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("ERROR".to_owned(), state.to_owned(), message.to_owned())))
}

impl Session {
    pub fn new(asks: mpsc::Sender<Asked>, host: String) -> Self {
        Self { asks, host, open: Mutex::default() }
    }

    fn connection<C: ClientInfo>(&self, client: &C) -> Connection {
        let of = |name: &str| client.metadata().get(name).cloned();
        let user = of(METADATA_USER).unwrap_or_default();
        let database = of(METADATA_DATABASE).unwrap_or_else(|| user.clone());
        Connection { host: self.host.clone(), user, database }
    }

    /// Sends a string of statements and keeps account of the transaction.
    async fn send(&self, connection: &Connection, sql: &str) -> PgWireResult<Vec<Value>> {
        let mut open = self.open.lock().await;
        let word = first_word(sql);
        let ends = matches!(word.as_str(), "commit" | "end" | "rollback" | "abort") && !is_to_savepoint(sql);
        if open.is_denied {
            if !ends {
                let text = "current transaction is aborted, commands ignored until end of transaction block";
                return Err(error("25P02", text));
            }
            *open = Open::default();
            return Ok(vec![serde_json::json!({"rows": {"tag": "ROLLBACK"}})]);
        }
        if open.said.len() >= TRANSACTION_STRINGS_MAX {
            return Err(error("54000", "too many statements in one transaction"));
        }
        let answer = self.ask(connection, &open.said, sql).await;
        let steps = match answer {
            Ok(steps) => steps,
            Err(denied) => {
                open.is_denied = !open.said.is_empty();
                return Err(denied);
            }
        };
        let in_block = block_after(!open.said.is_empty(), &steps);
        if in_block {
            open.said.push(sql.to_owned());
        } else {
            open.said.clear();
        }
        Ok(steps)
    }

    async fn ask(&self, connection: &Connection, before: &[String], sql: &str) -> PgWireResult<Vec<Value>> {
        let Connection { host, user, database } = connection;
        let ask = Ask::Call {
            text: format!("postgresql://{user}@{host}/{database} {sql}"),
            call: connection.call(before, sql),
        };
        match asked::ask(&self.asks, ask).await {
            Told::Outcome(Outcome::Answered(answer) | Outcome::Forbidden(answer)) => {
                answer.map(|answer| wire::answer_to_last(&answer)).map_err(|refusal| fatal(&refusal))
            }
            Told::Outcome(Outcome::Denied(verdict)) => Err(error("42501", &verdict.denial())),
            _ => Err(fatal(&Refusal::new("57P01", "the work is over: nothing more is taken"))),
        }
    }

    /// What a statement gives, without its being kept: in a transaction that is not ended. One that only reads is run for
    /// good, and whoever asks for its rows next gets them.
    async fn look(&self, connection: &Connection, sql: &str, is_bound: bool) -> PgWireResult<Option<Value>> {
        if !returns_rows(sql) {
            return Ok(None);
        }
        let steps = if is_bound && reads(sql) {
            let steps = self.send(connection, sql).await?;
            self.open.lock().await.looked = Some((sql.to_owned(), steps.clone()));
            steps
        } else {
            let mut before = self.open.lock().await.said.clone();
            if before.is_empty() {
                before.push("BEGIN".to_owned());
            }
            self.ask(connection, &before, sql).await?
        };
        if let Some(wrong) = steps.iter().find_map(|step| failed(step, sql)) {
            return Err(PgWireError::UserError(Box::new(wrong)));
        }
        Ok(steps.into_iter().find_map(|step| step.get("rows").cloned()))
    }
}

/// A connection that could not be made, in the server's words and with its state where it has one.
fn fatal(refusal: &Refusal) -> PgWireError {
    let is_state = refusal.code.len() == 5 && refusal.code.chars().all(|c| c.is_ascii_alphanumeric());
    let state = if is_state { refusal.code.clone() } else { "08006".to_owned() };
    let message = refusal.message.rsplit("FATAL:  ").next().unwrap_or(&refusal.message).to_owned();
    PgWireError::UserError(Box::new(ErrorInfo::new("FATAL".to_owned(), state, message)))
}

fn first_word(sql: &str) -> String {
    sql.trim_start_matches(|c: char| c.is_whitespace() || c == '(')
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase()
}

fn is_to_savepoint(sql: &str) -> bool {
    sql.split_whitespace().any(|word| word.eq_ignore_ascii_case("to"))
}

fn reads(sql: &str) -> bool {
    matches!(first_word(sql).as_str(), "select" | "values" | "show" | "table" | "explain")
}

fn returns_rows(sql: &str) -> bool {
    let words = || sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    reads(sql) || first_word(sql) == "with" || words().any(|word| word.eq_ignore_ascii_case("returning"))
}

/// Whether a transaction is open after these steps.
fn block_after(before: bool, steps: &[Value]) -> bool {
    let tags = steps.iter().filter_map(|step| step.get("rows")?.get("tag")?.as_str());
    tags.fold(before, |open, tag| match tag {
        "BEGIN" | "START TRANSACTION" => true,
        "COMMIT" | "ROLLBACK" => false,
        _ => open,
    })
}

/// The error of a step, if it is one.
fn failed(step: &Value, sql: &str) -> Option<ErrorInfo> {
    let error = step.get("error")?;
    let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut info = ErrorInfo::new(
        "ERROR".to_owned(),
        text("state").unwrap_or_default(),
        text("message").unwrap_or_default(),
    );
    info.detail = text("detail");
    info.hint = text("hint");
    info.position = position(error, sql).map(|at| at.to_string());
    Some(info)
}

/// The place of an error as the protocol counts it: in characters of the whole text, from 1.
fn position(error: &Value, sql: &str) -> Option<usize> {
    let place = error.get("position")?;
    let number = |n: usize| place.get(n)?.as_u64().and_then(|n| usize::try_from(n).ok());
    let (line, column) = (number(0)?, number(1)?);
    let before: usize =
        sql.split('\n').take(line.checked_sub(1)?).map(|line| line.chars().count().saturating_add(1)).sum();
    before.checked_add(column)
}

/// One step as the protocol answers it. Remarks beside a statement have no place in these answers.
fn response(step: &Value, sql: &str, format: &Format) -> Option<Response> {
    if let Some(info) = failed(step, sql) {
        return Some(Response::Error(Box::new(info)));
    }
    let given = step.get("rows")?;
    let tag = given.get("tag").and_then(Value::as_str).unwrap_or_default();
    let fields = values::fields(given, format);
    if !fields.is_empty() {
        let fields = Arc::new(fields);
        let rows = values::rows(given, &fields);
        let mut response = QueryResponse::new(fields, stream::iter(rows));
        // The number of rows is put behind it again.
        response.set_command_tag(tag.rsplit_once(' ').map_or(tag, |(command, _)| command));
        return Some(Response::Query(response));
    }
    Some(match tag {
        "BEGIN" | "START TRANSACTION" => Response::TransactionStart(Tag::new(tag)),
        "COMMIT" | "ROLLBACK" => Response::TransactionEnd(Tag::new(tag)),
        _ => Response::Execution(Tag::new(tag)),
    })
}

#[async_trait]
impl SimpleQueryHandler for Session {
    async fn do_query<C>(&self, client: &mut C, sql: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let steps = self.send(&self.connection(client), sql).await?;
        Ok(steps.iter().filter_map(|step| response(step, sql, &Format::UnifiedText)).collect())
    }
}

#[async_trait]
impl ExtendedQueryHandler for Session {
    type Statement = String;
    type QueryParser = NoopQueryParser;

    fn query_parser(&self) -> Arc<Self::QueryParser> {
        Arc::new(NoopQueryParser::new())
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<String>,
        _rows_max: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let sql = values::bound(portal)?;
        let looked = self.open.lock().await.looked.take().filter(|(known, _)| *known == sql);
        let steps = match looked {
            Some((_, steps)) => steps,
            None => self.send(&self.connection(client), &sql).await?,
        };
        let last = steps.iter().rev().find_map(|step| response(step, &sql, &portal.result_column_format));
        match last {
            Some(Response::Error(info)) => Err(PgWireError::UserError(info)),
            Some(response) => Ok(response),
            None => Ok(Response::EmptyQuery),
        }
    }

    async fn do_describe_statement<C>(
        &self,
        client: &mut C,
        statement: &StoredStatement<String>,
    ) -> PgWireResult<DescribeStatementResponse>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let named = wire::parameters(&statement.statement);
        let kind = |n: usize| statement.parameter_types.get(n).cloned().flatten().unwrap_or(Type::UNKNOWN);
        let kinds: Vec<Type> = (0..named).map(kind).collect();
        let nulls = vec!["NULL".to_owned(); named];
        let sql = wire::filled(&statement.statement, &nulls).unwrap_or_default();
        let rows = self.look(&self.connection(client), &sql, false).await?;
        Ok(DescribeStatementResponse::new(kinds, columns(rows.as_ref(), &Format::UnifiedText)))
    }

    async fn do_describe_portal<C>(
        &self,
        client: &mut C,
        portal: &Portal<String>,
    ) -> PgWireResult<DescribePortalResponse>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let sql = values::bound(portal)?;
        let rows = self.look(&self.connection(client), &sql, true).await?;
        Ok(DescribePortalResponse::new(columns(rows.as_ref(), &portal.result_column_format)))
    }
}

fn columns(rows: Option<&Value>, format: &Format) -> Vec<FieldInfo> {
    rows.map(|rows| values::fields(rows, format)).unwrap_or_default()
}
