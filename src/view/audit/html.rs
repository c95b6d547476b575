//! The page in HTML: no scripts, no external files, and no text of an API that is not escaped.

use std::fmt::Write;

use super::page::{Field, Page, Table};
use crate::view::report::{STYLE, escaped};

pub(super) fn render(page: &Page) -> String {
    let title = escaped(&page.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<dl>\n"
    );
    for (label, value) in &page.facts {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(value));
    }
    out.push_str("</dl>\n</header>\n<main>\n");
    for section in &page.sections {
        let _ = writeln!(out, "<section>\n<h2>{}</h2>", escaped(&section.title));
        for note in &section.notes {
            let _ = writeln!(out, "<p>{}</p>", escaped(note));
        }
        if let Some(table) = &section.table {
            write_table(table, &mut out);
        }
        out.push_str("</section>\n");
    }
    let _ = write!(out, "</main>\n<footer><p>{}</p></footer>\n</body>\n</html>\n", escaped(&page.footer));
    out
}

fn write_table(table: &Table, out: &mut String) {
    out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for heading in &table.headings {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(heading));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for field in row {
            let _ = write!(out, "<td>{}</td>", cell(field));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn cell(field: &Field) -> String {
    match field {
        Field::Text(text) => escaped(text),
        Field::Verdict(word) => format!("<span class=\"verdict {word}\">{word}</span>"),
        Field::Ids(ids) if ids.is_empty() => "-".to_owned(),
        Field::Ids(ids) => format!("<span class=\"ids\">{}</span>", escaped(&ids.join(", "))),
    }
}
