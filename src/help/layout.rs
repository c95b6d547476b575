//! The parts of a text, laid out for a terminal of 80 columns.

use super::text::{heading, wrap};

/// Columns of a terminal that is not made larger.
const WIDTH: usize = 80;
/// The longest term that its meaning stands beside.
const BESIDE: usize = 22;

/// A part of a text.
pub(super) enum Block {
    Heading(&'static str),
    Text(String),
    /// Terms and what they mean.
    Terms(Vec<(String, String)>),
}

impl Block {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn terms<M: Into<String>>(rows: impl IntoIterator<Item = (String, M)>) -> Self {
        Self::Terms(rows.into_iter().map(|(term, meaning)| (term, meaning.into())).collect())
    }
}

/// Lays out a text for a terminal.
pub(super) fn text(blocks: &[Block]) -> String {
    let parts: Vec<String> = blocks
        .iter()
        .map(|block| match block {
            Block::Heading(title) => heading(&format!("{title}:")),
            Block::Text(text) => wrap(text, WIDTH, 0),
            Block::Terms(rows) => terms(rows),
        })
        .collect();
    let mut text = String::new();
    for (block, part) in blocks.iter().zip(parts) {
        text += &part;
        text += if matches!(block, Block::Heading(_)) { "\n" } else { "\n\n" };
    }
    text
}

fn terms(rows: &[(String, String)]) -> String {
    let longest = rows.iter().map(|(term, _)| term.chars().count()).filter(|width| *width <= BESIDE).max();
    let longest = longest.unwrap_or_default();
    let lines = rows.iter().map(|(term, meaning)| {
        let indent = longest + 4;
        if term.chars().count() <= longest {
            wrap_beside(&format!("  {term:longest$}  "), meaning, indent)
        } else {
            format!("  {term}\n{}", wrap_beside(&" ".repeat(indent), meaning, indent))
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn wrap_beside(begin: &str, text: &str, indent: usize) -> String {
    let wrapped = wrap(text, WIDTH - indent, 0).replace('\n', &format!("\n{}", " ".repeat(indent)));
    format!("{begin}{wrapped}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings_stand_beside_terms_that_are_short() {
        let rows = [("a", "one"), ("bcd", "two"), ("a-term-that-is-very-long-indeed", "three")];
        let rows = rows.map(|(term, meaning)| (term.to_owned(), meaning));
        let expected = "  a    one\n  bcd  two\n  a-term-that-is-very-long-indeed\n       three\n\n";
        assert_eq!(text(&[Block::terms(rows)]), expected);
    }
}
