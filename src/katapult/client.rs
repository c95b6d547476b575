//! The endpoints that read, one function each.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::names::Lookup;
use super::wire::{page, row_id, text, unwrap};
use super::{convert, error};
use crate::error::{Error, Result, code};
use crate::http::{self, Dialect, Flow, Http, PER_PAGE, Page, Request, Walk, read_carefully, walk};
use crate::model::{Disk, Machine, Object, Organization, Policy, TrashObject, redact};

pub struct Katapult {
    pub(super) http: Http,
    show_secrets: bool,
    /// The organization that this run looks into, once that is known.
    pub(super) organization: OnceLock<String>,
}

/// What policies are listed for.
#[derive(Clone, Debug)]
pub enum Owner {
    /// A machine; with the policies of its disks, or without.
    Machine(Lookup, bool),
    /// A disk's id.
    Disk(String),
    Organization(Lookup),
}

/// A list that was read to its end.
pub struct Listed<T> {
    pub rows: Vec<Object<T>>,
    /// What the pages said of it.
    pub walk: Walk,
}

impl<T> Listed<T> {
    pub fn models(self) -> Vec<T> {
        self.rows.into_iter().map(|row| row.model).collect()
    }
}

/// The keys under which lists stand; an earlier one counts first.
const POLICIES: Keys = &["disk_backup_policies"];
const DISKS: Keys = &["disk", "disks"];
const MACHINE_DISKS: Keys = &["disks", "disk"];
const MACHINES: Keys = &["virtual_machines"];
const TRASH_OBJECTS: Keys = &["trash_objects"];

type Keys = &'static [&'static str];

/// What is done with the rows of each page of a list.
pub type Each<'a, T> = &'a mut dyn FnMut(Vec<Object<T>>) -> Result<Flow>;

impl Katapult {
    /// What this API's answers look like, for the HTTP client.
    pub const DIALECT: Dialect = Dialect {
        read_error: error::read_error,
        // Every recorded error has the header.
        may_be_api: |answer| answer.has_api_schema,
        permission_hint: |_| "the token's user lacks this permission: ask an owner of the organization".to_owned(),
        redact,
    };

    /// Makes a client over `http`. Secrets are hidden in what it gives unless `show_secrets`.
    pub fn new(http: Http, show_secrets: bool) -> Self {
        Self { http, show_secrets, organization: OnceLock::new() }
    }

    /// Returns the HTTP client below.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Hides secrets on the way in, once.
    pub(super) fn object<T>(&self, mut raw: Value, convert: fn(&Value) -> T) -> Object<T> {
        if !self.show_secrets {
            redact(&mut raw);
        }
        Object { model: convert(&raw), raw }
    }

    /// Sends a GET, and reads its answer; where that cannot be understood, the error names the answer.
    pub(super) async fn get<T>(&self, request: Request, read: impl FnOnce(Value) -> Result<T>) -> Result<T> {
        let (body, answer) = self.http.fetch(&request, http::json).await?;
        read(body).map_err(|error| Error { status: Some(answer.status), request_id: answer.request_id, ..error })
    }

    async fn list<T>(&self, request: Request, keys: Keys, convert: fn(&Value) -> T, each: Each<'_, T>) -> Result<Walk> {
        walk(
            self.http.concurrency(),
            |number| self.page(&request, keys, number),
            row_id,
            |rows| each(rows.into_iter().map(|raw| self.object(raw, convert)).collect()),
        )
        .await
    }

    /// Reads a list to its end, with the care that a write needs which is based on it.
    async fn all<T>(&self, request: Request, keys: Keys, convert: fn(&Value) -> T) -> Result<Listed<T>> {
        let read = read_carefully(self.http.concurrency(), |number| self.page(&request, keys, number), row_id);
        let (rows, walk) = read.await?;
        Ok(Listed { rows: rows.into_iter().map(|raw| self.object(raw, convert)).collect(), walk })
    }

    async fn page(&self, request: &Request, keys: Keys, number: u64) -> Result<Page> {
        let request = request.clone().query("page", number.to_string()).query("per_page", PER_PAGE.to_string());
        self.get(request, |body| page(body, keys)).await
    }

    /// Lists policies: id, retention, size, target, interval and next run only (documented).
    pub async fn policies(&self, owner: &Owner, each: Each<'_, Policy>) -> Result<Walk> {
        self.list(policies_request(owner), POLICIES, convert::policy, each).await
    }

    /// Lists all policies of an owner.
    pub async fn all_policies(&self, owner: &Owner) -> Result<Listed<Policy>> {
        self.all(policies_request(owner), POLICIES, convert::policy).await
    }

    /// Reads a policy in full.
    pub async fn policy(&self, id: &str) -> Result<Object<Policy>> {
        let request = Request::get("/disk_backup_policies/disk_backup_policy").query("disk_backup_policy[id]", id);
        let raw = self.get(request, |body| expect_id(unwrap(body, "disk_backup_policy")?, "id", id)).await?;
        Ok(self.object(raw, convert::policy))
    }

    /// Reads a disk, its annotations moved into it.
    pub async fn disk(&self, id: &str) -> Result<Object<Disk>> {
        let request = Request::get("/disks/disk").query("disk[id]", id);
        let raw = self.get(request, |body| expect_id(with_annotations(body, "disk")?, "id", id)).await?;
        Ok(self.object(raw, convert::disk))
    }

    /// Lists the disks of an organization. They stand under the singular key `disk` (recorded).
    pub async fn disks(&self, organization: &Lookup, each: Each<'_, Disk>) -> Result<Walk> {
        self.list(disks_request(organization), DISKS, convert::disk, each).await
    }

    /// Lists all disks of an organization.
    pub async fn all_disks(&self, organization: &Lookup) -> Result<Listed<Disk>> {
        self.all(disks_request(organization), DISKS, convert::disk).await
    }

    /// Lists the disks of a machine.
    pub async fn machine_disks(&self, machine: &Lookup, each: Each<'_, Disk>) -> Result<Walk> {
        self.list(machine_disks_request(machine), MACHINE_DISKS, convert::disk, each).await
    }

    /// Lists all disks of a machine.
    pub async fn all_machine_disks(&self, machine: &Lookup) -> Result<Listed<Disk>> {
        self.all(machine_disks_request(machine), MACHINE_DISKS, convert::disk).await
    }

    /// Reads a machine, its annotations moved into it.
    pub async fn machine(&self, machine: &Lookup) -> Result<Object<Machine>> {
        let request = machine.query(Request::get("/virtual_machines/virtual_machine"), "virtual_machine");
        let read = |body| {
            let object = with_annotations(body, "virtual_machine")?;
            if machine.key == "id" { expect_id(object, "id", &machine.value) } else { Ok(object) }
        };
        let raw = self.get(request, read).await?;
        Ok(self.object(raw, convert::machine))
    }

    /// Lists the machines of an organization.
    pub async fn machines(&self, organization: &Lookup, each: Each<'_, Machine>) -> Result<Walk> {
        self.list(machines_request(organization), MACHINES, convert::machine, each).await
    }

    /// Lists all machines of an organization.
    pub async fn all_machines(&self, organization: &Lookup) -> Result<Listed<Machine>> {
        self.all(machines_request(organization), MACHINES, convert::machine).await
    }

    /// Lists the organizations that the token sees; this list has no pages (documented).
    pub async fn organizations(&self) -> Result<Vec<Object<Organization>>> {
        let read = |body| page(body, &["organizations"]);
        let rows = self.get(Request::get("/organizations"), read).await?.rows;
        Ok(rows.into_iter().map(|raw| self.object(raw, convert::organization)).collect())
    }

    /// Lists the trash of an organization: objects of every type.
    pub async fn trash_objects(&self, organization: &Lookup, each: Each<'_, TrashObject>) -> Result<Walk> {
        self.list(trash_objects_request(organization), TRASH_OBJECTS, convert::trash_object, each).await
    }

    /// Lists the whole trash of an organization.
    pub async fn all_trash_objects(&self, organization: &Lookup) -> Result<Listed<TrashObject>> {
        self.all(trash_objects_request(organization), TRASH_OBJECTS, convert::trash_object).await
    }

    /// Reads an entry of the trash, by its own id (`id`) or by that of what was deleted (`object_id`).
    pub async fn trash_object(&self, lookup: &Lookup) -> Result<Object<TrashObject>> {
        let request = lookup.query(Request::get("/trash_objects/trash_object"), "trash_object");
        let raw = self.get(request, |body| expect_id(unwrap(body, "trash_object")?, lookup.key, &lookup.value)).await?;
        Ok(self.object(raw, convert::trash_object))
    }
}

fn policies_request(owner: &Owner) -> Request {
    match owner {
        Owner::Machine(machine, include_disks) => {
            let path = "/virtual_machines/virtual_machine/disk_backup_policies";
            let request = machine.query(Request::get(path), "virtual_machine");
            if *include_disks { request.query("include_disks", "true") } else { request }
        }
        Owner::Disk(id) => Request::get("/disks/disk/disk_backup_policies").query("disk[id]", id),
        Owner::Organization(organization) => {
            let path = "/organizations/organization/disk_backup_policies";
            organization.query(Request::get(path), "organization")
        }
    }
}

fn disks_request(organization: &Lookup) -> Request {
    organization.query(Request::get("/organizations/organization/disks"), "organization")
}

fn machine_disks_request(machine: &Lookup) -> Request {
    machine.query(Request::get("/virtual_machines/virtual_machine/disks"), "virtual_machine")
}

fn machines_request(organization: &Lookup) -> Request {
    let path = "/organizations/organization/virtual_machines";
    organization.query(Request::get(path), "organization")
}

fn trash_objects_request(organization: &Lookup) -> Request {
    let path = "/organizations/organization/trash_objects";
    organization.query(Request::get(path), "organization")
}

/// Whether an error says that the answer was about another object than the one that was asked for.
pub fn is_about_another(error: &Error) -> bool {
    error.code == code::INVALID_RESPONSE && error.detail.get("answered").is_some()
}

/// Refuses an answer about another object than the one that was asked for. An answer without an id is accepted.
fn expect_id(object: Value, key: &str, wanted: &str) -> Result<Value> {
    match text(&object, key) {
        Some(id) if id != wanted => {
            let message = format!("the API returned {id} instead of {wanted}");
            Err(Error::invalid_response(message).detail(json!({"asked": wanted, "answered": id})))
        }
        _ => Ok(object),
    }
}

/// Moves the annotations, a sibling of the object (recorded), into the object.
fn with_annotations(mut body: Value, key: &str) -> Result<Value> {
    let annotations = body.get_mut("annotations").map(Value::take);
    let mut object = unwrap(body, key)?;
    if let (Some(fields), Some(annotations)) = (object.as_object_mut(), annotations) {
        fields.insert("annotations".to_owned(), annotations);
    }
    Ok(object)
}
