//! Disks.

use crate::model::Disk;
use crate::view::{Cell, Column, Look, Noun, Sheet};

impl Noun for Disk {
    const PLURAL: &'static str = "disks";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |disk, _| Cell::text(disk.id.as_deref())),
        Column::<Self>::new("name", |disk, _| Cell::text(disk.name.as_deref())),
        Column::<Self>::new("size", |disk, _| size(disk)).right(),
        Column::<Self>::new("state", |disk, _| Cell::text(disk.state.as_deref())),
        Column::<Self>::new("vm", |disk, _| Cell::text(machine(disk))),
        Column::<Self>::new("vm_id", |disk, _| Cell::text(disk.machine_id.as_deref())).wide(),
        Column::<Self>::new("attachment", |disk, _| Cell::text(disk.attachment.as_deref())).wide(),
        Column::<Self>::new("boot", |disk, _| Cell::flag(disk.boot)).wide(),
        Column::<Self>::new("wwn", |disk, _| Cell::text(disk.wwn.as_deref())).wide(),
        Column::<Self>::new("speed", |disk, _| Cell::text(disk.storage_speed.as_deref())).wide(),
        Column::<Self>::new("bus", |disk, _| Cell::text(disk.bus_type.as_deref())).wide(),
        Column::<Self>::new("data_center", |disk, _| Cell::text(disk.data_center.as_deref())).wide(),
        Column::<Self>::new("created", |disk, look| Cell::unix(disk.created_at, look)).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn sheet(&self, look: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.always("Disk", self.id());
        sheet.line("Name", &Cell::text(self.name.as_deref()));
        sheet.line("Size", &size(self));
        sheet.line("State", &Cell::text(self.state.as_deref()));
        sheet.line("WWN", &Cell::text(self.wwn.as_deref()));
        sheet.line("Created", &Cell::unix(self.created_at, look));
        sheet.line("Storage speed", &Cell::text(self.storage_speed.as_deref()));
        sheet.line("I/O profile", &Cell::text(self.io_profile.as_deref()));
        sheet.line("Bus", &Cell::text(self.bus_type.as_deref()));
        sheet.line("Data centre", &Cell::text(self.data_center.as_deref()));
        sheet.section("Virtual machine");
        match machine(self) {
            None => sheet.always("Assigned", "to none"),
            Some(machine) => {
                sheet.always("Assigned", &format!("to {machine}"));
                sheet.line("Id", &Cell::text(self.machine_id.as_deref()));
                sheet.line("Attachment", &Cell::text(self.attachment.as_deref()));
                sheet.line("Boot disk", &Cell::flag(self.boot));
                sheet.line("Attach on boot", &Cell::flag(self.attach_on_boot));
            }
        }
        if let Some(installation) = &self.installation {
            sheet.section("Installation");
            sheet.line("Template", &Cell::text(installation.template.as_deref()));
            sheet.line("Permalink", &Cell::text(installation.permalink.as_deref()));
            sheet.line("Description", &Cell::text(installation.description.as_deref()));
            sheet.line("Installation id", &Cell::text(installation.id.as_deref()));
            sheet.line("Version", &Cell::text(installation.version.as_deref()));
            sheet.line("Stable", &Cell::flag(installation.stable));
            sheet.line("Operating system", &Cell::text(installation.operating_system.as_deref()));
            for (label, value) in &installation.attributes {
                sheet.always(label, value);
            }
        }
        sheet.section("Annotations");
        for (key, value) in &self.annotations {
            sheet.always(key, value);
        }
        sheet
    }
}

/// The API's field says GB; the disks are sized in GiB (inferred), and shown so.
#[expect(clippy::cast_precision_loss, reason = "disk sizes are far below 2^52")]
fn size(disk: &Disk) -> Cell {
    let mut cell = Cell::gib(disk.size_in_gb.map(|size| size as f64));
    if let Some(size) = disk.size_in_gb {
        cell.text = format!("{size} GiB");
    }
    cell
}

fn machine(disk: &Disk) -> Option<&str> {
    disk.machine_fqdn.as_deref().or(disk.machine_id.as_deref())
}
