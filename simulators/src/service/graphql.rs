//! GraphQL, as far as a request to an API needs it: one operation, its root fields, their arguments and selections.
//!
//! Written here and not taken from a library because what comes in is hostile: nesting is limited before anything recurses,
//! and what is left out (fragments, directives, several operations) is told apart from what is wrong.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Selections and lists inside one another.
const DEPTH_MAX: usize = 24;

/// One operation of a document.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// It asks to change something.
    pub is_mutation: bool,
    /// Its root fields, in order.
    pub fields: Vec<Field>,
}

/// A field with its arguments and what is asked of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// The name under which the answer holds it.
    pub key: String,
    /// Its own name.
    pub name: String,
    /// Its arguments, with variables filled in.
    pub args: Map<String, Value>,
    /// What is asked of it.
    pub fields: Vec<Field>,
}

/// Why a document is not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unread {
    /// It is wrong: the API's message.
    Wrong(String),
    /// It is right, and not simulated.
    Beyond(&'static str),
}

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    Mark(char),
    Spread,
}

/// Reads a document; variables are filled in from a request's `variables`.
///
/// # Errors
/// What is wrong with it, or not simulated.
pub fn read(document: &str, variables: &Map<String, Value>) -> Result<Document, Unread> {
    let mut reader =
        Reader { tokens: tokens(document)?, at: 0, depth: 0, variables, defaults: BTreeMap::new() };
    let is_mutation = reader.head()?;
    let fields = reader.selection()?;
    match reader.next() {
        None => Ok(Document { is_mutation, fields }),
        Some(Token::Name(name)) if name == "fragment" => Err(Unread::Beyond("a fragment")),
        Some(_) => Err(Unread::Beyond("more than one operation")),
    }
}

fn wrong(what: &str) -> Unread {
    Unread::Wrong(format!("Syntax Error: {what}."))
}

fn tokens(text: &str) -> Result<Vec<Token>, Unread> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}' => {}
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '$' | '!' | '=' | '@' => found.push(Token::Mark(c)),
            '.' => {
                let dots = (0..2).filter(|_| rest.next_if_eq(&'.').is_some()).count();
                found.push(if dots == 2 {
                    Token::Spread
                } else {
                    return Err(wrong("Unexpected character: \".\""));
                });
            }
            '"' => found.push(Token::Text(string(&mut rest)?)),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                found.push(Token::Name(name));
            }
            c if c.is_ascii_digit() || c == '-' => {
                let mut number = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || ".eE+-".contains(*c)) {
                    number.push(c);
                }
                found.push(Token::Number(number));
            }
            c => return Err(wrong(&format!("Unexpected character: {:?}", c.to_string()))),
        }
    }
    Ok(found)
}

fn string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Unread> {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' if text.is_empty() && rest.next_if_eq(&'"').is_some() => {
                return Err(Unread::Beyond("a block string"));
            }
            '"' => return Ok(text),
            '\n' => break,
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(c @ ('"' | '\\' | '/')) => text.push(c),
                _ => return Err(wrong("Invalid character escape sequence")),
            },
            c => text.push(c),
        }
    }
    Err(wrong("Unterminated string"))
}

struct Reader<'v> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    variables: &'v Map<String, Value>,
    defaults: BTreeMap<String, Value>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at = self.at.saturating_add(1);
        token
    }

    fn eat(&mut self, mark: char) -> bool {
        let is_there = self.peek() == Some(&Token::Mark(mark));
        self.at = self.at.saturating_add(usize::from(is_there));
        is_there
    }

    fn expect(&mut self, mark: char) -> Result<(), Unread> {
        match self.eat(mark) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("\"{mark}\""))),
        }
    }

    fn name(&mut self) -> Result<String, Unread> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            _ => {
                self.at = self.at.saturating_sub(1);
                Err(self.unexpected("Name"))
            }
        }
    }

    fn unexpected(&self, expected: &str) -> Unread {
        let found = match self.peek() {
            None => "<EOF>".to_owned(),
            Some(Token::Name(name)) => format!("Name \"{name}\""),
            Some(Token::Text(text)) => format!("String \"{text}\""),
            Some(Token::Number(number)) => format!("Int \"{number}\""),
            Some(Token::Mark(mark)) => format!("\"{mark}\""),
            Some(Token::Spread) => "\"...\"".to_owned(),
        };
        wrong(&format!("Expected {expected}, found {found}"))
    }

    /// `query Name($a: Type! = 1)`, or nothing before the braces.
    fn head(&mut self) -> Result<bool, Unread> {
        if self.peek() == Some(&Token::Mark('{')) {
            return Ok(false);
        }
        let kind = self.name()?;
        let is_mutation = match kind.as_str() {
            "query" => false,
            "mutation" => true,
            "subscription" => return Err(Unread::Beyond("a subscription")),
            "fragment" => return Err(Unread::Beyond("a fragment")),
            _ => return Err(wrong(&format!("Unexpected Name \"{kind}\""))),
        };
        if matches!(self.peek(), Some(Token::Name(_))) {
            self.next();
        }
        if self.eat('(') {
            while !self.eat(')') {
                self.declared()?;
            }
        }
        Ok(is_mutation)
    }

    fn declared(&mut self) -> Result<(), Unread> {
        self.expect('$')?;
        let name = self.name()?;
        self.expect(':')?;
        let lists = (0..DEPTH_MAX).take_while(|_| self.eat('[')).count();
        self.name()?;
        self.eat('!');
        for _ in 0..lists {
            self.expect(']')?;
            self.eat('!');
        }
        let value = if self.eat('=') { self.value()? } else { Value::Null };
        self.defaults.insert(name, value);
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), Unread> {
        self.depth = self.depth.saturating_add(1);
        match self.depth > DEPTH_MAX {
            true => Err(Unread::Wrong("Query is too complex".to_owned())),
            false => Ok(()),
        }
    }

    fn selection(&mut self) -> Result<Vec<Field>, Unread> {
        self.expect('{')?;
        self.deeper()?;
        let mut fields = Vec::new();
        while !self.eat('}') {
            if self.peek() == Some(&Token::Spread) {
                return Err(Unread::Beyond("a fragment"));
            }
            fields.push(self.field()?);
        }
        self.depth = self.depth.saturating_sub(1);
        match fields.is_empty() {
            true => Err(wrong("Expected Name, found \"}\"")),
            false => Ok(fields),
        }
    }

    fn field(&mut self) -> Result<Field, Unread> {
        let key = self.name()?;
        let name = if self.eat(':') { self.name()? } else { key.clone() };
        let mut args = Map::new();
        if self.eat('(') {
            while !self.eat(')') {
                let name = self.name()?;
                self.expect(':')?;
                args.insert(name, self.value()?);
            }
        }
        if self.peek() == Some(&Token::Mark('@')) {
            return Err(Unread::Beyond("a directive"));
        }
        let has_more = self.peek() == Some(&Token::Mark('{'));
        let fields = if has_more { self.selection()? } else { Vec::new() };
        Ok(Field { key, name, args, fields })
    }

    fn value(&mut self) -> Result<Value, Unread> {
        self.deeper()?;
        let value = match self.next() {
            Some(Token::Text(text)) => Value::from(text),
            Some(Token::Number(number)) => {
                serde_json::from_str(&number).map_err(|_| wrong(&format!("Invalid number {number}")))?
            }
            Some(Token::Name(name)) => match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::from(name),
            },
            Some(Token::Mark('$')) => self.variable()?,
            Some(Token::Mark('[')) => {
                let mut items = Vec::new();
                while !self.eat(']') {
                    items.push(self.value()?);
                }
                Value::Array(items)
            }
            Some(Token::Mark('{')) => {
                let mut object = Map::new();
                while !self.eat('}') {
                    let name = self.name()?;
                    self.expect(':')?;
                    object.insert(name, self.value()?);
                }
                Value::Object(object)
            }
            _ => {
                self.at = self.at.saturating_sub(1);
                return Err(self.unexpected("a value"));
            }
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(value)
    }

    fn variable(&mut self) -> Result<Value, Unread> {
        let name = self.name()?;
        let Some(default) = self.defaults.get(&name) else {
            return Err(Unread::Wrong(format!("Variable \"${name}\" is not defined.")));
        };
        Ok(self.variables.get(&name).unwrap_or(default).clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(document: &str) -> Result<Document, Unread> {
        let Value::Object(variables) = json!({"id": "v-1"}) else { panic!() };
        read(document, &variables)
    }

    #[test]
    fn a_document_is_read_with_its_variables() {
        let one = of("mutation { volumeDelete(volumeId: \"v-1\") }").unwrap();
        assert!(one.is_mutation);
        assert_eq!(one.fields[0].args, json!({"volumeId": "v-1"}).as_object().unwrap().clone());
        let two =
            of("mutation Gone($id: String! = \"x\", $n: [Int!]) { volumeDelete(volumeId: $id) }").unwrap();
        assert_eq!(one.fields, two.fields);
        let nested =
            of("# hello\n{ a: project(id: \"p\", input: {n: [1, -2.5], on: true, kind: SMALL}) { name } }")
                .unwrap();
        let field = &nested.fields[0];
        assert_eq!((field.key.as_str(), field.name.as_str(), field.fields.len()), ("a", "project", 1));
        assert_eq!(field.args["input"], json!({"n": [1, -2.5], "on": true, "kind": "SMALL"}));
    }

    #[test]
    fn what_is_wrong_is_told_apart_from_what_is_left_out() {
        for text in [
            "",
            "{",
            "{}",
            "{ a(b: ) }",
            "{ a(b: \"x) }",
            "query { a(b: $c) }",
            "{ a } }",
            "x { a }",
            "{ a(b:1..2) }",
        ] {
            assert!(
                matches!(of(text), Err(Unread::Wrong(_) | Unread::Beyond("more than one operation"))),
                "{text}"
            );
        }
        for text in [
            "{ ...f }",
            "{ a @skip(if: true) }",
            "subscription { a }",
            "{ a } { b }",
            "{ a(b: \"\"\"x\"\"\") }",
        ] {
            assert!(matches!(of(text), Err(Unread::Beyond(_))), "{text}");
        }
        let deep = "{a".repeat(100_000);
        assert_eq!(of(&deep), Err(Unread::Wrong("Query is too complex".to_owned())));
        let deep = format!("{{ a(b: {}", "[".repeat(100_000));
        assert_eq!(of(&deep), Err(Unread::Wrong("Query is too complex".to_owned())));
    }
}
