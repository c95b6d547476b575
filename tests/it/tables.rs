//! Lists in a terminal: a row is one line that fits, whatever the width; what does not fit is said once.

use std::time::Duration;

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::company::Company;
use crate::harness::{Bpctl, bare, katapult, onapp};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Server};
use crate::terminal::{Ended, Terminal};
use crate::world::{DISK, POLICY, VM, World, disk, policy, vm};

const WIDTHS: [usize; 5] = [40, 60, 80, 120, 200];

/// Every list of the simulator's company, and how many of its rows there are in a pipe.
const LISTS: [&[&str]; 15] = [
    &["policies", "list"],
    &["policies", "list", "--detail"],
    &["vm", "list"],
    &["disk", "list"],
    &["disk", "list", "--vm", "db-1"],
    &["org", "list"],
    &["trash", "list"],
    &["history"],
    &["coverage", "--require", "daily"],
    &["lint"],
    &["lint", "--list-codes"],
    &["check", "--max-age", "26h"],
    &["calendar", "--next", "1d", "--sort", "at"],
    &["config", "list"],
    &["doctor"],
];

/// The lines of standard output: what a terminal shows also has the notes of standard error, which are not tables.
fn rows<'a>(ended: &'a Ended, piped: &str) -> Vec<&'a str> {
    let first = piped.split_whitespace().next().unwrap_or_default();
    let lines: Vec<&str> = ended.screen.lines().collect();
    let header = lines
        .iter()
        .position(|line| line.trim_start().starts_with(first))
        .unwrap_or_else(|| panic!("no header {first}: {}", ended.report()));
    lines[header..].iter().take(piped.lines().take_while(|line| !line.is_empty()).count()).copied().collect()
}

#[test]
fn every_list_is_one_line_a_row_that_fits() {
    let company = Company::new();
    let id = company.web_1();
    let before = company.home.file("before.json", &company.run(&["snapshot"]).ok().stdout).display().to_string();
    company.run(&["policy", "update", &id, "--retention", "30"]).ok();
    company.run(&["policy", "delete", &id, "--yes"]).ok();
    for args in LISTS.iter().copied().chain([&["diff", before.as_str()][..]]) {
        is_one_line_a_row(args, || company.bpctl(args));
    }
    let config = "[profiles.a-profile-with-a-long-name]\ntoken = \"x\"\norganization = \"acme-hosting\"\n\
                  [profiles.flex]\nprovider = \"onapp\"\nuser = \"someone@example.com\"\n\
                  api_url = \"https://a-cloud-with-a-long-name.example.com/api\"\ntoken = \"x\"\n";
    let file = company.home.file("other.toml", config).display().to_string();
    for args in [&["auth", "list"][..], &["config", "list"]] {
        is_one_line_a_row(args, || bare(args).env("BPCTL_CONFIG", file.clone()).home(&company.home));
    }
}

#[test]
fn every_list_of_an_onapp_cloud_is_one_line_a_row_that_fits() {
    let cloud = Cloud::serve(&[]);
    cloud.bpctl(&["backup", "note", "6130", "a note for whoever comes next, long enough to be cut"]).run().ok();
    cloud.bpctl(&["policy", "pause", "31", "--yes"]).run().ok();
    for args in [
        &["backups", "list"][..],
        &["backups", "list", "--vm", "web1", "--kind", "files"],
        &["backups", "list", "--vm", "db1", "--kind", "all"],
        &["policies", "list"],
        &["policies", "list", "--vm", "db1"],
        &["vm", "list"],
        &["disk", "list"],
        &["disk", "list", "--vm", "db1"],
        &["transactions", "list", "--limit", "12"],
        &["coverage", "--require", "daily"],
        &["check", "--max-age", "26h"],
        &["lint"],
        &["calendar", "--next", "1d", "--sort", "at"],
        &["history"],
        &["doctor"],
    ] {
        is_one_line_a_row(args, || cloud.bpctl(args));
    }
}

/// Lists whose rows have a state or a verdict, which is coloured.
const STATES: [&str; 7] = ["coverage", "check", "lint", "doctor", "history", "disk", "transactions"];

/// Asserts that each row of a list is one line of the terminal, that one note says what was left out, that states are
/// coloured, and that every absolute time has a zone.
fn is_one_line_a_row(args: &[&str], bpctl: impl Fn() -> Bpctl) {
    let list = || bpctl().env("LANG", "C.UTF-8");
    let piped = list().run().stdout;
    let keys: Vec<&str> = piped
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(!keys.is_empty() && !piped.contains('…'), "{args:?}: nothing is cut in a pipe:\n{piped}");
    assert!(!piped.contains('\u{1b}'), "{args:?}: no colours in a pipe");
    for columns in WIDTHS {
        let ended = Terminal::run_in(columns, &list()).ends();
        let shown = rows(&ended, &piped);
        assert!(shown.iter().all(|line| line.width() <= columns), "{columns}: {}", ended.report());
        for (line, key) in shown[1..].iter().zip(&keys) {
            // A time is relative where there is no room.
            let begin: String = if key.starts_with("20") { "" } else { key }.chars().take(5).collect();
            assert!(line.trim_start().starts_with(&begin), "{columns}: not the row of {key}: {}", ended.report());
        }
        // Relative times alone leave nothing out.
        let has_all = shown[0].split_whitespace().eq(piped.lines().next().unwrap().split_whitespace());
        let is_whole = has_all && !shown.iter().any(|line| line.contains('…'));
        let notes = ended.screen.replace('\n', " ").matches("columns wide; ").count();
        assert_eq!(notes, usize::from(!is_whole), "{args:?} {columns}: {}", ended.report());
        let has_state = STATES.contains(&args[0]) && !args.contains(&"--list-codes");
        assert!(!has_state || columns < 80 || ended.raw.contains("\u{1b}[3"), "{columns}: {}", ended.report());
        for line in shown {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_date = |word: &str| word.len() == 10 && word.split('-').map(str::len).eq([4, 2, 2]);
            for place in (0..words.len()).filter(|place| is_date(words[*place])) {
                let zone = words.get(place + 2).copied().unwrap_or_default();
                assert!(["GMT", "BST"].contains(&zone), "{columns}: {line}: {}", ended.report());
            }
        }
    }
}

#[test]
fn less_important_columns_go_first_and_the_note_names_them() {
    let name =
        "a-machine-with-a-name-that-is-much-longer-than-any-terminal-of-its-time-can-show.example.katapult.cloud";
    let server = World::new().policies(vec![policy(POLICY, "VirtualMachine", VM, name, "daily", 7)]).serve();
    let list = |args: &[&str]| katapult(&server, &[&["policies", "list"], args].concat()).env("LANG", "C.UTF-8");
    let ended = Terminal::run_in(60, &list(&[])).ends().exits(0);
    let screen = ended.screen.replace('\n', " ");
    for words in
        [POLICY, "daily", "…", "columns left out: type", "size", "shortened: target; `-o wide` shows everything"]
    {
        assert!(screen.contains(words), "`{words}`: {}", ended.report());
    }
    // `wide` has no width, and a pipe neither.
    let wide = Terminal::run_in(60, &list(&["-o", "wide"])).ends().exits(0);
    assert!(wide.screen.replace('\n', "").contains(name), "{}", wide.report());
    assert!(list(&[]).run().ok().stdout.contains(name));
    // What was named is not left out.
    let named = Terminal::run_in(60, &list(&["--columns", "id,size,retention,target"])).ends().exits(0);
    assert!(named.screen.replace('\n', " ").contains("shortened: target"), "{}", named.report());
    named.shows(&["SIZE  RETENTION"]);
    let quiet = Terminal::run_in(60, &list(&["-q"])).ends().exits(0);
    assert!(!quiet.screen.contains("left out"), "{}", quiet.report());
}

#[test]
fn columns_that_say_nothing_go_first() {
    let cloud = Cloud::serve(&[]);
    let ended = Terminal::run_in(60, &cloud.bpctl(&["vm", "list"]).env("LANG", "C.UTF-8")).ends().exits(0);
    let screen = ended.screen.replace('\n', " ");
    assert!(screen.contains("columns left out: addresses;"), "{}", ended.report());
    assert!(screen.contains("Windows Server 2019 x64 STD"), "{}", ended.report());
}

#[test]
fn wide_characters_count_twice() {
    let names =
        ["漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", "e\u{301}".repeat(40).as_str(), "plain"].map(str::to_owned);
    let vms = names.iter().enumerate().map(|(number, name)| vm(&format!("vm_{number}"), name, "x.example"));
    let server = World::new().vms(vms.collect()).serve();
    for columns in [24, 40, 60] {
        let list = katapult(&server, &["vm", "list"]).env("LANG", "C.UTF-8");
        let ended = Terminal::run_in(columns, &list).ends().exits(0);
        let raw = ended.raw.split("\r\n").filter(|line| line.starts_with("vm_")).collect::<Vec<_>>();
        assert_eq!(raw.len(), 3, "{}", ended.report());
        assert!(raw.iter().all(|line| line.width() <= columns), "{columns}: {raw:?}");
    }
}

#[test]
fn states_are_coloured_on_a_terminal_and_readable_without() {
    let coverage = |color: &[&str]| bare(&[&["--sandbox", "coverage", "--require", "daily"], color].concat());
    let ended = Terminal::run_in(120, &coverage(&[])).ends().exits(0);
    for (color, word) in [("\u{1b}[31m", "none"), ("\u{1b}[33m", "weak"), ("\u{1b}[32m", "ok")] {
        assert!(ended.raw.contains(&format!("{color}{word}\u{1b}[0m")), "{word}: {}", ended.report());
    }
    let states = Terminal::run_in(120, &bare(&["--sandbox", "disk", "list"])).ends().exits(0);
    assert!(states.raw.contains("\u{1b}[32mbuilt\u{1b}[0m"), "{}", states.report());
    for plain in
        [coverage(&["--color", "never"]), coverage(&[]).env("NO_COLOR", "1"), coverage(&[]).env("TERM", "dumb")]
    {
        let ended = Terminal::run_in(120, &plain).ends().exits(0);
        assert!(!ended.raw.contains("\u{1b}[3"), "{}", ended.report());
        assert!(["none", "weak", "ok"].iter().all(|word| ended.screen.contains(word)), "{}", ended.report());
    }
}

#[test]
fn other_character_sets_get_ascii() {
    let long = "n".repeat(200);
    let server = World::new().vms(vec![vm(VM, &long, "x.example")]).serve();
    for locale in ["C", "POSIX", "de_DE.ISO-8859-1"] {
        let ended = Terminal::run_in(60, &katapult(&server, &["vm", "list"]).env("LC_ALL", locale)).ends().exits(0);
        assert!(ended.raw.is_ascii() && ended.screen.contains("n...  "), "{}", ended.report());
        let coverage = bare(&["--sandbox", "coverage"]).env("LC_ALL", locale);
        let ended = Terminal::run_in(120, &coverage).ends().exits(0);
        assert!(ended.raw.is_ascii() && ended.screen.contains("(7 x daily)"), "{}", ended.report());
        let calendar = bare(&["--sandbox", "calendar"]).env("LC_ALL", locale);
        assert!(Terminal::run_in(60, &calendar).ends().exits(0).raw.is_ascii());
    }
}

#[test]
fn terminals_that_can_only_print_get_ascii() {
    let home = crate::harness::Home::new();
    let dumb = |args: &[&str]| bare(&["--sandbox"]).args(args).env("TERM", "dumb").env("LANG", "C.UTF-8").home(&home);
    let terminal = Terminal::run_in(80, &dumb(&["policy", "update", "web-1", "--retention", "6"]));
    terminal.answer(&[("[y/N]", "y")]);
    let asked = terminal.ends().exits(0).shows(&["retention  7 -> 6"]);
    assert!(asked.raw.is_ascii(), "{}", asked.report());
    for args in [
        &["policies", "list"][..],
        &["history"],
        &["coverage"],
        &["calendar"],
        &["calendar", "--next", "7d"],
        &["lint"],
        &["disk", "list"],
        &["policy", "show", "web-1"],
        &["policies", "update", "--match", "*", "--retention", "3", "--dry-run"],
    ] {
        for columns in [40, 80] {
            let ended = Terminal::run_in(columns, &dumb(args)).ends().exits(0);
            assert!(ended.raw.is_ascii() && !ended.raw.contains('\u{1b}'), "{}", ended.report());
        }
    }
}

#[test]
fn what_takes_long_is_shown_until_something_is_printed() {
    let world = World::new();
    let server = Server::start(move |request| world.answer(request).delayed(Duration::from_millis(2500)));
    let list = |args: &[&str]| katapult(&server, &[&["policies", "list", "--vm", VM], args].concat());
    let shown = || {
        let terminal = Terminal::run(&list(&[]));
        terminal.wait_for("reading policies");
        let ended = terminal.ends().exits(0);
        assert!(!ended.screen.contains("reading") && ended.screen.starts_with("ID "), "{}", ended.report());
    };
    let not_shown = |bpctl: Bpctl| {
        let ended = Terminal::run(&bpctl).ends().exits(0);
        assert!(!ended.raw.contains("reading"), "{}", ended.report());
    };
    std::thread::scope(|scope| {
        scope.spawn(shown);
        scope.spawn(|| not_shown(list(&[]).env("TERM", "dumb")));
        scope.spawn(|| not_shown(list(&["-q"])));
        scope.spawn(|| not_shown(katapult(&World::new().serve(), &["policies", "list"])));
        scope.spawn(|| assert_eq!(list(&[]).run().ok().stderr, ""));
    });
}

#[test]
fn the_calendar_fits_too() {
    for columns in [40, 60, 80, 200] {
        for span in ["1d", "7d"] {
            let calendar = bare(&["--sandbox", "calendar", "--next", span]).env("LANG", "C.UTF-8");
            let ended = Terminal::run_in(columns, &calendar).ends().exits(0);
            let from = ended.screen.find("GMT").unwrap();
            let lines: Vec<&str> = ended.screen[from..].lines().collect();
            assert!(lines.iter().all(|line| line.width() <= columns), "{columns} {span}: {}", ended.report());
            assert!(ended.screen.contains("Busiest hours (GMT)"), "{}", ended.report());
        }
    }
}

/// A time of a summer's day in 2099.
fn at_noon() -> Server {
    World::new().policy(|policy| policy["schedule"]["next_invocation_at"] = json!(4_086_590_400_i64)).serve()
}

#[test]
fn absolute_times_name_their_zone() {
    let server = at_noon();
    let (london, tokyo) = (("TZ", "Europe/London"), ("BPCTL_TZ", "Asia/Tokyo"));
    for (args, (name, value), shown) in [
        (&[][..], london, "2099-07-01 13:00 BST"),
        (&["--utc"], london, "2099-07-01 12:00 UTC"),
        (&["--tz", "Europe/Berlin"], tokyo, "2099-07-01 14:00 CEST"),
        (&[], tokyo, "2099-07-01 21:00 JST"),
        (&["--tz", "America/Sao_Paulo"], london, "2099-07-01 09:00 -03"),
        (&["--tz", "+05:30"], london, "2099-07-01 17:30 +05:30"),
    ] {
        for command in [&["policies", "list"][..], &["policy", "show", POLICY]] {
            let run = katapult(&server, &[command, args].concat()).env(name, value).run().ok();
            assert!(run.stdout.contains(shown), "`{shown}`: {}", run.report());
        }
    }
    let shown = katapult(&server, &["policy", "show", POLICY]).run().ok();
    assert!(shown.stdout.contains("daily at 02:30 server time"), "{}", shown.report());
}

#[test]
fn a_zone_of_the_profile_comes_before_the_local_one() {
    let server = at_noon();
    let config = format!("[profiles.p]\napi_url = \"{}\"\ntime_zone = \"Asia/Tokyo\"\n", server.katapult_url());
    let home = crate::harness::Home::new();
    let file = home.file("config.toml", &config).display().to_string();
    let run = |args: &[&str]| {
        let args = [&["--config", &file, "--profile", "p", "policy", "show", POLICY], args].concat();
        bare(&args).env("BPCTL_TOKEN", crate::harness::TOKEN).env("TZ", "Europe/Londonn")
    };
    assert!(run(&[]).run().ok().stdout.contains("2099-07-01 21:00 JST"));
    assert!(run(&["--tz", "UTC"]).run().ok().stdout.contains("12:00 UTC"));
}

#[test]
fn a_zone_that_does_not_exist_is_an_error() {
    let server = at_noon();
    let list = |args: &[&str]| katapult(&server, &[&["policies", "list", "-o", "json"], args].concat());
    list(&[]).env("TZ", "Europe/Londonn").run().fails(2, "config").mentions(&["TZ", "Europe/Londonn"]);
    list(&["--tz", "Mars"]).run().fails(2, "usage").mentions(&["--tz", "Mars"]);
    list(&[]).env("BPCTL_TZ", "Mars").run().fails(2, "usage").mentions(&["BPCTL_TZ"]);
    assert_eq!(server.count(), 0);
    // Where the zone is given, nothing depends on TZ.
    list(&["--utc"]).env("TZ", "Europe/Londonn").run().ok();
}

fn five() -> Server {
    let of = |id: &str, retention, interval| policy(id, "VirtualMachine", VM, "web-1", interval, retention);
    World::new()
        .policies(vec![
            of("p-c", 4, "daily"),
            of("p-a", 20, "weekly"),
            of("p-e", 100, "daily"),
            of("p-b", 3, "hourly"),
            of("p-d", 1, "daily"),
        ])
        .serve()
}

fn ids(bpctl: Bpctl) -> String {
    bpctl.run().ok().stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn filters_compare_by_the_kind_of_the_column() {
    let server = five();
    let ids_of = |args: &[&str]| ids(katapult(&server, &[&["policies", "list", "-o", "id"], args].concat()));
    assert_eq!(ids_of(&["--filter", "retention > 4"]), "p-a p-e");
    assert_eq!(ids_of(&["--filter", "retention<=4", "--filter", "interval = daily"]), "p-c p-d");
    assert_eq!(ids_of(&["--filter", "id~p-?", "--filter", "interval != daily"]), "p-a p-b");
    assert_eq!(ids_of(&["--filter", "retention > 3", "--limit", "1", "--sort", "retention"]), "p-c");
    assert_eq!(ids_of(&["--filter", "retention > 4", "--limit", "1"]), "p-a");
    assert_eq!(ids_of(&["--filter", "next_run > +1h"]), "p-c p-a p-e p-b p-d");
    assert_eq!(ids_of(&["--filter", "next_run > +1d"]), "");
    let none = katapult(&server, &["policies", "list", "--filter", "retention > 1000"]).run().ok();
    assert!(none.stdout.is_empty() && none.stderr.contains("match the filter"), "{}", none.report());
    assert_eq!(ids_of(&["--filter", "frequency = 1", "--detail", "--sort", "id"]), "p-a p-b p-c p-d p-e");
    let count = server.count();
    for (filter, named) in [("nix = 1", "retention"), ("retention > many", "a number"), ("retention", "COL OP VALUE")] {
        katapult(&server, &["policies", "list", "--filter", filter, "-o", "json"])
            .run()
            .fails(2, "usage")
            .mentions(&[named]);
    }
    for args in [["--filter", "frequency > 1"], ["--filter", "deletion ="], ["--sort", "time:desc"]] {
        let list = [&["policies", "list", "-o", "json"], &args[..]].concat();
        katapult(&server, &list).run().fails(2, "usage").mentions(&["--detail"]);
    }
    katapult(&server, &["policy", "delete", POLICY, "--yes", "--filter", "id = x"]).run().exits(2);
    assert_eq!(server.count(), count, "found before any request");
    assert!(server.writes().is_empty());
}

#[test]
fn columns_without_a_value_lists_them() {
    let server = five();
    let run = katapult(&server, &["policies", "list", "--columns"]).run().ok();
    let names: Vec<&str> = run.stdout.lines().collect();
    assert!(names.starts_with(&["id", "target"]) && names.contains(&"deletion"), "{}", run.report());
    assert_eq!(server.count(), 0);
    let unknown = katapult(&server, &["policies", "list", "--columns", "nix"]).run().fails_in_words(2);
    assert!(names.iter().all(|name| unknown.stderr.contains(name)), "{}", unknown.report());
}

#[test]
fn a_limit_says_that_it_cut() {
    let server = five();
    let list = |args: &[&str]| katapult(&server, &[&["policies", "list"], args].concat()).run().ok();
    for output in ["table", "json", "csv", "id"] {
        let run = list(&["--limit", "2", "-o", output]);
        assert!(run.stderr.contains("stopped after 2 rows; there are more"), "{}", run.report());
        assert_eq!(list(&["--limit", "5", "-o", output]).stderr, "", "{output}: that is all of them");
    }
    let none = list(&["--limit", "0"]);
    assert!(none.stdout.is_empty() && !none.stderr.contains("no policies"), "{}", none.report());
    assert!(none.stderr.contains("stopped after 0 rows; there are more"), "{}", none.report());
}

#[test]
fn tsv_has_the_columns_of_csv_and_one_line_a_row() {
    let name = "a\tb\nc\\d\re \"quoted\", =1";
    let server = World::new().vms(vec![vm(VM, name, "x.example")]).serve();
    let list =
        |args: &[&str]| katapult(&server, &[&["vm", "list", "--columns", "id,name,fqdn"], args].concat()).run().ok();
    let tsv = list(&["-o", "tsv"]).stdout;
    assert_eq!(tsv, format!("id\tname\tfqdn\n{VM}\ta\\tb\\nc\\\\d\\re \"quoted\", =1\tx.example\n"));
    let all = |output: &str| katapult(&server, &["vm", "list", "-o", output]).run().ok().stdout;
    assert_eq!(all("tsv").lines().next().unwrap().replace('\t', ","), all("csv").lines().next().unwrap());
    assert_eq!(list(&["-o", "tsv", "--no-header"]).stdout.lines().count(), 1);
}

#[test]
fn formulas_are_made_text_where_that_is_asked_for() {
    let names = ["=1+1", "+1", "-1", "@x", "plain", "a=b"];
    let vms = names.iter().map(|name| vm(VM, name, "x.example"));
    for (vm, name) in vms.zip(names) {
        let server = World::new().vms(vec![vm]).serve();
        let csv = |args: &[&str]| {
            katapult(&server, &[&["vm", "list", "--columns", "name", "--no-header", "-o", "csv"], args].concat())
                .run()
                .ok()
                .stdout
        };
        let is_formula = name.starts_with(['=', '+', '-', '@']);
        assert_eq!(csv(&[]).trim(), name);
        assert_eq!(csv(&["--csv-safe"]).trim(), if is_formula { format!("'{name}") } else { name.to_owned() });
    }
}

#[test]
fn csv_cannot_take_over_a_terminal() {
    let server = World::new().vms(vec![vm(VM, "evil\u{1b}[2J\u{9b}31m\u{7}", "x.example")]).serve();
    for output in ["csv", "tsv"] {
        let list = || katapult(&server, &["vm", "list", "-o", output]);
        let ended = Terminal::run(&list()).ends().exits(0);
        assert!(!ended.raw.contains("\u{1b}[2J") && !ended.raw.contains('\u{9b}'), "{}", ended.report());
        assert!(ended.screen.contains("evil\\x1b[2J"), "{}", ended.report());
        assert!(list().run().ok().stdout.contains("evil\u{1b}[2J"), "a file gets what the API said");
    }
}

#[test]
fn numbers_as_ids_are_sorted_as_numbers() {
    let backups = [10, 100, 2, 9].map(|id| json!({"backup": {"id": id}}));
    let server = Server::always(Answer::json(200, &json!(backups)));
    let run = onapp(&server, &["backups", "list", "--vm", "488", "-o", "id", "--sort", "id"]).run().ok();
    assert_eq!(run.stdout.split_whitespace().collect::<Vec<_>>(), ["2", "9", "10", "100"]);
}

#[test]
fn large_sizes_are_in_tib() {
    let mut large = disk();
    large["size_in_gb"] = json!(1536);
    let server = World::new().disk(large).serve();
    let run = katapult(&server, &["disk", "show", DISK]).run().ok();
    assert!(run.stdout.contains("1.5 TiB"), "{}", run.report());
}
