//! Settings of bpctl itself.

use serde_json::{Value, json};

use super::Object;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[REDACTED]";

#[derive(Clone, Debug)]
pub struct ConfigSetting {
    /// Its name, as `config get` takes it.
    pub key: String,
    /// A text, yes or no, a list of words; null when it is not set.
    pub value: Value,
    /// Where it came from, in words; none when it is not set.
    pub origin: Option<String>,
}

impl ConfigSetting {
    /// A setting that has a value.
    pub fn set(key: impl Into<String>, value: impl Into<Value>, origin: impl ToString) -> Self {
        Self { key: key.into(), value: value.into(), origin: Some(origin.to_string()) }
    }

    /// A setting without a value.
    pub fn absent(key: impl Into<String>) -> Self {
        Self { key: key.into(), value: Value::Null, origin: None }
    }

    /// Returns the value as people read it.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Null => "(not set)".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// Gives it with its documented JSON form: `key`, `value`, `origin`.
    pub fn object(self) -> Object<Self> {
        let raw = json!({"key": self.key, "value": self.value, "origin": self.origin});
        Object { model: self, raw }
    }
}
