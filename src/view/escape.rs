//! Text from an API, made safe for a terminal and for one line.

use std::borrow::Cow;
use std::fmt::Write;

/// Replaces control characters, line breaks and invisible direction marks by visible escapes.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for symbol in text.chars() {
        match symbol {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if is_hostile(symbol) => {
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

/// Control characters, and those that reorder or hide what stands around them.
fn is_hostile(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_become_visible() {
        assert_eq!(escape("a\x1b[31mb\u{9b}c\u{202e}d\r\n\t"), "a\\x1b[31mb\\x9bc\\u{202e}d\\r\\n\\t");
        assert_eq!(escape("a\nb"), "a\\nb");
        assert!(matches!(escape("plain ü 漢"), Cow::Borrowed(_)));
    }
}
