//! Text in the language of `man`.

pub(super) fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Makes a text safe: nothing in it is a request or an escape.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    let text = text.replace('…', "\\&...");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

/// Adds a section of terms and what they mean.
pub(super) fn list(text: &mut String, title: &str, rows: &[(&str, &str)]) {
    line(text, &format!(".SH \"{title}\""));
    terms(text, rows.iter().copied());
}

/// Adds terms and what they mean.
pub(super) fn terms<'a>(text: &mut String, rows: impl IntoIterator<Item = (&'a str, &'a str)>) {
    for (term, meaning) in rows {
        line(text, ".TP");
        line(text, &format!("\\fB{}\\fR", plain(term)));
        line(text, &plain(meaning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_holds_no_request() {
        assert_eq!(plain(".so /etc/passwd"), "\\&.so /etc/passwd");
        assert_eq!(plain("'at' \\n -v `x`"), "\\(aqat\\(aq \\en \\-v \\(gax\\(ga");
    }
}
