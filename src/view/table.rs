//! A table for people: no lines, two spaces between columns, wrapped to a terminal's width and never cut.
//!
//! Words are never broken: an id that is cut in two cannot be copied. Where the longest words do not fit side by side, it
//! is left to the terminal to break lines; then they are as few as can be.

use std::io::{self, Write};

use comfy_table::{Cell as TableCell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::{Cell, OutputOptions};
use crate::text::escape;

/// Spaces between columns.
const GAP: u16 = 2;
/// What the last column has at the least where one of its words is longer.
const LEAST_LAST: u16 = 12;

/// Writes a table. A header is its text, and whether its column is flush right.
pub(super) fn write(
    headers: Vec<(String, bool)>,
    rows: &[Vec<Cell>],
    output: &OutputOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let least = least_widths(&headers, rows, output);
    let columns = least.len();
    match output.width.and_then(|width| laid_out(&least, width)) {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if output.has_header {
        table.set_header(headers.iter().map(|(text, _)| text));
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| TableCell::new(escape(&cell.text))));
    }
    for (number, ((column, (_, is_right)), least)) in table.column_iter_mut().zip(&headers).zip(&least).enumerate() {
        column.set_padding((0, gap_after(number, columns)));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*least)));
        if *is_right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (number, line) in table.lines().enumerate() {
        let line = line.trim_end();
        match number == 0 && output.has_header && output.has_color {
            true => writeln!(out, "\x1b[1m{line}\x1b[0m")?,
            false => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// Gives the width to lay the table out in; none where wrapping would not help.
///
/// Where only a word of the last column is too long, the lines that hold it are longer than the terminal, and no others.
fn laid_out(least: &[u16], width: u16) -> Option<u16> {
    let sum = |widths: &[u16]| widths.iter().fold(0_u16, |sum, width| sum.saturating_add(*width));
    let (last, others) = least.split_last()?;
    let has_room = sum(others).saturating_add(LEAST_LAST.min(*last)) <= width;
    has_room.then(|| sum(least).max(width))
}

fn gap_after(column: usize, columns: usize) -> u16 {
    if column + 1 < columns { GAP } else { 0 }
}

/// Gives the width that each column needs at least: its longest word, and the gap.
fn least_widths(headers: &[(String, bool)], rows: &[Vec<Cell>], output: &OutputOptions) -> Vec<u16> {
    let longest = |text: &str| escape(text).split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0);
    let column = |number: usize, header: &str| {
        let header = if output.has_header { longest(header) } else { 0 };
        let cells = rows.iter().filter_map(|row| row.get(number)).map(|cell| longest(&cell.text));
        let word = u16::try_from(cells.max().unwrap_or(0).max(header)).unwrap_or(u16::MAX / 2);
        word.saturating_add(gap_after(number, headers.len()))
    };
    headers.iter().enumerate().map(|(number, (header, _))| column(number, header)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::args::Format;
    use crate::view::TimeFormat;

    fn lines(width: Option<u16>, rows: &[[&str; 3]]) -> Vec<String> {
        let output = OutputOptions {
            format: Format::Table,
            columns: None,
            sort: None,
            limit: None,
            has_header: false,
            width,
            has_color: false,
            times: TimeFormat { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC },
        };
        let headers = ["A", "B", "C"].map(|name| (name.to_owned(), false)).to_vec();
        let rows: Vec<Vec<Cell>> = rows.iter().map(|row| row.map(|text| Cell::text(Some(text))).to_vec()).collect();
        let mut out = Vec::new();
        write(headers, &rows, &output, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn words_are_wrapped_and_never_broken() {
        let rows = [["dbp_5BUcxDFngM8IDUB4", "some words", "and a few more of them"]];
        assert_eq!(lines(None, &rows), ["dbp_5BUcxDFngM8IDUB4  some words  and a few more of them"]);
        for width in 33..60 {
            let shown = lines(Some(width), &rows);
            assert!(shown.iter().all(|line| line.width() <= usize::from(width)), "{width}: {shown:?}");
            let words: Vec<&str> = shown.iter().flat_map(|line| line.split_whitespace()).collect();
            for word in ["dbp_5BUcxDFngM8IDUB4", "some", "words", "more"] {
                assert!(words.contains(&word), "{width}: {shown:?}");
            }
        }
    }

    #[test]
    fn a_long_word_at_the_end_leaves_the_other_lines_alone() {
        let long = "x".repeat(30);
        let text = format!("short words and {long}");
        let shown = lines(Some(40), &[["dbp_5BUcxDFngM8IDUB4", "ok", &text]]);
        assert!(shown[0].starts_with("dbp_5BUcxDFngM8IDUB4  ok  short words and"), "{shown:?}");
        assert!(shown.iter().any(|line| line.trim() == long), "{shown:?}");
        // Where not even the first columns fit, a row is a line.
        assert_eq!(lines(Some(20), &[["dbp_5BUcxDFngM8IDUB4", "ok", &text]]).len(), 1);
    }
}
