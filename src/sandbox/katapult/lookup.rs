//! Reads typed arguments and finds the objects that they name.
//!
//! The refusals are those of the framework behind the API (inferred); they were never recorded.

use serde_json::{Map, Value, json};

use crate::sandbox::reply::Refusal;
use crate::sandbox::state::{Disk, Machine, Organization, Policy, Trashed, World};

/// The merged arguments of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arguments<'a> {
    pub(super) values: &'a Map<String, Value>,
    /// Stands in for a lookup that is not given: its text is taken as the first field (inferred).
    pub(super) placeholder: &'a str,
}

/// What was wrong with an argument.
pub(super) struct Issue {
    code: &'static str,
    description: &'static str,
}

pub(super) const INVALID_SCALAR: Issue = Issue {
    code: "invalid_scalar",
    description: "The value provided is not of an appropriate type for the scalar type that was requested",
};
pub(super) const PARSE_ERROR: Issue = Issue {
    code: "parse_error",
    description: "The value provided could not be parsed into an appropriate value by the server",
};
pub(super) const INVALID_ENUM_VALUE: Issue = Issue {
    code: "invalid_enum_value",
    description: "The value provided was not one of the options suitable for this option",
};
pub(super) const OBJECT_EXPECTED: Issue =
    Issue { code: "object_expected", description: "The value provided was not an object where an object was expected" };
pub(super) const VALIDATION_ERRORS: Issue =
    Issue { code: "validation_errors", description: "Some additional validations were not satisfied for the argument" };
const MISSING_LOOKUP: Issue =
    Issue { code: "missing_lookup_value", description: "No value was provided for any of the fields of the lookup" };
const AMBIGUOUS_LOOKUP: Issue = Issue {
    code: "ambiguous_lookup_values",
    description: "More than one value was provided for the lookup; provide exactly one",
};

/// Refuses an argument; `path` leads to it from the outermost argument.
pub(super) fn invalid(path: &[&str], issue: &Issue, errors: &[&str]) -> Refusal {
    let name = path.last().copied().unwrap_or_default();
    Refusal::new(400, "invalid_argument", &format!("The '{}' argument is invalid", path.join("."))).detailed(json!({
        "path": path,
        "index": null,
        "issue": issue.code,
        "issue_description": issue.description,
        "errors": errors,
        "argument": { "id": name, "name": name, "description": null },
    }))
}

/// Refuses a call that lacks a required argument.
pub(super) fn missing(path: &[&str]) -> Refusal {
    Refusal::new(
        400,
        "missing_required_argument",
        &format!("The '{}' argument is required but has not been provided", path.join(".")),
    )
    .detailed(json!({
        "path": path,
        "argument": { "name": path.last().copied().unwrap_or_default(), "description": null },
    }))
}

/// Returns a member that is there and not null.
pub(super) fn member<'a>(values: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    values.get(name).filter(|value| !value.is_null())
}

/// Reads an integer; a string of digits is one too, a fraction is not.
pub(super) fn integer(values: &Map<String, Value>, path: &[&str]) -> Result<Option<i64>, Refusal> {
    let Some(value) = path.last().and_then(|name| member(values, name)) else {
        return Ok(None);
    };
    let parsed = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => return Err(invalid(path, &INVALID_SCALAR, &[])),
    };
    parsed.map(Some).ok_or_else(|| invalid(path, &PARSE_ERROR, &[]))
}

/// Reads a boolean as the framework does: true, yes, 1 and false, no, 0.
pub(super) fn boolean(values: &Map<String, Value>, path: &[&str]) -> Result<bool, Refusal> {
    let Some(value) = path.last().and_then(|name| member(values, name)) else {
        return Ok(false);
    };
    match value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(invalid(path, &INVALID_SCALAR, &[])),
    }
}

/// Reads a nested object.
pub(super) fn object<'a>(
    values: &'a Map<String, Value>,
    path: &[&str],
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match path.last().and_then(|name| member(values, name)) {
        None => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(_) => Err(invalid(path, &OBJECT_EXPECTED, &[])),
    }
}

/// A lookup with exactly one value, not yet resolved.
pub(super) struct Lookup<'a> {
    field: &'static str,
    value: &'a str,
}

impl<'a> Arguments<'a> {
    fn lookup(self, name: &str, fields: &'static [&'static str]) -> Result<Lookup<'a>, Refusal> {
        let Some(given) = object(self.values, &[name])? else {
            return Ok(Lookup { field: fields[0], value: self.placeholder });
        };
        let mut found = None;
        for &field in fields {
            let Some(value) = member(given, field) else {
                continue;
            };
            if found.is_some() {
                return Err(invalid(&[name], &AMBIGUOUS_LOOKUP, &[]));
            }
            let text = value.as_str();
            let value = text.ok_or_else(|| invalid(&[name, field], &INVALID_SCALAR, &[]))?;
            found = Some(Lookup { field, value });
        }
        found.ok_or_else(|| invalid(&[name], &MISSING_LOOKUP, &[]))
    }

    /// Reads the lookup of an organization.
    pub(super) fn organization(self) -> Result<Lookup<'a>, Refusal> {
        self.lookup("organization", &["id", "sub_domain"])
    }

    /// Reads the lookup of a machine.
    pub(super) fn machine(self) -> Result<Lookup<'a>, Refusal> {
        self.lookup("virtual_machine", &["id", "fqdn"])
    }

    /// Reads the lookup of a disk.
    pub(super) fn disk(self) -> Result<Lookup<'a>, Refusal> {
        self.lookup("disk", &["id"])
    }

    /// Reads the lookup of a policy.
    pub(super) fn policy(self) -> Result<Lookup<'a>, Refusal> {
        self.lookup("disk_backup_policy", &["id"])
    }

    /// Reads the lookup of a trash object.
    pub(super) fn trashed(self) -> Result<Lookup<'a>, Refusal> {
        self.lookup("trash_object", &["id", "object_id"])
    }

    /// Reads the lookup of a task.
    pub(super) fn task(self) -> Result<Lookup<'a>, Refusal> {
        self.lookup("task", &["id"])
    }
}

impl Lookup<'_> {
    /// Returns the value alone.
    pub(super) fn value(&self) -> &str {
        self.value
    }

    /// Finds the organization.
    pub(super) fn organization_in<'w>(&self, world: &'w World) -> Result<&'w Organization, Refusal> {
        let found = match self.field {
            "sub_domain" => world.organizations.iter().find(|organization| organization.sub_domain == self.value),
            _ => world.organization(self.value),
        };
        found.ok_or_else(|| {
            not_found(
                "organization_not_found",
                "No organization was found matching any of the criteria provided in the arguments",
            )
        })
    }

    /// Finds the machine, unless it is in the trash.
    pub(super) fn machine_in<'w>(&self, world: &'w World) -> Result<&'w Machine, Refusal> {
        let found = match self.field {
            "fqdn" => world.machine_named(self.value),
            _ => world.machine(self.value),
        };
        let machine = found.ok_or_else(|| {
            not_found(
                "virtual_machine_not_found",
                "No virtual machine was found matching any of the criteria provided in the arguments",
            )
        })?;
        outside_trash(world, &machine.id)?;
        Ok(machine)
    }

    /// Finds the disk, unless it is in the trash.
    pub(super) fn disk_in<'w>(&self, world: &'w World) -> Result<&'w Disk, Refusal> {
        let disk = world.disk(self.value).ok_or_else(|| {
            not_found("disk_not_found", "No disk was found matching any of the criteria provided in the arguments")
        })?;
        outside_trash(world, &disk.id)?;
        Ok(disk)
    }

    /// Finds the policy, unless it is in the trash.
    pub(super) fn policy_in<'w>(&self, world: &'w World) -> Result<&'w Policy, Refusal> {
        let policy = world.policy(self.value).ok_or_else(|| {
            not_found(
                "disk_backup_policy_not_found",
                "No disk backup policy was found matching any of the criteria provided in the arguments",
            )
        })?;
        outside_trash(world, &policy.id)?;
        Ok(policy)
    }

    /// Finds the trash object.
    pub(super) fn trashed_in<'w>(&self, world: &'w World) -> Result<&'w Trashed, Refusal> {
        let found = match self.field {
            "object_id" => world.trash_of(self.value),
            _ => world.trash.iter().find(|trashed| trashed.id == self.value),
        };
        found.ok_or_else(trash_object_not_found)
    }
}

/// Refuses a lookup that found nothing.
pub(super) fn not_found(code: &'static str, description: &str) -> Refusal {
    Refusal::new(404, code, description)
}

/// Refuses a lookup of a trash object that found nothing.
pub(super) fn trash_object_not_found() -> Refusal {
    not_found(
        "trash_object_not_found",
        "No trash object was found matching any of the criteria provided in the arguments",
    )
}

fn outside_trash(world: &World, object_id: &str) -> Result<(), Refusal> {
    let Some(trashed) = world.trash_of(object_id) else {
        return Ok(());
    };
    Err(Refusal::new(
        406,
        "object_in_trash",
        "The object found is in the trash and therefore cannot be manipulated through the API. It should be restored in order to run this operation.",
    )
    .detailed(json!({ "trash_object": super::trash::json_of(trashed) })))
}
