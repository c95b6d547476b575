//! The dates of a certificate, read strictly from its DER (RFC 5280, 4.1); any other spelling is refused.
//!
//! Only for a certificate that is trusted by itself (see `trust`): `rustls` and `webpki` check dates, but do not expose
//! them. Names, keys and extensions are left to `rustls`.

use jiff::civil::DateTime;

/// Tags of DER.
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The version of a certificate, which comes first unless it is the first version.
const VERSION: u8 = 0xa0;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The first and the last second of a certificate, in Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub not_before: i64,
    pub not_after: i64,
}

impl Validity {
    /// Reads them from a certificate; none where it is not spelled as the standard has it.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let certificate = only(SEQUENCE, certificate)?;
        let (mut rest, _) = element(SEQUENCE, certificate)?;
        if let Some((_, after)) = element(VERSION, rest) {
            rest = after;
        }
        // Serial number, algorithm, issuer.
        for tag in [INTEGER, SEQUENCE, SEQUENCE] {
            rest = element(tag, rest)?.1;
        }
        let (validity, _) = element(SEQUENCE, rest)?;
        let (not_before, rest) = time(validity)?;
        let (not_after, rest) = time(rest)?;
        rest.is_empty().then_some(Self { not_before, not_after })
    }
}

/// Takes the element that fills all of `der`.
fn only(tag: u8, der: &[u8]) -> Option<&[u8]> {
    element(tag, der).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

/// Takes the element with which `der` begins: its content, and what follows.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = length(rest)?;
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

/// Reads a length, which DER spells in as few bytes as can be.
fn length(der: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = der.split_first()?;
    let (least, count) = match *first {
        short @ 0..=0x7f => return Some((usize::from(short), rest)),
        0x81 => (0x80, 1),
        0x82 => (0x100, 2),
        0x83 => (0x1_0000, 3),
        // None, open or of 16 MiB and more: no certificate is.
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(count)?;
    let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    (length >= least).then_some((length, rest))
}

/// Takes a point in time: `YYMMDDHHMMSSZ` from 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    let (digits, rest) = element(UTC_TIME, der).or_else(|| element(GENERALIZED_TIME, der))?;
    let (digits, zone) = digits.split_at_checked(digits.len().checked_sub(1)?)?;
    let (year_digits, is_fit) = match (der.first()?, digits.len()) {
        (&UTC_TIME, 12) => (2, true),
        (&GENERALIZED_TIME, 14) => (4, true),
        _ => (0, false),
    };
    if !is_fit || zone != b"Z" || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (year, others) = digits.split_at(year_digits);
    let number = |digits: &[u8]| digits.iter().fold(0_i16, |number, digit| number * 10 + i16::from(digit - b'0'));
    let year = match (year_digits, number(year)) {
        (2, late @ 50..) => 1900 + late,
        (2, early) => 2000 + early,
        (_, year) => year,
    };
    let part = |at: usize| i8::try_from(number(&others[at..at + 2])).ok();
    let civil = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    // Between two civil times, since jiff's timestamps end before the last day of 9999, which means "for ever".
    Some((civil.duration_since(EPOCH).as_secs(), rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::*;

    fn made(from: (i32, u8, u8), to: (i32, u8, u8)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(to.0, to.1, to.2);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn at(time: &str) -> i64 {
        time.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    #[test]
    fn both_spellings_of_a_time_are_read() {
        for (from, to, not_before, not_after) in [
            ((2024, 2, 29), (2034, 12, 31), at("2024-02-29T00:00:00Z"), at("2034-12-31T00:00:00Z")),
            ((1950, 1, 1), (1999, 12, 31), at("1950-01-01T00:00:00Z"), at("1999-12-31T00:00:00Z")),
            ((2049, 12, 31), (2050, 1, 1), at("2049-12-31T00:00:00Z"), at("2050-01-01T00:00:00Z")),
            ((3000, 1, 1), (9999, 12, 31), at("3000-01-01T00:00:00Z"), 253_402_214_400),
        ] {
            let expected = Validity { not_before, not_after };
            assert_eq!(Validity::of(&made(from, to)), Some(expected), "{from:?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_longer_than_it_says_is_not_read() {
        let whole = made((2024, 1, 1), (2034, 1, 1));
        for end in 0..whole.len() {
            assert_eq!(Validity::of(&whole[..end]), None, "{end} bytes");
        }
        assert_eq!(Validity::of(&[&whole[..], &[0]].concat()), None);
    }

    #[test]
    fn no_byte_makes_it_panic() {
        let whole = made((2024, 1, 1), (2034, 1, 1));
        for place in 0..whole.len() {
            for byte in [0, 1, 0x30, 0x7f, 0x80, 0x82, 0x84, 0xff] {
                let mut broken = whole.clone();
                broken[place] = byte;
                // Any answer will do.
                let _ = Validity::of(&broken);
            }
        }
    }

    #[test]
    fn a_time_in_other_words_is_not_read() {
        let utc = |text: &str| [&[UTC_TIME, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        assert_eq!(time(&utc("240229235959Z")), Some((at("2024-02-29T23:59:59Z"), &[][..])));
        for text in [
            "230229000000Z",
            "241301000000Z",
            "240001000000Z",
            "240101240000Z",
            "240101006000Z",
            "240101000060Z",
            "2401010000Z",
            "240101000000",
            "240101000000+0000",
            "24010100000.Z",
            "24-101000000Z",
            "20240101000000Z",
            "",
            "Z",
        ] {
            assert_eq!(time(&utc(text)), None, "{text}");
        }
        // Of a length in more bytes than it needs.
        assert_eq!(length(&[0x81, 0x7f]), None);
        assert_eq!(length(&[0x82, 0x00, 0xff]), None);
        assert_eq!(length(&[0x80]), None);
        assert_eq!(length(&[0x82, 0x01, 0x00, 0x17]), Some((0x100, &[0x17][..])));
    }
}
