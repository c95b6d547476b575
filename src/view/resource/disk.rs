//! Disks.

use crate::model::{Disk, Installation, Reference, TemplateVersion};
use crate::view::{Cell, Column, Details, Resource, TimeFormat, size_words};

impl Resource for Disk {
    const PLURAL: &'static str = "disks";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |disk, _| Cell::text(disk.id.as_deref())),
        Column::<Self>::new("name", |disk, _| Cell::text(disk.name.as_deref())).flexible(),
        Column::<Self>::new("size", |disk, _| size(disk.size_in_gb)).size().rank(1),
        Column::<Self>::new("state", |disk, _| Cell::text(disk.state.as_deref())).state().rank(3),
        Column::<Self>::new("vm", |disk, _| Cell::text(machine(disk))).flexible().rank(2),
        Column::<Self>::new("vm_id", |disk, _| Cell::text(disk.machine_id.as_deref())).wide(),
        Column::<Self>::new("attachment", |disk, _| Cell::text(disk.attachment.as_deref())).wide(),
        Column::<Self>::new("boot", |disk, _| Cell::flag(disk.boot)).wide(),
        Column::<Self>::new("wwn", |disk, _| Cell::text(disk.wwn.as_deref())).wide(),
        Column::<Self>::new("speed", |disk, _| Cell::text(disk.storage_speed.as_deref())).wide(),
        Column::<Self>::new("bus", |disk, _| Cell::text(disk.bus_type.as_deref())).wide(),
        Column::<Self>::new("data_center", |disk, _| Cell::text(disk.data_center.name.as_deref())).wide(),
        Column::<Self>::new("created", |disk, _| Cell::unix(disk.created_at)).time().wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("Disk", self.id());
        details.optional("Name", &Cell::text(self.name.as_deref()));
        details.optional("Size", &size(self.size_in_gb));
        details.optional("State", &Cell::text(self.state.as_deref()));
        details.optional("WWN", &Cell::text(self.wwn.as_deref()));
        details.optional("Created", &Cell::unix(self.created_at));
        details.optional("Storage speed", &Cell::text(self.storage_speed.as_deref()));
        details.optional("I/O profile", &reference(&self.io_profile));
        details.optional("I/O limits", &Cell::text(self.io_limits.as_deref()));
        details.optional("Bus", &Cell::text(self.bus_type.as_deref()));
        details.optional("Data centre", &reference(&self.data_center));
        details.section("VM");
        match machine(self) {
            None => details.field("Assigned", "to none"),
            Some(machine) => {
                details.field("Assigned", &format!("to {machine}"));
                details.optional("Id", &Cell::text(self.machine_id.as_deref()));
                details.optional("Attachment", &Cell::text(self.attachment.as_deref()));
                details.optional("Boot disk", &Cell::flag(self.boot));
                details.optional("Attach on boot", &Cell::flag(self.attach_on_boot));
            }
        }
        if let Some(installation) = &self.installation {
            install(&mut details, installation);
        }
        details.section("Annotations");
        for (key, value) in &self.annotations {
            details.field(key, value);
        }
        details
    }
}

fn install(details: &mut Details, installation: &Installation) {
    details.section("Installation");
    details.optional("Installation id", &Cell::text(installation.id.as_deref()));
    details.optional("Template", &reference(&installation.template));
    details.optional("Description", &Cell::text(installation.description.as_deref()));
    details.optional("Universal", &Cell::flag(installation.universal));
    details.optional("Template size", &size(installation.template_size_in_gb));
    details.optional("Version", &version(&installation.version));
    details.optional("Latest version", &version(&installation.latest_version));
    details.optional("Operating system", &reference(&installation.operating_system));
    details.optional("Badge", &Cell::text(installation.badge.as_deref()));
    for (label, value, description) in &installation.attributes {
        match description {
            Some(description) => details.field(label, &format!("{value}  ({description})")),
            None => details.field(label, value),
        }
    }
}

/// `SSD (ssd)  iop_…`: what people call it, then what commands take.
fn reference(reference: &Reference) -> Cell<'static> {
    let called = match (&reference.name, &reference.permalink) {
        (Some(name), Some(permalink)) => Some(format!("{name} ({permalink})")),
        (name, permalink) => name.as_ref().or(permalink.as_ref()).cloned(),
    };
    spaced([called, reference.id.clone()])
}

/// `4, stable, 10 GiB  dtplv_…`
fn version(version: &TemplateVersion) -> Cell<'static> {
    let stable = version.stable.map(|stable| if stable { "stable" } else { "not stable" }.to_owned());
    let size = version.size_in_gb.map(size_words);
    let facts: Vec<String> =
        [version.number.map(|number| number.to_string()), stable, size].into_iter().flatten().collect();
    spaced([(!facts.is_empty()).then(|| facts.join(", ")), version.id.clone()])
}

/// Separates the values by more than one space.
fn spaced(parts: [Option<String>; 2]) -> Cell<'static> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Cell::text((!parts.is_empty()).then(|| parts.join("  ")))
}

/// The API's field says GB; disks are sized in GiB (inferred).
fn size(size_in_gb: Option<i64>) -> Cell<'static> {
    size_in_gb.map_or(Cell::Absent, Cell::WholeSize)
}

fn machine(disk: &Disk) -> Option<&str> {
    disk.machine_fqdn.as_deref().or(disk.machine_id.as_deref())
}
