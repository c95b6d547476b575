//! `check --format nagios` as the guidelines of the Monitoring Plugins project want it, and under one of their programs.

use std::process::Command;

use crate::check::mixed_cloud;
use crate::harness::{Home, onapp};
use crate::server::Server;
use crate::tools;

const NEGATE: &str = "/usr/lib/nagios/plugins/negate";

/// `'label'=value[UOM];[warn];[crit];[min];[max]`, as the guidelines spell it.
fn check_datum(datum: &str) {
    let (label, values) = datum.split_once('=').unwrap_or_else(|| panic!("no `=`: {datum}"));
    assert!(!label.is_empty() && !label.contains([' ', '\'', '"', '=']), "{datum}");
    let values: Vec<&str> = values.split(';').collect();
    assert!(values.len() <= 5, "{datum}");
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let value = values[0].trim_end_matches(|symbol: char| symbol.is_ascii_alphabetic() || symbol == '%');
    let unit = &values[0][value.len()..];
    assert!(
        is_number(value) && ["", "s", "us", "ms", "%", "B", "KB", "MB", "GB", "TB", "c"].contains(&unit),
        "{datum}"
    );
    for range in values.iter().take(3).skip(1).filter(|range| !range.is_empty()) {
        // A range is `[@][start:][end]`; `~` is minus infinity.
        let ends = range.trim_start_matches('@').split(':');
        assert!(
            ends.clone().count() <= 2 && ends.clone().all(|end| matches!(end, "" | "~") || is_number(end)),
            "{datum}"
        );
    }
    assert!(values.iter().skip(3).all(|limit| limit.is_empty() || is_number(limit)), "{datum}");
}

/// Checks a whole output and returns the state that its first line names.
fn check_output(output: &str) -> String {
    let mut lines = output.lines();
    let first = lines.next().unwrap();
    assert!(first.len() <= 1_024 && output.len() < 8_192, "{output}");
    let (text, data) = first.split_once('|').map_or((first, ""), |(text, data)| (text, data));
    data.split_whitespace().for_each(check_datum);
    assert!(lines.all(|line| !line.contains('|')), "{output}");
    let (service, rest) = text.split_once(' ').unwrap();
    assert_eq!(service, "BACKUP");
    rest.split(' ').next().unwrap().to_owned()
}

#[test]
fn every_output_follows_the_guidelines() {
    let server = mixed_cloud();
    for (args, code, state) in [
        (&["--vm", "fresh"][..], 0, "OK"),
        (&["--vm", "late", "--max-age", "3d", "--warn-age", "26h"], 1, "WARNING"),
        (&[], 2, "CRITICAL"),
        (&["--match", "no-*"], 3, "UNKNOWN"),
        (&["--vm", "unknown"], 3, "UNKNOWN"),
        (&["--max-age", "soon"], 3, "UNKNOWN"),
        (&["--per-policy"], 3, "UNKNOWN"),
    ] {
        let run = onapp(&server, &["check", "--format", "nagios"]).args(args).run().exits(code);
        assert_eq!(check_output(&run.stdout), state, "{}", run.report());
    }
}

#[test]
fn a_program_of_the_plugins_understands_it() {
    if !tools::has(NEGATE, &["--version"]) {
        return;
    }
    let (server, home) = (mixed_cloud(), Home::new());
    let config = config(&home, &server);
    // It exchanges ok and critical, and leaves the others.
    for (args, negated) in [
        (&["--vm", "fresh"][..], 2),
        (&["--vm", "late", "--max-age", "3d", "--warn-age", "26h"], 1),
        (&["--vm", "bare"], 0),
        (&["--match", "no-*"], 3),
    ] {
        let output = Command::new(NEGATE)
            .args(["--timeout", "60", "--substitute"])
            .args([
                env!("CARGO_BIN_EXE_bpctl"),
                "check",
                "--format",
                "nagios",
                "--profile",
                "cloud",
                "--config",
                &config,
            ])
            .args(args)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(negated), "{args:?}: {text}");
        let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(negated).unwrap()];
        assert!(text.starts_with(&format!("BACKUP {word} - ")), "{args:?}: {text}");
    }
}

fn config(home: &Home, server: &Server) -> String {
    let text = format!(
        "[profiles.cloud]\nprovider = \"onapp\"\napi_url = \"{}\"\nuser = \"u\"\ntoken = \"not-a-real-one\"\n",
        server.onapp_url()
    );
    home.file("bpctl.toml", &text).display().to_string()
}
