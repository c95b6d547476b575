//! A profile of the config file, without its secrets.

use serde_json::json;

use super::Object;

/// A profile as `auth list` shows it.
#[derive(Clone, Debug)]
pub struct ProfileSummary {
    pub name: String,
    /// Commands use it unless another one is named.
    pub is_in_use: bool,
    /// `katapult` or `onapp`.
    pub provider: String,
    /// The base URL; none where the profile leaves it open and the provider has no default.
    pub api_url: Option<String>,
    pub organization: Option<String>,
    /// The OnApp user.
    pub user: Option<String>,
    /// The keys that the token comes from; none where there are none.
    pub credentials: Option<String>,
    /// Every write is refused.
    pub read_only: bool,
}

impl ProfileSummary {
    /// Adds its documented JSON form.
    pub fn object(self) -> Object<Self> {
        let raw = json!({
            "profile": self.name,
            "in_use": self.is_in_use,
            "provider": self.provider,
            "api_url": self.api_url,
            "organization": self.organization,
            "user": self.user,
            "credentials": self.credentials,
            "read_only": self.read_only,
        });
        Object { model: self, raw }
    }
}
