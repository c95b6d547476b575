//! `undo` and organizations: it takes back what was done in the organization in use, whatever the organization is called.

use serde_json::{Value, json};

use crate::company::Company;
use crate::harness::{Home, Run, katapult};
use crate::server::{Answer, Server};
use crate::world::{ORG, ORG_POLICIES_PATH, POLICY, World, org};

const TRASH_PATH: &str = "/core/v1/organizations/organization/trash_objects";

struct Setting {
    world: World,
    server: Server,
    home: Home,
}

impl Setting {
    /// With the organization acme, or with a second one that has no policies.
    fn new(has_second: bool) -> Self {
        let mut world = World::new();
        if has_second {
            world = world.orgs(vec![org(ORG, "ACME Inc.", "acme"), org("org_2", "Second", "second")]);
        }
        let server = world.serve_but(|request| {
            let key = match request.path() {
                ORG_POLICIES_PATH => "disk_backup_policies",
                TRASH_PATH => "trash_objects",
                _ => return None,
            };
            let empty =
                json!({key: [], "pagination": {"current_page": 1, "total_pages": 1, "total": 0, "per_page": 30}});
            request.target.contains("=second").then(|| Answer::json(200, &empty))
        });
        Self { world, server, home: Home::new() }
    }

    fn run(&self, args: &[&str]) -> Run {
        katapult(&self.server, args).args(&["-o", "json"]).home(&self.home).run()
    }

    fn update(&self, policy: &str, args: &[&str]) {
        let update = ["policy", "update", policy, "--retention", "44", "-o", "json"];
        katapult(&self.server, &update).args(args).home(&self.home).run().ok();
    }

    fn retention(&self) -> Value {
        self.world.current()["retention"].clone()
    }

    fn recorded(&self) -> Value {
        self.run(&["history", "1"]).ok().json()["organization"].clone()
    }
}

#[test]
fn the_organization_that_a_name_was_looked_up_in_is_recorded() {
    let setting = Setting::new(false);
    setting.update("web-1", &[]);
    assert_eq!(setting.recorded(), ORG);
    setting.run(&["undo", "--org", "other", "--yes"]).fails(3, "organization_not_found");
    setting.run(&["undo", "1", "--org", "other", "--yes"]).fails(3, "organization_not_found");
    assert_eq!(setting.retention(), 44);
    setting.run(&["undo", "--yes"]).ok();
    assert_eq!(setting.retention(), 7);
    // So is that of the undo.
    setting.run(&["undo", "2", "--yes", "--org", "acme"]).ok();
    assert_eq!(setting.retention(), 44);
}

#[test]
fn an_organization_is_the_same_by_its_id_by_its_sub_domain_and_as_the_only_one() {
    for (named, undo) in [
        ("acme", &[][..]),
        (ORG, &[]),
        ("acme", &["--org", ORG]),
        (ORG, &["--org", "acme"]),
        ("acme", &["--org", "acme"]),
    ] {
        for policy in ["web-1", POLICY] {
            let setting = Setting::new(false);
            setting.update(policy, &["--org", named]);
            assert_eq!(setting.recorded(), named);
            setting.run(&["undo", "--yes"].iter().chain(undo).copied().collect::<Vec<_>>()).ok();
            assert_eq!(setting.retention(), 7, "{named} {undo:?} {policy}");
        }
    }
}

#[test]
fn where_the_organization_is_not_recorded_the_policy_is_looked_for() {
    let setting = Setting::new(true);
    setting.update(POLICY, &[]);
    assert!(setting.server.requests().iter().all(|request| !request.path().contains("organization")));
    assert_eq!(setting.recorded(), Value::Null);
    setting.run(&["undo", "--org", "other", "--yes"]).fails(3, "organization_not_found");
    setting.run(&["undo", "--org", "second", "--yes"]).fails(3, "not_found");
    setting.run(&["undo", "1", "--org", "second", "--yes"]).fails(2, "usage");
    assert_eq!(setting.retention(), 44);
    setting.run(&["undo", "--org", "acme", "--yes"]).ok();
    assert_eq!(setting.retention(), 7);
    // A policy in the trash belongs to its organization, too.
    let company = Company::new();
    let id = company.web_1();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    company.run(&["undo", "--org", "acme", "--yes"]).ok();
    assert!(company.policy(&id).is_some());
}

#[test]
fn of_several_organizations_the_one_of_the_change_is_named() {
    let setting = Setting::new(true);
    setting.update("web-1", &["--org", "acme"]);
    setting.run(&["undo", "--yes"]).fails(3, "not_found");
    setting.run(&["undo", "--yes", "--org", "second"]).fails(3, "not_found");
    let error = setting.run(&["undo", "1", "--yes"]).fails(2, "usage").error();
    assert!(error["hint"].as_str().unwrap().contains("`bpctl undo 1 --org acme`"), "{error}");
    assert_eq!(setting.retention(), 44);
}
