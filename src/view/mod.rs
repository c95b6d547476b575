//! Renders rows and objects: tables, CSV, JSON, single objects, bars, reports. It writes to any `Write`, fetches nothing,
//! and does not know streams or the clock.

mod audit;
mod bars;
mod cell;
mod check;
mod choice;
mod color;
mod column;
mod details;
mod filter;
mod grid;
mod ics;
mod jq;
mod layout;
mod listing;
mod options;
mod report;
mod resource;
mod sarif;
mod separated;
mod show;
mod structured;
mod table;

pub use audit::{csv as audit_csv, html as audit_html, markdown as audit_markdown};
pub use bars::{Drawing, bars};
pub use cell::{Cell, TimeFormat, size_words};
pub use check::{junit, nagios, prometheus, summary_line, unknown_line};
use choice::shortened_by;
pub use choice::{choices, shortened};
pub use column::{Column, Resource};
pub use details::Details;
pub use filter::Filters;
pub use ics::ics;
pub use jq::JqFilter;
pub use listing::Listing;
pub use options::OutputOptions;
pub use report::{Facts, PagePart, page, totals_lines};
pub use resource::backup::backup_choice;
pub use resource::history::Change;
pub use resource::policy::{choice, in_a_line};
pub use resource::step::StepResult;
pub use sarif::{SarifPart, sarif};
pub use show::show;
pub use structured::structured;
