//! The Katapult half: routes, authentication, scopes, and the order in which requests are refused.
//!
//! The modules below answer the operations; this file does not look into the world.

mod arguments;
mod call;
mod disks;
mod lookup;
mod machines;
mod organizations;
mod page;
mod places;
mod policies;
mod policy_changes;
mod trash;

use serde_json::{Value, json};

use super::reply::{Refusal, Reply};
use super::request::{BadArguments, Request};
use super::state::{TargetKind, World};
use call::Call;
pub(super) use page::Paging;

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
    /// Finds the operation of a path; any text may stand for the placeholder (recorded).
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

    /// Any one of these scopes is enough; reading accepts the writing scope too (documented).
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
}

/// An accepted token.
#[derive(Debug)]
pub(super) struct Token<'a>(&'a str);

impl<'a> Token<'a> {
    /// Accepts or refuses a token by its first letters: the simulator has no accounts.
    pub(super) fn authenticate(request: &'a Request) -> Result<Self, Refusal> {
        let Some(token) = request.bearer() else {
            // 400, not 401 (documented).
            return Err(Refusal::new(
                400,
                "missing_api_token",
                "No API token was provided in the Authorization header",
            ));
        };
        if ["wrong", "invalid", "expired"].iter().any(|prefix| token.starts_with(prefix)) {
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
            .with_detail(json!({ "ip_address": "127.0.0.1" })));
        }
        Ok(Self(token))
    }

    fn is_denied(&self) -> bool {
        self.0.starts_with("forbidden") || self.0.starts_with("denied")
    }

    fn grants(&self, scope: &str) -> bool {
        if self.0.starts_with("readonly") {
            return scope.ends_with(":read");
        }
        !(self.0.starts_with("notrash") && scope.starts_with("trash_objects"))
    }
}

/// An operation to which a path leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route(Operation);

/// A call that may be carried out.
#[derive(Debug)]
pub(super) struct Checked {
    operation: Operation,
    call: Call,
}

impl Route {
    /// Finds the operation of a request; this precedes authentication.
    pub(super) fn find(request: &Request) -> Result<Self, Refusal> {
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        let operation = Operation::of(&request.method, &segments);
        operation.map(Self).ok_or_else(|| Refusal::route_not_found(&request.method, &segments.join("/")))
    }

    /// Checks the scopes, then decodes the arguments.
    pub(super) fn check(self, token: &Token<'_>, request: &Request) -> Result<Checked, Refusal> {
        let scopes = self.0.scopes();
        if !scopes.iter().any(|scope| token.grants(scope)) {
            return Err(Refusal::new(
                403,
                "scope_not_granted",
                "The scope required for this endpoint has not been granted to the authenticating identity",
            )
            .with_detail(json!({ "scopes": scopes })));
        }
        let arguments = request.arguments().map_err(|bad| match bad {
            BadArguments::Body(details) => {
                Refusal::new(400, "invalid_json_body", "The JSON body provided with this request is invalid")
                    .with_detail(json!({ "details": details }))
            }
            BadArguments::Query => Refusal::unhandled(),
        })?;
        let placeholder = request.segments.get(1).cloned().unwrap_or_default();
        Ok(Checked { operation: self.0, call: Call::new(arguments, placeholder, token.is_denied()) })
    }
}

impl Checked {
    /// Whether the call may change the world.
    pub(super) fn writes(&self) -> bool {
        self.operation.writes()
    }

    /// Answers a call that changes nothing.
    pub(super) fn read(&self, world: &World, paging: Paging, now: i64) -> Result<Value, Refusal> {
        let call = &self.call;
        match self.operation {
            Operation::ListOrganizations => Ok(organizations::list(world)),
            Operation::ShowOrganization => organizations::show(call, world),
            Operation::ListOrganizationPolicies => policies::list_of_organization(call, world, paging, now),
            Operation::ListOrganizationMachines => machines::list(call, world, paging),
            Operation::ListOrganizationDisks => disks::list_of_organization(call, world, paging),
            Operation::ListTrash => trash::list(call, world, paging),
            Operation::ShowMachine => machines::show(call, world),
            Operation::ListMachineDisks => disks::list_of_machine(call, world, paging),
            Operation::ListMachinePolicies => policies::list_of_machine(call, world, paging, now),
            Operation::ShowDisk => disks::show(call, world),
            Operation::ListDiskPolicies => policies::list_of_disk(call, world, paging, now),
            Operation::ShowPolicy => policies::show(call, world, now),
            Operation::ShowTrashed => trash::show(call, world),
            Operation::ShowTask => trash::show_task(call, world, now),
            _ => Err(Refusal::unhandled()),
        }
    }

    /// Carries out a call that changes the world. A refusal leaves the world as it was; an answer may still
    /// be an error, where the change was made and cannot be serialised.
    pub(super) fn write(&self, world: &mut World, now: i64) -> Result<Reply, Refusal> {
        let call = &self.call;
        match self.operation {
            Operation::CreateMachinePolicy => policy_changes::create(call, TargetKind::VirtualMachine, world, now),
            Operation::CreateDiskPolicy => policy_changes::create(call, TargetKind::Disk, world, now),
            Operation::UpdatePolicy => policy_changes::update(call, world),
            Operation::DeletePolicy => policy_changes::delete(call, world, now),
            Operation::SchedulePolicyDeletion => policy_changes::schedule_deletion(call, world, now),
            Operation::PurgeAll => trash::purge_all(call, world, now),
            Operation::Purge => trash::purge(call, world, now),
            Operation::Restore => trash::restore(call, world),
            _ => Err(Refusal::unhandled()),
        }
    }
}
