//! Questions: yes or no, one of a list, a line of text. Nothing else reads keys.
//!
//! A question that is left (Ctrl-C, Escape) is an error of its own, and the terminal is as before: the cursor is
//! shown and stands on a line of its own, and a list is taken away. [`Context::ask`](crate::context::Context::ask)
//! gives back the time that the user thinks.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::time::Instant;

use dialoguer::console::{Key, Term, measure_text_width};
use dialoguer::theme::{SimpleTheme, Theme};
use fuzzy_matcher::skim::SkimMatcherV2;
use unicode_width::UnicodeWidthChar;

use super::Ui;
use super::wrap::{MIN_WIDTH, width_of, wrapped};
use crate::error::{Error, Result};
use crate::text::escape;
use crate::view::{choices, shortened};

/// Ctrl-D.
pub(super) const END_OF_INPUT: char = '\u{4}';
/// Ctrl-U.
pub(super) const CLEAR_LINE: char = '\u{15}';
/// What an answer has of a prompt's line at the least, in columns.
const MIN_ANSWER: usize = 8;
/// What a search text has of a line at the least, in columns.
const MIN_SEARCH: usize = 8;
/// Rows of a list that are shown at once.
const ROWS_SHOWN: usize = 12;

impl Ui {
    /// Asks a yes-or-no question after printing what it is about. The answer is a line; an empty one means no.
    ///
    /// Keys pressed before the question appeared are discarded: they were meant for something else.
    pub fn confirm(&self, question: &str) -> Result<bool> {
        self.print_unsaid();
        let prompt = format!("{} [y/N] ", escape(question));
        loop {
            self.has_asked.set(false);
            let line = self.read_answer(&prompt)?;
            match line.trim_end().to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "" | "n" | "no" => return Ok(false),
                "q" | "quit" => return Err(interrupted()),
                _ => self.line("y or n?"),
            }
        }
    }

    /// Asks for a name to be typed, to the letter; an empty line means no.
    ///
    /// Keys pressed before the question appeared are discarded.
    ///
    /// # Errors
    /// Ctrl-C, Ctrl-D or Escape at the question.
    pub fn confirm_by_name(&self, question: &str, name: &str) -> Result<bool> {
        self.print_unsaid();
        self.line(&escape(question));
        let prompt = format!("Type `{}` to confirm: ", escape(name));
        loop {
            self.has_asked.set(false);
            let line = self.read_answer(&prompt)?;
            match line.trim() {
                "" => return Ok(false),
                typed if typed == escape(name).trim() => return Ok(true),
                _ => self.line("the name does not match; an empty line cancels"),
            }
        }
    }

    /// Lets the user choose a row by searching; each row is a list of columns. Gives its index.
    pub fn select(&self, question: &str, rows: &[Vec<String>], default: usize) -> Result<usize> {
        if self.options.is_dumb {
            return self.select_by_number(question, rows, default);
        }
        let (height, width) = Term::stderr().size();
        let prompt = format!("{} (type to search):", escape(question));
        // A column less than the terminal has: a line that wraps could not be taken away again.
        let room = usize::from(width).max(MIN_WIDTH) - 1;
        // Two are for the pointer.
        let mut lines = choices(rows, room - 2);
        lines.iter_mut().for_each(|line| *line = self.readable(line).into_owned());
        let keys: Vec<String> = rows.iter().enumerate().map(|(number, row)| key(number, row, room - 2)).collect();
        let theme = Counted { lines: Cell::new(0), room, rows: &lines };
        let shown = ROWS_SHOWN.min(usize::from(height).saturating_sub(3)).max(1);
        let choose = || {
            dialoguer::FuzzySelect::with_theme(&theme)
                .with_prompt(prompt)
                .items(&keys)
                .default(default)
                .max_length(shown)
                .report(false)
                .interact_opt()
        };
        let chosen =
            self.ask_and_tidy(choose, |term| term.clear_last_lines(theme.lines.get()))?.ok_or_else(interrupted)?;
        self.line(&format!("{}: {}", escape(question), lines[chosen]));
        Ok(chosen)
    }

    /// The same on a terminal that cannot move its cursor: the rows are printed with numbers.
    fn select_by_number(&self, question: &str, rows: &[Vec<String>], default: usize) -> Result<usize> {
        // Numbers and the blanks after them take six columns.
        let room = width_of(&Term::stderr()).map_or(usize::MAX, |width| width - 6);
        for (number, line) in choices(rows, room).iter().enumerate() {
            self.line(&format!("{:>4}  {line}", number + 1));
        }
        self.input(&format!("{question} (number)"), &(default + 1).to_string(), |text| {
            let number = text.parse::<usize>().ok().filter(|number| (1..=rows.len()).contains(number));
            number.map(|number| number - 1).ok_or_else(|| format!("expected a number from 1 to {}", rows.len()))
        })
    }

    /// Asks for a line of text until `read` takes it; an empty line is the default.
    pub fn input<T>(
        &self,
        question: &str,
        default: &str,
        read: impl Fn(&str) -> std::result::Result<T, String>,
    ) -> Result<T> {
        let prompt = match default {
            "" => format!("{}: ", escape(question)),
            default => format!("{} [{}]: ", escape(question), escape(default)),
        };
        loop {
            let line = self.read_answer(&prompt)?;
            let text = if line.trim().is_empty() { default } else { line.trim() };
            match read(text) {
                Ok(answer) => return Ok(answer),
                Err(sentence) => self.line(&format!("{} {}", self.painted("error:", "31;1"), escape(&sentence))),
            }
        }
    }

    /// Reads a line of text. Of a prompt that is too long for one line with its answer, all but the end is printed above.
    fn read_answer(&self, prompt: &str) -> Result<String> {
        let prompt = self.readable(prompt);
        let broken = match width_of(&Term::stderr()) {
            Some(width) => wrapped(prompt.trim_end(), width.saturating_sub(MIN_ANSWER + 2)),
            None => prompt.trim_end().into(),
        };
        let (above, last) =
            broken.rsplit_once('\n').map_or((None, broken.as_ref()), |(above, last)| (Some(above), last));
        above.into_iter().for_each(|text| self.laid_out(text));
        let prompt = format!("{last} ");
        self.ask(|| Ok(read_line(&Term::stderr(), &prompt, self.options.is_dumb)?))?.ok_or_else(interrupted)
    }

    /// Runs a prompt that stands on one line, and takes the time that the user thinks out of the command's.
    pub fn ask<T>(&self, prompt: impl FnOnce() -> dialoguer::Result<T>) -> Result<T> {
        self.ask_and_tidy(prompt, |term| term.write_line(""))
    }

    /// Runs a prompt; `tidy` takes away what it leaves behind when it is interrupted.
    fn ask_and_tidy<T>(
        &self,
        prompt: impl FnOnce() -> dialoguer::Result<T>,
        tidy: impl FnOnce(&Term) -> io::Result<()>,
    ) -> Result<T> {
        self.flush()?;
        self.progress.clear();
        let began = Instant::now();
        let between_keys = BetweenKeys::hold();
        // The first question, too: Enter typed ahead at a list would choose its first row.
        if !self.has_asked.replace(true) {
            discard_typed_ahead();
        }
        let answer = prompt();
        drop(between_keys);
        self.thinking.set(self.thinking.get() + began.elapsed());
        answer.map_err(|dialoguer::Error::IO(error)| {
            let term = Term::stderr();
            // A prompt that is interrupted leaves the cursor hidden. When this fails, nothing is left to report it to.
            let _ = tidy(&term);
            let _ = term.show_cursor();
            match error.kind() {
                io::ErrorKind::Interrupted => interrupted(),
                _ => Error::io("the terminal", &error),
            }
        })
    }
}

/// Prompts set the terminal up for each key, and back after it. What comes in between would be shown, Ctrl-C be a
/// signal that no prompt hears, and Ctrl-U or Backspace taken by the terminal itself, which waits for a whole line: all
/// that is off until this is dropped.
pub(super) struct BetweenKeys {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl BetweenKeys {
    #[cfg(not(unix))]
    pub(super) fn hold() -> Self {
        Self {}
    }

    #[cfg(unix)]
    pub(super) fn hold() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
        let before = tcgetattr(rustix::stdio::stdin()).ok();
        if let Some(mut settings) = before.clone() {
            settings.local_modes.remove(LocalModes::ISIG | LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN);
            settings.special_codes[SpecialCodeIndex::VMIN] = 1;
            settings.special_codes[SpecialCodeIndex::VTIME] = 0;
            // A terminal that refuses is as good as before.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &settings);
        }
        Self { before }
    }
}

impl Drop for BetweenKeys {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use rustix::termios::{OptionalActions, tcsetattr};
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Discards keys that were pressed but not read yet.
fn discard_typed_ahead() {
    #[cfg(unix)]
    {
        use rustix::termios::{QueueSelector, tcflush};
        let _ = tcflush(rustix::stdio::stdin(), QueueSelector::IFlush);
    }
}

/// The error for a question that was left without an answer.
pub(super) fn interrupted() -> Error {
    Error::interrupted("interrupted; nothing was changed")
}

/// Reads a line key by key; none when Escape is pressed. `dialoguer`'s own input has no way out but Ctrl-C.
fn read_line(term: &Term, prompt: &str, is_dumb: bool) -> io::Result<Option<String>> {
    let mut text = String::new();
    if is_dumb {
        term.write_str(prompt)?;
    }
    loop {
        if !is_dumb {
            show_line(term, prompt, &text)?;
        }
        let before = text.len();
        match term.read_key()? {
            Key::Enter => {
                term.write_line("")?;
                return Ok(Some(text));
            }
            Key::Escape | Key::Char(END_OF_INPUT) => {
                term.write_line("")?;
                return Ok(None);
            }
            Key::Backspace => drop(text.pop()),
            Key::Char(CLEAR_LINE) => text.clear(),
            Key::Char(symbol) if escape(symbol.encode_utf8(&mut [0; 4])).len() == symbol.len_utf8() => {
                text.push(symbol);
            }
            _ => {}
        }
        if is_dumb {
            echo(term, before, &text)?;
        }
    }
}

/// Draws the line anew. The end of what was typed stays in sight; a prompt that wraps could not be written over.
fn show_line(term: &Term, prompt: &str, text: &str) -> io::Result<()> {
    let room = usize::from(term.size().1).saturating_sub(measure_text_width(prompt) + 1).max(MIN_ANSWER);
    let mut shown = text;
    while measure_text_width(shown) > room {
        shown = shown.split_at(shown.chars().next().map_or(0, char::len_utf8)).1;
    }
    term.clear_line()?;
    term.write_str(&format!("{prompt}{shown}"))
}

/// Shows what the last key changed where the cursor can only go on: a key that deletes is shown as the text that is left.
fn echo(term: &Term, before: usize, text: &str) -> io::Result<()> {
    match text.get(before..) {
        Some(added) => term.write_str(added),
        None => term.write_str(&format!("\n{text}")),
    }
}

/// The plain look within the terminal's width, with a count of the lines that a list takes.
struct Counted<'a> {
    lines: Cell<usize>,
    /// The columns of a line.
    room: usize,
    /// What is shown for each [`key`].
    rows: &'a [String],
}

/// Symbols for private use begin here; what a key ends with cannot be typed.
const PRIVATE: u32 = 0xe000;
/// How many of them are used.
const PRIVATE_COUNT: usize = 0x1000;

/// What a row is found by, and its number in two symbols. It has at most `most` bytes: the prompt counts bytes as columns
/// when it takes lines away, and would take too many.
fn key(number: usize, row: &[String], most: usize) -> String {
    let cells: Vec<_> = row.iter().map(|cell| escape(cell)).collect();
    let (id, others) = cells.split_last().map_or(("", &[][..]), |(id, others)| (id.as_ref(), others));
    let room = most.saturating_sub(6);
    let id = begin(id, room);
    let names = others.join(" ");
    let names = begin(&names, (room - id.len()).saturating_sub(1));
    let symbol = |digit: usize| char::from_u32(PRIVATE + u32::try_from(digit).unwrap_or(0)).unwrap_or_default();
    let digits = [number / PRIVATE_COUNT % PRIVATE_COUNT, number % PRIVATE_COUNT];
    let gap = if names.is_empty() { "" } else { " " };
    [names, gap, id].into_iter().flat_map(str::chars).chain(digits.map(symbol)).collect()
}

/// The beginning of a text, of so many bytes at the most.
fn begin(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Returns the number of a [`key`].
fn number_of(key: &str) -> usize {
    let digits = key.chars().rev().take(2).map(|symbol| u32::from(symbol).saturating_sub(PRIVATE) as usize);
    digits.enumerate().map(|(place, digit)| if place == 0 { digit } else { digit * PRIVATE_COUNT }).sum()
}

/// Gives the part of a search text around its cursor (a byte in it) that fits into so many columns.
fn in_sight(text: &str, cursor: usize, room: usize) -> (&str, &str) {
    let (head, tail) = text.split_at(cursor);
    let mut left = room;
    let mut fits = |symbol: char| {
        let width = symbol.width().unwrap_or(0);
        let fits = width <= left;
        left = if fits { left - width } else { 0 };
        fits
    };
    let begin =
        head.char_indices().rev().take_while(|(_, symbol)| fits(*symbol)).last().map_or(head.len(), |(at, _)| at);
    let end = tail.char_indices().find(|(_, symbol)| !fits(*symbol)).map_or(tail.len(), |(at, _)| at);
    (&head[begin..], &tail[..end])
}

impl Theme for Counted<'_> {
    fn format_fuzzy_select_prompt(
        &self,
        f: &mut dyn fmt::Write,
        prompt: &str,
        search_term: &str,
        cursor: usize,
    ) -> fmt::Result {
        self.lines.set(1);
        // A blank and the cursor stand on the line, too.
        let room = self.room.saturating_sub(2);
        let prompt = shortened(prompt, room.saturating_sub(MIN_SEARCH));
        let (head, tail) = in_sight(search_term, cursor, room.saturating_sub(measure_text_width(&prompt)));
        SimpleTheme.format_fuzzy_select_prompt(f, &prompt, &format!("{head}{tail}"), head.len())
    }

    fn format_fuzzy_select_prompt_item(
        &self,
        f: &mut dyn fmt::Write,
        text: &str,
        is_active: bool,
        highlights: bool,
        matcher: &SkimMatcherV2,
        search_term: &str,
    ) -> fmt::Result {
        self.lines.set(self.lines.get() + 1);
        let text = self.rows.get(number_of(text)).map_or(text, String::as_str);
        SimpleTheme.format_fuzzy_select_prompt_item(f, text, is_active, highlights, matcher, search_term)
    }
}

#[cfg(test)]
mod tests {
    use super::{in_sight, key, number_of};

    #[test]
    fn a_key_fits_and_gives_back_its_number() {
        let row = ["漢字漢字漢字", "dbp_1"].map(str::to_owned);
        for number in [0, 1, 4095, 4096, 100_000] {
            let key = key(number, &row, 20);
            assert!(key.len() <= 20 && key.starts_with("漢字 dbp_1"), "{key}");
            assert_eq!(number_of(&key), number);
        }
        assert!(key(0, &row, 80).contains("漢字漢字漢字 dbp_1"));
    }

    #[test]
    fn a_long_search_text_stays_on_its_line() {
        assert_eq!(in_sight("web-1", 5, 20), ("web-1", ""));
        assert_eq!(in_sight("abcdefgh", 8, 3), ("fgh", ""));
        assert_eq!(in_sight("abcdefgh", 4, 3), ("bcd", ""));
        assert_eq!(in_sight("abcdefgh", 1, 3), ("a", "bc"));
        assert_eq!(in_sight("漢字漢字", 12, 5), ("漢字", ""));
        assert_eq!(in_sight("", 0, 3), ("", ""));
    }
}
