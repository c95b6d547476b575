//! Breaks a message between words where the terminal ends.

use std::borrow::Cow;

use dialoguer::console::{Term, measure_text_width};

/// Terminals are not taken for narrower than this many columns.
pub(super) const MIN_WIDTH: usize = 20;

/// The columns of a terminal, where they are known.
pub(super) fn width_of(terminal: &Term) -> Option<usize> {
    terminal.size_checked().map(|(_, columns)| usize::from(columns).max(MIN_WIDTH))
}

/// Breaks a line so that it fits into so many columns; what follows is indented as the line is. A word stays whole, an id
/// or a URL, and so does what stands in backticks: a command is copied as one piece. Where one of these is wider than the
/// terminal, the terminal breaks it.
pub(super) fn wrapped(line: &str, room: usize) -> Cow<'_, str> {
    if measure_text_width(line) <= room {
        return line.into();
    }
    let indent = (line.len() - line.trim_start_matches(' ').len()).min(room / 2);
    let mut text = String::with_capacity(line.len() + 8);
    let mut width = 0;
    for (gap, word) in words(line) {
        let word_width = measure_text_width(word);
        let does_fit = width + gap + word_width <= room || width <= indent;
        if !does_fit {
            text.push('\n');
            width = 0;
        }
        let gap = if does_fit { gap } else { indent };
        text.extend(std::iter::repeat_n(' ', gap));
        text.push_str(word);
        width += gap + word_width;
    }
    text.into()
}

/// Splits a line into words, each with the number of spaces before it. Backticks hold words together.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut backticks = line.matches('`').count();
    let (mut is_quoted, mut gap, mut begin) = (false, 0, None);
    for (at, symbol) in line.char_indices() {
        if symbol == '`' {
            backticks -= 1;
            // One that is never closed holds nothing together.
            is_quoted = !is_quoted && backticks > 0;
        }
        if symbol == ' ' && !is_quoted {
            if let Some(begin) = begin.take() {
                words.push((gap, &line[begin..at]));
                gap = 0;
            }
            gap += 1;
        } else {
            begin.get_or_insert(at);
        }
    }
    words.extend(begin.map(|begin| (gap, &line[begin..])));
    words
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_line_breaks_between_words() {
        assert_eq!(wrapped("error: no such VM", 17), "error: no such VM");
        assert_eq!(wrapped("error: no such VM", 16), "error: no such\nVM");
        assert_eq!(wrapped("  retention  7 to 9", 16), "  retention  7\n  to 9");
        assert_eq!(wrapped("\u{1b}[31merror:\u{1b}[0m no such VM", 17), "\u{1b}[31merror:\u{1b}[0m no such VM");
        assert_eq!(wrapped("漢字 漢字 漢字", 9), "漢字 漢字\n漢字");
    }

    #[test]
    fn commands_and_long_words_stay_whole() {
        assert_eq!(
            wrapped("hint: `bpctl policies list` shows the policies", 30),
            "hint: `bpctl policies list`\nshows the policies"
        );
        assert_eq!(wrapped("hint: see `bpctl vm list -q`, or", 22), "hint: see\n`bpctl vm list -q`, or");
        assert_eq!(wrapped("at https://example.com/long/path now", 12), "at\nhttps://example.com/long/path\nnow");
        assert_eq!(wrapped("it`s not quoted at all", 12), "it`s not\nquoted at\nall");
    }
}
