//! The lines of a list to choose from: columns side by side, safe for a terminal, no two alike.

use std::collections::HashMap;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::escape;

/// Characters for each cell of the terminal, at the most: a name can pile up marks that take no room.
const PILE: usize = 4;

/// Lays out rows of columns as lines of at most `most` bytes where that can be done by shortening the first column.
/// Bytes, since the prompt that shows them counts bytes when it takes them away again.
pub fn choices(rows: &[Vec<String>], most: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| escape(cell).into_owned()).collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |index: usize| rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.width()).max();
    let mut widths: Vec<usize> = (0..count).map(|index| width(index).unwrap_or(0)).collect();
    let others = widths.iter().skip(1).map(|width| width + 2).sum::<usize>();
    if let Some(first) = widths.first_mut() {
        *first = (*first).min(most.saturating_sub(others).max(8));
    }
    let mut seen = HashMap::new();
    rows.iter().map(|row| unlike(fitting(row, &widths, most), &mut seen)).collect()
}

/// Makes a line, its first column as short as it must be.
fn fitting(row: &[String], widths: &[usize], most: usize) -> String {
    let mut first = widths.first().copied().unwrap_or(0);
    let mut row = row.to_vec();
    // Once for all: what is tried below is short then.
    row.iter_mut().take(1).for_each(|cell| *cell = shortened(cell, first));
    loop {
        let line = line(&row, widths, first);
        if line.len() <= most || first <= 8 {
            return line;
        }
        first -= 1;
    }
}

fn line(row: &[String], widths: &[usize], first: usize) -> String {
    let mut line = String::new();
    for (index, cell) in row.iter().enumerate() {
        let cell = if index == 0 { shortened(cell, first) } else { cell.clone() };
        let width = if index == 0 { first } else { widths[index] };
        line.push_str(&cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
    }
    line.trim_end().to_owned()
}

/// Cuts a text to a width, in one pass: a name can be as long as an answer.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().nth(most * PILE).is_none() && text.width() <= most {
        return text.to_owned();
    }
    let mut width = 0;
    let fits = |symbol: &char| {
        width += symbol.width().unwrap_or(0);
        width < most
    };
    let mut short: String = text.chars().take(most * PILE).take_while(fits).collect();
    // Symbols that join may be wider than each alone.
    while short.width() + 1 > most && short.pop().is_some() {}
    short + "…"
}

/// Tells rows of the same text apart: what is chosen is found again by its text. `seen` holds the lines that there are,
/// each with the last number that was tried for it.
fn unlike(line: String, seen: &mut HashMap<String, usize>) -> String {
    let mut different = line.clone();
    while seen.contains_key(&different) {
        let number = seen.entry(line.clone()).or_insert(1);
        *number += 1;
        different = format!("{line} ({number})");
    }
    seen.insert(different.clone(), 1);
    different
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn columns_stand_side_by_side_and_are_harmless() {
        let lines = choices(&rows(&[&["web-1", "daily", "dbp_1"], &["d\x1b[2J", "monthly", "dbp_2"]]), 80);
        assert_eq!(lines, ["web-1     daily    dbp_1", "d\\x1b[2J  monthly  dbp_2"]);
    }

    #[test]
    fn a_long_name_is_cut_and_an_id_is_not() {
        let long = "n".repeat(200);
        let lines = choices(&rows(&[&[&long, "dbp_1"], &[&long, "dbp_2"], &[&"ü".repeat(60), "dbp_3"]]), 40);
        assert!(lines.iter().all(|line| line.len() <= 40), "{lines:?}");
        assert!(lines[0].ends_with("…  dbp_1") && lines[1].ends_with("…  dbp_2"), "{lines:?}");
    }

    #[test]
    fn no_two_lines_are_alike() {
        assert_eq!(choices(&rows(&[&["a"], &["a"], &["a"]]), 40), ["a", "a (2)", "a (3)"]);
        assert_eq!(choices(&rows(&[&["a (2)"], &["a"], &["a"], &["a (2)"]]), 40), ["a (2)", "a", "a (3)", "a (2) (2)"]);
    }

    #[test]
    fn a_list_of_names_that_are_books_is_laid_out_at_once() {
        let began = std::time::Instant::now();
        for symbol in ["n", "漢", "é", "\u{1f469}\u{200d}", "❤\u{fe0f}", "\u{301}"] {
            let lines = choices(&rows(&[&[symbol.repeat(60_000).as_str(), "dbp_1"][..]; 10]), 80);
            assert!(lines.iter().all(|line| line.contains("dbp_1")));
        }
        choices(&rows(&[&["a"][..]; 20_000]), 80);
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "took {:?}", began.elapsed());
    }
}
