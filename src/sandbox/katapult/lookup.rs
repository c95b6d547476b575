//! Finds the objects that lookups name. What is in the trash is found and refused.

use serde_json::{Value, json};

use super::arguments::Lookup;
use super::call::Call;
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::{Disk, Machine, Organization, Policy, Task, Trashed, World};

type Found<'w, T> = Result<&'w T, Refusal>;

impl Call {
    pub(super) fn organization(&self) -> Result<Lookup<'_>, Refusal> {
        self.arguments().lookup("organization", &["id", "sub_domain"])
    }

    pub(super) fn machine(&self) -> Result<Lookup<'_>, Refusal> {
        self.arguments().lookup("virtual_machine", &["id", "fqdn"])
    }

    pub(super) fn disk(&self) -> Result<Lookup<'_>, Refusal> {
        self.arguments().lookup("disk", &["id"])
    }

    pub(super) fn policy(&self) -> Result<Lookup<'_>, Refusal> {
        self.arguments().lookup("disk_backup_policy", &["id"])
    }

    pub(super) fn trashed(&self) -> Result<Lookup<'_>, Refusal> {
        self.arguments().lookup("trash_object", &["id", "object_id"])
    }

    pub(super) fn task(&self) -> Result<Lookup<'_>, Refusal> {
        self.arguments().lookup("task", &["id"])
    }
}

impl Lookup<'_> {
    pub(super) fn organization_in<'w>(&self, world: &'w World) -> Found<'w, Organization> {
        let found = self.value.and_then(|value| match self.field {
            "sub_domain" => world.organizations.iter().find(|organization| organization.sub_domain == value),
            _ => world.organization(value),
        });
        found.ok_or_else(|| not_found("organization_not_found", "organization"))
    }

    pub(super) fn machine_in<'w>(&self, world: &'w World) -> Found<'w, Machine> {
        let found = self.value.and_then(|value| match self.field {
            "fqdn" => world.machine_named(value),
            _ => world.machine(value),
        });
        let machine = found.ok_or_else(|| not_found("virtual_machine_not_found", "virtual machine"))?;
        outside_trash(world, &machine.id)?;
        Ok(machine)
    }

    pub(super) fn disk_in<'w>(&self, world: &'w World) -> Found<'w, Disk> {
        let found = self.value.and_then(|value| world.disk(value));
        let disk = found.ok_or_else(|| not_found("disk_not_found", "disk"))?;
        outside_trash(world, &disk.id)?;
        Ok(disk)
    }

    pub(super) fn policy_in<'w>(&self, world: &'w World) -> Found<'w, Policy> {
        let found = self.value.and_then(|value| world.policy(value));
        let policy = found.ok_or_else(|| not_found("disk_backup_policy_not_found", "disk backup policy"))?;
        outside_trash(world, &policy.id)?;
        Ok(policy)
    }

    pub(super) fn trashed_in<'w>(&self, world: &'w World) -> Found<'w, Trashed> {
        let found = self.value.and_then(|value| match self.field {
            "object_id" => world.trash_of(value),
            _ => world.trash.iter().find(|trashed| trashed.id == value),
        });
        found.ok_or_else(trash_object_not_found)
    }

    pub(super) fn task_in<'w>(&self, world: &'w World) -> Found<'w, Task> {
        let found = self.value.and_then(|value| world.tasks.iter().find(|task| task.id == value));
        found.ok_or_else(|| not_found("task_not_found", "task"))
    }
}

pub(super) fn trash_object_not_found() -> Refusal {
    not_found("trash_object_not_found", "trash object")
}

pub(super) fn trash_object(trashed: &Trashed) -> Value {
    json!({
        "id": trashed.id,
        "keep_until": trashed.keep_until,
        "object_id": trashed.object_id,
        "object_type": trashed.object_type,
    })
}

fn not_found(code: &'static str, what: &str) -> Refusal {
    let description = format!("No {what} was found matching any of the criteria provided in the arguments");
    Refusal::new(404, code, &description)
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
    .with_detail(json!({ "trash_object": trash_object(trashed) })))
}
