//! JSON numbers as decimal text: no float is made of them, so none rounds.

use std::fmt;

/// The most digits of a number that is not a whole one of 64 bits: as many as a double needs to be written exactly.
const MOST_DIGITS: usize = 17;
/// The most digits that every double keeps: such a number is the same after JavaScript has read and written it.
const SAFE_DIGITS: usize = 15;
/// The powers of ten that are read: those of a double.
const RANGE: std::ops::RangeInclusive<i64> = -323..=309;
/// The powers of ten at which a double keeps [`SAFE_DIGITS`].
const SAFE_RANGE: std::ops::RangeInclusive<i64> = -300..=300;

/// A number, as its text: a whole one of 64 bits as it stands, any other in the shortest notation, with a point or an
/// exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// A whole number from 0 to 2^64-1, in whatever notation: `3e2` is 300, as it is for whoever reads the record of it.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.canonical().parse().ok()
    }

    /// A whole number from -2^63 to 2^63-1, in whatever notation.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.canonical().parse().ok()
    }

    /// Whether JavaScript can read this number and write the same one.
    #[must_use]
    pub fn survives_javascript(&self) -> bool {
        const SAFE: u64 = 1 << 53;
        match (self.as_u64(), self.as_i64()) {
            (Some(whole), _) => whole <= SAFE,
            (None, Some(negative)) => negative.unsigned_abs() <= SAFE,
            (None, None) => {
                let (mantissa, power) = self.0.split_once('e').unwrap_or((&self.0, "0"));
                let short = mantissa.bytes().filter(u8::is_ascii_digit).count() <= SAFE_DIGITS;
                short && power.parse().is_ok_and(|power: i64| SAFE_RANGE.contains(&power))
            }
        }
    }

    /// The number as JavaScript writes it back, as far as whole ones go: `1.0` and `1e2` come back as `1` and `100`.
    /// Others come back in another notation at most, which reads as the same number.
    pub(super) fn canonical(&self) -> &str {
        match self.0.strip_suffix(".0").unwrap_or(&self.0) {
            "-0" => "0",
            whole => whole,
        }
    }

    /// From the parts of its text: the digits before the point and after it, and the exponent.
    pub(super) fn new(
        negative: bool,
        whole: &str,
        fraction: Option<&str>,
        exponent: Option<i64>,
    ) -> Result<Self, &'static str> {
        let sign = if negative { "-" } else { "" };
        if fraction.is_none() && exponent.is_none() {
            let text = format!("{sign}{whole}");
            if text.parse::<u64>().is_ok() || (text.parse::<i64>().is_ok() && whole != "0") {
                return Ok(Self(text));
            }
        }
        let all = format!("{whole}{}", fraction.unwrap_or_default());
        let significant = all.trim_start_matches('0');
        let digits = significant.trim_end_matches('0');
        if digits.is_empty() {
            return Ok(Self(format!("{sign}0.0")));
        }
        if digits.len() > MOST_DIGITS {
            return Err("more than 17 digits: write the number as a string");
        }
        // The number is 0.digits times ten to the power of `point`.
        let zeros = all.len().saturating_sub(significant.len());
        let point = length(whole.len()).saturating_sub(length(zeros)).saturating_add(exponent.unwrap_or(0));
        if !RANGE.contains(&point) {
            return Err("number out of range");
        }
        let split = usize::try_from(point).ok().and_then(|point| digits.split_at_checked(point));
        let text = match (point, split) {
            (1..=16, Some((whole, fraction))) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            (1..=16, _) => format!("{sign}{digits:0<width$}.0", width = usize::try_from(point).unwrap_or_default()),
            (-4..=0, _) => {
                let width = usize::try_from(point.unsigned_abs()).unwrap_or_default();
                format!("{sign}0.{:0<width$}{digits}", "")
            }
            _ => {
                let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
                let dot = if rest.is_empty() { "" } else { "." };
                format!("{sign}{first}{dot}{rest}e{:+}", point.saturating_sub(1))
            }
        };
        Ok(Self(text))
    }
}

fn length(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        Self(whole.to_string())
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self(whole.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::json::{Json, parse};

    #[test]
    fn what_javascript_would_change_is_known_and_what_no_double_holds_is_refused() {
        let survives = |text: &str| parse(text).map(|value| value.survives_javascript());
        for text in ["0.1", "-2.5e-7", "1e20", "9007199254740992", "123456789.012345"] {
            assert_eq!(survives(text), Ok(true), "{text}");
        }
        for text in ["9007199254740993", "-9007199254740993", "0.30000000000000001", "9e308", "1e-323"] {
            assert_eq!(survives(text), Ok(false), "{text}");
        }
        for text in ["1e310", "1e-400", "1e99999999999999999999", "0.123456789012345678", "123456789012345678901"] {
            assert!(parse(text).is_err_and(|error| error.contains("number")), "{text}");
        }
    }

    proptest! {
        /// What a double is written as reads as that double, and is written as elsewhere.
        #[test]
        fn doubles_keep_their_shortest_text(bits in any::<u64>(), small in any::<i32>(), places in 0i32..12) {
            let scaled = format!("{small}e-{places}").parse().map_err(|_| TestCaseError::fail("no number"))?;
            for float in [f64::from_bits(bits), scaled, f64::from(small)] {
                prop_assume!(float.is_finite());
                for text in [format!("{float:?}"), format!("{float:e}")] {
                    let Ok(Json::Number(ours)) = parse(&text) else { return Err(TestCaseError::fail(text)) };
                    let ours = ours.to_string();
                    prop_assert_eq!(ours.parse(), Ok(float), "{}", ours);
                    // Of two texts that are as short, the one that was written is kept.
                    let theirs = serde_json::Number::from_f64(float).map(|number| number.to_string());
                    prop_assert!(Some(&ours) == theirs.as_ref() || theirs.is_some_and(|text| text.len() == ours.len()));
                }
            }
        }
    }
}
