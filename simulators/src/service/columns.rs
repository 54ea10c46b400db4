//! Text in columns, as tools print lists that have no lines around them.

/// Each column as wide as its widest cell and so many spaces more; no line ends in spaces.
pub(crate) fn in_columns(lines: &[Vec<String>], gap: usize) -> String {
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |n: usize| lines.iter().filter_map(|line| line.get(n)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|n| width(n).unwrap_or(0).saturating_add(gap)).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<String>().trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}
