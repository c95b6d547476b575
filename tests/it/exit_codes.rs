//! Every row of the exit code table that the present commands can reach, in words and in JSON.

use std::net::TcpListener;

use crate::harness::{TOKEN, bare, interrupt, katapult, terminate};
use crate::server::{Answer, Server};
use crate::world::{POLICY, VM, World};

#[test]
fn zero_when_done() {
    let server = World::new().serve();
    let run = katapult(&server, &["policies", "list", "--vm", VM]).run().ok();
    assert!(run.stdout.contains(POLICY), "{}", run.report());
}

#[test]
fn one_when_the_answer_is_invalid() {
    let server = Server::always(Answer::html(200));
    katapult(&server, &["policies", "list", "--vm", VM, "-o", "json"]).run().fails(1, "invalid_response");
}

#[test]
fn two_on_a_bad_flag() {
    let server = World::new().serve();
    katapult(&server, &["policies", "list", "--vm", VM, "--frobnicate"]).run().exits(2);
    assert_eq!(server.count(), 0);
}

#[test]
fn two_on_a_missing_config_file() {
    let server = World::new().serve();
    katapult(&server, &["policies", "list", "--vm", VM, "-o", "json", "--config", "/nonexistent/bpctl.toml"])
        .run()
        .fails(2, "config");
    assert_eq!(server.count(), 0);
}

#[test]
fn two_on_a_missing_confirmation() {
    let server = World::new().serve();
    katapult(&server, &["policy", "update", POLICY, "--retention", "1", "-o", "json"])
        .run()
        .fails(2, "confirmation_required");
}

#[test]
fn three_when_not_found() {
    let server = World::new().serve();
    for (args, code) in [
        (["policies", "list", "--vm", "vm_0000000000000000"], "virtual_machine_not_found"),
        (["policies", "list", "--disk", "disk_0000000000000000"], "disk_not_found"),
        (["policies", "list", "--org", "org_0000000000000000"], "organization_not_found"),
    ] {
        katapult(&server, &args).args(&["-o", "json"]).run().fails(3, code);
    }
}

#[test]
fn three_when_a_name_matches_nothing() {
    let server = World::new().serve();
    katapult(&server, &["policies", "list", "--vm", "unheard-of"]).run().fails_in_words(3).mentions(&["unheard-of"]);
}

#[test]
fn four_without_a_token_and_before_any_request() {
    let server = World::new().serve();
    let run = |args: &[&str]| katapult(&server, args).without_env("BPCTL_TOKEN").run();
    run(&["policies", "list", "--vm", VM, "-o", "json"]).fails(4, "no_token");
    run(&["policies", "list", "--vm", VM]).fails_in_words(4).hints().mentions(&["BPCTL_TOKEN"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn four_when_not_authenticated_or_not_permitted() {
    for (status, code) in [
        (400, "missing_api_token"),
        (401, "unauthenticated"),
        (403, "invalid_api_token"),
        (403, "invalid_capabilities_token"),
        (403, "unauthorized_network_for_api_token"),
        (403, "scope_not_granted"),
        (403, "permission_denied"),
        (403, "organization_suspended"),
        (403, "a_code_of_next_year"),
    ] {
        let server = Server::always(Answer::error(status, code));
        katapult(&server, &["disk", "show", "disk_x", "-o", "json"]).run().fails(4, code);
        assert_eq!(server.count(), 1, "{code} is not worth a retry");
    }
}

#[test]
fn five_when_the_api_refuses() {
    for (status, code) in [
        (406, "object_in_trash"),
        (409, "conflict"),
        (422, "validation_error"),
        (400, "invalid_timestamp"),
        (400, "invalid_argument"),
        (418, "a_code_of_next_year"),
    ] {
        let server = Server::always(Answer::error(status, code));
        katapult(&server, &["disk", "show", "disk_x", "-o", "json"]).run().fails(5, code);
        assert_eq!(server.count(), 1, "{code} is not worth a retry");
    }
}

#[test]
fn six_when_rate_limited() {
    let server = Server::always(Answer::error(429, "rate_limit_reached"));
    katapult(&server, &["disk", "show", "disk_x", "-o", "json", "--retries", "0"]).run().fails(6, "rate_limit_reached");
    assert_eq!(server.count(), 1);
}

#[test]
fn seven_when_the_port_is_closed() {
    // The port was free a moment ago, so the connection is refused.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = |args: &[&str]| {
        bare(args)
            .env("BPCTL_TOKEN", TOKEN)
            .env("BPCTL_API_URL", format!("http://{address}/core/v1"))
            .args(&["--retries", "0"])
            .run()
    };
    run(&["disk", "show", "disk_x", "-o", "json"]).fails(7, "network");
    run(&["disk", "show", "disk_x"]).fails_in_words(7).mentions(&["127.0.0.1"]);
}

#[test]
fn seven_when_the_name_does_not_resolve() {
    bare(&["disk", "show", "disk_x", "-o", "json", "--retries", "0"])
        .env("BPCTL_TOKEN", TOKEN)
        .env("BPCTL_API_URL", "https://nowhere.invalid/core/v1")
        .run()
        .fails(7, "network");
}

#[test]
fn seven_when_tls_fails() {
    // The server speaks plain HTTP, so no handshake can succeed.
    let server = World::new().serve();
    katapult(&server, &["disk", "show", "disk_x", "-o", "json", "--retries", "0"])
        .env("BPCTL_API_URL", server.katapult_url().replace("http://", "https://"))
        .run()
        .fails(7, "tls");
    assert_eq!(server.count(), 0, "nothing goes out in the clear");
}

#[test]
fn seven_on_server_errors() {
    for status in [500, 502, 503, 504, 599] {
        let server = Server::always(Answer::error(status, "service_unavailable"));
        katapult(&server, &["disk", "show", "disk_x", "-o", "json", "--retries", "0"])
            .run()
            .fails(7, "service_unavailable");
        assert_eq!(server.count(), 1, "{status}");
    }
}

#[test]
fn seven_on_a_cut_off_answer() {
    let server = Server::always(Answer::text_json(r#"{"disk": {"id": "disk_x""#).cut_off());
    katapult(&server, &["disk", "show", "disk_x", "--retries", "0"]).run().fails_in_words(7);
}

#[test]
fn a_hundred_and_thirty_when_interrupted() {
    for signal in [interrupt, terminate] {
        let server = Server::always(Answer::empty(200).delayed(std::time::Duration::from_secs(30)));
        let running = katapult(&server, &["disk", "show", "disk_x", "-o", "json"]).spawn();
        server.await_requests(1);
        signal(running.id());
        running.wait().fails(130, "interrupted");
    }
}
