//! An object of what was signed, with exactly the members that its scheme gives it, each in its one form.

use super::malformed;
use crate::json::Json;
use crate::reason::{Reason, Refusal};
use crate::words::quoted;

/// The longest signature, in hex digits. A wallet that is yet to be deployed wraps its factory's call in it (ERC-6492).
const MAX_SIGNATURE_DIGITS: usize = 8192;
/// The largest number of 256 bits.
const UINT256_MAX: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

/// An object whose member names are known to be the ones asked for.
pub(super) struct Members<'a> {
    value: &'a Json,
    place: &'a str,
}

impl<'a> Members<'a> {
    /// Refuses what is not an object, lacks a member, or has one more.
    pub(super) fn exactly(value: &'a Json, place: &'a str, keys: &[&str]) -> Result<Self, Refusal> {
        let Some(members) = value.as_object() else {
            return Err(malformed(place, format!("{}, not an object", value.kind())));
        };
        if let Some((extra, _)) = members.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            return Err(malformed(place, format!("the member {} is not part of it", quoted(extra))));
        }
        if let Some(missing) = keys.iter().find(|key| value.get(key).is_none()) {
            return Err(malformed(place, format!("the member `{missing}` is missing")));
        }
        Ok(Self { value, place })
    }

    /// The path of a member, for messages.
    pub(super) fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.place)
    }

    pub(super) fn member(&self, key: &str) -> Result<&'a Json, Refusal> {
        self.value.get(key).ok_or_else(|| malformed(&self.path(key), "missing"))
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, Refusal> {
        let value = self.member(key)?;
        value.as_str().ok_or_else(|| malformed(&self.path(key), format!("{}, not a string", value.kind())))
    }

    /// An EVM address, in lower case. The zero address is one: it is refused by not being the one held.
    pub(super) fn address(&self, key: &str) -> Result<String, Refusal> {
        let text = self.text(key)?;
        match hex_digits(text) {
            Some(40) => Ok(text.to_ascii_lowercase()),
            _ => Err(malformed(&self.path(key), format!("{} is not an address", quoted(text)))),
        }
    }

    /// 32 bytes of 0x-hex, in lower case.
    pub(super) fn bytes32(&self, key: &str) -> Result<String, Refusal> {
        let text = self.text(key)?;
        match hex_digits(text) {
            Some(64) => Ok(text.to_ascii_lowercase()),
            _ => Err(malformed(&self.path(key), format!("{} is not 32 bytes of hex", quoted(text)))),
        }
    }

    /// A plain decimal integer of at most 256 bits. Signers also take `0x10` and numbers; what they make of those is
    /// theirs to know.
    pub(super) fn uint(&self, key: &str) -> Result<&'a str, Refusal> {
        let text = self.text(key)?;
        let plain = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'))
            && (text.len() < UINT256_MAX.len() || (text.len() == UINT256_MAX.len() && text <= UINT256_MAX));
        if plain {
            Ok(text)
        } else {
            Err(malformed(&self.path(key), format!("{} is not a plain integer", quoted(text))))
        }
    }

    /// A moment in seconds since the epoch. One beyond 64 bits is `u64::MAX`.
    pub(super) fn seconds(&self, key: &str) -> Result<u64, Refusal> {
        Ok(self.uint(key)?.parse().unwrap_or(u64::MAX))
    }

    /// A signature: whole bytes of hex, at least one, as contracts define their own.
    pub(super) fn signature(&self, key: &str) -> Result<(), Refusal> {
        match hex_digits(self.text(key)?) {
            Some(digits) if digits % 2 == 0 && (2..=MAX_SIGNATURE_DIGITS).contains(&digits) => Ok(()),
            _ => Err(malformed(&self.path(key), "not the hex of a signature")),
        }
    }

    /// Refuses a member that is not the one held.
    pub(super) fn same(&self, key: &str, signed: &str, held: &str, reason: Reason) -> Result<(), Refusal> {
        if signed == held {
            return Ok(());
        }
        Err(Refusal::at(reason, self.path(key), format!("{} where `{held}` is held", quoted(signed))))
    }
}

/// How many hex digits follow the `0x`, if nothing else does.
fn hex_digits(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("0x")?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digits.len())
}
