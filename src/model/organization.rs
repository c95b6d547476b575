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
