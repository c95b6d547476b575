//! `auth login`, `status` and `logout`: what is stored, where, for whose eyes, and what is not.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use crate::harness::{BASIC, Bpctl, Home, TOKEN, USER, bare};
use crate::server::{Answer, Server};
use crate::terminal::Terminal;
use crate::world::{World, org};

const ORGANIZATIONS: &str = "/core/v1/organizations";

/// Where the file goes when none is named.
const FILE: &str = "config/bpctl/config.toml";

pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn login(server: &Server, home: &Home, args: &[&str]) -> Bpctl {
    let url = server.katapult_url();
    bare(&["auth", "login", "--api-url", &url]).args(args).home(home).stdin(&format!("{TOKEN}\n"))
}

fn read(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path(name)).unwrap()
}

#[test]
fn a_token_from_standard_input_is_checked_once_and_stored() {
    let (server, home) = (World::new().serve(), Home::new());
    let run = login(&server, &home, &["--profile", "work"]).run().ok();
    assert!(run.stdout.contains("work") && run.stdout.contains("ACME Inc."), "{}", run.report());
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].path(), requests[0].header("authorization")),
        (ORGANIZATIONS, Some(&*format!("Bearer {TOKEN}")))
    );
    let url = server.katapult_url();
    let expected = format!("default_profile = \"work\"\n\n[profiles.work]\napi_url = \"{url}\"\ntoken = \"{TOKEN}\"\n");
    assert_eq!(read(&home, FILE), expected);
    assert_eq!((mode(&home.path(FILE)), mode(&home.path("config/bpctl"))), (0o600, 0o700));
    bare(&["org", "list"]).home(&home).run().ok();
}

#[test]
fn the_result_in_json() {
    let (server, home) = (World::new().serve(), Home::new());
    let json = login(&server, &home, &["-o", "json"]).run().ok().json();
    assert_eq!(json["profile"], "default");
    assert_eq!((&json["valid"], &json["stored"], &json["is_default"]), (&json!(true), &json!(true), &json!(true)));
    assert_eq!(json["organizations"][0]["sub_domain"], "acme");
}

#[test]
fn a_token_that_is_refused_is_not_stored() {
    let home = Home::new();
    for (status, code) in
        [(403, "invalid_api_token"), (403, "unauthorized_network_for_api_token"), (401, "unauthorized")]
    {
        let server = Server::always(Answer::error(status, code));
        login(&server, &home, &["-o", "json"]).run().fails(4, code);
        assert!(!home.path("config").exists(), "{code}: nothing is made");
    }
    let before = "# mine\n[profiles.default]\ntoken = \"old\"\n";
    let config = home.file("bpctl.toml", before);
    let server = Server::always(Answer::error(403, "invalid_api_token"));
    login(&server, &home, &["--config", config.to_str().unwrap()]).run().fails_in_words(4).hints();
    assert_eq!(read(&home, "bpctl.toml"), before);
}

#[test]
fn a_token_is_not_stored_when_it_could_not_be_checked() {
    let home = Home::new();
    bare(&["auth", "login", "--api-url", "http://127.0.0.1:1/core/v1", "--retries", "0", "-o", "json"])
        .home(&home)
        .stdin(TOKEN)
        .run()
        .fails(7, "network");
    login(&Server::always(Answer::html(200)), &home, &["-o", "json"]).run().fails(1, "invalid_response");
    assert!(!home.path("config").exists());
}

#[test]
fn a_token_without_the_scope_to_list_organizations_is_valid() {
    let scope = json!({"scopes": ["organizations:read"]});
    let server = Server::always(Answer::error_with(403, "scope_not_granted", scope));
    let home = Home::new();
    login(&server, &home, &["--org", "acme"]).run().ok().mentions(&["organizations:read"]);
    assert!(read(&home, FILE).contains("organization = \"acme\""));
    assert!(read(&home, FILE).contains(TOKEN));
}

#[test]
fn an_organization_that_the_token_does_not_see_is_not_stored() {
    let orgs = vec![org("org_1", "ACME Inc.", "acme"), org("org_2", "Lab", "lab")];
    let (server, home) = (World::new().orgs(orgs).serve(), Home::new());
    let error =
        login(&server, &home, &["--org", "nope", "-o", "json"]).run().fails(3, "organization_not_found").error();
    for word in ["acme, lab", "nothing was stored"] {
        assert!(error["hint"].as_str().unwrap().contains(word), "{error}");
    }
    login(&server, &home, &[]).env("BPCTL_ORG", "nope").run().fails_in_words(3).hints().mentions(&["nope", "acme"]);
    assert!(!home.path("config").exists(), "nothing is made");
    let before = "[profiles.default]\norganization = \"old\"\ntoken = \"old\"\n";
    let config = home.file("bpctl.toml", before);
    let config = ["--config", config.to_str().unwrap()];
    login(&server, &home, &config).run().fails_in_words(3).mentions(&["old"]);
    assert_eq!(read(&home, "bpctl.toml"), before);
    // By its id as well as by its sub-domain.
    login(&server, &home, &config).args(&["--org", "org_2"]).run().ok();
    assert!(read(&home, "bpctl.toml").contains("organization = \"org_2\""));
}

#[test]
fn input_that_is_not_a_token_is_refused_before_any_request() {
    let (server, home) = (World::new().serve(), Home::new());
    for (input, code) in
        [("", 4), ("\n \n", 4), ("one\ntwo\n", 2), ("two words", 2), (&"x".repeat(20_000), 2), ("a\u{1b}b", 2)]
    {
        login(&server, &home, &[]).stdin(input).run().fails_in_words(code);
    }
    login(&server, &home, &[]).args(&["another-token"]).run().exits(2);
    assert_eq!(server.count(), 0);
    assert!(!home.path("config").exists());
    // Blanks around it belong to the pipe, not to the token.
    login(&server, &home, &[]).stdin(&format!("  {TOKEN}\r\n\n")).run().ok();
    assert!(read(&home, FILE).contains(&format!("token = \"{TOKEN}\"\n")));
}

#[test]
fn only_the_first_profile_becomes_the_usual_one() {
    let (server, home) = (World::new().serve(), Home::new());
    login(&server, &home, &["--profile", "one"]).run().ok();
    login(&server, &home, &["--profile", "two"]).run().ok().mentions(&["config use two"]);
    assert!(read(&home, FILE).starts_with("default_profile = \"one\"\n"));
    assert!(read(&home, FILE).contains("[profiles.two]\n"));
}

#[test]
fn a_new_token_changes_nothing_else() {
    let (server, home) = (World::new().serve(), Home::new());
    let content = |token: &str| {
        format!(
            "# clouds of ours\ndefault_profile = 'work' # usual\n\n[profiles.other]\nuser = \"me\"\n\n[profiles.work]   # prod\n  \
             api_url=\"{}\" # ours\n  # of Jane\n  token    =   {token} # expires\n  wire = 'json'\n# the end\n",
            server.katapult_url()
        )
    };
    let config = home.file_with_mode("bpctl.toml", &content("'old'"), 0o644);
    bare(&["auth", "login", "--config", config.to_str().unwrap()]).home(&home).stdin(TOKEN).run().ok();
    assert_eq!(read(&home, "bpctl.toml"), content(&format!("\"{TOKEN}\"")));
    assert_eq!(mode(&config), 0o600, "what others could read is for the owner alone now");
}

#[test]
fn a_symbolic_link_stays_one() {
    let (server, home) = (World::new().serve(), Home::new());
    std::fs::create_dir(home.path("dotfiles")).unwrap();
    for (link, target) in [("a.toml", "dotfiles/a.toml"), ("b.toml", "a.toml")] {
        symlink(target, home.path(link)).unwrap();
    }
    // The first one dangles: its target is made.
    for link in ["a.toml", "b.toml"] {
        login(&server, &home, &["--config", home.path(link).to_str().unwrap(), "--profile", &link[..1]]).run().ok();
        assert!(home.path(link).is_symlink());
    }
    let stored = read(&home, "dotfiles/a.toml");
    assert!(stored.contains("[profiles.a]") && stored.contains("[profiles.b]"), "{stored}");
}

#[test]
fn a_stronger_source_is_named() {
    let (server, home) = (World::new().serve(), Home::new());
    login(&server, &home, &[]).env("BPCTL_TOKEN", "other").run().ok().mentions(&["BPCTL_TOKEN", "overrides"]);
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some(&*format!("Bearer {TOKEN}")),
        "the new one is checked"
    );
}

#[test]
fn a_dry_run_and_built_in_profiles_store_nothing() {
    let (server, home) = (World::new().serve(), Home::new());
    login(&server, &home, &["--dry-run"]).run().ok();
    assert!(!home.path("config").exists(), "not even a directory is made");
    for args in [&["--profile", "sandbox"][..], &["--profile", "sandbox-onapp"], &["--profile", "a b"]] {
        login(&server, &home, args).run().fails_in_words(2);
    }
    bare(&["auth", "login", "--sandbox"]).home(&home).stdin(TOKEN).run().fails_in_words(2);
    assert!(!home.path(FILE).exists());
}

#[test]
fn onapp_credentials_are_checked_against_the_version() {
    let home = Home::new();
    let server = Server::always(Answer::json(200, &json!({"version": "6.7.0"})));
    let url = server.onapp_url();
    let args = ["auth", "login", "--profile", "cp", "--provider", "onapp", "--api-url", &url];
    bare(&args).home(&home).stdin(TOKEN).run().fails_in_words(2).mentions(&["user"]);
    assert_eq!(server.count(), 0);
    // The flag wins over the environment.
    bare(&args).args(&["--user", USER]).env("BPCTL_USER", "other").home(&home).stdin(TOKEN).run().ok();
    let request = &server.requests()[0];
    assert_eq!(
        (request.path(), request.header("authorization")),
        ("/flexapi/version.json", Some(&*format!("Basic {BASIC}")))
    );
    assert!(read(&home, FILE).contains(&format!("provider = \"onapp\"\napi_url = \"{url}\"\nuser = \"{USER}\"\n")));
    let status = bare(&["auth", "status", "-o", "json"]).home(&home).run().ok().json();
    assert_eq!((&status["version"], &status["user"]), (&json!("6.7.0"), &json!(USER)));
}

#[test]
fn an_old_onapp_cloud_has_no_version_page() {
    let home = Home::new();
    let server = Server::start(|request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(200, &json!([])),
        _ => Answer::error(404, "x"),
    });
    let url = server.onapp_url();
    let args = ["auth", "login", "--provider", "onapp", "--user", USER, "--api-url", &url];
    bare(&args).home(&home).stdin(TOKEN).run().ok();
    let refusing = Server::always(Answer::json(401, &json!({"errors": ["no"]})));
    let url = refusing.onapp_url();
    bare(&["auth", "login", "--api-url", &url]).home(&home).stdin("other").run().fails_in_words(4);
    assert!(read(&home, FILE).contains(TOKEN));
}

/// Logs in at a terminal; the profile's address is known.
fn at_terminal(server: &Server, home: &Home, args: &[&str]) -> Terminal {
    Terminal::run(&login(server, home, args))
}

#[test]
fn the_prompt_for_the_token_does_not_show_it() {
    let (server, home) = (World::new().serve(), Home::new());
    let terminal = at_terminal(&server, &home, &["--provider", "katapult"]);
    terminal.wait_for_prompt("API token");
    assert!(!terminal.echoes());
    terminal.enter(TOKEN);
    terminal.ends().exits(0).shows(&["stored", "ACME Inc."]);
    assert!(read(&home, FILE).contains(TOKEN));
}

#[test]
fn the_way_to_a_token_is_shown_before_it_is_asked_for() {
    let (server, home) = (World::new().serve(), Home::new());
    let terminal = at_terminal(&server, &home, &["--provider", "katapult"]);
    terminal.wait_for_prompt("Katapult API token").enter(TOKEN);
    let shown = terminal.ends().exits(0);
    let shown = shown.shows(&["Katapult console", "disk_backup_policies:read", "organizations:read", "stored in"]);
    assert!(shown.screen.replace('\n', "").contains("config/bpctl/config.toml"), "{}", shown.report());
    let terminal = Terminal::run(&bare(&["auth", "login", "--provider", "onapp"]).home(&Home::new()));
    terminal.wait_for_prompt("API URL").press("ctrl-c");
    terminal.ends().exits(130).shows(&["control panel"]);
    // A script knows where its token is from.
    let run = login(&server, &Home::new(), &[]).run().ok();
    assert_eq!(run.stderr, "");
    assert!(run.stdout.starts_with("stored in "), "{}", run.report());
}

#[test]
fn another_token_is_replaced_only_after_a_question() {
    let (server, home) = (World::new().serve(), Home::new());
    login(&server, &home, &[]).stdin("older-token").run().ok();
    for (answer, code) in [("n", 2), ("", 2)] {
        let terminal = at_terminal(&server, &home, &[]);
        terminal.wait_for_prompt("API token").enter(TOKEN);
        terminal.wait_for("Replace the token of profile default?");
        terminal.enter(answer);
        terminal.ends().exits(code);
        assert!(read(&home, FILE).contains("older-token"));
    }
    let terminal = at_terminal(&server, &home, &[]);
    terminal.wait_for_prompt("API token").enter(TOKEN);
    terminal.wait_for("Replace the token of profile default?");
    terminal.enter("y");
    terminal.ends().exits(0);
    assert!(read(&home, FILE).contains(TOKEN));
    // The same token again, `--yes` and a script need no question.
    for args in [&[][..], &["--yes"]] {
        let terminal = at_terminal(&server, &home, args);
        terminal.wait_for_prompt("API token").enter(if args.is_empty() { TOKEN } else { "newer-token" });
        let ended = terminal.ends().exits(0);
        assert!(!ended.screen.contains("Replace"), "{}", ended.report());
    }
    login(&server, &home, &[]).run().ok();
    assert!(read(&home, FILE).contains(TOKEN));
}

#[test]
fn the_provider_of_the_environment_is_for_new_profiles() {
    let server = Server::always(Answer::json(200, &json!({"version": "7.0"})));
    let home = Home::new();
    let run = |profile: &str| {
        bare(&["auth", "login", "--profile", profile])
            .env("BPCTL_PROVIDER", "onapp")
            .env("BPCTL_USER", USER)
            .env("BPCTL_API_URL", server.onapp_url())
            .home(&home)
            .stdin(TOKEN)
            .run()
    };
    run("cp").ok();
    assert!(read(&home, FILE).contains("provider = \"onapp\""), "{}", read(&home, FILE));
    let before = server.count();
    home.file(FILE, "[profiles.k]\norganization = \"acme\"\n");
    run("k").exits_nonzero();
    assert!(server.requests()[before..].iter().all(|request| !request.path().contains("version")), "it is Katapult's");
    let wrong = bare(&["auth", "login"]).env("BPCTL_PROVIDER", "azure").home(&Home::new()).stdin(TOKEN).run();
    wrong.fails_in_words(2).mentions(&["BPCTL_PROVIDER", "azure"]);
}

#[test]
fn the_token_is_the_first_thing_that_is_asked_for() {
    let (server, home) = (World::new().serve(), Home::new());
    for name in ["one", "two"] {
        let url = server.katapult_url();
        let login = bare(&["auth", "login", "--profile", name]).env("BPCTL_API_URL", &url).home(&home);
        let terminal = Terminal::run(&login);
        terminal.wait_for_prompt("Katapult API token");
        assert!(!terminal.echoes());
        terminal.enter(TOKEN);
        let ended = terminal.ends().exits(0);
        assert!(!ended.screen.contains("Provider") && !ended.screen.contains("API URL"), "{}", ended.report());
        assert!(read(&home, FILE).contains(&format!("[profiles.{name}]\n")));
    }
    assert!(!read(&home, FILE).contains("provider ="), "a default is not written down");
    // The address is not asked for either: Katapult has a usual one.
    let terminal = Terminal::run(&bare(&["auth", "login"]).home(&Home::new()));
    terminal.wait_for_prompt("Katapult API token").press("ctrl-c");
    terminal.ends().exits(130);
}

#[test]
fn leaving_the_prompt_leaves_everything_as_it_was() {
    let (server, home) = (World::new().serve(), Home::new());
    let terminal = at_terminal(&server, &home, &["--provider", "katapult"]);
    terminal.wait_for_prompt("API token").type_text("half a tok").press("ctrl-c");
    terminal.ends().exits(130).shows(&["error: interrupted"]);
    for key in ["escape", "ctrl-d"] {
        let terminal = at_terminal(&server, &home, &["--provider", "katapult"]);
        terminal.wait_for_prompt("API token").type_text("half a tok").press(key);
        terminal.ends().exits(130).shows(&["error: interrupted"]);
    }
    let onapp = ["--provider", "onapp"];
    let terminal = at_terminal(&server, &home, &onapp);
    terminal.wait_for_prompt("User").press("ctrl-c");
    terminal.ends().exits(130);
    for (args, question) in [(&["--provider", "katapult"][..], "API token"), (&onapp[..], "User")] {
        let terminal = at_terminal(&server, &home, args);
        terminal.wait_for_prompt(question);
        terminal.terminated().ends().exits(130).shows(&["interrupted"]);
    }
    let terminal = at_terminal(&server, &home, &["--provider", "katapult"]);
    terminal.wait_for_prompt("API token").press("enter");
    terminal.ends().exits(4).shows(&["no token was given"]);
    assert_eq!(server.count(), 0);
    assert!(!home.path("config").exists());
}

#[test]
fn what_a_new_profile_lacks_is_asked_for() {
    let home = Home::new();
    let server = Server::always(Answer::json(200, &json!({"version": "7.0"})));
    let terminal = Terminal::run(&bare(&["auth", "login", "--profile", "cp", "--provider", "onapp"]).home(&home));
    terminal.wait_for_prompt("API URL").enter("me").wait_for("error: not a URL");
    terminal.wait_for_prompt("API URL").enter(&server.onapp_url());
    terminal.wait_for_prompt("User").enter(USER);
    terminal.wait_for_prompt("API key").enter(TOKEN);
    terminal.ends().exits(0);
    let stored = read(&home, FILE);
    assert!(stored.contains("provider = \"onapp\"") && stored.contains(USER), "{stored}");
    // The second time the profile says it all.
    let terminal = Terminal::run(&bare(&["auth", "login"]).home(&home));
    terminal.wait_for_prompt("API key").enter(TOKEN);
    terminal.ends().exits(0);
    assert_eq!(read(&home, FILE), stored);
}

#[test]
fn one_of_several_organizations_is_chosen() {
    let home = Home::new();
    let world = World::new().orgs(vec![org("org_1", "ACME Inc.", "acme"), org("org_2", "B\u{1b}[31mad", "bad")]);
    let server = world.serve();
    let terminal = at_terminal(&server, &home, &["--provider", "katapult"]);
    terminal.wait_for_prompt("API token").enter(TOKEN);
    terminal.wait_for_prompt("Organization").press("down").press("enter");
    terminal.ends().exits(0);
    assert!(read(&home, FILE).contains("organization = \"bad\""));
    // Without a terminal it is left open, and reported.
    let home = Home::new();
    login(&server, &home, &[]).run().ok().mentions(&["several organizations"]);
    assert!(!read(&home, FILE).contains("organization"));
}

#[test]
fn nothing_is_asked_with_no_input() {
    let (server, home) = (World::new().serve(), Home::new());
    let terminal = at_terminal(&server, &home, &["--no-input"]);
    terminal.ends().exits(2).shows(&["standard input is a terminal"]);
    assert_eq!(server.count(), 0);
}

fn with_profile(server: &Server, home: &Home) -> String {
    let content = format!(
        "default_profile = \"work\"\n\n# prod\n[profiles.work]\napi_url = \"{}\"\n# ours\ntoken = \"{TOKEN}\"\nwire = \"json\"\n",
        server.katapult_url()
    );
    std::fs::create_dir_all(home.path("config/bpctl")).unwrap();
    home.file(FILE, &content);
    content
}

#[test]
fn status_shows_what_is_in_use_with_one_request() {
    let home = Home::new();
    let server = World::new().serve_but(|request| {
        let answer = Answer::json(200, &json!({"organizations": [org("org_1", "ACME Inc.", "acme")]}));
        (request.path() == ORGANIZATIONS)
            .then(|| answer.header("X-RateLimit-Permitted", "1000").header("X-RateLimit-Remaining", "987"))
    });
    with_profile(&server, &home);
    let json = bare(&["auth", "status", "-o", "json"]).home(&home).run().ok().json();
    assert_eq!(
        (&json["profile"], &json["provider"], &json["valid"]),
        (&json!("work"), &json!("katapult"), &json!(true))
    );
    assert_eq!(json["credentials"], "token of profile work");
    assert_eq!(json["api_url"], server.katapult_url());
    assert_eq!(json["rate_limit"], json!({"permitted": 1000, "remaining": 987}));
    assert_eq!(server.count(), 1);
    let run = bare(&["auth", "status"]).home(&home).env("KATAPULT_API_KEY", "k").run().ok();
    for words in ["work", "environment variable KATAPULT_API_KEY", "ACME Inc.", "987 of 1000"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.report());
    }
}

#[test]
fn status_fails_as_the_credentials_do() {
    let home = Home::new();
    bare(&["auth", "status", "-o", "json"]).home(&home).run().fails(4, "no_token");
    let server = Server::always(Answer::error(403, "invalid_api_token"));
    with_profile(&server, &home);
    let error = bare(&["auth", "status", "-o", "json"]).home(&home).run().fails(4, "invalid_api_token").error();
    assert!(error["hint"].as_str().unwrap().contains("token of profile work"), "{error}");
    drop(server);
    bare(&["auth", "status", "-o", "json", "--retries", "0"]).home(&home).run().fails(7, "network");
    bare(&["auth", "status", "--profile", "sandbox", "-o", "json"]).home(&home).run().ok();
    bare(&["auth", "status", "--profile", "sandbox-onapp", "-o", "json"]).home(&home).run().ok();
}

#[test]
fn logout_removes_the_token_alone() {
    let (server, home) = (World::new().serve(), Home::new());
    let content = with_profile(&server, &home);
    let dry = bare(&["auth", "logout", "--dry-run"]).home(&home).run().ok().mentions(&["dry run"]);
    assert_eq!(dry.stdout, "would remove the token of profile work\n");
    let dry = bare(&["auth", "logout", "--dry-run", "-o", "json"]).home(&home).run().ok().json();
    assert_eq!(dry, json!({"profile": "work", "removed": false, "would_remove": true, "still_provided_by": []}));
    assert_eq!(read(&home, FILE), content);
    let json = bare(&["auth", "logout", "-o", "json"]).home(&home).env("KATAPULT_API_TOKEN", "k").run().ok().json();
    let others = json!(["environment variable KATAPULT_API_TOKEN"]);
    assert_eq!(json, json!({"profile": "work", "removed": true, "still_provided_by": others}));
    assert_eq!(read(&home, FILE), content.replace(&format!("token = \"{TOKEN}\"\n"), ""));
    assert_eq!(mode(&home.path(FILE)), 0o600);
    let again = bare(&["auth", "logout"]).home(&home).run().ok();
    assert!(again.stdout.contains("no token"), "{}", again.report());
    bare(&["auth", "logout", "--profile", "wrok"]).home(&home).run().fails_in_words(2).mentions(&["wrok", "work"]);
    assert_eq!(server.count(), 0);
}
