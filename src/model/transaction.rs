//! Transactions of an OnApp cloud: what it is doing, and how it ended.

use jiff::Timestamp;

/// One step of the cloud's work.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// The id: a number that grows.
    pub id: Option<String>,
    /// `take_backup`, `restore_backup`, `destroy_backup`, ….
    pub action: Option<String>,
    /// `pending`, `running`, `complete`, `failed`, `cancelled`.
    pub status: Option<String>,
    /// What it works on: type and id.
    pub parent: Option<(String, String)>,
    /// What that belongs to: type and id.
    pub associated: Option<(String, String)>,
    /// The transaction that has to end first.
    pub waits_for: Option<String>,
    /// When it was queued.
    pub created_at: Option<Timestamp>,
    /// When the cloud began with it.
    pub started_at: Option<Timestamp>,
    /// When its status changed last.
    pub updated_at: Option<Timestamp>,
    /// What the cloud wrote while it worked, where it was asked for.
    pub log: Option<String>,
}

impl Transaction {
    /// The id as a number; a transaction without one is older than all others.
    pub fn number(&self) -> u64 {
        self.id.as_deref().and_then(|id| id.parse().ok()).unwrap_or(0)
    }

    /// Whether it is about an object: as its parent, or associated with it.
    pub fn is_about(&self, kind: &str, id: &str) -> bool {
        let is_it =
            |object: &Option<(String, String)>| object.as_ref().is_some_and(|(of, number)| of == kind && number == id);
        is_it(&self.parent) || is_it(&self.associated)
    }

    /// The last line of its log that says something.
    pub fn last_words(&self) -> Option<&str> {
        self.log.as_deref()?.lines().map(str::trim).rfind(|line| !line.is_empty())
    }
}
