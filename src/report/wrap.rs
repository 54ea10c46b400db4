//! Words in lines of a width.

use crate::base::text::Untrusted;

/// Lines that a text is wrapped into before it is cut.
const LINES_MAX: usize = 6;
/// Columns below which nothing is wrapped narrower.
const ROOM_MIN: usize = 20;

/// A text in lines of a terminal of `width` columns, each indented and ended.
pub fn wrapped(text: &Untrusted, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(ROOM_MIN);
    let whole = text.for_line(room.saturating_mul(LINES_MAX));
    let mut lines: Vec<String> = Vec::new();
    for word in whole.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(word.chars().count()) < room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let cut = |line: &str| line.chars().take(room).collect::<String>();
    lines.iter().map(|line| format!("{:indent$}{}\n", "", cut(line))).collect()
}
