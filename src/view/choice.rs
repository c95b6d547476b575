//! The lines of a list to choose from: columns side by side, safe for a terminal, no two alike.

use std::collections::HashMap;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::escape;

/// Characters for each cell of the terminal, at the most: a name can pile up marks that take no room.
const PILE: usize = 4;

/// What is left of the first column, a name, at the least.
const MIN_FIRST: usize = 8;
/// Wider columns in the middle are names, too, and can be cut to [`MIN_NAME`]; others say something short.
const WIDEST_PHRASE: usize = 20;
const MIN_NAME: usize = 16;

/// Lays out rows of columns as lines of at most `most` columns of a terminal. The last column, an id, stays whole where that
/// can be: the first is cut before it, then names in the middle are, then columns in the middle are left out.
pub fn choices(rows: &[Vec<String>], most: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| escape(cell).into_owned()).collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |index: usize| rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.width()).max();
    let widths = layout((0..count).map(|index| width(index).unwrap_or(0)).collect(), most);
    let mut seen = HashMap::new();
    rows.iter().map(|row| unlike(fitting(row, &widths, most), most, &mut seen)).collect()
}

/// Gives each column its width; none to one that is left out.
fn layout(natural: Vec<usize>, most: usize) -> Vec<Option<usize>> {
    let (count, first) = (natural.len(), natural.first().copied().unwrap_or(0));
    let least = first.min(MIN_FIRST);
    let mut widths: Vec<Option<usize>> = natural.into_iter().map(Some).collect();
    let middle = 1..count.saturating_sub(1).max(1);
    loop {
        let others = widths.iter().skip(1).flatten().map(|width| width + 2).sum::<usize>();
        let excess = (least + others).saturating_sub(most);
        let name =
            middle.clone().max_by_key(|index| widths[*index]).filter(|index| widths[*index] > Some(WIDEST_PHRASE));
        let last = middle.clone().rev().find(|index| widths[*index].is_some());
        match (excess, name, last) {
            (1.., Some(name), _) => {
                widths[name] = widths[name].map(|width| width.saturating_sub(excess).max(MIN_NAME));
            }
            (1.., None, Some(last)) => widths[last] = None,
            _ => {
                if let Some(width) = widths.first_mut() {
                    *width = Some(first.min(most.saturating_sub(others).max(least)));
                }
                return widths;
            }
        }
    }
}

/// Makes a line, its first column as short as it must be.
fn fitting(row: &[String], widths: &[Option<usize>], most: usize) -> String {
    let mut first = widths.first().copied().flatten().unwrap_or(0);
    // Once for all: what is tried below is short then.
    let last = widths.len().saturating_sub(1);
    let row: Vec<String> = row
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(index, (cell, width))| match width {
            Some(_) if index == last && last > 0 => cell.clone(),
            Some(width) => shortened(cell, *width),
            None => String::new(),
        })
        .collect();
    loop {
        let line = line(&row, widths, first);
        if line.width() <= most {
            return line;
        }
        if first <= 1 {
            return match row.last() {
                Some(id) if id.width() <= most => id.clone(),
                _ => shortened(&line, most),
            };
        }
        first -= 1;
    }
}

fn line(row: &[String], widths: &[Option<usize>], first: usize) -> String {
    let mut line = String::new();
    for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
        let Some(width) = width else {
            continue;
        };
        let (cell, width) = if index == 0 { (shortened(cell, first), first) } else { (cell.clone(), *width) };
        line.push_str(&cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
    }
    line.trim_end().to_owned()
}

/// Stands for what was cut off.
const MARK: &str = "…";

/// Cuts a line to a width, and keeps its end: the id.
fn cut_front(line: &str, most: usize) -> String {
    if line.width() <= most {
        return line.to_owned();
    }
    let room = most.saturating_sub(MARK.width());
    let mut width = 0;
    let fits = |(_, symbol): &(usize, char)| {
        width += symbol.width().unwrap_or(0);
        width <= room
    };
    let begin = line.char_indices().rev().take_while(fits).last().map_or(line.len(), |(at, _)| at);
    MARK.to_owned() + &line[begin..]
}

/// Cuts a text to a width, in one pass: a name can be as long as an answer.
pub fn shortened(text: &str, most: usize) -> String {
    shortened_by(text, most, MARK)
}

/// Cuts a text to a width, and ends it with `mark`.
pub(super) fn shortened_by(text: &str, most: usize, mark: &str) -> String {
    if text.chars().nth(most * PILE).is_none() && text.width() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(mark.width());
    let mut width = 0;
    let fits = |symbol: &char| {
        width += symbol.width().unwrap_or(0);
        width <= room
    };
    let mut short: String = text.chars().take(most * PILE).take_while(fits).collect();
    // Symbols that join may be wider than each alone.
    while short.width() > room && short.pop().is_some() {}
    short.extend(mark.chars().take(most));
    short
}

/// Distinguishes rows of the same text: what is chosen is found again by its text. `seen` holds the lines that there are,
/// each with the last number that was tried for it.
fn unlike(line: String, most: usize, seen: &mut HashMap<String, usize>) -> String {
    let mut different = line.clone();
    while seen.contains_key(&different) {
        let number = seen.entry(line.clone()).or_insert(1);
        *number += 1;
        let suffix = format!(" ({number})");
        different = cut_front(&line, most.saturating_sub(suffix.len())) + &suffix;
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
        assert!(lines.iter().all(|line| line.width() <= 40), "{lines:?}");
        assert!(lines[0].ends_with("…  dbp_1") && lines[1].ends_with("…  dbp_2"), "{lines:?}");
    }

    #[test]
    fn an_id_stays_whole_where_there_is_room_and_no_line_is_too_long() {
        let (name, machine) = ("Boot disk of the shop", "web-1.shop.example.katapult.cloud");
        let ids = ["disk_5BUcxDFngM8IDUB4", "disk_6CVdyEGohN9JEVC5"];
        let all: Vec<Vec<String>> =
            ids.iter().map(|id| [name, "40 GB", machine, id].map(str::to_owned).to_vec()).collect();
        for most in 10..120 {
            let lines = choices(&all, most);
            assert!(lines.iter().all(|line| line.width() <= most), "{most}: {lines:?}");
            assert_ne!(lines[0], lines[1], "{most}");
            if most >= 21 {
                assert!(lines.iter().zip(ids).all(|(line, id)| line.ends_with(id)), "{most}: {lines:?}");
            }
        }
        assert_eq!(choices(&all, 60)[0], "Boot di…  40 GB  web-1.shop.example.…  disk_5BUcxDFngM8IDUB4");
        assert_eq!(choices(&all, 45)[0], "Boot disk of t…  40 GB  disk_5BUcxDFngM8IDUB4");
        assert_eq!(choices(&all, 31)[0], "Boot di…  disk_5BUcxDFngM8IDUB4");
        assert_eq!(choices(&all, 24)[0], "…  disk_5BUcxDFngM8IDUB4");
        assert_eq!(choices(&all, 20)[0], "…  disk_5BUcxDFngM8…");
        // What still looks the same is numbered, within the same room.
        assert_eq!(choices(&rows(&[&["abcdefghijkl"], &["abcdefghijkl"]]), 12), ["abcdefghijkl", "…fghijkl (2)"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        let names = ["漢字漢字漢字漢字漢字", "\u{1f40b}\u{1f40b} whale", "e\u{301}e\u{301}e\u{301}"];
        let all: Vec<Vec<String>> = names.iter().map(|name| vec![(*name).to_owned(), "dbp_1".to_owned()]).collect();
        let lines = choices(&all, 40);
        assert_eq!(
            lines,
            [
                "漢字漢字漢字漢字漢字  dbp_1",
                "🐋🐋 whale            dbp_1",
                "e\u{301}e\u{301}e\u{301}                   dbp_1"
            ]
        );
        let lines = choices(&all, 16);
        assert_eq!(lines[0], "漢字漢字…  dbp_1");
        assert!(lines.iter().all(|line| line.width() == 16), "{lines:?}");
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
            assert!(lines.iter().all(|line| line.contains("dbp_1")), "{}", lines[0]);
        }
        choices(&rows(&[&["a"][..]; 20_000]), 80);
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "took {:?}", began.elapsed());
    }
}
