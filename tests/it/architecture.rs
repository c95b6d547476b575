//! The boundaries of `docs/architecture.md`: which room uses which, that nothing goes in a circle, and how long a file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::imports::{Imports, Use, circles, sources};

/// Lines of a file at the most.
const LONGEST: usize = 500;
/// The two ends of the program hold everything together and stand in no table.
const ROOTS: [&str; 2] = ["lib", "main"];
const TABLE: &str = "docs/architecture.md";
/// Circles that are known and are to go: a circle that is found must lie within one of these, and one that is gone must
/// be taken out here.
const KNOWN_CIRCLES: [&[&str]; 0] = [];

fn repository(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn uses() -> BTreeSet<Use> {
    Imports::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).uses()
}

/// The rooms of `src/`: a directory or a file at its top.
fn rooms() -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.trim_end_matches(".rs").to_owned()).filter(|name| !ROOTS.contains(&name.as_str())).collect()
}

/// Reads the table whose columns are headed `room` and `may use`: each room with the rooms that it may use.
fn table(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut lines = text.lines().skip_while(|line| !line.starts_with("| room |"));
    let head = cells(lines.next().expect("a table with a column `room`"));
    let column = head.iter().position(|name| name == "may use").expect("a column `may use`");
    let mut table = BTreeMap::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let row = cells(line);
        let allowed = names(&row[column]);
        for room in names(&row[0]) {
            assert!(table.insert(room.clone(), allowed.clone()).is_none(), "{TABLE} has two rows for `{room}`");
        }
    }
    table
}

/// The names of a cell: in backticks, with commas between; a dash stands for none.
fn names(cell: &str) -> BTreeSet<String> {
    if cell == "–" {
        return BTreeSet::new();
    }
    let name = |word: &str| word.strip_prefix('`').and_then(|word| word.strip_suffix('`')).map(str::to_owned);
    cell.split(", ").map(|word| name(word).unwrap_or_else(|| panic!("{TABLE}: not a list of rooms: {cell}"))).collect()
}

/// What is to be changed so that the table and the code agree.
fn differences(
    table: &BTreeMap<String, BTreeSet<String>>,
    rooms: &BTreeSet<String>,
    uses: &BTreeSet<Use>,
) -> Vec<String> {
    let mut used: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for one in uses.iter().filter(|one| one.rooms.0 != one.rooms.1 && !ROOTS.contains(&one.rooms.0.as_str())) {
        used.entry((&one.rooms.0, &one.rooms.1)).or_insert(&one.from);
    }
    let mut wrong = Vec::new();
    for room in rooms.difference(&table.keys().cloned().collect()) {
        wrong.push(format!("add a row for `{room}`"));
    }
    for ((from, to), file) in &used {
        if table.get(*from).is_some_and(|allowed| !allowed.contains(*to)) {
            wrong.push(format!("row `{from}`: add `{to}`, or let src/{file} do without it"));
        }
    }
    for (room, allowed) in table {
        if !rooms.contains(room) {
            wrong.push(format!("row `{room}`: remove it, src has no such room"));
            continue;
        }
        for unused in allowed.iter().filter(|other| !used.contains_key(&(room.as_str(), other.as_str()))) {
            wrong.push(format!("row `{room}`: remove `{unused}`, nothing in `{room}` uses it"));
        }
    }
    wrong
}

#[test]
fn rooms_use_what_the_table_says() {
    let wrong = differences(&table(&repository(TABLE)), &rooms(), &uses());
    assert!(wrong.is_empty(), "{TABLE} and the code differ:\n{}", wrong.join("\n"));
}

#[test]
fn rooms_do_not_go_in_a_circle() {
    let uses = uses();
    let between = uses.iter().filter(|one| one.rooms.0 != one.rooms.1);
    let found = circles(between.map(|one| (one.rooms.0.as_str(), one.rooms.1.as_str())));
    assert!(found.is_empty(), "rooms that use each other in a circle: {found:?}");
}

#[test]
fn files_do_not_go_in_a_circle() {
    let uses = uses();
    let is_within = |circle: &[String], known: &[&str]| circle.iter().all(|file| known.contains(&file.as_str()));
    // A module's children may use what it defines, as it uses them: that is one thing in several files.
    let counted = uses.iter().filter(|one| !one.is_of_parent);
    let found = circles(counted.clone().map(|one| (one.from.as_str(), one.to.as_str())));
    let new: Vec<String> = found
        .iter()
        .filter(|circle| !KNOWN_CIRCLES.iter().any(|known| is_within(circle, known)))
        .map(|circle| {
            let edges = counted.clone().filter(|one| circle.contains(&one.from) && circle.contains(&one.to));
            edges.map(|one| format!("src/{} uses src/{}\n", one.from, one.to)).collect()
        })
        .collect();
    assert!(new.is_empty(), "these files use each other in a circle; break it:\n\n{}", new.join("\n"));
    for known in KNOWN_CIRCLES {
        assert!(found.iter().any(|circle| is_within(circle, known)), "gone, take it out of KNOWN_CIRCLES: {known:?}");
    }
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(sources)
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, file)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_test_file_is_run() {
    let list = repository("tests/it/main.rs");
    for file in sources("tests/it") {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if name != "main" {
            assert!(list.contains(&format!("\nmod {name};")), "tests/it/main.rs leaves out {name}");
        }
    }
}

/// A crate of three rooms with every way to name another file.
fn small_crate() -> BTreeSet<Use> {
    let files = BTreeMap::from([
        ("lib.rs", "pub mod a; pub mod b; mod c;"),
        ("a/mod.rs", "mod one; mod two; pub use one::{One, Other as Another}; fn f() -> one::One { crate::c::g() }"),
        ("a/one.rs", "use super::two::Two; // crate::b\n const S: &str = \"crate::b\"; const C: char = '\"';"),
        ("a/two.rs", "#[cfg(test)] mod tests { use crate::c; } fn f<'a>(_: &'a str) { let _ = r#\"\" crate::b \"#; }"),
        ("b.rs", "use crate::{a::{Another, self}, c::{inner::{deep}}}; use std::fs;"),
        ("c.rs", "pub mod inner { pub fn deep() { super::super::b::x() } }"),
    ]);
    Imports::of(|file| files.get(file).map(ToString::to_string)).uses()
}

#[test]
fn imports_are_read() {
    let found: Vec<String> = small_crate().iter().map(|one| format!("{} > {}", one.from, one.to)).collect();
    assert_eq!(
        found,
        [
            "a/mod.rs > a/one.rs",
            "a/mod.rs > c.rs",
            "a/one.rs > a/two.rs",
            "b.rs > a/mod.rs",
            "b.rs > a/one.rs",
            "b.rs > c.rs",
            "c.rs > b.rs",
        ]
    );
    let uses = small_crate();
    let rings = circles(uses.iter().map(|one| (one.from.as_str(), one.to.as_str())));
    assert_eq!(rings, [["a/mod.rs", "b.rs", "c.rs"]]);
}

#[test]
fn the_table_is_held_to_the_code() {
    let text = "| room | does | may use |\n|---|---|---|\n| `a` | x | `b` |\n| `b` | y | `a`, `c` |\n| `d` | z | – |\n\n| `c` |";
    let rooms = ["a", "b", "c"].map(String::from).into();
    assert_eq!(
        differences(&table(text), &rooms, &small_crate()),
        [
            "add a row for `c`",
            "row `a`: add `c`, or let src/a/mod.rs do without it",
            "row `a`: remove `b`, nothing in `a` uses it",
            "row `d`: remove it, src has no such room",
        ]
    );
}
