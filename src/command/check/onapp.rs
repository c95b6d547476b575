//! What a check reads of an OnApp cloud: the backups of each VM, and what else the verdict depends on.
//!
//! Where backups hold whole VMs and are recent, the list of VMs and one request for each VM are enough. Disks are read
//! where disks are backed up, recovery points where the backups alone are too old, schedules for `--per-policy`.

use std::cell::Cell;
use std::collections::HashMap;

use futures_util::stream::{self, StreamExt};
use tokio::sync::OnceCell;

use super::source::{Source, refuse_ambiguous, server_now};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::model::check::backups::{Evidence, Found, judge};
use crate::model::check::{Basis, Limits, MachineCheck, Status};
use crate::model::{Disk, Machine, Object, Policy, Selected, Selection, TargetKind};
use crate::onapp::{Kind, Listed, OnApp, ScheduleOwner};
use crate::ops::onapp_fleet::{is_closed, is_deleted};
use crate::ops::onapp_policies::schedules_of;
use crate::ops::selection::check_tags;

/// Reads and judges the VMs that are selected.
pub async fn read(cx: &Context, selection: &Selection, limits: &Limits) -> Result<Source> {
    check_tags(cx, selection)?;
    let api = cx.onapp()?;
    let mut machines = Vec::new();
    let walk = api.machine_models(&mut |machine| machines.push(machine)).await?;
    let gaps = walk.gap.map(|gap| gap.describe("VMs")).into_iter().collect();
    let is_empty = machines.is_empty();
    let Selected { machines, missing, ambiguous } = selection.by_name(machines);
    refuse_ambiguous(&ambiguous)?;
    let bar = cx.ui.progress("reading the backups of VMs");
    bar.length(machines.len());
    let width = api.http().concurrency();
    let cloud = Cloud {
        cx,
        api,
        limits,
        is_large: machines.len() > width,
        disks: OnceCell::new(),
        schedules: OnceCell::new(),
        points: Cell::new(Points::Unknown),
    };
    let each = stream::iter(machines).map(async |machine| {
        let check = cloud.check(&machine).await;
        bar.step(1);
        check
    });
    let machines = each.buffer_unordered(width).filter_map(std::future::ready).collect().await;
    Ok(Source { machines, missing, gaps, is_empty, ..Source::default() })
}

/// Whether the cloud has recovery points.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Points {
    Unknown,
    /// It does not know the path.
    NotOffered,
    /// This user may not read them.
    Forbidden,
}

/// Enabled schedules: of VMs, and of disks, by their numbers.
#[derive(Default)]
struct Schedules {
    of_machines: HashMap<String, Vec<Policy>>,
    of_disks: HashMap<String, Vec<Policy>>,
}

/// A cloud, and what was read of it as a whole.
struct Cloud<'c> {
    cx: &'c Context,
    api: &'c OnApp,
    limits: &'c Limits,
    /// Whether a list of everything is worth its request.
    is_large: bool,
    /// The disks of all VMs; none where there is no such list.
    disks: OnceCell<Option<HashMap<String, Vec<Disk>>>>,
    /// The schedules of all VMs and disks; none where there is no such list.
    schedules: OnceCell<Option<Schedules>>,
    points: Cell<Points>,
}

impl Cloud<'_> {
    /// Judges a VM; none where it was deleted meanwhile.
    async fn check(&self, machine: &Machine) -> Option<MachineCheck> {
        let unread = |reason: String| MachineCheck::unread(Basis::Backups, machine, reason);
        let Some(id) = machine.id.as_deref() else {
            return Some(unread("it has no id".to_owned()));
        };
        match self.judged(machine, id).await {
            Ok(check) => Some(check),
            Err(error) if error.exit == Exit::NotFound && is_deleted(self.api, id).await => {
                self.cx.ui.note(&format!("{} was deleted meanwhile", machine.label()));
                None
            }
            Err(error) => Some(unread(format!("{} ({})", error.message, error.code))),
        }
    }

    async fn judged(&self, machine: &Machine, id: &str) -> Result<MachineCheck> {
        let mut found = Found::default();
        self.add(&mut found, id, Kind::All).await.map_err(because("its backups could not be read"))?;
        let needs_disks = found.needs_disks() || self.limits.is_per_policy;
        let disks = if needs_disks {
            Some(self.disks_of(id).await.map_err(because("its disks could not be read"))?)
        } else {
            None
        };
        let policies = if self.limits.is_per_policy {
            let disks = disks.as_deref().unwrap_or_default();
            Some(self.policies_of(id, disks).await.map_err(because("its schedules could not be read"))?)
        } else {
            None
        };
        let verdict = |found: &Found| {
            let evidence = Evidence { found, disks: disks.as_deref(), policies: policies.as_deref() };
            judge(machine, &evidence, self.limits, server_now(self.cx, self.api.http()))
        };
        let check = verdict(&found);
        if check.status == Status::Ok || self.points.get() == Points::NotOffered {
            return Ok(check);
        }
        if self.points.get() == Points::Unknown {
            match self.add(&mut found, id, Kind::Points).await {
                Ok(()) => return Ok(verdict(&found)),
                // A VM that was deleted meanwhile says nothing of the cloud.
                Err(error) if error.status == Some(404) && is_deleted(self.api, id).await => return Err(error),
                Err(error) if error.status == Some(404) => {
                    self.points.set(Points::NotOffered);
                    return Ok(check);
                }
                Err(error) if is_closed(&error) => self.points.set(Points::Forbidden),
                Err(error) => {
                    let why = format!("{}; its recovery points could not be read", check.reason);
                    return Err(because(&why)(error));
                }
            }
        }
        let reason = format!("{}; its recovery points may not be read", check.reason);
        Ok(MachineCheck { reason, ..check })
    }

    /// Adds the backups of a list to what was found. A list with a gap is an error.
    async fn add(&self, found: &mut Found, id: &str, kind: Kind) -> Result<()> {
        let walk = self.api.backup_models(id, kind, &mut |backup| found.add(&backup)).await?;
        walk.refuse_gap("backups")
    }

    async fn disks_of(&self, id: &str) -> Result<Vec<Disk>> {
        let of_all = if self.is_large { self.disks.get_or_init(|| self.all_disks()).await.as_ref() } else { None };
        if let Some(disks) = of_all.and_then(|all| all.get(id)) {
            return Ok(disks.clone());
        }
        let Listed { rows, walk } = self.api.all_disks(id).await?;
        walk.refuse_gap("disks")?;
        Ok(rows.into_iter().map(|disk| disk.model).collect())
    }

    /// Lists the disks of the cloud, by VM. Where that is not possible, those of each VM are listed.
    async fn all_disks(&self) -> Option<HashMap<String, Vec<Disk>>> {
        let mut all: HashMap<String, Vec<Disk>> = HashMap::new();
        let mut keep = |disk: Disk| {
            if let Disk { id, is_swap, machine_id: Some(machine), .. } = disk {
                all.entry(machine).or_default().push(Disk { id, is_swap, ..Disk::default() });
            }
        };
        let walk = self.api.disk_models(&mut keep).await.ok()?;
        walk.gap.is_none().then_some(all)
    }

    /// The enabled policies of a VM and of these disks of it.
    async fn policies_of(&self, id: &str, disks: &[Disk]) -> Result<Vec<Policy>> {
        let of_all =
            if self.is_large { self.schedules.get_or_init(|| self.all_schedules()).await.as_ref() } else { None };
        if let Some(all) = of_all {
            return Ok(all.of(id, disks));
        }
        let Listed { rows, walk } = schedules_of(self.api, id, disks.iter()).await?;
        walk.refuse_gap("schedules")?;
        Ok(Schedules::new(rows).of(id, disks))
    }

    async fn all_schedules(&self) -> Option<Schedules> {
        let Listed { rows, walk } = self.api.schedules(ScheduleOwner::Cloud).await.ok()?;
        walk.gap.is_none().then(|| Schedules::new(rows))
    }
}

impl Schedules {
    fn new(rows: Vec<Object<Policy>>) -> Self {
        let mut this = Self::default();
        for policy in rows.into_iter().map(|row| row.model).filter(Policy::is_enabled) {
            let by_id = match policy.target.kind {
                TargetKind::Disk => &mut this.of_disks,
                TargetKind::VirtualMachine => &mut this.of_machines,
                TargetKind::Other | TargetKind::Unknown => continue,
            };
            by_id.entry(policy.target.id.clone().unwrap_or_default()).or_default().push(policy);
        }
        this
    }

    fn of(&self, machine: &str, disks: &[Disk]) -> Vec<Policy> {
        let of_disks = disks.iter().filter_map(|disk| self.of_disks.get(disk.id.as_deref()?));
        self.of_machines.get(machine).into_iter().chain(of_disks).flatten().cloned().collect()
    }
}

/// Prefixes an error with what could not be read.
fn because(what: &str) -> impl FnOnce(Error) -> Error {
    move |error| Error { message: format!("{what}: {}", error.message), ..error }
}
