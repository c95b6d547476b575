//! Findings as SARIF 2.1.0, for code review tools. Backups live in no file, so locations are logical ones; where a policy file
//! is given, they are places in it, too.

use serde_json::{Value, json};

use crate::model::lint::{Finding, Location, RULES};

/// What was found with one profile.
#[derive(Clone, Copy, Debug)]
pub struct SarifPart<'a> {
    /// Its name, where there are several.
    pub profile: Option<&'a str>,
    pub findings: &'a [Finding],
    /// What was not checked.
    pub notes: &'a [String],
    /// Whether everything was there to be checked.
    pub is_complete: bool,
}

/// Builds the document. `missing` says which profiles could not be read, and why.
pub fn sarif(parts: &[SarifPart<'_>], missing: &[String]) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.explanation},
                "help": {"text": rule.remedy},
                "defaultConfiguration": {"level": rule.severity.word()},
            })
        })
        .collect();
    let notification = |level: &str, text: String| json!({"level": level, "message": {"text": text}});
    let notes = parts.iter().flat_map(|part| {
        let source = part.profile.map(|name| format!("{name}: ")).unwrap_or_default();
        part.notes.iter().map(move |note| format!("{source}{note}"))
    });
    let notes = notes.map(|note| notification("warning", note));
    let notifications: Vec<Value> =
        missing.iter().map(|sentence| notification("error", sentence.clone())).chain(notes).collect();
    let is_complete = missing.is_empty() && parts.iter().all(|part| part.is_complete);
    let results: Vec<Value> =
        parts.iter().flat_map(|part| part.findings.iter().map(|finding| result(part.profile, finding))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "bpctl", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": is_complete, "toolExecutionNotifications": notifications}],
            "results": results,
        }],
    })
}

fn result(profile: Option<&str>, finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": RULES.iter().position(|rule| rule.code == finding.code),
        "level": finding.severity.word(),
        "message": {"text": format!("{}. {}", finding.message, finding.hint)},
    });
    let names = [&finding.target, &finding.policy].into_iter().flatten().map(String::as_str);
    let path: Vec<&str> = profile.into_iter().chain(names).collect();
    let mut location = json!({});
    if let Some(name) = [&finding.policy, &finding.target].into_iter().flatten().next() {
        let logical = json!({"name": name, "fullyQualifiedName": path.join("/"), "kind": "resource"});
        location["logicalLocations"] = json!([logical]);
        result["partialFingerprints"] = json!({"bpctl/v1": format!("{}:{}", finding.code, path.join("/"))});
    }
    if let Some(place) = &finding.location {
        location["physicalLocation"] = physical(place);
    }
    if location.as_object().is_some_and(|fields| !fields.is_empty()) {
        result["locations"] = json!([location]);
    }
    if let Some(profile) = profile {
        result["properties"] = json!({"profile": profile});
    }
    result
}

fn physical(place: &Location) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&place.file)}});
    if let Some(line) = place.line {
        physical["region"] = json!({"startLine": line, "startColumn": place.column.unwrap_or(1)});
    }
    physical
}

/// Writes a path as a URI: a relative one stays relative.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let encoded: String = path
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    if encoded.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri() {
        assert_eq!(uri("conf/policies.toml"), "conf/policies.toml");
        assert_eq!(uri("/srv/a b/ü#1:x.toml"), "file:///srv/a%20b/%C3%BC%231%3Ax.toml");
    }
}
