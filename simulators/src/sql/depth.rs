//! How deep a statement would stand as a tree, told from its tokens before anybody builds the tree.
//!
//! The parser counts brackets itself, but `1 + 1 + 1 …` has none: it becomes a tree as deep as the line is long, and
//! whoever walks or frees such a tree overflows the stack, which ends the process and not the statement.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Levels of an expression. A worker thread has 2 MiB of stack and a level takes up to 20 KiB of it in a debug build.
const LEVELS_MAX: usize = 60;

/// Whether a statement among these tokens would be deeper than is safe.
pub(super) fn is_too_deep(tokens: &[TokenWithSpan]) -> bool {
    let mut open: Vec<Clause> = Vec::new();
    let mut here = Clause::default();
    for token in tokens {
        match sign(&token.token) {
            Sign::Open => open.push(std::mem::take(&mut here)),
            Sign::Close => {
                let inner = here.levels();
                here = open.pop().unwrap_or_default();
                here.operand = here.operand.max(inner.saturating_add(1));
            }
            Sign::Operator => here.operators = here.operators.saturating_add(1),
            Sign::And => here.and(),
            Sign::Or => here.or(),
            Sign::Set => here.set(),
            Sign::Next => here.next(),
            Sign::End => (here, open) = (Clause::default(), Vec::new()),
            Sign::None => {}
        }
        if open.len().saturating_add(here.levels()) > LEVELS_MAX {
            return true;
        }
    }
    false
}

enum Sign {
    Open,
    Close,
    Operator,
    And,
    Or,
    Set,
    /// What follows stands beside what came, not above it.
    Next,
    End,
    None,
}

fn sign(token: &Token) -> Sign {
    match token {
        Token::LParen => Sign::Open,
        Token::RParen => Sign::Close,
        Token::Comma => Sign::Next,
        Token::SemiColon => Sign::End,
        Token::Word(word) if word.quote_style.is_none() => keyword(word.keyword),
        Token::Word(_)
        | Token::Number(..)
        | Token::Whitespace(_)
        | Token::Period
        | Token::EOF
        | Token::SingleQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::Placeholder(_) => Sign::None,
        _ => Sign::Operator,
    }
}

fn keyword(keyword: Keyword) -> Sign {
    match keyword {
        Keyword::CASE => Sign::Open,
        Keyword::END => Sign::Close,
        Keyword::AND => Sign::And,
        Keyword::OR => Sign::Or,
        Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT => Sign::Set,
        Keyword::WHEN
        | Keyword::THEN
        | Keyword::ELSE
        | Keyword::SELECT
        | Keyword::FROM
        | Keyword::WHERE
        | Keyword::JOIN
        | Keyword::ON
        | Keyword::GROUP
        | Keyword::HAVING
        | Keyword::ORDER
        | Keyword::LIMIT => Sign::Next,
        Keyword::IS
        | Keyword::NOTNULL
        | Keyword::NOT
        | Keyword::LIKE
        | Keyword::ILIKE
        | Keyword::SIMILAR
        | Keyword::BETWEEN
        | Keyword::IN
        | Keyword::AT
        | Keyword::COLLATE => Sign::Operator,
        _ => Sign::None,
    }
}

/// What stands between two brackets: chains of operators under chains of `AND` under chains of `OR`.
#[derive(Default)]
struct Clause {
    /// Selects joined by `UNION` and its kin.
    sets: usize,
    /// The deepest of what came before the last [`Sign::Next`].
    beside: usize,
    ors: usize,
    /// The deepest operand of an `OR`.
    under_or: usize,
    ands: usize,
    /// The deepest operand of an `AND`.
    under_and: usize,
    operators: usize,
    /// The deepest bracket among the operands.
    operand: usize,
}

impl Clause {
    fn chain(&self) -> usize {
        self.operators.saturating_add(self.operand)
    }

    fn conjunction(&self) -> usize {
        self.ands.saturating_add(self.under_and.max(self.chain()))
    }

    fn disjunction(&self) -> usize {
        self.ors.saturating_add(self.under_or.max(self.conjunction()))
    }

    fn levels(&self) -> usize {
        self.sets.saturating_add(self.beside.max(self.disjunction()))
    }

    fn and(&mut self) {
        self.under_and = self.under_and.max(self.chain());
        self.ands = self.ands.saturating_add(1);
        (self.operators, self.operand) = (0, 0);
    }

    fn or(&mut self) {
        let under_or = self.under_or.max(self.conjunction());
        let ors = self.ors.saturating_add(1);
        *self = Self { sets: self.sets, beside: self.beside, ors, under_or, ..Self::default() };
    }

    fn next(&mut self) {
        *self = Self { sets: self.sets, beside: self.beside.max(self.disjunction()), ..Self::default() };
    }

    fn set(&mut self) {
        self.next();
        self.sets = self.sets.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlparser::dialect::PostgreSqlDialect;
    use sqlparser::tokenizer::Tokenizer;

    fn deep(sql: &str) -> bool {
        is_too_deep(&Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().unwrap())
    }

    #[test]
    fn what_is_wide_is_not_deep() {
        for sql in [
            format!("INSERT INTO t VALUES {}(1, 2 + 2)", "(1, 2 + 2), ".repeat(5_000)),
            format!("SELECT CASE a {} END", "WHEN a = 1 AND b = 2 THEN 'x' || 'y' ".repeat(200)),
            format!("SELECT 1 WHERE {} a = 1", "a = 1 OR ".repeat(50)),
            "SELECT a + b - c * 2; ".repeat(500),
            format!("SELECT a FROM t {}", "JOIN u ON t.a = u.a AND t.b = u.b ".repeat(40)),
        ] {
            assert!(!deep(&sql), "{sql:.60}");
        }
    }

    #[test]
    fn chains_and_brackets_are_deep() {
        for sql in [
            format!("SELECT 1{}", " + 1".repeat(61)),
            format!("SELECT true{}", " AND true".repeat(61)),
            format!("SELECT 1{}", " UNION SELECT 1".repeat(61)),
            format!("SELECT {}1{}", "f(1 + ".repeat(31), ")".repeat(31)),
            format!("SELECT 1{}", "::int".repeat(61)),
            format!("SELECT 1{}", " IS NULL".repeat(61)),
        ] {
            assert!(deep(&sql), "{sql:.60}");
        }
    }
}
