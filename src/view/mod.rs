//! How results look: pure rendering of rows and objects to a `Write`. Fetches nothing and knows no stream.

mod bars;
mod cell;
mod choice;
mod column;
mod details;
mod ics;
mod listing;
mod report;
mod resource;
mod sarif;
mod structured;
mod table;

pub use bars::{Drawing, bars};
pub use cell::{Cell, TimeFormat};
pub use choice::{choices, shortened};
pub use column::{Column, Resource};
pub use details::{Details, show};
pub use ics::ics;
pub use listing::{Listing, OutputOptions};
pub use report::{Facts, page, totals_lines};
pub use resource::history::Change;
pub use resource::policy::{choice, in_a_line};
pub use resource::step::StepResult;
pub use sarif::sarif;
pub use structured::structured;
