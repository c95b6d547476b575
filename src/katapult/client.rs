//! The endpoints that read, one function each.

use serde_json::Value;

use super::names::Lookup;
use super::wire::{page, row_id, unwrap};
use super::{convert, error};
use crate::error::{Error, Result};
use crate::http::{self, Dialect, Flow, Http, PER_PAGE, Request, Walk, walk};
use crate::model::{Disk, Machine, Object, Organization, Policy, TrashObject, redact};

/// The Katapult client.
pub struct Katapult {
    pub(super) http: Http,
    show_secrets: bool,
}

/// What policies are listed for.
#[derive(Clone, Debug)]
pub enum Owner {
    /// A machine; with the policies of its disks, or without.
    Machine(Lookup, bool),
    /// A disk's id.
    Disk(String),
    /// An organization.
    Organization(Lookup),
}

/// What is done with the rows of each page of a list.
pub type Each<'a, T> = &'a mut dyn FnMut(Vec<Object<T>>) -> Result<Flow>;

impl Katapult {
    /// What this API's answers look like, for the HTTP client.
    pub const DIALECT: Dialect = Dialect {
        read_error: error::read_error,
        // Every recorded error has the header.
        may_be_api: |answer| answer.has_api_schema,
        redact,
    };

    /// Makes a client over `http`. Secrets are hidden in what it gives unless `show_secrets`.
    pub fn new(http: Http, show_secrets: bool) -> Self {
        Self { http, show_secrets }
    }

    /// Gives the HTTP client below.
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

    /// Sends a GET, and reads its answer; where that makes no sense, the error names the answer.
    pub(super) async fn get<T>(&self, request: Request, read: impl FnOnce(Value) -> Result<T>) -> Result<T> {
        let (body, answer) = self.http.fetch(&request, http::json).await?;
        read(body).map_err(|error| Error { status: Some(answer.status), request_id: answer.request_id, ..error })
    }

    async fn list<T>(
        &self,
        request: Request,
        keys: &'static [&'static str],
        convert: fn(&Value) -> T,
        each: Each<'_, T>,
    ) -> Result<Walk> {
        let fetch = |number: u64| {
            let request = request.clone().query("page", number.to_string()).query("per_page", PER_PAGE.to_string());
            async move { self.get(request, |body| page(body, keys)).await }
        };
        walk(self.http.concurrency(), fetch, row_id, |rows| {
            each(rows.into_iter().map(|raw| self.object(raw, convert)).collect())
        })
        .await
    }

    /// Lists policies: id, retention, size, target, interval and next run only (documented).
    pub async fn policies(&self, owner: &Owner, each: Each<'_, Policy>) -> Result<Walk> {
        let request = match owner {
            Owner::Machine(machine, include_disks) => {
                let path = "/virtual_machines/virtual_machine/disk_backup_policies";
                let request = machine.query(Request::get(path), "virtual_machine");
                match include_disks {
                    true => request.query("include_disks", "true"),
                    false => request,
                }
            }
            Owner::Disk(id) => Request::get("/disks/disk/disk_backup_policies").query("disk[id]", id),
            Owner::Organization(organization) => {
                let path = "/organizations/organization/disk_backup_policies";
                organization.query(Request::get(path), "organization")
            }
        };
        self.list(request, &["disk_backup_policies"], convert::policy, each).await
    }

    /// Reads a policy in full.
    pub async fn policy(&self, id: &str) -> Result<Object<Policy>> {
        let request = Request::get("/disk_backup_policies/disk_backup_policy").query("disk_backup_policy[id]", id);
        let raw = self.get(request, |body| unwrap(body, "disk_backup_policy")).await?;
        Ok(self.object(raw, convert::policy))
    }

    /// Reads a disk, its annotations moved into it.
    pub async fn disk(&self, id: &str) -> Result<Object<Disk>> {
        let request = Request::get("/disks/disk").query("disk[id]", id);
        let raw = self.get(request, |body| with_annotations(body, "disk")).await?;
        Ok(self.object(raw, convert::disk))
    }

    /// Lists the disks of an organization. They stand under the singular key `disk` (recorded).
    pub async fn disks(&self, organization: &Lookup, each: Each<'_, Disk>) -> Result<Walk> {
        let request = organization.query(Request::get("/organizations/organization/disks"), "organization");
        self.list(request, &["disk", "disks"], convert::disk, each).await
    }

    /// Lists the disks of a machine.
    pub async fn machine_disks(&self, machine: &Lookup, each: Each<'_, Disk>) -> Result<Walk> {
        let request = machine.query(Request::get("/virtual_machines/virtual_machine/disks"), "virtual_machine");
        self.list(request, &["disks", "disk"], convert::disk, each).await
    }

    /// Reads a machine, its annotations moved into it.
    pub async fn machine(&self, machine: &Lookup) -> Result<Object<Machine>> {
        let request = machine.query(Request::get("/virtual_machines/virtual_machine"), "virtual_machine");
        let raw = self.get(request, |body| with_annotations(body, "virtual_machine")).await?;
        Ok(self.object(raw, convert::machine))
    }

    /// Lists the machines of an organization.
    pub async fn machines(&self, organization: &Lookup, each: Each<'_, Machine>) -> Result<Walk> {
        let path = "/organizations/organization/virtual_machines";
        let request = organization.query(Request::get(path), "organization");
        self.list(request, &["virtual_machines"], convert::machine, each).await
    }

    /// Lists the organizations that the token sees; this list has no pages (documented).
    pub async fn organizations(&self) -> Result<Vec<Object<Organization>>> {
        let read = |body| page(body, &["organizations"]);
        let rows = self.get(Request::get("/organizations"), read).await?.rows;
        Ok(rows.into_iter().map(|raw| self.object(raw, convert::organization)).collect())
    }

    /// Lists the trash of an organization: objects of every type.
    pub async fn trash_objects(&self, organization: &Lookup, each: Each<'_, TrashObject>) -> Result<Walk> {
        let path = "/organizations/organization/trash_objects";
        let request = organization.query(Request::get(path), "organization");
        self.list(request, &["trash_objects"], convert::trash_object, each).await
    }

    /// Reads an entry of the trash, by its own id (`id`) or by that of what was deleted (`object_id`).
    pub async fn trash_object(&self, lookup: &Lookup) -> Result<Object<TrashObject>> {
        let request = lookup.query(Request::get("/trash_objects/trash_object"), "trash_object");
        let raw = self.get(request, |body| unwrap(body, "trash_object")).await?;
        Ok(self.object(raw, convert::trash_object))
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
