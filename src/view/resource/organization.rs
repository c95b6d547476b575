//! Organizations.

use crate::model::Organization;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Organization {
    const PLURAL: &'static str = "organizations";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("id", |organization, _| Cell::text(organization.id.as_deref())),
        Column::<Self>::new("name", |organization, _| Cell::text(organization.name.as_deref())).flexible(),
        Column::<Self>::new("sub_domain", |organization, _| Cell::text(organization.sub_domain.as_deref()))
            .flexible()
            .rank(1),
        Column::<Self>::new("domain", |organization, _| Cell::text(organization.infrastructure_domain.as_deref()))
            .wide(),
        Column::<Self>::new("suspended", |organization, _| Cell::flag(organization.suspended)).wide(),
        Column::<Self>::new("created", |organization, _| Cell::unix(organization.created_at)).time().wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("Organization", self.id());
        details.optional("Name", &Cell::text(self.name.as_deref()));
        details.optional("Sub-domain", &Cell::text(self.sub_domain.as_deref()));
        details.optional("Domain", &Cell::text(self.infrastructure_domain.as_deref()));
        details.optional("Suspended", &Cell::flag(self.suspended));
        details.optional("Created", &Cell::unix(self.created_at));
        details
    }
}
