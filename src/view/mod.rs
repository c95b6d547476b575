//! How results look: pure rendering of rows and objects to a `Write`. Fetches nothing and knows no stream.

mod bars;
mod cell;
mod choice;
mod column;
mod escape;
mod ics;
mod listing;
mod noun;
mod report;
mod sarif;
mod sheet;
mod structured;
mod table;

pub use bars::{Drawing, bars};
pub use cell::{Cell, Look};
pub use choice::{choices, shortened};
pub use column::{Column, Noun};
pub use escape::escape;
pub use ics::ics;
pub use listing::{Listing, Style};
pub use noun::policy::{choice, in_a_line};
pub use noun::step::StepResult;
pub use report::{Facts, page, totals_lines};
pub use sarif::sarif;
pub use sheet::{Sheet, show};
pub use structured::structured;
