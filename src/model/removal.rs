//! What is left of a policy after it was deleted.

/// A policy that was moved to the trash.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// The policy's id.
    pub id: String,
    /// Its target's name.
    pub target: Option<String>,
    /// Until when it can be restored, in Unix seconds.
    pub keep_until: Option<i64>,
}
