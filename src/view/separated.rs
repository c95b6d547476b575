//! CSV (RFC 4180) and TSV, where tabs, line breaks and backslashes are `\\t`, `\\n`, `\\r` and `\\\\`.
//!
//! On a terminal control characters are escaped as in a table: that changes no file.

use std::borrow::Cow;
use std::io::{self, Write};

use super::OutputOptions;
use super::grid::Grid;
use crate::args::Format;
use crate::text::escape;

/// Writes a header, where one is wanted, and the rows of `order`.
pub(super) fn write(
    names: &[&str],
    grid: &Grid,
    order: &[usize],
    output: &OutputOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let separator = if output.format == Format::Tsv { '\t' } else { ',' };
    let mut line = String::new();
    if output.has_header {
        write_line(names.iter().copied(), separator, output, &mut line, out)?;
    }
    order.iter().try_for_each(|row| write_line(grid.row(*row), separator, output, &mut line, out))
}

fn write_line<'a>(
    values: impl Iterator<Item = &'a str>,
    separator: char,
    output: &OutputOptions,
    line: &mut String,
    out: &mut dyn Write,
) -> io::Result<()> {
    line.clear();
    for (number, value) in values.enumerate() {
        if number > 0 {
            line.push(separator);
        }
        if separator == '\t' {
            let value = tabless(value);
            line.push_str(&if output.is_terminal { escape(&value) } else { value });
        } else {
            let value = if output.is_terminal { escape(value) } else { value.into() };
            quote(&value, line);
        }
    }
    if line.is_empty() && separator == ',' {
        // An empty line would be no row at all.
        line.push_str("\"\"");
    }
    line.push_str(if separator == '\t' { "\n" } else { "\r\n" });
    out.write_all(line.as_bytes())
}

/// One line of CSV. `is_safe` marks values that a spreadsheet would take for formulas.
pub(super) fn csv_line(values: &[&str], is_safe: bool) -> String {
    let mut line = String::new();
    for (number, value) in values.iter().enumerate() {
        if number > 0 {
            line.push(',');
        }
        if is_safe {
            quote(&safe(value), &mut line);
        } else {
            quote(value, &mut line);
        }
    }
    line + "\r\n"
}

/// Makes a value that a spreadsheet would take for a formula text, by an apostrophe before it.
pub(super) fn safe(value: &str) -> Cow<'_, str> {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{value}").into() } else { value.into() }
}

fn quote(value: &str, line: &mut String) {
    if !value.contains([',', '"', '\r', '\n']) {
        return line.push_str(value);
    }
    line.push('"');
    line.push_str(&value.replace('"', "\"\""));
    line.push('"');
}

fn tabless(value: &str) -> Cow<'_, str> {
    if !value.contains(['\t', '\n', '\r', '\\']) {
        return value.into();
    }
    let mut text = String::with_capacity(value.len() + 8);
    for symbol in value.chars() {
        match symbol {
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\\' => text.push_str("\\\\"),
            other => text.push(other),
        }
    }
    text.into()
}
