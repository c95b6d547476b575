//! What `auth status` reports about credentials that the API accepted.

use serde_json::{Value, json};

use super::{Object, Organization};

/// Credentials that the API accepted.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The profile, if one is in use.
    pub profile: Option<String>,
    /// `katapult` or `onapp`.
    pub provider: String,
    /// The base URL.
    pub api_url: String,
    /// The OnApp user.
    pub user: Option<String>,
    /// The source of the token, in words; never the token.
    pub credentials: String,
    /// The organizations that the token has access to; none when it may not list them.
    pub organizations: Option<Vec<Organization>>,
    /// The organization that commands use when none is named.
    pub organization: Option<String>,
    /// Every write is refused.
    pub read_only: bool,
    /// OnApp's version.
    pub version: Option<String>,
    /// Requests that the API permits in a minute.
    pub rate_permitted: Option<u64>,
    /// Requests that are left in this minute.
    pub rate_remaining: Option<u64>,
}

impl Session {
    /// Returns the session with its documented JSON form.
    pub fn object(self) -> Object<Self> {
        let organizations = self.organizations.as_ref().map_or(Value::Null, |all| {
            let one =
                |found: &Organization| json!({"id": found.id, "name": found.name, "sub_domain": found.sub_domain});
            all.iter().map(one).collect()
        });
        let raw = json!({
            "profile": self.profile,
            "provider": self.provider,
            "api_url": self.api_url,
            "user": self.user,
            "credentials": self.credentials,
            "valid": true,
            "organization": self.organization,
            "organizations": organizations,
            "read_only": self.read_only,
            "version": self.version,
            "rate_limit": {"permitted": self.rate_permitted, "remaining": self.rate_remaining},
        });
        Object { model: self, raw }
    }
}
