//! Hostile text on its way into a template of HTML.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::base::text::Untrusted;

/// Text that went through the escaper for HTML; templates take it as it is, and escape whatever is not of this type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Html(String);

impl Html {
    /// The address of a link, if it is one of the web.
    pub fn link(url: &Untrusted) -> Option<Self> {
        url.for_html_link().map(Self)
    }
}

impl<T> From<T> for Html
where
    Untrusted: From<T>,
{
    fn from(text: T) -> Self {
        Self(Untrusted::from(text).for_html())
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}
