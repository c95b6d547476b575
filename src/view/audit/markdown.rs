//! The page in Markdown, as GitHub reads it. Text of an API cannot make markup: what could is escaped.

use std::fmt::Write;

use super::page::{Field, Page, Table};
use crate::text::escape;

/// Characters that can begin markup within a line of text.
const MARKUP: [char; 14] = ['\\', '`', '*', '_', '[', ']', '<', '>', '|', '#', '~', '!', '&', '$'];

pub(super) fn render(page: &Page) -> String {
    let mut out = format!("# {}\n\n", escaped(&page.title));
    for (label, value) in &page.facts {
        let _ = writeln!(out, "- {label}: {}", escaped(value));
    }
    for section in &page.sections {
        let _ = writeln!(out, "\n## {}", escaped(&section.title));
        for note in &section.notes {
            let _ = writeln!(out, "\n{}", escaped(note));
        }
        if let Some(table) = &section.table {
            out.push('\n');
            write_table(table, &mut out);
        }
    }
    let _ = writeln!(out, "\n---\n\n{}", escaped(&page.footer));
    out
}

fn write_table(table: &Table, out: &mut String) {
    let _ = writeln!(out, "| {} |", table.headings.join(" | "));
    let _ = writeln!(out, "|{}", " --- |".repeat(table.headings.len()));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

fn cell(field: &Field) -> String {
    match field {
        Field::Text(text) => escaped(text),
        Field::Verdict(word) => (*word).to_owned(),
        Field::Ids(ids) if ids.is_empty() => "-".to_owned(),
        Field::Ids(ids) => ids.iter().map(|id| code(id)).collect::<Vec<_>>().join(", "),
    }
}

/// An id as it is, where nothing of it can end the code span or the cell.
fn code(id: &str) -> String {
    let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
    if is_plain { format!("`{id}`") } else { escaped(id) }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for symbol in escape(text).chars() {
        match symbol {
            // An entity holds also where backslashes do not.
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            // Otherwise GitHub makes a link of it.
            ':' if safe.ends_with("http") || safe.ends_with("https") => safe.push_str("\\:"),
            symbol if MARKUP.contains(&symbol) => {
                safe.push('\\');
                safe.push(symbol);
            }
            symbol => safe.push(symbol),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_inert_and_a_cell_stays_one() {
        assert_eq!(
            escaped("a|b <img> **x** [l](https://e) `c`\n# h\u{1b}"),
            "a\\|b &lt;img\\> \\*\\*x\\*\\* \\[l\\](https\\://e) \\`c\\`\\\\n\\# h\\\\x1b"
        );
        assert_eq!(code("vm_Hn3c"), "`vm_Hn3c`");
        assert_eq!(code("vm`|x"), "vm\\`\\|x");
    }
}
