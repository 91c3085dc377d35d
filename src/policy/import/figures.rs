//! Figures as other systems write them: floats in JSON, `float()` texts of Python, `$1` of the official SDK. Each is
//! taken by its exact decimal text; nothing is rounded.

use super::notes::{NOWHERE, Place, Work};
use crate::json::Json;
use crate::money::Usd;

/// The smallest step of a figure in dollars: a payment above a limit is one of at least the limit and this.
pub(super) const STEP: Usd = Usd::new(1);

/// A figure in dollars, or the absence of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Usd(Usd),
    Unlimited,
}

impl Work {
    /// A figure in dollars. One that can't be read is noted as lost, and one that limits nothing as such.
    pub fn usd(&mut self, at: &Place<'_>) -> Option<Usd> {
        match figure(at.json) {
            Ok(Figure::Usd(usd)) => return Some(usd),
            Ok(Figure::Unlimited) => self.carried(at, NOWHERE, "no limit there, and none here"),
            Err(()) => self.malformed(at, "US dollars, zero or more, with at most 18 digits after the point"),
        }
        None
    }

    /// A whole number, also one written as `3.0` or `"3"`.
    pub fn whole(&mut self, at: &Place<'_>) -> Option<u64> {
        let number = whole(at.json);
        if number.is_none() {
            self.malformed(at, "a whole number, zero or more");
        }
        number
    }

    pub fn boolean(&mut self, at: &Place<'_>) -> Option<bool> {
        match at.json {
            Json::Bool(value) => Some(*value),
            _ => {
                self.malformed(at, "true or false");
                None
            }
        }
    }
}

fn figure(json: &Json) -> Result<Figure, ()> {
    if let Some(text) = json.as_str() {
        let word = text.trim().trim_start_matches(['+', '.']).to_ascii_lowercase();
        if word == "inf" || word == "infinity" {
            return Ok(Figure::Unlimited);
        }
    }
    let text = decimal(json).ok_or(())?;
    Usd::parse(&text).map(Figure::Usd).map_err(|_| ())
}

fn whole(json: &Json) -> Option<u64> {
    let text = decimal(json)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().any(|digit| digit != b'0') {
        return None;
    }
    whole.parse().ok()
}

/// The plain decimal text of a number, or of a text that holds one: `1e-7` is `0.0000001`. Nothing for a sign.
pub(super) fn decimal(json: &Json) -> Option<String> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().trim_start_matches('$').to_owned(),
        _ => return None,
    };
    let text = text.to_ascii_lowercase();
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| (-400..=400).contains(e))?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    shifted(whole, fraction, exponent)
}

/// The figure times ten to the power of `places`.
pub(super) fn shifted(whole: &str, fraction: &str, places: i32) -> Option<String> {
    let shift = usize::try_from(places.unsigned_abs()).ok()?;
    let (whole, fraction) = if places >= 0 {
        let fraction = format!("{fraction:0<shift$}");
        let (moved, rest) = fraction.split_at_checked(shift)?;
        (format!("{whole}{moved}"), rest.to_owned())
    } else {
        let whole = format!("{whole:0>shift$}");
        let (rest, moved) = whole.split_at_checked(whole.len().saturating_sub(shift))?;
        (rest.to_owned(), format!("{moved}{fraction}"))
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't build its input has failed")]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn figures_are_taken_by_their_exact_text() {
        for (source, figure) in [
            ("25.00", "25"),
            ("0.1", "0.1"),
            ("1e-7", "0.0000001"),
            ("12.5e2", "1250"),
            ("1e20", "100000000000000000000"),
            ("\"0.05\"", "0.05"),
            ("\"$1\"", "1"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("\"007\"", "7"),
        ] {
            assert_eq!(decimal(&parse(source).unwrap()).as_deref(), Some(figure), "{source}");
        }
        for source in
            ["-1", "\"-1\"", "\"nan\"", "\"\"", "\".5\"", "\"1_000\"", "\"1,5\"", "true", "null", "[1]", "\"1e999\""]
        {
            assert_eq!(decimal(&parse(source).unwrap()), None, "{source}");
        }
    }

    #[test]
    fn what_limits_nothing_is_no_figure() {
        for source in ["\"inf\"", "\"Infinity\"", "\"+inf\"", "\".inf\""] {
            assert_eq!(figure(&parse(source).unwrap()), Ok(Figure::Unlimited), "{source}");
        }
        for source in ["\"nan\"", "-5", "\"-inf\"", "1e30", "1e-19"] {
            assert_eq!(figure(&parse(source).unwrap()), Err(()), "{source}");
        }
    }

    #[test]
    fn whole_numbers() {
        for (source, number) in [("3", Some(3)), ("3.0", Some(3)), ("\"3\"", Some(3)), ("3.5", None), ("-3", None)] {
            assert_eq!(whole(&parse(source).unwrap()), number, "{source}");
        }
    }
}
