//! OnApp: credentials, lists of backups, formats, pages.

use super::*;

/// `me:secret`.
pub(super) const ME: &str = "Authorization: Basic bWU6c2VjcmV0\r\n";

pub(super) fn get(api: &Api, path: &str) -> Answer {
    api.send("GET", &format!("/onapp{path}"), ME, "")
}

/// Sends a write without a body.
pub(super) fn call(api: &Api, method: &str, path: &str) -> Answer {
    api.send(method, &format!("/onapp{path}"), ME, "")
}

pub(super) fn call_with(api: &Api, method: &str, path: &str, body: &Value) -> Answer {
    let headers = format!("{ME}Content-Type: application/json\r\n");
    api.send(method, &format!("/onapp{path}"), &headers, &body.to_string())
}

/// Returns the objects of a list without their wrappers.
pub(super) fn list(api: &Api, path: &str) -> Vec<Value> {
    let list = get(api, path).json();
    let elements = list.as_array().expect("a bare array").iter();
    elements
        .map(|element| element.as_object().expect("a wrapper").values().next().expect("an object").clone())
        .collect()
}

pub(super) fn ids(answer: &Answer) -> Vec<u64> {
    let list = answer.json();
    let backups = list.as_array().expect("a bare array").iter();
    backups.map(|element| element["backup"]["id"].as_u64().expect("a number")).collect()
}

#[test]
fn credentials_are_needed() {
    let api = api(options());
    // `me:invalid`.
    let bad = "Authorization: Basic bWU6aW52YWxpZA==\r\n";
    for headers in ["", bad, "Authorization: Bearer secret\r\n"] {
        let answer = api.send("GET", "/onapp/version.json", headers, "");
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").is_some());
    }
    assert_eq!(get(&api, "/version.json").json(), json!({"version": "6.7.0"}));
}

#[test]
fn images_and_files_leave_each_other_out() {
    let api = api(options());
    assert_eq!(get(&api, "/virtual_machines/488/backups/images.json").json(), json!([]));
    let files = get(&api, "/virtual_machines/488/backups/files.json");
    assert_eq!(ids(&files), [6_117, 6_130, 6_142, 6_149]);
    assert_eq!(keys(&files.json()[0]["backup"]).len(), 28);
    assert_eq!(ids(&get(&api, "/virtual_machines/652/backups/images")).len(), 7);
    assert_eq!(get(&api, "/virtual_machines/701/backups.json").json(), json!([]));
    let one = get(&api, "/backups/68.json").json();
    assert_eq!(one["backup"]["backup_size"], "8704512");
    assert_eq!(get(&api, "/virtual_machines/9/backups.json").status, 404);
}

#[test]
fn a_server_answers_to_its_identifier() {
    let api = api(options());
    let server = get(&api, "/virtual_machines/652.json").json();
    let identifier = server["virtual_machine"]["identifier"].as_str().expect("a string");
    let named = get(&api, &format!("/virtual_machines/{identifier}/backups/images.json"));
    assert_eq!(ids(&named).len(), 7);
    let disk = get(&api, "/virtual_machines/652/disks/1102.json").json();
    assert_eq!(disk, get(&api, "/settings/disks/1102.json").json());
    assert_eq!(ids(&get(&api, "/settings/disks/1102/backups.json")), [5_541, 5_721, 5_733]);
    assert_eq!(get(&api, "/virtual_machines/488/disks/1102.json").status, 404);
}

#[test]
fn xml_is_written_as_rails_does() {
    let api = api(options());
    let list = get(&api, "/virtual_machines/488/backups/files.xml");
    assert_eq!(list.header("content-type"), Some("application/xml; charset=utf-8"));
    for part in [
        "<backups type=\"array\">\n  <backup>\n",
        "    <id type=\"integer\">6117</id>\n",
        "    <image_type nil=\"true\"/>\n",
        "    <built type=\"boolean\">true</built>\n",
        "    <note>before the &lt;6.4&gt; upgrade &amp; reboot</note>\n",
        "    <created_at type=\"datetime\">2026-11-11T05:00:00+00:00</created_at>\n",
    ] {
        assert!(list.body.contains(part), "{part} in {}", list.body);
    }
    let accept = format!("{ME}Accept: application/xml\r\n");
    let empty = api.send("GET", "/onapp/virtual_machines/701/backups", &accept, "");
    assert!(empty.body.ends_with("\n<backups type=\"array\"/>\n"));
    let missing = get(&api, "/virtual_machines/9.xml");
    assert!(missing.body.contains("<errors>\n  <error>Resource not found</error>"));
}

#[test]
fn xml_and_json_say_the_same() {
    let api = api(options());
    let json = get(&api, "/virtual_machines/652/backups.json").json();
    let xml = get(&api, "/virtual_machines/652/backups.xml").body;
    let mut members = 0;
    for element in json.as_array().expect("an array") {
        for (key, value) in element["backup"].as_object().expect("an object") {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let nil = xml.contains(&format!("<{key} nil=\"true\"/>"))
                || xml.contains(&format!("<{key} type=\"datetime\" nil=\"true\"/>"));
            let said = xml.contains(&format!(">{text}</{key}>"));
            assert!(if value.is_null() { nil } else { said }, "{key}: {value}");
            members += 1;
        }
    }
    // Each record has one more element in XML, and its own.
    let elements = xml.matches("</").count() + xml.matches("/>").count();
    assert_eq!(elements, members + 2 * 7 + 1);
}

#[test]
fn long_lists_have_pages() {
    let api = api(Options { seed: Seed { policies: 250, ..Seed::default() }, ..options() });
    let first = get(&api, "/virtual_machines/900/backups.json");
    assert_eq!(ids(&first).len(), 100);
    assert_eq!(first.header("x-total"), Some("240"));
    let last = get(&api, "/virtual_machines/900/backups.json?page=3&per_page=100");
    assert_eq!(ids(&last).len(), 40);
    assert_eq!(last.header("x-page"), Some("3"));
    assert_eq!(last.header("x-limit"), Some("100"));
    assert_eq!(get(&api, "/virtual_machines/488/backups.json").header("x-total"), None);
}

/// Counts the elements of a document below its root, by depth 1; fails where it is not well-formed.
fn children(xml: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut depth, mut children) = (0, 0);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml}")) {
            quick_xml::events::Event::Start(_) => {
                children += usize::from(depth == 1);
                depth += 1;
            }
            quick_xml::events::Event::Empty(_) => children += usize::from(depth == 1),
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{xml}");
    children
}

#[test]
fn everything_comes_as_json_and_as_xml() {
    let api = api(options());
    for path in [
        "/virtual_machines",
        "/virtual_machines/733",
        "/virtual_machines/733/status",
        "/virtual_machines/652/backups",
        "/virtual_machines/652/disks",
        "/virtual_machines/488/schedules",
        "/virtual_machines/652/transactions",
        "/virtual_machines/652/logs",
        "/virtual_machines/745/backups/recovery_points",
        "/virtual_machines/745/backups/recovery_points/12",
        "/virtual_machines/745/backups/recovery_points/12/file_entries",
        "/virtual_machines/745/backups/resources",
        "/backups/6401",
        "/logs",
        "/settings/autobackup_presets",
        "/settings/autobackup_presets/2",
        "/settings/backups/resources",
        "/settings/configuration",
        "/settings/disks",
        "/settings/disks/1200",
        "/settings/disks/1200/schedules",
        "/settings/schedules",
        "/settings/schedules/41",
        "/transactions",
        "/billing/buckets/3/access_controls",
        "/billing/buckets/3/rate_cards",
        "/profile",
        "/users/337",
        "/users/337/backups",
        "/users/337/user_statistics",
        "/version",
    ] {
        let (json, xml) = (get(&api, &format!("{path}.json")), get(&api, &format!("{path}.xml")));
        assert_eq!((json.status, xml.status), (200, 200), "{path}");
        assert_eq!(xml.header("content-type"), Some("application/xml; charset=utf-8"));
        let count = match json.json() {
            Value::Array(list) => list.len(),
            Value::Object(object) => match object.values().next() {
                Some(Value::Object(inner)) => inner.len(),
                _ => object.len(),
            },
            other => panic!("{path}: {other}"),
        };
        // A backup alone has one member more in XML.
        let more = usize::from(path == "/backups/6401");
        assert_eq!(children(&xml.body), count + more, "{path}: {}", xml.body);
        assert_eq!(get(&api, path).json(), json.json(), "{path} without a suffix");
    }
}
