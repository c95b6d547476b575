//! Text from an API, made safe for a terminal and for one line.

use std::borrow::Cow;
use std::fmt::Write;

use crate::model::is_hidden;

/// Replaces control characters, line breaks and what hides or reorders by visible escapes.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for symbol in text.chars() {
        match symbol {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if is_hidden(symbol) => {
                let _ = match u32::from(symbol) {
                    code @ 0..=0xff => write!(safe, "\\x{code:02x}"),
                    code => write!(safe, "\\u{{{code:x}}}"),
                };
            }
            _ => safe.push(symbol),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_become_visible() {
        assert_eq!(escape("a\x1b[31mb\u{9b}c\u{202e}d\r\n\t"), "a\\x1b[31mb\\x9bc\\u{202e}d\\r\\n\\t");
        assert_eq!(escape("a\nb"), "a\\nb");
        let hidden = "\u{61c}\u{ad}\u{180e}\u{fff9}\u{fffb}\u{2060}\u{206a}\u{e0001}\u{e007f}";
        assert_eq!(escape(hidden), "\\u{61c}\\xad\\u{180e}\\u{fff9}\\u{fffb}\\u{2060}\\u{206a}\\u{e0001}\\u{e007f}");
        assert!(matches!(escape("plain ü 漢"), Cow::Borrowed(_)));
    }
}
