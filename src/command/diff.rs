//! `bpctl diff`

use jiff::Timestamp;

use crate::args::{Diff as Args, FailOnDiff};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::diff::{Difference, diff};
use crate::model::snapshot::{Query, Snapshot};
use crate::ops::evidence::{incomplete_error, read, take};
use crate::ops::rows::{Rows, print_list};

/// Shows what differs between two snapshots, or between one and now.
pub async fn run(cx: &Context, args: Args) -> Result<()> {
    let rows = Rows::<Difference>::begin(cx)?;
    let is_input = |path: &std::path::Path| path.as_os_str() == "-";
    if is_input(&args.old) && args.new.as_deref().is_some_and(is_input) {
        return Err(Error::usage("only one of the snapshots can be standard input"));
    }
    let old = read(cx, &args.old).await?;
    let new = match &args.new {
        Some(path) => read(cx, path).await?,
        None => take(cx, Query { detail: args.detail.detail || old.detailed, ..old.query.clone() }).await?,
    };
    check_organizations(cx, &old, &new)?;
    let now = new.time.parse::<Timestamp>().unwrap_or_else(|_| cx.now());
    if old.time.parse::<Timestamp>().is_ok_and(|before| before > now) {
        cx.ui.warn(&format!("the first snapshot ({}) is newer than the second ({})", old.time, new.time));
    }
    if args.new.is_some() && old.query.requirements() != new.query.requirements() {
        cx.ui.note("the snapshots were taken with different requirements; both are judged by those of the first");
    }
    if !(old.detailed && new.detailed) {
        cx.ui.note(
            "frequencies, times of day and scheduled deletions are not compared: a snapshot was taken without `--detail`",
        );
    }
    let differences = diff(&old, &new, now);
    let found = args.fail_on.and_then(|FailOnDiff::Weaker| failure(&differences));
    let missing = incomplete_error("comparison", [&old, &new]);
    print_list(rows, differences, &format!("between {} and {}", old.time, new.time))?;
    match (found, missing) {
        (Some(error), Some(missing)) => Err(error.hint(missing.message)),
        (error, missing) => error.or(missing).map_or(Ok(()), Err),
    }
}

/// Refuses to compare different organizations: all of one would look lost, and all of the other new.
fn check_organizations(cx: &Context, old: &Snapshot, new: &Snapshot) -> Result<()> {
    let (before, after) = (old.organization.label(), new.organization.label());
    match old.organization.is_same(&new.organization) {
        Some(true) => Ok(()),
        Some(false) => Err(Error::usage(format!("the snapshots are of different organizations: {before} and {after}"))
            .hint("`--profile` or `--org` chooses the organization to compare with")),
        None => {
            cx.ui.warn(&format!("whether {before} and {after} are the same organization is not known"));
            Ok(())
        }
    }
}

fn failure(differences: &[Difference]) -> Option<Error> {
    let weaker: Vec<&Difference> = differences.iter().filter(|one| one.weaker).collect();
    let name = |one: &&Difference| format!("{} {} ({})", one.subject.word(), one.name, one.change.word());
    let names: Vec<String> = weaker.iter().take(5).map(name).collect();
    let more = weaker.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!weaker.is_empty())
        .then(|| Error::found(format!("protection is weaker: {}: {}{more}", weaker.len(), names.join(", "))))
}
