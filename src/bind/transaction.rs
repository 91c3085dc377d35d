//! Solana's wire format: a transaction is signatures and a message; a message is accounts and instructions on them.
//! Legacy and version 0 messages are read. Anything that would let the same bytes be read in two ways is refused.

use super::malformed;
use crate::reason::Refusal;

/// The most bytes of a transaction: a packet of the network.
const MAX_BYTES: usize = 1232;

/// A decoded message.
pub(super) struct Message<'a> {
    /// How many of the accounts sign: the first ones, the very first of which pays the fee.
    pub(super) signers: usize,
    /// The accounts, each once.
    pub(super) accounts: Vec<&'a [u8; 32]>,
    /// What is done, in order.
    pub(super) instructions: Vec<Instruction<'a>>,
}

/// One instruction: a program, the accounts that it is given, and its data.
pub(super) struct Instruction<'a> {
    pub(super) program: &'a [u8; 32],
    pub(super) accounts: Vec<&'a [u8; 32]>,
    pub(super) data: &'a [u8],
}

/// Splits a transaction into its signatures and the bytes of its message.
pub(super) fn split<'a>(bytes: &'a [u8], field: &str) -> Result<(Vec<&'a [u8; 64]>, &'a [u8]), Refusal> {
    let mut reader = Reader(bytes);
    let read = |reader: &mut Reader<'a>| {
        let count = reader.length()?;
        (0..count).map(|_| reader.array::<64>()).collect::<Option<Vec<_>>>()
    };
    match read(&mut reader) {
        Some(signatures) => Ok((signatures, reader.0)),
        None => Err(malformed(field, "not a Solana transaction")),
    }
}

impl<'a> Message<'a> {
    /// Reads a message.
    pub(super) fn read(bytes: &'a [u8], field: &str) -> Result<Self, Refusal> {
        let (version_0, bytes) = match bytes.split_first() {
            Some((0x80, rest)) => (true, rest),
            Some((0x81.., _)) => return Err(malformed(field, "a Solana message of an unknown version")),
            _ => (false, bytes),
        };
        let mut reader = Reader(bytes);
        let message = Self::read_body(&mut reader).ok_or_else(|| malformed(field, "not a Solana message"))?;
        // A lookup table names accounts that are not in the message: nobody could say what is being signed.
        if version_0 && reader.length() != Some(0) {
            return Err(malformed(field, "it uses an address lookup table"));
        }
        if !reader.0.is_empty() {
            return Err(malformed(field, format!("{} bytes follow the message", reader.0.len())));
        }
        message.check_accounts(field)?;
        Ok(message)
    }

    fn read_body(reader: &mut Reader<'a>) -> Option<Self> {
        let [signers, _read_only_signers, _read_only_others] = *reader.array::<3>()?;
        let count = reader.length()?;
        let accounts = (0..count).map(|_| reader.array::<32>()).collect::<Option<Vec<_>>>()?;
        let _blockhash = reader.array::<32>()?;
        let count = reader.length()?;
        let instructions = (0..count).map(|_| Instruction::read(reader, &accounts)).collect::<Option<Vec<_>>>()?;
        Some(Self { signers: usize::from(signers), accounts, instructions })
    }

    /// Each account once, and none that nothing uses.
    fn check_accounts(&self, field: &str) -> Result<(), Refusal> {
        for (index, account) in self.accounts.iter().enumerate() {
            if self.accounts.iter().skip(index.saturating_add(1)).any(|other| other == account) {
                return Err(malformed(field, "an account is listed twice"));
            }
            let used = index == 0
                || self.instructions.iter().any(|one| one.program == *account || one.accounts.contains(account));
            if !used {
                return Err(malformed(field, "an account is listed that no instruction uses"));
            }
        }
        Ok(())
    }
}

impl<'a> Instruction<'a> {
    fn read(reader: &mut Reader<'a>, all: &[&'a [u8; 32]]) -> Option<Self> {
        let program = all.get(usize::from(reader.byte()?)).copied()?;
        let count = reader.length()?;
        let indexes = reader.take(count)?;
        let accounts = indexes.iter().map(|&index| all.get(usize::from(index)).copied()).collect::<Option<Vec<_>>>()?;
        let count = reader.length()?;
        Some(Self { program, accounts, data: reader.take(count)? })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A length in Solana's `compact-u16`: seven bits a byte, lowest first, and no longer than need be. A packet holds
    /// less than 2^14 of anything, so two bytes are enough.
    fn length(&mut self) -> Option<usize> {
        let low = self.byte()?;
        if low < 0x80 {
            return Some(usize::from(low));
        }
        let high = self.byte()?;
        (1..0x80).contains(&high).then(|| (usize::from(high) << 7) | usize::from(low & 0x7f))
    }
}

/// Decodes base64: the standard alphabet, padded, and no stray bits at the end.
pub(super) fn from_base64(text: &str, field: &str) -> Result<Vec<u8>, Refusal> {
    let decoded = if text.len() > MAX_BYTES.saturating_mul(2) { None } else { decode(text.as_bytes()) };
    match decoded {
        Some(bytes) if bytes.len() <= MAX_BYTES => Ok(bytes),
        Some(bytes) => Err(malformed(field, format!("{} bytes, more than a packet's {MAX_BYTES}", bytes.len()))),
        None => Err(malformed(field, "not the base64 of a Solana transaction")),
    }
}

/// Standard base64, padded, in its one spelling; nothing for anything else.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for chunk in digits.chunks(4) {
        let mut group = 0u32;
        for &digit in chunk {
            group = (group << 6) | digit_value(digit)?;
        }
        let [_, bytes3 @ ..] = match chunk.len() {
            4 => group,
            3 => group << 6,
            _ => group << 12,
        }
        .to_be_bytes();
        let kept = chunk.len().saturating_sub(1);
        if chunk.len() < 2 || bytes3.iter().skip(kept).any(|&stray| stray != 0) {
            return None;
        }
        bytes.extend(bytes3.iter().take(kept));
    }
    Some(bytes)
}

fn digit_value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit.wrapping_sub(b'A'),
        b'a'..=b'z' => digit.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => digit.wrapping_sub(b'0').wrapping_add(52),
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_spelling() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob")] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
        for text in ["Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", " Zm9v", "Zm-_", "Zg==Zg=="] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn lengths_have_one_spelling() {
        let length = |bytes: &[u8]| Reader(bytes).length();
        assert_eq!(length(&[0x05]), Some(5));
        assert_eq!(length(&[0x80, 0x01]), Some(128));
        assert_eq!(length(&[0xff, 0x7f]), Some(16_383));
        assert_eq!(length(&[0x85, 0x00]), None, "longer than need be");
        assert_eq!(length(&[0x80, 0x80, 0x01]), None, "more than a packet holds");
        assert_eq!(length(&[0x80]), None);
    }
}
