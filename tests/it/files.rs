//! Files that the command line names and that cannot be read or written: the path, why, and what to do.

use crate::harness::{Home, Run, bare};

/// Asserts an error that names the path and says what to do, without the system's number for it.
fn explains(run: Run, code: i32, path: &str) {
    let run = run.exits(code).mentions(&[path]).hints();
    assert!(!run.stderr.contains("os error"), "{}", run.report());
}

#[test]
fn what_cannot_be_read_is_named_with_what_to_do() {
    let home = Home::new();
    std::fs::create_dir(home.path("folder")).unwrap();
    std::fs::write(home.path("bytes"), [0xff, 0xfe, 0]).unwrap();
    for name in ["missing.toml", "folder", "bytes"] {
        let path = home.path(name).display().to_string();
        for command in
            [&["plan", "-f"][..], &["apply", "-f"], &["apply"], &["diff"], &["report", "--exceptions"], &["diff", "-"]]
        {
            let run = bare(&["--sandbox"]).args(command).arg(&path).home(&home).run();
            explains(run, 2, if command == ["diff", "-"] { "standard input" } else { &path });
        }
    }
}

#[test]
fn what_cannot_be_written_is_named_with_what_to_do() {
    let home = Home::new();
    for command in [
        &["calendar", "--ics"][..],
        &["coverage", "--report"],
        &["report", "--output-file"],
        &["check", "--output-file"],
    ] {
        let path = home.path("missing/file").display().to_string();
        explains(bare(&["--sandbox"]).args(command).arg(&path).home(&home).run(), 1, &path);
    }
    home.file("file", "");
    let path = home.path("file/pages").display().to_string();
    explains(bare(&["man", "--dir"]).arg(&path).home(&home).run(), 1, &path);
}
