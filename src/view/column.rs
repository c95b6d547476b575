//! The columns of a resource. Each resource defines its own in [`super::resource`].

use super::{Cell, Details, TimeFormat};

/// One column of a resource.
pub struct Column<T> {
    /// Its name for `--columns` and `--sort`, and its CSV header; in upper case the table's header.
    pub name: &'static str,
    /// Whether only `wide` and `csv` show it.
    pub is_wide: bool,
    /// Whether it is set flush right.
    pub is_right: bool,
    /// Its value.
    pub cell: fn(&T, &TimeFormat) -> Cell,
}

impl<T> Column<T> {
    /// A column of every table.
    pub const fn new(name: &'static str, cell: fn(&T, &TimeFormat) -> Cell) -> Self {
        Self { name, is_wide: false, is_right: false, cell }
    }

    /// Shows it in `wide` and `csv` only.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self { is_wide: true, ..self }
    }

    /// Sets it flush right.
    #[must_use]
    pub const fn right(self) -> Self {
        Self { is_right: true, ..self }
    }
}

/// A thing that lists and `show` print.
pub trait Resource: Sized + 'static {
    /// Several of them: `policies`.
    const PLURAL: &'static str;
    /// Its columns, in order.
    const COLUMNS: &'static [Column<Self>];

    /// Its id, for `-o id`.
    fn id(&self) -> &str;

    /// Everything of it, laid out to be read.
    fn details(&self, times: &TimeFormat) -> Details;
}
