//! The coverage report in a real browser: what it shows, how it sorts and filters, and that names are inert.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::coverage::{disks, listed_disk};
use crate::harness::{Home, katapult};
use crate::tools::missing;
use crate::world::{World, policy, vm};

/// A name that would run a script, close the row, and paint a terminal red.
const HOSTILE: &str =
    "<script>document.title='owned'</script>\"'><img src=x onerror=document.title='owned'>\u{1b}[31m&amp;";

/// The browser, where there is one.
fn browser() -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|directory| ["chromium", "chromium-browser"].map(|name| directory.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        missing("chromium");
    }
    found
}

/// The page as the browser holds it after its script has run. On a busy machine the browser may give up before it has
/// read the file, and prints an empty page; that says nothing about the report, so it is asked again.
fn dom(browser: &Path, page: &Path, fragment: &str) -> String {
    let tries = (0..5).map(|_| print_dom(browser, page, fragment));
    let mut dom = tries.skip_while(|dom| !dom.contains("<tbody>"));
    dom.next().expect("the browser printed an empty page five times")
}

fn print_dom(browser: &Path, page: &Path, fragment: &str) -> String {
    let profile = tempfile::TempDir::new().unwrap();
    let output = assert_cmd::Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-sync", "--disable-dev-shm-usage", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}{fragment}", page.display()))
        .timeout(std::time::Duration::from_secs(60))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Name and visibility of each row, in order.
fn rows(dom: &str) -> Vec<(String, bool)> {
    let body = dom.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    let row = |row: &str| {
        let (tag, rest) = row.split_once('>').unwrap();
        let name = rest.split_once('>').unwrap().1.split("</th>").next().unwrap();
        (name.to_owned(), !tag.contains("hidden"))
    };
    body.split("<tr").skip(1).map(row).collect()
}

fn shown(dom: &str) -> Vec<String> {
    rows(dom).into_iter().filter(|(_, is_shown)| *is_shown).map(|(name, _)| name).collect()
}

/// Writes a report of three machines that keep 30, 7 and no days.
fn report(home: &Home) -> PathBuf {
    let machine = |id: &str, name: &str| vm(id, name, &format!("{name}.acme.example"));
    let world = World::new()
        .vms(vec![machine("vm_1", "web-1"), machine("vm_2", "db-1"), vm("vm_3", HOSTILE, HOSTILE)])
        .policies(vec![
            policy("p1", "VirtualMachine", "vm_1", "web-1", "daily", 30),
            policy("p2", "VirtualMachine", "vm_2", "db-1", "daily", 7),
        ]);
    let all: Vec<Value> = ["1", "2", "3"].map(|n| listed_disk(&format!("d{n}"), Some(&format!("vm_{n}")))).to_vec();
    let server = world.serve_but(move |request| disks(request, &all));
    let path = home.path("report.html");
    let args = ["coverage", "--min-retention", "14", "--report"];
    katapult(&server, &args).arg(path.display().to_string()).home(home).run().ok().mentions(&["report written to"]);
    path
}

#[test]
fn it_sorts_and_filters() {
    let Some(browser) = browser() else { return };
    let home = Home::new();
    let page = report(&home);
    let plain = dom(&browser, &page, "");
    assert_eq!(shown(&plain)[1..], ["db-1.acme.example", "web-1.acme.example"], "worst first");
    assert!(plain.contains("3 of 3 shown"));
    assert_eq!(plain.matches("aria-sort=\"none\"").count(), 10);
    let sorted = dom(&browser, &page, "#sort=kept:desc");
    assert_eq!(shown(&sorted)[..2], ["web-1.acme.example", "db-1.acme.example"]);
    assert!(sorted.contains("data-column=\"kept\" aria-sort=\"descending\""));
    assert_eq!(sorted.matches("aria-sort=\"none\"").count(), 9);
    let ascending = dom(&browser, &page, "#sort=kept");
    assert_eq!(shown(&ascending)[1..], ["db-1.acme.example", "web-1.acme.example"]);
    let filtered = dom(&browser, &page, "#filter=DB");
    assert_eq!(shown(&filtered), ["db-1.acme.example"]);
    assert_eq!(rows(&filtered).len(), 3, "hidden, not removed");
    assert!(filtered.contains("1 of 3 shown"));
    assert_eq!(shown(&dom(&browser, &page, "#verdict=weak")), ["db-1.acme.example"]);
}

#[test]
fn hostile_names_are_inert() {
    let Some(browser) = browser() else { return };
    let home = Home::new();
    let page = report(&home);
    let text = std::fs::read_to_string(&page).unwrap();
    assert_eq!(text.matches("<script").count(), 1, "the page's own script and no other");
    assert!(!text.contains("<img") && !text.contains('\u{1b}'), "{text}");
    for fragment in ["", "#filter=script", "#filter=%3Cimg%20src=x%20onerror=document.title='owned'%3E"] {
        let dom = dom(&browser, &page, fragment);
        assert!(dom.contains("<title>Backup coverage of ACME Inc."), "{dom}");
        assert_eq!(dom.matches("<script").count(), 1);
        assert!(!dom.contains("<img"), "{dom}");
    }
    let found = shown(&dom(&browser, &page, "#filter=script"));
    assert_eq!(found.len(), 1, "the name is there to be read and found");
    assert!(found[0].starts_with("&lt;script&gt;") && found[0].contains("\\x1b[31m&amp;amp;"), "{found:?}");
}

#[test]
fn it_needs_nothing_but_itself_and_says_what_it_is() {
    let home = Home::new();
    let page = std::fs::read_to_string(report(&home)).unwrap();
    for outside in ["http://", "https://", "src=", "@import", "url(", "<link"] {
        let text = page.replace("&lt;img src=x", "").replace("t:&lt;script", "");
        assert!(!text.contains(outside), "{outside}");
    }
    for part in [
        "<html lang=\"en\">",
        "default-src 'none'",
        "prefers-color-scheme: dark",
        "@media print",
        "<th scope=\"col\"",
        "<th scope=\"row\"",
        "role=\"img\"",
        "14 or more kept",
        "ACME Inc.",
        "3 VMs: 1 none, 0 partial, 1 weak, 1 ok",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn it_is_readable_by_others_and_leaves_nothing_behind() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let page = report(&home);
    assert_ne!(std::fs::metadata(&page).unwrap().permissions().mode() & 0o044, 0);
    let files = std::fs::read_dir(page.parent().unwrap()).unwrap();
    let pages: Vec<_> = files.filter(|file| file.as_ref().unwrap().file_type().unwrap().is_file()).collect();
    assert_eq!(pages.len(), 1, "{pages:?}");
}
