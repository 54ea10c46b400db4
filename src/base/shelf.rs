//! Files that come with the program.

/// Texts by name, in the order in which they are shown.
pub struct Shelf(&'static [(&'static str, &'static str)]);

impl Shelf {
    /// With these: name and text of each.
    pub const fn new(files: &'static [(&'static str, &'static str)]) -> Self {
        Self(files)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The text of one.
    pub fn text(&self, name: &str) -> Option<&'static str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }
}
