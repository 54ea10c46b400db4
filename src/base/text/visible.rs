//! What every sink needs first: nothing acts unseen. A terminal, a log and a reader get the same marks.

use std::borrow::Cow;

/// Control characters become their pictures (`␛`), characters that nobody sees and directions become `�`, commands of a
/// CI lose their beginning. Tabs and line ends stay.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let shown = match text.chars().any(is_hostile) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(text.chars().map(picture).collect()),
    };
    match shown.contains("##") || shown.contains("::") {
        false => shown,
        true => Cow::Owned(disarmed(&shown)),
    }
}

/// The same in one line: line ends as `⏎`, tabs as spaces, without white space around it.
pub(super) fn line(text: &str) -> String {
    visible(text.trim()).replace('\n', "⏎").replace('\t', " ")
}

fn picture(c: char) -> char {
    match c {
        c if !is_hostile(c) => c,
        '\x7f' => '\u{2421}',
        c if u32::from(c) < 0x20 => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        _ => '\u{fffd}',
    }
}

/// Controls, directions, and what is drawn as nothing at all. The joiners that scripts and emoji need stay.
pub(super) fn is_hostile(c: char) -> bool {
    let is_control = c.is_control() && c != '\n' && c != '\t';
    let is_noncharacter =
        matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || matches!(c, '\u{fdd0}'..='\u{fdef}');
    is_control || is_noncharacter || turns_direction(c) || is_unseen(c)
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A CI acts on what stands in its log: GitHub's runner on `::command::` at the beginning of a line and on `##[command]`
/// anywhere in it (`ActionCommand.cs` of actions/runner), Azure on `##vso[`, TeamCity on `##teamcity[`. One of the two
/// marks becomes its full-width form.
fn disarmed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (n, line) in text.split('\n').enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let body = line.trim_start();
        let indent = line.len().saturating_sub(body.len());
        out.push_str(line.get(..indent).unwrap_or_default());
        match body.strip_prefix("::") {
            Some(rest) => {
                out.push_str("：:");
                out.push_str(&without_marks(rest));
            }
            None => out.push_str(&without_marks(body)),
        }
    }
    out
}

fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("##") {
        let word = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        out.push_str(before);
        out.push_str(if word.starts_with('[') { "#＃" } else { "#" });
        // The second mark may be the first of the next pair.
        rest = if word.starts_with('[') {
            after
        } else {
            rest.get(before.len().saturating_add(1)..).unwrap_or_default()
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_takes_no_commands() {
        assert_eq!(visible("::error::x"), "：:error::x");
        assert_eq!(visible("fine\n \u{2003}::stop-commands::t"), "fine\n \u{2003}：:stop-commands::t");
        assert_eq!(
            visible("a ##[add-mask]b ##vso[task]c ## d ###[e"),
            "a #＃[add-mask]b #＃vso[task]c ## d ##＃[e"
        );
        assert_eq!(visible("std::fs ends ##"), "std::fs ends ##");
    }

    #[test]
    fn what_scripts_and_emoji_need_stays() {
        for text in ["می\u{200c}خواهم", "👩\u{200d}💻", "❤\u{fe0f}", "数据库", "naïve – „ja“"]
        {
            assert_eq!(visible(text), text);
        }
        assert_eq!(
            visible("a\u{200b}b\u{feff}c\u{e0100}d\u{ffff}e"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e"
        );
    }
}
