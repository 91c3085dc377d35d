//! Checkpoints, as C2SP's `tlog-checkpoint` and `signed-note` have them: a text of origin, size and root, and under it
//! the signatures. The core makes and reads the texts; the wrapper signs and verifies.

use crate::audit::tree::Hash;
use crate::bind::decode;

/// The longest checkpoint that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The text that is signed: it ends with a line feed.
#[must_use]
pub fn text(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", base64(&root.0))
}

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is about.
    pub origin: String,
    /// How many records it covers.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// The text that is signed, with its last line feed.
    pub text: String,
    /// Each signature: the key's name, and its four-byte id with the signature after it.
    pub signatures: Vec<(String, Vec<u8>)>,
}

/// Reads a signed checkpoint.
///
/// # Errors
/// One sentence that says what is wrong with it.
pub fn read(note: &str) -> Result<Checkpoint, String> {
    if note.len() > MAX_BYTES {
        return Err(format!("{} bytes, more than the {MAX_BYTES} of a checkpoint", note.len()));
    }
    if let Some(odd) = note.chars().find(|character| character.is_control() && *character != '\n') {
        return Err(format!("a checkpoint has no `{}`", odd.escape_default()));
    }
    let Some((body, signed)) = note.rsplit_once("\n\n") else {
        return Err(String::from("no blank line before the signatures"));
    };
    let text = format!("{body}\n");
    let mut lines = body.split('\n');
    let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(String::from("expected three lines: origin, size and root"));
    };
    if origin.is_empty() {
        return Err(String::from("the origin is empty"));
    }
    let plain = size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
    let size = size.parse().ok().filter(|_| plain).ok_or_else(|| format!("`{size}` is not a size"))?;
    let root = decode(root.as_bytes())
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or_else(|| format!("`{root}` is not the base64 of a SHA-256"))?;
    if lines.any(str::is_empty) {
        return Err(String::from("an empty line in the text"));
    }
    let signatures = signed.strip_suffix('\n').ok_or("the last line has no end")?;
    let read = |line: &str| {
        let (name, value) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = decode(value.as_bytes()).filter(|bytes| bytes.len() > 4)?;
        (!name.is_empty()).then(|| (name.to_owned(), bytes))
    };
    let signatures = signatures
        .split('\n')
        .map(|line| read(line).ok_or_else(|| format!("`{line}` is not a line of a signature")))
        .collect::<Result<Vec<_>, String>>()?;
    Ok(Checkpoint { origin: origin.to_owned(), size, root: Hash(root), text, signatures })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64, with its padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for (place, shift) in [18u32, 12, 6, 0].into_iter().enumerate() {
            let digit = usize::try_from(bits >> shift & 63).ok().and_then(|index| ALPHABET.get(index));
            out.push(if place > chunk.len() { '=' } else { digit.map_or('=', |digit| char::from(*digit)) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, written) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), written);
            assert_eq!(decode(written.as_bytes()), Some(plain.as_bytes().to_vec()));
        }
        // Bits that say nothing, missing padding, too much of it, another alphabet.
        for wrong in ["Zh==", "Zg=", "Zg", "Zg===", "====", "Z-8=", "Zg==Zg=="] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_checkpoint_is_read_back_and_nothing_else_is() {
        let root = Hash::of(b"x");
        let body = text("example.com/log", 12, &root);
        let signature = base64(&[7; 68]);
        let note = format!("{body}\n\u{2014} example.com/log {signature}\n");
        let read_back = read(&note);
        assert_eq!(read_back.as_ref().map(|checkpoint| (checkpoint.size, checkpoint.root)), Ok((12, root)));
        assert_eq!(read_back.map(|checkpoint| (checkpoint.text, checkpoint.signatures.len())), Ok((body.clone(), 1)));
        for wrong in [
            String::new(),
            body.clone(),
            note.replace("\n12\n", "\n012\n"),
            note.replace("\n12\n", "\n-1\n"),
            note.replace('\u{2014}', "-"),
            note.trim_end().to_owned(),
            note.replace("example.com/log\n12", "\n12"),
            note.replace("\n12\n", "\n12\r\n"),
            note.replacen(&base64(&root.0), "AAAA", 1),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
