//! Makes text that came from an API safe to print: control, invisible and reordering characters become visible escapes;
//! quotes it where it is part of a command to copy, and finds what a misspelt word may have meant.
//!
//! Used wherever such text reaches people. JSON, YAML and CSV escape by their own rules.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character controls the terminal, or hides or reorders the text around it: controls, marks of direction
/// and joining, line and paragraph separators, invisible operators, annotations and tags.
pub fn is_hidden(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The name that is most like a word, whatever the case; none where none is like it. `text` gives what is compared of each.
pub fn most_like<'a, T: ?Sized>(
    word: &str,
    names: impl Iterator<Item = &'a T>,
    text: impl Fn(&T) -> &str,
) -> Option<&'a T> {
    /// Of the Jaro-Winkler likeness, which is from 0 to 1.
    const LEAST: f64 = 0.85;
    let word = word.to_lowercase();
    let likeness = |name: &'a T| (strsim::jaro_winkler(&word, &text(name).to_lowercase()), name);
    let (likeness, name) = names.map(likeness).max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= LEAST).then_some(name)
}

/// A word as it is typed into a POSIX shell: in quotes where it needs them.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(shell_quoted(word))
}

/// A word in quotes for a POSIX shell.
pub fn shell_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Replaces hidden characters and line breaks by visible escapes such as `\x1b` and `\n`.
pub fn escape(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if is_plain || !text.contains(is_hidden) {
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

/// Replaces the symbols that bpctl itself uses by ASCII, for terminals of other character sets. Names are left alone.
pub fn to_ascii(text: &str) -> Cow<'_, str> {
    const SYMBOLS: [(char, &str); 6] = [('→', "->"), ('×', "x"), ('…', "..."), ('–', "-"), ('—', "-"), ('✓', "ok")];
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let replacement = |symbol: char| SYMBOLS.iter().find(|(known, _)| *known == symbol).map(|(_, ascii)| *ascii);
    let mut plain = String::with_capacity(text.len());
    for symbol in text.chars() {
        match replacement(symbol) {
            Some(ascii) => plain.push_str(ascii),
            None => plain.push(symbol),
        }
    }
    Cow::Owned(plain)
}

/// Removes the byte order mark that some editors write before a text.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
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
