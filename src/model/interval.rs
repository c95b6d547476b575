//! How often a policy runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The unit of a schedule (documented on Katapult: `hourly`, `daily`, `weekly`, `monthly`; on OnApp: days to years).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    /// OnApp alone has it.
    Yearly,
    /// One that this version does not know; the API's word.
    Other(String),
}

impl Interval {
    /// The intervals that bpctl knows, of all clouds.
    pub const KNOWN: [&'static str; 5] = ["hourly", "daily", "weekly", "monthly", "yearly"];

    /// Reads the API's word.
    pub fn from_api(word: &str) -> Self {
        match word {
            "hourly" => Self::Hourly,
            "daily" => Self::Daily,
            "weekly" => Self::Weekly,
            "monthly" => Self::Monthly,
            "yearly" => Self::Yearly,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the API's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
            Self::Other(word) => word,
        }
    }

    /// Returns the length in seconds, a month as 30 days and a year as 365; `None` for an unknown one.
    pub fn seconds(&self) -> Option<u64> {
        match self {
            Self::Hourly => Some(3_600),
            Self::Daily => Some(86_400),
            Self::Weekly => Some(7 * 86_400),
            Self::Monthly => Some(30 * 86_400),
            Self::Yearly => Some(365 * 86_400),
            Self::Other(_) => None,
        }
    }

    /// Returns the noun for one interval: `hour`, `day`, …
    pub fn unit(&self) -> &str {
        match self {
            Self::Hourly => "hour",
            Self::Daily => "day",
            Self::Weekly => "week",
            Self::Monthly => "month",
            Self::Yearly => "year",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Written as the API's word.
impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Reads the API's word, also one that this version does not know.
impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|word| Self::from_api(&word))
    }
}

/// Reads what a user typed: one of [`Interval::KNOWN`].
impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Self::from_api(text) {
            Self::Other(_) => Err(format!("expected one of {}", Self::KNOWN.join(", "))),
            known => Ok(known),
        }
    }
}
