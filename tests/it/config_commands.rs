//! `config path|list|get|set|use`: what is in force and why, and changes that lose nothing, whatever happens.

use serde_json::{Value, json};

use crate::auth::mode;
use crate::harness::{Bpctl, Home, TOKEN, bare};

const FILE: &str = "config/bpctl/config.toml";

/// A file as people write it.
const WRITTEN: &str = "# clouds of ours\n\n# the usual one\ndefault_profile = 'work'\n\n[profiles.work] # prod\n\
                       api_url   = \"https://one.example/v1\"   # ours\n  organization = 'acme'\n\n# the lab\n\
                       [profiles.lab]\nprovider = \"onapp\"\napi_url = 'https://lab.example'\nuser = \"me\"\n# the end\n";

fn config(home: &Home, args: &[&str]) -> Bpctl {
    bare(&["config"]).args(args).home(home)
}

fn home_with(content: &str) -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.path("config/bpctl")).unwrap();
    home.file(FILE, content);
    home
}

fn read(home: &Home) -> String {
    std::fs::read_to_string(home.path(FILE)).unwrap()
}

/// Value and origin of each setting in force.
fn listed(run: Bpctl) -> Vec<(String, Value, Value)> {
    let rows = run.args(&["-o", "json"]).run().ok().json();
    let row = |row: &Value| (row["key"].as_str().unwrap().to_owned(), row["value"].clone(), row["origin"].clone());
    rows.as_array().unwrap().iter().map(row).collect()
}

fn setting(rows: &[(String, Value, Value)], key: &str) -> (Value, Value) {
    let found = rows.iter().find(|(known, ..)| known == key).unwrap_or_else(|| panic!("{key} is not listed"));
    (found.1.clone(), found.2.clone())
}

#[test]
fn the_path_is_the_one_that_is_written_to() {
    let home = Home::new();
    let path = config(&home, &["path"]).run().ok().stdout;
    assert_eq!(path.trim_end(), home.path(FILE).to_str().unwrap());
    let other = home.path("other.toml").display().to_string();
    let json = config(&home, &["path", "-o", "json", "--config", &other]).run().ok().json();
    assert_eq!(json, json!({"path": other, "exists": false}));
}

#[test]
fn every_value_says_where_it_came_from() {
    let home = home_with(WRITTEN);
    let rows = listed(config(&home, &["list"]).env("BPCTL_ORG", "other").env("BPCTL_TOKEN", TOKEN));
    for (key, value, origin) in [
        ("profile", json!("work"), json!("config file")),
        ("provider", json!("katapult"), json!("default")),
        ("api_url", json!("https://one.example/v1"), json!("profile work")),
        ("organization", json!("other"), json!("environment BPCTL_ORG")),
        ("user", json!(null), json!(null)),
        ("token", json!("[REDACTED]"), json!("environment BPCTL_TOKEN")),
        ("wire", json!("json"), json!("default")),
        ("allow_http", json!(false), json!("default")),
        ("output", json!("json"), json!("flag --output")),
    ] {
        assert_eq!(setting(&rows, key), (value, origin), "{key}");
    }
    let rows = listed(config(&home, &["list", "--profile", "lab", "--api-url", "https://flag.example"]));
    assert_eq!(setting(&rows, "profile"), (json!("lab"), json!("flag --profile")));
    assert_eq!(setting(&rows, "provider"), (json!("onapp"), json!("profile lab")));
    assert_eq!(setting(&rows, "api_url").1, json!("flag --api-url"));
    assert_eq!(setting(&rows, "token"), (json!(null), json!(null)));
    let rows = listed(config(&home, &["list", "--sandbox"]).env("BPCTL_TOKEN", TOKEN));
    assert_eq!(setting(&rows, "token").1, json!("sandbox"));
}

#[test]
fn the_list_for_people_shows_origins_when_asked() {
    let home = home_with(&format!("[profiles.w]\ntoken = \"{TOKEN}\"\n"));
    let run = config(&home, &["list", "--profile", "w"]).run().ok();
    assert!(run.stdout.contains("[REDACTED]") && run.stdout.contains("(not set)"), "{}", run.report());
    assert!(!run.stdout.contains("ORIGIN"), "{}", run.report());
    let run = config(&home, &["list", "--profile", "w", "--origin"]).run().ok();
    assert!(run.stdout.lines().next().unwrap().contains("ORIGIN"), "{}", run.report());
    assert!(run.stdout.contains("profile w"), "{}", run.report());
}

#[test]
fn get_prints_the_bare_value() {
    let home = home_with(WRITTEN);
    for (key, value) in [
        ("default_profile", "work"),
        ("profiles.work.api_url", "https://one.example/v1"),
        ("profiles.lab.user", "me"),
        ("api_url", "https://one.example/v1"),
        ("provider", "katapult"),
    ] {
        assert_eq!(config(&home, &["get", key]).run().ok().stdout, format!("{value}\n"), "{key}");
    }
    // Short is what is in force, in full what the file says.
    let run = |key| config(&home, &["get", key]).env("BPCTL_API_URL", "https://env.example").run().ok().stdout;
    assert_eq!(run("api_url"), "https://env.example/\n");
    assert_eq!(run("profiles.work.api_url"), "https://one.example/v1\n");
    config(&home, &["get", "user", "-o", "json"]).run().fails(3, "not_found");
    config(&home, &["get", "profiles.lab.token", "-o", "json"]).run().fails(3, "not_found");
    config(&home, &["get", "usr"]).run().fails_in_words(2).mentions(&["usr", "api_url", "user"]);
    config(&home, &["get", "profiles.wrok.user"]).run().fails_in_words(2).mentions(&["wrok", "work"]);
    let json = config(&home, &["get", "api_url", "-o", "json"]).run().ok().json();
    assert_eq!(json, json!({"key": "api_url", "value": "https://one.example/v1", "origin": "profile work"}));
}

#[test]
fn a_token_is_never_printed() {
    let home = home_with("default_profile = \"w\"\n[profiles.w]\ntoken = \"not-the-usual-one\"\n");
    for key in ["token", "profiles.w.token"] {
        for more in [&[][..], &["--show-secrets"]] {
            let run = config(&home, &["get", key]).args(more).run().fails_in_words(2).hints();
            assert!(!run.stderr.contains("not-the-usual-one"), "{}", run.report());
        }
    }
    let run = config(&home, &["list", "--show-secrets", "-o", "json"]).run().ok();
    assert!(!run.stdout.contains("not-the-usual-one"), "{}", run.report());
}

#[test]
fn set_makes_the_file_for_its_owner_alone() {
    let home = Home::new();
    config(&home, &["set", "profiles.work.api_url", "https://one.example/v1"]).run().ok();
    assert_eq!(read(&home), "[profiles.work]\napi_url = \"https://one.example/v1\"\n");
    assert_eq!((mode(&home.path(FILE)), mode(&home.path("config/bpctl"))), (0o600, 0o700));
}

#[test]
fn set_changes_one_value_and_not_a_byte_besides() {
    for ends in ["\n", "\r\n"] {
        let written = WRITTEN.replace('\n', ends);
        let home = home_with(&written);
        for (key, value, old, new) in [
            ("profiles.work.api_url", "https://two.example", "\"https://one.example/v1\"", "\"https://two.example\""),
            ("organization", "other", "'acme'", "\"other\""),
            ("profiles.lab.provider", "katapult", "\"onapp\"", "\"katapult\""),
            ("default_profile", "lab", "'work'", "\"lab\""),
        ] {
            let before = read(&home);
            assert!(before.contains(old));
            config(&home, &["set", key, value]).run().ok();
            assert_eq!(read(&home), before.replacen(old, new, 1), "{key}");
        }
        config(&home, &["set", "profiles.lab.allow_http", "true"]).run().ok();
        config(&home, &["set", "profiles.lab.token_command", "[\"pass\", \"show\"]"]).run().ok();
        assert!(read(&home).contains(&format!("allow_http = true{ends}token_command = [\"pass\", \"show\"]{ends}")));
        assert!(read(&home).ends_with(&format!("# the end{ends}")));
    }
}

#[test]
fn a_new_top_key_goes_below_the_comments_of_the_file() {
    let home = home_with("# mine\n\n# the lab\n[profiles.lab]\nuser = \"me\"\n");
    config(&home, &["use", "lab"]).run().ok();
    assert_eq!(read(&home), "# mine\n\ndefault_profile = \"lab\"\n\n# the lab\n[profiles.lab]\nuser = \"me\"\n");
    let home = home_with("# nothing yet\n");
    config(&home, &["set", "profiles.w.user", "me"]).run().ok();
    assert_eq!(read(&home), "# nothing yet\n[profiles.w]\nuser = \"me\"\n");
    let home = home_with("profiles = { w = { user = 'x' } }\n");
    config(&home, &["set", "profiles.w.wire", "xml"]).run().ok();
    config(&home, &["set", "profiles.v.user", "y"]).run().ok();
    assert_eq!(config(&home, &["get", "profiles.w.wire"]).run().ok().stdout, "xml\n");
    assert_eq!(config(&home, &["get", "profiles.v.user"]).run().ok().stdout, "y\n");
}

#[test]
fn set_refuses_what_the_reader_would() {
    let home = home_with(WRITTEN);
    for (key, value, words) in [
        ("api_url", "cloud.example", "URL"),
        ("api_url", "http://cloud.example", "allow_http"),
        ("api_url", "", "empty"),
        ("provider", "azure", "katapult"),
        ("wire", "yaml", "xml"),
        ("allow_http", "yes", "true"),
        ("token_command", "pass show", "list"),
        ("usr", "x", "user"),
        ("profiles.work.usr", "x", "user"),
        ("profiles.a b.user", "x", "a b"),
        ("profiles.sandbox.user", "x", "built in"),
        ("default_profile", "wrok", "work"),
    ] {
        config(&home, &["set", key, value]).run().fails_in_words(2).mentions(&[words]);
    }
    for key in ["token", "profiles.work.token"] {
        config(&home, &["set", key, TOKEN]).run().fails_in_words(2).mentions(&["auth login"]);
    }
    assert_eq!(read(&home), WRITTEN);
    let empty = Home::new();
    config(&empty, &["set", "user", "x", "--sandbox"]).run().fails_in_words(2).hints();
    config(&empty, &["set", "usr", "x"]).run().fails_in_words(2).mentions(&["user"]);
    config(&empty, &["set", "token", TOKEN]).run().fails_in_words(2);
    config(&empty, &["use", "work"]).run().fails_in_words(2);
    assert!(!empty.path("config").exists(), "a refusal leaves no trace");
}

#[test]
fn a_short_key_makes_the_first_profile() {
    let home = Home::new();
    let run = config(&home, &["set", "organization", "acme"]).run().ok();
    assert_eq!(run.stdout, "profiles.default.organization = acme\n");
    assert_eq!(read(&home), "[profiles.default]\norganization = \"acme\"\n");
    config(&home, &["set", "user", "me"]).run().ok();
    assert_eq!(read(&home), "[profiles.default]\norganization = \"acme\"\nuser = \"me\"\n");
    assert_eq!(config(&home, &["get", "organization"]).run().ok().stdout, "acme\n", "it is in use");
    // With another profile there, which one is meant is for the user to say.
    let home = home_with("[profiles.lab]\nuser = \"me\"\n");
    config(&home, &["set", "user", "x"]).run().fails_in_words(2).hints().mentions(&["none is in use"]);
    assert_eq!(read(&home), "[profiles.lab]\nuser = \"me\"\n");
}

#[test]
fn a_broken_file_is_never_written_over() {
    for broken in ["[profiles.w\n", "providr = 1\n", "[profiles.w]\nwire = \"yaml\"\n"] {
        let home = home_with(broken);
        config(&home, &["set", "profiles.w.user", "x"]).run().fails_in_words(2);
        bare(&["auth", "logout", "--profile", "w"]).home(&home).run().fails_in_words(2);
        assert_eq!(read(&home), broken);
    }
}

#[test]
fn use_names_the_usual_profile() {
    let home = home_with(WRITTEN);
    for name in ["lab", "sandbox", "sandbox-onapp", "work"] {
        config(&home, &["use", name]).run().ok();
        assert_eq!(config(&home, &["get", "default_profile"]).run().ok().stdout, format!("{name}\n"));
    }
    assert_eq!(read(&home), WRITTEN.replace("'work'", "\"work\""));
    config(&home, &["use", "wrok"]).run().fails_in_words(2).mentions(&["wrok", "work"]);
}

#[test]
fn unset_removes_one_key_and_leaves_the_rest() {
    let content =
        "# mine\ndefault_profile = \"w\"\n\n[profiles.w]\n# why\nuser = 'x'\ntoken_command = [\"a\", \"b\"]\n";
    let home = home_with(content);
    let run = config(&home, &["unset", "token_command"]).run().ok();
    assert_eq!(run.stdout, "profiles.w.token_command = (not set)\n");
    assert_eq!(read(&home), content.replace("token_command = [\"a\", \"b\"]\n", ""));
    config(&home, &["unset", "profiles.w.user", "--dry-run"]).run().ok();
    assert!(read(&home).contains("user = 'x'"), "a dry run changes nothing");
    config(&home, &["unset", "default_profile"]).run().ok();
    assert!(!read(&home).contains("default_profile") && read(&home).contains("# mine\n"), "{}", read(&home));
    let before = read(&home);
    config(&home, &["unset", "profiles.w.wire"]).run().ok().mentions(&["not set", "no changes"]);
    config(&home, &["unset", "profiles.nope.user"]).run().fails_in_words(2).mentions(&["nope", "w"]);
    config(&home, &["unset", "profiles.w.usr"]).run().fails_in_words(2).mentions(&["usr", "user"]);
    assert_eq!(read(&home), before);
}

#[test]
fn the_newer_keys_are_held_to_what_they_accept() {
    let home = home_with("default_profile = \"w\"\n[profiles.w]\nuser = 'x'\n");
    for (key, value) in [("read_only", "true"), ("time_zone", "Europe/Prague"), ("token_command_ro", "['pass', 'ro']")]
    {
        config(&home, &["set", key, value]).run().ok();
    }
    assert!(read(&home).contains("read_only = true\ntime_zone = \"Europe/Prague\"\n"), "{}", read(&home));
    for (key, value) in [("read_only", "yes"), ("time_zone", "Prague"), ("token_command_ro", "pass"), ("token_ro", "x")]
    {
        config(&home, &["set", key, value]).run().fails_in_words(2).mentions(&[&key[..5]]);
    }
    let home = home_with("[profiles.w]\n\ntime_zone = \"Nowhere/City\"\n");
    config(&home, &["list"]).run().fails_in_words(2).mentions(&["line 3", "profiles.w.time_zone", "Nowhere/City"]);
}

#[test]
fn a_dry_run_says_what_would_be_set_and_touches_nothing() {
    let home = home_with(WRITTEN);
    let dry = |args: &[&str]| config(&home, args).args(&["--dry-run"]).run().ok();
    for (args, line) in [
        (&["set", "profiles.work.organization", "new"][..], "valid: profiles.work.organization = new\n"),
        (&["set", "default_profile", "lab"], "valid: default_profile = lab\n"),
        (&["use", "lab"], "valid: default_profile = lab\n"),
    ] {
        assert_eq!(dry(args).mentions(&["dry run: the config file is left as it is"]).stdout, line);
        assert_eq!(dry(&[args, &["-o", "json"]].concat()).json()["stored"], false);
    }
    dry_refuses(&home, &["use", "wrok"]);
    dry_refuses(&home, &["set", "profiles.work.provider", "other"]);
    assert_eq!(read(&home), WRITTEN);
    let empty = Home::new();
    config(&empty, &["set", "profiles.work.organization", "new", "--dry-run"]).run().ok();
    assert!(!empty.path("config").exists(), "not even a directory is made");
    let real = config(&home, &["set", "profiles.work.organization", "new", "-o", "json"]).run().ok().json();
    assert!(real.get("stored").is_none(), "{real}");
}

fn dry_refuses(home: &Home, args: &[&str]) {
    config(home, args).args(&["--dry-run"]).run().fails_in_words(2);
}

#[test]
fn the_mode_is_kept_and_never_loosened() {
    for (before, content, after) in [
        (0o644, "[profiles.w]\nuser = 'x'\n", 0o644),
        (0o400, "[profiles.w]\nuser = 'x'\n", 0o400),
        (0o644, "[profiles.w]\ntoken = 'x'\n", 0o600),
        (0o600, "[profiles.w]\ntoken = 'x'\n", 0o600),
    ] {
        let home = home_with("");
        let path = home.file_with_mode(FILE, content, before);
        config(&home, &["set", "profiles.w.user", "y"]).run().ok();
        assert_eq!(mode(&path), after, "{before:o}");
    }
}

#[test]
fn the_file_is_replaced_and_never_written_into() {
    use std::io::Read;
    let home = home_with(WRITTEN);
    let mut before = std::fs::File::open(home.path(FILE)).unwrap();
    config(&home, &["use", "lab"]).run().ok();
    let mut seen = String::new();
    before.read_to_string(&mut seen).unwrap();
    assert_eq!(seen, WRITTEN, "whoever reads while it changes sees the old file, whole");
    assert_ne!(read(&home), WRITTEN);
}

#[test]
fn many_writers_at_once_lose_nothing() {
    const WRITERS: usize = 6;
    const ROUNDS: usize = 5;
    let home = home_with(WRITTEN);
    let (path, data) = (home.path(FILE), home.path(""));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (path, data) = (path.clone(), data.clone());
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let key = format!("profiles.w{writer}-{round}.user");
                    let status = std::process::Command::new(env!("CARGO_BIN_EXE_bpctl"))
                        .args(["config", "set", &key, "me", "--config", path.to_str().unwrap()])
                        .env_clear()
                        .env("HOME", &data)
                        .stdout(std::process::Stdio::null())
                        .status()
                        .unwrap();
                    assert!(status.success(), "{key}: {status}");
                }
            });
        }
    });
    let after = read(&home);
    for name in (0..WRITERS).flat_map(|writer| (0..ROUNDS).map(move |round| format!("[profiles.w{writer}-{round}]"))) {
        assert!(after.contains(&name), "{name} is lost:\n{after}");
    }
    assert!(after.contains("# the usual one") && after.contains("# the lab"), "{after}");
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_file() {
    let home = home_with(WRITTEN);
    let mut last = read(&home);
    for round in 0..40_u64 {
        let value = format!("{}{round}", "x".repeat(10_000));
        let process = config(&home, &["set", "profiles.lab.user", &value]).spawn();
        std::thread::sleep(std::time::Duration::from_micros(250 * round));
        // Dropping it is `kill -9`.
        drop(process);
        let now = read(&home);
        assert!(now == last || now.contains(&value), "not the old file and not the new one:\n{now}");
        assert!(now.starts_with("# clouds of ours\n") && now.ends_with("# the end\n"), "{now}");
        last = now;
    }
    config(&home, &["set", "profiles.lab.user", "me"]).run().ok();
    assert_eq!(read(&home), WRITTEN);
    let names = std::fs::read_dir(home.path("config/bpctl")).unwrap().map(|entry| entry.unwrap().file_name());
    let unfinished: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with(".tmp")).collect();
    assert!(unfinished.is_empty(), "left behind: {unfinished:?}");
}

#[test]
fn what_is_not_a_file_is_refused_before_it_is_opened() {
    let home = Home::new();
    let pipe = home.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let link = home.path("link");
    std::os::unix::fs::symlink(&pipe, &link).unwrap();
    let commands = [
        &["config", "set", "organization", "acme"][..],
        &["config", "use", "work"],
        &["auth", "login"],
        &["auth", "logout"],
    ];
    for path in [&pipe, &link] {
        for command in commands {
            let changing = bare(command).args(&["-o", "json"]).home(&home);
            let run = changing.env("BPCTL_CONFIG", path.display().to_string()).spawn();
            let error = run.wait_at_most(std::time::Duration::from_secs(10)).fails(2, "config").error();
            assert!(error["message"].as_str().unwrap().contains("not a regular file"), "{error}");
        }
    }
    assert_eq!(std::fs::read_dir(home.path(".")).unwrap().count(), 2, "nothing is made beside them");
    // To read one, as from `<(…)`, is fine.
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, "[profiles.work]\norganization = \"acme\"\n").unwrap()
    });
    let reading = bare(&["config", "get", "organization", "--profile", "work"]).home(&home);
    let run = reading.env("BPCTL_CONFIG", pipe.display().to_string()).run().ok();
    assert!(run.stdout.contains("acme"), "{}", run.report());
    writer.join().unwrap();
    use std::os::unix::fs::FileTypeExt;
    assert!(link.is_symlink() && std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
}
