//! Reads nested arguments from a query string and merges them with those of a JSON body.
//!
//! Follows Rack's bracket notation, which the API's framework uses (inferred); it gives no argument a meaning.

use serde_json::{Map, Value};

/// Rack refuses deeper nesting; such a parameter is dropped here.
const DEEPEST: usize = 32;

/// Parses a query string into nested arguments; every value is a string.
pub(super) fn from_query(query: &str) -> Map<String, Value> {
    let mut arguments = Map::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let path = split_key(&key);
        if path.len() <= DEEPEST {
            insert(&mut arguments, &path, value.into_owned());
        }
    }
    arguments
}

/// Merges `over` into `base`, object by object; `over` wins.
pub(super) fn merge(base: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Splits `a[b][]` into `a`, `b` and the empty part that stands for a list.
fn split_key(key: &str) -> Vec<&str> {
    let Some((head, mut rest)) = key.split_once('[') else {
        return vec![key];
    };
    let mut path = vec![head];
    while let Some((part, tail)) = rest.split_once(']') {
        path.push(part);
        match tail.strip_prefix('[') {
            Some(next) => rest = next,
            None => break,
        }
    }
    path
}

fn insert(into: &mut Map<String, Value>, path: &[&str], value: String) {
    let (Some(key), rest) = (path.first(), path.get(1..).unwrap_or_default()) else {
        return;
    };
    match rest.first() {
        None => {
            into.insert((*key).to_owned(), Value::String(value));
        }
        Some(&"") => {
            let list = into.entry((*key).to_owned()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                push(list, &rest[1..], value);
            }
        }
        Some(_) => {
            let inner = into.entry((*key).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// Adds to a list: a repeated key begins the next element, as in `a[][key]=..&a[][value]=..&a[][key]=..`.
fn push(list: &mut Vec<Value>, rest: &[&str], value: String) {
    let Some(key) = rest.first() else {
        list.push(Value::String(value));
        return;
    };
    match list.last_mut() {
        Some(Value::Object(last)) if !last.contains_key(*key) => insert(last, rest, value),
        _ => {
            let mut element = Map::new();
            insert(&mut element, rest, value);
            list.push(Value::Object(element));
        }
    }
}
