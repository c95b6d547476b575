//! Lists follow every page, and no wrong or hostile `pagination` makes them loop or print twice.

use serde_json::{Value, json};

use crate::harness::{Run, katapult};
use crate::server::{Answer, Request, Server};
use crate::world::{ORG_POLICIES_PATH, VM, World, policy};

/// However wrong the pagination is, this many requests for three or fewer real pages are too many.
const TOO_MANY: usize = 1100;

fn many(count: usize) -> Vec<Value> {
    (0..count).map(|number| policy(&format!("p-{number:03}"), "VirtualMachine", VM, "web-1", "daily", 7)).collect()
}

fn ids(numbers: impl Iterator<Item = usize>) -> String {
    numbers.map(|number| format!("p-{number:03}\n")).collect()
}

fn list(server: &Server) -> Run {
    katapult(server, &["policies", "list", "--vm", VM, "-o", "id"]).run()
}

fn page_of(request: &Request) -> usize {
    request.query("page").map_or(1, |page| page.parse().unwrap())
}

/// A server that sends these policies and this pagination for a page.
fn scripted(page: impl Fn(usize) -> (Vec<Value>, Value) + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let (policies, pagination) = page(page_of(request));
        Answer::json(200, &json!({"pagination": pagination, "disk_backup_policies": policies}))
    })
}

fn pagination(current: usize, pages: impl Into<Value>, total: impl Into<Value>, per_page: usize) -> Value {
    json!({
        "current_page": current, "total_pages": pages.into(), "total": total.into(), "per_page": per_page,
        "large_set": false,
    })
}

#[test]
fn every_page_is_followed() {
    for count in [1, 29, 30, 31, 60, 305] {
        let run = list(&World::new().policies(many(count)).serve()).ok();
        assert_eq!(run.stdout, ids(0..count), "{count} policies");
    }
}

#[test]
fn the_page_size_is_the_servers() {
    // Whatever was asked for, this server gives four at a time.
    let all = many(10);
    let server = scripted(move |page| {
        let shown = all.iter().skip((page - 1) * 4).take(4).cloned().collect();
        (shown, pagination(page, 3, 10, 4))
    });
    assert_eq!(list(&server).ok().stdout, ids(0..10));
    assert_eq!(server.count(), 3);
}

#[test]
fn a_large_set_has_no_totals() {
    for count in [7, 8] {
        let all = many(count);
        let server = scripted(move |page| {
            let shown: Vec<_> = all.iter().skip((page - 1) * 4).take(4).cloned().collect();
            let mut claimed = pagination(page, Value::Null, Value::Null, 4);
            claimed["large_set"] = json!(true);
            (shown, claimed)
        });
        assert_eq!(list(&server).ok().stdout, ids(0..count));
        assert!(server.count() <= 4, "{} requests", server.count());
    }
}

/// A server that ignores `page`, and does not count: what it has beyond the first page is not known.
#[test]
fn a_large_set_whose_end_is_not_seen_does_not_look_whole() {
    let all = many(4);
    for per_page in [4, 100] {
        let all = all.clone();
        let server = scripted(move |_| (all.clone(), pagination(1, Value::Null, Value::Null, per_page)));
        let run = list(&server).ok();
        assert_eq!(run.stdout, ids(0..4));
        assert!(run.stderr.contains("may be missing"), "{}", run.report());
    }
    // No base for an export, or for a write.
    let server = World::new().serve_but(|request| {
        let page = pagination(1, Value::Null, Value::Null, 1);
        let body = json!({"pagination": page, "disk_backup_policies": many(1)});
        (request.path() == ORG_POLICIES_PATH).then(|| Answer::json(200, &body))
    });
    katapult(&server, &["export"]).run().fails_in_words(1).mentions(&["may be missing"]);
}

/// Rows that are added in front of a large set while its pages are read side by side.
#[test]
fn a_large_set_that_grows_while_it_is_read_does_not_look_whole() {
    let all = many(24);
    let server = scripted(move |page| {
        // The second page is from before two rows were added, the third and later ones from after.
        let from = ((page - 1) * 4).saturating_sub(if page > 2 { 2 } else { 0 });
        (all.iter().skip(from).take(4).cloned().collect(), pagination(page, Value::Null, Value::Null, 4))
    });
    let run = list(&server).ok();
    assert!(run.stderr.contains("changed while it was read"), "{}", run.report());
}

/// Before the second page is read, a row is added: the last one moves to a page that the first answer did not count.
#[test]
fn a_number_of_pages_that_grows_is_followed() {
    let all = many(7);
    let server = scripted(move |page| {
        let (rows, pages) = if page == 1 { (&all[1..], 2) } else { (&all[..], 3) };
        let shown = rows.iter().skip((page - 1) * 3).take(3).cloned().collect();
        (shown, pagination(page, pages, rows.len(), 3))
    });
    let run = list(&server).ok();
    let mut printed: Vec<_> = run.stdout.lines().collect();
    printed.sort_unstable();
    assert_eq!(printed, ["p-001", "p-002", "p-003", "p-004", "p-005", "p-006"]);
    assert!(run.stderr.contains("reported 7 policies but returned 6"), "{}", run.report());
}

#[test]
fn an_item_on_two_pages_is_printed_once() {
    // Something was deleted between the pages, so everything moved up; or added, so everything moved down.
    let all = many(7);
    let server = scripted(move |page| {
        let from = if page == 1 { 0 } else { 3 };
        (all.iter().skip(from).take(4).cloned().collect(), pagination(page, 2, 7, 4))
    });
    assert_eq!(list(&server).ok().stdout, ids(0..7));
}

/// Rows that are added at the front push others to the next page, a page full of them at the worst.
#[test]
fn pages_of_nothing_but_repeats_are_passed_over() {
    for pages in [json!(3), json!(null)] {
        let all = many(6);
        let server = scripted(move |page| {
            let from = [0, 0, 2, 4][page.min(3)];
            let shown = if page == 2 { all[..2].to_vec() } else { all.iter().skip(from).take(2).cloned().collect() };
            (if page > 3 { Vec::new() } else { shown }, pagination(page, pages.clone(), Value::Null, 2))
        });
        assert_eq!(list(&server).ok().stdout, ids([0, 1, 4, 5].into_iter()));
    }
}

#[test]
fn pagination_is_read_whatever_its_numbers_look_like() {
    for pages in [json!("3"), json!(3.0), json!(" 3 ")] {
        let all = many(5);
        let server = scripted(move |page| {
            let shown = all.iter().skip((page - 1) * 2).take(2).cloned().collect();
            (shown, pagination(page, pages.clone(), 5, 2))
        });
        assert_eq!(list(&server).ok().stdout, ids(0..5));
    }
}

#[test]
fn no_more_pages_are_read_than_a_limit_needs() {
    for (limit, pages) in [("1", 1), ("3", 2), ("9", 5)] {
        let all = many(20);
        let server = scripted(move |page| {
            (all.iter().skip((page - 1) * 2).take(2).cloned().collect(), pagination(page, 10, 20, 2))
        });
        let run = katapult(&server, &["policies", "list", "--vm", VM, "-o", "id", "--limit", limit]).run().ok();
        assert_eq!(run.stdout, ids(0..limit.parse().unwrap()));
        assert_eq!(server.count(), pages, "limit {limit}");
    }
}

#[test]
fn a_list_that_fails_midway_does_not_look_whole() {
    let world = World::new().policies(many(275));
    let server = world.serve_but(|request| (page_of(request) == 2).then(|| Answer::error(403, "permission_denied")));
    for output in ["json", "table", "csv", "yaml"] {
        let run = katapult(&server, &["policies", "list", "--vm", VM, "-o", output]).run().exits(4);
        assert_eq!(run.stdout, "", "{output}");
    }
    // Rows that were streamed before the error stay.
    let run = katapult(&server, &["policies", "list", "--vm", VM, "-o", "jsonl"]).run().exits(4);
    assert!(run.stdout.lines().count() <= 100);
}

/// Runs against a lying server: the four policies that it has are printed, and none twice.
fn ends(server: &Server, what: &str) {
    let run = list(server);
    assert_eq!(run.code, 0, "{what}: {}", run.report());
    assert_eq!(run.stdout.lines().count(), 4, "{what}: {}", run.report());
    assert!(server.count() < TOO_MANY, "{what}: {} requests", server.count());
    let mut seen: Vec<_> = run.stdout.lines().collect();
    let printed = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), printed, "{what}: printed twice: {}", run.report());
}

#[test]
fn a_list_that_repeats_itself_ends() {
    for pages in [json!(1_000_000), json!(null)] {
        let all = many(4);
        ends(
            &scripted(move |page| (all.clone(), pagination(page, pages.clone(), 4_000_000, 4))),
            "the same page for ever",
        );
    }
}

#[test]
fn a_list_that_goes_backwards_ends() {
    let all = many(4);
    ends(&scripted(move |_| (all.clone(), pagination(1, 2, 8, 4))), "always at page one");
    let all = many(4);
    ends(
        &scripted(move |page| {
            (all.clone(), json!({"current_page": 10 - page.min(9), "total_pages": 10, "per_page": 4}))
        }),
        "counting down",
    );
}

#[test]
fn empty_pages_end_a_list() {
    for pages in [json!(u64::MAX), json!(null)] {
        let all = many(4);
        let server = scripted(move |page| {
            (if page == 1 { all.clone() } else { Vec::new() }, pagination(page, pages.clone(), u64::MAX, 4))
        });
        ends(&server, "a million empty pages");
        // The first, and those that were asked for side by side before the second was in.
        assert!(server.count() <= 7, "{} requests", server.count());
    }
}

#[test]
fn nonsense_in_pagination_ends() {
    for claimed in [
        json!(null),
        json!({}),
        json!([]),
        json!("one"),
        json!({"current_page": 1, "total_pages": 2, "total": 8, "per_page": 0}),
        json!({"current_page": 1, "total_pages": null, "total": null, "per_page": 0, "large_set": true}),
        json!({"current_page": -1, "total_pages": -1, "total": -1, "per_page": -1}),
        json!({"current_page": 0, "total_pages": 0, "total": 0, "per_page": 30}),
        json!({"current_page": "1", "total_pages": "9", "total": "9", "per_page": "30"}),
        json!({"current_page": 1e300, "total_pages": 1e300, "total": 1e300, "per_page": 1e300}),
    ] {
        let all = many(4);
        let what = claimed.to_string();
        ends(&scripted(move |_| (all.clone(), claimed.clone())), &what);
    }
}

/// Every list of the API but that of organizations has been seen with `pagination`. One without it is whole if it is
/// shorter than the page that was asked for; else the next page is asked for.
#[test]
fn a_list_without_pagination_is_whole_where_it_is_shorter_than_a_page() {
    for count in [0, 1, 30, 99, 100, 250] {
        let all = many(count);
        let server = Server::start(move |request| {
            let from = (page_of(request) - 1) * 100;
            let shown: Vec<Value> = all.iter().skip(from).take(100).cloned().collect();
            Answer::json(200, &json!({"disk_backup_policies": shown}))
        });
        let run = list(&server).ok();
        assert_eq!((run.stdout, server.count() == 1), (ids(0..count), count < 100), "{count}");
    }
}
