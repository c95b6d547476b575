//! Repairs of a body before it is decoded: a byte order mark at its beginning, and lone surrogates in JSON strings.

use super::answer::is_markup;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Drops a leading byte order mark and replaces lone surrogates; returns how many there were.
pub(super) fn normalize(mut body: Vec<u8>) -> (Vec<u8>, usize) {
    let mark = body.len() - without_mark(&body).len();
    body.drain(..mark);
    // In HTML and XML a backslash is a character like any other.
    let replaced = if is_markup(&body) { 0 } else { replace_lone_surrogates(&mut body) };
    (body, replaced)
}

/// Drops a leading byte order mark.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// Replaces every lone surrogate (`\ud800`) in the strings of a JSON body by U+FFFD, and counts them. No JSON decoder
/// accepts one, so a single name would otherwise lose the whole list.
fn replace_lone_surrogates(body: &mut [u8]) -> usize {
    // Nearly every body has none, and this search is the faster one.
    if !body.contains(&b'\\') {
        return 0;
    }
    let (mut at, mut count) = (0, 0);
    while let Some(found) = body[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        match (surrogate(&body[at..]), body.get(at + 6..).and_then(surrogate)) {
            (Some(Half::High), Some(Half::Low)) => at += 12,
            (Some(_), _) => {
                body[at + 2..at + 6].copy_from_slice(b"fffd");
                count += 1;
                at += 6;
            }
            // The escaped character is not looked at: it can be another backslash.
            (None, _) => at = (at + 2).min(body.len()),
        }
    }
    count
}

#[derive(Clone, Copy)]
enum Half {
    High,
    Low,
}

/// Reads a surrogate's escape at the beginning of `text`.
fn surrogate(text: &[u8]) -> Option<Half> {
    let [b'\\', b'u', b'd' | b'D', second, third, fourth, ..] = text else {
        return None;
    };
    let is_hexadecimal = third.is_ascii_hexdigit() && fourth.is_ascii_hexdigit();
    match second.to_ascii_lowercase() {
        b'8' | b'9' | b'a' | b'b' if is_hexadecimal => Some(Half::High),
        b'c'..=b'f' if is_hexadecimal => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn repaired(text: &str) -> (String, usize) {
        let mut body = text.as_bytes().to_vec();
        let count = replace_lone_surrogates(&mut body);
        (String::from_utf8(body).unwrap(), count)
    }

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (text, expected, count) in [
            (r#"["\ud800"]"#, r#"["\ufffd"]"#, 1),
            (r#"["a\uDFFFb"]"#, r#"["a\ufffdb"]"#, 1),
            (r#"["\ud83d\ude00"]"#, r#"["\ud83d\ude00"]"#, 0),
            (r#"["\ud83d\ud83d\ude00"]"#, r#"["\ufffd\ud83d\ude00"]"#, 1),
            (r#"["\ude00\ud83d"]"#, r#"["\ufffd\ufffd"]"#, 2),
            (r#"["\\ud800"]"#, r#"["\\ud800"]"#, 0),
            (r#"["\\\ud800"]"#, r#"["\\\ufffd"]"#, 1),
            (r#"["\ud7ff\ue000"]"#, r#"["\ud7ff\ue000"]"#, 0),
            (r#"["\ud8"#, r#"["\ud8"#, 0),
            ("\\", "\\", 0),
        ] {
            assert_eq!(repaired(text), (expected.to_owned(), count), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_sequence_of_escapes_can_be_decoded(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let (text, _) = repaired(&format!("[\"{escapes}\"]"));
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(value[0].as_str().unwrap(), String::from_utf16_lossy(&units));
        }

        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut body = body;
            replace_lone_surrogates(&mut body);
        }
    }
}
