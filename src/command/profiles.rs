//! One list over several profiles: they are read side by side, and each row says where it came from.
//!
//! Only lists that read do this. A profile that fails is reported and the others are shown; a list that lacks one
//! ends in an error that names it, so that it never looks complete.

use futures_util::future::join_all;
use serde_json::json;

use super::{backups, calendar, coverage, disk, lint, org, policy, report, trash, vm};
use crate::args;
use crate::args::{BackupsCommand, Command, DiskCommand, Format, OrgCommand, PolicyCommand, TrashCommand, VmCommand};
use crate::config::env;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::calendar::Run;
use crate::model::coverage::Row;
use crate::model::lint::Finding;
use crate::model::report::Failed;
use crate::model::{Backup, Disk, Machine, Object, Organization, Policy, TrashObject};
use crate::ops::rows::{finish, note_limit};
use crate::view::{Listing, Resource};

/// Returns the profiles that are named, when more than one may be; none for an ordinary command.
pub fn named(cx: &Context, command: &Command) -> Result<Option<Vec<String>>> {
    if is_of_environment(cx) && is_local(command) {
        return Ok(None);
    }
    if cx.global.all_profiles {
        let names: Vec<String> = cx.file()?.profiles.keys().cloned().collect();
        return if names.is_empty() {
            Err(Error::config("the config file has no profile")
                .hint("`bpctl auth login --profile NAME` makes a profile"))
        } else {
            Ok(Some(names))
        };
    }
    // The flag `--sandbox` says more than the environment, as it does of a single profile.
    let variable = cx.system.variable(env::PROFILE).filter(|_| !cx.global.sandbox).map(|text| (env::PROFILE, text));
    let named = cx.global.profile.as_deref().map(|text| ("--profile", text)).or(variable);
    let Some((origin, text)) = named.filter(|(_, text)| text.contains(',')) else {
        return Ok(None);
    };
    if cx.global.sandbox {
        return Err(Error::usage("`--sandbox` does not go with several profiles")
            .hint("the simulator's own profiles are `sandbox` and `sandbox-onapp`"));
    }
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim) {
        if name.is_empty() {
            return Err(Error::usage(format!("invalid value '{text}' for '{origin}': a name is empty")));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(Some(names))
}

/// Carries out a list on several profiles.
///
/// # Errors
/// A command that is not a list; exit 9 when some profiles failed, the first one's error when all did.
pub async fn run(cx: &Context, names: &[String], command: Command) -> Result<()> {
    if cx.global.api_url.is_some() || cx.global.provider.is_some() {
        return Err(Error::usage("`--api-url` and `--provider` do not go with several profiles")
            .hint("each profile has its own"));
    }
    match command {
        Command::Policies(PolicyCommand::List(args)) => {
            gather::<Policy>(cx, names, policy::list::columns(&args), async |cx| {
                policy::list::run(cx, args.clone()).await
            })
            .await
        }
        Command::Vm(VmCommand::List(args)) => {
            gather::<Machine>(cx, names, NONE, async |cx| vm::run(cx, VmCommand::List(args.clone())).await).await
        }
        Command::Disk(DiskCommand::List(args)) => {
            gather::<Disk>(cx, names, NONE, async |cx| disk::run(cx, DiskCommand::List(args.clone())).await).await
        }
        Command::Org(OrgCommand::List) => {
            gather::<Organization>(cx, names, NONE, async |cx| org::run(cx, OrgCommand::List).await).await
        }
        Command::Trash(TrashCommand::List) => {
            gather::<TrashObject>(cx, names, NONE, async |cx| trash::run(cx, TrashCommand::List).await).await
        }
        Command::Backups(BackupsCommand::List(args)) => {
            gather::<Backup>(cx, names, backups::columns(&args), async |cx| {
                backups::run(cx, BackupsCommand::List(args.clone())).await
            })
            .await
        }
        Command::Coverage(args) if args.report.is_none() => {
            gather::<Row>(cx, names, NONE, async |cx| coverage::run(cx, args.clone()).await).await
        }
        Command::Calendar(args) if args.ics.is_none() => {
            gather::<Run>(cx, names, NONE, async |cx| calendar::run(cx, args.clone()).await).await
        }
        Command::Lint(args) if cx.output.format != Format::Sarif && args.explain.is_none() && !args.list_codes => {
            gather::<Finding>(cx, names, NONE, async |cx| lint::run(cx, args.clone()).await).await
        }
        Command::Report(args) => report_on(cx, names, &args).await,
        _ => Err(one_only(cx)),
    }
}

/// Returns whether a command contacts no cloud: `BPCTL_PROFILE` does not matter to it.
fn is_local(command: &Command) -> bool {
    match command {
        Command::Lint(args) => args.explain.is_some() || args.list_codes,
        Command::Diff(args) => args.new.is_some(),
        Command::Config(_) | Command::History(_) | Command::Sandbox(_) => true,
        Command::Completions(_) | Command::Man(_) => true,
        _ => false,
    }
}

fn one_only(cx: &Context) -> Error {
    let error = Error::usage("this takes one profile").hint(
        "several profiles go with `policies list`, `vm list`, `disk list`, `org list`, `trash list`, \
         `backups list`, `check`, `report`, `coverage` without `--report`, `calendar` without `--ics` and `lint` without SARIF",
    );
    if is_of_environment(cx) {
        error.hint(format!("`{}` names several; `--profile NAME` names one", env::PROFILE))
    } else {
        error
    }
}

fn is_of_environment(cx: &Context) -> bool {
    cx.global.profile.is_none() && !cx.global.all_profiles
}

/// Writes one report on several profiles. One that cannot be read is named in it.
async fn report_on(cx: &Context, names: &[String], args: &args::Report) -> Result<()> {
    let exceptions = report::begin(cx, args).await?;
    let each = names.iter().map(|name| async {
        let own = cx.on_profile(name);
        let read = report::read(&own, args).await;
        cx.ui.adopt(&own.ui);
        read
    });
    let (mut snapshots, mut failed) = (Vec::new(), Vec::new());
    for (name, read) in names.iter().zip(join_all(each).await) {
        match read {
            Ok(snapshot) => snapshots.push(snapshot),
            Err(error) => failed.push((name.clone(), error)),
        }
    }
    if snapshots.is_empty() {
        return Err(incomplete(&[], &failed, false));
    }
    let failed = failed.into_iter().map(|(profile, error)| Failed {
        profile,
        code: error.code.to_string(),
        message: error.message,
    });
    report::end(cx, args, exceptions, snapshots, failed.collect()).await
}

/// The columns that a table shows by itself.
const NONE: (&[&str], &[&str]) = (&[], &[]);

/// `columns` names those that the table shows besides its own, and those that it leaves out.
async fn gather<T: Resource>(
    cx: &Context,
    names: &[String],
    columns: (&[&str], &[&str]),
    list: impl AsyncFn(&Context) -> Result<()>,
) -> Result<()> {
    cx.answer_bare_columns::<T>()?;
    let (added, left_out) = columns;
    let mut listing = Listing::<T>::of_several(&cx.output).map_err(Error::usage)?.with_columns(added, left_out);
    let each = names.iter().map(|name| async {
        let own = cx.on_profile(name);
        let result = list(&own).await;
        cx.ui.adopt(&own.ui);
        let rows = own.gathering.and_then(std::cell::RefCell::into_inner);
        let (rows, is_cut) = rows
            .and_then(|rows| rows.downcast::<(Vec<Object<T>>, bool)>().ok())
            .map_or_else(Default::default, |rows| *rows);
        (rows, is_cut, result)
    });
    let (mut offered, mut is_any_cut) = (0, false);
    let (mut done, mut failed, mut found, mut is_any_shown) = (Vec::new(), Vec::new(), Vec::new(), false);
    for (name, (rows, is_cut, result)) in names.iter().zip(join_all(each).await) {
        match result {
            // What there is of a source with gaps is shown as well.
            Err(error) if error.exit == Exit::Partly => failed.push((name.clone(), error)),
            Err(error) if error.exit != Exit::Found => {
                failed.push((name.clone(), error));
                continue;
            }
            checked => {
                found.extend(checked.err().map(|error| (name.clone(), error)));
                done.push(name.clone());
            }
        }
        is_any_shown = true;
        is_any_cut |= is_cut;
        offered += rows.len();
        cx.ui.print(|out| rows.into_iter().try_for_each(|row| listing.push_from(Some(name), row, out).map(drop)))?;
    }
    if is_any_shown {
        finish(cx, listing)?;
        if let Some(limit) = cx.output.limit.filter(|limit| is_any_cut || offered > *limit) {
            note_limit(cx, limit)?;
        }
    }
    match (failed.is_empty(), found.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(findings(&found)),
        (false, _) => Err(incomplete(&done, &failed, is_any_shown)),
    }
}

/// Sums up what a check found in each profile.
fn findings(found: &[(String, Error)]) -> Error {
    let words: Vec<String> = found.iter().map(|(name, error)| format!("{name}: {}", error.message)).collect();
    let hints = found.first().map_or_else(Vec::new, |(_, error)| error.hints.clone());
    Error { hints, ..Error::new(Exit::Found, code::FOUND, words.join("; ")) }
}

/// Builds the error of a list that lacks profiles.
fn incomplete(done: &[String], failed: &[(String, Error)], is_any_shown: bool) -> Error {
    let name = |(name, error): &(String, Error)| match error.exit {
        Exit::Partly => format!("some of {name}"),
        _ => name.clone(),
    };
    let names: Vec<String> = failed.iter().map(name).collect();
    let words: Vec<String> =
        failed.iter().map(|(name, error)| format!("{name}: {} ({})", error.message, error.code)).collect();
    let details: Vec<_> =
        failed.iter().map(|(name, error)| json!({"profile": name, "error": error.to_json()["error"]})).collect();
    let (exit, code, message) = match (!is_any_shown, failed.first()) {
        (true, Some((_, first))) => {
            (first.exit, first.code.clone(), format!("no profile could be read: {}", words.join("; ")))
        }
        _ => (
            Exit::Partly,
            code::PARTLY_DONE.into(),
            format!("the list is incomplete, it lacks {}: {}", names.join(", "), words.join("; ")),
        ),
    };
    let mut hints: Vec<String> =
        failed.iter().flat_map(|(name, error)| error.hints.iter().map(move |hint| format!("{name}: {hint}"))).collect();
    hints.dedup();
    Error { hints, ..Error::new(exit, code, message).detail(json!({"done": done, "failed": details})) }
}
