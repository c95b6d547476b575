//! The arguments of one call, and whether its token may do what the operation does.

use serde_json::{Map, Value, json};

use super::arguments::Arguments;
use crate::sandbox::reply::Refusal;

#[derive(Debug)]
pub(super) struct Call {
    values: Map<String, Value>,
    /// The text in the place of the path's placeholder.
    placeholder: String,
    is_denied: bool,
}

impl Call {
    pub(super) fn new(values: Map<String, Value>, placeholder: String, is_denied: bool) -> Self {
        Self { values, placeholder, is_denied }
    }

    pub(super) fn arguments(&self) -> Arguments<'_> {
        Arguments::new(&self.values, &self.placeholder)
    }

    /// Refuses a token without permission. Operations call it after their lookups (inferred), except those for
    /// which `permission_denied` is not documented.
    pub(super) fn check_permission(&self) -> Result<(), Refusal> {
        if !self.is_denied {
            return Ok(());
        }
        Err(Refusal::new(
            403,
            "permission_denied",
            "The authenticated identity is not permitted to perform this action",
        )
        .with_detail(json!({ "details": null })))
    }
}
