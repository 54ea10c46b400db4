//! The formats in which a run is told.

use std::io::{self, Write};

use super::html::{self, Stories};
use super::sheet::Sheet;
use super::{github, junit, latex, markdown, spreadsheet};

/// A format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// A page that loads nothing.
    Html,
    /// Markdown, for people.
    Markdown,
    /// Tables for a paper.
    Latex,
    /// For a spreadsheet.
    Csv,
    /// The whole sheet.
    Json,
    /// An object per line of the table.
    JsonLines,
    /// For the test reports of a CI.
    Junit,
    /// The summary of a step on GitHub.
    Github,
    /// For data frames.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    /// All of them, in the order of the help.
    pub const ALL: &[Self] = &[
        Self::Html,
        Self::Markdown,
        Self::Latex,
        Self::Csv,
        Self::Json,
        Self::JsonLines,
        Self::Junit,
        Self::Github,
        #[cfg(feature = "parquet")]
        Self::Parquet,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Latex => "latex",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Junit => "junit",
            Self::Github => "github",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }

    /// What it is for, in the help.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Html => "one page that loads nothing, with charts and the transcripts of what went wrong",
            Self::Markdown => "Markdown: tables, origins and inputs, for people",
            Self::Latex => "tables for a paper (booktabs), with n, intervals, exclusions, version and seeds",
            Self::Csv => "a line per scenario, setup and agent, for a spreadsheet",
            Self::Json => "everything in one object",
            Self::JsonLines => "an object per scenario, setup and agent",
            Self::Junit => "JUnit XML: a case per trial; harm fails",
            Self::Github => "annotations, and the summary of the step",
            #[cfg(feature = "parquet")]
            Self::Parquet => "the columns of `csv`, typed, for data frames",
        }
    }

    /// Writes the run in this format; the transcripts are for the page alone.
    ///
    /// # Errors
    /// It cannot be written, or what is kept of the trials cannot be read.
    pub fn write(self, sheet: &Sheet, stories: &Stories, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Html => html::write(sheet, stories, out),
            Self::Markdown => out.write_all(markdown::markdown(sheet).as_bytes()),
            Self::Latex => out.write_all(latex::latex(sheet).as_bytes()),
            Self::Csv => spreadsheet::csv(sheet, out),
            Self::Json => spreadsheet::json(sheet, out),
            Self::JsonLines => spreadsheet::jsonl(sheet, out),
            Self::Junit => junit::junit(sheet, out),
            Self::Github => out.write_all(github::step_summary(sheet).as_bytes()),
            #[cfg(feature = "parquet")]
            Self::Parquet => super::parquet::parquet(sheet)
                .map_err(io::Error::other)
                .and_then(|bytes| out.write_all(&bytes)),
        }
    }
}
