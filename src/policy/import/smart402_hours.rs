//! Hours and days of several restrictions that all hold: what is left of the day.

use super::draft::{Draft, table, text, texts};
use crate::json::Json;

const MINUTES: usize = 1_440;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What is open so far.
#[derive(Debug, Default)]
pub(super) struct Opening {
    minutes: Option<Vec<bool>>,
    days: Option<[bool; 7]>,
}

impl Opening {
    /// Keeps those minutes that lie in one of the spans, each from its first minute to the one after its last.
    pub fn restrict_hours(&mut self, spans: &[(usize, usize)]) {
        let covers = |minute: usize| {
            spans.iter().any(
                |&(from, to)| {
                    if from < to { minute >= from && minute < to } else { minute >= from || minute < to }
                },
            )
        };
        let minutes = self.minutes.get_or_insert_with(|| vec![true; MINUTES]);
        for (minute, open) in minutes.iter_mut().enumerate() {
            *open = *open && covers(minute);
        }
    }

    /// Keeps these days.
    pub fn restrict_days(&mut self, allowed: &[&str]) {
        let days = self.days.get_or_insert([true; 7]);
        for (day, open) in DAYS.iter().zip(days.iter_mut()) {
            *open = *open && allowed.contains(day);
        }
    }

    /// Writes the schedule. What is never open is a rule that denies: a schedule has no word for it.
    pub fn write(&self, draft: &mut Draft) {
        let spans = self.minutes.as_deref().map(spans);
        let days = self.days.map(|days| {
            let open = DAYS.iter().zip(days).filter(|(_, open)| *open);
            open.map(|(day, _)| *day).collect::<Vec<_>>()
        });
        if spans.as_ref().is_some_and(Vec::is_empty) || days.as_ref().is_some_and(Vec::is_empty) {
            let name = draft.name("never-open");
            draft.push("rules", table([("name", Some(text(&name))), ("then", Some(text("deny")))]));
            return;
        }
        if let Some(spans) = spans {
            draft.set("schedule.hours", texts(&spans));
        }
        if let Some(days) = days {
            draft.set("schedule.days", texts(&days));
        }
    }
}

/// The open minutes as spans such as `22:00-06:00`; one over midnight is one span.
fn spans(minutes: &[bool]) -> Vec<String> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (minute, _) in minutes.iter().enumerate().filter(|(_, open)| **open) {
        let after = minute.saturating_add(1);
        match spans.last_mut() {
            Some((_, to)) if *to == minute => *to = after,
            _ => spans.push((minute, after)),
        }
    }
    let last = spans.last().copied();
    if let (Some((0, to)), Some((from, MINUTES))) = (spans.first().copied(), last)
        && spans.len() > 1
    {
        spans.pop();
        if let Some(first) = spans.first_mut() {
            *first = (from, to);
        }
    }
    let clock = |minute: usize| format!("{:02}:{:02}", minute / 60, minute % 60);
    spans.into_iter().map(|(from, to)| format!("{}-{}", clock(from), clock(to))).collect()
}

/// The day that is meant.
pub(super) fn day(json: &Json) -> Option<&'static str> {
    let text = json.as_str()?.to_ascii_lowercase();
    let full = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.into_iter().zip(full).find(|(short, long)| text == *short || text == *long).map(|(short, _)| short)
}

/// A minute of the day, from a whole hour or a time such as `09:30`. The day's end is 1440.
pub(super) fn minute(json: &Json) -> Option<usize> {
    let (hour, minute) = match json {
        Json::String(text) => {
            let (hour, minute) = text.split_once(':')?;
            (hour.parse::<usize>().ok()?, minute.parse::<usize>().ok().filter(|m| *m < 60 && minute.len() == 2)?)
        }
        _ => (usize::try_from(json.as_u64()?).ok()?, 0),
    };
    hour.checked_mul(60)?.checked_add(minute).filter(|total| *total <= MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restrictions_meet() {
        for (restrictions, expected) in [
            (vec![vec![(540, 1020)]], vec!["09:00-17:00"]),
            (vec![vec![(540, 1020)], vec![(600, 1200)]], vec!["10:00-17:00"]),
            (vec![vec![(1320, 360)]], vec!["22:00-06:00"]),
            (vec![vec![(1320, 360)], vec![(0, 1440)]], vec!["22:00-06:00"]),
            (vec![vec![(0, 1440)]], vec!["00:00-24:00"]),
            (vec![vec![(540, 720), (780, 1020)]], vec!["09:00-12:00", "13:00-17:00"]),
            (vec![vec![(540, 720)], vec![(780, 1020)]], vec![]),
        ] {
            let mut opening = Opening::default();
            restrictions.iter().for_each(|spans| opening.restrict_hours(spans));
            assert_eq!(opening.minutes.as_deref().map(spans).unwrap_or_default(), expected);
        }
    }
}
