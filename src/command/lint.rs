//! `bpctl lint`

use std::collections::HashSet;

use crate::args::{FailOnLint, Format, Lint};
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Flow;
use crate::model::lint::{Evidence, Finding, OnAppFacts, RULES, Rule, Severity, lint, rule};
use crate::model::{Object, TrashObject};
use crate::ops::inventory::{self, Reading};
use crate::ops::onapp_fleet::is_closed;
use crate::ops::rows::{Rows, own, print_list};
use crate::view::{Resource, sarif, structured};

/// Finds policies that are probably not as intended.
pub async fn run(cx: &Context, args: Lint) -> Result<()> {
    if let Some(code) = &args.explain {
        return explain(cx, code);
    }
    if args.list_codes {
        return print_list(Rows::<Rule>::begin(cx)?, RULES.to_vec(), "there are");
    }
    let rows = Rows::<Finding>::begin(cx)?;
    let mut reading = inventory::read(cx, args.detail.detail).await?;
    let mut skipped = Vec::new();
    let trash = trash(cx, &mut reading).await?;
    let is_onapp = cx.provider_is(Provider::OnApp)?;
    if trash.is_none() && !is_onapp {
        skipped.push("W021 was not checked: the token may not read the trash (scope `trash_objects:read`)".to_owned());
    }
    if !reading.is_detailed {
        skipped.push("W022 was not checked: it takes one request a policy; `--detail` does that".to_owned());
    }
    let removes_backups = removes_backups(cx, &mut skipped).await?;
    skipped.iter().for_each(|note: &String| cx.ui.warn(note));
    let gaps = reading.inventory.gaps().to_vec();
    let is_complete = gaps.is_empty();
    skipped.extend(gaps);
    let findings = lint(&Evidence {
        fleet: &reading.inventory.fleet,
        trash: trash.as_ref(),
        onapp: is_onapp.then_some(OnAppFacts { idle: &reading.idle, removes_backups }),
        max_per_minute: usize::try_from(args.max_per_minute).unwrap_or(usize::MAX),
        now: cx.now(),
    });
    let verdict =
        args.fail_on.and_then(|level| failure(&findings, level).or_else(|| reading.inventory.incomplete_error()));
    match cx.output.format {
        Format::Sarif => cx.ui.print(|out| structured(&cx.output, &sarif(&findings, &skipped, is_complete), out))?,
        _ => print_list(rows, findings, "in this organization")?,
    }
    verdict.or_else(|| reading.inventory.unread_error()).map_or(Ok(()), Err)
}

fn explain(cx: &Context, code: &str) -> Result<()> {
    if code != "all" {
        let rule = rule(code).cloned().ok_or_else(|| unknown(code))?;
        return cx.show(own(rule)?);
    }
    if !matches!(cx.output.format, Format::Table | Format::Wide) {
        return print_list(Rows::<Rule>::begin(cx)?, RULES.to_vec(), "there are");
    }
    for (number, rule) in RULES.iter().enumerate() {
        if number > 0 {
            cx.ui.print(|out| writeln!(out))?;
        }
        cx.show(own(rule.clone())?)?;
    }
    Ok(())
}

fn unknown(code: &str) -> Error {
    let known: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    Error::usage(format!("invalid value '{code}' for '--explain': expected {} or all", known.join(", ")))
        .hint("`bpctl lint --list-codes` shows what they mean")
}

/// Reads the ids of what is in the trash; none when the token may not.
async fn trash(cx: &Context, reading: &mut Reading) -> Result<Option<HashSet<String>>> {
    let mut ids = HashSet::new();
    let mut keep = |page: Vec<Object<TrashObject>>| {
        ids.extend(page.into_iter().filter_map(|object| object.model.object_id));
        Ok(Flow::More)
    };
    if cx.provider_is(Provider::OnApp)? {
        // OnApp has no trash.
        return Ok(None);
    }
    match cx.katapult()?.trash_objects(&reading.inventory.organization, &mut keep).await {
        Ok(walk) => {
            reading.inventory.add_gaps(cx, TrashObject::PLURAL, walk);
            Ok(Some(ids))
        }
        Err(error) if matches!(error.code.as_ref(), "scope_not_granted" | "permission_denied") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads whether an OnApp cloud deletes the backups of a VM with it; none when that cannot be read.
async fn removes_backups(cx: &Context, skipped: &mut Vec<String>) -> Result<Option<bool>> {
    if !cx.provider_is(Provider::OnApp)? {
        return Ok(None);
    }
    let reason = match cx.onapp()?.removes_backups_with_vm().await {
        Ok(Some(setting)) => return Ok(Some(setting)),
        Ok(None) => "the cloud's settings do not name `remove_backups_on_destroy_vm`",
        Err(error) if error.status == Some(403) => "the user may not read the cloud's settings",
        Err(error) if is_closed(&error) => "the cloud's settings cannot be read",
        Err(error) => return Err(error),
    };
    skipped.push(format!("W035 was not checked: {reason}"));
    Ok(None)
}

fn failure(findings: &[Finding], level: FailOnLint) -> Option<Error> {
    let least = match level {
        FailOnLint::Warning => Severity::Warning,
        FailOnLint::Error => Severity::Error,
    };
    let count = findings.iter().filter(|finding| finding.severity >= least).count();
    let plural = if count == 1 { "" } else { "s" };
    let what = if level == FailOnLint::Error { "error" } else { "finding" };
    (count > 0).then(|| {
        Error::found(format!("{count} {what}{plural}")).hint("`bpctl lint --explain CODE` says what a code means")
    })
}
