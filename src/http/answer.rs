//! An answer that was read to its end, and its decoding as JSON within bounds.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json::value::RawValue;

/// Deepest nesting of an answer that is accepted.
const MAX_DEPTH: usize = 128;

/// The most memory that the decoded form of an answer may take, in bytes, as estimated before it is built: a body
/// of a few megabytes can hold brackets that unfold to gigabytes.
const MAX_UNFOLDED: usize = 256 * 1024 * 1024;
/// The memory of an object or list (measured: an object of one member, with its tables).
const EACH_CONTAINER: usize = 480;
/// The memory of a further member, with its key and a small number.
const EACH_MEMBER: usize = 136;

/// The most objects, lists or XML elements that an answer may hold.
pub const MAX_VALUES: usize = MAX_UNFOLDED / EACH_CONTAINER;
/// The reason for refusing more.
pub const TOO_MANY_VALUES: &str = "more values than fit into memory";

/// An answer whose body was read to the end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// The API's request id, for error messages.
    pub request_id: Option<String>,
    /// The server's clock (`Date`).
    pub date: Option<Timestamp>,
    /// `Retry-After`, in seconds from the answer.
    pub retry_after: Option<u64>,
    /// Requests that are left in this rate window.
    pub rate_remaining: Option<u64>,
    /// Requests that a rate window permits.
    pub rate_permitted: Option<u64>,
    /// OnApp's paging headers: total and page size.
    pub total: Option<u64>,
    /// OnApp's page size.
    pub limit: Option<u64>,
    /// OnApp's total is there, and is not a number.
    pub is_total_unreadable: bool,
    /// The body, decompressed and normalized.
    pub body: Vec<u8>,
    /// Whether it bears the mark of Katapult's errors (`X-Api-Schema`; recorded on every error, on no success).
    pub has_api_schema: bool,
    /// Whether the API itself answered, as far as can be seen; a proxy's page is not the API's.
    pub is_from_api: bool,
    /// Whether the API sent it before it looked at the request.
    pub is_unprocessed: bool,
    /// An earlier attempt of the same request may have been carried out, its answer lost.
    pub after_lost_answer: bool,
}

impl Answer {
    /// Makes an answer without headers.
    pub fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::from_head(status, &HeaderMap::new()) }
    }

    /// Reads status and headers; the body is filled in later.
    pub(super) fn from_head(status: u16, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| text(name).and_then(|value| value.trim().parse::<u64>().ok());
        let date = text("date").and_then(http_date);
        let retry_after = number("retry-after").or_else(|| {
            let until = http_date(text("retry-after")?)?.as_second() - date?.as_second();
            Some(until.max(0).unsigned_abs())
        });
        Self {
            status,
            content_type: text("content-type").map(str::to_owned),
            request_id: text("x-request-id").map(str::to_owned),
            date,
            retry_after,
            rate_remaining: number("x-ratelimit-remaining"),
            rate_permitted: number("x-ratelimit-permitted"),
            total: number("x-total"),
            limit: number("x-limit"),
            is_total_unreadable: headers.contains_key("x-total") && number("x-total").is_none(),
            body: Vec::new(),
            has_api_schema: headers.contains_key("x-api-schema"),
            is_from_api: false,
            is_unprocessed: false,
            after_lost_answer: false,
        }
    }

    /// Whether the body is HTML or XML.
    pub fn is_markup(&self) -> bool {
        is_markup(&self.body)
    }

    /// Whether the status is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The end of an exchange in which the API answered.
pub struct Settled {
    /// The decoded body, or the API's error.
    pub result: crate::error::Result<Value>,
    /// The answer, without its body.
    pub answer: Answer,
}

/// Reads an HTTP date: RFC 2822 with the zone spelled `GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// What an API says went wrong.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// The API's code, or one made from the status where the API has none.
    pub code: String,
    pub message: String,
    /// The API's `detail`.
    pub detail: Value,
    /// Whether it surely came before the API looked at the request, although the status is that of a failure within.
    pub is_unprocessed: bool,
}

/// Why a body could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeFailure {
    /// It ends before it is complete.
    CutOff,
    /// It is not what it should be: a noun phrase that says what it is.
    Invalid(String),
}

/// Decodes a JSON body of at most 128 levels.
///
/// # Errors
/// [`DecodeFailure`]: cut off, or not JSON.
pub fn json(answer: &Answer) -> Result<Value, DecodeFailure> {
    let body = answer.body.as_slice();
    if is_markup(body) {
        return Err(DecodeFailure::Invalid("an HTML page instead of JSON".to_owned()));
    }
    // A body of this length cannot unfold to too much, and serde_json refuses what is deeper than 127 levels.
    if body.len() <= MAX_VALUES
        // Once for the whole body, instead of once for each of its strings.
        && let Ok(text) = std::str::from_utf8(body)
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    if let Some(what) = excess(body) {
        return Err(DecodeFailure::Invalid(what));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    // The depth was checked above: serde_json's own limit would refuse level 128 as well.
    reader.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut reader).map_err(|error| describe(&error, body))?;
    reader.end().map_err(|error| describe(&error, body))?;
    Ok(value)
}

/// Decodes a JSON array as the texts of its items: of a long list, only the item at hand is unfolded then. Anything else
/// is decoded as [`json`] does.
///
/// # Errors
/// As [`json`].
pub fn json_rows(answer: &Answer) -> Result<Value, DecodeFailure> {
    let body = answer.body.as_slice();
    if is_markup(body) || excess(body).is_some() {
        return json(answer);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    reader.disable_recursion_limit();
    let Ok(rows) = <Vec<Box<RawValue>> as serde::Deserialize>::deserialize(&mut reader) else {
        return json(answer);
    };
    reader.end().map_err(|error| describe(&error, body))?;
    Ok(Value::Array(rows.into_iter().map(|row| Value::String(Box::<str>::from(row).into())).collect()))
}

fn describe(error: &serde_json::Error, body: &[u8]) -> DecodeFailure {
    if body.iter().all(u8::is_ascii_whitespace) {
        return DecodeFailure::Invalid("an empty body".to_owned());
    }
    if error.is_eof() {
        return DecodeFailure::CutOff;
    }
    DecodeFailure::Invalid(format!("not JSON (line {}, column {})", error.line(), error.column()))
}

/// Whether a body is HTML or XML.
pub(super) fn is_markup(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// Finds what exceeds the bounds, before anything is built from the body: brackets outside of strings that nest deeper
/// than [`MAX_DEPTH`], or more of them than fit into [`MAX_UNFOLDED`].
fn excess(body: &[u8]) -> Option<String> {
    let (mut depth, mut unfolded, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in body {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (true, _) => {}
            (false, b'"') => in_string = true,
            (false, b'[' | b'{') => {
                depth += 1;
                unfolded += EACH_CONTAINER;
                if depth > MAX_DEPTH {
                    return Some(format!("JSON nested deeper than {MAX_DEPTH} levels"));
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (false, b',') => unfolded += EACH_MEMBER,
            (false, _) => {}
        }
        if unfolded > MAX_UNFOLDED {
            return Some(TOO_MANY_VALUES.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer::of(200, body)
    }

    #[test]
    fn numbers_keep_their_spelling() {
        // An exponent without a sign gets one (`1e3` becomes `1e+3`): the same number, and no API sends it.
        let text = r#"{"z":12.50,"a":1e+3,"n":12345678901234567890123}"#;
        assert_eq!(serde_json::to_string(&json(&answer(text)).unwrap()).unwrap(), text);
    }

    #[test]
    fn rows_are_decoded_one_by_one_and_what_is_wrong_with_them_is_the_same() {
        let rows = json_rows(&answer(r#" [{"a": 1}, "x" ,[2]] "#)).unwrap();
        assert_eq!(rows, serde_json::json!([r#"{"a": 1}"#, "\"x\"", "[2]"]));
        for text in ["[{\"a\":1},", "[1 2]", "", "<html>", "{\"a\":1}", "[1] x", &"[".repeat(200), "[{\"a\":tru}]"] {
            assert_eq!(json_rows(&answer(text)), json(&answer(text)), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_at_128() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(json(&answer(&nested(128))).is_ok());
        assert!(matches!(json(&answer(&nested(129))), Err(DecodeFailure::Invalid(_))));
        assert!(matches!(json(&answer(&"[".repeat(100_000))), Err(DecodeFailure::Invalid(_))));
        assert!(json(&answer(&format!("[\"{}\\\"\"]", "[".repeat(500)))).is_ok());
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let many = |unit: &str, count: usize| format!("[{}{unit}]", format!("{unit},").repeat(count));
        assert!(matches!(json(&answer(&many(r#"{"a":1}"#, 600_000))), Err(DecodeFailure::Invalid(_))));
        assert!(matches!(json(&answer(&many("0", 3_000_000))), Err(DecodeFailure::Invalid(_))));
        // Twenty thousand policies in one answer are fine, and so is one long text.
        let policy =
            r#"{"id":"p","target":{"type":"Disk","value":{"id":"d"}},"schedule":{"interval":"daily"},"a":1,"b":2}"#;
        assert!(json(&answer(&many(policy, 20_000))).is_ok());
        assert!(json(&answer(&format!("[\"{}\"]", ",{[".repeat(3_000_000)))).is_ok());
    }

    #[test]
    fn a_cut_off_body_is_not_an_invalid_one() {
        assert_eq!(json(&answer(r#"{"a":[1,2"#)), Err(DecodeFailure::CutOff));
        assert!(matches!(json(&answer("<html>")), Err(DecodeFailure::Invalid(_))));
        assert!(matches!(json(&answer("{}{}")), Err(DecodeFailure::Invalid(_))));
        assert!(matches!(json(&answer("")), Err(DecodeFailure::Invalid(_))));
    }
}
