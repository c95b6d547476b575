//! Reads typed arguments as the API's framework does (Apia), and refuses what it refuses.
//!
//! Issues, sentences and their order were seen on the framework itself. An argument that is null is not
//! absent: null reaches the operation. It does not look into the world.

use serde_json::{Map, Value, json};

use crate::sandbox::reply::Refusal;

/// An argument that may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<T> {
    Absent,
    Null,
    Value(T),
}

impl<T> Given<T> {
    /// Replaces the stored value by the argument, unless it was left out.
    pub(super) fn store_in(self, place: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *place = None,
            Self::Value(value) => *place = Some(value),
        }
    }

    pub(super) fn map<U>(self, convert: impl FnOnce(T) -> Result<U, Refusal>) -> Result<Given<U>, Refusal> {
        Ok(match self {
            Self::Absent => Given::Absent,
            Self::Null => Given::Null,
            Self::Value(value) => Given::Value(convert(value)?),
        })
    }
}

/// What is wrong with an argument. The framework describes only some of these.
#[derive(Clone, Copy, Debug)]
pub(super) enum Issue {
    InvalidScalar,
    ParseError(&'static str),
    InvalidEnumValue,
    ObjectExpected,
    ArrayExpected,
    /// The validations that failed, by their names in the framework.
    ValidationErrors(&'static [&'static str]),
    MissingLookupValue,
    AmbiguousLookupValues,
}

impl Issue {
    fn code(self) -> &'static str {
        match self {
            Self::InvalidScalar => "invalid_scalar",
            Self::ParseError(_) => "parse_error",
            Self::InvalidEnumValue => "invalid_enum_value",
            Self::ObjectExpected => "object_expected",
            Self::ArrayExpected => "array_expected",
            Self::ValidationErrors(_) => "validation_errors",
            Self::MissingLookupValue => "missing_lookup_value",
            Self::AmbiguousLookupValues => "ambiguous_lookup_values",
        }
    }

    fn description(self) -> Option<&'static str> {
        match self {
            Self::InvalidScalar => Some(
                "The value provided was not of an appropriate type for the scalar that was requested. For example, you may have passed a string where an integer was required etc...",
            ),
            Self::ParseError(_) => Some(
                "The value provided could not be parsed into an appropriate value by the server. For example, if a date was expected and the value could not be interpretted as such.",
            ),
            Self::InvalidEnumValue => Some("The value provided was not one of the options suitable for the enum."),
            Self::MissingLookupValue => {
                Some("A value for a lookup argument set has not been provided but at least one value is required.")
            }
            Self::AmbiguousLookupValues => Some(
                "More than one value has been provided for a lookup argument set. Only one option may be provided.",
            ),
            Self::ObjectExpected | Self::ArrayExpected | Self::ValidationErrors(_) => None,
        }
    }

    fn errors(self) -> Vec<&'static str> {
        match self {
            Self::ParseError(sentence) => vec![sentence],
            Self::ValidationErrors(names) => names.to_vec(),
            _ => Vec::new(),
        }
    }
}

const NOT_AN_INTEGER: Issue =
    Issue::ParseError("Integer must be provided as an integer or a string only containing numbers");
const NOT_A_BOOLEAN: Issue = Issue::ParseError(
    "Boolean must be provided as a boolean, as a string containing true or false or as 0 or 1 as an integer.",
);
const NOT_A_TIME: Issue = Issue::ParseError("Time must be provided as an integer");
const NEGATIVE_TIME: Issue = Issue::ParseError("Integer must be positive or zero");

/// Refuses an argument; `path` leads to it from the outermost argument.
pub(super) fn invalid(path: &[&str], issue: Issue) -> Refusal {
    invalid_element(path, None, issue)
}

fn invalid_element(path: &[&str], index: Option<usize>, issue: Issue) -> Refusal {
    let name = path.last().copied().unwrap_or_default();
    Refusal::new(400, "invalid_argument", &format!("The '{}' argument is invalid", path.join("."))).with_detail(json!({
        "path": path,
        "index": index,
        "issue": issue.code(),
        "issue_description": issue.description(),
        "errors": issue.errors(),
        "argument": { "id": name, "name": name, "description": null },
    }))
}

/// Refuses a call without a required argument; null is as good as absent.
pub(super) fn missing(path: &[&str]) -> Refusal {
    Refusal::new(
        400,
        "missing_required_argument",
        &format!("The '{}' argument is required but has not been provided", path.join(".")),
    )
    .with_detail(json!({
        "path": path,
        "argument": { "name": path.last().copied().unwrap_or_default(), "description": null },
    }))
}

/// The merged arguments of a call, or an object among them.
#[derive(Clone, Debug)]
pub(super) struct Arguments<'a> {
    values: &'a Map<String, Value>,
    path: Vec<&'static str>,
    /// Replaces a lookup that is left out: its text is taken as the lookup's first field.
    placeholder: &'a str,
}

/// A lookup with at most one value, not yet resolved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup<'a> {
    pub(super) field: &'static str,
    /// Null is a value, and finds nothing.
    pub(super) value: Option<&'a str>,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(values: &'a Map<String, Value>, placeholder: &'a str) -> Self {
        Self { values, path: Vec::new(), placeholder }
    }

    /// The path to an argument of this object.
    pub(super) fn path_to(&self, name: &'static str) -> Vec<&'static str> {
        [&self.path[..], &[name]].concat()
    }

    pub(super) fn given(&self, name: &str) -> Given<&'a Value> {
        match self.values.get(name) {
            None => Given::Absent,
            Some(Value::Null) => Given::Null,
            Some(value) => Given::Value(value),
        }
    }

    /// Reads an integer; a string of digits is one too, a float is not.
    pub(super) fn integer(&self, name: &'static str) -> Result<Given<i64>, Refusal> {
        self.given(name).map(|value| {
            let digits = match value {
                Value::Number(number) => number.to_string(),
                Value::String(text) => text.clone(),
                _ => return Err(invalid(&self.path_to(name), NOT_AN_INTEGER)),
            };
            if !is_integer(&digits) {
                return Err(invalid(&self.path_to(name), NOT_AN_INTEGER));
            }
            // The framework has integers of any size; its database does not (inferred).
            digits.parse().map_err(|_| Refusal::unhandled())
        })
    }

    /// Reads a boolean: true, yes, 1 and false, no, 0 in exactly these spellings.
    pub(super) fn boolean(&self, name: &'static str) -> Result<Given<bool>, Refusal> {
        self.given(name).map(|value| match value {
            Value::Bool(truth) => Ok(*truth),
            Value::String(text) if matches!(text.as_str(), "true" | "yes" | "1") => Ok(true),
            Value::String(text) if matches!(text.as_str(), "false" | "no" | "0") => Ok(false),
            Value::Number(number) if number.as_f64() == Some(1.0) => Ok(true),
            Value::Number(number) if number.as_f64() == Some(0.0) => Ok(false),
            _ => Err(invalid(&self.path_to(name), NOT_A_BOOLEAN)),
        })
    }

    /// Reads a required time: a JSON integer of seconds. A string is refused, and with it a query parameter.
    pub(super) fn time(&self, name: &'static str) -> Result<i64, Refusal> {
        let path = self.path_to(name);
        let Given::Value(value) = self.given(name) else {
            return Err(missing(&path));
        };
        let digits = value.as_number().map(ToString::to_string).filter(|digits| is_integer(digits));
        let digits = digits.ok_or_else(|| invalid(&path, NOT_A_TIME))?;
        if digits.starts_with('-') && digits.bytes().any(|digit| matches!(digit, b'1'..=b'9')) {
            return Err(invalid(&path, NEGATIVE_TIME));
        }
        digits.parse().map_err(|_| Refusal::unhandled())
    }

    pub(super) fn object(&self, name: &'static str) -> Result<Given<Self>, Refusal> {
        self.given(name).map(|value| match value {
            Value::Object(inner) => Ok(Self { values: inner, path: self.path_to(name), placeholder: self.placeholder }),
            _ => Err(invalid(&self.path_to(name), Issue::ObjectExpected)),
        })
    }

    /// Reads the pairs of the `annotations` filter; a pair without a value asks for the key only.
    pub(super) fn annotations(&self) -> Result<Vec<(&'a str, Option<&'a str>)>, Refusal> {
        let Given::Value(value) = self.given("annotations") else {
            return Ok(Vec::new());
        };
        let list = value.as_array().ok_or_else(|| invalid(&["annotations"], Issue::ArrayExpected))?;
        let pairs = list.iter().enumerate().map(|(index, element)| {
            let pair = element
                .as_object()
                .ok_or_else(|| invalid_element(&["annotations"], Some(index), Issue::ObjectExpected))?;
            let key = text(pair, "key")?.ok_or_else(|| missing(&["annotations", "key"]))?;
            Ok((key, text(pair, "value")?))
        });
        pairs.collect()
    }

    /// Reads a required lookup, which names its object by exactly one of `fields`. Other keys are ignored.
    pub(super) fn lookup(&self, name: &'static str, fields: &[&'static str]) -> Result<Lookup<'a>, Refusal> {
        let given = match self.given(name) {
            Given::Absent => return Ok(Lookup { field: "id", value: Some(self.placeholder) }),
            Given::Null => return Err(missing(&[name])),
            Given::Value(Value::Object(given)) => given,
            Given::Value(_) => return Err(invalid(&[name], Issue::ObjectExpected)),
        };
        let mut found = Vec::new();
        for &field in fields.iter().filter(|&&field| given.contains_key(field)) {
            let value = match given.get(field) {
                Some(Value::String(text)) => Some(text.as_str()),
                None | Some(Value::Null) => None,
                Some(_) => return Err(invalid(&[name, field], Issue::InvalidScalar)),
            };
            found.push(Lookup { field, value });
        }
        if found.iter().filter(|lookup| lookup.value.is_some()).count() > 1 {
            return Err(invalid(&[name], Issue::AmbiguousLookupValues));
        }
        let chosen = found.iter().find(|lookup| lookup.value.is_some()).or_else(|| found.first());
        chosen.copied().ok_or_else(|| invalid(&[name], Issue::MissingLookupValue))
    }
}

fn text<'a>(pair: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    match pair.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(&["annotations", name], Issue::InvalidScalar)),
    }
}

/// Whether a text is what the framework takes for an integer: digits, and perhaps a minus sign.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
