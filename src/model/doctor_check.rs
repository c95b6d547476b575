//! What `doctor` finds.

use serde_json::json;

use super::Object;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    Ok,
    /// Something will not work, or not for long.
    Warning,
    /// What the check needs failed before, or is not there.
    Skipped,
    /// It does not work.
    Failed,
}

impl CheckStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// One check and its result.
#[derive(Clone, Debug)]
pub struct DoctorCheck {
    /// What was checked, in a word.
    pub check: &'static str,
    pub status: CheckStatus,
    pub message: String,
    pub hint: Option<String>,
    /// The exit code that a failure of it means; 0 for everything else.
    pub exit_code: u8,
}

impl DoctorCheck {
    /// Gives it with its documented JSON form.
    pub fn object(self) -> Object<Self> {
        let raw = json!({
            "check": self.check,
            "status": self.status.name(),
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
        });
        Object { model: self, raw }
    }
}
