//! Writes a list as a table for people: one line a row, two spaces between columns, no rules.
//!
//! On a terminal a line is never wider than the terminal ([`layout`](super::layout)); elsewhere nothing is shortened.
//! `comfy-table` draws single objects ([`details`](super::details)), where text wraps. Here nothing wraps, and its cells,
//! lines and styles of their own cost ten times the memory of the text in a long list.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::grid::Grid;
use super::layout::{EMPTY, GAP, Layout, Need};
use super::{OutputOptions, color, shortened_by};

/// A column's header and its properties.
pub(super) struct Heading {
    pub(super) title: String,
    pub(super) rank: u8,
    pub(super) is_right: bool,
    pub(super) is_flexible: bool,
    pub(super) comfortable: usize,
    pub(super) is_state: bool,
    pub(super) is_time: bool,
}

/// What did not fit, as titles of columns.
#[derive(Debug, Default)]
pub(super) struct Loss {
    pub(super) left_out: Vec<String>,
    pub(super) shortened: Vec<String>,
}

/// Writes the rows of `order`.
pub(super) fn write(
    headings: &[Heading],
    grid: &Grid,
    order: &[usize],
    output: &OutputOptions,
    out: &mut dyn Write,
) -> io::Result<Loss> {
    let needs = needs(headings, grid, order, output.has_header);
    let layout = match output.room() {
        Some(room) => Layout::fit(&needs, room),
        None => Layout::full(&needs),
    };
    let mut line =
        Line { text: String::new(), pending: 0, ellipsis: output.ellipsis(), is_short: vec![false; headings.len()] };
    if output.has_header {
        if output.has_color {
            line.text.push_str(color::BOLD);
        }
        for (number, heading) in headings.iter().enumerate() {
            line.cell(number, &heading.title, heading, &layout, None);
        }
        if output.has_color {
            line.text.push_str(color::RESET);
        }
        line.write(out)?;
        line.is_short.fill(false);
    }
    for row in order {
        for (number, (heading, text)) in headings.iter().zip(grid.row(*row)).enumerate() {
            let text = if layout.is_relative && heading.is_time { relative_part(text) } else { text };
            let color = if output.has_color && heading.is_state { color::of_state(text) } else { None };
            line.cell(number, text, heading, &layout, color);
        }
        line.write(out)?;
    }
    let titles = |is_so: &dyn Fn(usize) -> bool| {
        let all = headings.iter().enumerate().filter(|(number, _)| is_so(*number));
        all.map(|(_, heading)| heading.title.clone()).collect()
    };
    Ok(Loss {
        left_out: titles(&|number| layout.widths[number].is_none()),
        shortened: titles(&|number| line.is_short[number]),
    })
}

/// A line that is being put together.
struct Line {
    text: String,
    /// Spaces before the next text: none are written at the end of a line.
    pending: usize,
    ellipsis: &'static str,
    /// The columns that had to be shortened.
    is_short: Vec<bool>,
}

impl Line {
    fn cell(&mut self, number: usize, text: &str, heading: &Heading, layout: &Layout, color: Option<&str>) {
        let Some(room) = layout.widths[number] else {
            return;
        };
        let mut width = width(text);
        let cut = if width > room { Some(shortened_by(text, room, self.ellipsis)) } else { None };
        if let Some(cut) = &cut {
            self.is_short[number] = true;
            width = cut.width();
        }
        let space = room.saturating_sub(width);
        let (before, after) = if heading.is_right { (space, 0) } else { (0, space) };
        for _ in 0..self.pending + before {
            self.text.push(' ');
        }
        self.text.push_str(color.unwrap_or_default());
        self.text.push_str(cut.as_deref().unwrap_or(text));
        if color.is_some() {
            self.text.push_str(color::RESET);
        }
        self.pending = after + GAP;
    }

    fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.text.push('\n');
        out.write_all(self.text.as_bytes())?;
        self.text.clear();
        self.pending = 0;
        Ok(())
    }
}

fn needs(headings: &[Heading], grid: &Grid, order: &[usize], has_header: bool) -> Vec<Need> {
    let mut needs: Vec<Need> = headings
        .iter()
        .map(|heading| Need {
            full: if has_header { heading.title.width() } else { 0 },
            relative: if has_header { heading.title.width() } else { 0 },
            rank: heading.rank,
            is_flexible: heading.is_flexible,
            comfortable: heading.comfortable,
        })
        .collect();
    let mut is_empty = vec![!order.is_empty(); headings.len()];
    for row in order {
        for (number, ((need, heading), text)) in needs.iter_mut().zip(headings).zip(grid.row(*row)).enumerate() {
            is_empty[number] &= text == "-";
            let full = width(text);
            need.full = need.full.max(full);
            need.relative = need.relative.max(if heading.is_time { width(relative_part(text)) } else { full });
        }
    }
    // What says nothing goes before anything else.
    needs.iter_mut().zip(is_empty).filter(|(need, is_empty)| *is_empty && need.rank > 0).for_each(|(need, _)| {
        need.rank = EMPTY;
    });
    needs
}

fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// Returns `in 3 h` of `2026-12-01 02:00 GMT (in 3 h)`.
fn relative_part(text: &str) -> &str {
    text.split_once('(').map_or(text, |(_, rest)| rest.trim_end_matches(')'))
}
