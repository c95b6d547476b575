//! The report for an auditor, in Markdown, HTML and CSV. Markdown and HTML render the same page of sections and tables.

mod csv;
mod html;
mod markdown;
mod page;

pub use csv::csv;

use crate::model::report::Report;
use crate::view::TimeFormat;

/// Renders a report in Markdown.
pub fn markdown(report: &Report, times: &TimeFormat) -> String {
    markdown::render(&page::page(report, times))
}

/// Renders a report as an HTML page without external files.
pub fn html(report: &Report, times: &TimeFormat) -> String {
    html::render(&page::page(report, times))
}
