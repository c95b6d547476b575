//! What a policy is expected to be before it is changed: `--if retention=7`.

use std::str::FromStr;

use super::{Interval, Policy};

/// A field and the value it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    field: &'static str,
    value: String,
}

/// Fields that can be expected.
const FIELDS: [&str; 6] = ["retention", "interval", "frequency", "time", "minute", "target"];

impl Expectation {
    /// Describes how the policy differs: `retention is 14, not 7`.
    pub fn difference(&self, policy: &Policy) -> Option<String> {
        let number = |value: Option<i64>| value.map(|value| value.to_string());
        let schedule = &policy.schedule;
        let actual = match self.field {
            "retention" => number(policy.retention),
            "interval" => schedule.interval.as_ref().map(ToString::to_string),
            "frequency" => number(schedule.frequency),
            "time" => number(schedule.time),
            "minute" => number(schedule.minute),
            _ => policy.target.id.clone(),
        };
        (actual.as_ref() != Some(&self.value))
            .then(|| format!("{} is {}, not {}", self.field, actual.as_deref().unwrap_or("not set"), self.value))
    }
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected FIELD=VALUE, the field one of {}", FIELDS.join(", "));
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        let field = FIELDS.into_iter().find(|field| *field == name).ok_or_else(wrong)?;
        let value = match field {
            "interval" => value.parse::<Interval>()?.to_string(),
            "target" if !value.is_empty() => value.to_owned(),
            "target" => return Err(wrong()),
            _ => value.parse::<u32>().map_err(|_| format!("expected {field}=N, a whole number"))?.to_string(),
        };
        Ok(Self { field, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_said_and_a_match_is_not() {
        let policy = Policy { retention: Some(7), ..Policy::default() };
        let difference = |text: &str| text.parse::<Expectation>().unwrap().difference(&policy);
        assert_eq!(difference("retention=7"), None);
        assert_eq!(difference("retention=8").as_deref(), Some("retention is 7, not 8"));
        assert_eq!(difference("interval=daily").as_deref(), Some("interval is not set, not daily"));
        for wrong in ["retention", "retention=x", "color=red", "interval=fortnightly", "target="] {
            assert!(wrong.parse::<Expectation>().is_err(), "{wrong}");
        }
    }
}
