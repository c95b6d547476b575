//! `bpctl lint`

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::gather::{self, Gathered};
use crate::args::{FailOnLint, Format, Lint};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Flow;
use crate::model::lint::{Evidence, Finding, Location, OnAppFacts, RULES, Rule, Severity, lint, rule};
use crate::model::{Fleet, Machine, Object, TrashObject};
use crate::ops::cloud::{self, Cloud};
use crate::ops::inventory::{self, Reading};
use crate::ops::onapp_fleet::is_closed;
use crate::ops::planner;
use crate::ops::rows::{Rows, print_list, to_object};
use crate::ops::selection::{narrow, read_all_tags};
use crate::policyfile::{self, Document, Place, Surroundings};
use crate::view::{Resource, SarifPart, sarif, structured};

/// What was found in one organization, and how that ended.
struct Found {
    findings: Vec<Finding>,
    /// What was not checked.
    notes: Vec<String>,
    is_complete: bool,
    result: Result<()>,
}

impl Found {
    fn part<'f>(&'f self, profile: Option<&'f str>) -> SarifPart<'f> {
        let Self { findings, notes, is_complete, .. } = self;
        SarifPart { profile, findings, notes, is_complete: *is_complete }
    }
}

/// A policy file, by the name that it was given.
struct PolicyFile {
    name: String,
    document: Document,
}

/// Finds policies that are probably not as intended.
pub async fn run(cx: &Context, args: Lint) -> Result<()> {
    if let Some(code) = &args.explain {
        return explain(cx, code);
    }
    if args.list_codes {
        return print_list(Rows::<Rule>::begin(cx)?, RULES.to_vec(), "there are");
    }
    let rows = Rows::<Finding>::begin(cx)?;
    let file = match &args.file {
        Some(path) => Some(policy_file(cx, path).await?),
        None => None,
    };
    let found = read(cx, &args, file.as_ref()).await?;
    match cx.output.format {
        Format::Sarif => {
            cx.ui.print(|out| structured(&cx.output, &sarif(&[found.part(None)], &[]), out))?;
        }
        _ => print_list(rows, found.findings, "in this organization")?,
    }
    found.result
}

/// The same of several profiles: one list, or one SARIF document.
pub async fn run_on(cx: &Context, names: &[String], args: &Lint) -> Result<()> {
    if args.file.is_some() {
        return Err(Error::usage("`--file` cannot be used with several profiles")
            .hint("a policy file is of one organization: `--profile NAME` names one"));
    }
    let listing = gather::begin::<Finding>(cx)?;
    let (mut parts, mut gathered, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (name, found) in gather::read_each(cx, names, async |own| read(own, args, None).await).await {
        let (rows, result) = match found {
            Ok(mut found) => {
                let result = std::mem::replace(&mut found.result, Ok(()));
                let rows = gather::rows(&listing, found.findings.clone())?;
                parts.push((name.clone(), found));
                (rows, result)
            }
            Err(error) => {
                missing.push(format!("{name} could not be read: {} ({})", error.message, error.code));
                (Vec::new(), Err(error))
            }
        };
        gathered.push(Gathered { name, rows, is_cut: false, result });
    }
    if cx.output.format != Format::Sarif {
        let all = parts.iter().flat_map(|(_, found)| &found.findings);
        return gather::print(cx, listing, gathered, vec![totals(all)]);
    }
    let parts: Vec<SarifPart<'_>> = parts.iter().map(|(name, found)| found.part(Some(name))).collect();
    if !parts.is_empty() {
        cx.ui.print(|out| structured(&cx.output, &sarif(&parts, &missing), out))?;
    }
    gather::conclude(gathered)
}

fn totals<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    let (mut errors, mut warnings) = (0, 0);
    for finding in findings {
        match finding.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
    }
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    format!("{}: {}, {}", count(errors + warnings, "finding"), count(errors, "error"), count(warnings, "warning"))
}

async fn read(cx: &Context, args: &Lint, file: Option<&PolicyFile>) -> Result<Found> {
    let mut reading = inventory::read(cx, args.detail.detail).await?;
    let selection = args.selecting.selection();
    narrow(cx, &mut reading, &selection).await?;
    let mut notes = Vec::new();
    let trash = trash(cx, &mut reading).await?;
    let is_onapp = reading.is_of_onapp();
    if trash.is_none() && !is_onapp {
        notes.push("W021 was not checked: the token may not read the trash (scope `trash_objects:read`)".to_owned());
    }
    if !reading.is_detailed {
        notes.push("W022 was not checked: it takes one request per policy; `--detail` does that".to_owned());
    }
    let removes_backups = if is_onapp { removes_backups(cx, &mut notes).await? } else { None };
    notes.iter().for_each(|note: &String| cx.ui.warn(note));
    let gaps = reading.inventory.gaps().to_vec();
    let is_complete = gaps.is_empty() && reading.inventory.unread().is_empty();
    notes.extend(gaps);
    let unread = reading.inventory.unread().iter();
    notes
        .extend(unread.map(|(id, error)| format!("policy {id} could not be read: {} ({})", error.message, error.code)));
    let mut findings = lint(&Evidence {
        fleet: &reading.inventory.fleet,
        trash: trash.as_ref(),
        onapp: reading.onapp_idle.as_deref().map(|idle| OnAppFacts { idle, removes_backups }),
        max_per_minute: usize::try_from(args.max_per_minute).unwrap_or(usize::MAX),
        now: cx.now(),
    });
    // What programs read is the same however the connection was named.
    if matches!(cx.output.format, Format::Table | Format::Wide) {
        findings.iter_mut().for_each(|finding| finding.hint = cx.with_connections(&finding.hint));
    }
    if let Some(file) = file {
        locate(cx, file, &mut reading, selection.needs_tags(), &mut findings).await?;
    }
    if cx.gathering.is_some() {
        gather::note_empty::<Finding>(cx, findings.len(), "in this organization");
    }
    let verdict =
        args.fail_on.and_then(|level| failure(&findings, level).or_else(|| reading.inventory.incomplete_error()));
    let result = verdict.or_else(|| reading.inventory.unread_error()).map_or(Ok(()), Err);
    Ok(Found { findings, notes, is_complete, result })
}

/// Reads the policy file, before anything is requested.
async fn policy_file(cx: &Context, path: &Path) -> Result<PolicyFile> {
    if path.as_os_str() == "-" {
        return Err(Error::usage("`--file -` is not supported: findings need a file name").hint("name the file"));
    }
    let (name, text) = planner::read_text(cx, path).await?;
    let document = policyfile::read(&name, &text)?;
    Ok(PolicyFile { name, document })
}

/// Says of each finding where the file speaks of it: by its policy, else by its target.
/// `has_tags` says whether tags were read already.
async fn locate(
    cx: &Context,
    file: &PolicyFile,
    reading: &mut Reading,
    has_tags: bool,
    findings: &mut [Finding],
) -> Result<()> {
    if !reading.is_of_onapp() {
        let api = cx.katapult()?;
        if let Some(organization) = file.document.organization.as_deref() {
            cloud::organization(cx, api, Some(organization)).await?;
        }
        if file.document.needs_tags() && !has_tags {
            read_all_tags(cx, api, &mut reading.inventory.fleet.machines).await?;
        }
    }
    let Fleet { machines, disks, policies } = &reading.inventory.fleet;
    let capabilities = Cloud::of(cx)?.capabilities();
    let wanted = policyfile::places(&file.document, Surroundings { machines, disks, policies, capabilities });
    let (mut by_policy, mut by_target) = (HashMap::new(), HashMap::new());
    for wanted in &wanted {
        by_policy.extend(wanted.policy.as_deref().map(|id| (id, wanted.place)));
        by_target.extend(wanted.target.id.as_deref().map(|id| (id, wanted.place)));
    }
    let target_ids: HashMap<&str, &str> =
        machines.iter().filter_map(|machine: &Machine| Some((machine.label(), machine.id.as_deref()?))).collect();
    for finding in findings {
        let of_target = |label: &String| {
            let id = target_ids.get(label.as_str()).copied().unwrap_or(label);
            by_target.get(id).copied()
        };
        let place: Option<Place> = match &finding.policy {
            Some(policy) => by_policy.get(policy.as_str()).copied(),
            None => finding.target.as_ref().and_then(of_target),
        };
        finding.location = Some(Location {
            file: file.name.clone(),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
        });
    }
    Ok(())
}

fn explain(cx: &Context, code: &str) -> Result<()> {
    if code != "all" {
        let rule = rule(code).cloned().ok_or_else(|| unknown(code))?;
        return cx.show(to_object(rule)?);
    }
    if !matches!(cx.output.format, Format::Table | Format::Wide) {
        return print_list(Rows::<Rule>::begin(cx)?, RULES.to_vec(), "there are");
    }
    for (number, rule) in RULES.iter().enumerate() {
        if number > 0 {
            cx.ui.print(|out| writeln!(out))?;
        }
        cx.show(to_object(rule.clone())?)?;
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
    if reading.is_of_onapp() {
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
