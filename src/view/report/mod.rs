//! The coverage as one HTML page for people: no external files, and no text of an API that is not escaped.

mod chart;
mod html;

use std::fmt::Write;

use crate::model::coverage::{Count, Coverage, Row, Totals, Verdict, totals};
use crate::time::rfc3339;
use crate::view::{Column, Resource, TimeFormat};

pub(super) use html::escaped;

pub(super) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What was found in one organization.
#[derive(Clone, Debug)]
pub struct PagePart {
    /// Where several profiles are on the page, the one that it was read with.
    pub profile: Option<String>,
    /// Whose machines these are.
    pub organization: String,
    pub coverage: Coverage,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// What the page says of all organizations.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What was required, in words.
    pub requirements: Option<String>,
    /// Profiles that are not on the page, each with the reason.
    pub missing: Vec<String>,
}

/// The columns in the order of the page: the verdict and its reason come first.
const ORDER: [&str; 10] =
    ["vm", "verdict", "reason", "disks", "interval", "kept", "next_run", "type", "policies", "id"];

fn columns() -> impl Iterator<Item = &'static Column<Row>> {
    ORDER.iter().filter_map(|name| Row::COLUMNS.iter().find(|column| column.name == *name))
}

/// Says the sums in words, for the table's footer and the page.
pub fn totals_lines(totals: &Totals) -> Vec<String> {
    let mut lines = vec![count_words("VM", &totals.machines)];
    if totals.loose_disks.all() > 0 {
        lines.push(count_words("unassigned disk", &totals.loose_disks));
    }
    lines.push(format!("{} of {} disks covered", totals.covered, totals.disks));
    lines
}

fn count_words(noun: &str, count: &Count) -> String {
    let plural = if count.all() == 1 { "" } else { "s" };
    let parts = count.parts().map(|(verdict, number)| format!("{number} {}", verdict.word()));
    format!("{} {noun}{plural}: {}", count.all(), parts.join(", "))
}

pub fn page(parts: &[PagePart], facts: &Facts, times: &TimeFormat) -> String {
    let organizations: Vec<String> = parts.iter().map(|part| escaped(&part.organization)).collect();
    let organizations = organizations.join(", ");
    let generated = escaped(&rfc3339(times.now, &times.zone));
    let requirements = facts.requirements.as_deref().unwrap_or("any policy counts");
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Backup coverage of {organizations}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <h1>Backup coverage</h1>\n<dl>\n{}<dt>Generated</dt><dd><time datetime=\"{generated}\">{generated}</time></dd>\n\
         <dt>Required</dt><dd>{}</dd>\n</dl>\n</header>\n<main>\n",
        sources(parts),
        escaped(requirements)
    );
    page.push_str(&notes(parts, &facts.missing));
    let rows: Vec<(Option<&str>, &Row)> =
        parts.iter().flat_map(|part| part.coverage.rows.iter().map(|row| (part.profile.as_deref(), row))).collect();
    page.push_str(&chart::chart(&totals(rows.iter().map(|(_, row)| *row))));
    page.push_str(CONTROLS);
    page.push_str(&table(&rows, times));
    let _ = write!(page, "</main>\n<footer><p>{VERDICTS}</p><p>bpctl {}</p></footer>\n", env!("CARGO_PKG_VERSION"));
    let _ = write!(page, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

/// Whose machines are on the page; of several organizations with the totals of each.
fn sources(parts: &[PagePart]) -> String {
    let source = |part: &PagePart| {
        let organization = escaped(&part.organization);
        match &part.profile {
            None => format!("<dt>Organization</dt><dd>{organization}</dd>\n"),
            Some(profile) => {
                let totals = totals_lines(&part.coverage.totals).join("; ");
                format!("<dt>{}</dt><dd>{organization}: {totals}</dd>\n", escaped(profile))
            }
        }
    };
    parts.iter().map(source).collect()
}

const VERDICTS: &str = "none: no disk is covered. partial: some disks are. weak: all disks are, but one of them by no \
                        single policy that meets what is required. ok: all disks are covered as required. Times are \
                        as of generation; what is kept is retention × interval.";

const CONTROLS: &str = "<form id=\"controls\" role=\"search\" hidden>\n<label>Filter <input id=\"filter\" type=\"search\" \
                        autocomplete=\"off\" title=\"Ids are searched for what holds a _\"></label>\n<label>Verdict <select id=\"verdict\"><option value=\"\">all</option>\
                        <option>none</option><option>partial</option><option>weak</option><option>ok</option></select>\
                        </label>\n<output id=\"shown\" aria-live=\"polite\"></output>\n</form>\n";

fn notes(parts: &[PagePart], missing: &[String]) -> String {
    let of = |part: &PagePart| part.profile.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let own = parts.iter().flat_map(|part| part.notes.iter().map(move |note| format!("{}{note}", of(part))));
    let items: String =
        missing.iter().cloned().chain(own).map(|note| format!("<li>{}</li>\n", escaped(&note))).collect();
    if items.is_empty() { items } else { format!("<ul class=\"notes\">\n{items}</ul>\n") }
}

fn table(rows: &[(Option<&str>, &Row)], times: &TimeFormat) -> String {
    let mut html = String::from(
        "<div class=\"wide\"><table id=\"rows\">\n<caption>VMs, and disks that are assigned to none</caption>\n<thead><tr>",
    );
    let mut head = |name: &str| {
        let title = name.replace('_', " ");
        let _ = write!(html, "<th scope=\"col\" data-column=\"{name}\" aria-sort=\"none\">{title}</th>");
    };
    columns().for_each(|column| head(column.name));
    if rows.iter().any(|(profile, _)| profile.is_some()) {
        head("profile");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (profile, row) in rows {
        html.push_str(&table_row(*profile, row, times));
    }
    html.push_str("</tbody>\n</table></div>\n");
    html
}

fn table_row(profile: Option<&str>, row: &Row, times: &TimeFormat) -> String {
    let mut html = format!("<tr data-verdict=\"{}\">", row.verdict.word());
    for (number, column) in columns().enumerate() {
        let cell = (column.cell)(row, times);
        let (open, close) = if number == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
        let _ = write!(
            html,
            "<{open} data-key=\"{}\">{}</{close}>",
            escaped(&cell.key().written()),
            inner(column, row, &cell.display(times))
        );
    }
    if let Some(profile) = profile.map(escaped) {
        let _ = write!(html, "<td data-key=\"t:{profile}\">{profile}</td>");
    }
    html.push_str("</tr>\n");
    html
}

fn inner(column: &Column<Row>, row: &Row, text: &str) -> String {
    let text = escaped(text);
    match column.name {
        "policies" | "id" => format!("<span class=\"ids\">{text}</span>"),
        "verdict" => format!("<span class=\"verdict {}\">{} {text}</span>", row.verdict.word(), sign(row.verdict)),
        _ => text,
    }
}

/// A sign beside the word, so that verdicts differ by more than colour.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "✕",
        Verdict::Partial => "◐",
        Verdict::Weak => "△",
        Verdict::Ok => "✓",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_on_the_page() {
        assert_eq!(columns().count(), Row::COLUMNS.len());
    }
}
