//! What a terminal's screen shows after what was written to it: text and its style, cursor movement and erasing, as
//! prompts use them. Lines that scroll off the top are kept.

use unicode_width::UnicodeWidthChar;

/// The size that programs see, unless a test says otherwise.
pub const ROWS: usize = 40;
pub const COLUMNS: usize = 120;

/// How a character looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub is_bold: bool,
    /// The number of the control sequence that chose the colour, 30 to 37.
    pub color: Option<u8>,
}

/// A character and its style. The second column of a wide character is `\0`.
pub type Symbol = (char, Style);

/// The screen, every line that it ever had.
pub struct Screen {
    lines: Vec<Vec<Symbol>>,
    style: Style,
    row: usize,
    column: usize,
    columns: usize,
    /// The beginning of a control sequence or character whose end has not come yet.
    pending: Vec<u8>,
    pub has_cursor: bool,
}

impl Screen {
    /// A screen of so many columns.
    pub fn new(columns: usize) -> Self {
        Self {
            lines: vec![Vec::new()],
            style: Style::default(),
            row: 0,
            column: 0,
            columns,
            pending: Vec::new(),
            has_cursor: true,
        }
    }

    /// The text, without blanks at the ends of lines and of the whole.
    pub fn text(&self) -> String {
        let text =
            |line: &Vec<Symbol>| line.iter().map(|(symbol, _)| *symbol).filter(|symbol| *symbol != '\0').collect();
        let lines: Vec<String> = self.lines.iter().map(text).map(|line: String| line.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// The lines, a symbol a column.
    pub fn lines(&self) -> &[Vec<Symbol>] {
        &self.lines
    }

    /// Takes what a program wrote.
    pub fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let mut pending = std::mem::take(&mut self.pending);
            pending.push(*byte);
            if !self.understand(&pending) {
                self.pending = pending;
            }
        }
    }

    /// Acts on a character or sequence; `false` when it is not complete.
    fn understand(&mut self, bytes: &[u8]) -> bool {
        match bytes {
            [0x1b] | [0x1b, b'['] => return false,
            [0x1b, b'[', .., last] if !(0x40..=0x7e).contains(last) => return false,
            [0x1b, b'[', middle @ .., last] => {
                let (middle, last) = (String::from_utf8_lossy(middle).into_owned(), *last);
                self.control(&middle, last);
            }
            [0x1b, ..] | [0x07] => {}
            [b'\n'] => self.down(1),
            [b'\r'] => self.column = 0,
            [0x08] => self.column = self.column.saturating_sub(1),
            bytes => match std::str::from_utf8(bytes) {
                Ok(text) => text.chars().for_each(|symbol| self.put(symbol)),
                Err(error) if error.error_len().is_none() => return false,
                Err(_) => self.put('\u{fffd}'),
            },
        }
        true
    }

    fn control(&mut self, middle: &str, last: u8) {
        let number = middle.parse::<usize>().ok();
        let count = number.unwrap_or(1).max(1);
        let line = self.row;
        match (last, middle) {
            (b'A', _) => self.row = self.row.saturating_sub(count).max(self.top()),
            (b'B', _) => self.down(count),
            (b'C', _) => self.column = (self.column + count).min(self.columns - 1),
            (b'D', _) => self.column = self.column.saturating_sub(count),
            (b'G', _) => self.column = count - 1,
            (b'H', _) => (self.row, self.column) = (self.top(), 0),
            (b'K', "2") => self.lines[line].clear(),
            (b'K', "" | "0") => self.lines[line].truncate(self.column),
            (b'J', "" | "0") => {
                self.lines[line].truncate(self.column);
                self.lines.truncate(line + 1);
            }
            (b'J', _) => {
                let top = self.top();
                self.lines.iter_mut().skip(top).for_each(Vec::clear);
            }
            (b'm', _) => self.restyle(middle),
            (b'h', "?25") => self.has_cursor = true,
            (b'l', "?25") => self.has_cursor = false,
            _ => {}
        }
    }

    fn restyle(&mut self, numbers: &str) {
        for number in numbers.split(';') {
            match number.parse::<u8>() {
                Ok(1) => self.style.is_bold = true,
                Ok(color @ 30..=37) => self.style.color = Some(color),
                _ => self.style = Style::default(),
            }
        }
    }

    /// The first line that has not scrolled off.
    fn top(&self) -> usize {
        self.lines.len().saturating_sub(ROWS)
    }

    fn down(&mut self, count: usize) {
        self.row += count;
        while self.lines.len() <= self.row {
            self.lines.push(Vec::new());
        }
    }

    fn put(&mut self, symbol: char) {
        if symbol.is_control() {
            return;
        }
        let width = symbol.width().unwrap_or(0);
        // A combining character belongs to the one before, which has the column.
        if width == 0 {
            return;
        }
        if self.column + width > self.columns {
            self.column = 0;
            self.down(1);
        }
        let line = &mut self.lines[self.row];
        if line.len() < self.column + width {
            line.resize(self.column + width, (' ', Style::default()));
        }
        line[self.column] = (symbol, self.style);
        if width == 2 {
            line[self.column + 1] = ('\0', self.style);
        }
        self.column += width;
    }
}
