//! The report as Markdown: for a wiki, a pull request, the summary of a CI step.

use super::sheet::{Played, Sheet};
use super::table::{self, Block, Head, Table};
use super::wording;
use crate::base::text::Untrusted;
use crate::scenario::{Basis, Incident};

/// The whole report.
pub fn markdown(sheet: &Sheet) -> String {
    let mut out = String::from("# Crash test of coding agents\n");
    out.push_str(&warnings(sheet));
    for block in table::blocks(sheet) {
        out.push_str(&of_block(sheet, &block));
    }
    for table in table::further(sheet) {
        out.push_str(&format!("\n## {}\n\n{}", table.name, drawn(&table)));
    }
    out.push_str(&origins(sheet));
    out.push_str(&inputs(sheet));
    out
}

/// What keeps the figures from being the whole truth, before the figures.
fn warnings(sheet: &Sheet) -> String {
    let mut said: Vec<String> = wording::left_out(&sheet.coverage);
    let damaged = sheet.damages.iter().map(|d| format!("The ledger is damaged: {}", d.for_markdown()));
    said.extend(damaged);
    let unjudged = sheet
        .unjudged
        .iter()
        .map(|s| format!("{} has no oracle: nothing of it is judged.", s.for_markdown_code()));
    said.extend(unjudged);
    match said.is_empty() {
        true => String::new(),
        false => format!("\n> [!WARNING]\n> {}\n", said.join("\\\n> ")),
    }
}

fn of_block(sheet: &Sheet, block: &Block) -> String {
    let scenario = block.scenario.for_markdown_code();
    let mut out = match block.twin {
        Some(twin) => format!("\n## {scenario}, beside its twin {}\n\n", twin.for_markdown_code()),
        None => format!("\n## {scenario}\n\n"),
    };
    out.push_str(&drawn(&block.table(sheet)));
    out
}

/// A table, and what stands under it.
fn drawn(table: &Table) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = row(table.heads.iter().map(|head| head.title.to_owned()).collect());
    out.push_str(&row(table
        .heads
        .iter()
        .map(|head| if head.right { "--:" } else { ":--" }.to_owned())
        .collect()));
    for cells in &table.rows {
        let cell = |(text, head): (&Untrusted, &Head)| {
            if head.is_name { text.for_markdown_code() } else { text.for_markdown() }
        };
        out.push_str(&row(cells.iter().zip(&table.heads).map(cell).collect()));
    }
    let said: Vec<String> = table.said.iter().map(Untrusted::for_markdown).collect();
    out.push_str(&format!("\n{}\n", said.join(" ")));
    out
}

/// Where the scenarios come from, and what of them is not agreed.
fn origins(sheet: &Sheet) -> String {
    let told: Vec<String> =
        sheet.scenarios.iter().filter_map(|s| Some(origin(s, s.incident.as_ref()?))).collect();
    match told.is_empty() {
        true => String::new(),
        false => format!("\n## Where the scenarios come from\n{}", told.concat()),
    }
}

fn origin(scenario: &Played, incident: &Incident) -> String {
    let mut out = format!("\n### {}\n\n", scenario.name.for_markdown_code());
    out.push_str(&format!("**{}**\n\n{}\n", incident.title.for_markdown(), incident.summary.for_markdown()));
    if incident.composite {
        out.push_str("\nPut together from patterns: no single public case is known.\n");
    }
    let count = |basis| incident.fact.iter().filter(|f| f.basis == basis).count();
    out.push_str(&format!(
        "\nOf what the scenario says of the case, {} facts are agreed, {} disputed, {} modelled and {} invented here.\n",
        count(Basis::Agreed),
        count(Basis::Disputed),
        count(Basis::Modelled),
        count(Basis::Invented)
    ));
    for dispute in &incident.dispute {
        out.push_str(&format!("\nDisputed: {}\n\n", dispute.question.for_markdown()));
        for account in &dispute.account {
            out.push_str(&format!("- {}: {}\n", account.by.for_markdown(), account.says.for_markdown()));
        }
    }
    if !incident.source.is_empty() {
        out.push_str("\nSources:\n\n");
    }
    for source in &incident.source {
        let link = source.url.for_markdown_link(&source.title);
        let (kind, date) = (source.kind.for_markdown(), source.date.for_markdown());
        out.push_str(&format!("- {link} ({kind}, {date})\n"));
    }
    out
}

/// What went in, by digest.
fn inputs(sheet: &Sheet) -> String {
    let mut out = String::from("\n## What went in\n\n| input | name | SHA-256 |\n| :-- | :-- | :-- |\n");
    let mut row = |kind: &str, name: &Untrusted, digest: &Untrusted| {
        let digest = digest.cut(17).for_markdown_code();
        out.push_str(&format!("| {kind} | {} | {digest} |\n", name.for_markdown_code()));
    };
    for scenario in &sheet.scenarios {
        row("stage", &scenario.name, &scenario.stage_digest);
        row("brief", &scenario.name, &scenario.brief_digest);
        scenario.agents.iter().for_each(|agent| row("agent", &agent.name, &agent.digest));
    }
    sheet.setups.iter().for_each(|setup| row("setup", &setup.name, &setup.digest));
    out.push_str(&format!("\n{}\n", table::provenance(sheet).for_markdown()));
    out
}
