//! Spelling the live policies as a file.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::resolve::key_of;
use super::{Name, Surroundings, VERSION};
use crate::model::{Disk, HOURS, Interval, MINUTES, Machine, Policy, PolicyPatch, TargetKind};
use crate::text::is_hidden;

/// A policy as it stands in a file.
#[derive(Clone, Debug)]
pub struct Row {
    target: Option<Name>,
    id: Option<String>,
    fields: PolicyPatch,
    comments: Vec<String>,
    order: (String, Option<Interval>, String),
}

/// Spells policies, in an order that depends on nothing but them. `policies` are in full; those of `live` may not be.
pub fn rows(policies: &[Policy], live: Surroundings<'_>) -> Vec<Row> {
    let mut same = HashMap::new();
    for key in policies.iter().filter_map(|policy| key_of(policy, live.capabilities)) {
        *same.entry(key).or_insert(0) += 1;
    }
    let is_alone = |policy: &Policy| key_of(policy, live.capabilities).is_some_and(|key| same.get(&key) == Some(&1));
    let names = Names::new(live);
    let mut rows: Vec<Row> = policies.iter().map(|policy| one(policy, is_alone(policy), &names)).collect();
    rows.sort_by(|a, b| a.order.cmp(&b.order));
    rows
}

fn one(policy: &Policy, is_alone: bool, names: &Names<'_>) -> Row {
    let mut comments = Vec::new();
    let target = policy.target.id.as_deref().map(|id| names.target(id, policy, &mut comments));
    let schedule = &policy.schedule;
    let interval = schedule.interval.clone();
    if let Some(Interval::Other(word)) = &interval {
        comments.push(format!("its interval is {word}, which this version of bpctl does not know"));
    }
    if let Some(at) = policy.auto_move_to_trash_at {
        let at = jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string());
        comments.push(format!("scheduled for deletion at {at}; a file cannot take that back"));
    }
    // What the reader would refuse is left out, and so left as it is.
    let fields = PolicyPatch {
        retention: policy.retention.filter(|retention| *retention >= 1),
        interval: interval.filter(|interval| !matches!(interval, Interval::Other(_))),
        frequency: schedule.frequency.filter(|frequency| *frequency >= 1),
        time: schedule.time.filter(|hour| HOURS.contains(hour)),
        minute: schedule.minute.filter(|minute| MINUTES.contains(minute)),
        enabled: policy.switch(),
    };
    let label = target.as_ref().map_or(String::new(), |target| target.parts().1.to_owned());
    let id = policy.id.clone().unwrap_or_default();
    let order = (label, fields.interval.clone(), id.clone());
    Row { target, id: (!is_alone).then_some(id), fields, comments, order }
}

/// Names machines and disks so that reading a name finds the same one again.
struct Names<'a> {
    machines: HashMap<&'a str, &'a Machine>,
    disks: HashMap<&'a str, &'a Disk>,
    /// How many machines have an FQDN.
    fqdns: HashMap<String, usize>,
    /// How many machines are called so, by any of their names.
    names: HashMap<String, usize>,
}

impl<'a> Names<'a> {
    fn new(live: Surroundings<'a>) -> Self {
        let mut fqdns: HashMap<String, usize> = HashMap::new();
        for fqdn in live.machines.iter().filter_map(|machine| machine.fqdn.as_deref()) {
            *fqdns.entry(fqdn.to_lowercase()).or_default() += 1;
        }
        let machines = live.machines.iter().filter_map(|machine| Some((machine.id.as_deref()?, machine))).collect();
        let disks = live.disks.iter().filter_map(|disk| Some((disk.id.as_deref()?, disk))).collect();
        let mut names: HashMap<String, usize> = HashMap::new();
        for machine in live.machines {
            let own = [&machine.name, &machine.hostname, &machine.fqdn, &machine.identifier].into_iter().flatten();
            let own: HashSet<String> = own.map(|name| name.to_lowercase()).collect();
            own.into_iter().for_each(|name| *names.entry(name).or_default() += 1);
        }
        Self { machines, disks, fqdns, names }
    }

    fn target(&self, id: &str, policy: &Policy, comments: &mut Vec<String>) -> Name {
        if let Some(machine) = self.machines.get(id).filter(|_| policy.target.kind != TargetKind::Disk) {
            return Name::Vm(self.machine(id, machine, comments));
        }
        if let Some(disk) = self.disks.get(id) {
            let name = disk.name.as_deref().unwrap_or("a disk");
            let machine = || self.machines.get(disk.machine_id.as_deref()?).map(|machine| machine.label());
            let machine = disk.machine_fqdn.as_deref().or_else(machine).map(|name| format!(" of {name}"));
            comments.push(format!("{name}{}", machine.unwrap_or_else(|| ", not assigned".to_owned())));
            return Name::Disk(id.to_owned());
        }
        let name = policy.target.name.as_deref().unwrap_or("its target");
        comments.push(format!("{name} is not among the listed VMs and disks; it may be in the trash"));
        Name::Target(id.to_owned())
    }

    /// Whether the machine's name means it and nothing else.
    fn is_name(&self, machine: &Machine) -> bool {
        let name = machine.name.as_deref().unwrap_or_default();
        let is_plain = !name.trim().is_empty() && !name.ends_with('.') && !self.machines.contains_key(name);
        is_plain && self.names.get(&name.to_lowercase()) == Some(&1)
    }

    fn machine(&self, id: &str, machine: &Machine, comments: &mut Vec<String>) -> String {
        let is_unique = |fqdn: &&str| self.fqdns.get(&fqdn.to_lowercase()) == Some(&1);
        let fqdn = machine.fqdn.as_deref().filter(|fqdn| !fqdn.trim().is_empty());
        match fqdn.filter(is_unique).filter(|fqdn| !self.machines.contains_key(fqdn)) {
            Some(fqdn) => fqdn.to_owned(),
            // OnApp's VMs may have a label alone.
            None if machine.fqdn.is_none() && self.is_name(machine) => machine.name.clone().unwrap_or_default(),
            None => {
                comments.push(machine.label().to_owned());
                id.to_owned()
            }
        }
    }
}

/// Writes the document as TOML. Comments hold names from the API: `escape` makes them safe for one line.
pub fn write(organization: Option<&str>, rows: &[Row], escape: fn(&str) -> Cow<'_, str>) -> String {
    let mut text = String::from(
        "# Disk backup policies, as `bpctl export` found them. This file holds no secrets.\n\
         #\n\
         # `bpctl plan -f FILE` shows how the live policies differ from this file, `bpctl apply -f FILE` applies it.\n\
         # A policy is known by its target and interval; `id` stands only where that is ambiguous.\n\n",
    );
    let _ = writeln!(text, "version = {VERSION}");
    if let Some(organization) = organization {
        let _ = writeln!(text, "organization = {}", quoted(organization));
    }
    rows.iter().for_each(|row| row.write(&mut text, escape));
    text
}

pub fn document_json(organization: Option<&str>, rows: &[Row]) -> Value {
    let policies: Vec<Value> = rows.iter().map(Row::json).collect();
    match organization {
        Some(organization) => json!({"version": VERSION, "organization": organization, "policy": policies}),
        None => json!({"version": VERSION, "policy": policies}),
    }
}

impl Row {
    fn write(&self, text: &mut String, escape: fn(&str) -> Cow<'_, str>) {
        text.push_str("\n[[policy]]\n");
        for comment in &self.comments {
            let _ = writeln!(text, "# {}", escape(comment));
        }
        for (key, value) in self.pairs() {
            let value = value.as_str().map_or_else(|| value.to_string(), quoted);
            let _ = writeln!(text, "{key} = {value}");
        }
    }

    fn json(&self) -> Value {
        Value::Object(self.pairs().into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
    }

    fn pairs(&self) -> Vec<(&'static str, Value)> {
        let fields = &self.fields;
        let target = self.target.as_ref().map(|target| target.parts());
        let pairs = [
            target.map(|(key, value)| (key, Value::from(value))),
            self.id.as_deref().map(|id| ("id", id.into())),
            fields.interval.as_ref().map(|interval| ("interval", interval.as_str().into())),
            fields.frequency.map(|number| ("frequency", number.into())),
            fields.time.map(|number| ("time", number.into())),
            fields.minute.map(|number| ("minute", number.into())),
            fields.retention.map(|number| ("retention", number.into())),
            fields.enabled.map(|enabled| ("enabled", enabled.into())),
        ];
        pairs.into_iter().flatten().collect()
    }
}

/// Spells a string on one line, so that TOML reads it back to the letter and nothing in it hides what stands around.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for symbol in text.chars() {
        match symbol {
            '"' | '\\' => quoted.extend(['\\', symbol]),
            _ if is_hidden(symbol) => {
                let _ = match u32::from(symbol) {
                    code @ 0..=0xffff => write!(quoted, "\\u{code:04X}"),
                    code => write!(quoted, "\\U{code:08X}"),
                };
            }
            _ => quoted.push(symbol),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back_from_one_line() {
        for text in [
            "",
            "a\"b\\c",
            "\n\r\t\0\u{7f}\u{85}\u{202e}\u{feff}",
            "\u{ad}\u{fffa}\u{e0041}",
            "…é\u{1f600}",
            "'''\"\"\"",
        ] {
            let line = quoted(text);
            assert!(!line.contains(is_hidden), "{line}");
            let value: toml_edit::Value = line.parse().unwrap();
            assert_eq!(value.as_str(), Some(text));
        }
    }
}
