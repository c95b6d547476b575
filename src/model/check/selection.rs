//! Which VMs are checked.

use std::str::FromStr;

use crate::model::{Glob, Machine};

/// What is left out: a name pattern, or `tag:` and a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    Names(Glob),
    Tag(String),
}

/// What the command line selects; empty lists select everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub vms: Vec<String>,
    pub patterns: Vec<Glob>,
    pub tags: Vec<String>,
    pub ignored: Vec<Ignored>,
}

/// The VMs that are selected by their names.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    pub machines: Vec<Machine>,
    /// Names of `--vm` that match nothing.
    pub missing: Vec<String>,
    /// Names of `--vm` that match several, with their ids.
    pub ambiguous: Vec<(String, Vec<String>)>,
}

impl FromStr for Ignored {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("tag:") {
            Some("") => Err("expected a tag after `tag:`".to_owned()),
            Some(tag) => Ok(Self::Tag(tag.to_owned())),
            None => text.parse().map(Self::Names),
        }
    }
}

impl Selection {
    /// Whether the tags of VMs must be known.
    pub fn needs_tags(&self) -> bool {
        !self.tags.is_empty() || self.ignored.iter().any(|ignored| matches!(ignored, Ignored::Tag(_)))
    }

    /// Selects by names and ids.
    pub fn by_name(&self, machines: Vec<Machine>) -> Selected {
        let mut selected = self.named(machines);
        let is_ignored = |machine: &Machine| {
            self.ignored.iter().any(|ignored| matches!(ignored, Ignored::Names(glob) if glob.matches_machine(machine)))
        };
        selected.machines.retain(|machine| {
            let is_matched = self.patterns.is_empty() || self.patterns.iter().any(|glob| glob.matches_machine(machine));
            is_matched && !is_ignored(machine)
        });
        selected
    }

    /// Selects by tags, once they are known. Every tag that is asked for must be there.
    pub fn by_tag(&self, machines: Vec<Machine>) -> Vec<Machine> {
        let has = |machine: &Machine, tag: &String| machine.tags.contains(tag);
        let is_ignored = |machine: &Machine| {
            self.ignored.iter().any(|ignored| matches!(ignored, Ignored::Tag(tag) if has(machine, tag)))
        };
        let is_selected = |machine: &Machine| self.tags.iter().all(|tag| has(machine, tag)) && !is_ignored(machine);
        machines.into_iter().filter(is_selected).collect()
    }

    fn named(&self, machines: Vec<Machine>) -> Selected {
        if self.vms.is_empty() {
            return Selected { machines, ..Selected::default() };
        }
        let mut selected = Selected::default();
        let mut wanted = vec![false; machines.len()];
        for name in &self.vms {
            let found = found(&machines, name);
            match found.as_slice() {
                [] => selected.missing.push(name.clone()),
                [one] => wanted[*one] = true,
                several => {
                    let ids = several.iter().filter_map(|at| machines[*at].id.clone()).collect();
                    selected.ambiguous.push((name.clone(), ids));
                }
            }
        }
        selected.machines =
            machines.into_iter().zip(wanted).filter(|(_, is_wanted)| *is_wanted).map(|(machine, _)| machine).collect();
        selected
    }
}

/// Finds a VM by id or identifier, else by name; the places of all that match.
fn found(machines: &[Machine], name: &str) -> Vec<usize> {
    let places = |is_it: &dyn Fn(&Machine) -> bool| -> Vec<usize> {
        machines.iter().enumerate().filter(|(_, machine)| is_it(machine)).map(|(at, _)| at).collect()
    };
    let has_id =
        |machine: &Machine| [&machine.id, &machine.identifier].into_iter().any(|id| id.as_deref() == Some(name));
    let by_id = places(&has_id);
    if !by_id.is_empty() {
        return by_id;
    }
    let name = name.strip_suffix('.').filter(|rest| rest.contains('.')).unwrap_or(name);
    places(&|machine| machine.is_called(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(id: &str, name: &str, tags: &[&str]) -> Machine {
        Machine {
            id: Some(id.to_owned()),
            name: Some(name.to_owned()),
            tags: tags.iter().map(ToString::to_string).collect(),
            ..Machine::default()
        }
    }

    fn fleet() -> Vec<Machine> {
        vec![machine("1", "web-1", &["prod"]), machine("2", "web-2", &[]), machine("3", "web-2", &["prod", "old"])]
    }

    fn ids(machines: &[Machine]) -> String {
        machines.iter().filter_map(|machine| machine.id.as_deref()).collect()
    }

    #[test]
    fn names_ids_patterns_and_tags_select() {
        let by_name = |selection: Selection| selection.by_name(fleet());
        let vms =
            |names: &[&str]| Selection { vms: names.iter().map(ToString::to_string).collect(), ..Selection::default() };
        assert_eq!(ids(&by_name(Selection::default()).machines), "123");
        assert_eq!(ids(&by_name(vms(&["web-1", "3"])).machines), "13");
        let wrong = by_name(vms(&["web-2", "db"]));
        assert_eq!(wrong.missing, ["db"]);
        assert_eq!(wrong.ambiguous, [("web-2".to_owned(), vec!["2".to_owned(), "3".to_owned()])]);
        let globs = |patterns: &str, ignored: &str| Selection {
            patterns: vec![patterns.parse().unwrap()],
            ignored: vec![ignored.parse().unwrap()],
            ..Selection::default()
        };
        assert_eq!(ids(&by_name(globs("web-*", "*-2")).machines), "1");
        let tags = Selection { tags: vec!["prod".to_owned()], ..globs("*", "tag:old") };
        assert!(tags.needs_tags() && !globs("*", "x").needs_tags());
        assert_eq!(ids(&tags.by_tag(fleet())), "1");
        assert!("tag:".parse::<Ignored>().is_err());
    }
}
