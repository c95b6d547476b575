//! Text for HTML: first made visible, then made inert.

use crate::text::escape;

/// Escapes text for an element or a quoted attribute; control and direction characters become visible.
pub(in crate::view) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for symbol in escape(text).chars() {
        match symbol {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_terminal_sequences_are_inert() {
        assert_eq!(
            escaped("<script>\"a\" & 'b'</script>\x1b[31m\u{202e}"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\\x1b[31m\\u{202e}"
        );
    }
}
