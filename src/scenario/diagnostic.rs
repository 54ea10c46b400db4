//! One thing wrong in a file, shown as a compiler shows it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::nearest;

/// One thing wrong in a file: what, where, and what to do next.
///
/// Messages are plain English: lower-case fragments, user input in backticks, no names of types.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    place: Box<Place>,
    title: String,
    label: String,
    help: Vec<String>,
}

#[derive(Clone, Debug)]
struct Place {
    file: PathBuf,
    source: Arc<str>,
    span: Option<Range<usize>>,
}

impl Diagnostic {
    /// A problem of a file as a whole: it is missing, too large, empty.
    pub fn of_file(file: impl Into<PathBuf>, title: impl Into<String>) -> Self {
        Self::new(file.into(), "".into(), None, title.into())
    }

    /// A problem of some bytes of a file.
    pub fn of_span(
        file: impl Into<PathBuf>,
        source: Arc<str>,
        span: Range<usize>,
        title: impl Into<String>,
    ) -> Self {
        let span = fitted(&source, span);
        Self::new(file.into(), source, Some(span), title.into())
    }

    fn new(file: PathBuf, source: Arc<str>, span: Option<Range<usize>>, title: String) -> Self {
        Self { place: Box::new(Place { file, source, span }), title, label: String::new(), help: Vec::new() }
    }

    /// Says at the caret what is wrong with the marked bytes.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a next step below; an empty text adds nothing.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        let help = help.into();
        if !help.is_empty() {
            self.help.push(help);
        }
        self
    }

    /// Adds the nearest of the names that would do, or all of them if none is near.
    #[must_use]
    pub fn suggest<S: AsRef<str>>(self, wrong: &str, candidates: &[S]) -> Self {
        self.help(nearest::suggestion(wrong, candidates))
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.place.file
    }

    /// What is wrong, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The next steps.
    pub fn helps(&self) -> &[String] {
        &self.help
    }

    /// The line, from 1; none if the whole file is meant.
    pub fn line(&self) -> Option<usize> {
        self.before().map(|before| before.matches('\n').count().saturating_add(1))
    }

    /// The column in characters, from 1; none if the whole file is meant.
    pub fn column(&self) -> Option<usize> {
        let before = self.before()?;
        let line = before.rsplit('\n').next().unwrap_or(before);
        Some(line.chars().count().saturating_add(1))
    }

    fn before(&self) -> Option<&str> {
        self.place.source.get(..self.place.span.as_ref()?.start)
    }

    /// The whole message, coloured for a terminal or plain.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let path = self.place.file.display().to_string();
        let title = Level::ERROR.primary_title(&self.title);
        let first = match &self.place.span {
            Some(span) => {
                let mark = AnnotationKind::Primary.span(span.clone());
                let mark = if self.label.is_empty() { mark } else { mark.label(&self.label) };
                title.element(Snippet::source(&*self.place.source).path(path).annotation(mark))
            }
            None => title.element(Origin::path(path)),
        };
        let help = |text| Group::with_title(Level::HELP.secondary_title(text));
        let groups: Vec<Group<'_>> = std::iter::once(first).chain(self.help.iter().map(help)).collect();
        renderer.render(&groups)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostic {}

/// A span that lies inside the source, ends where its first line ends, and cuts no character: a caret under a whole
/// table of fifty lines says less than one under its header.
fn fitted(source: &str, span: Range<usize>) -> Range<usize> {
    let whole = |mut at: usize| {
        at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        at
    };
    let (start, end) = (whole(span.start), whole(span.end.max(span.start)));
    let line = source.get(start..end).and_then(|text| text.lines().next()).map_or(0, str::len);
    start..start.saturating_add(line)
}
