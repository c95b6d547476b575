//! A table for people: no lines, two spaces between columns, wrapped to a terminal's width and never cut.

use std::io::{self, Write};

use comfy_table::{Cell as TableCell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::{Cell, Style, escape};

/// Spaces between columns.
const GAP: u16 = 2;

/// Writes a table. A header is its text, and whether its column is flush right.
pub(super) fn write(
    headers: Vec<(String, bool)>,
    rows: &[Vec<Cell>],
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let least = least_widths(&headers, rows, style);
    // Words are never broken: an id that is cut in two cannot be copied. What cannot fit is left to the terminal.
    match style.width.filter(|width| least.iter().map(|least| u32::from(*least)).sum::<u32>() <= u32::from(*width)) {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if style.has_header {
        table.set_header(headers.iter().map(|(text, _)| text));
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| TableCell::new(escape(&cell.text))));
    }
    for ((column, (_, is_right)), least) in table.column_iter_mut().zip(&headers).zip(least) {
        column.set_padding((0, GAP));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        if *is_right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (number, line) in table.lines().enumerate() {
        let line = line.trim_end();
        match number == 0 && style.has_header && style.has_color {
            true => writeln!(out, "\x1b[1m{line}\x1b[0m")?,
            false => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// Gives the width that each column needs at least: its longest word, and the gap.
fn least_widths(headers: &[(String, bool)], rows: &[Vec<Cell>], style: &Style) -> Vec<u16> {
    let longest = |text: &str| escape(text).split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0);
    let column = |number: usize, header: &str| {
        let header = if style.has_header { longest(header) } else { 0 };
        let cells = rows.iter().filter_map(|row| row.get(number)).map(|cell| longest(&cell.text));
        u16::try_from(cells.max().unwrap_or(0).max(header)).unwrap_or(u16::MAX / 2).saturating_add(GAP)
    };
    headers.iter().enumerate().map(|(number, (header, _))| column(number, header)).collect()
}
