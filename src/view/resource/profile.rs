//! Profiles of the config file.

use crate::model::ProfileSummary;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for ProfileSummary {
    const PLURAL: &'static str = "profiles";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("profile", |profile, _| Cell::text(Some(profile.name.as_str()))),
        Column::<Self>::new("in_use", |profile, _| Cell::text(profile.is_in_use.then_some("yes"))),
        Column::<Self>::new("provider", |profile, _| Cell::text(Some(profile.provider.as_str()))),
        Column::<Self>::new("organization", |profile, _| Cell::text(profile.organization.as_deref())),
        Column::<Self>::new("credentials", |profile, _| Cell::text(profile.credentials.as_deref())),
        Column::<Self>::new("api_url", |profile, _| Cell::text(profile.api_url.as_deref())),
        Column::<Self>::new("user", |profile, _| Cell::text(profile.user.as_deref())).wide(),
        Column::<Self>::new("read_only", |profile, _| Cell::text(profile.read_only.then_some("yes"))).wide(),
    ];

    fn id(&self) -> &str {
        &self.name
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("Profile", &self.name);
        details.field("Provider", &self.provider);
        details.optional("Credentials", &Cell::text(self.credentials.as_deref()));
        details
    }
}
