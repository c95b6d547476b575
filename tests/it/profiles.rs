//! `--profile a,b` and `--all-profiles`: several organizations and clouds in one view.

use serde_json::json;

use crate::company::Company;
use crate::coverage::{disks, listed_disk};
use crate::harness::{Home, TOKEN, bare};
use crate::lint::TRASH_PATH;
use crate::server::{Answer, Request, Server};
use crate::world::{FQDN, POLICY, VM, World, page, vm};

/// A home whose config has a profile for each server.
fn home(profiles: &[(&str, &Server)]) -> Home {
    let home = Home::new();
    let profile = |(name, server): &(&str, &Server)| {
        format!("[profiles.{name}]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n", server.katapult_url())
    };
    std::fs::create_dir_all(home.path("config/bpctl")).unwrap();
    home.file("config/bpctl/config.toml", &profiles.iter().map(profile).collect::<String>());
    home
}

#[test]
fn every_row_says_where_it_came_from() {
    let (a, b) = (World::new().serve(), World::new().policy(|policy| policy["id"] = "dbp_b".into()).serve());
    let home = home(&[("a", &a), ("b", &b)]);
    let list = |args: &[&str]| bare(&["policies", "list"]).args(args).home(&home).run().ok();
    let csv = list(&["--profile", "b,a,b", "-o", "csv"]).stdout;
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').take(2).collect()).collect();
    assert_eq!(rows, [["profile", "id"], ["b", "dbp_b"], ["a", POLICY]]);
    let table = list(&["--all-profiles"]).stdout;
    assert!(table.starts_with("PROFILE  ID "), "{table}");
    let json = list(&["--all-profiles", "-o", "json"]).json();
    assert_eq!((&json[0]["profile"], &json[0]["object"]["id"]), (&json!("a"), &json!(POLICY)));
    assert_eq!(json[1], json!({"profile": "b", "object": b_policy(&b)}));
    let lines = list(&["--all-profiles", "-o", "jsonl"]).stdout;
    assert_eq!(lines.lines().count(), 2);
    assert_eq!(list(&["--all-profiles", "-o", "id"]).stdout, format!("{POLICY}\ndbp_b\n"));
    assert_eq!(list(&["--all-profiles", "-o", "id", "--sort", "id", "--limit", "1"]).stdout, "dbp_b\n");
}

fn b_policy(server: &Server) -> serde_json::Value {
    let url = server.katapult_url();
    bare(&["policies", "list", "-o", "json"]).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", url).run().ok().json()[0]
        .clone()
}

#[test]
fn a_profile_that_fails_is_reported_and_the_others_are_shown() {
    let (a, b) = (World::new().serve(), Server::always(Answer::error(403, "permission_denied")));
    let home = home(&[("a", &a), ("b", &b)]);
    let list = |args: &[&str]| bare(&["vm", "list", "--profile", "a,b"]).args(args).home(&home).run();
    let run = list(&[]).exits(9).mentions(&["incomplete: b: ", "permission_denied"]);
    assert_eq!(run.stdout.lines().count(), 4, "{}", run.report());
    let run = list(&["-o", "json"]).exits(9);
    assert_eq!(run.json().as_array().map(Vec::len), Some(3));
    let detail = &run.error()["detail"];
    assert_eq!((&detail["done"], &detail["failed"][0]["profile"]), (&json!(["a"]), &json!("b")));
    let all = bare(&["vm", "list", "--profile", "b,nope", "-o", "json"]).home(&home).run();
    all.fails(4, "permission_denied").mentions(&["no profile `nope`"]);
}

#[test]
fn a_profile_is_read_with_its_own_settings() {
    let (a, b) = (World::new().serve(), World::new().serve());
    let home = home(&[("a", &a), ("b", &b)]);
    let other = "another-secret-of-the-environment";
    bare(&["org", "list", "--all-profiles"])
        .env("BPCTL_TOKEN", other)
        .env("BPCTL_API_URL", a.katapult_url())
        .home(&home)
        .run()
        .ok();
    for server in [&a, &b] {
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    }
}

#[test]
fn clouds_of_both_kinds_stand_in_one_list() {
    let run = bare(&["vm", "list", "--profile", "sandbox,sandbox-onapp", "-o", "csv"]).run().ok();
    for name in ["sandbox,vm_", "sandbox-onapp,4"] {
        assert!(run.stdout.lines().any(|line| line.starts_with(name)), "{name}: {}", run.report());
    }
    let run = bare(&["policies", "list", "--profile", "sandbox,sandbox-onapp"]).run().ok();
    assert!(run.stdout.contains("web-1") && run.stdout.contains("sandbox-onapp"), "{}", run.report());
}

#[test]
fn only_lists_take_several_profiles() {
    let a = World::new().serve();
    let home = home(&[("a", &a)]);
    for args in [
        &["policy", "update", POLICY, "--retention", "9"][..],
        &["policy", "show", POLICY],
        &["policy", "delete", POLICY, "--yes"],
        &["apply", "-f", "x.toml"],
        &["export"],
        &["policies", "list", "--api-url", "http://127.0.0.1:1"],
    ] {
        bare(args).args(&["--profile", "a,b"]).home(&home).run().fails_in_words(2);
        bare(args).args(&["--all-profiles"]).home(&home).run().fails_in_words(2);
    }
    bare(&["org", "list", "--profile", "a,,b"]).home(&home).run().fails_in_words(2);
    bare(&["org", "list", "--profile", "a", "--all-profiles"]).home(&home).run().exits(2);
    assert_eq!(a.count(), 0);
    bare(&["org", "list", "--all-profiles"]).run().fails_in_words(2).mentions(&["no profile"]);
}

#[test]
fn an_empty_source_is_named() {
    let (a, b) = (World::new().serve(), World::new().policies(Vec::new()).serve());
    let home = home(&[("a", &a), ("b", &b)]);
    bare(&["policies", "list", "--all-profiles"]).home(&home).run().ok().mentions(&["b: no policies"]);
}

#[test]
fn the_fleet_is_seen_over_several_profiles() {
    let (a, b) = (Company::new(), Company::new());
    let home = home(&[("a", &a.server), ("b", &b.server)]);
    let run = |args: &[&str]| bare(args).args(&["--profile", "a,b"]).home(&home).run();
    let rows = run(&["coverage", "-o", "json"]).ok().json();
    let of = |name: &str| rows.as_array().unwrap().iter().filter(|row| row["profile"] == name).count();
    assert_eq!((of("a"), of("b")), (9, 9), "eight machines and a disk of none, in each");
    let table = run(&["coverage"]).ok().stdout;
    assert!(table.starts_with("PROFILE  "), "{table}");
    // A check that finds something in each is not a failure of a source.
    let found = run(&["coverage", "--fail-on", "none", "-o", "json"]).exits(10);
    assert_eq!(found.json().as_array().map(Vec::len), Some(18));
    assert_eq!(found.error()["code"], "found");
    run(&["lint", "-o", "jsonl", "--fail-on", "warning"]).exits(10);
    let runs = run(&["calendar", "-o", "csv"]).ok().stdout;
    assert!(runs.starts_with("profile,") && runs.contains("\r\nb,"), "{runs}");

    let broken = self::home(&[("a", &a.server), ("b", &Server::always(Answer::error(403, "permission_denied")))]);
    let partly = bare(&["coverage", "--profile", "a,b", "--fail-on", "none"]).home(&broken).run().exits(9);
    partly.mentions(&["incomplete: b: "]);
}

#[test]
fn a_source_with_gaps_is_shown_and_is_not_an_all_clear() {
    let world = || World::new().vms(vec![vm(VM, "web-1", FQDN)]);
    let trash = |request: &Request, missing: u64| {
        let mut body = page(request, "trash_objects", &[]);
        body["pagination"]["total"] = missing.into();
        let own = (request.path() == TRASH_PATH).then(|| Answer::json(200, &body));
        own.or_else(|| disks(request, &[listed_disk("d", Some(VM))]))
    };
    let a = world().serve_but(move |request| trash(request, 0));
    let b = world().policy(|policy| policy["retention"] = 1.into()).serve_but(move |request| trash(request, 2));
    let home = home(&[("a", &a), ("b", &b)]);
    let lint = ["lint", "--fail-on", "error", "--profile", "a,b", "-o", "json"];
    let run = bare(&lint).home(&home).run().exits(9).mentions(&["incomplete: b: ", "2 objects in the trash"]);
    assert_eq!((&run.json()[0]["profile"], &run.json()[0]["object"]["code"]), (&json!("b"), &json!("W011")));
    assert_eq!(run.error()["detail"]["done"], json!(["a"]));
}

#[test]
fn the_variable_names_several_as_the_flag_does() {
    let (a, b) = (World::new().serve(), World::new().policy(|policy| policy["id"] = "dbp_b".into()).serve());
    let home = home(&[("a", &a), ("b", &b)]);
    let run = |args: &[&str]| bare(args).env("BPCTL_PROFILE", "b,a").home(&home).run();
    let list = ["policies", "list", "-o", "id"];
    assert_eq!(run(&list).ok().stdout, format!("dbp_b\n{POLICY}\n"));
    // A flag says more.
    assert_eq!(run(&[&list[..], &["--profile", "a"]].concat()).ok().stdout, format!("{POLICY}\n"));
    assert!(run(&["policies", "list", "--sandbox"]).ok().stdout.starts_with("ID "));
    run(&["policy", "delete", POLICY, "--yes"]).fails_in_words(2).mentions(&["one profile", "`--profile NAME`"]);
    assert!(a.writes().is_empty() && b.writes().is_empty());
    // What speaks to no cloud does not care.
    for args in [&["config", "path"][..], &["lint", "--list-codes"], &["history"], &["completions", "bash"]] {
        run(args).ok();
    }
    let empty = bare(&["org", "list"]).env("BPCTL_PROFILE", "a,,b").home(&home).run().fails_in_words(2);
    empty.mentions(&["'BPCTL_PROFILE'", "a name is empty"]);
}

#[test]
fn the_list_names_profiles_and_never_tokens() {
    let home = Home::new();
    let list = |args: &[&str]| bare(&["auth", "list"]).args(args).home(&home);
    list(&[]).run().ok().mentions(&["no profiles", "bpctl auth login"]);
    std::fs::create_dir_all(home.path("config/bpctl")).unwrap();
    home.file(
        "config/bpctl/config.toml",
        &format!(
            "default_profile = \"work\"\n[profiles.work]\ntoken = \"{TOKEN}\"\norganization = \"acme\"\n\
         [profiles.cp]\nprovider = \"onapp\"\nuser = \"me\"\napi_url = \"https://cloud.example\"\n\
         token_command = [\"pass\"]\ntoken_ro = \"{TOKEN}\"\nread_only = true\n[profiles.none]\n"
        ),
    );
    let rows = list(&["-o", "json"]).run().ok().json();
    assert_eq!(
        rows[0],
        json!({"profile": "cp", "in_use": false, "provider": "onapp", "api_url": "https://cloud.example",
        "organization": null, "user": "me", "credentials": "token_command, token_ro", "read_only": true})
    );
    assert_eq!((&rows[1]["profile"], &rows[1]["credentials"]), (&json!("none"), &json!(null)));
    assert_eq!((&rows[2]["in_use"], &rows[2]["api_url"]), (&json!(true), &json!("https://api.katapult.io/core/v1")));
    assert_eq!(list(&["-o", "id"]).run().ok().stdout, "cp\nnone\nwork\n");
    let table = list(&[]).run().ok();
    assert!(table.stdout.contains("acme") && table.stdout.contains("token_command"), "{}", table.report());
    assert_eq!(list(&["--profile", "cp", "-o", "json"]).run().ok().json()[0]["in_use"], true);
}

/// A token that has lost its permissions may look like that.
#[test]
fn a_profile_without_any_vm_is_not_ok() {
    let (a, b) = (World::new().serve(), World::new().vms(Vec::new()).policies(Vec::new()).serve());
    let home = home(&[("a", &a), ("b", &b)]);
    let check = |more: &[&str]| bare(&["check", "--all-profiles", "-o", "json"]).args(more).home(&home).run();
    check(&["--match", "web-1"]).exits(9).mentions(&["it has no VM to check"]);
    check(&["--match", "web-1", "--allow-empty"]).ok();
}

/// The variables of an OnApp cloud say nothing of a profile of Katapult's.
#[test]
fn a_token_does_not_reach_the_host_of_another_provider() {
    let server = World::new().serve();
    let home = Home::new();
    std::fs::create_dir_all(home.path("config/bpctl")).unwrap();
    let config = format!("default_profile = \"kat\"\n[profiles.kat]\nprovider = \"katapult\"\ntoken = \"{TOKEN}\"\n");
    home.file("config/bpctl/config.toml", &config);
    let bpctl = |args: &[&str]| {
        let bpctl = bare(args).home(&home).env("BPCTL_PROVIDER", "onapp").env("BPCTL_USER", "me");
        bpctl.env("BPCTL_API_URL", server.onapp_url())
    };
    let in_use = |key: &str| bpctl(&["config", "get", key, "--profile", "kat"]).run().ok().stdout;
    assert_eq!(in_use("api_url"), "https://api.katapult.io/core/v1\n");
    bpctl(&["config", "get", "user", "--profile", "kat"]).run().exits(3);
    // Where the environment is in use, it has no token.
    bpctl(&["vm", "list", "-o", "json"]).run().fails(4, "no_token");
    assert_eq!(server.count(), 0);
}
