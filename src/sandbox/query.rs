//! Parses a query string into nested arguments, and merges them with those of a JSON body.
//!
//! Follows Rack, on which both real APIs run: its bracket notation, its limit on nesting, and its exceptions
//! for what it cannot parse. The operations decide what an argument means.

use serde_json::{Map, Value};

/// Rack raises an exception for deeper nesting.
const MAX_DEPTH: usize = 32;

/// A query string for which Rack raises an exception: bad percent-encoding, invalid UTF-8, parameters that
/// contradict each other, or nesting that is too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadQuery;

/// Parses a query string; every value is a string, or null where the parameter has no `=`.
pub(super) fn parse(query: &str) -> Result<Map<String, Value>, BadQuery> {
    let mut arguments = Map::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (key, value) = match parameter.split_once('=') {
            Some((key, value)) => (decode(key)?, Value::String(decode(value)?)),
            None => (decode(parameter)?, Value::Null),
        };
        let path = split_key(&key);
        if path.len() > MAX_DEPTH {
            return Err(BadQuery);
        }
        insert(&mut arguments, &path, value)?;
    }
    Ok(arguments)
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

/// Decodes a component of a form.
fn decode(text: &str) -> Result<String, BadQuery> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(bytes.next())? << 4 | hex_digit(bytes.next())?,
            _ => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| BadQuery)
}

fn hex_digit(byte: Option<u8>) -> Result<u8, BadQuery> {
    let digit = byte.and_then(|byte| char::from(byte).to_digit(16));
    digit.and_then(|digit| u8::try_from(digit).ok()).ok_or(BadQuery)
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

fn insert(into: &mut Map<String, Value>, path: &[&str], value: Value) -> Result<(), BadQuery> {
    let [key, rest @ ..] = path else {
        return Ok(());
    };
    match rest {
        [] => {
            into.insert((*key).to_owned(), value);
            Ok(())
        }
        ["", rest @ ..] => match into.entry((*key).to_owned()).or_insert_with(|| Value::Array(Vec::new())) {
            Value::Array(list) => push(list, rest, value),
            _ => Err(BadQuery),
        },
        _ => match into.entry((*key).to_owned()).or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(inner) => insert(inner, rest, value),
            _ => Err(BadQuery),
        },
    }
}

/// Adds to a list: a repeated key begins the next element, as in `a[][key]=..&a[][value]=..&a[][key]=..`.
fn push(list: &mut Vec<Value>, rest: &[&str], value: Value) -> Result<(), BadQuery> {
    let Some(key) = rest.first() else {
        list.push(value);
        return Ok(());
    };
    if let Some(Value::Object(last)) = list.last_mut()
        && !last.contains_key(*key)
    {
        return insert(last, rest, value);
    }
    let mut element = Map::new();
    insert(&mut element, rest, value)?;
    list.push(Value::Object(element));
    Ok(())
}
