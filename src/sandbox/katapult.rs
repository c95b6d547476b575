//! The Katapult side: routes, authentication, scopes, and the order in which requests are refused.
//!
//! What each operation answers lives in the modules below; nothing here looks into the world.

mod disks;
mod lookup;
mod machines;
mod organizations;
mod page;
mod places;
mod policies;
mod policy_changes;
mod trash;

use serde_json::{Map, Value, json};

use super::reply::Refusal;
use super::request::Request;
use super::state::{TargetKind, World};
use lookup::Arguments;
pub(super) use page::Paging;

/// One call of an operation, checked for everything that comes before the operation itself.
#[derive(Debug)]
pub(super) struct Call {
    operation: Operation,
    arguments: Map<String, Value>,
    /// The text where the path has its placeholder.
    placeholder: String,
    denied: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    ListOrganizations,
    ShowOrganization,
    ListOrganizationPolicies,
    ListOrganizationMachines,
    ListOrganizationDisks,
    ListTrash,
    PurgeAll,
    ShowMachine,
    ListMachineDisks,
    ListMachinePolicies,
    CreateMachinePolicy,
    ShowDisk,
    ListDiskPolicies,
    CreateDiskPolicy,
    ShowPolicy,
    UpdatePolicy,
    DeletePolicy,
    SchedulePolicyDeletion,
    ShowTrashed,
    Purge,
    Restore,
    ShowTask,
}

impl Operation {
    /// Finds the operation of a path; any text may stand where the placeholder is (recorded).
    fn of(method: &str, segments: &[&str]) -> Option<Self> {
        Some(match (method, segments) {
            ("GET", ["organizations"]) => Self::ListOrganizations,
            ("GET", ["organizations", _]) => Self::ShowOrganization,
            ("GET", ["organizations", _, "disk_backup_policies"]) => Self::ListOrganizationPolicies,
            ("GET", ["organizations", _, "virtual_machines"]) => Self::ListOrganizationMachines,
            ("GET", ["organizations", _, "disks"]) => Self::ListOrganizationDisks,
            ("GET", ["organizations", _, "trash_objects"]) => Self::ListTrash,
            ("POST", ["organizations", _, "trash_objects", "purge_all"]) => Self::PurgeAll,
            ("GET", ["virtual_machines", _]) => Self::ShowMachine,
            ("GET", ["virtual_machines", _, "disks"]) => Self::ListMachineDisks,
            ("GET", ["virtual_machines", _, "disk_backup_policies"]) => Self::ListMachinePolicies,
            ("POST", ["virtual_machines", _, "disk_backup_policies"]) => Self::CreateMachinePolicy,
            ("GET", ["disks", _]) => Self::ShowDisk,
            ("GET", ["disks", _, "disk_backup_policies"]) => Self::ListDiskPolicies,
            ("POST", ["disks", _, "disk_backup_policies"]) => Self::CreateDiskPolicy,
            ("GET", ["disk_backup_policies", _]) => Self::ShowPolicy,
            ("PATCH", ["disk_backup_policies", _]) => Self::UpdatePolicy,
            ("DELETE", ["disk_backup_policies", _]) => Self::DeletePolicy,
            ("DELETE", ["disk_backup_policies", _, "schedule"]) => Self::SchedulePolicyDeletion,
            ("GET", ["trash_objects", _]) => Self::ShowTrashed,
            ("DELETE", ["trash_objects", _]) => Self::Purge,
            ("POST", ["trash_objects", _, "restore"]) => Self::Restore,
            ("GET", ["tasks", _]) => Self::ShowTask,
            _ => return None,
        })
    }

    /// Returns the scopes of which one is needed; reading accepts the writing scope too (documented).
    fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::ListOrganizations | Self::ShowOrganization => &["organizations:read"],
            Self::ListOrganizationPolicies | Self::ListMachinePolicies | Self::ListDiskPolicies | Self::ShowPolicy => {
                &["disk_backup_policies", "disk_backup_policies:read"]
            }
            Self::ListOrganizationMachines | Self::ShowMachine => &["virtual_machines", "virtual_machines:read"],
            Self::ListOrganizationDisks | Self::ListMachineDisks | Self::ShowDisk => &["disks", "disks:read"],
            Self::ListTrash | Self::ShowTrashed => &["trash_objects:read"],
            Self::PurgeAll | Self::Purge => &["trash_objects:purge"],
            Self::Restore => &["trash_objects:restore"],
            Self::ShowTask => &["tasks:read"],
            Self::CreateMachinePolicy
            | Self::CreateDiskPolicy
            | Self::UpdatePolicy
            | Self::DeletePolicy
            | Self::SchedulePolicyDeletion => &["disk_backup_policies"],
        }
    }

    fn writes(self) -> bool {
        matches!(
            self,
            Self::CreateMachinePolicy
                | Self::CreateDiskPolicy
                | Self::UpdatePolicy
                | Self::DeletePolicy
                | Self::SchedulePolicyDeletion
                | Self::PurgeAll
                | Self::Purge
                | Self::Restore
        )
    }

    /// Tells whether `permission_denied` is documented; it is not for reading a single policy.
    fn needs_permission(self) -> bool {
        self.writes()
            || matches!(self, Self::ListOrganizationPolicies | Self::ListMachinePolicies | Self::ListDiskPolicies)
    }
}

/// A token that has been let in.
#[derive(Debug)]
pub(super) struct Token<'a>(&'a str);

impl<'a> Token<'a> {
    /// Lets a token in by how it begins: the simulator knows no accounts.
    pub(super) fn authenticate(request: &'a Request) -> Result<Self, Refusal> {
        let Some(token) = request.bearer() else {
            // 400, not 401 (documented).
            return Err(Refusal::new(
                400,
                "missing_api_token",
                "No API token was provided in the Authorization header",
            ));
        };
        if token.starts_with("invalid") || token.starts_with("expired") {
            return Err(Refusal::new(
                403,
                "invalid_api_token",
                "The API token provided was not valid (it may not exist or have expired)",
            ));
        }
        if token.starts_with("otherip") {
            return Err(Refusal::new(
                403,
                "unauthorized_network_for_api_token",
                "Network is not allowed to access the API with this API token",
            )
            .detailed(json!({ "ip_address": "127.0.0.1" })));
        }
        Ok(Self(token))
    }

    fn grants(&self, scope: &str) -> bool {
        if self.0.starts_with("readonly") {
            return scope.ends_with(":read");
        }
        !(self.0.starts_with("notrash") && scope.starts_with("trash_objects"))
    }
}

/// Finds the operation of a request; this comes before authentication (inferred).
pub(super) fn route(request: &Request) -> Result<Route, Refusal> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let operation = Operation::of(&request.method, &segments).ok_or_else(Refusal::route_not_found)?;
    Ok(Route { operation })
}

/// An operation that a path leads to.
#[derive(Debug)]
pub(super) struct Route {
    operation: Operation,
}

impl Route {
    /// Checks scopes and decodes the arguments.
    pub(super) fn call(&self, token: &Token<'_>, request: &Request) -> Result<Call, Refusal> {
        let scopes = self.operation.scopes();
        if !scopes.iter().any(|scope| token.grants(scope)) {
            return Err(Refusal::new(
                403,
                "scope_not_granted",
                "The scope required for this endpoint has not been granted to the authenticating identity",
            )
            .detailed(json!({ "scopes": scopes })));
        }
        let arguments = request.arguments().map_err(|details| {
            Refusal::new(400, "invalid_json_body", "The JSON body could not be parsed")
                .detailed(json!({ "details": details }))
        })?;
        Ok(Call {
            operation: self.operation,
            arguments,
            placeholder: request.segments.get(1).cloned().unwrap_or_default(),
            denied: token.0.starts_with("denied"),
        })
    }
}

impl Call {
    /// Tells whether the call may change the world.
    pub(super) fn writes(&self) -> bool {
        self.operation.writes()
    }

    fn arguments(&self) -> Arguments<'_> {
        Arguments { values: &self.arguments, placeholder: &self.placeholder }
    }

    /// Refuses what the identity may not do; this follows the lookup, inside the operation (inferred).
    fn permit(&self) -> Result<(), Refusal> {
        if self.denied && self.operation.needs_permission() {
            return Err(Refusal::new(
                403,
                "permission_denied",
                "The authenticated identity is not permitted to perform this action",
            )
            .detailed(json!({ "details": null })));
        }
        Ok(())
    }

    /// Answers a call that changes nothing.
    pub(super) fn read(&self, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
        match self.operation {
            Operation::ListOrganizations => Ok(organizations::list(world)),
            Operation::ShowOrganization => organizations::show(self, world),
            Operation::ListOrganizationPolicies => policies::list_of_organization(self, world, paging, now),
            Operation::ListOrganizationMachines => machines::list(self, world, paging),
            Operation::ListOrganizationDisks => disks::list_of_organization(self, world, paging),
            Operation::ListTrash => trash::list(self, world, paging),
            Operation::ShowMachine => machines::show(self, world),
            Operation::ListMachineDisks => disks::list_of_machine(self, world, paging),
            Operation::ListMachinePolicies => policies::list_of_machine(self, world, paging, now),
            Operation::ShowDisk => disks::show(self, world),
            Operation::ListDiskPolicies => policies::list_of_disk(self, world, paging, now),
            Operation::ShowPolicy => policies::show(self, world, now),
            Operation::ShowTrashed => trash::show(self, world),
            Operation::ShowTask => trash::show_task(self, world, now),
            _ => Err(Refusal::unhandled()),
        }
    }

    /// Carries out a call that changes the world; a refusal leaves it as it was.
    pub(super) fn write(&self, world: &mut World, now: i64) -> Result<Value, Refusal> {
        match self.operation {
            Operation::CreateMachinePolicy => policy_changes::create(self, TargetKind::VirtualMachine, world, now),
            Operation::CreateDiskPolicy => policy_changes::create(self, TargetKind::Disk, world, now),
            Operation::UpdatePolicy => policy_changes::update(self, world),
            Operation::DeletePolicy => policy_changes::delete(self, world, now),
            Operation::SchedulePolicyDeletion => policy_changes::schedule_deletion(self, world, now),
            Operation::PurgeAll => trash::purge_all(self, world, now),
            Operation::Purge => trash::purge(self, world, now),
            Operation::Restore => trash::restore(self, world),
            _ => Err(Refusal::unhandled()),
        }
    }
}
