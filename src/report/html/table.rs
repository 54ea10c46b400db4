//! A table for readers, on a page.

use crate::report::markup::Html;
use crate::report::table::{Head, Table};

/// The table, ready for a template.
pub struct Drawn {
    /// What it is about.
    pub name: &'static str,
    /// The heads of its columns.
    pub heads: Vec<Head>,
    /// Its rows; the first cell of each is its head.
    pub rows: Vec<Vec<(bool, Html)>>,
    /// What stands under it.
    pub said: Vec<Html>,
}

impl From<&Table> for Drawn {
    fn from(table: &Table) -> Self {
        let row = |cells: &Vec<_>| {
            let cells = cells.iter().zip(&table.heads);
            cells.map(|(text, head)| (head.right, Html::from(text))).collect()
        };
        Self {
            name: table.name,
            heads: table.heads.clone(),
            rows: table.rows.iter().map(row).collect(),
            said: table.said.iter().map(Html::from).collect(),
        }
    }
}
