//! The shorthand of structures on the command line: `Key=a,Value=b`, `Name=x,Values=a,b`, `Variables={A=b}`,
//! `Objects=[{Key=a},{Key=b}]`.

use serde_json::{Map, Value};

/// Lists and structures in each other. The reader calls itself for each.
const LEVELS_MAX: usize = 30;

/// Where and how a text is not shorthand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    expected: char,
    found: Option<char>,
    at: usize,
}

impl Wrong {
    /// As the tool says it, with a caret below the place.
    pub fn message(&self, text: &str) -> String {
        let found = self.found.map_or_else(|| "EOF".to_owned(), String::from);
        let caret = " ".repeat(self.at);
        format!("Expected: '{}', received: '{found}' for input:\n{text}\n{caret}^", self.expected)
    }
}

/// Reads one structure.
///
/// # Errors
/// The place where it stops being shorthand.
pub(super) fn read(text: &str) -> Result<Map<String, Value>, Wrong> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0, levels: 0 };
    let mut members = Map::new();
    loop {
        let key = reader.key();
        reader.expect('=')?;
        let value = reader.values()?;
        members.insert(key, value);
        if reader.peek().is_none() {
            return Ok(members);
        }
        reader.expect(',')?;
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    levels: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), Wrong> {
        self.spaces();
        if self.peek() != Some(wanted) {
            return Err(Wrong { expected: wanted, found: self.peek(), at: self.at });
        }
        self.at += 1;
        self.spaces();
        Ok(())
    }

    fn key(&mut self) -> String {
        self.spaces();
        self.while_in(|c| c.is_ascii_alphanumeric() || "-_.#/:".contains(c))
    }

    fn while_in(&mut self, accept: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            let escaped = c == '\\' && self.chars.get(self.at + 1) == Some(&',');
            if escaped {
                text.push(',');
                self.at += 2;
            } else if accept(c) {
                text.push(c);
                self.at += 1;
            } else {
                break;
            }
        }
        text
    }

    /// What stands after `key=`: a text, a list without brackets, a list or structure with them.
    fn values(&mut self) -> Result<Value, Wrong> {
        match self.peek() {
            None => Ok(Value::String(String::new())),
            Some('[' | '{') => self.nested(),
            Some(_) => self.commas(),
        }
    }

    /// `a`, or `a,b` where what follows the comma is not the next key.
    fn commas(&mut self) -> Result<Value, Wrong> {
        let first = self.scalar(true)?;
        let mut list = vec![Value::String(first.clone())];
        loop {
            self.spaces();
            let before = self.at;
            if self.peek() != Some(',') {
                break;
            }
            self.at += 1;
            self.spaces();
            let next = self.scalar(false)?;
            self.spaces();
            if matches!(self.peek(), Some(c) if c != ',') {
                self.at = before;
                break;
            }
            list.push(Value::String(next));
        }
        Ok(if list.len() == 1 { Value::String(first) } else { Value::Array(list) })
    }

    fn nested(&mut self) -> Result<Value, Wrong> {
        if self.levels >= LEVELS_MAX {
            return Err(Wrong { expected: ',', found: self.peek(), at: self.at });
        }
        self.levels += 1;
        let value = if self.peek() == Some('[') { self.list() } else { self.structure() };
        self.levels -= 1;
        value
    }

    fn list(&mut self) -> Result<Value, Wrong> {
        self.expect('[')?;
        let mut items = Vec::new();
        while self.peek() != Some(']') {
            items.push(self.item()?);
            self.spaces();
            if self.peek() != Some(']') {
                self.expect(',')?;
            }
        }
        self.expect(']')?;
        Ok(Value::Array(items))
    }

    fn structure(&mut self) -> Result<Value, Wrong> {
        self.expect('{')?;
        let mut members = Map::new();
        while self.peek() != Some('}') {
            let key = self.key();
            self.expect('=')?;
            let value = self.item()?;
            members.insert(key, value);
            self.spaces();
            if self.peek() != Some('}') {
                self.expect(',')?;
            }
        }
        self.expect('}')?;
        Ok(Value::Object(members))
    }

    fn item(&mut self) -> Result<Value, Wrong> {
        match self.peek() {
            Some('[' | '{') => self.nested(),
            _ => self.scalar(true).map(Value::String),
        }
    }

    /// A text. The one after a comma may not hold `=`, because it would be the next key.
    fn scalar(&mut self, first: bool) -> Result<String, Wrong> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ if first => Ok(self.while_in(|c| !"\"',]}".contains(c)).trim_end().to_owned()),
            _ => Ok(self.while_in(|c| !"\"',=".contains(c)).trim_end().to_owned()),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Wrong> {
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == quote {
                return Ok(text);
            }
            match self.peek() {
                Some(next) if c == '\\' && (next == quote || next == '\\') => {
                    text.push(next);
                    self.at += 1;
                }
                _ => text.push(c),
            }
        }
        Err(Wrong { expected: quote, found: None, at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(text: &str) -> Value {
        read(text).map(Value::Object).unwrap_or_else(|wrong| Value::String(wrong.message(text)))
    }

    #[test]
    fn shapes() {
        for (text, value) in [
            (
                "ParameterKey=ReportFnVersion,ParameterValue=42",
                json!({"ParameterKey": "ReportFnVersion", "ParameterValue": "42"}),
            ),
            (
                "Name=status,Values=available,stopped",
                json!({"Name": "status", "Values": ["available", "stopped"]}),
            ),
            ("Values=a,b,Name=x", json!({"Values": ["a", "b"], "Name": "x"})),
            ("Key=a,Value=", json!({"Key": "a", "Value": ""})),
            ("Key=query,Value=a=b", json!({"Key": "query", "Value": "a=b"})),
            ("Variables={DB=reports,LEVEL=debug}", json!({"Variables": {"DB": "reports", "LEVEL": "debug"}})),
            (
                "Objects=[{Key=a.csv},{Key=b.csv}],Quiet=true",
                json!({"Objects": [{"Key": "a.csv"}, {"Key": "b.csv"}], "Quiet": "true"}),
            ),
            ("Key='a b',Value=\"c,d\"", json!({"Key": "a b", "Value": "c,d"})),
        ] {
            assert_eq!(shown(text), value, "{text}");
        }
    }

    #[test]
    fn what_nests_without_bound_is_a_fault() {
        for text in [format!("A={}", "[".repeat(60_000)), format!("A={}", "{a=".repeat(60_000))] {
            assert!(read(&text).is_err());
        }
        assert_eq!(shown("A=[[[b]]]"), json!({"A": [[["b"]]]}));
    }

    #[test]
    fn faults_show_their_place() {
        assert_eq!(
            shown("ParameterKey"),
            json!("Expected: '=', received: 'EOF' for input:\nParameterKey\n            ^")
        );
        assert_eq!(shown("a=b}c"), json!("Expected: ',', received: '}' for input:\na=b}c\n   ^"));
    }
}
