//! Virtual machines, of both providers.

use crate::text::most_like;

#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The id: `vm_…` on Katapult, a number on OnApp.
    pub id: Option<String>,
    /// OnApp's second key.
    pub identifier: Option<String>,
    /// Its name, or OnApp's label.
    pub name: Option<String>,
    /// Its host name, in lower case.
    pub hostname: Option<String>,
    /// Its fully qualified domain name, in lower case.
    pub fqdn: Option<String>,
    /// `started`, `stopped`, …; lists leave it out.
    pub state: Option<String>,
    /// `linux`, `windows`, … (OnApp).
    pub operating_system: Option<String>,
    /// Whether it can be backed up as a whole (OnApp).
    pub has_incremental_backups: Option<bool>,
    /// The package's name.
    pub package: Option<String>,
    /// The zone's name.
    pub zone: Option<String>,
    pub addresses: Vec<String>,
    pub cpu_cores: Option<i64>,
    /// Memory, in words with its unit.
    pub memory: Option<String>,
    /// When it was created, in Unix seconds.
    pub created_at: Option<i64>,
    /// Names of its tags.
    pub tags: Vec<String>,
    /// Free text.
    pub description: Option<String>,
    /// Key and value pairs.
    pub annotations: Vec<(String, String)>,
}

impl Machine {
    /// Returns whether `name` names this machine: its name or label to the letter, host name and FQDN in lower case.
    pub fn is_called(&self, name: &str) -> bool {
        let lower = without_root_dot(name).to_lowercase();
        let is = |field: &Option<String>| field.as_ref().is_some_and(|field| field.to_lowercase() == lower);
        self.name.as_deref() == Some(name) || is(&self.hostname) || is(&self.fqdn)
    }

    /// Whether its name, host name or FQDN contains `text`, which is in lower case.
    pub fn contains(&self, text: &str) -> bool {
        let names = [&self.name, &self.hostname, &self.fqdn];
        names.into_iter().flatten().any(|name| name.to_lowercase().contains(text))
    }

    /// Whether it runs Windows: an OnApp cloud backs up its disks only (documented).
    pub fn is_windows(&self) -> bool {
        self.operating_system.as_ref().is_some_and(|system| system.eq_ignore_ascii_case("windows"))
    }

    /// Returns the name or host name that is most like `name`, of the machines that have one like it.
    pub fn nearest<'a>(name: &str, machines: impl Iterator<Item = &'a Self>) -> Option<&'a str> {
        let names = machines.flat_map(|machine| [&machine.name, &machine.hostname]).flatten();
        most_like(name, names.map(String::as_str), |name| name)
    }

    /// Why an OnApp cloud backs up its disks, not the whole; none where it can be backed up as a whole.
    pub fn backed_up_by_disk(&self) -> Option<&'static str> {
        match (self.is_windows(), self.has_incremental_backups) {
            (true, _) => Some("runs Windows"),
            (_, Some(false)) => Some("has no incremental backups"),
            _ => None,
        }
    }

    /// Names the machine for people.
    pub fn label(&self) -> &str {
        let names = [&self.fqdn, &self.name, &self.hostname, &self.id];
        names.into_iter().flatten().find(|name| !name.is_empty()).map_or("-", String::as_str)
    }
}

/// Removes the root's dot from the end of an FQDN: it adds nothing, and no API takes it.
pub fn without_root_dot(name: &str) -> &str {
    name.strip_suffix('.').filter(|rest| rest.contains('.')).unwrap_or(name)
}
