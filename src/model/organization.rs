//! Organizations.

#[derive(Clone, Debug, Default)]
pub struct Organization {
    /// The id: `org_…`.
    pub id: Option<String>,
    pub name: Option<String>,
    /// Its sub-domain: what `KATAPULT_ORGANIZATION` holds.
    pub sub_domain: Option<String>,
    /// The domain below which its machines live.
    pub infrastructure_domain: Option<String>,
    pub suspended: Option<bool>,
    /// When it was created, in Unix seconds.
    pub created_at: Option<i64>,
}

impl Organization {
    /// Whether `name` is its id or its sub-domain. Its name for people does not count: it need not be the only one.
    pub fn is_called(&self, name: &str) -> bool {
        [&self.id, &self.sub_domain].into_iter().any(|key| key.as_deref() == Some(name))
    }

    /// What it is called on the command line: its sub-domain, else its id.
    pub fn key(&self) -> Option<&str> {
        self.sub_domain.as_deref().or(self.id.as_deref())
    }
}
