//! Backups of OnApp servers.

use crate::model::Backup;
use crate::view::{Cell, Column, Resource, TimeFormat};

impl Resource for Backup {
    const PLURAL: &'static str = "backups";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |backup, _| Cell::text(backup.id.as_deref())).right(),
        Column::<Self>::new("vm", |backup, _| Cell::text(backup.machine.as_deref())).flexible().rank(1).wide(),
        Column::<Self>::new("type", |backup, _| Cell::text(backup.backup_type.as_deref())).rank(4),
        Column::<Self>::new("target", |backup, _| target(backup)).flexible().rank(2),
        Column::<Self>::new("initiated", |backup, _| Cell::text(backup.initiated.as_deref())).rank(5),
        Column::<Self>::new("size", |backup, _| Cell::gib(gib(backup))).size().rank(1),
        Column::<Self>::new("state", |backup, _| Cell::text(Some(backup.state()).filter(|state| *state != "-")))
            .state(),
        Column::<Self>::new("created", |backup, _| Cell::instant(backup.created_at)).time(),
        Column::<Self>::new("note", |backup, _| Cell::text(backup.note.as_deref())).flexible().rank(3),
        Column::<Self>::new("identifier", |backup, _| Cell::text(backup.identifier.as_deref())).wide(),
        Column::<Self>::new("built", |backup, _| Cell::instant(backup.built_at)).time().wide(),
        Column::<Self>::new("os", |backup, _| Cell::text(system(backup))).wide(),
        Column::<Self>::new("server", |backup, _| Cell::text(backup.backup_server_id.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

/// kB are read as KiB: that is how every known client shows them.
fn gib(backup: &Backup) -> Option<f64> {
    backup.size_kib.filter(|size| (0.0..1e15).contains(size)).map(|size| size / 1_048_576.0)
}

fn target(backup: &Backup) -> Cell<'_> {
    let kind = match backup.target_type.as_deref() {
        Some("VirtualMachine") => "vm",
        Some("Disk") => "disk",
        Some(other) => other,
        None => "",
    };
    let id = backup.target_id.as_deref().unwrap_or_default();
    Cell::text(Some(format!("{kind} {id}").trim().to_owned()))
}

fn system(backup: &Backup) -> Option<String> {
    let words = [backup.operating_system.as_deref(), backup.distribution.as_deref()];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Describes a backup in columns, for a list to choose from.
pub fn backup_choice(backup: &Backup, times: &TimeFormat) -> Vec<String> {
    let machine = backup.machine.as_deref().unwrap_or_default();
    let of_machine = backup.target_type.as_deref() == Some("VirtualMachine") && !machine.is_empty();
    let target = if of_machine { String::new() } else { target(backup).display(times) };
    let made = Cell::instant(backup.created_at).display(times);
    let (state, kind) = (backup.state(), backup.backup_type.clone().unwrap_or_default());
    vec![
        format!("{machine} {target}").trim().to_owned(),
        // How long ago that was is left out: there is little room.
        made.split(" (").next().unwrap_or_default().to_owned(),
        // What stands in the way of a restoration says more than the kind.
        if matches!(state, "ready" | "-") { kind } else { state.to_owned() },
        Cell::gib(gib(backup)).display(times),
        backup.id.clone().unwrap_or_default(),
    ]
}
