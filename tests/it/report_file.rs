//! Where `coverage --report` and `calendar --ics` write: a file whole, standard output alone, and never over what
//! another program writes to.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::harness::{Bpctl, Home, Run, katapult};
use crate::server::Server;
use crate::world::World;

const BEGINS: &str = "<!DOCTYPE html>";
const ENDS: &str = "</html>\n";

fn report(server: &Server, path: &Path) -> Run {
    katapult(server, &["coverage", "-o", "json", "--report"]).arg(path.display().to_string()).run()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Runs through a shell, for what only a shell redirects: `redirected` follows the command.
fn through_shell(bpctl: &Bpctl, home: &Home, redirected: &str) {
    let line = format!("exec \"$0\" \"$@\" {redirected}");
    let mut command = Command::new("sh");
    command.args(["-c", &line, env!("CARGO_BIN_EXE_bpctl")]).args(bpctl.arguments());
    let status = command.env_clear().envs(bpctl.environment()).current_dir(home.path(".")).status().unwrap();
    assert!(status.success(), "{line}: {status}");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let (home, server) = (Home::new(), World::new().serve());
    let run = report(&server, &home.path("no/such/directory/report.html")).fails(1, "io");
    assert!(!run.stderr.contains(".report.html."), "{}", run.report());
    report(&server, &home.path(".")).fails(1, "io");
    let link = home.path("ring");
    symlink(&link, &link).unwrap();
    report(&server, &link).fails(1, "io");
    assert!(link.is_symlink());
}

#[test]
fn a_link_stays_one() {
    let (home, server) = (Home::new(), World::new().serve());
    let (file, link) = (home.path("2026.html"), home.path("newest.html"));
    fs::write(&file, "the old one").unwrap();
    symlink(&file, &link).unwrap();
    report(&server, &link).ok();
    assert!(link.is_symlink() && read(&file).starts_with(BEGINS));
    // What it points at need not be there yet.
    fs::remove_file(&file).unwrap();
    let relative = home.path("relative.html");
    symlink("newest.html", &relative).unwrap();
    report(&server, &relative).ok();
    assert!(relative.is_symlink() && link.is_symlink() && file.is_file());
    assert!(read(&file).starts_with(BEGINS));
}

#[test]
fn a_file_keeps_its_mode_and_a_new_one_has_the_usual() {
    let (home, server) = (Home::new(), World::new().serve());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let new = home.path("new.html");
    fs::write(&new, "").unwrap();
    let usual = mode(&new);
    fs::remove_file(&new).unwrap();
    report(&server, &new).ok();
    assert_eq!(mode(&new), usual);
    for kept in [0o600, 0o640, 0o666, 0o400] {
        let path = home.file_with_mode("old.html", "", 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
        report(&server, &path).ok();
        assert_eq!(mode(&path), kept);
        assert!(read(&path).starts_with(BEGINS));
    }
    assert_eq!(fs::read_dir(home.path(".")).unwrap().count(), 2, "nothing is left beside them");
}

#[test]
fn standard_output_by_any_name_holds_the_report_alone() {
    let (home, server) = (Home::new(), World::new().serve());
    let link = home.path("out.html");
    symlink("/dev/stdout", &link).unwrap();
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", link.to_str().unwrap()] {
        let run = report(&server, Path::new(name)).ok();
        assert!(run.stdout.starts_with(BEGINS) && run.stdout.ends_with(ENDS), "{name}: {}", run.report());
        let run = katapult(&server, &["calendar", "--ics", name]).run().ok();
        assert!(run.stdout.starts_with("BEGIN:VCALENDAR"), "{name}: {}", run.report());
        assert!(run.stdout.ends_with("END:VCALENDAR\r\n"), "{name}: {}", run.report());
    }
    // The verdict is still printed.
    katapult(&server, &["coverage", "--report", "-", "--min-retention", "99", "--fail-on", "weak"]).run().exits(10);
}

#[test]
fn what_another_program_writes_to_is_added_to() {
    let (home, server) = (Home::new(), World::new().serve());
    let log = home.file("log", "before\n");
    let is_added = |what: &str| {
        let text = read(&log);
        assert!(text.starts_with("before\n<!DOCTYPE html>") && text.ends_with(ENDS), "{what}: {text}");
        fs::write(&log, "before\n").unwrap();
    };
    let command = |name: &str| katapult(&server, &["coverage", "-q", "--report", name]);
    for name in ["-", "/dev/stdout", "/proc/self/fd/1"] {
        through_shell(&command(name), &home, ">> log");
        is_added(name);
    }
    through_shell(&command("/dev/fd/3"), &home, "3>> log > table");
    is_added("/dev/fd/3");
    through_shell(&command("/dev/stderr"), &home, "2>> log > table");
    is_added("/dev/stderr");
}

#[test]
fn a_named_pipe_is_written_to() {
    let (home, server) = (Home::new(), World::new().serve());
    let pipe = home.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || read(&pipe)
    });
    report(&server, &pipe).ok();
    let text = reader.join().unwrap();
    assert!(text.starts_with(BEGINS) && text.ends_with(ENDS), "{text}");
}
