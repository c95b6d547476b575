//! Presets of an OnApp cloud: what switching autobackup on makes policies of.

use super::Schedule;

#[derive(Clone, Debug, Default)]
pub struct Preset {
    /// The id: a number.
    pub id: Option<String>,
    /// When a policy that is made of it runs.
    pub schedule: Schedule,
    /// How many backups such a policy keeps; of a disk always one (documented).
    pub retention: Option<i64>,
    /// Whether a policy is made of it.
    pub enabled: Option<bool>,
}
