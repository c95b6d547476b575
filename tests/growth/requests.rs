//! How many requests a command sends.

use crate::costs_as_much;
use crate::harness::katapult;
use crate::world::{VM, World, policy, vm};

/// Policies of as many machines, all of one organization.
pub fn organization(rows: usize) -> World {
    let id = |number: usize| format!("vm_{number:05}");
    let machine = |number| vm(&id(number), &format!("node-{number}"), &format!("node-{number}.acme.example"));
    let one = |number| {
        policy(&format!("dbp_{number:05}"), "VirtualMachine", &id(number), &format!("node-{number}"), "daily", 7)
    };
    World::new().vms((0..rows).map(machine).collect()).policies((0..rows).map(one).collect())
}

#[test]
fn commands_send_no_more_requests_a_row() {
    for args in [
        &["policies", "list", "--org", "acme"][..],
        &["policies", "list", "--org", "acme", "--detail"],
        &["vm", "list"],
        &["export"],
        &["coverage"],
        &["policies", "update", "--match", "*", "--retention", "9"],
    ] {
        costs_as_much(&args.join(" "), [30, 120], |rows| {
            let server = organization(rows).serve();
            katapult(&server, args).run().ok();
            server.count() as u64
        });
    }
}

#[test]
fn a_list_of_one_machine_is_one_request() {
    let server = organization(1).vms(vec![vm(VM, "web-1", "web-1.acme.example")]).serve();
    katapult(&server, &["policies", "list", "--vm", VM]).run().ok();
    assert_eq!(server.count(), 1);
}
