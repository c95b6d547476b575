//! How results are printed: lists and single objects, in the columns that were asked for.

use super::Context;
use crate::error::{Error, Result};
use crate::model::Object;
use crate::view::{Listing, Resource, show};

impl Context {
    /// Begins a list; a bad column is found before any request.
    pub fn listing<T: Resource>(&self) -> Result<Listing<'_, T>> {
        Listing::new(&self.output).map_err(Error::usage)
    }

    /// Lists the columns where `--columns` has no value.
    pub fn answer_bare_columns<T: Resource>(&self) -> Result<()> {
        if self.output.columns.as_ref().is_none_or(|names| !names.is_empty()) {
            return Ok(());
        }
        self.ui.print(|out| T::COLUMNS.iter().try_for_each(|column| writeln!(out, "{}", column.name)))?;
        Err(Error::everything_printed())
    }

    /// Refuses a bad column before anything is sent: a write would be carried out by the time its result is printed.
    pub fn check_columns<T: Resource>(&self) -> Result<()> {
        if !self.output.filters.is_empty() {
            return Err(Error::usage("`--filter` works on lists"));
        }
        self.check_result_columns::<T>()
    }

    /// The same, of a write whose policies `--filter` may select.
    ///
    /// # Errors
    /// `--columns` or `--sort` names a column that there is not.
    pub fn check_result_columns<T: Resource>(&self) -> Result<()> {
        self.answer_bare_columns::<T>()?;
        Listing::<T>::of_results(&self.output).map(drop).map_err(Error::usage)
    }

    /// Prints one object as the result.
    pub fn show<T: Resource>(&self, object: Object<T>) -> Result<()> {
        self.answer_bare_columns::<T>()?;
        let mut wrong_column = None;
        self.ui.print(|out| match show(object, &self.output, out) {
            Ok(written) => written,
            Err(sentence) => {
                wrong_column = Some(sentence);
                Ok(())
            }
        })?;
        wrong_column.map_or(Ok(()), |sentence| Err(Error::usage(sentence)))
    }
}
