//! LaTeX: no command, no argument, no comment begins, and every engine compiles it.

use super::{Untrusted, visible};

impl Untrusted {
    /// For running text and cells of tables, also for fields of BibTeX: one line. Characters that pdfTeX has no glyph
    /// for become their number, `[U+4E2D]`.
    pub fn for_latex(&self) -> String {
        let text: String = visible::line(&self.0).chars().map(escaped).collect();
        // Two hyphens would be drawn as a dash.
        text.replace("--", "-{-}")
    }
}

fn escaped(c: char) -> String {
    let command = match c {
        '\\' => "\\textbackslash{}",
        '^' => "\\textasciicircum{}",
        '~' => "\\textasciitilde{}",
        '<' => "\\textless{}",
        '>' => "\\textgreater{}",
        '|' => "\\textbar{}",
        '`' => "\\textasciigrave{}",
        // Active under some languages of babel.
        '"' => "{\\char34}",
        '{' => "\\{",
        '}' => "\\}",
        '$' => "\\$",
        '&' => "\\&",
        '#' => "\\#",
        '_' => "\\_",
        '%' => "\\%",
        // Arguments of the line end before them.
        '[' => "{[}",
        ']' => "{]}",
        '*' => "{*}",
        '–' => "\\textendash{}",
        '—' => "\\textemdash{}",
        '−' => "$-$",
        '…' => "\\ldots{}",
        '⏎' => " / ",
        _ => "",
    };
    match c {
        _ if !command.is_empty() => command.to_owned(),
        ' '..='~' => c.to_string(),
        'À'..='ÿ' if !matches!(c, '×' | '÷' | 'Ð' | 'ð' | 'Þ' | 'þ') => c.to_string(),
        c => format!("{{[}}U+{:04X}{{]}}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_begins() {
        let latex = |text: &str| Untrusted::from(text).for_latex();
        assert_eq!(latex("\\input{x}%"), "\\textbackslash{}input\\{x\\}\\%");
        assert_eq!(latex("naïve 中\x1b"), "naïve {[}U+4E2D{]}{[}U+241B{]}");
        assert_eq!(latex("[1em] a_b-c---d"), "{[}1em{]} a\\_b-c-{-}-d");
        assert_eq!(latex("1–2 − 3"), "1\\textendash{}2 $-$ 3");
    }
}
