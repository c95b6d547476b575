//! What completion stores between two presses of the tab key, and that no failure is visible.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::completion::{asked, shells, values};
use crate::harness::{Home, TOKEN, bare, katapult};
use crate::server::{Answer, Server};
use crate::world::{DISK, ORG_POLICIES_PATH, POLICY, VM, World, policy};

/// A world that can be switched to answer only after a long time.
fn moody(world: &World) -> (Server, Arc<AtomicBool>) {
    let hangs = Arc::new(AtomicBool::new(false));
    let mood = Arc::clone(&hangs);
    let server = world.serve_but(move |_| {
        mood.load(Ordering::SeqCst).then(|| Answer::error(503, "late").delayed(Duration::from_secs(50)))
    });
    (server, hangs)
}

fn cache_files(home: &Home) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(home.path("cache/bpctl")) else {
        return Vec::new();
    };
    let lists = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "json");
    entries.map(|entry| entry.unwrap().path()).filter(lists).collect()
}

fn cache_file(home: &Home) -> std::path::PathBuf {
    let files = cache_files(home);
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// Makes every list in the cache so many seconds older.
fn age(home: &Home, seconds: i64) {
    let file = cache_file(home);
    let mut cache: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (_, list) in cache["lists"].as_object_mut().unwrap() {
        list["at"] = (list["at"].as_i64().unwrap() - seconds).into();
    }
    std::fs::write(&file, cache.to_string()).unwrap();
}

#[test]
fn a_list_is_asked_for_once_a_minute() {
    let home = Home::new();
    let server = World::new().serve();
    let ask = || asked(katapult(&server, &[]).home(&home), &["policy", "show", ""]);
    assert_eq!(ask(), [POLICY]);
    let count = server.count();
    assert_eq!(ask(), [POLICY]);
    assert_eq!(server.count(), count, "the second time from the cache");
    age(&home, 61);
    assert_eq!(ask(), [POLICY]);
    assert!(server.count() > count, "a minute later, again");
    let asked_for = server.to(ORG_POLICIES_PATH).len();
    asked(katapult(&server, &[]).home(&home), &["vm", "show", ""]);
    assert_eq!(server.to(ORG_POLICIES_PATH).len(), asked_for, "only what is needed is asked for");
}

#[test]
fn a_server_that_hangs_is_not_waited_for() {
    let home = Home::new();
    let (server, hangs) = moody(&World::new());
    let bpctl = || katapult(&server, &[]).home(&home);
    assert_eq!(asked(bpctl(), &["policy", "show", ""]), [POLICY]);
    age(&home, 3_600);
    hangs.store(true, Ordering::SeqCst);
    let before = server.count();
    let began = Instant::now();
    assert_eq!(asked(bpctl(), &["policy", "show", ""]), [POLICY], "an hour old is better than nothing");
    assert!(asked(bpctl(), &["disk", "show", ""]).is_empty());
    assert!(server.count() > before, "it was asked");
    // The budget is 300 ms each; the rest is for a busy machine. The server takes 50 s.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    for shell in shells() {
        assert_eq!(values(shell, &bpctl(), "bpctl policy show "), [POLICY], "{shell}");
    }
}

#[test]
fn failures_of_every_kind_are_silent() {
    let closed = Server::always(Answer::closed());
    let answers = [
        closed,
        Server::always(Answer::html(200)),
        Server::always(Answer::error(401, "invalid_api_token")),
        Server::always(Answer::error(429, "rate_limit_reached")),
        Server::always(Answer::text_json("[".repeat(10_000))),
    ];
    for server in &answers {
        assert!(asked(katapult(server, &[]), &["policy", "show", ""]).is_empty());
        assert_eq!(server.count(), 1, "it is asked once, without retries");
    }
    let home = Home::new();
    let file = home.file("broken.toml", "profiles = 3\n").display().to_string();
    let wrong: [(&str, &str); 6] = [
        ("BPCTL_API_URL", "nonsense"),
        ("BPCTL_API_URL", "http://127.0.0.1:1/core/v1"),
        ("BPCTL_API_URL", "https://bpctl.invalid/core/v1"),
        ("BPCTL_PROVIDER", "nonsense"),
        ("BPCTL_PROFILE", "nonsense"),
        ("BPCTL_CONFIG", &file),
    ];
    for (name, value) in wrong {
        let bpctl = || bare(&[]).env("BPCTL_TOKEN", TOKEN).env(name, value);
        for words in [&["policy", "show", ""][..], &["vm", "list", "--org", ""]] {
            assert!(asked(bpctl(), words).is_empty(), "{name}={value}");
        }
    }
    assert!(asked(bare(&[]), &["policy", "show", ""]).is_empty(), "no token");
    for arguments in [&["bash"][..], &["bash", "bpctl"], &["zsh", "7", "x"], &["fish", "-1"], &["tcsh", "0", ""]] {
        let run = bare(&["__complete"]).args(arguments).run().ok();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{}", run.report());
    }
}

#[test]
fn a_program_that_fetches_the_token_is_not_run() {
    let home = Home::new();
    let server = World::new().serve();
    let ran = home.path("ran");
    let command = format!("token_command = [\"sh\", \"-c\", \"touch {}; echo {TOKEN}\"]", ran.display());
    let config = format!("default_profile = \"p\"\n[profiles.p]\napi_url = \"{}\"\n{command}\n", server.katapult_url());
    let file = home.file("c.toml", &config).display().to_string();
    let bpctl = || bare(&[]).home(&home).env("BPCTL_CONFIG", &file);
    assert!(asked(bpctl(), &["policy", "show", ""]).is_empty());
    assert!(!ran.exists() && server.count() == 0);
    bpctl().args(&["org", "list"]).run().ok();
    assert!(ran.exists(), "a command runs it");
}

#[test]
fn the_cache_is_private_and_holds_no_secret() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let home = Home::new();
    let server = World::new().serve();
    let bpctl = || katapult(&server, &[]).home(&home);
    bpctl().args(&["policies", "list"]).run().ok();
    assert!(cache_files(&home).is_empty(), "a command leaves nothing behind");
    for words in [["policy", "show", ""], ["disk", "show", ""], ["vm", "show", ""]] {
        assert!(!asked(bpctl(), &words).is_empty(), "{words:?}");
    }
    let file = cache_file(&home);
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(POLICY) && text.contains(DISK) && text.contains(VM), "{text}");
    for secret in [TOKEN, "password", "wwn", "192.0.2.25"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_broken_cache_is_replaced() {
    let home = Home::new();
    let server = World::new().serve();
    // On a busy machine the 300 ms of completion may be over before the answer is there.
    let once = || asked(katapult(&server, &[]).home(&home), &["policy", "show", ""]);
    let ask = || (0..5).map(|_| once()).find(|found| !found.is_empty()).unwrap_or_default();
    assert_eq!(ask(), [POLICY]);
    let file = cache_file(&home);
    let whole = std::fs::read(&file).unwrap();
    for broken in
        [&b""[..], b"{", b"\xff\xfe\x00", b"[]", b"{\"connection\":1,\"lists\":{}}", &whole[..whole.len() / 2]]
    {
        std::fs::write(&file, broken).unwrap();
        let before = server.count();
        assert_eq!(ask(), [POLICY], "{:?}", String::from_utf8_lossy(broken));
        assert!(server.count() > before);
        assert!(serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).is_ok());
    }
    // Another user's directory: nothing can be remembered, everything works.
    std::fs::remove_dir_all(home.path("cache")).unwrap();
    home.file("cache", "in the way");
    assert_eq!(ask(), [POLICY]);
}

#[test]
fn each_connection_has_a_cache_of_its_own() {
    let home = Home::new();
    let server = World::new().serve();
    let other = World::new().policies(vec![policy("p-2", "Disk", DISK, "d", "weekly", 4)]).serve();
    let ask = |server: &Server| asked(katapult(server, &[]).home(&home), &["policy", "show", ""]);
    assert_eq!(ask(&server), [POLICY]);
    assert_eq!(ask(&other), ["p-2"]);
    assert_eq!(ask(&server), [POLICY]);
    assert_eq!(cache_files(&home).len(), 2);
}

#[test]
fn two_tokens_in_one_variable_do_not_see_each_others_names() {
    let home = Home::new();
    let server = World::new().serve_but(|request| {
        let is_other = request.header("authorization") == Some("Bearer of-another-organization");
        is_other.then(|| Answer::json(200, &serde_json::json!({"organizations": []})))
    });
    let ask =
        |token: &str| asked(katapult(&server, &[]).env("BPCTL_TOKEN", token).home(&home), &["policy", "show", ""]);
    assert_eq!(ask(TOKEN), [POLICY]);
    assert!(ask("of-another-organization").is_empty());
    assert_eq!(ask(TOKEN), [POLICY]);
    assert_eq!(cache_files(&home).len(), 2);
    for file in cache_files(&home) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(TOKEN) && !text.contains("of-another-organization"), "{text}");
    }
}
