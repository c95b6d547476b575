//! One list over several profiles: they are read side by side, and each row says where it came from.
//!
//! Only lists that read do this. A profile that fails is reported and the others are shown; a list that lacks one
//! ends in an error that names it, so that it never looks complete.

use super::{backup, calendar, coverage, disk, gather, lint, org, policy, report, trash, vm};
use crate::args;
use crate::args::{BackupsCommand, Command, DiskCommand, OrgCommand, PolicyCommand, TrashCommand, VmCommand};
use crate::config::env;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::report::Failed;
use crate::model::{Backup, BackupCosts, BackupLimit, BackupUsage, Disk, Machine, Organization, Policy, TrashObject};
use crate::view::Resource;

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
        return Err(Error::usage("`--sandbox` cannot be used with several profiles")
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
        return Err(Error::usage("`--api-url` and `--provider` cannot be used with several profiles")
            .hint("each profile has its own"));
    }
    match command {
        Command::Policies(PolicyCommand::List(args)) => {
            list::<Policy>(cx, names, policy::list::columns(&args), async |cx| policy::list(cx, args.clone()).await)
                .await
        }
        Command::Vm(VmCommand::List(args)) => {
            list::<Machine>(cx, names, NONE, async |cx| vm::run(cx, VmCommand::List(args.clone())).await).await
        }
        Command::Disk(DiskCommand::List(args)) => {
            list::<Disk>(cx, names, NONE, async |cx| disk::run(cx, DiskCommand::List(args.clone())).await).await
        }
        Command::Org(OrgCommand::List) => {
            list::<Organization>(cx, names, NONE, async |cx| org::run(cx, OrgCommand::List).await).await
        }
        Command::Trash(TrashCommand::List) => {
            list::<TrashObject>(cx, names, NONE, async |cx| trash::run(cx, TrashCommand::List).await).await
        }
        Command::Backups(BackupsCommand::List(args)) => {
            list::<Backup>(cx, names, backup::list::columns(&args), async |cx| {
                backup::run(cx, BackupsCommand::List(args.clone())).await
            })
            .await
        }
        Command::Backups(BackupsCommand::Usage(args)) => {
            list::<BackupUsage>(cx, names, NONE, async |cx| backup::run(cx, BackupsCommand::Usage(args.clone())).await)
                .await
        }
        Command::Backups(BackupsCommand::Limits(args)) => {
            list::<BackupLimit>(cx, names, NONE, async |cx| backup::run(cx, BackupsCommand::Limits(args.clone())).await)
                .await
        }
        Command::Backups(BackupsCommand::Costs(args)) => {
            list::<BackupCosts>(cx, names, NONE, async |cx| backup::run(cx, BackupsCommand::Costs(args.clone())).await)
                .await
        }
        Command::Coverage(args) => coverage::run_on(cx, names, &args).await,
        Command::Calendar(args) => calendar::run_on(cx, names, &args).await,
        Command::Lint(args) if args.explain.is_none() && !args.list_codes => lint::run_on(cx, names, &args).await,
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
        Command::Schema(_) | Command::Completions(_) | Command::Man(_) => true,
        _ => false,
    }
}

fn one_only(cx: &Context) -> Error {
    let error = Error::usage("this takes one profile").hint(
        "several profiles work with `policies list`, `vm list`, `disk list`, `org list`, `trash list`, \
         `backups list`, `check`, `coverage`, `calendar`, `lint` and `report`",
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
    let (mut snapshots, mut ends) = (Vec::new(), gather::ProfileResults::default());
    for (name, read) in gather::read_each(cx, names, async |own| report::read(own, args).await).await {
        let read = read.map(|snapshot| snapshots.push(snapshot));
        ends.add(&name, read);
    }
    if snapshots.is_empty() {
        return ends.conclude();
    }
    let failed = ends.failed().iter().map(|(profile, error)| Failed {
        profile: profile.clone(),
        code: error.code.to_string(),
        message: error.message.clone(),
    });
    report::end(cx, args, exceptions, snapshots, failed.collect()).await
}

/// The columns that a table shows by itself.
const NONE: (&[&str], &[&str]) = (&[], &[]);

/// `columns` names those that the table shows besides its own, and those that it leaves out.
async fn list<T: Resource>(
    cx: &Context,
    names: &[String],
    (added, left_out): (&[&str], &[&str]),
    list: impl AsyncFn(&Context) -> Result<()>,
) -> Result<()> {
    let listing = gather::begin::<T>(cx)?.with_columns(added, left_out);
    let gathered = gather::list_each(cx, names, list).await;
    gather::print(cx, listing, gathered, Vec::new())
}
