//! `bpctl policy update`

use crate::args::PolicyUpdate;
use crate::command::write::{DryRun, after_write, confirm_losses, difference_lines, raw_after, verify};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::katapult::Katapult;
use crate::view::in_a_line;

/// Changes a policy: reads it, sends only what changes, reads it again.
pub async fn run(cx: &Context, args: PolicyUpdate) -> Result<()> {
    let wish = args.fields.wish();
    if wish.is_empty() {
        return Err(Error::usage("nothing to change is named")
            .hint("give `--retention`, `--interval`, `--frequency`, `--time` or `--minute`"));
    }
    let api = cx.katapult()?;
    let before = api.policy(&args.policy).await?;
    let change = wish.against(&before.model);
    let request = Katapult::update_request(&args.policy, &change);
    if cx.global.dry_run {
        let requests = if change.is_empty() { Vec::new() } else { vec![request] };
        let after = raw_after(&before, &change);
        return DryRun { requests, before: before.raw, after, words: difference_lines(&change) }.print(cx);
    }
    if change.is_empty() {
        cx.ui.note("nothing to change: the policy is already so");
        return cx.show(before);
    }
    cx.ui.note(&in_a_line(&before.model, &cx.style.look));
    for line in difference_lines(&change) {
        cx.ui.note(&format!("  {line}"));
    }
    if let Some(warning) = change.shorter_reach(&before.model) {
        cx.ui.warn(&warning);
    }
    confirm_losses(cx, &change.losses(&before.model), "Change it?")?;
    api.write(&request).await?;
    let after = api.policy(&args.policy).await.map_err(after_write)?;
    verify(&change, &after.model)?;
    cx.show(after)
}
