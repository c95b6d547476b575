//! Hiding what transactions give away: their parameters and logs hold new passwords in clear (recorded).

use serde_json::Value;

const HIDDEN: &str = "[REDACTED]";

/// Hides the parameters as a whole where they are a text, and each line of the log that speaks of a password.
pub(super) fn hide_secrets(transaction: &mut Value) {
    let holds_text = |params: &&mut Value| params.as_str().is_some_and(|text| !text.trim().is_empty());
    if let Some(params) = transaction.get_mut("params").filter(holds_text) {
        *params = HIDDEN.into();
    }
    if let Some(Value::String(log)) = transaction.get_mut("log_output") {
        let speaks = |line: &str| line.to_lowercase().contains("passw");
        if speaks(log) {
            *log = log.lines().map(|line| if speaks(line) { HIDDEN } else { line }).collect::<Vec<_>>().join("\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_in_parameters_and_logs_are_hidden() {
        let mut transaction = json!({"id": 1, "params": "---\n:new_password: s3cret\n",
            "log_output": "begin\nset New_Password to s3cret\nend"});
        hide_secrets(&mut transaction);
        assert_eq!(transaction, json!({"id": 1, "params": HIDDEN, "log_output": "begin\n[REDACTED]\nend"}));
        let mut empty = json!({"params": ""});
        hide_secrets(&mut empty);
        assert_eq!(empty, json!({"params": ""}));
        let mut plain = json!({"params": null, "log_output": "a\n\nb\n"});
        hide_secrets(&mut plain);
        assert_eq!(plain, json!({"params": null, "log_output": "a\n\nb\n"}));
    }
}
