//! The findings, in order, and the exit code that follows.

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Walk;
use crate::model::{CheckStatus, DoctorCheck};
use crate::ops::rows::Rows;

/// The check that comes last: the others use up requests.
pub const RATE_LIMIT: &str = "rate_limit";

/// What was found so far.
#[derive(Default)]
pub struct Report {
    checks: Vec<DoctorCheck>,
    failure: Option<(&'static str, Error)>,
}

impl Report {
    pub fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, CheckStatus::Ok, message.into(), None);
    }

    /// Something to look at.
    pub fn warn(&mut self, check: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(check, CheckStatus::Warning, message.into(), Some(hint.into()));
    }

    /// The check does not apply.
    pub fn skip(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, CheckStatus::Skipped, message.into(), None);
    }

    pub fn fail(&mut self, check: &'static str, error: Error) {
        let code = match &*error.code {
            "usage" | "config" | "io" => String::new(),
            code => format!(" ({code})"),
        };
        let hint = (!error.hints.is_empty()).then(|| error.hints.join("; "));
        self.add(check, CheckStatus::Failed, format!("{}{code}", error.message), hint);
        if let Some(added) = self.checks.last_mut() {
            added.exit_code = error.exit as u8;
        }
        self.failure.get_or_insert((check, error));
    }

    fn add(&mut self, check: &'static str, status: CheckStatus, message: String, hint: Option<String>) {
        self.checks.push(DoctorCheck { check, status, message, hint, exit_code: 0 });
    }

    /// Whether a check failed.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The time for the whole command ended at the first check that has no result.
    pub fn run_out_of_time(&mut self, mut order: impl Iterator<Item = &'static str>) {
        if let Some(check) = order.find(|check| self.checks.iter().all(|done| done.check != *check)) {
            let error = Error::new(Exit::Unreachable, code::TIMEOUT, "the time for the whole command ran out");
            self.fail(check, error.hint("`--max-wait` allows it more time"));
        }
    }

    /// Puts the checks in order; those that were not come to are skipped.
    pub fn fill_in(&mut self, order: impl Iterator<Item = &'static str>) {
        let because = match &self.failure {
            Some((check, _)) => format!("needs {check}"),
            None => "needs organization".to_owned(),
        };
        let mut found = std::mem::take(&mut self.checks);
        for check in order {
            match found.iter().position(|done| done.check == check) {
                Some(place) => self.checks.push(found.remove(place)),
                None => self.skip(check, because.clone()),
            }
        }
        self.checks.append(&mut found);
    }

    /// Prints the checks.
    pub fn print(&self, cx: &Context) -> Result<()> {
        let mut rows = Rows::begin(cx)?;
        rows.page(self.checks.iter().cloned().map(DoctorCheck::object).collect())?;
        rows.end(Walk::default(), "")
    }

    /// Fails with the exit code and the API's code of the first failure; warnings do not count.
    pub fn verdict(self) -> Result<()> {
        let Some((_, error)) = self.failure else {
            return Ok(());
        };
        let failed: Vec<&str> =
            self.checks.iter().filter(|check| check.status == CheckStatus::Failed).map(|check| check.check).collect();
        let message = format!("{} of {} checks failed: {}", failed.len(), self.checks.len(), failed.join(", "));
        Err(Error { message, ..error })
    }
}
