//! How results look: pure rendering of rows and objects to a `Write`. Fetches nothing and knows no stream.

mod cell;
mod choice;
mod column;
mod escape;
mod listing;
mod noun;
mod sheet;
mod structured;
mod table;

pub use cell::{Cell, Look};
pub use choice::choices;
pub use column::{Column, Noun};
pub use escape::{escape, escape_lines};
pub use listing::{Listing, Style};
pub use noun::policy::{choice, in_a_line};
pub use sheet::{Sheet, show};
pub use structured::structured;
