//! The words of a policy: the choices, spans and hours that its members are written in.

use crate::json::Json;
use crate::money::{Rate, Usd};
use crate::offer::{Flow, Scheme};
use crate::policy::read::{Read, Reader, choose};
use crate::time::{Millis, format_duration, parse_duration};

/// Declares a choice of words: its enum with its schema, its reader, and the word of each.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[doc = $doc])+ #[cfg_attr(feature = "schema", schemars(rename = $word))] $variant,)* }

        impl $name {
            /// The word as it is written.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl $crate::policy::read::Read for $name {
            fn read(json: &$crate::json::Json, reader: &mut $crate::policy::read::Reader) -> Option<Self> {
                $crate::policy::read::choose(json, reader, &[$(($word, $name::$variant)),*])
            }
        }
    };
}
#[cfg(feature = "privacy")]
pub(crate) use words;

words! {
    /// What a budget or a rate keeps a counter for.
    pub enum Per {
        /// One counter for everything.
        All = "all",
        /// One for each agent.
        Agent = "agent",
        /// One for each client.
        Client = "client",
        /// One for each session.
        Session = "session",
        /// One for each requested host.
        Vendor = "vendor",
        /// One for each requested origin and path.
        Endpoint = "endpoint",
        /// One for each address that is paid, on its network.
        Payee = "payee",
        /// One for each network.
        Network = "network",
    }
}

words! {
    /// To let something be, or not.
    pub enum Choice {
        /// It may be.
        Allow = "allow",
        /// It may not be.
        Deny = "deny",
    }
}

words! {
    /// What becomes of the payments that a rule speaks of, from the mildest to the strictest.
    pub enum Then {
        /// They are spoken for; no limit is lifted by that.
        Allow = "allow",
        /// They are paid, and marked.
        Flag = "flag",
        /// People decide.
        RequireApproval = "require_approval",
        /// They are denied.
        Deny = "deny",
    }
}

words! {
    /// What becomes of a payment when something is not what it was.
    pub enum OnChange {
        /// It is paid, and marked.
        Warn = "warn",
        /// People decide.
        Approve = "approve",
        /// It is denied.
        Deny = "deny",
    }
}

words! {
    /// What becomes of a payment for which a fact is missing.
    pub enum OnMissing {
        /// It is denied.
        Deny = "deny",
        /// It is judged without that fact.
        Allow = "allow",
    }
}

words! {
    /// When the same payment is refused a second time.
    pub enum ReplayMode {
        /// Each call is an intent of its own: only one that gives the same idempotency key again is refused.
        Intent = "intent",
        /// So is a payment that is the same as an earlier one, unless it gives a key.
        Strict = "strict",
    }
}

words! {
    /// What becomes of a payment that comes too soon.
    pub enum RateThen {
        /// It is denied.
        Deny = "deny",
        /// It waits until it may be made.
        Delay = "delay",
    }
}

words! {
    /// A level of risk, by the operator's facts.
    pub enum RiskWord {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
    }
}

words! {
    /// A day of the week.
    pub enum DayWord {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }
}

words! {
    /// A calendar's window.
    pub enum Calendar {
        /// From midnight to midnight.
        Day = "day",
        /// From Monday's midnight to the next.
        Week = "week",
        /// From the first of a month to the first of the next.
        Month = "month",
    }
}

impl Read for Scheme {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        choose(json, reader, &[("exact", Scheme::Exact), ("upto", Scheme::Upto)])
    }
}

impl Read for Flow {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let words = [("authorization", Flow::Authorization), ("upfront", Flow::Upfront), ("escrow", Flow::Escrow)];
        choose(json, reader, &words)
    }
}

/// A length of time as written, such as `24h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Millis);

impl Read for Span {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let Some(text) = json.as_str() else { return reader.expected("a length of time such as \"24h\"", json) };
        parse_duration(text).map(Span).map_err(|error| reader.fail(error)).ok()
    }
}

/// How long a spend counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowWord {
    /// For this many milliseconds after it was captured.
    Rolling(Millis),
    /// In the period in which it was authorized.
    Calendar(Calendar),
    /// For as long as the session has its name.
    Session,
    /// For ever.
    Lifetime,
}

impl WindowWord {
    /// The window as it is written, in its shortest form; part of the key of a budget's cell.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            WindowWord::Rolling(span) => format_duration(span),
            WindowWord::Calendar(period) => period.word().to_owned(),
            WindowWord::Session => String::from("session"),
            WindowWord::Lifetime => String::from("lifetime"),
        }
    }
}

impl Read for WindowWord {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let expected = "a span such as `24h`, or `day`, `week`, `month`, `session`, `lifetime`";
        match json.as_str() {
            Some("session") => Some(WindowWord::Session),
            Some("lifetime") => Some(WindowWord::Lifetime),
            Some("day") => Some(WindowWord::Calendar(Calendar::Day)),
            Some("week") => Some(WindowWord::Calendar(Calendar::Week)),
            Some("month") => Some(WindowWord::Calendar(Calendar::Month)),
            Some(text) => match parse_duration(text) {
                Ok(span) => Some(WindowWord::Rolling(span)),
                Err(error) => {
                    reader.fail(format!("expected {expected}; {error}"));
                    None
                }
            },
            None => reader.expected(expected, json),
        }
    }
}

impl Per {
    /// These words, each once, in their order.
    pub(super) fn in_order(words: &[Per]) -> Vec<Per> {
        let all =
            [Per::All, Per::Agent, Per::Client, Per::Session, Per::Vendor, Per::Endpoint, Per::Payee, Per::Network];
        all.into_iter().filter(|word| words.contains(word)).collect()
    }
}

/// One word, or a list of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerWords(pub Vec<Per>);

impl Read for PerWords {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let words = Per::in_order(&match json {
            Json::Array(_) => Vec::<Per>::read(json, reader)?,
            _ => vec![Per::read(json, reader)?],
        });
        if words.is_empty() {
            return reader.expected("at least one word", json);
        }
        if words.len() > 1 && words.contains(&Per::All) {
            return reader.expected("`all` alone, or other words", json);
        }
        Some(PerWords(words))
    }
}

/// One file, or a list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWords(pub Vec<String>);

impl Read for FileWords {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        match json {
            Json::Array(_) => Vec::<String>::read(json, reader).map(FileWords),
            _ => String::read(json, reader).map(|file| FileWords(vec![file])),
        }
    }
}

/// Hours of a day, in minutes since midnight. From 22:00 to 06:00 goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoursWord {
    /// The first minute.
    pub from: u32,
    /// The minute after the last.
    pub to: u32,
}

impl HoursWord {
    /// Whether a minute of the day lies in them.
    #[must_use]
    pub const fn covers(self, minute: u32) -> bool {
        if self.from < self.to {
            minute >= self.from && minute < self.to
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

impl Read for HoursWord {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let read = json.as_str().and_then(|text| text.split_once('-')).and_then(|(from, to)| {
            let hours = HoursWord { from: minute(from)?, to: minute(to)? };
            (hours.from < 1_440 && hours.from != hours.to).then_some(hours)
        });
        read.or_else(|| reader.expected("hours such as \"09:00-17:30\"", json))
    }
}

/// `24:00` is the end of the day.
fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two =
        |text: &str| (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u32>().ok());
    let (hour, minute) = (two(hour)??, two(minute)??);
    let total = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && total <= 1_440).then_some(total)
}

/// A share in per cent, kept in hundredths of a per cent: `12.5` is 1250.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share100(pub u64);

impl Read for Share100 {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        // Read like dollars: exact decimals, from a number or a text.
        const HUNDREDTH: u128 = 10_000_000_000_000_000;
        let exact = Usd::from_json(json).ok().map(Usd::get).filter(|value| value.is_multiple_of(HUNDREDTH));
        let read = exact.and_then(|value| u64::try_from(value / HUNDREDTH).ok()).filter(|share| *share <= 100_000_000);
        read.map(Share100).or_else(|| reader.expected("per cent such as 10 or 12.5", json))
    }
}

impl Read for Rate {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let usd = Usd::read(json, reader)?;
        if usd == Usd::ZERO {
            return reader.expected("a rate above zero", json);
        }
        Some(Rate::new(usd.get()))
    }
}

impl Read for bool {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(*value),
            _ => reader.expected("true or false", json),
        }
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{FileWords, HoursWord, Per, PerWords, Share100, Span, WindowWord};

    impl JsonSchema for Span {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("Span")
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "string", "pattern": r"^([0-9]+(ms|s|m|h|d|w))+$",
                "description": "A length of time, such as `30s`, `24h` or `1h30m`."
            })
        }
    }

    impl JsonSchema for WindowWord {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("Window")
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "string", "pattern": r"^(session|lifetime|day|week|month|([0-9]+(ms|s|m|h|d|w))+)$",
                "description": "A rolling span such as `24h`, or `day`, `week`, `month`, `session`, `lifetime`."
            })
        }
    }

    impl JsonSchema for PerWords {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("PerWords")
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let word = generator.subschema_for::<Per>();
            json_schema!({
                "description": "One word, or a list of words: a counter for each combination.",
                "anyOf": [word, { "type": "array", "items": word, "minItems": 1 }]
            })
        }
    }

    impl JsonSchema for FileWords {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("Files")
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "description": "One path, or a list of paths; the later ones stand on the earlier ones.",
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
            })
        }
    }

    impl JsonSchema for HoursWord {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("Hours")
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "string", "pattern": r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$",
                "description": "Hours of a day, such as `09:00-17:30`; `22:00-06:00` goes over midnight."
            })
        }
    }

    impl JsonSchema for Share100 {
        fn schema_name() -> Cow<'static, str> {
            Cow::Borrowed("Percent")
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,2})?$" }],
                "description": "A share in per cent, with at most two decimals, such as `12.5`."
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Read>(text: &str) -> Option<T> {
        let mut reader = Reader::default();
        let value = T::read(&crate::json::parse(text).ok()?, &mut reader);
        assert_eq!(value.is_none(), !reader.errors.is_empty(), "{text}");
        value
    }

    #[test]
    fn hours() {
        assert_eq!(read("\"09:00-17:30\""), Some(HoursWord { from: 540, to: 1_050 }));
        assert_eq!(read("\"22:00-06:00\""), Some(HoursWord { from: 1_320, to: 360 }));
        assert_eq!(read("\"00:00-24:00\""), Some(HoursWord { from: 0, to: 1_440 }));
        for text in [
            "\"9:00-17:00\"",
            "\"09:00\"",
            "\"25:00-26:00\"",
            "\"09:60-10:00\"",
            "\"09:00-09:00\"",
            "\"24:00-01:00\"",
            "9",
        ] {
            assert_eq!(read::<HoursWord>(text), None, "{text}");
        }
        let night = HoursWord { from: 1_320, to: 360 };
        assert!(
            night.covers(1_320) && night.covers(0) && night.covers(359) && !night.covers(360) && !night.covers(1_319)
        );
    }

    #[test]
    fn per_cent_is_exact() {
        assert_eq!(read("12.5"), Some(Share100(1_250)));
        assert_eq!(read("\"0.01\""), Some(Share100(1)));
        assert_eq!(read("0"), Some(Share100(0)));
        for text in ["\"0.001\"", "-1", "\"10%\"", "null"] {
            assert_eq!(read::<Share100>(text), None, "{text}");
        }
    }
}
