//! Organizations.

use crate::model::Organization;
use crate::view::{Cell, Column, Look, Noun, Sheet};

impl Noun for Organization {
    const PLURAL: &'static str = "organizations";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |organization, _| Cell::text(organization.id.as_deref())),
        Column::<Self>::new("name", |organization, _| Cell::text(organization.name.as_deref())),
        Column::<Self>::new("sub_domain", |organization, _| Cell::text(organization.sub_domain.as_deref())),
        Column::<Self>::new("domain", |organization, _| Cell::text(organization.infrastructure_domain.as_deref()))
            .wide(),
        Column::<Self>::new("suspended", |organization, _| Cell::flag(organization.suspended)).wide(),
        Column::<Self>::new("created", |organization, look| Cell::unix(organization.created_at, look)).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn sheet(&self, look: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.always("Organization", self.id());
        sheet.line("Name", &Cell::text(self.name.as_deref()));
        sheet.line("Sub-domain", &Cell::text(self.sub_domain.as_deref()));
        sheet.line("Domain", &Cell::text(self.infrastructure_domain.as_deref()));
        sheet.line("Suspended", &Cell::flag(self.suspended));
        sheet.line("Created", &Cell::unix(self.created_at, look));
        sheet
    }
}
