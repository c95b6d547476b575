//! The columns of a resource. Each resource defines its own in [`super::resource`].

use super::{Cell, Details, TimeFormat};
use crate::text::most_like;

/// What the values of a column are: decides how `--filter` compares them and where they are aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Words in order, worst first: `--sort` and `<` follow it. On a terminal they are coloured.
    Words(&'static [&'static str]),
    Number,
    /// A number, or `unlimited`.
    Allowance,
    Size,
    Length,
    Time,
}

/// What most columns that can be shortened get.
pub(super) const COMFORTABLE: usize = 20;

/// One column of a resource.
pub struct Column<T> {
    /// Its name for `--columns`, `--sort` and `--filter`, and its CSV header; in upper case the table's header.
    pub name: &'static str,
    /// Whether only `wide`, `csv` and `tsv` show it.
    pub is_wide: bool,
    pub kind: Kind,
    /// How soon a terminal that is too narrow goes without it: the highest goes first, 0 stays.
    pub rank: u8,
    /// Whether its text may be shortened; ids are not, since half an id cannot be used.
    pub is_flexible: bool,
    /// The columns of a terminal that its text gets before a column of higher rank has to go for it, where it may be
    /// shortened.
    pub comfortable: usize,
    /// Whether it holds a state, which is coloured on a terminal.
    pub is_state: bool,
    /// Whether it is aligned right.
    pub is_right: bool,
    pub cell: for<'a> fn(&'a T, &TimeFormat) -> Cell<'a>,
}

impl<T> Column<T> {
    /// A column of text that every table shows.
    pub const fn new(name: &'static str, cell: for<'a> fn(&'a T, &TimeFormat) -> Cell<'a>) -> Self {
        Self {
            name,
            is_wide: false,
            kind: Kind::Text,
            rank: 0,
            is_flexible: false,
            comfortable: COMFORTABLE,
            is_state: false,
            is_right: false,
            cell,
        }
    }

    /// Shows it in `wide`, `csv` and `tsv` only.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self { is_wide: true, ..self }
    }

    /// Aligns it right.
    #[must_use]
    pub const fn right(self) -> Self {
        Self { is_right: true, ..self }
    }

    #[must_use]
    pub const fn number(self) -> Self {
        Self { kind: Kind::Number, is_right: true, ..self }
    }

    #[must_use]
    pub const fn allowance(self) -> Self {
        Self { kind: Kind::Allowance, is_right: true, ..self }
    }

    #[must_use]
    pub const fn size(self) -> Self {
        Self { kind: Kind::Size, is_right: true, ..self }
    }

    #[must_use]
    pub const fn length(self) -> Self {
        Self { kind: Kind::Length, ..self }
    }

    #[must_use]
    pub const fn time(self) -> Self {
        Self { kind: Kind::Time, ..self }
    }

    /// Holds one of these words, worst first.
    #[must_use]
    pub const fn words(self, words: &'static [&'static str]) -> Self {
        Self { kind: Kind::Words(words), is_state: true, ..self }
    }

    /// Holds a state.
    #[must_use]
    pub const fn state(self) -> Self {
        Self { is_state: true, ..self }
    }

    /// Lets a narrow terminal shorten it.
    #[must_use]
    pub const fn flexible(self) -> Self {
        Self { is_flexible: true, ..self }
    }

    /// The same, where so much of it is needed to understand it.
    #[must_use]
    pub const fn flexible_from(self, comfortable: usize) -> Self {
        Self { is_flexible: true, comfortable, ..self }
    }

    /// Lets a narrow terminal go without it; columns with a higher rank go first.
    #[must_use]
    pub const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }
}

/// Something that lists and `show` print.
pub trait Resource: Sized + 'static {
    /// Several of them: `policies`.
    const PLURAL: &'static str;
    /// Its columns, in order.
    const COLUMNS: &'static [Column<Self>];

    /// Its id, for `-o id`.
    fn id(&self) -> &str;

    /// What `show` prints, as labels and values: every column that has a value, where a resource does not say otherwise.
    fn details(&self, times: &TimeFormat) -> Details {
        let mut details = Details::default();
        for column in Self::COLUMNS {
            details.optional(column.name, &(column.cell)(self, times));
        }
        details
    }
}

/// Finds a column by its name; an error names those there are.
pub(super) fn find<T: Resource>(name: &str, flag: &str) -> Result<&'static Column<T>, String> {
    let name = name.trim();
    let wanted = name.to_lowercase().replace([' ', '-'], "_");
    T::COLUMNS.iter().find(|column| column.name == wanted).ok_or_else(|| {
        let known: Vec<&str> = T::COLUMNS.iter().map(|column| column.name).collect();
        let meant = most_like(&wanted, known.iter().copied(), |name| name)
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        format!("invalid value '{name}' for '{flag}': {} have the columns {}{meant}", T::PLURAL, known.join(", "))
    })
}
