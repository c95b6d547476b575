//! A table for people: no lines, two spaces between columns, wrapped to a terminal's width and never cut.

use std::io::{self, Write};

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table, presets};

use super::{Cell, Style, escape};

/// Writes a table. A header is its text, and whether its column is flush right.
pub(super) fn write(
    headers: Vec<(String, bool)>,
    rows: &[Vec<Cell>],
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match style.width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if style.has_header {
        table.set_header(headers.iter().map(|(text, _)| text));
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| TableCell::new(escape(&cell.text))));
    }
    for (column, (_, is_right)) in table.column_iter_mut().zip(&headers) {
        column.set_padding((0, 2));
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
