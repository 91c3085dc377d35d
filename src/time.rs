//! Instants and durations as text. The core has no clock: this only reads and writes.
//!
//! Instants are RFC 3339 with a strict calendar. Durations are whole numbers with a unit, such as `24h` or `1h30m`.

use crate::words::quoted;

/// Milliseconds since the Unix epoch, or a length in milliseconds.
pub type Millis = u64;

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
const WEEK: Millis = 7 * DAY;

/// The units of a duration, in the order in which a sum names them.
const UNITS: [(&str, Millis); 6] = [("w", WEEK), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)];

/// The first instant whose year no longer has four digits.
const YEAR_10000: Millis = 253_402_300_800_000;

/// Reads `2026-01-05T10:00:00Z`: RFC 3339 with a capital `T` and `Z`, or an offset such as `+01:00`.
///
/// A fraction has 1 to 9 digits; what is finer than a millisecond is cut off. Years run from 1970 to 9999, in UTC too.
/// Leap seconds are refused: Unix time has none.
///
/// # Errors
/// One sentence, if the text has another form or names a moment that does not exist.
pub fn parse_instant(text: &str) -> Result<Millis, String> {
    let wrong = |what: &str| format!("{} {what}", quoted(text));
    let fields = Fields::read(text).ok_or_else(|| wrong("is not an instant such as `2026-01-05T10:00:00Z`"))?;
    if !(1970..=9999).contains(&fields.year) {
        return Err(wrong("is not in a year from 1970 to 9999"));
    }
    if fields.day < 1 || fields.day > days_in_month(fields.year, fields.month) {
        return Err(wrong("names a day that does not exist"));
    }
    if fields.hour > 23 || fields.minute > 59 || fields.second > 59 {
        return Err(wrong("names a time of day that does not exist"));
    }
    if fields.offset_hour > 23 || fields.offset_minute > 59 {
        return Err(wrong("has an offset that does not exist"));
    }
    fields.to_utc().filter(|at| *at < YEAR_10000).ok_or_else(|| wrong("is not in a year from 1970 to 9999"))
}

/// The instant in UTC, as `2026-01-05T22:10:00Z`; with `.123` only when it is not on a whole second.
///
/// A year past 9999 is written in full, which [`parse_instant`] does not read back.
#[must_use]
pub fn format_instant(at: Millis) -> String {
    let (days, time) = (at / DAY, at % DAY);
    let (year, month, day) = date_of(days);
    let (hour, minute, second, millis) = (time / HOUR, time / MINUTE % 60, time / SECOND % 60, time % SECOND);
    let fraction = if millis == 0 { String::new() } else { format!(".{millis:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads `500ms`, `90s`, `5m`, `24h`, `7d`, `2w`, or a sum in falling units such as `1h30m`.
///
/// # Errors
/// One sentence: another form, a length of zero, or one that 64 bits of milliseconds can't hold.
pub fn parse_duration(text: &str) -> Result<Millis, String> {
    let wrong = |what: &str| format!("{} {what}", quoted(text));
    let form = "is not a duration such as `90s`, `24h` or `1h30m`";
    let (mut rest, mut units, mut total) = (text, UNITS.as_slice(), 0u64);
    while !rest.is_empty() {
        let (count, after) = split_digits(rest);
        let (unit, after) = after.split_at_checked(unit_length(after)).ok_or_else(|| wrong(form))?;
        if count.is_empty() || (count.len() > 1 && count.starts_with('0')) {
            return Err(wrong(form));
        }
        let place = units.iter().position(|(name, _)| *name == unit).ok_or_else(|| wrong(form))?;
        let (_, length) = units.get(place).ok_or_else(|| wrong(form))?;
        total = count
            .parse::<u64>()
            .ok()
            .and_then(|count| count.checked_mul(*length))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| wrong("is longer than can be counted"))?;
        // A sum falls: what comes next has a smaller unit.
        units = units.get(place.saturating_add(1)..).unwrap_or_default();
        rest = after;
    }
    match total {
        0 if text.is_empty() => Err(wrong(form)),
        0 => Err(wrong("is a length of zero")),
        _ => Ok(total),
    }
}

/// The duration in its shortest form: `90s` rather than `1m30s`, `1d` rather than `24h`.
///
/// Of equally short forms, the one with the larger first unit. Zero is `0s`, which [`parse_duration`] refuses.
#[must_use]
pub fn format_duration(length: Millis) -> String {
    // Each choice of units has one sum; there are only 63 choices. A budget's key has its window in it, so this is asked
    // several times for each decision: only the shortest is written out.
    let split = |choice: u8| {
        let (mut rest, mut counts) = (length, [0; UNITS.len()]);
        for (place, (count, (_, unit))) in (0u32..).zip(counts.iter_mut().zip(UNITS)) {
            if choice & 1u8.wrapping_shl(place) != 0 {
                *count = rest.checked_div(unit).unwrap_or(0);
                rest = rest.checked_rem(unit).unwrap_or(0);
            }
        }
        (rest == 0).then_some(counts)
    };
    let width = |counts: &[Millis; UNITS.len()]| -> usize {
        let digits = |count: Millis| count.checked_ilog10().and_then(|log| usize::try_from(log).ok()).unwrap_or(0);
        let chosen = counts.iter().zip(UNITS).filter(|(count, _)| **count > 0);
        chosen.map(|(count, (name, _))| digits(*count).saturating_add(1).saturating_add(name.len())).sum()
    };
    let best = (1u8..64).filter_map(split).filter(|counts| width(counts) > 0).min_by_key(width);
    let sum = best.map(|counts| {
        let chosen = counts.iter().zip(UNITS).filter(|(count, _)| **count > 0);
        chosen.map(|(count, (name, _))| format!("{count}{name}")).collect::<String>()
    });
    sum.unwrap_or_else(|| String::from("0s"))
}

/// The fields of an instant as written, not yet judged.
struct Fields {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millis: u64,
    /// Whether local time runs ahead of UTC.
    ahead: bool,
    offset_hour: u64,
    offset_minute: u64,
}

impl Fields {
    fn read(text: &str) -> Option<Self> {
        let (year, rest) = number(text, 4)?;
        let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
        let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
        let (hour, rest) = number(rest.strip_prefix('T')?, 2)?;
        let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
        let (second, rest) = number(rest.strip_prefix(':')?, 2)?;
        let (millis, rest) = match rest.strip_prefix('.') {
            None => (0, rest),
            Some(rest) => {
                let (digits, rest) = split_digits(rest);
                if digits.is_empty() || digits.len() > 9 {
                    return None;
                }
                (format!("{digits:0<3}").get(..3)?.parse().ok()?, rest)
            }
        };
        let (ahead, offset_hour, offset_minute) = if rest == "Z" {
            (true, 0, 0)
        } else {
            let ahead = rest.starts_with('+');
            let (hour, rest) = number(rest.strip_prefix(['+', '-'])?, 2)?;
            let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
            if !rest.is_empty() {
                return None;
            }
            (ahead, hour, minute)
        };
        Some(Self { year, month, day, hour, minute, second, millis, ahead, offset_hour, offset_minute })
    }

    /// `None` before the epoch.
    fn to_utc(&self) -> Option<Millis> {
        let in_millis = |count: u64, unit: Millis| count.saturating_mul(unit);
        let local = in_millis(days_before(self.year, self.month, self.day), DAY)
            .saturating_add(in_millis(self.hour, HOUR))
            .saturating_add(in_millis(self.minute, MINUTE))
            .saturating_add(in_millis(self.second, SECOND))
            .saturating_add(self.millis);
        let offset = in_millis(self.offset_hour, HOUR).saturating_add(in_millis(self.offset_minute, MINUTE));
        if self.ahead { local.checked_sub(offset) } else { local.checked_add(offset) }
    }
}

/// A number of exactly so many ASCII digits at the start, and what follows it.
fn number(text: &str, digits: usize) -> Option<(u64, &str)> {
    let (head, rest) = text.split_at_checked(digits)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((head.parse().ok()?, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unit_length(text: &str) -> usize {
    text.find(|character: char| !character.is_ascii_lowercase()).unwrap_or(text.len())
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Zero for a month that does not exist.
const fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    }
}

/// Days from the epoch to 1 January of a year from 1970 on.
const fn days_before_year(year: u64) -> u64 {
    let past = year.saturating_sub(1);
    let leap_days = (past / 4).saturating_sub(past / 100).saturating_add(past / 400);
    // 477 leap days lie before 1970.
    year.saturating_sub(1970).saturating_mul(365).saturating_add(leap_days.saturating_sub(477))
}

/// Days from the epoch to a date.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let earlier_months: u64 = (1..month).map(|earlier| days_in_month(year, earlier)).sum();
    days_before_year(year).saturating_add(earlier_months).saturating_add(day).saturating_sub(1)
}

/// The year, month and day that lie so many days after the epoch.
fn date_of(days: u64) -> (u64, u64, u64) {
    // 400 years have 146097 days: the guess is at most one year off.
    let mut year = (days.saturating_mul(400) / 146_097).saturating_add(1970);
    while days_before_year(year) > days {
        year = year.saturating_sub(1);
    }
    while days_before_year(year.saturating_add(1)) <= days {
        year = year.saturating_add(1);
    }
    let mut day = days.saturating_sub(days_before_year(year));
    let mut month = 1;
    while day >= days_in_month(year, month) && month < 12 {
        day = day.saturating_sub(days_in_month(year, month));
        month = month.saturating_add(1);
    }
    (year, month, day.saturating_add(1))
}

/// The month that a day lies in: its first day, and that of the next month, in days since the epoch.
#[must_use]
pub fn month_of(days: u64) -> (u64, u64) {
    let (year, month, day) = date_of(days);
    let first = days.saturating_add(1).saturating_sub(day);
    (first, first.saturating_add(days_in_month(year, month)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails should say where")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instants() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("1972-02-29T00:00:00Z", 68_169_600_000),
            ("2000-02-29T23:59:59Z", 951_868_799_000),
            ("2001-09-09T01:46:40Z", 1_000_000_000_000),
            ("2026-01-05T10:00:00Z", 1_767_607_200_000),
            ("2038-01-19T03:14:08Z", 2_147_483_648_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ];
        for (text, at) in cases {
            assert_eq!(parse_instant(text), Ok(at), "{text}");
            assert_eq!(format_instant(at), text);
        }
        let folded = [
            ("2026-01-05T11:00:00+01:00", "2026-01-05T10:00:00Z"),
            ("2026-01-05T04:30:00-05:30", "2026-01-05T10:00:00Z"),
            ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00Z"),
            ("1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00Z"),
            ("2026-01-05T10:00:00.5Z", "2026-01-05T10:00:00.500Z"),
            ("2026-01-05T10:00:00.123999999Z", "2026-01-05T10:00:00.123Z"),
            ("2026-01-05T10:00:00.000000001+00:00", "2026-01-05T10:00:00Z"),
        ];
        for (text, written) in folded {
            assert_eq!(parse_instant(text).map(format_instant), Ok(written.to_owned()), "{text}");
        }
    }

    #[test]
    fn moments_that_do_not_exist() {
        let refused = [
            "",
            "2026-01-05",
            "2026-01-05T10:00Z",
            "2026-01-05 10:00:00Z",
            "2026-01-05t10:00:00z",
            "2026-01-05T10:00:00",
            "2026-01-05T10:00:00+0100",
            "2026-01-05T10:00:00+01",
            "2026-01-05T10:00:00Z ",
            "2026-01-05T10:00:00ZZ",
            "2026-1-5T10:00:00Z",
            "+2026-01-05T10:00:00Z",
            "20260105T100000Z",
            "2026-01-05T10:00:00.Z",
            "2026-01-05T10:00:00.1234567890Z",
            "2026-01-05T10:00:00,5Z",
            "2026-02-29T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "2026-01-05T24:00:00Z",
            "2026-01-05T10:60:00Z",
            "2026-01-05T23:59:60Z",
            "2026-01-05T10:00:00+24:00",
            "2026-01-05T10:00:00+01:60",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-01:00",
            "２０２６-01-05T10:00:00Z",
            "2026-01-05T+1:00:00Z",
            "1767607200000",
            "é026-01-05T10:00:00Z",
        ];
        for text in refused {
            assert!(parse_instant(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_instant("2026-02-30T00:00:00Z").unwrap_err(),
            "`2026-02-30T00:00:00Z` names a day that does not exist"
        );
    }

    #[test]
    fn durations() {
        let cases = [
            ("500ms", 500),
            ("90s", 90_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
            ("7d", 604_800_000),
            ("2w", 1_209_600_000),
            ("1h30m", 5_400_000),
            ("1w1ms", 604_800_001),
            ("1h90m", 9_000_000),
            ("1h0m", 3_600_000),
            ("18446744073709551615ms", u64::MAX),
        ];
        for (text, length) in cases {
            assert_eq!(parse_duration(text), Ok(length), "{text}");
        }
        let refused = [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "+5m",
            "1.5h",
            "1e3s",
            "05m",
            "0s",
            "0h0m",
            "30m1h",
            "1h1h",
            "1hour",
            "1H",
            "1h 30m",
            "1y",
            "1M",
            "5ms5s",
            "1h30",
            "１h",
            "18446744073709551616ms",
            "30500568905w1d",
            "99999999999999999999w",
            "1hm",
            "µs",
        ];
        for text in refused {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        let written = [
            (0, "0s"),
            (500, "500ms"),
            (60_000, "1m"),
            (90_000, "90s"),
            (86_400_000, "1d"),
            (604_800_000, "1w"),
            (5_400_000, "90m"),
            (129_600_000, "36h"),
            (604_800_001, "1w1ms"),
            (90_000_001, "25h1ms"),
            (6_010_000, "6010s"),
        ];
        for (length, text) in written {
            assert_eq!(format_duration(length), text);
        }
    }

    proptest! {
        #[test]
        fn instants_round_trip(at in 0..YEAR_10000) {
            prop_assert_eq!(parse_instant(&format_instant(at)), Ok(at));
        }

        #[test]
        fn instants_are_written_in_order(at in 0..YEAR_10000 / SECOND, later in 1u64..100_000_000) {
            let (first, second) = (at.saturating_mul(SECOND), at.saturating_add(later).saturating_mul(SECOND));
            prop_assume!(second < YEAR_10000);
            prop_assert!(format_instant(first) < format_instant(second));
        }

        #[test]
        fn durations_round_trip(length in 1..=u64::MAX, shift in 0u32..64) {
            let length = length.wrapping_shr(shift).max(1);
            prop_assert_eq!(parse_duration(&format_duration(length)), Ok(length));
        }

        #[test]
        fn whole_durations_round_trip(count in 1u64..10_000, unit in prop::sample::select(UNITS.to_vec())) {
            let text = format!("{count}{}", unit.0);
            let length = parse_duration(&text).unwrap();
            prop_assert_eq!(length, count.saturating_mul(unit.1));
            prop_assert!(format_duration(length).len() <= text.len());
        }

        #[test]
        fn nothing_panics(text in any::<String>(), near in "[0-9TZ:.+wdhms-]{0,40}", at: u64) {
            let _ = (parse_instant(&text), parse_duration(&text), parse_instant(&near), parse_duration(&near));
            let _ = (format_instant(at), format_duration(at));
        }
    }
}
