//! The texts of a list's rows in one buffer: each is kept once, without an allocation of its own.

/// Rows of texts, all with the same number of columns.
#[derive(Default)]
pub(super) struct Grid {
    text: String,
    /// Where each text ends.
    ends: Vec<usize>,
    columns: usize,
}

impl Grid {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Adds the next text of the current row.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.ends.push(self.text.len());
    }

    pub(super) fn rows(&self) -> usize {
        self.ends.len().checked_div(self.columns).unwrap_or(0)
    }

    pub(super) fn get(&self, row: usize, column: usize) -> &str {
        let index = row * self.columns + column;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }

    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.columns).map(move |column| self.get(row, column))
    }
}
