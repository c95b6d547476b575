//! Makes identifiers that look like the real ones and are the same on every run for the same key.
//!
//! Nothing here is secret or unguessable, and nothing needs to be.

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Returns `prefix_` and 16 letters or digits, the form of every recorded identifier.
pub(super) fn identifier(prefix: &str, key: &str) -> String {
    format!("{prefix}_{}", letters(&format!("{prefix}:{key}"), ALPHABET, 16))
}

/// Returns 14 lower-case letters or digits, the form of OnApp's identifiers.
pub(super) fn onapp_identifier(key: &str) -> String {
    letters(key, &ALPHABET[26..], 14)
}

pub(super) fn password(key: &str) -> String {
    letters(&format!("password:{key}"), ALPHABET, 18)
}

/// Returns 16 hexadecimal digits, the form of a disk's world-wide name.
pub(super) fn wide_name(key: &str) -> String {
    format!("{:016x}", digest(&format!("wwn:{key}")))
}

/// Returns a UUID in form only.
pub(super) fn uuid(first: u64, second: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        first >> 32,
        (first >> 16) & 0xffff,
        first & 0xfff,
        0x8000 | (second >> 48) & 0x3fff,
        second & 0xffff_ffff_ffff
    )
}

/// Returns a well-spread number for a key (FNV-1a, then one round of splitmix64).
pub(super) fn digest(key: &str) -> u64 {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    spread(hash)
}

fn spread(state: u64) -> u64 {
    let mut value = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn letters(key: &str, alphabet: &[u8], count: usize) -> String {
    let mut state = digest(key);
    let size = alphabet.len() as u64;
    (0..count)
        .map(|_| {
            state = spread(state);
            // The remainder is below the alphabet's length, which fits.
            char::from(alphabet[(state % size) as usize])
        })
        .collect()
}
