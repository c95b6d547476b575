//! An update between its question and its writes: what was shown is what is written, or nothing is.
//!
//! A policy is read again right before it is written, unless nothing has come between since it was shown; one that
//! is another by now is left alone. Nothing is sent from here but by [`perform`].

use std::fs::File;

use super::execute::{self, PolicySnapshot};
use crate::command::policy::update::{changed, check, preview};
use crate::context::Context;
use crate::error::Result;
use crate::katapult::Katapult;
use crate::model::{Expectation, Object, Policy, PolicyPatch};
use crate::ops::write::{confirm_losses, confirm_several};

/// What is to be agreed to.
pub struct Proposal<'a> {
    /// What is to become of each policy.
    pub patch: &'a PolicyPatch,
    /// What each must be like.
    pub expectations: &'a [Expectation],
    /// The lock under which they were read.
    pub lock: Option<File>,
    /// Whether somebody was asked something since.
    pub was_asked: bool,
}

/// An update that nobody objected to.
pub struct Agreed<'a> {
    patch: &'a PolicyPatch,
    expectations: &'a [Expectation],
    /// Whether time has passed, or will have when the next policy's turn comes.
    rereads: bool,
    /// Held until the end: two of this user's updates with `--if` do not cross.
    _lock: Option<File>,
}

impl<'a> Proposal<'a> {
    /// Shows what would become of `policies`, and asks: `always`, or only where protection is lost.
    ///
    /// # Errors
    /// `confirmation_required`, or no.
    pub async fn ask(
        self,
        cx: &Context,
        policies: &[PolicySnapshot],
        question: &str,
        always: bool,
    ) -> Result<Agreed<'a>> {
        let Self { patch, expectations, mut lock, was_asked } = self;
        let losses = preview(cx, policies, patch);
        if cx.ui.can_ask() && !cx.global.yes && (always || !losses.is_empty()) {
            // Nobody waits for somebody who thinks.
            lock = None;
        }
        let is_asked = match always {
            true => confirm_several(cx, &losses, question)?,
            false => confirm_losses(cx, &losses, question)?,
        };
        let lock = match lock {
            None => locked(cx, expectations).await?,
            held => held,
        };
        Ok(Agreed { patch, expectations, rereads: is_asked || was_asked || policies.len() > 1, _lock: lock })
    }
}

impl Agreed<'_> {
    /// Changes one of the policies.
    ///
    /// # Errors
    /// `changed` when it is not what was shown; those of [`execute::update`].
    pub async fn carry_out(&self, cx: &Context, api: &Katapult, policy: PolicySnapshot) -> Result<Object<Policy>> {
        let policy = if self.rereads { reread(api, policy).await? } else { policy };
        check(self.expectations, &policy.id, &policy.before.model)?;
        let change = self.patch.against(&policy.before.model);
        match change.is_empty() {
            true => Ok(policy.before),
            false => execute::update(cx, api, &policy, &change, None).await,
        }
    }
}

/// Takes the lock of updates with `--if`; others need none.
pub async fn locked(cx: &Context, expectations: &[Expectation]) -> Result<Option<File>> {
    match expectations.is_empty() {
        true => Ok(None),
        false => cx.lock_writes().await.map(Some),
    }
}

/// Reads a policy again, which must be as it was.
///
/// # Errors
/// `changed`, and the API's.
pub async fn reread(api: &Katapult, policy: PolicySnapshot) -> Result<PolicySnapshot> {
    let mut before = api.policy(&policy.id).await?;
    // Lists tell what some answers leave out.
    before.model.complete(&policy.before.model);
    match before.model.differs_from(&policy.before.model) {
        true => Err(changed(&policy.id, "it was changed since it was shown")),
        false => Ok(PolicySnapshot { before, ..policy }),
    }
}
