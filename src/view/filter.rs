//! `--filter 'COL OP VALUE'`: keeps the rows whose column compares as given.
//!
//! Values are read by the kind of their column, before any request: numbers, sizes (`100 GiB`), lengths (`7d`), times
//! as `--at` takes them, and text, which compares whatever its case.

use std::cmp::Ordering;

use jiff::civil::Date;

use super::cell::{Key, UNLIMITED, natural};
use super::column::{Kind, find};
use super::{Cell, Column, Resource, TimeFormat};
use crate::model::Glob;
use crate::time::{self, resolve};

/// The conditions of `--filter`: all must hold.
pub struct Filters<T: 'static>(Vec<Filter<T>>);

impl<T: Resource> Filters<T> {
    /// Reads conditions.
    ///
    /// # Errors
    /// A sentence about the first that cannot be read.
    pub fn parse(texts: &[String], times: &TimeFormat) -> Result<Self, String> {
        texts.iter().map(|text| Filter::parse(text, times)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a row meets them.
    pub fn accept(&self, row: &T, times: &TimeFormat) -> bool {
        self.accept_but(row, times, &[])
    }

    /// The columns that are compared.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|filter| filter.column.name)
    }

    /// Whether a row meets those on other columns than `unknown`, whose values are not known yet.
    pub fn accept_but(&self, row: &T, times: &TimeFormat, unknown: &[&str]) -> bool {
        self.0.iter().all(|filter| unknown.contains(&filter.column.name) || filter.accepts(row, times))
    }
}

/// One condition.
struct Filter<T: 'static> {
    column: &'static Column<T>,
    test: Test,
}

enum Test {
    Compare(Operator, Value),
    Glob(Glob),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

enum Value {
    /// An empty value stands for an absent one.
    Absent,
    Number(f64),
    /// A whole day, for `=` and `!=`.
    Day(Date),
    Text(String),
}

/// Longer operators first: `<=` begins with `<`.
const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("==", Operator::Equal),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl<T: Resource> Filter<T> {
    /// Reads a condition.
    ///
    /// # Errors
    /// A sentence about an unknown column or operator, or a value that the column cannot have.
    fn parse(text: &str, times: &TimeFormat) -> Result<Self, String> {
        let wrong = |why: &str| format!("invalid value '{text}' for '--filter': {why}");
        let start = text.find(['=', '!', '<', '>', '~']).ok_or_else(|| {
            wrong("expected COL OP VALUE, where OP is one of =, !=, <, <=, >, >= and ~ (a pattern such as `web-*`)")
        })?;
        let column = find(&text[..start], "--filter")?;
        let rest = &text[start..];
        if let Some(pattern) = rest.strip_prefix('~') {
            let glob = pattern.trim().parse().map_err(|sentence: String| wrong(&sentence))?;
            return Ok(Self { column, test: Test::Glob(glob) });
        }
        let found = OPERATORS.iter().find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)));
        let (operator, value) = found.ok_or_else(|| wrong("unknown operator; use =, !=, <, <=, >, >= or ~"))?;
        let value = value_of(column.kind, operator, value.trim(), times).map_err(|why| wrong(&why))?;
        Ok(Self { column, test: Test::Compare(operator, value) })
    }

    fn accepts(&self, row: &T, times: &TimeFormat) -> bool {
        let cell = (self.column.cell)(row, times);
        match &self.test {
            Test::Glob(glob) => {
                let mut data = String::new();
                cell.write_data(times, &mut data);
                glob.matches(&data)
            }
            Test::Compare(operator, value) => {
                let order = compare(&cell, value, self.column.kind, times);
                match operator {
                    Operator::Equal => order == Some(Ordering::Equal),
                    Operator::NotEqual => order != Some(Ordering::Equal),
                    Operator::Less => order.is_some_and(Ordering::is_lt),
                    Operator::LessOrEqual => order.is_some_and(Ordering::is_le),
                    Operator::Greater => order.is_some_and(Ordering::is_gt),
                    Operator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
                }
            }
        }
    }
}

fn value_of(kind: Kind, operator: Operator, text: &str, times: &TimeFormat) -> Result<Value, String> {
    let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    if text.is_empty() {
        return if is_equality { Ok(Value::Absent) } else { Err("the value is missing".to_owned()) };
    }
    match kind {
        Kind::Text => Ok(Value::Text(text.to_lowercase())),
        Kind::Words(words) => match rank(words, text) {
            Some(rank) => Ok(Value::Number(rank)),
            None if is_equality => Ok(Value::Text(text.to_lowercase())),
            None => Err(format!("expected one of {}", words.join(", "))),
        },
        Kind::Number => number(text).map(Value::Number).ok_or_else(|| "expected a number".to_owned()),
        Kind::Allowance if text.eq_ignore_ascii_case(UNLIMITED) => Ok(Value::Number(f64::INFINITY)),
        Kind::Allowance => number(text).map(Value::Number).ok_or_else(|| format!("expected a number or `{UNLIMITED}`")),
        Kind::Size => size(text).map(Value::Number).ok_or_else(|| "expected a size such as `100 GiB`".to_owned()),
        Kind::Length => {
            time::seconds(text).map(Value::Number).ok_or_else(|| "expected a duration such as `7d`".to_owned())
        }
        Kind::Time => match text.parse::<Date>() {
            Ok(day) if is_equality => Ok(Value::Day(day)),
            #[expect(clippy::cast_precision_loss, reason = "as in the key of a time")]
            _ => resolve(text, times.now, &times.zone).map(|at| Value::Number(at.as_second() as f64)),
        },
    }
}

/// Reads a number; `nan` and `inf` are none.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads a size as GiB: a bare number is GiB, too, as in CSV. The decimal units count as the binary ones.
fn size(text: &str) -> Option<f64> {
    let text = text.to_lowercase();
    let digits = text.find(|symbol: char| symbol.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_end_matches('b').trim_end_matches('i') {
        "k" => 1.0 / 1_048_576.0,
        "m" => 1.0 / 1024.0,
        "" | "g" => 1.0,
        "t" => 1024.0,
        _ => return None,
    };
    self::number(number.trim()).map(|number| number * factor)
}

#[expect(clippy::cast_precision_loss, reason = "there are few words")]
fn rank(words: &[&str], word: &str) -> Option<f64> {
    words.iter().position(|known| known.eq_ignore_ascii_case(word)).map(|at| at as f64)
}

/// Compares a cell with a value; none where one of them is absent or they cannot be compared.
fn compare(cell: &Cell<'_>, value: &Value, kind: Kind, times: &TimeFormat) -> Option<Ordering> {
    if matches!(value, Value::Absent) {
        return matches!(cell, Cell::Absent | Cell::Placeholder(_)).then_some(Ordering::Equal);
    }
    let key = match (kind, cell) {
        (_, Cell::Absent | Cell::Placeholder(_)) => return None,
        (Kind::Words(words), Cell::Text(text)) => rank(words, text).map_or_else(|| cell.key(), Key::Number),
        (Kind::Text, _) => Key::Text(cell.display(times).to_lowercase()),
        _ => cell.key(),
    };
    match (key, value, cell) {
        (_, Value::Day(day), Cell::Time(at)) => Some(times.zone.to_datetime(*at).date().cmp(day)),
        (Key::Number(number), Value::Number(wanted), _) => Some(number.total_cmp(wanted)),
        (Key::Text(text), Value::Text(wanted), _) => Some(natural(&text, wanted)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::model::{Interval, Policy, Schedule};

    fn times() -> TimeFormat {
        TimeFormat { now: Timestamp::from_second(1_795_000_000).unwrap(), zone: TimeZone::UTC }
    }

    fn accepts(filter: &str) -> bool {
        let policy = Policy {
            id: Some("10".to_owned()),
            retention: Some(7),
            total_size: Some(1536.0),
            schedule: Schedule {
                interval: Some(Interval::Daily),
                next_invocation_at: Some(1_795_010_000),
                ..Schedule::default()
            },
            ..Policy::default()
        };
        Filter::<Policy>::parse(filter, &times()).unwrap().accepts(&policy, &times())
    }

    #[test]
    fn values_are_compared_by_the_kind_of_their_column() {
        for filter in [
            "retention=7",
            "retention >= 7",
            "retention < 30",
            "retention != 8",
            "ID > 9",
            "id<100",
            "size > 1 TiB",
            "size=1.5t",
            "size < 2000",
            "interval = Daily",
            "interval ~ da*",
            "next_run > +1h",
            "next_run < +3h",
            "next_run = 2026-11-18",
            "next-run != 2026-11-19",
            "target =",
            "interval !=",
            "target != web-1",
        ] {
            assert!(accepts(filter), "{filter}");
        }
        for filter in [
            "retention=70",
            "retention > 7",
            "id < 9",
            "size < 1 TiB",
            "interval=weekly",
            "interval ~ we*",
            "next_run < +1h",
            "target ~ web-*",
            "target = web-1",
            "interval =",
            "deletion < +1d",
            "deletion > +1d",
        ] {
            assert!(!accepts(filter), "{filter}");
        }
    }

    #[test]
    fn a_condition_that_cannot_be_read_says_why() {
        for (filter, why) in [
            ("retention", "COL OP VALUE"),
            ("nix=1", "policies have the columns id,"),
            ("retention=many", "expected a number"),
            ("retention < nan", "expected a number"),
            ("size < inf", "expected a size"),
            ("retention>", "the value is missing"),
            ("size>big", "expected a size"),
            ("next_run<whenever", "invalid time"),
            ("retention!7", "unknown operator"),
        ] {
            let error = Filter::<Policy>::parse(filter, &times()).err().unwrap();
            assert!(error.contains(why), "{filter}: {error}");
        }
    }
}
