//! Hiding the secrets that ordinary answers of both APIs hold (recorded).

use serde_json::Value;

/// What stands in a secret's place.
const HIDDEN: &str = "[REDACTED]";
/// Fields that hold a password, in both APIs; a user of OnApp has a `remember_token` (client code).
const SECRET_FIELDS: [&str; 3] = ["api_key", "private_key", "remember_token"];

/// Whether a field holds a secret: `password`, `service_password`, `initial_root_password` and whatever ends alike. A
/// flag beside one (`initial_root_password_encrypted`) does not.
fn is_secret_name(name: &str) -> bool {
    name.ends_with("password") || SECRET_FIELDS.contains(&name)
}

/// Hides passwords, and the value of every attribute that says `"protect": true`, at any depth.
pub fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => {
            // Comparing a few names takes less than computing the hash of one.
            let protected = fields.iter().any(|(name, flag)| name == "protect" && is_yes(flag));
            for (name, field) in fields.iter_mut() {
                let is_secret = is_secret_name(name) || (protected && name == "value");
                if is_secret && !field.is_null() { *field = Value::String(HIDDEN.to_owned()) } else { redact(field) }
            }
        }
        _ => {}
    }
}

/// Reads a flag on the safe side: whatever is not a clear no protects.
fn is_yes(flag: &Value) -> bool {
    match flag {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(text.as_str(), "" | "false" | "0"),
        Value::Number(number) => number.to_string() != "0",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_and_protected_values_are_hidden_at_any_depth() {
        let mut value = json!({"target": {"value": {"initial_root_password": "p", "name": "n"}},
            "attributes": [{"key": "root_password", "value": "s", "protect": true},
                           {"key": "hostname", "value": "h", "protect": false}],
            "initial_root_password": null,
            "resource": {"service_password": "s", "password": "p", "username": "u"}});
        redact(&mut value);
        assert_eq!(
            value,
            json!({"target": {"value": {"initial_root_password": HIDDEN, "name": "n"}},
                "attributes": [{"key": "root_password", "value": HIDDEN, "protect": true},
                               {"key": "hostname", "value": "h", "protect": false}],
                "initial_root_password": null,
                "resource": {"service_password": HIDDEN, "password": HIDDEN, "username": "u"}})
        );
    }
}
