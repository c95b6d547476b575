//! Profiles and the environment: what wins, what is refused, and how a broken file is reported.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{Bpctl, Home, TOKEN, bare, katapult};
use crate::server::Server;
use crate::world::{DISK, DISK_PATH, World};

/// `disk show` with this config file and nothing in the environment.
fn with_config(content: &str) -> Bpctl {
    let home = Home::new();
    let config = home.file("bpctl.toml", content);
    bare(&["disk", "show", DISK, "--config", config.to_str().unwrap()]).home(&home)
}

fn bearer(server: &Server) -> Vec<String> {
    server.to(DISK_PATH).iter().map(|request| request.header("authorization").unwrap_or_default().to_string()).collect()
}

#[test]
fn the_default_profile_says_it_all() {
    let server = World::new().serve();
    let profile = format!("[profiles.work]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n", server.katapult_url());
    with_config(&format!("default_profile = \"work\"\n{profile}")).run().ok();
    with_config(&profile).args(&["--profile", "work"]).run().ok();
    with_config(&profile).env("BPCTL_PROFILE", "work").run().ok();
    assert_eq!(bearer(&server), vec![format!("Bearer {TOKEN}"); 3]);
}

#[test]
fn a_profile_of_the_name_default_is_the_default() {
    let server = World::new().serve();
    let profile =
        |name: &str| format!("[profiles.{name}]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n", server.katapult_url());
    with_config(&format!("{}{}", profile("work"), profile("default"))).run().ok();
    with_config(&profile("work")).run().exits(4);
    assert_eq!(server.count(), 1);
}

#[test]
fn the_config_file_can_be_named_by_variable() {
    let server = World::new().serve();
    let home = Home::new();
    let profile = format!(
        "default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n",
        server.katapult_url()
    );
    let config = home.file("elsewhere.toml", &profile);
    bare(&["disk", "show", DISK]).env("BPCTL_CONFIG", config.to_str().unwrap()).home(&home).run().ok();
    assert_eq!(server.count(), 1);
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_profile() {
    let [by_flag, by_environment, by_profile] = [(); 3].map(|()| World::new().serve());
    let config = format!(
        "default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n",
        by_profile.katapult_url()
    );
    let counts = || [by_flag.count(), by_environment.count(), by_profile.count()];
    with_config(&config).run().ok();
    assert_eq!(counts(), [0, 0, 1]);
    with_config(&config).env("BPCTL_API_URL", by_environment.katapult_url()).run().ok();
    assert_eq!(counts(), [0, 1, 1]);
    with_config(&config)
        .env("BPCTL_API_URL", by_environment.katapult_url())
        .args(&["--api-url", &by_flag.katapult_url()])
        .run()
        .ok();
    assert_eq!(counts(), [1, 1, 1]);
}

#[test]
fn the_token_of_the_first_source_is_used() {
    let server = World::new().serve();
    let command = "token_command = [\"printf\", \"from-command\\n\"]\n";
    let base = format!(
        "default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\ntoken = \"from-profile\"\n",
        server.katapult_url()
    );
    let variables = ["BPCTL_TOKEN", "KATAPULT_API_TOKEN", "KATAPULT_API_KEY"];
    for first in 0..=variables.len() {
        let set = |run: Bpctl, name: &&str| run.env(name, format!("from-{name}"));
        variables[first..].iter().fold(with_config(&format!("{base}{command}")), set).run().ok();
    }
    with_config(&base).run().ok();
    assert_eq!(
        bearer(&server),
        [
            "Bearer from-BPCTL_TOKEN",
            "Bearer from-KATAPULT_API_TOKEN",
            "Bearer from-KATAPULT_API_KEY",
            "Bearer from-command",
            "Bearer from-profile",
        ]
    );
}

#[test]
fn a_token_command_that_fails_is_reported() {
    let server = World::new().serve();
    for (command, code) in [("[\"false\"]", 4), ("[\"/nonexistent/program\"]", 4), ("[]", 2), ("[\"true\"]", 4)] {
        let config = format!(
            "default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\ntoken_command = {command}\n",
            server.katapult_url()
        );
        let run = with_config(&config).run();
        assert_eq!(run.code, code, "{command}: {}", run.report());
        assert!(run.stderr.contains("token_command"), "{command}: {}", run.report());
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_broken_file_is_reported_by_name_line_and_key() {
    for (content, line, words) in [
        ("[profiles.w]\nprovidr = \"onapp\"\n", 2, "providr"),
        ("default_profil = \"w\"\n", 1, "default_profil"),
        ("\n\n[profile.w]\ntoken = \"x\"\n", 3, "profile"),
        ("[profiles.w]\n\nprovider = \"azure\"\n", 3, "azure"),
        ("[profiles.w]\nwire = \"yaml\"\n", 2, "yaml"),
        ("[profiles.w]\ntoken = 7\n", 2, "token"),
        ("[profiles.w]\nallow_http = \"yes\"\n", 2, "allow_http"),
        ("[profiles.w]\ntoken_command = \"pass show\"\n", 2, "token_command"),
        ("[profiles.w]\ntoken = \"unclosed\n", 2, ""),
        ("[profiles.w\n", 1, ""),
    ] {
        let run = with_config(content).env("BPCTL_TOKEN", TOKEN).run().fails_in_words(2);
        let run = run.mentions(&["bpctl.toml", words]);
        let places = [format!("line {line}"), format!(".toml:{line}")];
        assert!(places.iter().any(|place| run.stderr.contains(place)), "line {line}: {}", run.report());
        let run = with_config(content).args(&["-o", "json"]).run().fails(2, "config");
        assert!(run.error()["message"].to_string().contains(words), "{}", run.report());
    }
}

#[test]
fn a_secret_in_a_broken_line_is_not_shown() {
    // The token is on the line that the parser stumbles over.
    with_config(&format!("[profiles.w]\ntoken = \"{TOKEN}\n")).run().fails_in_words(2);
    with_config(&format!("[profiles.w]\ntoken = {TOKEN}\n")).run().fails_in_words(2);
    with_config(&format!("[profiles.w]\ntoken = [\"{TOKEN}\"]\n")).run().fails_in_words(2);
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    for run in [
        with_config("[profiles.work]\n").args(&["--profile", "wrok"]),
        with_config("[profiles.work]\n").env("BPCTL_PROFILE", "wrok"),
        with_config("default_profile = \"wrok\"\n[profiles.work]\n"),
    ] {
        run.env("BPCTL_TOKEN", TOKEN).run().fails_in_words(2).mentions(&["wrok", "work"]);
    }
}

#[test]
fn a_file_that_is_not_text_is_refused() {
    let home = Home::new();
    let path = home.path("bpctl.toml");
    std::fs::write(&path, b"\xff\xfe\x00").unwrap();
    for config in [path.clone(), home.path("")] {
        bare(&["disk", "show", DISK, "-o", "json", "--config", config.to_str().unwrap()]).run().fails(2, "config");
    }
}

#[test]
fn plain_http_is_refused_except_to_this_machine() {
    let refused = |url: &str| bare(&["disk", "show", DISK]).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", url);
    for url in
        ["http://cloud.example/core/v1", "http://192.0.2.1", "http://127.0.0.1.example", "http://localhost.example"]
    {
        refused(url).run().fails_in_words(2).mentions(&["http", "allow_http"]);
        refused(url).args(&["-o", "json"]).run().fails_in_json(2);
    }
    let server = World::new().serve();
    refused(&server.katapult_url().replace("127.0.0.1", "localhost")).run().ok();
}

#[test]
fn plain_http_can_be_allowed() {
    // Nothing answers there, but the attempt is made.
    let config = format!(
        "default_profile = \"w\"\n[profiles.w]\nallow_http = true\napi_url = \"http://nowhere.invalid\"\ntoken = \"{TOKEN}\"\n"
    );
    with_config(&config).args(&["-o", "json", "--retries", "0"]).run().fails(7, "network");
}

#[test]
fn a_url_that_is_none_is_refused() {
    for url in ["cloud.example", "ftp://cloud.example", "https://", "http//x", "/core/v1"] {
        let run = bare(&["disk", "show", DISK]).env("BPCTL_TOKEN", TOKEN).args(&["--api-url", url]).run();
        run.fails_in_words(2);
    }
}

#[test]
fn a_file_with_a_token_that_others_can_read_draws_a_warning() {
    let server = World::new().serve();
    let home = Home::new();
    let content = |token: &str| {
        format!("default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\n{token}", server.katapult_url())
    };
    let with_token = content(&format!("token = \"{TOKEN}\"\n"));
    for (mode, text, warned) in [
        (0o600, with_token.as_str(), false),
        (0o640, &with_token, true),
        (0o644, &with_token, true),
        (0o644, &content(""), false),
    ] {
        let config = home.file_with_mode("bpctl.toml", text, mode);
        let run = bare(&["disk", "show", DISK, "--config", config.to_str().unwrap()])
            .env("BPCTL_TOKEN", TOKEN)
            .home(&home)
            .run()
            .ok();
        assert_eq!(run.stderr.contains("chmod 600"), warned, "{mode:o}: {}", run.report());
        let found = std::fs::metadata(&config).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "the file is left as it is");
    }
}

#[test]
fn a_file_that_others_can_change_is_refused_before_its_token_command_runs() {
    let (server, home) = (World::new().serve(), Home::new());
    let ran = home.path("ran");
    let content = format!(
        "default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\ntoken_command = [\"touch\", \"{}\"]\n",
        server.katapult_url(),
        ran.display()
    );
    let run = |config: &Path, args: &[&str]| {
        bare(args).args(&["--config", config.to_str().unwrap()]).env("BPCTL_TOKEN", TOKEN).home(&home).run()
    };
    for mode in [0o620, 0o602, 0o666, 0o664, 0o777] {
        let config = home.file_with_mode("bpctl.toml", &content, mode);
        for args in [&["disk", "show", DISK][..], &["config", "set", "user", "x"], &["config", "list"]] {
            let run = run(&config, args).fails_in_words(2).hints();
            run.mentions(&["bpctl.toml", "can be written by other users", "chmod go-w"]);
        }
        run(&config, &["disk", "show", DISK, "-o", "json"]).fails(2, "config");
        assert_eq!(std::fs::read_to_string(&config).unwrap(), content);
    }
    let doctor = run(&home.path("bpctl.toml"), &["doctor"]);
    assert!(doctor.stdout.contains("can be written by other users"), "{}", doctor.report());
    assert_eq!(server.count(), 0);
    assert!(!ran.exists(), "the command of a file that anyone can change was run");
    let config = home.file_with_mode("bpctl.toml", &content, 0o644);
    run(&config, &["disk", "show", DISK]).ok();
}

#[test]
fn a_token_with_what_no_token_has_is_refused_whatever_its_source() {
    let (server, home) = (World::new().serve(), Home::new());
    let url = server.katapult_url();
    for (bad, named) in [
        ("\u{feff}tok", "U+FEFF"),
        ("to\u{200b}k", "U+200B"),
        ("\u{201c}tok\u{201d}", "U+201C"),
        ("tok\u{2019}", "U+2019"),
        ("to\u{7}k", "U+0007"),
        ("t\u{f6}k", "U+00F6"),
    ] {
        let profile =
            |line: &str| with_config(&format!("default_profile = \"w\"\n[profiles.w]\napi_url = \"{url}\"\n{line}\n"));
        let toml: String = bad.chars().map(|symbol| format!("\\U{:08x}", u32::from(symbol))).collect();
        let printing = home.file("token", bad);
        for (run, source) in [
            (katapult(&server, &["disk", "show", DISK]).env("BPCTL_TOKEN", bad), "BPCTL_TOKEN"),
            (bare(&["disk", "show", DISK, "--api-url", &url]).env("KATAPULT_API_KEY", bad), "KATAPULT_API_KEY"),
            (profile(&format!("token = \"{toml}\"")), "token of profile w"),
            (profile(&format!("token_ro = \"{toml}\"")), "token_ro of profile w"),
            (profile(&format!("token_command = [\"cat\", \"{}\"]", printing.display())), "token_command of profile w"),
            (bare(&["auth", "login", "--api-url", &url]).stdin(bad), "input"),
        ] {
            run.run().fails_in_words(2).hints().mentions(&["invalid token", source, named]);
        }
    }
    assert_eq!(server.count(), 0, "none was sent");
    // A password of OnApp may hold letters of any alphabet, but not what copying leaves behind.
    let onapp = |password: &str| crate::harness::onapp(&server, &["vm", "list"]).env("BPCTL_TOKEN", password);
    onapp("pa\u{200b}ss").run().fails_in_words(2).mentions(&["invalid token", "U+200B"]);
    assert_eq!(server.count(), 0);
    onapp("p\u{e4}ss w\u{f6}rt").run();
    assert!(server.count() > 0);
}

#[test]
fn a_profile_named_on_the_command_line_comes_before_the_environment() {
    let [own, other] = [(); 2].map(|()| World::new().serve());
    let config = format!(
        "[profiles.w]\napi_url = \"{}\"\ntoken = \"own-token\"\norganization = \"acme\"\n[profiles.bare]\nuser = 'x'\n",
        own.katapult_url()
    );
    let home = Home::new();
    let config = home.file("bpctl.toml", &config);
    let bpctl = |args: &[&str]| {
        let others = [
            ("BPCTL_TOKEN", "other-token"),
            ("KATAPULT_API_TOKEN", "other-token"),
            ("KATAPULT_ORGANIZATION", "other-org"),
            ("BPCTL_ORG", "other-org"),
            ("BPCTL_PROVIDER", "katapult"),
        ];
        let bpctl = bare(args).args(&["--config", config.to_str().unwrap()]).env("BPCTL_API_URL", other.katapult_url());
        others.into_iter().fold(bpctl, |run, (name, value)| run.env(name, value))
    };
    bpctl(&["disk", "show", DISK, "--profile", "w"]).run().ok();
    assert_eq!((bearer(&own), other.count()), (vec!["Bearer own-token".to_owned()], 0));
    let run = bpctl(&["config", "get", "organization", "--profile", "w"]).run().ok();
    assert_eq!(run.stdout, "acme\n");
    let run = bpctl(&["config", "get", "organization", "--profile", "w", "--org", "flag-org"]).run().ok();
    assert_eq!(run.stdout, "flag-org\n", "a flag is stronger still");
    // A profile that is only the usual one gives way, and what a named one leaves open comes from the environment.
    bpctl(&["disk", "show", DISK]).env("BPCTL_PROFILE", "w").run().ok();
    bpctl(&["disk", "show", DISK, "--profile", "bare"]).run().ok();
    assert_eq!((own.count(), bearer(&other)), (1, vec!["Bearer other-token".to_owned(); 2]));
}

#[test]
fn a_variable_that_bpctl_does_not_know_draws_a_warning() {
    let server = World::new().serve();
    let show = || katapult(&server, &["disk", "show", DISK]);
    for (name, meant) in
        [("BPCTL_PROFIL", "BPCTL_PROFILE"), ("BPCTL_API_ULR", "BPCTL_API_URL"), ("BPCTL_READONLY", "BPCTL_READ_ONLY")]
    {
        let run = show().env(name, "x").run().ok();
        run.mentions(&[&format!("unknown environment variable {name}; did you mean {meant}?")]);
    }
    let run = show().env("BPCTL_XYZZY", "x").run().ok();
    assert!(run.stderr.contains("unknown environment variable BPCTL_XYZZY\n"), "{}", run.report());
    assert_eq!(show().env("OTHER_TOKEN", "x").env("BPCTL_READ_ONLY", "0").run().ok().stderr, "");
}

#[test]
fn the_format_of_the_environment_applies_where_the_command_has_it() {
    let home = Home::new();
    let sandbox = |args: &[&str]| bare(args).arg("--sandbox").home(&home);
    for format in ["json", "csv", "id", "wide"] {
        let file = sandbox(&["export"]).env("BPCTL_OUTPUT", format).run().ok();
        assert!(file.stdout.contains("version = 1"), "{format}: {}", file.report());
        let path = home.file("policies.toml", &file.stdout);
        sandbox(&["plan", "-f", path.to_str().unwrap()]).env("BPCTL_OUTPUT", format).run().ok();
    }
    let update = ["policies", "update", "--match", "web-*", "--retention", "60", "--dry-run"];
    sandbox(&update).env("BPCTL_OUTPUT", "csv").run().ok();
    assert!(sandbox(&["export"]).env("BPCTL_OUTPUT", "csv").args(&["-o", "json"]).run().ok().json().is_object());
    sandbox(&["export", "-o", "csv"]).run().fails_in_words(2);
    sandbox(&["policies", "list"]).env("BPCTL_OUTPUT", "json").run().ok().json();
}

#[test]
fn no_file_is_needed() {
    let server = World::new().serve();
    let home = Home::new();
    let run = crate::harness::katapult(&server, &["disk", "show", DISK]).home(&home).run().ok();
    assert!(run.stdout.contains(DISK), "{}", run.report());
    assert_eq!(run.stderr, "");
    assert!(!home.path("config").exists(), "reading makes no file");
}

/// Runs with a variable that holds these bytes.
fn run_with_bytes(bpctl: &Bpctl, name: &str, value: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpctl"));
    command.args(bpctl.arguments()).env_clear().envs(bpctl.environment());
    command.env(name, OsStr::from_bytes(value)).output().unwrap()
}

#[test]
fn a_variable_that_is_not_text_is_not_passed_over() {
    let server = World::new().serve();
    let profile = format!("[profiles.w]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n", server.katapult_url());
    let bpctl = with_config(&format!("default_profile = \"w\"\n{profile}"));
    let names =
        ["TOKEN", "USER", "PROFILE", "PROVIDER", "API_URL", "ORG", "OUTPUT"].map(|name| format!("BPCTL_{name}"));
    let others = ["KATAPULT_API_TOKEN", "KATAPULT_API_KEY", "KATAPULT_ORGANIZATION"].map(str::to_owned);
    for name in names.into_iter().chain(others) {
        let output = run_with_bytes(&bpctl, &name, b"s\xffcret");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(&format!("environment variable {name} is not UTF-8")), "{name}: {stderr}");
        assert!(!stderr.contains("cret"), "{name}: {stderr}");
    }
    assert_eq!(server.count(), 0);
    // What bpctl does not read, or not as text, is of no concern.
    for name in ["EDITOR", "NO_COLOR", "CLICOLOR_FORCE", "TERM"] {
        assert!(run_with_bytes(&bpctl, name, b"\xff").status.success(), "{name}");
    }
}

#[test]
fn the_path_of_the_config_file_can_hold_any_bytes() {
    let server = World::new().serve();
    let home = Home::new();
    let path = home.path("").join(OsStr::from_bytes(b"b\xff.toml"));
    let profile = format!("[profiles.w]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n", server.katapult_url());
    std::fs::write(&path, format!("default_profile = \"w\"\n{profile}")).unwrap();
    let output = run_with_bytes(&bare(&["disk", "show", DISK]), "BPCTL_CONFIG", path.as_os_str().as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(bearer(&server), [format!("Bearer {TOKEN}")]);
}
