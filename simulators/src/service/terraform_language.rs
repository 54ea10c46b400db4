//! The language of configurations, as far as it is simulated: blocks, attributes, literals, templates, lists, maps, references
//! and a few functions. What the real language has besides is told apart from what is wrong.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::terraform::{failed, unsimulated};
use crate::call::Refusal;

/// Levels that anything may nest: the reader calls itself, and an overflow of the stack ends the process.
const LEVELS_MAX: usize = 40;

/// What stands between braces, or in a file.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Body {
    pub attributes: Vec<(String, Expression)>,
    pub blocks: Vec<Block>,
}

/// `resource "aws_vpc" "main" { … }`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Block {
    pub name: String,
    pub labels: Vec<String>,
    pub body: Body,
    pub line: usize,
}

/// What stands behind `=`.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Expression {
    Literal(Value),
    /// Texts and what stands between `${` and `}`.
    Template(Vec<Expression>),
    List(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    /// `aws_vpc.main.id`.
    Reference(Vec<String>),
    Call(Function, Vec<Expression>),
}

/// A function that is simulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Function {
    Lower,
    Upper,
    Merge,
}

impl Body {
    /// The expression of an attribute.
    pub fn get(&self, name: &str) -> Option<&Expression> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, expression)| expression)
    }

    /// The first block of that name.
    pub fn block(&self, name: &str) -> Option<&Self> {
        self.blocks.iter().find(|block| block.name == name).map(|block| &block.body)
    }

    /// The addresses of resources that it names.
    pub fn named(&self, found: &mut BTreeSet<String>) {
        self.attributes.iter().for_each(|(_, expression)| expression.named(found));
        self.blocks.iter().for_each(|block| block.body.named(found));
    }
}

impl Expression {
    fn named(&self, found: &mut BTreeSet<String>) {
        match self {
            Self::Reference(path) => {
                if let [kind, name, ..] = path.as_slice()
                    && kind.starts_with("aws_")
                {
                    found.insert(format!("{kind}.{name}"));
                }
            }
            Self::Template(parts) | Self::List(parts) | Self::Call(_, parts) => {
                parts.iter().for_each(|part| part.named(found));
            }
            Self::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                key.named(found);
                value.named(found);
            }),
            Self::Literal(_) => {}
        }
    }

    /// A reference, or a text, as it was written.
    pub fn written(&self) -> String {
        match self {
            Self::Reference(path) => path.join("."),
            Self::Literal(Value::String(text)) => text.clone(),
            Self::Literal(other) => other.to_string(),
            _ => String::new(),
        }
    }

    /// What it comes to, where `scope` holds what references may name.
    ///
    /// # Errors
    /// It names what is not there.
    pub fn value(&self, scope: &Map<String, Value>) -> Result<Value, Refusal> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Template(parts) => {
                let texts: Result<Vec<String>, Refusal> = parts
                    .iter()
                    .map(|part| part.value(scope).map(|v| super::terraform_resources::plain(&v)))
                    .collect();
                Ok(Value::from(texts?.concat()))
            }
            Self::List(items) => items.iter().map(|item| item.value(scope)).collect(),
            Self::Map(pairs) => {
                let mut map = Map::new();
                for (key, value) in pairs {
                    // A bare word as a key is that word.
                    let key = match key {
                        Self::Reference(path) if path.len() == 1 => path.concat(),
                        other => super::terraform_resources::plain(&other.value(scope)?),
                    };
                    map.insert(key, value.value(scope)?);
                }
                Ok(Value::Object(map))
            }
            Self::Reference(path) => refer(path, scope),
            Self::Call(function, args) => {
                let args: Result<Vec<Value>, Refusal> = args.iter().map(|arg| arg.value(scope)).collect();
                Ok(function.of(&args?))
            }
        }
    }
}

fn refer(path: &[String], scope: &Map<String, Value>) -> Result<Value, Refusal> {
    let mut parts = path.iter();
    let mut found = parts.next().and_then(|first| scope.get(first));
    for part in parts {
        found = found.and_then(|value| match value {
            Value::Array(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)),
            other => other.get(part),
        });
    }
    found.cloned().ok_or_else(|| {
        let text = format!("\"{}\" names nothing that has been declared in the root module.", path.join("."));
        failed("Reference to undeclared resource", &text)
    })
}

impl Function {
    fn named(name: &str) -> Result<Self, Refusal> {
        match name {
            "lower" => Ok(Self::Lower),
            "upper" => Ok(Self::Upper),
            "merge" => Ok(Self::Merge),
            other => Err(unsimulated(&format!("the function `{other}`"))),
        }
    }

    fn of(self, args: &[Value]) -> Value {
        let text = || args.first().and_then(Value::as_str).unwrap_or_default();
        match self {
            Self::Lower => json!(text().to_lowercase()),
            Self::Upper => json!(text().to_uppercase()),
            Self::Merge => {
                let maps = args.iter().filter_map(Value::as_object).flatten();
                maps.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// Reads a file.
///
/// # Errors
/// What is wrong, and in which line; or what is not simulated.
pub(super) fn read(file: &str, text: &str) -> Result<Body, Refusal> {
    let chars: Vec<char> = text.chars().collect();
    let mut reader = Reader { file, chars: &chars, at: 0, line: 1 };
    let body = reader.body(0)?;
    match reader.peek() {
        None => Ok(body),
        Some(_) => Err(reader.wrong("A block or an attribute is expected here.")),
    }
}

struct Reader<'t> {
    file: &'t str,
    chars: &'t [char],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at = self.at.saturating_add(1);
        self.line = self.line.saturating_add(usize::from(c == '\n'));
        Some(c)
    }

    fn wrong(&self, text: &str) -> Refusal {
        failed("Invalid configuration", &format!("  on {} line {}:\n\n{text}", self.file, self.line))
    }

    fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at.saturating_add(i)) == Some(&c))
    }

    /// Skips blanks and comments; new lines as well where they say nothing.
    fn skip(&mut self, lines: bool) {
        loop {
            match self.peek() {
                Some('\n') if !lines => return,
                Some(c) if c.is_whitespace() => drop(self.next()),
                Some('#') => self.skip_line(),
                Some('/') if self.starts("//") => self.skip_line(),
                Some('/') if self.starts("/*") => {
                    while self.peek().is_some() && !self.starts("*/") {
                        self.next();
                    }
                    self.next();
                    self.next();
                }
                _ => return,
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.next();
        }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            word.push(c);
            self.next();
        }
        word
    }

    fn expect(&mut self, c: char) -> Result<(), Refusal> {
        match self.next() {
            Some(found) if found == c => Ok(()),
            _ => Err(self.wrong(&format!("`{c}` is expected here."))),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Refusal> {
        match depth < LEVELS_MAX {
            true => Ok(depth.saturating_add(1)),
            false => Err(self.wrong("This nests more levels than are taken here.")),
        }
    }

    /// Attributes and blocks up to a closing brace or the end.
    fn body(&mut self, depth: usize) -> Result<Body, Refusal> {
        let depth = self.deeper(depth)?;
        let mut body = Body::default();
        loop {
            self.skip(true);
            let line = self.line;
            let name = self.word();
            if name.is_empty() {
                return Ok(body);
            }
            self.skip(false);
            if self.peek() == Some('=') && !self.starts("==") {
                self.next();
                self.skip(false);
                let expression = self.expression(depth)?;
                body.attributes.push((name, expression));
                continue;
            }
            let mut labels = Vec::new();
            while self.peek() == Some('"') {
                labels.push(self.expression(depth)?.written());
                self.skip(false);
            }
            self.expect('{')?;
            let inner = self.body(depth)?;
            self.skip(true);
            self.expect('}')?;
            body.blocks.push(Block { name, labels, body: inner, line });
        }
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let depth = self.deeper(depth)?;
        let found = match self.peek() {
            Some('"') => self.template(depth)?,
            Some('[') => self.list(depth, '[', ']').map(Expression::List)?,
            Some('{') => self.map(depth)?,
            Some('(') => {
                self.next();
                self.skip(true);
                let inner = self.expression(depth)?;
                self.skip(true);
                self.expect(')')?;
                inner
            }
            Some('<') if self.starts("<<") => return Err(unsimulated("texts over several lines")),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number()?,
            Some(c) if c.is_alphabetic() || c == '_' => self.name(depth)?,
            _ => return Err(self.wrong("A value is expected here.")),
        };
        self.skip(false);
        match self.peek() {
            Some('+' | '-' | '*' | '/' | '%' | '?' | '<' | '>' | '!' | '&' | '|') => {
                Err(unsimulated("operators"))
            }
            Some('=') if self.starts("==") => Err(unsimulated("operators")),
            _ => Ok(found),
        }
    }

    fn number(&mut self) -> Result<Expression, Refusal> {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_digit() || matches!(c, '-' | '.')) {
            text.push(c);
            self.next();
        }
        serde_json::from_str(&text).map(Expression::Literal).map_err(|_| self.wrong("This is no number."))
    }

    /// A word, a reference or a call.
    fn name(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let first = self.word();
        match first.as_str() {
            "true" => return Ok(Expression::Literal(json!(true))),
            "false" => return Ok(Expression::Literal(json!(false))),
            "null" => return Ok(Expression::Literal(Value::Null)),
            "for" => return Err(unsimulated("`for` expressions")),
            _ => {}
        }
        if self.peek() == Some('(') {
            let function = Function::named(&first)?;
            return Ok(Expression::Call(function, self.list(depth, '(', ')')?));
        }
        let mut path = vec![first];
        loop {
            match self.peek() {
                Some('.') => {
                    self.next();
                    match self.word() {
                        empty if empty.is_empty() => return Err(unsimulated("splat expressions")),
                        part => path.push(part),
                    }
                }
                Some('[') => {
                    let index = self.list(depth, '[', ']')?;
                    path.push(index.first().map(Expression::written).unwrap_or_default());
                }
                _ => return Ok(Expression::Reference(path)),
            }
        }
    }

    fn list(&mut self, depth: usize, open: char, close: char) -> Result<Vec<Expression>, Refusal> {
        self.expect(open)?;
        let mut items = Vec::new();
        loop {
            self.skip(true);
            if self.peek() == Some(close) {
                self.next();
                return Ok(items);
            }
            items.push(self.expression(depth)?);
            self.skip(true);
            if self.peek() == Some(',') {
                self.next();
            } else if self.peek() != Some(close) {
                return Err(self.wrong(&format!("`,` or `{close}` is expected here.")));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Expression, Refusal> {
        self.expect('{')?;
        let mut pairs = Vec::new();
        loop {
            self.skip(true);
            if self.peek() == Some('}') {
                self.next();
                return Ok(Expression::Map(pairs));
            }
            let key = match self.peek() {
                Some('"') => self.template(depth)?,
                Some('(') => self.expression(depth)?,
                _ => self.name(depth)?,
            };
            self.skip(false);
            match self.next() {
                Some('=' | ':') => {}
                _ => return Err(self.wrong("`=` is expected here.")),
            }
            self.skip(true);
            pairs.push((key, self.expression(depth)?));
            self.skip(true);
            if self.peek() == Some(',') {
                self.next();
            }
        }
    }

    fn template(&mut self, depth: usize) -> Result<Expression, Refusal> {
        self.expect('"')?;
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => break,
                None | Some('\n') => return Err(self.wrong("This text is not closed.")),
                Some('\\') => text.push(match self.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some(other) => other,
                    None => return Err(self.wrong("This text is not closed.")),
                }),
                Some('%') if self.peek() == Some('{') => return Err(unsimulated("directives in texts")),
                Some('$') if self.peek() == Some('{') => {
                    self.next();
                    self.skip(true);
                    parts.push(Expression::Literal(Value::from(std::mem::take(&mut text))));
                    parts.push(self.expression(depth)?);
                    self.skip(true);
                    self.expect('}')?;
                }
                Some(c) => text.push(c),
            }
        }
        if parts.is_empty() {
            return Ok(Expression::Literal(Value::from(text)));
        }
        parts.push(Expression::Literal(Value::from(text)));
        Ok(Expression::Template(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_comes_to_what_it_says() {
        let text = "# a comment\nlocals {\n  a = \"x-${var.n}\" // more\n  b = { k = [1, true, null], \"q r\" : var.m[\"z\"] }\n  c = merge(var.m, { y = lower(\"Q\") })\n}\n";
        let body = read("main.tf", text).unwrap();
        let locals = body.block("locals").unwrap();
        let scope = json!({"var": {"n": 5, "m": {"z": "deep"}}});
        let value = |name: &str| locals.get(name).unwrap().value(scope.as_object().unwrap()).unwrap();
        assert_eq!(value("a"), json!("x-5"));
        assert_eq!(value("b"), json!({"k": [1, true, null], "q r": "deep"}));
        assert_eq!(value("c"), json!({"z": "deep", "y": "q"}));
    }

    #[test]
    fn what_is_wrong_and_what_is_not_simulated_are_two_things() {
        let code = |text: &str| read("main.tf", text).unwrap_err().code;
        for wrong in ["a = ", "a = \"open", "b {", "a = [1 2]", "= 1", "a = 1..2"] {
            assert_eq!(code(wrong), "Terraform", "{wrong}");
        }
        for gap in ["a = 1 + 2", "a = [for x in y : x]", "a = b ? c : d", "a = <<EOT\nx\nEOT\n", "a = b.*.c"]
        {
            assert_eq!(code(gap), "Unsimulated", "{gap}");
        }
        let deep = format!("a = {}", "[".repeat(100_000));
        assert!(read("main.tf", &deep).unwrap_err().message.contains("nests"));
    }
}
