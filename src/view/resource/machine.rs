//! Virtual machines.

use crate::model::Machine;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Machine {
    const PLURAL: &'static str = "VMs";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |machine, _| Cell::text(machine.id.as_deref())),
        Column::<Self>::new("name", |machine, _| Cell::text(machine.name.as_deref())).flexible(),
        Column::<Self>::new("fqdn", |machine, _| Cell::text(machine.fqdn.as_deref().or(machine.hostname.as_deref())))
            .flexible()
            .rank(1),
        Column::<Self>::new("package", |machine, _| Cell::text(machine.package.as_deref())).flexible().rank(4),
        Column::<Self>::new("zone", |machine, _| Cell::text(machine.zone.as_deref())).flexible().rank(3),
        Column::<Self>::new("addresses", |machine, _| Cell::text(Some(machine.addresses.join(", "))))
            .flexible()
            .rank(2),
        Column::<Self>::new("identifier", |machine, _| Cell::text(machine.identifier.as_deref())).wide(),
        Column::<Self>::new("hostname", |machine, _| Cell::text(machine.hostname.as_deref())).wide(),
        Column::<Self>::new("state", |machine, _| Cell::text(machine.state.as_deref())).state().wide(),
        Column::<Self>::new("created", |machine, _| Cell::unix(machine.created_at)).time().wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("VM", self.id());
        details.optional("Identifier", &Cell::text(self.identifier.as_deref()));
        details.optional("Name", &Cell::text(self.name.as_deref()));
        details.optional("Host name", &Cell::text(self.hostname.as_deref()));
        details.optional("FQDN", &Cell::text(self.fqdn.as_deref()));
        details.optional("Description", &Cell::text(self.description.as_deref()));
        details.optional("State", &Cell::text(self.state.as_deref()));
        details.optional("Package", &Cell::text(self.package.as_deref()));
        details.optional("CPU cores", &Cell::number(self.cpu_cores));
        details.optional("Memory", &Cell::text(self.memory.as_deref()));
        details.optional("Zone", &Cell::text(self.zone.as_deref()));
        details.optional("Addresses", &Cell::text(Some(self.addresses.join(", "))));
        details.optional("Tags", &Cell::text(Some(self.tags.join(", "))));
        details.optional("Created", &Cell::unix(self.created_at));
        details.section("Annotations");
        for (key, value) in &self.annotations {
            details.field(key, value);
        }
        details
    }
}
