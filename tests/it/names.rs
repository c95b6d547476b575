//! How a machine is named (id, FQDN, name) and which organization is meant.

use serde_json::Value;

use crate::company::Company;
use crate::harness::{Bpctl, bare, katapult};
use crate::onapp_cloud::Cloud;
use crate::server::Server;
use crate::world::{FQDN, ORG, ORG_POLICIES_PATH, POLICY, VM, VM_POLICIES_PATH, World, org, policy, vm};

const ORG_VMS_PATH: &str = "/core/v1/organizations/organization/virtual_machines";
const DB: &str = "vm_Bc4sLk7WnE2xTf9J";

fn list(server: &Server, machine: &str) -> Bpctl {
    katapult(server, &["policies", "list", "--vm", machine])
}

#[test]
fn a_machine_by_id_fqdn_or_name() {
    for machine in [VM, FQDN, "WEB-1.acme.katapult.cloud", "web-1", "WEB-1"] {
        let run = list(&World::new().serve(), machine).args(&["-o", "id"]).run().ok();
        assert_eq!(run.stdout, format!("{POLICY}\n"), "{machine}");
    }
}

#[test]
fn a_name_need_not_look_like_a_host_name() {
    let world = World::new().policies(vec![policy("p-db", "VirtualMachine", DB, "DB 1", "daily", 7)]);
    for machine in ["DB 1", "db-1", "DB-1"] {
        let run = list(&world.serve(), machine).args(&["-o", "id"]).run().ok();
        assert_eq!(run.stdout, "p-db\n", "{machine}");
    }
}

#[test]
fn an_id_or_fqdn_costs_no_list() {
    for machine in [VM, FQDN] {
        let server = World::new().serve();
        list(&server, machine).run().ok();
        assert_ne!(server.to(VM_POLICIES_PATH).len(), 0);
        assert!(server.to(ORG_VMS_PATH).is_empty(), "{machine}: {:?}", server.requests());
    }
}

#[test]
fn a_name_is_matched_whole() {
    for machine in ["web", "web-", "web-11", "eb-1", "*", "vm"] {
        list(&World::new().serve(), machine).run().fails_in_words(3).mentions(&[machine]);
    }
}

#[test]
fn a_name_is_found_on_any_page() {
    let vms: Vec<Value> =
        (0..70).map(|n| vm(&format!("vm_{n:016}"), &format!("node-{n}"), &format!("node-{n}.example"))).collect();
    let world = World::new().vms(vms).policies(vec![policy(
        "p-69",
        "VirtualMachine",
        &format!("vm_{:016}", 69),
        "node-69",
        "daily",
        7,
    )]);
    let run = list(&world.serve(), "node-69").args(&["-o", "id"]).run().ok();
    assert_eq!(run.stdout, "p-69\n");
}

#[test]
fn an_ambiguous_name_is_refused_and_its_owners_are_named() {
    let server = World::new()
        .vms(vec![
            vm("vm_one", "twin", "twin-a.acme.katapult.cloud"),
            vm("vm_two", "twin", "twin-b.acme.katapult.cloud"),
        ])
        .serve();
    list(&server, "twin").run().fails_in_words(2).mentions(&["twin", "vm_one", "vm_two"]);
    let run = list(&server, "twin").args(&["-o", "json"]).run().fails(2, "ambiguous_name");
    let error = run.error().to_string();
    assert!(error.contains("vm_one") && error.contains("vm_two"), "{error}");
    assert!(server.to(VM_POLICIES_PATH).is_empty(), "nothing is asked about a machine that is not known");
}

#[test]
fn the_only_organization_is_the_one_that_is_meant() {
    let server = World::new().serve();
    katapult(&server, &["policies", "list"]).run().ok();
    assert_eq!(organization(&server).as_deref(), Some(ORG));
}

/// The organization whose policies were asked for, by whichever lookup.
fn organization(server: &Server) -> Option<String> {
    let asked = server.to(ORG_POLICIES_PATH);
    let request = asked.first().unwrap_or_else(|| panic!("not asked: {:?}", server.requests()));
    request.query("organization[id]").or_else(|| request.query("organization[sub_domain]"))
}

fn two_organizations() -> World {
    World::new().orgs(vec![org(ORG, "ACME Inc.", "acme"), org("org_2", "Bolt Ltd", "bolt")])
}

#[test]
fn several_organizations_are_named_in_the_error() {
    for args in [&["policies", "list"][..], &["vm", "list"], &["policies", "list", "--vm", "web-1"]] {
        let server = two_organizations().serve();
        katapult(&server, args).run().fails_in_words(2).mentions(&["acme", "bolt", "--org"]);
    }
}

#[test]
fn no_organization_at_all_is_an_error() {
    let server = World::new().orgs(Vec::new()).serve();
    katapult(&server, &["vm", "list"]).run().exits_nonzero();
}

#[test]
fn an_organization_is_named_by_flag_then_by_variable() {
    for (flag, bpctl, katapult_variable, meant) in [
        (Some("bolt"), Some("acme"), Some("acme"), ["bolt", "org_2"]),
        (None, Some("bolt"), Some("acme"), ["bolt", "org_2"]),
        (None, None, Some("bolt"), ["bolt", "org_2"]),
        (Some("org_2"), None, None, ["bolt", "org_2"]),
        (Some(ORG), Some("bolt"), None, ["acme", ORG]),
    ] {
        let server = two_organizations().serve();
        let mut run = katapult(&server, &["policies", "list"]);
        for (name, value) in [("BPCTL_ORG", bpctl), ("KATAPULT_ORGANIZATION", katapult_variable)] {
            if let Some(value) = value {
                run = run.env(name, value);
            }
        }
        if let Some(flag) = flag {
            run = run.args(&["--org", flag]);
        }
        run.run().ok();
        assert!(meant.contains(&organization(&server).unwrap().as_str()), "{flag:?} {bpctl:?} {katapult_variable:?}");
    }
}

#[test]
fn singular_and_plural_are_one_noun() {
    let server = World::new().serve();
    for (one, other) in [("policy", "policies"), ("disk", "disks"), ("vm", "vms"), ("org", "orgs")] {
        let run = |noun| katapult(&server, &[noun, "list", "-o", "json"]).run().ok().stdout;
        assert_ne!(run(one), "");
        assert_eq!(run(one), run(other), "{one}");
    }
}

#[test]
fn what_names_are_resolved_through_can_be_listed_and_shown() {
    let server = World::new().serve();
    let ids = |args: &[&str]| katapult(&server, args).args(&["-o", "id"]).run().ok().stdout;
    assert_eq!(ids(&["org", "list"]), format!("{ORG}\n"));
    assert_eq!(ids(&["vm", "list"]).lines().count(), 3);
    assert_eq!(ids(&["vm", "show", "web-1"]), format!("{VM}\n"));
    assert_eq!(ids(&["vm", "show", FQDN]), format!("{VM}\n"));
    assert_eq!(ids(&["disk", "list"]), format!("{}\n", crate::world::DISK));
    assert_eq!(ids(&["disk", "list", "--vm", "web-1"]), format!("{}\n", crate::world::DISK));
    assert_eq!(ids(&["policy", "show", POLICY]), format!("{POLICY}\n"));
}

#[test]
fn a_token_that_may_not_list_organizations_is_pointed_to_the_flag() {
    let server = World::new().serve_but(|request| {
        (request.path() == "/core/v1/organizations").then(|| crate::server::Answer::error(403, "scope_not_granted"))
    });
    let run = katapult(&server, &["policies", "list"]).run().fails_in_words(4).hints();
    run.mentions(&["name the organization with `--org`"]);
    katapult(&server, &["policies", "list", "--org", "acme"]).run().ok();
}

#[test]
fn what_has_another_kind_is_named_with_the_commands_for_it() {
    let server = World::new().serve();
    let refuses = |args: &[&str], words: &[&str]| {
        katapult(&server, args).run().fails_in_words(3).hints().mentions(words);
    };
    for verb in [&["vm", "show"][..], &["policies", "list", "--vm"], &["disk", "list", "--vm"], &["policies", "list"]] {
        refuses(&[verb, &["System Disk"]].concat(), &["is a disk: `bpctl disk show 'System Disk'`"]);
        refuses(&[verb, &[POLICY]].concat(), &["is a policy: `bpctl policy show dbp_"]);
    }
    for verb in [&["disk", "show"][..], &["policies", "list", "--disk"]] {
        refuses(&[verb, &["web-1"]].concat(), &["is a VM: `bpctl vm show web-1`, `bpctl policies list --vm web-1`"]);
        refuses(&[verb, &[POLICY]].concat(), &["is a policy: `bpctl policy show dbp_"]);
    }
    for (verb, list) in [("vm", "vm list"), ("disk", "disk list"), ("policy", "policies list")] {
        let hint = format!("`acme` is an organization: `bpctl {list} --org acme`");
        refuses(&[verb, "show", "acme"], &[&hint]);
    }
    refuses(&["vm", "show", "web1"], &["did you mean `web-1`?"]);
    bare(&["--sandbox", "policies", "list", "--vm", "488"])
        .run()
        .fails_in_words(3)
        .mentions(&["the VMs web-1, web-2, db-1", "--profile sandbox-onapp"]);
    let backups = bare(&["--profile", "sandbox", "backups", "list"]).run().fails_in_words(2);
    backups.mentions(&["not supported by provider katapult", "`--profile sandbox-onapp`"]);
    refuses(&["policy", "show", "web-7"], &["no policy, VM or disk is called `web-7`"]);
    let nothing = katapult(&server, &["vm", "show", "nothing"]).run().fails_in_words(3);
    assert!(!nothing.stderr.contains(" is a "), "{}", nothing.report());
    let nothing = katapult(&server, &["disk", "show", "nothing"]).run().fails_in_words(3);
    assert_eq!(nothing.stderr.matches("`bpctl disk list`").count(), 1, "{}", nothing.report());
}

#[test]
fn what_is_in_the_trash_is_named_with_the_command_for_it() {
    let company = Company::new();
    let id = company.web_1();
    // Nothing of the trash is read where there is no error.
    company.run(&["policy", "show", "web-1"]).ok();
    assert!(company.server.requests().iter().all(|request| !request.path().contains("trash")));
    company.run(&["policy", "delete", "web-1", "--yes"]).ok();
    let restore = format!("its policy {id} is in the trash: `bpctl policy restore {id}`");
    for verb in ["show", "delete"] {
        company.run(&["policy", verb, "web-1"]).fails_in_words(3).mentions(&["has no policy", &restore]);
    }
    let disks = company.run(&["policy", "show", "System Disk"]).fails_in_words(3);
    disks.mentions(&["`System Disk` is the name of disk ", "and none of them has a policy"]);
    let trash = company.json(&["trash", "list"]);
    let entry = |kind: &str| trash.as_array().unwrap().iter().find(|entry| entry["object_type"] == kind).unwrap();
    let policy = entry("DiskBackupPolicy");
    let (entry_id, object_id) = (policy["id"].as_str().unwrap(), policy["object_id"].as_str().unwrap());
    let run = company.run(&["policy", "show", entry_id]).fails_in_words(3);
    run.mentions(&[&format!("`bpctl policy restore {object_id}`")]);
    let disk = entry("Disk")["id"].as_str().unwrap();
    company.run(&["disk", "show", disk]).fails_in_words(3).mentions(&["is in the trash, as a disk: `bpctl trash show"]);
}

#[test]
fn on_onapp_too() {
    let cloud = Cloud::serve(&[]);
    cloud.bpctl(&["vm", "show", "1102"]).run().fails_in_words(3).mentions(&["is a disk: `bpctl disk show 1102`"]);
    cloud.bpctl(&["disk", "show", "db1"]).run().fails_in_words(3).mentions(&["is a VM: `bpctl vm show db1`"]);
    cloud.bpctl(&["vm", "show", "db-1"]).run().fails_in_words(3).mentions(&["did you mean `db1`?"]);
    let disk = cloud.bpctl(&["policy", "show", "1200"]).run().fails_in_words(3);
    disk.mentions(&["no policy has the number", "is a disk: `bpctl disk show 1200`"]);
    cloud.bpctl(&["policy", "show", "test1"]).run().fails_in_words(3).mentions(&["VM `test1` has no policy"]);
    cloud.bpctl(&["vm", "show", "99999"]).run().fails_in_words(3).mentions(&["no VM `99999`", "bpctl vm list"]);
    for args in [["transaction", "show", "1"], ["backup", "show", "1"], ["policy", "show", "1"], ["disk", "show", "1"]]
    {
        cloud.bpctl(&args).run().fails_in_words(3).hints().mentions(&["`1`"]);
    }
}
