//! A command line into simple commands: the part of a shell that this simulation has.

use super::Reply;
use super::filters::{filter, known_filter};

/// How a simple command is joined to what stands before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joint {
    /// Nothing stands before it.
    First,
    /// `&&`: only after success.
    And,
    /// `||`: only after failure.
    Or,
    /// `;` or a new line: whatever happened.
    Then,
    /// `|`: not a command but a filter of the output, for [`super::filter`].
    Pipe,
    /// `2>&1`: no command, standard error joins the output.
    ErrorsToOutput,
    /// `2>/dev/null`: no command, standard error is dropped.
    ErrorsAway,
    /// `>/dev/null`: no command, the output is dropped.
    OutputAway,
}

impl Joint {
    /// True for what is done to the output of the command before it.
    pub fn is_filter(self) -> bool {
        matches!(self, Self::Pipe | Self::ErrorsToOutput | Self::ErrorsAway | Self::OutputAway)
    }
}

/// Splits a line into simple commands and the filters behind them, in order.
///
/// # Errors
/// What this shell does not do (variables, substitutions, files as output), in words; mark it as unsimulated.
pub fn split(line: &str) -> Result<Vec<(Joint, Vec<String>)>, String> {
    let mut parts = Vec::new();
    let mut joint = Joint::First;
    for (text, next) in cut(line)? {
        let words = words(&text)?;
        if words.is_empty() {
            let dangling =
                !matches!(joint, Joint::First | Joint::Then) || !matches!(next, Some(Joint::Then) | None);
            if dangling {
                return Err(format!("bash: syntax error near `{}`", text.trim()));
            }
            continue;
        }
        push(&mut parts, joint, words)?;
        joint = next.unwrap_or(Joint::Then);
    }
    if matches!(joint, Joint::And | Joint::Or | Joint::Pipe) {
        return Err("bash: syntax error: unexpected end of file".to_owned());
    }
    if let Some((first, _)) = parts.first_mut() {
        *first = Joint::First;
    }
    Ok(parts)
}

/// Adds one command with its redirections.
fn push(parts: &mut Vec<(Joint, Vec<String>)>, joint: Joint, words: Vec<String>) -> Result<(), String> {
    let mut plain = Vec::new();
    let mut after = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(sign) = word.strip_prefix(REDIRECTION) else {
            plain.push(word.replace(REDIRECTION, ""));
            continue;
        };
        let (sign, mut target) = sign.split_once(REDIRECTION).unwrap_or((sign, ""));
        let next = words.peek().cloned().unwrap_or_default();
        if target.is_empty() && !sign.ends_with("&1") {
            target = &next;
            words.next();
        }
        match (sign, target) {
            ("2>&1", _) => after.push(Joint::ErrorsToOutput),
            ("2>", "/dev/null") => after.push(Joint::ErrorsAway),
            (">" | "1>", "/dev/null") => after.push(Joint::OutputAway),
            ("&>", "/dev/null") => after.extend([Joint::ErrorsAway, Joint::OutputAway]),
            (sign, target) => {
                return Err(format!(
                    "this shell runs simple commands only: `{sign} {target}` is not simulated; write files with the \
                     tools for files"
                ));
            }
        }
    }
    if joint == Joint::Pipe {
        known_filter(&plain)?;
    }
    parts.push((joint, plain));
    parts.extend(after.into_iter().map(|joint| (joint, Vec::new())));
    Ok(())
}

/// Stands in for the signs of a redirection while words are split; no command line holds it.
const REDIRECTION: char = '\u{1}';

fn words(text: &str) -> Result<Vec<String>, String> {
    shell_words::split(text).map_err(|_| "bash: unexpected EOF while looking for matching quote".to_owned())
}

type Piece = (String, Option<Joint>);

/// Cuts at `&&`, `||`, `;`, `|` and new lines outside quotes; refuses what a simple command cannot hold.
fn cut(line: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut quote: Option<char> = None;
    let mut signs = line.chars().peekable();
    while let Some(c) = signs.next() {
        let next = signs.peek().copied();
        match (quote, c) {
            (Some('"') | None, '\\') => {
                text.push(c);
                text.extend(signs.next());
            }
            (Some(q), c) if c == q => {
                quote = None;
                text.push(c);
            }
            (Some('"') | None, '$') if next.is_some_and(expands) => {
                return Err(refused(&format!("${}", tail(&signs))));
            }
            (Some('"') | None, '`') => return Err(refused("`…`")),
            (Some(_), c) => text.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                text.push(c);
            }
            (None, '#') if text.is_empty() || text.ends_with([' ', '\t']) => {
                while signs.next_if(|c| *c != '\n').is_some() {}
            }
            (None, '\n' | ';') => pieces.push((std::mem::take(&mut text), Some(Joint::Then))),
            (None, '&' | '|') if next == Some(c) => {
                signs.next();
                let joint = if c == '&' { Joint::And } else { Joint::Or };
                pieces.push((std::mem::take(&mut text), Some(joint)));
            }
            (None, '|') => pieces.push((std::mem::take(&mut text), Some(Joint::Pipe))),
            (None, '&') if next == Some('>') => {
                signs.next();
                redirect(&mut text, "&>");
            }
            (None, '>') => {
                let number = text.ends_with(['1', '2']) && before_last_is_space(&text);
                let number = number.then(|| text.pop()).flatten().map(String::from).unwrap_or_default();
                let more: String =
                    std::iter::from_fn(|| signs.next_if(|c| matches!(c, '>' | '&' | '1'))).collect();
                redirect(&mut text, &format!("{number}>{more}"));
            }
            (None, '<') => return Err(refused("<")),
            (None, '&') => return Err(refused("&")),
            (None, '(' | ')') => return Err(refused("( )")),
            (None, c) => text.push(c),
        }
    }
    pieces.push((text, None));
    Ok(pieces)
}

fn expands(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '{' | '(' | '?' | '@' | '!')
}

fn tail(signs: &std::iter::Peekable<std::str::Chars<'_>>) -> String {
    signs.clone().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '(')).collect()
}

fn before_last_is_space(text: &str) -> bool {
    text.chars().rev().nth(1).is_none_or(char::is_whitespace)
}

fn redirect(text: &mut String, sign: &str) {
    text.push(' ');
    text.push(REDIRECTION);
    text.push_str(sign);
    text.push(REDIRECTION);
    // The target follows as the same word or as the next.
}

fn refused(what: &str) -> String {
    format!(
        "this shell runs simple commands only: `{what}` is not simulated; give plain words, or quote it with '…'"
    )
}

/// Runs a line: each simple command by `run`, joints and filters as a shell does. The reply holds everything printed
/// and the last exit code.
///
/// # Errors
/// As [`split`].
pub fn run(line: &str, mut run: impl FnMut(&[String]) -> Reply) -> Result<Reply, String> {
    let parts = split(line)?;
    let mut whole = Reply::default();
    let mut at = 0;
    while let Some((joint, words)) = parts.get(at) {
        let filters = parts.iter().skip(at.saturating_add(1)).take_while(|(joint, _)| joint.is_filter());
        let filters: Vec<_> = filters.collect();
        at = at.saturating_add(filters.len()).saturating_add(1);
        let wanted = match joint {
            Joint::And => whole.code == 0,
            Joint::Or => whole.code != 0,
            _ => true,
        };
        if wanted {
            let start = run(words);
            let reply = filters.into_iter().fold(start, |reply, (joint, words)| filter(*joint, words, reply));
            whole.stdout.push_str(&reply.stdout);
            whole.stderr.push_str(&reply.stderr);
            whole.code = reply.code;
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Result<Vec<String>, String> {
        let part = |(joint, words): &(Joint, Vec<String>)| format!("{joint:?} {}", words.join("|"));
        split(line).map(|parts| parts.iter().map(part).collect())
    }

    #[test]
    fn a_line_is_cut_at_joints_outside_quotes() {
        let line =
            "git commit -m 'a; b && $c' && npm test || echo \"no | pipe\"; ls -l 2>&1 | head -5\npwd # why";
        let parts = [
            "First git|commit|-m|a; b && $c",
            "And npm|test",
            "Or echo|no | pipe",
            "Then ls|-l",
            "ErrorsToOutput ",
            "Pipe head|-5",
            "Then pwd",
        ];
        assert_eq!(shown(line), Ok(parts.map(str::to_owned).to_vec()));
        assert_eq!(shown("\n ls ;\n"), Ok(vec!["First ls".to_owned()]));
    }

    #[test]
    fn what_is_not_a_simple_command_is_refused() {
        for line in [
            "echo $HOME",
            "echo \"$(date)\"",
            "echo `date`",
            "cat < x",
            "sleep 1 &",
            "echo a > b",
            "a | awk x",
            "(ls)",
            "ls &&",
            "| head",
            "a | sort -k2",
        ] {
            assert!(split(line).is_err(), "{line}");
        }
        let text = split("echo a > b").unwrap_err();
        assert!(text.starts_with("this shell runs simple commands only: `> b` is not simulated"), "{text}");
        assert_eq!(shown("echo 'costs $5'"), Ok(vec!["First echo|costs $5".to_owned()]));
        assert_eq!(shown("ls 2>/dev/null"), Ok(vec!["First ls".to_owned(), "ErrorsAway ".to_owned()]));
    }

    #[test]
    fn joints_and_filters_do_what_a_shell_does() {
        let tool = |words: &[String]| match words[0].as_str() {
            "good" => Reply::ok("b\na\nc 1\n"),
            _ => Reply { stdout: String::new(), stderr: "bad\n".into(), code: 3 },
        };
        let of = |line: &str| run(line, tool).unwrap();
        assert_eq!(of("good | sort | head -n 2"), Reply::ok("a\nb\n"));
        assert_eq!(of("good | grep -v '[0-9]' | wc -l"), Reply::ok("2\n"));
        assert_eq!(of("bad && good"), Reply::failed(3, "bad\n"));
        assert_eq!(of("bad 2>/dev/null || good | tail -1"), Reply::ok("c 1\n"));
        assert_eq!(of("bad 2>&1 | grep -n BAD -i"), Reply::ok("1:bad\n"));
        assert_eq!(of("good | grep zzz").code, 1);
    }
}
