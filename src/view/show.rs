//! Prints one object in any format.

use std::io::{self, Write};

use super::Resource;
use super::listing::Listing;
use super::options::{OutputOptions, has_columns};
use super::structured::{self, Structured};
use crate::args::Format;
use crate::model::Object;
use crate::text::escape;

/// Prints one object in any format.
///
/// # Errors
/// The stream's, and a sentence about an unknown column.
pub fn show<T: Resource>(
    object: Object<T>,
    output: &OutputOptions,
    out: &mut dyn Write,
) -> Result<io::Result<()>, String> {
    if !output.filters.is_empty() {
        return Err("`--filter` works on lists".to_owned());
    }
    let is_row = matches!(output.format, Format::Csv | Format::Tsv) || output.columns.is_some();
    Ok(match output.format {
        _ if is_row => {
            let one = OutputOptions { sort: None, limit: None, ..output.clone() };
            let mut listing = Listing::<T>::new(&one)?;
            listing.push(object, out).and_then(|_| listing.finish(out).map(drop))
        }
        Format::Json | Format::Sarif | Format::Toml => structured::write(Structured::Json, &object.raw, out),
        Format::Jsonl => structured::write(Structured::JsonLine, &object.raw, out),
        Format::Yaml => structured::write(Structured::Yaml, &object.raw, out),
        Format::Id => writeln!(out, "{}", escape(object.model.id())),
        format => {
            debug_assert!(has_columns(format), "csv and tsv are rows");
            object.model.details(&output.times).write(output, out)
        }
    })
}
