//! Credentials that work.

use crate::model::{Organization, Session};
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Session {
    const PLURAL: &'static str = "sessions";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("profile", |session, _| Cell::text(session.profile.as_deref())).flexible(),
        Column::<Self>::new("provider", |session, _| Cell::text(Some(session.provider.as_str()))).rank(2),
        Column::<Self>::new("api_url", |session, _| Cell::text(Some(session.api_url.as_str()))).flexible().rank(1),
        Column::<Self>::new("user", |session, _| Cell::text(session.user.as_deref())).flexible().rank(3),
        Column::<Self>::new("credentials", |session, _| Cell::text(Some(session.credentials.as_str()))).flexible(),
        Column::<Self>::new("organizations", |session, _| Cell::text(organizations(session))).flexible().rank(4),
        Column::<Self>::new("version", |session, _| Cell::text(session.version.as_deref())).wide(),
        Column::<Self>::new("permitted", |session, _| number(session.rate_permitted)).wide().number(),
        Column::<Self>::new("remaining", |session, _| number(session.rate_remaining)).wide().number(),
    ];

    fn id(&self) -> &str {
        self.profile.as_deref().unwrap_or_default()
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field("Profile", self.profile.as_deref().unwrap_or("(none)"));
        details.field("Provider", &self.provider);
        details.field("API URL", &self.api_url);
        details.optional("User", &Cell::text(self.user.as_deref()));
        details.field("Credentials", &format!("{} (valid)", self.credentials));
        if self.read_only {
            details.field("Mode", "read-only: every write is refused");
        }
        details.optional("Organization", &Cell::text(self.organization.as_deref()));
        details.optional("Has access to", &Cell::text(organizations(self)));
        details.optional("Version", &Cell::text(self.version.as_deref()));
        if let (Some(left), Some(permitted)) = (self.rate_remaining, self.rate_permitted) {
            details.field("Rate limit", &format!("{left} of {permitted} requests left in this minute"));
        }
        details
    }
}

/// Names the organizations that the token has access to, with what `--org` takes.
fn organizations(session: &Session) -> Option<String> {
    let one = |organization: &Organization| {
        let key = organization.key().unwrap_or("-");
        match organization.name.as_deref() {
            Some(name) => format!("{name} ({key})"),
            None => key.to_owned(),
        }
    };
    session.organizations.as_ref().map(|all| all.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn number(number: Option<u64>) -> Cell<'static> {
    Cell::number(number.and_then(|number| i64::try_from(number).ok()))
}
