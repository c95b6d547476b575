//! Users without a home directory, homes that cannot be written, and files of other users.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::json;

use crate::harness::{Bpctl, Home, TOKEN, bare, katapult};
use crate::server::Server;
use crate::world::{DISK, POLICY, World};

#[test]
fn a_file_of_another_user_is_refused_and_one_of_root_is_not() {
    let (server, home) = (World::new().serve(), Home::new());
    if !is_root() {
        return;
    }
    let content = format!("default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\n", server.katapult_url());
    let config = home.file_with_mode("bpctl.toml", &content, 0o644);
    let bpctl =
        || bare(&["disk", "show", DISK, "--config", config.to_str().unwrap()]).env("BPCTL_TOKEN", TOKEN).home(&home);
    std::os::unix::fs::chown(&config, Some(STRANGER), None).unwrap();
    bpctl().run().fails_in_words(2).hints().mentions(&["belongs to another user", &STRANGER.to_string()]);
    assert_eq!(server.count(), 0);
    // The same file is the stranger's own, and one of root's is fine for all.
    std::fs::set_permissions(home.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    for owner in [STRANGER, 0] {
        std::os::unix::fs::chown(&config, Some(owner), None).unwrap();
        let output = as_stranger(&bpctl(), &[]);
        assert!(output.status.success(), "{owner}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A user that has no passwd entry.
const STRANGER: u32 = 54_321;

/// Only root can act as another user; where the tests count, they run as root.
fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    assert!(is_root || std::env::var_os("CI").is_none(), "in CI these tests run as root");
    is_root
}

/// Runs with these variables gone, as a user without a passwd entry.
fn as_stranger(bpctl: &Bpctl, without: &[&str]) -> Output {
    use std::os::unix::process::CommandExt;
    let environment = bpctl.environment().into_iter().filter(|(name, _)| !without.contains(&name.as_str()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpctl"));
    command.args(bpctl.arguments()).env_clear().envs(environment).uid(STRANGER).gid(STRANGER).current_dir("/");
    command.output().unwrap()
}

const HOME_VARIABLES: [&str; 4] = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"];

#[test]
fn a_user_without_a_home_directory_needs_none() {
    if !is_root() {
        return;
    }
    let server = World::new().serve();
    let update = ["policy", "update", POLICY, "--retention", "31", "--yes"];
    for (args, warned) in
        [(&["disk", "show", DISK][..], false), (&["policies", "list", "--disk", DISK], false), (&update, true)]
    {
        let output = as_stranger(&katapult(&server, args), &HOME_VARIABLES);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{args:?}: {said}");
        assert_eq!(said.contains("no home directory"), warned, "{args:?}: {said}");
    }
    let output = as_stranger(&bare(&["policies", "list", "--vm", "web-1", "--sandbox"]), &HOME_VARIABLES);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("no home directory"), "{said}");
    // What needs a file says what to set.
    for args in [&["auth", "login"][..], &["config", "path"], &["config", "set", "user", "x"], &["history"]] {
        let output = as_stranger(&katapult(&server, args), &HOME_VARIABLES);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("no home directory") && said.contains("hint: set `HOME`"), "{args:?}: {said}");
    }
}

#[test]
fn a_home_that_is_not_a_directory_is_none() {
    for home in ["/dev/null", "relative/home"] {
        let server = World::new().serve();
        let places =
            |bpctl: Bpctl| HOME_VARIABLES[1..].iter().fold(bpctl.env("HOME", home), |run, name| run.env(name, ""));
        places(katapult(&server, &["disk", "show", DISK])).run().ok();
        let run = places(katapult(&server, &["policy", "update", POLICY, "--retention", "31", "--yes"])).run().ok();
        run.mentions(&["not recorded", "no home directory", home]);
        places(bare(&["disk", "list", "--sandbox"])).run().ok().mentions(&["no home directory", home]);
        places(bare(&["config", "path"])).run().fails_in_words(2).hints().mentions(&[home, "--config"]);
        let run = places(katapult(&server, &["policy", "update", "nope", "--retention", "30"])).run();
        assert_eq!(run.code, 3, "the API answers: {}", run.report());
    }
}

#[test]
fn an_absolute_xdg_directory_counts_without_a_home() {
    let (server, home) = (World::new().serve(), Home::new());
    let config = format!(
        "default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n",
        server.katapult_url()
    );
    std::fs::create_dir_all(home.path("config/bpctl")).unwrap();
    home.file("config/bpctl/config.toml", &config);
    let bpctl = |args: &[&str]| bare(args).home(&home).env("HOME", "/dev/null");
    bpctl(&["disk", "show", DISK]).run().ok();
    let run = bpctl(&["policy", "update", POLICY, "--retention", "31", "--yes"]).run().ok();
    assert!(!run.stderr.contains("not recorded"), "{}", run.report());
    assert!(home.path("data/bpctl/journal.jsonl").exists());
    let run = bpctl(&["config", "path"]).env("XDG_CONFIG_HOME", "relative").run();
    run.fails_in_words(2).mentions(&["no home directory"]);
}

#[test]
fn a_home_that_cannot_be_written_stops_nothing_and_is_named() {
    let server = World::new().serve();
    let nowhere = |args: &[&str]| {
        HOME_VARIABLES[1..]
            .iter()
            .fold(katapult(&server, args).env("HOME", "/proc/nowhere"), |run, name| run.env(name, ""))
    };
    nowhere(&["disk", "show", DISK]).run().ok();
    let run = nowhere(&["policy", "update", POLICY, "--retention", "31", "--yes"]).run().ok();
    run.mentions(&["not recorded", "/proc/nowhere"]);
    let run = nowhere(&["config", "set", "user", "x"]).run().exits_nonzero().hints();
    run.mentions(&["/proc/nowhere/.config/bpctl"]);
}

#[test]
fn a_tilde_in_a_path_is_the_home_directory() {
    let (server, home) = (World::new().serve(), Home::new());
    let content = |ca_file: &str| {
        format!(
            "default_profile = \"w\"\n[profiles.w]\napi_url = \"{}\"\nca_file = \"{ca_file}\"\n",
            server.katapult_url()
        )
    };
    home.file("bpctl.toml", &content("~/certificates/ca.pem"));
    let shown = |key: &str| bare(&["config", "get", key, "--config", "~/bpctl.toml"]).home(&home);
    let expected = home.path("certificates/ca.pem").display().to_string();
    assert_eq!(shown("ca_file").run().ok().stdout.trim_end(), expected);
    assert_eq!(
        bare(&["config", "get", "ca_file"])
            .env("BPCTL_CONFIG", "~/bpctl.toml")
            .home(&home)
            .run()
            .ok()
            .stdout
            .trim_end(),
        expected
    );
    shown("ca_file").env("HOME", "/dev/null").run().fails_in_words(2).mentions(&["~/bpctl.toml", "no home directory"]);
}

/// Without a directory for the journal, the lock of writes is in the session's or the system's temporary directory.
#[test]
fn writes_do_not_cross_without_a_home() {
    for place in ["XDG_RUNTIME_DIR", "TMPDIR"] {
        let (world, directory) = (World::new(), Home::new());
        let inner = world.clone();
        let server = Server::start(move |request| {
            let answer = inner.answer(request);
            if request.method == "GET" { answer.delayed(Duration::from_millis(700)) } else { answer }
        });
        let path = directory.path("").display().to_string();
        let update = |field: [&str; 2]| {
            let bpctl = katapult(&server, &["policy", "update", POLICY, "--yes"]).args(&field).env("HOME", "/dev/null");
            let bpctl = HOME_VARIABLES[1..].iter().fold(bpctl, |run, name| run.env(name, ""));
            bpctl.env(place, &path).spawn()
        };
        let runs = [update(["--time", "5"]), update(["--minute", "45"]), update(["--retention", "20"])];
        let runs = runs.map(|running| running.wait().ok());
        let after = world.current();
        let fields = (&after["schedule"]["time"], &after["schedule"]["minute"], &after["retention"]);
        assert_eq!(fields, (&json!(5), &json!(45), &json!(20)), "{place}");
        assert!(runs.iter().any(|run| run.stderr.contains("waiting for another bpctl")), "those who wait say so");
        assert!(runs.iter().all(|run| !run.stderr.contains("cannot lock out other bpctl writes")));
        let name =
            if place == "TMPDIR" { format!("bpctl-{}", rustix::process::geteuid().as_raw()) } else { "bpctl".into() };
        let lock = std::fs::metadata(directory.path(&name).join("writes.lock")).unwrap();
        assert_eq!(lock.permissions().mode() & 0o777, 0o600, "{place}");
    }
}

#[test]
fn where_no_lock_can_be_a_warning_says_so() {
    let name = format!("bpctl-{}", rustix::process::geteuid().as_raw());
    let (server, directory) = (World::new().serve(), Home::new());
    let update = |temporary: &str| {
        let bpctl = katapult(&server, &["policy", "update", POLICY, "--retention", "31"]).env("HOME", "/dev/null");
        HOME_VARIABLES[1..].iter().fold(bpctl, |run, name| run.env(name, "")).env("TMPDIR", temporary).run().ok()
    };
    update("/proc/nowhere").mentions(&["cannot lock out other bpctl writes", "/proc/nowhere", "no home directory"]);
    // Another user could put these there.
    let elsewhere = directory.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, directory.path(&name)).unwrap();
    let path = directory.path("").display().to_string();
    update(&path).mentions(&["cannot lock out other bpctl writes", "not a directory of this user alone"]);
    std::fs::remove_file(directory.path(&name)).unwrap();
    std::fs::create_dir(directory.path(&name)).unwrap();
    std::fs::set_permissions(directory.path(&name), std::fs::Permissions::from_mode(0o777)).unwrap();
    update(&path).mentions(&["cannot lock out other bpctl writes"]);
    assert!(!elsewhere.join("writes.lock").exists());
}
