//! What is known of credentials that work.

use serde_json::{Value, json};

use super::{Object, Organization};

/// Credentials that were checked with one request.
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
    /// Where the token comes from, in words; never the token.
    pub credentials: String,
    /// What the token sees; none when it may not say.
    pub organizations: Option<Vec<Organization>>,
    /// The organization that commands use when none is named.
    pub organization: Option<String>,
    /// OnApp's version.
    pub version: Option<String>,
    /// Requests that a rate window permits.
    pub rate_permitted: Option<u64>,
    /// Requests that are left in it.
    pub rate_remaining: Option<u64>,
}

impl Session {
    /// Gives it with its documented JSON form.
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
            "version": self.version,
            "rate_limit": {"permitted": self.rate_permitted, "remaining": self.rate_remaining},
        });
        Object { model: self, raw }
    }
}
