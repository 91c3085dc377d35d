//! A line of the log, read back: what every reader of it needs, and the whole record for those who need more.

use crate::audit::canonical::line;
use crate::audit::tree::{Hash, leaf};
use crate::audit::{FORMAT, MAX_RECORD};
use crate::json::{Json, parse_own};
use crate::time::{Millis, parse_instant};

/// A record.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its sequence number, from 0.
    pub seq: u64,
    /// Its time.
    pub at: Millis,
    /// What became of the event, in one word.
    pub kind: String,
    /// The hash of the policy in force.
    pub policy: String,
    /// The leaf hash of the record before.
    pub prev: Hash,
    /// The running hash over the ledger's changes.
    pub state: Hash,
    /// The HMAC, if there is one.
    pub tag: Option<Hash>,
    /// Its own leaf hash.
    pub leaf: Hash,
    /// All of it.
    pub json: Json,
}

impl Entry {
    /// Reads a line, without its line feed.
    ///
    /// # Errors
    /// What is wrong, as a stable code, and one sentence.
    pub fn read(text: &str) -> Result<Self, (&'static str, String)> {
        if text.len() > MAX_RECORD {
            return Err(("too_long", format!("{} bytes, more than the {MAX_RECORD} of a record", text.len())));
        }
        let json = parse_own(text).map_err(|error| ("not_json", error))?;
        if line(&json) != text {
            return Err(("not_canonical", String::from("not written as the log writes it")));
        }
        let member = |name: &str| {
            json.get(name).and_then(Json::as_str).ok_or_else(|| ("malformed", format!("`{name}` is missing")))
        };
        if member("format")? != FORMAT {
            return Err(("malformed", format!("`format` is not `{FORMAT}`")));
        }
        let hash = |name: &str| {
            Hash::parse(member(name)?).ok_or_else(|| ("malformed", format!("`{name}` is not a SHA-256 in hex")))
        };
        let seq =
            json.get("seq").and_then(Json::as_u64).ok_or_else(|| ("malformed", String::from("`seq` is missing")))?;
        if json.get("event").is_none() || json.get("answer").is_none() {
            return Err(("malformed", String::from("`event` or `answer` is missing")));
        }
        Ok(Self {
            seq,
            at: parse_instant(member("at")?).map_err(|error| ("malformed", format!("`at`: {error}")))?,
            kind: member("kind")?.to_owned(),
            policy: member("policy")?.to_owned(),
            prev: hash("prev")?,
            state: hash("state")?,
            tag: json.get("tag").map(|_| hash("tag")).transpose()?,
            leaf: leaf(text.as_bytes()),
            json,
        })
    }

    /// A text of the event.
    #[must_use]
    pub fn event(&self, name: &str) -> &str {
        self.json.get("event").and_then(|event| event.get(name)).and_then(Json::as_str).unwrap_or_default()
    }

    /// The id of the payment that it is about. A request that goes on with an earlier question is that one's payment, and
    /// only the answer says so.
    #[must_use]
    pub fn payment(&self) -> &str {
        match self.answer("id") {
            "" => self.event("id"),
            id => id,
        }
    }

    /// Which countersignatures were good, for a replay.
    #[must_use]
    pub fn proven(&self) -> Vec<String> {
        let marks = self.json.get("proven").and_then(Json::as_array).unwrap_or_default();
        marks.iter().filter_map(Json::as_str).map(str::to_owned).collect()
    }

    /// A text of the answer.
    #[must_use]
    pub fn answer(&self, name: &str) -> &str {
        self.json.get("answer").and_then(|answer| answer.get(name)).and_then(Json::as_str).unwrap_or_default()
    }

    /// The holds that the event changed.
    #[must_use]
    pub fn holds(&self) -> &[Json] {
        self.json.get("holds").and_then(Json::as_array).unwrap_or_default()
    }
}

/// The lines of a log that comes in pieces. A line ends at a line feed and nowhere else.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
    overlong: bool,
}

impl Lines {
    /// Takes the next piece, and gives each whole line to `each`; one that is no UTF-8, or far too long, as nothing.
    pub fn push(&mut self, mut piece: &[u8], mut each: impl FnMut(Option<&str>)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (piece.get(..end).unwrap_or_default(), piece.get(end.saturating_add(1)..));
            piece = rest.unwrap_or_default();
            if self.rest.is_empty() && !self.overlong {
                each(std::str::from_utf8(line).ok());
                continue;
            }
            self.keep(line);
            each(std::str::from_utf8(&self.rest).ok().filter(|_| !self.overlong));
            self.rest.clear();
            self.overlong = false;
        }
        self.keep(piece);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.overlong |= self.rest.len().saturating_add(bytes.len()) > MAX_RECORD;
        if !self.overlong {
            self.rest.extend_from_slice(bytes);
        }
    }

    /// What follows the last line feed.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }
}
