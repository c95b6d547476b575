//! From what people call things to what the API looks them up by.

use crate::http::Request;
use crate::model::without_root_dot;

/// One key and value by which the API finds an object; it takes exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// `id`, `fqdn`, `sub_domain` or `object_id`.
    pub key: &'static str,
    pub value: String,
}

impl Lookup {
    pub fn id(value: impl Into<String>) -> Self {
        Self { key: "id", value: value.into() }
    }

    /// An organization, by id or sub-domain.
    pub fn organization(name: &str) -> Self {
        let key = if name.starts_with("org_") { "id" } else { "sub_domain" };
        Self { key, value: name.to_owned() }
    }

    /// Adds the look-up to a read: `?disk[id]=…`.
    pub(super) fn query(&self, request: Request, object: &str) -> Request {
        request.query(format!("{object}[{}]", self.key), &self.value)
    }
}

/// What a user wrote for a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineName {
    /// `vm_…`
    Id(String),
    /// Something with a dot; the API stores FQDNs in lower case (recorded).
    Fqdn(String),
    /// A name or host name, found by listing.
    Name(String),
}

impl MachineName {
    /// Reads it as typed.
    pub fn parse(text: &str) -> Self {
        let text = without_root_dot(text);
        let looks_like_fqdn = text.contains('.') && !text.contains(char::is_whitespace);
        match text {
            _ if text.starts_with("vm_") => Self::Id(text.to_owned()),
            _ if looks_like_fqdn => Self::Fqdn(text.to_lowercase()),
            _ => Self::Name(text.to_owned()),
        }
    }

    /// Returns the look-up that needs no listing.
    pub fn direct(&self) -> Option<Lookup> {
        match self {
            Self::Id(id) => Some(Lookup::id(id)),
            Self::Fqdn(fqdn) => Some(Lookup { key: "fqdn", value: fqdn.clone() }),
            Self::Name(_) => None,
        }
    }
}
