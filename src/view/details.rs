//! One object, laid out to be read: labels and values in sections.
//!
//! `comfy-table` wraps long values on a terminal. Elsewhere, and where a word is wider than the terminal, a value is one
//! line.

use std::io::{self, Write};

use comfy_table::{Cell as TableCell, ColumnConstraint, ContentArrangement, Table, Width, presets};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::Cell;
use super::options::OutputOptions;
use crate::text::{escape, to_ascii};

/// Sections of labelled values.
#[derive(Clone, Debug, Default)]
pub struct Details {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default)]
struct Section {
    title: Option<String>,
    fields: Vec<(String, Value)>,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Time(Timestamp),
    Size(f64),
    WholeSize(i64),
    Number(i64),
    Flag(bool),
}

impl Details {
    /// Begins a section with a title.
    pub fn section(&mut self, title: &str) {
        self.sections.push(Section { title: Some(title.to_owned()), fields: Vec::new() });
    }

    /// Adds a value; an absent one is left out.
    pub fn optional(&mut self, label: &str, cell: &Cell<'_>) {
        let value = match cell {
            Cell::Absent => return,
            Cell::Text(text) | Cell::Placeholder(text) | Cell::Ranked(text, _) | Cell::Length(text, _) => {
                Value::Text(text.clone().into_owned())
            }
            Cell::Number(number) => Value::Number(*number),
            Cell::Size(size) => Value::Size(*size),
            Cell::WholeSize(size) => Value::WholeSize(*size),
            Cell::Flag(flag) => Value::Flag(*flag),
            Cell::Time(at) => Value::Time(*at),
        };
        self.add(label, value);
    }

    /// Adds a text, even an empty one.
    pub fn field(&mut self, label: &str, text: &str) {
        self.add(label, Value::Text(text.to_owned()));
    }

    fn add(&mut self, label: &str, value: Value) {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        if let Some(section) = self.sections.last_mut() {
            section.fields.push((label.to_owned(), value));
        }
    }

    pub(super) fn write(&self, output: &OutputOptions, out: &mut dyn Write) -> io::Result<()> {
        let sections = self.sections.iter().filter(|section| !section.fields.is_empty());
        for (number, section) in sections.enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            if let Some(title) = &section.title {
                writeln!(out, "{}", escape(title))?;
            }
            section.write(output, out)?;
        }
        Ok(())
    }
}

impl Value {
    fn display(&self, output: &OutputOptions) -> String {
        let cell = match self {
            Self::Text(text) => Cell::Text(text.as_str().into()),
            Self::Number(number) => Cell::Number(*number),
            Self::Size(size) => Cell::Size(*size),
            Self::WholeSize(size) => Cell::WholeSize(*size),
            Self::Flag(flag) => Cell::Flag(*flag),
            Self::Time(at) => Cell::Time(*at),
        };
        let text = cell.display(&output.times);
        let text = if output.is_ascii { to_ascii(&text).into_owned() } else { text };
        escape(&text).into_owned()
    }
}

impl Section {
    fn write(&self, output: &OutputOptions, out: &mut dyn Write) -> io::Result<()> {
        let indent = if self.title.is_some() { 2 } else { 0 };
        let labels: Vec<String> =
            self.fields.iter().map(|(label, _)| format!("{:indent$}{}:", "", escape(label))).collect();
        let values: Vec<String> = self.fields.iter().map(|(_, value)| value.display(output)).collect();
        let widest = |texts: &[String]| texts.iter().map(|text| text.width()).max().unwrap_or(0);
        let label_width = widest(&labels) + 2;
        match output.width.map(usize::from) {
            Some(room) if label_width + widest(&values) > room && label_width + longest_word(&values) <= room => {
                wrapped(&labels, &values, label_width, room, out)
            }
            _ => labels.iter().zip(&values).try_for_each(|(label, value)| {
                writeln!(out, "{label}{:gap$}{value}", "", gap = label_width - label.width())
            }),
        }
    }
}

fn longest_word(values: &[String]) -> usize {
    values.iter().flat_map(|value| value.split_whitespace()).map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// Writes values that continue on further lines below themselves.
fn wrapped(
    labels: &[String],
    values: &[String],
    label_width: usize,
    room: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let fixed = |width: usize| ColumnConstraint::Absolute(Width::Fixed(u16::try_from(width).unwrap_or(u16::MAX)));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
    for (label, value) in labels.iter().zip(values) {
        table.add_row([TableCell::new(label), TableCell::new(value)]);
    }
    for (column, width) in table.column_iter_mut().zip([label_width, room - label_width]) {
        column.set_padding((0, 0));
        column.set_constraint(fixed(width));
    }
    table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::args::Format;
    use crate::view::TimeFormat;

    fn lines(width: Option<u16>) -> Vec<String> {
        let times = TimeFormat { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC };
        let output = OutputOptions { width, ..OutputOptions::new(Format::Table, times) };
        let mut details = Details::default();
        details.field("Policy", "dbp_5BUcxDFngM8IDUB4");
        details.field("Reason", "some words and a few more of them, and then some");
        let mut out = Vec::new();
        details.write(&output, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn long_values_are_wrapped_on_a_terminal_and_words_are_never_broken() {
        assert_eq!(lines(None).len(), 2);
        for width in 29..60 {
            let lines = lines(Some(width));
            assert!(lines.iter().all(|line| line.width() <= usize::from(width)), "{width}: {lines:?}");
            assert_eq!(lines[0], "Policy:  dbp_5BUcxDFngM8IDUB4");
            let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            assert_eq!(words.len(), 14, "{lines:?}");
        }
        assert_eq!(lines(Some(20)).len(), 2);
    }
}
