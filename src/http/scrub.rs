//! Removes the credentials from what a server sends: some servers repeat what they were sent.
//!
//! Everything that is printed, traced or recorded of an answer passes through here. It knows no field of any answer.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value};

use super::status::is_known_code;
use crate::error::Error;
use crate::secret::Secret;

/// The text in place of a credential.
const HIDDEN: &str = "[REDACTED]";
/// The shortest secret that is searched for in messages: a shorter one would match parts of words.
const MIN_IN_TEXT: usize = 4;
/// The shortest secret that is searched for in results, where a word that happens to be the same must stay.
const MIN_IN_RESULTS: usize = 8;

/// The forms in which a server can repeat the credentials.
pub(super) struct Scrubber {
    /// As they stand in decoded text.
    plain: Vec<Secret>,
    /// As JSON spells them where that differs.
    spelled: Vec<Secret>,
    is_long: bool,
}

impl Scrubber {
    /// Makes a scrubber for a secret; with a user, for HTTP basic authentication too.
    pub(super) fn of(user: Option<&str>, secret: &str) -> Self {
        if secret.len() < MIN_IN_TEXT {
            return Self { plain: Vec::new(), spelled: Vec::new(), is_long: false };
        }
        let mut plain = vec![Secret::new(secret)];
        // Without the padding: not every server repeats that.
        let basic = |user| STANDARD_NO_PAD.encode(Secret::new(format!("{user}:{secret}")).expose());
        plain.extend(user.map(basic).map(Secret::new));
        let escaped = Secret::new(Value::from(secret).to_string());
        let escaped = Secret::new(&escaped.expose()[1..escaped.expose().len() - 1]);
        let slashed = Secret::new(escaped.expose().replace('/', "\\/"));
        let spelled = [escaped, slashed].into_iter().filter(|form| form.expose() != secret).collect();
        Self { plain, spelled, is_long: secret.len() >= MIN_IN_RESULTS }
    }

    /// Removes them from a text, which may be a piece of JSON.
    pub(super) fn hide(&self, text: &str) -> String {
        let forms = self.plain.iter().chain(&self.spelled);
        forms.fold(text.to_owned(), |text, form| text.replace(form.expose(), HIDDEN))
    }

    /// Removes them from decoded JSON, at any depth.
    pub(super) fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.are_in(text) => *text = self.hide(text),
            // A password can be a number. One that is a part of a longer number does not count.
            Value::Number(number) if self.plain.iter().any(|form| form.expose() == number.as_str()) => {
                *value = HIDDEN.into();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_in(item)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.hide_in(field));
                if fields.keys().any(|name| self.are_in(name) && !is_field_name(name)) {
                    *fields =
                        std::mem::take(fields).into_iter().map(|field| self.without(field)).collect::<Map<_, _>>();
                }
            }
            _ => {}
        }
    }

    /// Removes them from an error.
    pub(super) fn hide_in_error(&self, mut error: Error) -> Error {
        error.message = self.hide(&error.message);
        error.code = self.hide_in_code(error.code);
        error.request_id = error.request_id.as_deref().map(|id| self.hide(id));
        error.hints = error.hints.iter().map(|hint| self.hide(hint)).collect();
        self.hide_in(&mut error.detail);
        error
    }

    /// Removes them from the result of a request. `body` is what it was decoded from: it is searched first, since
    /// hardly any server repeats anything.
    pub(super) fn hide_in_result(&self, body: &[u8], result: &mut Value) {
        if self.is_long && !result.is_null() && self.may_be_in(body) {
            self.hide_in(result);
        }
    }

    /// Whether a body may hold them: as they are, or behind the escapes of JSON or XML.
    fn may_be_in(&self, body: &[u8]) -> bool {
        match std::str::from_utf8(body) {
            Ok(text) => text.contains('\\') || text.contains('&') || self.are_in(text),
            Err(_) => true,
        }
    }

    /// Removes them from a code. A constant of this program stays: it gives nothing away, whatever part of it a credential
    /// happens to be. A code that is the credential as a whole never stays.
    fn hide_in_code(&self, code: Cow<'static, str>) -> Cow<'static, str> {
        let is_constant = matches!(code, Cow::Borrowed(_)) || is_known_code(&code);
        if is_constant && self.plain.iter().all(|form| form.expose() != code) {
            return code;
        }
        self.hide(&code).into()
    }

    fn are_in(&self, text: &str) -> bool {
        self.plain.iter().any(|form| text.contains(form.expose()))
    }

    fn without(&self, (name, field): (String, Value)) -> (String, Value) {
        if is_field_name(&name) { (name, field) } else { (self.hide(&name), field) }
    }
}

/// Whether a name can be one of the API's own: a password that is a word must not remove a field.
fn is_field_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_is_taken_out_of_text() {
        let forms = Scrubber::of(Some("me"), "se\"cr\\et/p");
        let escaped = serde_json::to_string("se\"cr\\et/p").unwrap();
        let basic = "bWU6c2UiY3JcZXQvcA";
        for text in ["se\"cr\\et/p", &escaped, &escaped.replace('/', "\\/"), basic] {
            let hidden = forms.hide(&format!("a {text} b"));
            assert!(hidden.contains(HIDDEN) && !hidden.contains("cr") && !hidden.contains(basic), "{hidden}");
        }
    }

    #[test]
    fn decoded_values_lose_it_and_fields_stay() {
        let forms = Scrubber::of(None, "retention");
        let mut value = json!({"retention": 7, "x": ["my retention!"], "a retention": {"retention": "retention"}});
        forms.hide_in(&mut value);
        let hidden = json!({"retention": 7, "x": ["my [REDACTED]!"], "a [REDACTED]": {"retention": HIDDEN}});
        assert_eq!(value, hidden);
        let mut number = json!([12_345_678, 123_456_789]);
        Scrubber::of(None, "12345678").hide_in(&mut number);
        assert_eq!(number, json!([HIDDEN, 123_456_789]));
    }

    #[test]
    fn a_short_one_is_a_word_like_any_other() {
        let mut value = json!(["daily"]);
        Scrubber::of(None, "daily").hide_in_result(b"[\"daily\"]", &mut value);
        assert_eq!((value, Scrubber::of(None, "no").hide("no")), (json!(["daily"]), "no".to_owned()));
    }
}
