//! What a check read with one profile.

use jiff::Timestamp;

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Http;
use crate::model::check::{MachineCheck, Problem};

/// What was read with one profile.
#[derive(Default)]
pub struct Source {
    pub profile: Option<String>,
    pub machines: Vec<MachineCheck>,
    /// What is missing from its lists.
    pub gaps: Vec<String>,
    /// It listed no VM at all, whatever is selected.
    pub is_empty: bool,
    /// Names of `--vm` that it does not have.
    pub missing: Vec<String>,
    /// The reason why it could not be read at all.
    pub error: Option<Error>,
}

impl Source {
    pub fn failed(profile: Option<String>, error: Error) -> Self {
        Self { profile, error: Some(error), ..Self::default() }
    }

    /// Everything that was not read, apart from single VMs.
    pub fn problems(&self, is_empty_allowed: bool) -> Vec<Problem> {
        let problem = |code: &str, message: &str| Problem {
            profile: self.profile.clone(),
            code: code.to_owned(),
            message: message.to_owned(),
        };
        let failed = self.error.iter().map(|error| problem(&error.code, &error.message));
        let empty = (self.is_empty && !is_empty_allowed).then(|| problem("no_vms", "it has no VM to check"));
        failed.chain(self.gaps.iter().map(|gap| problem("incomplete", gap))).chain(empty).collect()
    }
}

/// Refuses names that several VMs have.
pub fn refuse_ambiguous(ambiguous: &[(String, Vec<String>)]) -> Result<()> {
    match ambiguous.first() {
        None => Ok(()),
        Some((name, ids)) => {
            let message = format!("`{name}` names {} VMs: {}", ids.len(), ids.join(", "));
            Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message).hint("use the id"))
        }
    }
}

/// The time by the server's clock, as the times that it is compared with are the server's.
pub fn server_now(cx: &Context, http: &Http) -> Timestamp {
    http.server_time().unwrap_or_else(|| cx.system.now())
}
