//! Functions that tell who and when: constants of a session, put in by the rewrite.

use sqlparser::ast::{Expr, FunctionArguments, Spanned};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::calls::plain_arguments;
use super::catalog::table_bytes;
use super::error::SqlError;
use super::expr::{literal, number, text};
use super::operators::named;
use super::rewrite::Rewrite;
use super::types::Type;

/// What `version()` says, as far as a managed server says it.
pub(super) const VERSION: &str =
    "PostgreSQL 15.8 on aarch64-unknown-linux-gnu, compiled by gcc (GCC) 9.5.0, 64-bit";
/// Bytes of a database without tables of its own.
const EMPTY_DATABASE_BYTES: u64 = 8_012_323;

impl Rewrite<'_> {
    /// The value of a function that the session fixes.
    pub(super) fn constant(&self, name: &str, args: &FunctionArguments) -> Option<(Expr, Type)> {
        let session = self.session;
        let bare = match args {
            FunctionArguments::None => true,
            FunctionArguments::List(list) => list.args.is_empty(),
            FunctionArguments::Subquery(_) => false,
        };
        let ignores_arguments = matches!(
            name,
            "current_setting"
                | "has_table_privilege"
                | "has_schema_privilege"
                | "has_database_privilege"
                | "pg_get_userbyid"
                | "pg_is_in_recovery"
                | "pg_table_is_visible"
                | "current_timestamp"
                | "localtimestamp"
        );
        if !bare && !ignores_arguments {
            return None;
        }
        Some(match name {
            "now"
            | "transaction_timestamp"
            | "statement_timestamp"
            | "clock_timestamp"
            | "current_timestamp" => (text(session.stamp()), Type::TimestampTz),
            "localtimestamp" => (text(session.stamp()), Type::Timestamp),
            "current_date" => (text(session.day()), Type::Date),
            "current_time" | "localtime" => {
                (text(session.stamp().split_once(' ').unwrap_or_default().1), Type::Time)
            }
            "current_user" | "session_user" | "user" | "current_role" | "pg_get_userbyid" => {
                (text(&session.user), Type::Name)
            }
            "current_database" | "current_catalog" => (text(&session.database), Type::Name),
            "current_schema" => (text("public"), Type::Name),
            "version" => (text(VERSION), Type::Text),
            "inet_server_addr" => (text(&session.address), Type::Inet),
            "inet_client_addr" => (text("10.0.9.14"), Type::Inet),
            "inet_server_port" => (number(5432), Type::Integer),
            "inet_client_port" => (number(51_234), Type::Integer),
            "pg_backend_pid" => (number(super::catalog::OWN_PID), Type::Integer),
            "pg_is_in_recovery" => (number(i64::from(session.replication.replayed.is_some())), Type::Bool),
            "pg_last_xact_replay_timestamp" => match session.replication.replayed {
                Some(at) => (text(super::stamp_of(at)), Type::TimestampTz),
                None => (Expr::value(sqlparser::ast::Value::Null), Type::TimestampTz),
            },
            "pg_postmaster_start_time" | "pg_conf_load_time" => {
                (text(super::stamp_of(session.started)), Type::TimestampTz)
            }
            "has_table_privilege"
            | "has_schema_privilege"
            | "has_database_privilege"
            | "pg_table_is_visible" => (number(1), Type::Bool),
            "txid_current" => (number(session.now.unix() / 7), Type::BigInt),
            "current_setting" => {
                let mut args = args.clone();
                let setting = plain_arguments(&mut args).first().and_then(|a| named(a)).unwrap_or_default();
                (text(super::settings::setting(&setting).unwrap_or_default()), Type::Text)
            }
            _ => return None,
        })
    }

    /// Functions that tell a size on disk.
    pub(super) fn size_of(&mut self, e: &mut Expr, name: &str) -> Result<Option<Type>, SqlError> {
        let Expr::Function(f) = e else { return Ok(None) };
        if name == "pg_database_size" {
            let tables: u64 = self.counts.values().map(|rows| table_bytes(*rows)).sum();
            *e = number(tables.saturating_add(EMPTY_DATABASE_BYTES));
            return Ok(Some(Type::BigInt));
        }
        if !matches!(
            name,
            "pg_relation_size" | "pg_total_relation_size" | "pg_table_size" | "pg_indexes_size"
        ) {
            return Ok(None);
        }
        let mut argument = plain_arguments(&mut f.args).into_iter().next();
        if let Some(Expr::Cast { expr, .. }) = argument {
            argument = Some(expr);
        }
        let Some(argument) = argument else {
            return Err(SqlError::new("42883", format!("function {name}() does not exist")));
        };
        *e = match literal(argument) {
            Some(relation) => {
                let bare = relation.rsplit('.').next().unwrap_or(&relation).trim_matches('"');
                let rows = self.counts.get(bare).ok_or_else(|| {
                    SqlError::new("42P01", format!("relation \"{relation}\" does not exist"))
                        .at(argument.span().start)
                })?;
                number(table_bytes(*rows))
            }
            None => {
                self.expr(argument)?;
                self.catalogs.insert("pg_sizes");
                let text = format!(
                    "(SELECT s.bytes FROM pg_sizes AS s WHERE s.oid = {argument} OR s.name = {argument})"
                );
                let parsed =
                    Parser::new(&PostgreSqlDialect {}).try_with_sql(&text).and_then(|mut p| p.parse_expr());
                parsed.map_err(|_| SqlError::unsupported(format!("{name} of this expression")))?
            }
        };
        Ok(Some(Type::BigInt))
    }
}
