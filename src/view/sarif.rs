//! Findings as SARIF 2.1.0, for code review tools. Backups live in no file, so locations are logical ones.

use serde_json::{Value, json};

use crate::model::lint::{Finding, RULES};

/// Builds the document. `notes` say what was not checked; `is_complete` is whether all was there to be checked.
pub fn sarif(findings: &[Finding], notes: &[String], is_complete: bool) -> Value {
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
    let notifications: Vec<Value> =
        notes.iter().map(|note| json!({"level": "warning", "message": {"text": note}})).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "bpctl", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "invocations": [{"executionSuccessful": is_complete, "toolExecutionNotifications": notifications}],
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": RULES.iter().position(|rule| rule.code == finding.code),
        "level": finding.severity.word(),
        "message": {"text": format!("{}. {}", finding.message, finding.hint)},
    });
    let names = [&finding.target, &finding.policy].into_iter().flatten();
    let path: Vec<&str> = names.map(String::as_str).collect();
    if let Some(name) = path.last() {
        let location = json!({"name": name, "fullyQualifiedName": path.join("/"), "kind": "resource"});
        result["locations"] = json!([{"logicalLocations": [location]}]);
        result["partialFingerprints"] = json!({"bpctl/v1": format!("{}:{}", finding.code, path.join("/"))});
    }
    result
}
