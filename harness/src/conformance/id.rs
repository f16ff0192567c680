//! A case's name: numbers with dots between, ordered as numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A case id such as `6.4.3` or `2.10`. Orders as the suite runs: `2.9` before `2.10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(Box<[u16]>);

impl CaseId {
    /// The group, the id's first number.
    #[must_use]
    pub fn group(&self) -> u16 {
        self.0.first().copied().unwrap_or(0)
    }
}

/// The text is no case id: two or more numbers without leading zeros, dots between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadCaseId;

impl fmt::Display for BadCaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a case id: expected numbers with dots between, such as 6.4.3")
    }
}

impl std::error::Error for BadCaseId {}

impl FromStr for CaseId {
    type Err = BadCaseId;

    fn from_str(text: &str) -> Result<Self, BadCaseId> {
        let number = |part: &str| match part.as_bytes() {
            [b'0', _, ..] | [b'+', ..] => Err(BadCaseId),
            _ => part.parse().map_err(|_| BadCaseId),
        };
        let parts = text.split('.').map(number).collect::<Result<Box<[u16]>, _>>()?;
        if parts.len() < 2 { Err(BadCaseId) } else { Ok(Self(parts)) }
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u16::to_string).collect();
        f.pad(&parts.join("."))
    }
}

impl Serialize for CaseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CaseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| serde::de::Error::custom(format!("`{text}`: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_prints_and_orders_as_numbers() {
        let mut ids: Vec<CaseId> =
            ["10.1.1", "2.10", "2.9", "1.1.8", "6.22.34"].map(|id| id.parse().unwrap()).into();
        ids.sort();
        let shown: Vec<String> = ids.iter().map(CaseId::to_string).collect();
        assert_eq!(shown, ["1.1.8", "2.9", "2.10", "6.22.34", "10.1.1"]);
    }

    #[test]
    fn refuses_what_is_no_id() {
        for text in
            ["", "1", "1.", ".1", "1..2", "01.1", "1.01", "+1.1", "1.-1", "1.1 ", "1.*", "1.99999"]
        {
            assert_eq!(text.parse::<CaseId>(), Err(BadCaseId), "{text:?}");
        }
    }
}
