//! Envelopes and lenient field access: what stands between a decoded body and the model.
//! A field that is missing or odd is absent here, never an error; only an answer without the object itself is one.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::http::{Page, PageInfo};

/// Finds a field. Objects are small: comparing names takes less than the hash that [`Value::get`] computes.
pub(super) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| *key == name).map(|(_, field)| field)
}

/// A field's value; null where there is none.
pub(super) fn part<'a>(value: &'a Value, name: &str) -> &'a Value {
    field(value, name).unwrap_or(&Value::Null)
}

/// Takes an object out of its envelope: `{"disk": {…}}`. A bare object with an id is accepted as well.
pub(super) fn unwrap(mut body: Value, key: &str) -> Result<Value> {
    if body.get(key).is_some_and(Value::is_object) {
        return Ok(body[key].take());
    }
    if body.get("id").is_some() {
        Ok(body)
    } else {
        Err(Error::invalid_response(format!("the response has no `{key}` object")))
    }
}

/// Takes a page out of its envelope. `keys` are the spellings of the list's key.
pub fn page(mut body: Value, keys: &[&str]) -> Result<Page> {
    let info = page_info(&body["pagination"]);
    let key = keys.iter().find(|key| body.get(**key).is_some_and(Value::is_array));
    let Some(Value::Array(rows)) = key.map(|key| body[*key].take()) else {
        return Err(Error::invalid_response(format!("the response has no `{}` list", keys.join("` or `"))));
    };
    if rows.iter().all(Value::is_object) {
        Ok(Page { rows, info })
    } else {
        Err(Error::invalid_response(format!("`{}` holds something that is not an object", keys[0])))
    }
}

fn page_info(pagination: &Value) -> PageInfo {
    // Tolerant: a number of pages that is overlooked ends the list after the first.
    let number = |name: &str| match pagination.get(name)?.as_u64() {
        Some(number) => Some(number),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the check and by `as`")]
        None => decimal(pagination, name).filter(|number| *number >= 0.0).map(|number| number as u64),
    };
    PageInfo { total_pages: number("total_pages"), total: number("total"), per_page: number("per_page") }
}

/// Returns a row's id, to distinguish rows. Disks of a machine are nested one level down (recorded).
pub(super) fn row_id(row: &Value) -> Option<&str> {
    field(row, "id").or_else(|| field(field(row, "disk")?, "id")).and_then(Value::as_str)
}

pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    Some(field(value, name)?.as_str()?.to_owned())
}

/// Reads an integer, written as `7`, `"7"` or `7.0`: the API's encoder prints whole numbers of some columns with a
/// fraction (recorded).
pub(super) fn integer(value: &Value, name: &str) -> Option<i64> {
    match field(value, name)? {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
        _ => None,
    }
}

/// Returns a float that is a whole number, within what a float can represent exactly.
fn whole(number: f64) -> Option<i64> {
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    let is_exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the check")]
    is_exact.then_some(number as i64)
}

/// Reads a number, also when it comes as a string.
pub(super) fn decimal(value: &Value, name: &str) -> Option<f64> {
    let number = match field(value, name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

pub(super) fn flag(value: &Value, name: &str) -> Option<bool> {
    field(value, name)?.as_bool()
}

/// Reads a list; empty when there is none.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    field(value, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
