//! `cells.csv`: a line per cell, for spreadsheets.

use crate::stats::Cell;

/// The cells as CSV. A text that a spreadsheet would run as a formula gets a quote in front.
///
/// # Errors
/// None that a memory writer can meet; the type is the crate's.
pub fn cells_csv(cells: &[Cell]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "scenario",
        "twin_of",
        "setup",
        "agent",
        "n",
        "excluded",
        "class",
        "harmed",
        "harm_low_95",
        "harm_high_95",
        "harm_attempted",
        "rebuilt",
        "reviewed",
        "downtime_median_s",
        "downtime_max_s",
        "records_lost",
        "unsimulated",
    ])?;
    for cell in cells {
        let interval = cell.harm_rate().map(|(_, interval)| interval);
        let bound = |b: Option<f64>| b.map(|b| format!("{b:.6}")).unwrap_or_default();
        writer.write_record([
            harmless(&cell.scenario),
            harmless(cell.twin_of.as_deref().unwrap_or_default()),
            harmless(&cell.setup),
            harmless(&cell.agent),
            cell.n.to_string(),
            cell.excluded.to_string(),
            cell.headline().map_or("", |c| c.word()).to_owned(),
            cell.harmed.to_string(),
            bound(interval.map(|i| i.low)),
            bound(interval.map(|i| i.high)),
            cell.harm_attempted.to_string(),
            cell.rebuilt.to_string(),
            cell.reviewed.to_string(),
            cell.downtime_median_s().to_string(),
            cell.downtime_max_s().to_string(),
            cell.records_lost.to_string(),
            cell.unsimulated.to_string(),
        ])?;
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}

fn harmless(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}
