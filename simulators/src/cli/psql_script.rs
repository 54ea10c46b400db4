//! Scripts of `psql`: where one statement ends and the next begins, variables, backslash commands.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sql::schema::{literal, quoted};

type Variables = BTreeMap<String, String>;

/// Why a script cannot be run.
pub(super) enum Unsimulated {
    /// The real tool knows this command and the simulation does not.
    Command(String),
    /// The tool itself complains.
    Said(String),
}

/// Commands that ask the server.
const LOOKS: &[&str] = &["d", "dt", "dv", "ds", "di", "l", "du", "dg", "dn", "dp", "z"];
/// Commands that change how things are printed, or print something themselves.
const LOCAL: &[&str] =
    &["x", "t", "a", "pset", "f", "timing", "conninfo", "echo", "qecho", "encoding", "q", "set", "unset"];
/// Commands of the real tool that are not simulated.
const ELSEWHERE: &[&str] = &[
    "!",
    "?",
    "C",
    "H",
    "T",
    "bind",
    "c",
    "cd",
    "connect",
    "copy",
    "copyright",
    "crosstabview",
    "da",
    "dA",
    "db",
    "dc",
    "dC",
    "dd",
    "dD",
    "ddp",
    "dE",
    "des",
    "det",
    "deu",
    "dew",
    "df",
    "dF",
    "dL",
    "dm",
    "do",
    "dO",
    "dP",
    "drds",
    "dRp",
    "dRs",
    "dT",
    "dx",
    "dX",
    "dy",
    "e",
    "ef",
    "elif",
    "else",
    "endif",
    "errverbose",
    "ev",
    "gdesc",
    "gexec",
    "getenv",
    "gset",
    "h",
    "help",
    "html",
    "i",
    "if",
    "ir",
    "list",
    "lo_export",
    "lo_import",
    "lo_list",
    "lo_unlink",
    "o",
    "out",
    "p",
    "password",
    "print",
    "prompt",
    "r",
    "s",
    "setenv",
    "sf",
    "sv",
    "w",
    "warn",
    "watch",
];

/// What one `-c` says: a backslash command, or a string that is sent as it is.
pub(super) fn command(text: &str, variables: &mut Variables) -> Result<Vec<Value>, Unsimulated> {
    match text.trim_start().strip_prefix('\\') {
        Some(command) => backslash(command, variables).map(|step| step.into_iter().collect()),
        None => Ok(vec![json!({"sql": text, "from": "command"})]),
    }
}

/// What a file says: statement by statement, each sent on its own.
pub(super) fn file(name: &str, text: &str, variables: &mut Variables) -> Result<Vec<Value>, Unsimulated> {
    let mut steps = Vec::new();
    let mut cut = Cut { rest: text, line: 1, statement: String::new(), depth: 0 };
    while !cut.rest.is_empty() {
        let send =
            |statement: &str, line: usize| json!({"sql": statement.trim(), "from": format!("{name}:{line}")});
        match cut.next(variables) {
            Piece::Statement(statement, line) => steps.push(send(&statement, line)),
            Piece::Command(command) => {
                let word = command.split_whitespace().next().unwrap_or("");
                if matches!(word, "g" | "gx") {
                    let statement = std::mem::take(&mut cut.statement);
                    if word == "gx" {
                        steps.push(json!({"set": "expanded", "argument": "on", "quiet": true}));
                    }
                    steps.push(send(&statement, cut.line));
                    if word == "gx" {
                        steps.push(json!({"set": "expanded", "argument": "off", "quiet": true}));
                    }
                } else if word == "q" {
                    break;
                } else {
                    steps.extend(backslash(&command, variables)?);
                }
            }
            Piece::End => {}
        }
    }
    let last = cut.statement.trim();
    if !last.is_empty() {
        steps.push(json!({"sql": last, "from": format!("{name}:{}", cut.line)}));
    }
    Ok(steps)
}

/// One backslash command, without its backslash.
fn backslash(command: &str, variables: &mut Variables) -> Result<Option<Value>, Unsimulated> {
    let command = command.trim();
    let (word, argument) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let argument = argument.trim().trim_end_matches(';').trim();
    let argument = argument.strip_prefix('\'').and_then(|a| a.strip_suffix('\'')).unwrap_or(argument);
    let bare = word.trim_end_matches(['+', 'S']);
    if LOOKS.contains(&bare) || bare == "list" {
        let bare = if bare == "list" { word.replacen("list", "l", 1) } else { word.to_owned() };
        return Ok(Some(json!({"meta": bare, "argument": argument})));
    }
    if ELSEWHERE.contains(&word) || ELSEWHERE.contains(&bare) {
        return Err(Unsimulated::Command(word.to_owned()));
    }
    if !LOCAL.contains(&word) {
        return Ok(Some(json!({"failed": format!("invalid command \\{word}")})));
    }
    Ok(match word {
        "q" => None,
        "set" => {
            let (name, value) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
            if name.is_empty() {
                return Err(Unsimulated::Command(word.to_owned()));
            }
            variables.insert(name.to_owned(), value.trim().trim_matches('\'').to_owned());
            None
        }
        "unset" => {
            variables.remove(argument);
            None
        }
        "echo" | "qecho" => Some(json!({"echo": argument})),
        "encoding" => Some(json!({"echo": "UTF8"})),
        "conninfo" => Some(json!({"conninfo": true})),
        "pset" => {
            let (name, value) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
            if name.is_empty() {
                return Err(Unsimulated::Said(
                    "\\pset: the list of options is not available here\n".to_owned(),
                ));
            }
            Some(json!({"set": name, "argument": value.trim().trim_matches('\'')}))
        }
        other => {
            let name = match other {
                "x" => "expanded",
                "t" => "tuples_only",
                "a" => "align",
                "f" => "fieldsep",
                timing => timing,
            };
            Some(json!({"set": name, "argument": argument}))
        }
    })
}

enum Piece {
    /// A statement, and the line on which it ends.
    Statement(String, usize),
    /// A backslash command.
    Command(String),
    End,
}

/// Cuts a script into statements, as the real tool's lexer does.
struct Cut<'t> {
    rest: &'t str,
    line: usize,
    statement: String,
    depth: usize,
}

impl<'t> Cut<'t> {
    /// Takes so many bytes off the front.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line = self.line.saturating_add(taken.matches('\n').count());
        self.rest = rest;
        taken
    }

    /// Takes everything up to and with the end of something that has begun.
    fn take_through(&mut self, start: usize, end: &str) -> &'t str {
        let found = self.rest.get(start..).and_then(|after| after.find(end));
        let bytes = found.map_or(self.rest.len(), |at| start.saturating_add(at).saturating_add(end.len()));
        self.take(bytes)
    }

    fn next(&mut self, variables: &Variables) -> Piece {
        while let Some(c) = self.rest.chars().next() {
            if self.rest.starts_with("--") {
                self.take_through(2, "\n");
                self.statement.push('\n');
                continue;
            }
            if self.rest.starts_with("/*") {
                self.take_through(2, "*/");
                continue;
            }
            match c {
                '\'' | '"' => {
                    let quoted = self.take_through(1, if c == '\'' { "'" } else { "\"" });
                    self.statement.push_str(quoted);
                }
                '$' => {
                    let tag = dollar_tag(self.rest);
                    let taken = match &tag {
                        Some(tag) => self.take_through(tag.len(), tag),
                        None => self.take(1),
                    };
                    self.statement.push_str(taken);
                }
                '\\' => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    return Piece::Command(self.take(end).trim_start_matches('\\').to_owned());
                }
                ';' if self.depth == 0 => {
                    self.take(1);
                    let statement = std::mem::take(&mut self.statement);
                    if !statement.trim().is_empty() {
                        return Piece::Statement(statement, self.line);
                    }
                }
                ':' => self.variable(variables),
                other => {
                    self.depth = match other {
                        '(' => self.depth.saturating_add(1),
                        ')' => self.depth.saturating_sub(1),
                        _ => self.depth,
                    };
                    let taken = self.take(other.len_utf8());
                    if !(self.statement.is_empty() && taken.trim().is_empty()) {
                        self.statement.push_str(taken);
                    }
                }
            }
        }
        Piece::End
    }

    /// `:name`, `:'name'`, `:"name"`; `::` is a cast, and an unknown name stays as it is.
    fn variable(&mut self, variables: &Variables) {
        if self.rest.starts_with("::") {
            self.statement.push_str("::");
            self.take(2);
            return;
        }
        let after = self.rest.get(1..).unwrap_or("");
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let name = after.trim_start_matches(['\'', '"']);
        let name: String = name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let Some(value) = variables.get(&name) else {
            let colon = self.take(1);
            self.statement.push_str(colon);
            return;
        };
        self.take(name.len().saturating_add(if quote.is_some() { 3 } else { 1 }));
        match quote {
            Some('\'') => self.statement.push_str(&literal(value)),
            Some(_) => self.statement.push_str(&quoted(value)),
            None => self.statement.push_str(value),
        }
    }
}

/// `$$` or `$tag$` at the beginning of the text.
fn dollar_tag(text: &str) -> Option<String> {
    let inside = text.strip_prefix('$')?;
    let end = inside.find('$')?;
    let tag = inside.get(..end)?;
    let plain = tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins = tag.chars().next().is_none_or(|c| !c.is_ascii_digit());
    (plain && begins).then(|| format!("${tag}$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let mut variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let Ok(steps) = file("f.sql", text, &mut variables) else { panic!("not simulated") };
        steps.iter().map(|s| s["sql"].as_str().map_or_else(|| s.to_string(), str::to_owned)).collect()
    }

    #[test]
    fn semicolons_in_quotes_brackets_and_comments_end_nothing() {
        let text = "-- one;\nselect ';' ; /* ; */ select $a$;$a$, (1);\n\\d t\ncreate rule r (a; b);select 2";
        let expected = [
            "select ';'",
            "select $a$;$a$, (1)",
            r#"{"meta":"d","argument":"t"}"#,
            "create rule r (a; b)",
            "select 2",
        ];
        assert_eq!(cut(text, &[]), expected);
    }

    #[test]
    fn variables_are_put_in_and_casts_are_not_variables() {
        let text = "select :'who', :n, a::date, :unknown;";
        assert_eq!(cut(text, &[("who", "o'neill"), ("n", "5")]), ["select 'o''neill', 5, a::date, :unknown"]);
    }

    #[test]
    fn statements_know_the_line_on_which_they_end() {
        let Ok(steps) = file("f.sql", "select\n1;\nselect 2;", &mut BTreeMap::new()) else {
            panic!("not simulated")
        };
        let places: Vec<&str> = steps.iter().map(|s| s["from"].as_str().unwrap()).collect();
        assert_eq!(places, ["f.sql:2", "f.sql:3"]);
    }
}
