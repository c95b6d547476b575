//! How results are printed: what the command line says of it, and what is known of the terminal.

use super::TimeFormat;
use crate::args::Format;

/// How results are printed.
#[derive(Clone, Debug)]
pub struct OutputOptions {
    pub format: Format,
    /// `--columns`; an empty list asks for the names of the columns.
    pub columns: Option<Vec<String>>,
    /// `--sort`
    pub sort: Option<String>,
    /// `--filter`
    pub filters: Vec<String>,
    /// `--limit`
    pub limit: Option<usize>,
    /// Whether tables, CSV and TSV have a header.
    pub has_header: bool,
    /// Whether results go to a terminal.
    pub is_terminal: bool,
    /// The terminal's width, where it is known.
    pub width: Option<u16>,
    pub has_color: bool,
    /// Whether bpctl's own symbols are to be ASCII.
    pub is_ascii: bool,
    /// `--csv-safe`
    pub is_csv_safe: bool,
    pub times: TimeFormat,
}

impl OutputOptions {
    /// Everything in full, as for a pipe.
    pub fn new(format: Format, times: TimeFormat) -> Self {
        Self {
            format,
            columns: None,
            sort: None,
            filters: Vec::new(),
            limit: None,
            has_header: true,
            is_terminal: false,
            width: None,
            has_color: false,
            is_ascii: false,
            is_csv_safe: false,
            times,
        }
    }

    /// The columns of the terminal that a table may take; none where nothing is shortened.
    pub fn room(&self) -> Option<usize> {
        self.width.filter(|_| self.format == Format::Table).map(usize::from)
    }

    /// What stands for text that was cut off.
    pub fn ellipsis(&self) -> &'static str {
        if self.is_ascii { "..." } else { "…" }
    }
}

/// Whether a format has columns that can be chosen.
pub(super) fn has_columns(format: Format) -> bool {
    matches!(format, Format::Table | Format::Wide | Format::Csv | Format::Tsv)
}
