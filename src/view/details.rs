//! One object, laid out to be read: labels and values in sections.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::listing::{Listing, OutputOptions};
use super::structured::{self, Structured};
use super::{Cell, Resource};
use crate::args::Format;
use crate::model::Object;
use crate::text::escape;

/// Sections of labelled values.
#[derive(Clone, Debug, Default)]
pub struct Details {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default)]
struct Section {
    title: Option<String>,
    /// Label and value.
    lines: Vec<(String, String)>,
}

impl Details {
    /// Begins a section with a title.
    pub fn section(&mut self, title: &str) {
        self.sections.push(Section { title: Some(title.to_owned()), lines: Vec::new() });
    }

    /// Adds a value; an absent one is left out.
    pub fn optional(&mut self, label: &str, cell: &Cell) {
        if cell.text == "-" {
            return;
        }
        self.field(label, &cell.text);
    }

    /// Adds a value, whatever it is.
    pub fn field(&mut self, label: &str, text: &str) {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        if let Some(section) = self.sections.last_mut() {
            section.lines.push((label.to_owned(), text.to_owned()));
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let sections = self.sections.iter().filter(|section| !section.lines.is_empty());
        for (number, Section { title, lines }) in sections.enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            let indent = match title {
                Some(title) => {
                    writeln!(out, "{}", escape(title))?;
                    "  "
                }
                None => "",
            };
            let labels: Vec<_> = lines.iter().map(|(label, _)| escape(label)).collect();
            let width = labels.iter().map(|label| label.width()).max().unwrap_or(0);
            for (label, (_, text)) in labels.iter().zip(lines) {
                let gap = " ".repeat(width - label.width() + 2);
                writeln!(out, "{indent}{label}:{gap}{}", escape(text))?;
            }
        }
        Ok(())
    }
}

/// Prints one object in any format.
///
/// # Errors
/// The stream's, and a sentence about a column that there is not.
pub fn show<T: Resource>(
    object: Object<T>,
    output: &OutputOptions,
    out: &mut dyn Write,
) -> Result<io::Result<()>, String> {
    let has_columns = matches!(output.format, Format::Csv) || output.columns.is_some();
    Ok(match output.format {
        _ if has_columns => {
            let one = OutputOptions { sort: None, limit: None, ..output.clone() };
            let mut listing = Listing::<T>::new(&one)?;
            listing.push(object, out).and_then(|_| listing.finish(out))
        }
        Format::Json | Format::Sarif | Format::Toml => structured::write(Structured::Json, &object.raw, out),
        Format::Jsonl => structured::write(Structured::JsonLine, &object.raw, out),
        Format::Yaml => structured::write(Structured::Yaml, &object.raw, out),
        Format::Id => writeln!(out, "{}", escape(object.model.id())),
        Format::Table | Format::Wide | Format::Csv => object.model.details(&output.times).write(out),
    })
}
