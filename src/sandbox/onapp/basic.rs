//! Reads HTTP Basic credentials and lets nearly all of them in: the simulator knows no accounts.

/// Tells whether credentials are let in: any user and any password that does not begin with `invalid`.
pub(super) fn is_authentic(authorization: Option<&str>) -> bool {
    let Some((scheme, encoded)) = authorization.and_then(|header| header.split_once(' ')) else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return false;
    }
    let Some(decoded) = decode(encoded.trim()) else {
        return false;
    };
    let decoded = String::from_utf8_lossy(&decoded);
    let Some((user, password)) = decoded.split_once(':') else {
        return false;
    };
    !user.is_empty() && !password.is_empty() && !password.starts_with("invalid")
}

/// Decodes base64; padding is optional.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut held = 0;
    for letter in text.trim_end_matches('=').bytes() {
        bits = (bits << 6 | u32::from(sextet(letter)?)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            // The mask leaves one byte.
            decoded.push((bits >> held & 0xff) as u8);
        }
    }
    Some(decoded)
}

fn sextet(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
