//! Virtual machines.

use crate::model::Machine;
use crate::view::{Cell, Column, Look, Noun, Sheet};

impl Noun for Machine {
    const PLURAL: &'static str = "virtual machines";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |machine, _| Cell::text(machine.id.as_deref())),
        Column::<Self>::new("name", |machine, _| Cell::text(machine.name.as_deref())),
        Column::<Self>::new("fqdn", |machine, _| Cell::text(machine.fqdn.as_deref().or(machine.hostname.as_deref()))),
        Column::<Self>::new("package", |machine, _| Cell::text(machine.package.as_deref())),
        Column::<Self>::new("zone", |machine, _| Cell::text(machine.zone.as_deref())),
        Column::<Self>::new("addresses", |machine, _| Cell::text(Some(machine.addresses.join(", ")))),
        Column::<Self>::new("identifier", |machine, _| Cell::text(machine.identifier.as_deref())).wide(),
        Column::<Self>::new("hostname", |machine, _| Cell::text(machine.hostname.as_deref())).wide(),
        Column::<Self>::new("state", |machine, _| Cell::text(machine.state.as_deref())).wide(),
        Column::<Self>::new("created", |machine, look| Cell::unix(machine.created_at, look)).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn sheet(&self, look: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.always("Virtual machine", self.id());
        sheet.line("Identifier", &Cell::text(self.identifier.as_deref()));
        sheet.line("Name", &Cell::text(self.name.as_deref()));
        sheet.line("Host name", &Cell::text(self.hostname.as_deref()));
        sheet.line("FQDN", &Cell::text(self.fqdn.as_deref()));
        sheet.line("Description", &Cell::text(self.description.as_deref()));
        sheet.line("State", &Cell::text(self.state.as_deref()));
        sheet.line("Package", &Cell::text(self.package.as_deref()));
        sheet.line("CPU cores", &Cell::number(self.cpu_cores));
        sheet.line("Memory", &Cell::text(self.memory.as_deref()));
        sheet.line("Zone", &Cell::text(self.zone.as_deref()));
        sheet.line("Addresses", &Cell::text(Some(self.addresses.join(", "))));
        sheet.line("Tags", &Cell::text(Some(self.tags.join(", "))));
        sheet.line("Created", &Cell::unix(self.created_at, look));
        sheet.section("Annotations");
        for (key, value) in &self.annotations {
            sheet.always(key, value);
        }
        sheet
    }
}
