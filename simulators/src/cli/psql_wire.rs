//! What a connection over PostgreSQL's own protocol asks, as the calls that `psql` makes.
//!
//! The world keeps no connections: a call brings the whole of one. So inside a transaction each statement comes with all that
//! was said since `BEGIN`, and nothing is kept until the call with `COMMIT` in it, which has the effects of them all.

use serde_json::{Map, Value, json};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use crate::call::{Call, Service};
pub use crate::sql::schema::literal;

/// Where a connection leads, and in whose name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    /// The server's name.
    pub host: String,
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
}

impl Connection {
    /// The call that sends these strings of statements, the earlier ones of an open transaction first. Of its answer
    /// [`answer_to_last`] gives what belongs to the last.
    pub fn call(&self, before: &[String], sql: &str) -> Call {
        let instance = self.host.split('.').next().unwrap_or(&self.host).to_owned();
        let sent = |sql: &str| json!({"sql": sql, "from": "command"});
        let mut script: Vec<Value> = before.iter().map(|sql| sent(sql)).collect();
        if !script.is_empty() {
            script.push(mark());
        }
        script.push(sent(sql));
        let all: Vec<&str> = before.iter().map(String::as_str).chain([sql]).collect();
        let mut args = Map::new();
        for (name, value) in [
            ("instance", json!(instance)),
            ("host", json!(self.host)),
            ("port", json!(5432)),
            ("user", json!(self.user)),
            ("database", json!(self.database)),
            ("sql", json!(all.join(";\n"))),
            ("on_error_stop", json!(false)),
            ("single_transaction", json!(false)),
            ("script", Value::Array(script)),
        ] {
            args.insert(name.to_owned(), value);
        }
        Call::new(Service::Databases, "Query", &instance, args)
    }
}

/// Stands between what was said before and the last string; it is no step of a server, and comes back as it is.
fn mark() -> Value {
    json!({"mark": "last"})
}

/// The steps of an answer that belong to the last string of its call.
pub fn answer_to_last(answer: &Value) -> Vec<Value> {
    let steps = answer.get("steps").and_then(Value::as_array).cloned().unwrap_or_default();
    let from = steps.iter().position(|step| *step == mark()).map_or(0, |at| at.saturating_add(1));
    steps.into_iter().skip(from).collect()
}

/// A statement with a literal in the place of each parameter `$1`, `$2` … `None`: it names one that there is not.
pub fn filled(sql: &str, literals: &[String]) -> Option<String> {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).with_unescape(false).tokenize() else {
        // The server says what is wrong with it.
        return Some(sql.to_owned());
    };
    let mut text = String::new();
    for token in tokens {
        match &token {
            Token::Placeholder(name) => {
                let place: usize = name.strip_prefix('$')?.parse().ok()?;
                text.push_str(literals.get(place.checked_sub(1)?)?);
            }
            // A comment brings its line's end along.
            Token::Whitespace(Whitespace::SingleLineComment { prefix, comment }) => {
                text.push_str(prefix);
                text.push_str(comment);
            }
            other => text.push_str(&other.to_string()),
        }
    }
    Some(text)
}

/// How many parameters a statement has: the highest that it names.
pub fn parameters(sql: &str) -> usize {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize().unwrap_or_default();
    let place = |token: &Token| match token {
        Token::Placeholder(name) => name.strip_prefix('$')?.parse().ok(),
        _ => None,
    };
    tokens.iter().filter_map(place).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_literals() {
        let literals = ["5".to_owned(), literal("o'neill"), "NULL".to_owned()];
        assert_eq!(
            filled("select $2, '$1', \"$1\", $1::int -- $9\n from t where a = $3 and b = 'it''s'", &literals)
                .unwrap(),
            "select 'o''neill', '$1', \"$1\", 5::int -- $9\n from t where a = NULL and b = 'it''s'"
        );
        assert_eq!(filled("select $4", &literals), None);
        assert_eq!((parameters("select $1, $3, '$7'"), parameters("select 1")), (3, 0));
    }

    #[test]
    fn the_last_string_has_its_own_answer() {
        let connection =
            Connection { host: "db.x.rds.example".into(), user: "u".into(), database: "d".into() };
        let call = connection.call(&["BEGIN".into(), "select 1".into()], "select 2");
        assert_eq!(call.args["script"].as_array().unwrap().len(), 4);
        assert_eq!((call.target.as_str(), call.text("sql")), ("db", Some("BEGIN;\nselect 1;\nselect 2")));
        let answer = json!({"steps": [1, 2, mark(), 3]});
        assert_eq!(answer_to_last(&answer), [json!(3)]);
        assert_eq!(answer_to_last(&json!({"steps": [1]})), [json!(1)]);
    }
}
