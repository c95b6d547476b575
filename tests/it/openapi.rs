//! Reads an OpenAPI 3.0 document and checks requests and answers against it.
//!
//! Only what Katapult's document uses is understood: `$ref`, `type`, `nullable`, `enum`, `properties`, `required`,
//! `items`, `allOf`, `oneOf`, `anyOf`. `oneOf` is read as `anyOf`, because the document marks almost nothing as
//! required, so that a short object fits several of its alternatives.

use serde_json::Value;

use crate::server::Request;

pub struct Document(Value);

/// What to think of properties that a schema does not know.
#[derive(Clone, Copy, PartialEq)]
enum Unknown {
    /// An answer may hold more than is documented.
    Allowed,
    /// The server ignores what it does not know, so a misspelt argument would silently do nothing.
    Refused,
}

impl Document {
    pub fn new(document: Value) -> Self {
        Self(document)
    }

    /// What is wrong with a request; `path` is the one below the API's base.
    pub fn check_request(&self, path: &str, request: &Request) -> Vec<String> {
        let at = format!("{} {path}", request.method);
        let Some(operation) = self.operation(&request.method, path) else {
            return vec![format!("{at}: is not documented")];
        };
        let mut problems = Vec::new();
        let documented: Vec<_> = list(&operation["parameters"])
            .map(|parameter| self.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        for (name, value) in url::form_urlencoded::parse(request.raw_query().as_bytes()) {
            match documented.iter().find(|parameter| parameter["name"] == name.as_ref()) {
                None => problems.push(format!("{at}: the query parameter `{name}` is not documented")),
                Some(parameter) => {
                    let typed = typed(&value, &self.resolve(&parameter["schema"])["type"]);
                    self.check(&parameter["schema"], &typed, &format!("{at}: {name}"), Unknown::Refused, &mut problems);
                }
            }
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match (schema.is_null(), request.body.is_empty()) {
            (true, false) => problems.push(format!("{at}: no body is documented")),
            (false, true) => problems.push(format!("{at}: the body is missing")),
            (false, false) => self.check(schema, &request.json(), &at, Unknown::Refused, &mut problems),
            (true, true) => {}
        }
        problems
    }

    /// What is wrong with the answer to a request. Every documented property is expected to be there, because the
    /// document marks almost none as required.
    pub fn check_answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let at = format!("{method} {path} {status}");
        let Some(operation) = self.operation(method, path) else {
            return vec![format!("{at}: is not documented")];
        };
        let answer = self.resolve(&operation["responses"][status.to_string()]);
        if answer.is_null() {
            return vec![format!("{at}: the status is not documented")];
        }
        let mut problems = Vec::new();
        self.check(&answer["content"]["application/json"]["schema"], body, &at, Unknown::Allowed, &mut problems);
        problems
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        self.0["paths"].get(path)?.get(method.to_lowercase())
    }

    /// Follows references to what they name.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#');
                self.resolve(self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere")))
            }
            None => schema,
        }
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, unknown: Unknown, problems: &mut Vec<String>) {
        let schema = self.resolve(schema);
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        for part in list(&schema["allOf"]) {
            self.check(part, value, at, unknown, problems);
        }
        for key in ["oneOf", "anyOf"] {
            let tries = list(&schema[key]).map(|part| {
                let mut found = Vec::new();
                self.check(part, value, at, unknown, &mut found);
                found
            });
            // The alternative that fits best shows best what is wrong.
            problems.extend(tries.min_by_key(Vec::len).unwrap_or_default());
        }
        if schema["type"].as_str().is_some_and(|kind| !is_of(kind, value)) {
            problems.push(format!("{at}: {} is due, not {value}", schema["type"]));
            return;
        }
        if schema["enum"].is_array() && !list(&schema["enum"]).any(|known| known == value) {
            problems.push(format!("{at}: {value} is none of {}", schema["enum"]));
        }
        for (index, item) in list(value).enumerate() {
            self.check(&schema["items"], item, &format!("{at}[{index}]"), unknown, problems);
        }
        self.check_properties(schema, value, at, unknown, problems);
    }

    fn check_properties(&self, schema: &Value, value: &Value, at: &str, unknown: Unknown, problems: &mut Vec<String>) {
        let Some(fields) = value.as_object() else {
            if schema["properties"].is_object() && schema["type"].is_null() {
                problems.push(format!("{at}: an object is due, not {value}"));
            }
            return;
        };
        for name in list(&schema["required"]).filter_map(Value::as_str) {
            if unknown == Unknown::Refused && !fields.contains_key(name) {
                problems.push(format!("{at}: `{name}` is missing"));
            }
        }
        if unknown == Unknown::Allowed {
            let documented = schema["properties"].as_object();
            for name in documented.into_iter().flat_map(|known| known.keys()) {
                if !fields.contains_key(name) {
                    problems.push(format!("{at}.{name}: is absent"));
                }
            }
        }
        for (name, field) in fields {
            match schema["properties"].get(name) {
                Some(property) => self.check(property, field, &format!("{at}.{name}"), unknown, problems),
                None if unknown == Unknown::Refused && schema["properties"].is_object() => {
                    problems.push(format!("{at}: `{name}` is not documented"));
                }
                None => {}
            }
        }
    }
}

/// The items of an array; of anything else, none.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => panic!("the type `{kind}` is unknown"),
    }
}

/// A query parameter's text as a value of the documented type, where it is one.
fn typed(text: &str, kind: &Value) -> Value {
    let parsed = match kind.as_str() {
        Some("integer" | "number" | "boolean") => serde_json::from_str(text).ok(),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_string()))
}
