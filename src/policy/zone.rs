//! Time zones without a clock or a database: the wrapper hands in, for each zone that the policy names, the moments at
//! which its offset changes. They are part of the document, and so of its hash.

use crate::json::Json;
use crate::order::Map;
use crate::policy::read::{Read, Reader};
use crate::policy::words::{Calendar, DayWord};
use crate::time::Millis;

const MINUTE: Millis = 60_000;
const DAY: Millis = 86_400_000;

/// A zone's offsets. `UTC` has one, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// From when on, in milliseconds since the epoch, so many minutes east of UTC; the first from the beginning.
    offsets: Vec<(Millis, i64)>,
    /// From here on nobody knows the offset.
    until: Millis,
}

/// The tables that a document carries, by the name of the zone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZoneTables(pub Map<Zone>);

/// A moment, as people in a zone read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The day of the week.
    pub day: DayWord,
    /// Minutes since midnight.
    pub minute: u32,
}

impl Zone {
    /// Universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { offsets: vec![(0, 0)], until: Millis::MAX }
    }

    /// What clocks and calendars of the zone show; nothing where its table has ended.
    #[must_use]
    pub fn local(&self, at: Millis) -> Option<Local> {
        let local = self.shifted(at)?;
        let day = match (local / DAY) % 7 {
            // The epoch was a Thursday.
            0 => DayWord::Thu,
            1 => DayWord::Fri,
            2 => DayWord::Sat,
            3 => DayWord::Sun,
            4 => DayWord::Mon,
            5 => DayWord::Tue,
            _ => DayWord::Wed,
        };
        Some(Local { day, minute: u32::try_from((local % DAY) / MINUTE).ok()? })
    }

    /// The period of a calendar that a moment lies in: its first moment, and that of the next one.
    #[must_use]
    pub fn period(&self, calendar: Calendar, at: Millis) -> Option<(Millis, Millis)> {
        let today = self.shifted(at)? / DAY;
        let (first, next) = match calendar {
            Calendar::Day => (today, today.checked_add(1)?),
            Calendar::Week => {
                // Day 4 after the epoch was a Monday.
                let first = today.checked_sub(today.checked_add(3)? % 7)?;
                (first, first.checked_add(7)?)
            }
            Calendar::Month => crate::time::month_of(today),
        };
        Some((self.midnight(first)?, self.midnight(next)?))
    }

    /// Milliseconds since the epoch as clocks of the zone count them.
    fn shifted(&self, at: Millis) -> Option<Millis> {
        if at >= self.until {
            return None;
        }
        at.checked_add_signed(self.offset(at)?.checked_mul(60_000)?)
    }

    fn offset(&self, at: Millis) -> Option<i64> {
        let place = self.offsets.partition_point(|(from, _)| *from <= at);
        self.offsets.get(place.saturating_sub(1)).map(|(_, offset)| *offset)
    }

    /// The first moment of a local day. Where clocks skip midnight, the moment at which they skip it.
    fn midnight(&self, day: u64) -> Option<Millis> {
        let local = day.checked_mul(DAY)?;
        let fits = |from: Millis, offset: i64| {
            let at = local.checked_add_signed(offset.checked_mul(-60_000)?)?;
            // Earlier than the offset's own beginning: the clocks were put over midnight there.
            Some(at.max(from))
        };
        let mut found = None;
        for (index, (from, offset)) in self.offsets.iter().enumerate() {
            let end = self.offsets.get(index.saturating_add(1)).map_or(Millis::MAX, |(next, _)| *next);
            if let Some(at) = fits(*from, *offset).filter(|at| *at < end) {
                found = Some(at);
                break;
            }
        }
        found
    }
}

/// `{"Europe/Berlin": {"until": 2524608000000, "offsets": [[0, 60], [1679792400000, 120], …]}}`
impl Read for ZoneTables {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let Some(members) = json.as_object() else { return reader.expected("a table of time zones", json) };
        let mut zones = Map::default();
        for (name, table) in members {
            match reader.member(name, |r| zone(table, r)) {
                Some(zone) => zones.insert(name.clone(), zone),
                None => return None,
            }
        }
        Some(ZoneTables(zones))
    }
}

fn zone(json: &Json, reader: &mut Reader) -> Option<Zone> {
    reader.members(json, &["until", "offsets"])?;
    let until = json.get("until").and_then(Json::as_u64);
    let offsets: Option<Vec<(Millis, i64)>> = json.get("offsets").and_then(Json::as_array).and_then(|rows| {
        rows.iter()
            .map(|row| match row.as_array() {
                Some([from, Json::Number(minutes)]) => Some((from.as_u64()?, minutes.as_i64()?)),
                _ => None,
            })
            .collect()
    });
    let well_formed = |offsets: &Vec<(Millis, i64)>| {
        offsets.first().is_some_and(|(from, _)| *from == 0)
            && offsets.is_sorted_by(|a, b| a.0 < b.0)
            && offsets.iter().all(|(_, minutes)| minutes.unsigned_abs() <= 18 * 60)
    };
    match (until, offsets.filter(well_formed)) {
        (Some(until), Some(offsets)) => Some(Zone { offsets, until }),
        _ => reader.expected("`until` and rising `offsets` from 0 on, as the wrapper makes them", json),
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ZoneTables {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("ZoneTables")
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "The offsets of the time zones that the policy names. The wrapper fills this in; leave it out.",
            "additionalProperties": {
                "type": "object",
                "description": "A zone's offsets.",
                "required": ["until", "offsets"],
                "additionalProperties": false,
                "properties": {
                    "until": {
                        "type": "integer", "minimum": 0,
                        "description": "From here on nobody knows the offset, in milliseconds since the epoch."
                    },
                    "offsets": {
                        "type": "array", "minItems": 1,
                        "description": "From when on, in milliseconds since the epoch, so many minutes east of UTC.",
                        "items": { "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "integer" } }
                    }
                }
            }
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't read its own times has failed")]
mod tests {
    use super::*;
    use crate::time::{format_instant, parse_instant};

    fn berlin() -> Zone {
        let rows = [("2025-10-26T01:00:00Z", 60), ("2026-03-29T01:00:00Z", 120), ("2026-10-25T01:00:00Z", 60)];
        let offsets = rows.iter().map(|(at, minutes)| (parse_instant(at).unwrap(), *minutes));
        Zone {
            offsets: [(0, 120)].into_iter().chain(offsets).collect(),
            until: parse_instant("2030-01-01T00:00:00Z").unwrap(),
        }
    }

    fn period(zone: &Zone, calendar: Calendar, at: &str) -> (String, String) {
        let (from, to) = zone.period(calendar, parse_instant(at).unwrap()).unwrap();
        (format_instant(from), format_instant(to))
    }

    #[test]
    fn periods_begin_at_local_midnight_and_days_are_as_long_as_they_are() {
        let cases = [
            (Calendar::Day, "2026-01-05T23:30:00Z", "2026-01-05T23:00:00Z", "2026-01-06T23:00:00Z"),
            (Calendar::Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            (Calendar::Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            (Calendar::Week, "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"),
            (Calendar::Month, "2026-03-31T21:59:59Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
            (Calendar::Month, "2026-12-31T23:00:00Z", "2026-12-31T23:00:00Z", "2027-01-31T23:00:00Z"),
        ];
        for (calendar, at, from, to) in cases {
            assert_eq!(period(&berlin(), calendar, at), (from.to_owned(), to.to_owned()), "{calendar:?} {at}");
        }
        assert_eq!(period(&Zone::utc(), Calendar::Week, "2026-01-05T00:00:00Z").0, "2026-01-05T00:00:00Z");
        assert_eq!(period(&Zone::utc(), Calendar::Month, "2028-02-29T12:00:00Z").1, "2028-03-01T00:00:00Z");
    }

    #[test]
    fn a_midnight_that_is_skipped_is_the_moment_of_the_skip() {
        // Clocks go from 24:00 to 01:00, as they did in parts of South America.
        let skip = parse_instant("2026-03-01T03:00:00Z").unwrap();
        let zone = Zone { offsets: vec![(0, -180), (skip, -120)], until: Millis::MAX };
        assert_eq!(period(&zone, Calendar::Day, "2026-03-01T05:00:00Z").0, "2026-03-01T03:00:00Z");
        assert_eq!(period(&zone, Calendar::Day, "2026-03-01T02:59:59Z").1, "2026-03-01T03:00:00Z");
    }

    #[test]
    fn every_moment_lies_in_its_own_period_and_periods_join() {
        let zone = berlin();
        let mut at = parse_instant("2026-03-27T00:00:00Z").unwrap();
        while at < parse_instant("2026-04-02T00:00:00Z").unwrap() {
            for calendar in [Calendar::Day, Calendar::Week, Calendar::Month] {
                let (from, to) = zone.period(calendar, at).unwrap();
                assert!(from <= at && at < to, "{calendar:?} {}", format_instant(at));
                assert_eq!(zone.period(calendar, to).unwrap().0, to);
            }
            at = at.saturating_add(1_800_000);
        }
    }

    #[test]
    fn local_days_and_minutes() {
        let monday = parse_instant("2026-01-05T08:15:30Z").unwrap();
        assert_eq!(berlin().local(monday), Some(Local { day: DayWord::Mon, minute: 555 }));
        assert_eq!(Zone::utc().local(0), Some(Local { day: DayWord::Thu, minute: 0 }));
        assert_eq!(berlin().local(parse_instant("2030-01-01T00:00:00Z").unwrap()), None);
    }
}
