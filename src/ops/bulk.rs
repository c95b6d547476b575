//! The policies of a bulk change: selected by name, tag and filter from one complete inventory, and how they are written.

use std::collections::{BTreeSet, HashSet};

use super::guard::PolicySnapshot;
use super::inventory::Inventory;
use super::onapp_policies::of_cloud;
use super::pipeline::{Ask, Lock, Options};
use super::selection::{UnreadTags, check_tags, read_tags};
use super::sequence::FailurePolicy;
use crate::args::Bulk;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::Katapult;
use crate::model::{Choice, Fleet, Interval, Machine, Object, Owners, Policy, Selection};
use crate::onapp::OnApp;
use crate::view::Filters;

/// Columns of policies that Katapult's lists leave out.
pub const LEFT_OUT: [&str; 5] = ["schedule", "frequency", "time", "minute", "deletion"];

/// What selects policies, and how many may be written how.
pub struct Selector {
    selection: Selection,
    filters: Filters<Policy>,
    interval: Option<Interval>,
    max_changes: Option<usize>,
    failure_policy: FailurePolicy,
    /// The selection as it was typed.
    words: String,
}

/// What was selected.
pub struct Chosen {
    /// The policies, each read in full, in the list's order.
    pub policies: Vec<PolicySnapshot>,
    /// Those that may be meant and are left alone, since they or the tags of their VM cannot be read.
    pub unread: Vec<(String, Error)>,
    /// The inventory that they were selected from.
    pub fleet: Fleet,
}

impl Selector {
    /// Makes it of the command line; none where policies are named instead.
    ///
    /// # Errors
    /// Both, or options of a selection without one; a filter that cannot be read.
    pub fn new(cx: &Context, bulk: &Bulk, interval: Option<&Interval>, names: &[String]) -> Result<Option<Self>> {
        let selection = bulk.selecting.selection();
        let filters = &cx.output.filters;
        if !selection.is_positive() && filters.is_empty() {
            return match option_without_selection(bulk, interval) {
                None => Ok(None),
                Some(option) => Err(Error::usage(format!("`{option}` needs a selection"))
                    .hint("select policies with `--match`, `--tag` or `--filter`; `--match '*'` selects all")),
            };
        }
        if !names.is_empty() {
            return Err(Error::usage("policies cannot be both named and selected")
                .hint("name them, or select them with `--match`, `--tag` or `--filter`"));
        }
        check_tags(cx, &selection)?;
        let filters = filters.iter().map(|filter| format!("--filter {filter}"));
        let interval_words = interval.map(|interval| format!("--interval-is {interval}"));
        let words = std::iter::once(selection.words()).filter(|words| !words.is_empty()).chain(interval_words);
        Ok(Some(Self {
            words: words.chain(filters).collect::<Vec<_>>().join(" "),
            filters: Filters::parse(&cx.output.filters, &cx.output.times).map_err(Error::usage)?,
            interval: interval.cloned(),
            max_changes: bulk.max_changes,
            failure_policy: FailurePolicy { canary: bulk.canary.unwrap_or(1), ..FailurePolicy::of(bulk.keep_going) },
            selection,
        }))
    }

    /// Selects from an organization, whose lists must be complete.
    ///
    /// # Errors
    /// The API's; nothing is selected.
    pub async fn read(&self, cx: &Context, api: &Katapult) -> Result<Chosen> {
        let organization = api.find_organization(cx.organization()?).await?;
        let mut inventory = Inventory::fetch_complete(cx, api, organization).await?;
        let (named, unknown) = self.named(cx, &inventory.fleet, &LEFT_OUT);
        let (ids, mut unread) = self.tagged(cx, api, &mut inventory, named).await?;
        unread.extend(unknown);
        let mut details = inventory.details(cx, api, ids.clone()).await?;
        let policies =
            ids.into_iter().filter_map(|id| Some(PolicySnapshot::of(id.clone(), details.found.remove(&id)?)));
        let policies: Vec<PolicySnapshot> =
            policies.filter(|policy| self.filters.accept(&policy.before.model, &cx.output.times)).collect();
        unread.extend(details.unread);
        if policies.is_empty() && unread.is_empty() {
            return Err(self.nothing());
        }
        Ok(Chosen { policies, unread, fleet: inventory.fleet })
    }

    /// Selects from the policies of an OnApp cloud, whose lists must be complete and hold everything of each. VMs have no
    /// tags there.
    ///
    /// # Errors
    /// The API's; nothing is selected.
    pub async fn read_onapp(&self, cx: &Context, api: &OnApp) -> Result<(Vec<Object<Policy>>, Fleet)> {
        let (fleet, rows, walk) = of_cloud(cx, api).await?;
        walk.refuse_gap("policies")?;
        let (named, mut unknown) = self.named(cx, &fleet, &[]);
        if let Some((_, error)) = unknown.pop() {
            return Err(error);
        }
        let named: HashSet<String> = named.into_iter().collect();
        let is_chosen = |row: &Object<Policy>| row.model.id.as_ref().is_some_and(|id| named.contains(id));
        let chosen: Vec<Object<Policy>> = rows.into_iter().filter(is_chosen).collect();
        if chosen.is_empty() { Err(self.nothing()) } else { Ok((chosen, fleet)) }
    }

    /// The ids of the policies that are selected by names, interval and filters, except on columns that are not known yet;
    /// and the policies that may be left out by a name that is not known.
    fn named(&self, cx: &Context, fleet: &Fleet, unknown: &[&str]) -> (Vec<String>, Vec<(String, Error)>) {
        let owners = Owners::of(fleet);
        let is_meant = |policy: &&Policy| {
            (self.interval.is_none() || policy.schedule.interval == self.interval)
                && self.selection.selects_target_of(policy, &owners)
                && self.filters.accept_but(policy, &cx.output.times, unknown)
        };
        let (hidden, named): (Vec<&Policy>, Vec<&Policy>) = fleet
            .policies
            .iter()
            .filter(is_meant)
            .filter(|policy| policy.id.is_some())
            .partition(|policy| self.selection.is_name_unknown(policy, &owners));
        let ids = named.into_iter().filter_map(|policy| policy.id.clone()).collect();
        (ids, hidden.into_iter().map(|policy| (policy.id_text().to_owned(), unknown_name(policy))).collect())
    }

    /// Selects by tags; the second value are the policies whose VM's tags cannot be read.
    async fn tagged(
        &self,
        cx: &Context,
        api: &Katapult,
        inventory: &mut Inventory,
        named: Vec<String>,
    ) -> Result<(Vec<String>, Vec<(String, Error)>)> {
        if !self.selection.needs_tags() {
            return Ok((named, Vec::new()));
        }
        let fleet = &mut inventory.fleet;
        let is_named: HashSet<&str> = named.iter().map(String::as_str).collect();
        let needed: HashSet<String> = {
            let owners = Owners::of(fleet);
            let policies = fleet.policies.iter().filter(|policy| is_named.contains(policy.id_text()));
            policies.filter_map(|policy| owners.machine_of(policy)?.id.clone()).collect()
        };
        let is_needed = |machine: &Machine| machine.id.as_ref().is_some_and(|id| needed.contains(id));
        let tags: UnreadTags = read_tags(cx, api, &mut fleet.machines, is_needed).await?;
        let owners = Owners::of(fleet);
        let (mut ids, mut unread) = (Vec::new(), Vec::new());
        for policy in fleet.policies.iter().filter(|policy| is_named.contains(policy.id_text())) {
            let is_unread = |machine: &Machine| machine.id.as_ref().is_some_and(|id| tags.contains_key(id));
            let id = policy.id_text().to_owned();
            match self.selection.by_tags_of(policy, &owners, is_unread) {
                Choice::Selected => ids.push(id),
                Choice::LeftOut => {}
                Choice::Unknown => {
                    let machine = owners.machine_of(policy);
                    let cause = machine.and_then(|machine| tags.get(machine.id.as_ref()?));
                    unread.push((id, unknown_tags(policy, cause)));
                }
            }
        }
        Ok((ids, unread))
    }

    /// Says how many policies are written, and refuses more than `--max-changes`; a dry run only says so.
    ///
    /// # Errors
    /// There are too many; nothing was sent.
    pub fn check_limit(&self, cx: &Context, changing: usize, selected: usize) -> Result<()> {
        let Some(limit) = self.max_changes.filter(|limit| changing > *limit) else {
            cx.ui.note(&format!("{changing} of {selected} matching policies change"));
            return Ok(());
        };
        let message = format!("{changing} policies would change, more than `--max-changes {limit}`");
        if cx.global.dry_run {
            cx.ui.warn(&format!("{message}: without `--dry-run` this is refused and nothing is sent"));
            return Ok(());
        }
        Err(Error::usage(message).hint("nothing was sent; `--dry-run` shows what would change"))
    }

    /// How the writes are carried out: canaries first, always asked about on a terminal.
    pub fn options(&self, question: impl Into<String>, lock: Lock) -> Options {
        Options { ask: Ask::Always, failure_policy: self.failure_policy, ..Options::new(question, lock) }
    }

    fn nothing(&self) -> Error {
        let message = format!("no policy is selected by `{}`", self.words);
        Error::new(Exit::NotFound, "not_found", message)
            .hint("`bpctl policies list` shows the policies and their targets")
    }
}

/// The VMs and disks that have no policy left: label and id each, since several VMs may have one label.
#[derive(Debug, PartialEq, Eq)]
pub struct LeftWithout(BTreeSet<(String, Option<String>)>);

impl LeftWithout {
    /// Those that have a policy in `fleet`, and none when `deleted` are gone.
    pub fn of(fleet: &Fleet, deleted: &HashSet<&str>) -> Self {
        let owners = Owners::of(fleet);
        let owner = |policy: &Policy| match owners.machine_of(policy) {
            Some(machine) => (machine.label().to_owned(), machine.id.clone()),
            None => (policy.target.label().to_owned(), policy.target.id.clone()),
        };
        let (gone, left): (Vec<&Policy>, Vec<&Policy>) =
            fleet.policies.iter().partition(|policy| deleted.contains(policy.id_text()));
        let left: HashSet<_> = left.into_iter().map(owner).collect();
        Self(gone.into_iter().map(owner).filter(|owner| !left.contains(owner)).collect())
    }

    /// The warning that names them; none where there are none. `what` is what they lack: `policy`.
    pub fn warning(&self, what: &str) -> Option<String> {
        const NAMED: usize = 10;
        let more = self.0.len().saturating_sub(NAMED);
        let names = self.0.iter().take(NAMED).map(|(label, _)| label.as_str()).collect::<Vec<_>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!self.0.is_empty()).then(|| format!("left without any {what}: {names}{more}"))
    }
}

/// An option that needs a selection, and was given without one.
fn option_without_selection(bulk: &Bulk, interval: Option<&Interval>) -> Option<&'static str> {
    let given = [
        (!bulk.selecting.excluded.is_empty(), "--exclude"),
        (interval.is_some(), "--interval-is"),
        (bulk.max_changes.is_some(), "--max-changes"),
        (bulk.canary.is_some(), "--canary"),
        (bulk.keep_going, "--keep-going"),
    ];
    given.into_iter().find(|(is_given, _)| *is_given).map(|(_, option)| option)
}

fn unknown_name(policy: &Policy) -> Error {
    let id = policy.id_text();
    let message =
        format!("policy {id} was left alone: its VM is not listed, so whether `--exclude` leaves it out is not known");
    Error::new(Exit::Refused, code::UNREADABLE, message)
        .hint("name policies by their ids to change them whatever they belong to")
}

fn unknown_tags(policy: &Policy, cause: Option<&Error>) -> Error {
    let target = policy.target.label();
    let why = match cause {
        Some(error) => format!("the tags of its VM cannot be read: {}", error.message),
        None => format!("its target {target} is not a listed VM or disk, so its tags are unknown"),
    };
    Error::new(Exit::Refused, code::UNREADABLE, format!("policy {} was left alone: {why}", policy.id_text()))
}
