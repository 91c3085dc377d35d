//! `exact` on Solana: the transactions of the official client bind, and with any byte or instruction changed they don't,
//! but for the few bytes that move none of the payer's money.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "support/payments.rs"]
mod payments;
#[path = "support/vectors.rs"]
mod vectors;

use payments::{Vector, vector};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollwarden::bind::{self, SVM_LIFETIME_SECONDS};
use tollwarden::json::parse;
use tollwarden::reason::Reason::{self, *};
use vectors::with;

const NAMES: [&str; 3] = ["exact-svm-v1", "exact-svm-v2", "exact-svm-v2-token2022-memo"];
const OTHER: &str = "HcN6DYyv7t4H2kR1rzZCW1G2iDvZpVkpXoAFqzJQrQAb";

/// A transaction in parts, so that a test can change one.
#[derive(Clone)]
struct Tx {
    signatures: Vec<[u8; 64]>,
    version: Option<u8>,
    header: [u8; 3],
    accounts: Vec<[u8; 32]>,
    blockhash: [u8; 32],
    /// Program, accounts, data.
    instructions: Vec<(u8, Vec<u8>, Vec<u8>)>,
    lookups: Vec<u8>,
}

impl Tx {
    fn of(v: &Vector) -> Self {
        let bytes = from_base64(v.payload["payload"]["transaction"].as_str().unwrap());
        let mut at = 0;
        let mut take = |n: usize| {
            at += n;
            bytes[at - n..at].to_vec()
        };
        let count = take(1)[0];
        let signatures = (0..count).map(|_| take(64).try_into().unwrap()).collect();
        assert_eq!(take(1), [0x80]);
        let header = take(3).try_into().unwrap();
        let count = take(1)[0];
        let accounts = (0..count).map(|_| take(32).try_into().unwrap()).collect();
        let blockhash = take(32).try_into().unwrap();
        let count = take(1)[0];
        let mut instructions = Vec::new();
        for _ in 0..count {
            let program = take(1)[0];
            let length = usize::from(take(1)[0]);
            let accounts = take(length);
            let length = usize::from(take(1)[0]);
            instructions.push((program, accounts, take(length)));
        }
        let lookups = take(1)[1..].to_vec();
        assert_eq!(at, bytes.len());
        Self { signatures, version: Some(0), header, accounts, blockhash, instructions, lookups }
    }

    fn message(&self) -> Vec<u8> {
        let small = |n: usize| u8::try_from(n).unwrap();
        let mut out: Vec<u8> = self.version.map(|version| 0x80 | version).into_iter().collect();
        out.extend(self.header);
        out.push(small(self.accounts.len()));
        out.extend(self.accounts.concat());
        out.extend(self.blockhash);
        out.push(small(self.instructions.len()));
        for (program, accounts, data) in &self.instructions {
            out.extend([*program, small(accounts.len())]);
            out.extend(accounts);
            out.push(small(data.len()));
            out.extend(data);
        }
        if self.version.is_some() {
            out.push(u8::from(!self.lookups.is_empty()));
            out.extend(&self.lookups);
        }
        out
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![u8::try_from(self.signatures.len()).unwrap()];
        out.extend(self.signatures.concat());
        out.extend(self.message());
        out
    }

    fn transfer(&mut self) -> &mut (u8, Vec<u8>, Vec<u8>) {
        self.instructions.iter_mut().find(|(_, _, data)| data[0] == 12 && data.len() == 10).unwrap()
    }
}

fn judge(v: &Vector, bytes: &[u8]) -> Result<bind::Signed, Reason> {
    let payload = with(&v.payload, "/payload/transaction", Some(json!(to_base64(bytes))));
    let judged = v.bind(&payload).map_err(|refusal| refusal.reason);
    let kept = bind::unsigned::payment(&parse(&payload.to_string()).unwrap());
    let again = bind::payload(&v.terms, &kept, v.now).map_err(|refusal| refusal.reason);
    assert_eq!(again, judged, "without its signatures it is judged the same");
    judged
}

fn changed(v: &Vector, change: impl FnOnce(&mut Tx)) -> Option<Reason> {
    let mut tx = Tx::of(v);
    change(&mut tx);
    judge(v, &tx.bytes()).err()
}

#[test]
fn the_official_transactions_bind() {
    for (name, amount) in NAMES.into_iter().zip([10_000, 10_000, 123_456]) {
        let v = vector(name);
        let signed = v.bind(&v.payload).unwrap();
        let tx = Tx::of(&v);
        assert_eq!(signed.payer, v.signer, "{name}");
        assert_eq!(signed.amount.get(), amount, "{name}");
        assert_eq!(signed.nonce, Sha256::digest(tx.message()).iter().map(|b| format!("{b:02x}")).collect::<String>());
        assert_eq!(signed.valid_before, v.now + SVM_LIFETIME_SECONDS * 1000, "{name}");
        // The message alone, as a wallet is asked to sign it, and the older message without a version.
        assert_eq!(bind::svm_message(&v.terms, &to_base64(&tx.message()), v.now), Ok(signed.clone()), "{name}");
        let legacy = Tx { version: None, ..tx }.bytes();
        assert_eq!(judge(&v, &legacy).map(|signed| signed.payer), Ok(signed.payer), "{name}");
    }
}

#[test]
fn a_longer_lifetime_holds_the_money_for_longer() {
    let mut v = vector("exact-svm-v2");
    v.terms.lifetime_seconds = 600;
    assert_eq!(v.bind(&v.payload).map(|signed| signed.valid_before), Ok(v.now + 600_000));
}

#[test]
fn other_terms_are_refused() {
    let transaction = |v: &Vector| v.payload["payload"]["transaction"].as_str().unwrap().to_owned();
    for name in NAMES {
        let mut v = vector(name);
        v.terms.amount = tollwarden::money::Amount::new(9_999);
        assert_eq!(v.refused(&v.payload), Some(AmountMismatch), "{name}");
        let mut v = vector(name);
        v.terms.pay_to = OTHER.into();
        assert_eq!(v.refused(&v.payload), Some(PayeeMismatch), "{name}");
        let mut v = vector(name);
        v.terms.facilitator = Some(OTHER.into());
        assert_eq!(v.refused(&v.payload), Some(SpenderMismatch), "{name}");
        let mut v = vector(name);
        v.terms.memo = Some("order-43".into());
        assert_eq!(v.refused(&v.payload), Some(MalformedPayload), "{name}");
        let without = changed(&v, |tx| {
            tx.instructions.pop();
            tx.accounts.remove(usize::from(Tx::of(&v).instructions[3].0));
            for (program, accounts, _) in &mut tx.instructions {
                let memo = Tx::of(&v).instructions[3].0;
                *program -= u8::from(*program > memo);
                accounts.iter_mut().for_each(|account| *account -= u8::from(*account > memo));
            }
        });
        assert_eq!(without, Some(MalformedPayload), "{name}: the memo that is held is missing");
    }
    let (a, b) = (vector("exact-svm-v2"), vector("exact-svm-v2-token2022-memo"));
    let swapped = with(&a.payload, "/payload/transaction", Some(json!(transaction(&b))));
    assert_eq!(a.refused(&swapped), Some(AssetMismatch));
    let evm = vector("exact-eip3009-v2");
    let message = to_base64(&Tx::of(&a).message());
    assert!(bind::svm_message(&evm.terms, &message, evm.now).is_err_and(|e| e.reason == UnticketedSignature));
    let typed = tollwarden::json::parse(&evm.typed_data.to_string()).unwrap();
    assert!(bind::typed_data(&a.terms, &a.signer, &typed, a.now).is_err_and(|e| e.reason == UnticketedSignature));
}

#[test]
fn one_instruction_changed_is_refused() {
    for name in NAMES {
        let v = vector(name);
        let check = |what: &str, reason: Reason, change: &dyn Fn(&mut Tx)| {
            assert_eq!(changed(&v, change), Some(reason), "{name}: {what}");
        };
        check("amount", AmountMismatch, &|tx| tx.transfer().2[1] ^= 1);
        check("amount, highest byte", AmountMismatch, &|tx| tx.transfer().2[8] = 1);
        check("decimals", AssetMismatch, &|tx| tx.transfer().2[9] = 9);
        check("plain `Transfer`", MalformedPayload, &|tx| tx.transfer().2 = vec![3, 16, 39, 0, 0, 0, 0, 0, 0]);
        check("`Approve`", MalformedPayload, &|tx| tx.transfer().2[0] = 13);
        check("`CloseAccount`", MalformedPayload, &|tx| tx.transfer().2 = vec![9]);
        check("longer data", MalformedPayload, &|tx| tx.transfer().2.push(0));
        check("a fifth account", MalformedPayload, &|tx| tx.transfer().1.push(0));
        check("another destination", PayeeMismatch, &|tx| {
            let destination = usize::from(tx.transfer().1[2]);
            tx.accounts[destination] = [7; 32];
        });
        check("the payee's wallet as the destination", PayeeMismatch, &|tx| {
            let destination = usize::from(tx.transfer().1[2]);
            tx.accounts[destination] = from_base58(&v.terms.pay_to);
        });
        check("source and destination swapped", PayeeMismatch, &|tx| tx.transfer().1.swap(0, 2));
        check("another source", PayerMismatch, &|tx| {
            let source = usize::from(tx.transfer().1[0]);
            tx.accounts[source] = [7; 32];
        });
        check("another mint", AssetMismatch, &|tx| {
            let mint = usize::from(tx.transfer().1[1]);
            tx.accounts[mint] = [7; 32];
        });
        check("the fee payer is the authority", MalformedPayload, &|tx| tx.transfer().1[3] = 0);
        check("another authority", MalformedPayload, &|tx| tx.transfer().1[3] = tx.instructions[3].0);
        check("two transfers", MalformedPayload, &|tx| {
            let again = tx.transfer().clone();
            tx.instructions.push(again);
        });
        check("no transfer", MalformedPayload, &|tx| tx.instructions.retain(|(_, accounts, _)| accounts.is_empty()));
        check("two memos", MalformedPayload, &|tx| {
            let memo = tx.instructions[3].clone();
            tx.instructions.push(memo);
        });
        check("a long memo", MalformedPayload, &|tx| {
            tx.instructions[3].2 = vec![b'x'; 127];
            tx.instructions[3].1 = vec![1];
        });
        check("two unit limits", MalformedPayload, &|tx| {
            let limit = tx.instructions[0].clone();
            tx.instructions.push(limit);
        });
        check("another budget instruction", MalformedPayload, &|tx| tx.instructions[0].2[0] = 1);
        check("an unknown program", MalformedPayload, &|tx| {
            tx.accounts.push([7; 32]);
            let program = u8::try_from(tx.accounts.len()).unwrap() - 1;
            tx.instructions.insert(0, (program, vec![], vec![4, 0, 0, 0]));
        });
        check("a durable nonce", MalformedPayload, &|tx| {
            tx.accounts.push([0; 32]);
            let program = u8::try_from(tx.accounts.len()).unwrap() - 1;
            tx.instructions.insert(0, (program, vec![2, 3, 1], vec![4, 0, 0, 0]));
        });
        check("an unused account", MalformedPayload, &|tx| tx.accounts.push([7; 32]));
        check("an account twice", MalformedPayload, &|tx| {
            let again = tx.accounts[2];
            tx.accounts.push(again);
        });
        check("a lookup table", MalformedPayload, &|tx| tx.lookups = [vec![7; 32], vec![1, 0, 0]].concat());
        check("version 1", MalformedPayload, &|tx| tx.version = Some(1));
        check("three signers", MalformedPayload, &|tx| tx.header[0] = 3);
        check("one signer", MalformedPayload, &|tx| tx.header[0] = 1);
        check("one signature", MalformedPayload, &|tx| tx.signatures.truncate(1));
        check("three signatures", MalformedPayload, &|tx| tx.signatures.push([1; 64]));
        check("the payer has not signed", MalformedPayload, &|tx| tx.signatures[1] = [0; 64]);
        check("another fee payer", SpenderMismatch, &|tx| tx.accounts[0] = [7; 32]);
        check("another payer", PayerMismatch, &|tx| tx.accounts[1] = [7; 32]);
    }
}

#[test]
fn no_change_of_any_byte_passes_unless_it_moves_nothing() {
    for name in &NAMES[1..] {
        let v = vector(name);
        let tx = Tx::of(&v);
        let bytes = tx.bytes();
        let message = 1 + 64 * 2;
        let blockhash = message + 5 + 32 * tx.accounts.len();
        // The signatures, the read-only marks, the blockhash, what the compute budget is set to, and the memo.
        let mut free: Vec<std::ops::Range<usize>> =
            vec![1..message, message + 2..message + 4, blockhash..blockhash + 32];
        let mut at = blockhash + 33;
        for (index, (_, accounts, data)) in tx.instructions.iter().enumerate() {
            let start = at + 3 + accounts.len();
            at = start + data.len();
            match index {
                0 | 1 => free.push(start + 1..at),
                3 if v.terms.memo.is_none() => free.push(start..at),
                _ => {}
            }
        }
        for index in 0..bytes.len() {
            let is_free = free.iter().any(|range| range.contains(&index));
            for flip in [0x01, 0x80] {
                let mut other = bytes.clone();
                other[index] ^= flip;
                assert_eq!(judge(&v, &other).is_ok(), is_free, "{name}: byte {index} xor {flip:#x}");
            }
        }
        for cut in 0..bytes.len() {
            assert_eq!(judge(&v, &bytes[..cut]).err(), Some(MalformedPayload), "{name}: cut at {cut}");
        }
        assert_eq!(judge(&v, &[bytes, vec![0]].concat()).err(), Some(MalformedPayload), "{name}: one byte more");
    }
}

#[test]
fn the_envelope_is_bound_too() {
    let v = vector("exact-svm-v2");
    let changes: [(&str, Option<Value>, Reason); 8] = [
        ("/payload/transaction", None, MalformedPayload),
        ("/payload/transaction", Some(json!("!")), MalformedPayload),
        ("/payload/transaction", Some(json!("A".repeat(4000))), MalformedPayload),
        ("/payload/transaction", Some(json!("A".repeat(1648))), MalformedPayload),
        ("/payload/signature", Some(json!("0x")), MalformedPayload),
        ("/accepted/network", Some(json!("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp")), NetworkMismatch),
        ("/accepted/asset", Some(json!(OTHER)), AssetMismatch),
        ("/accepted/extra/feePayer", Some(json!(OTHER)), AcceptedMismatch),
    ];
    for (pointer, to, reason) in changes {
        assert_eq!(v.refused(&with(&v.payload, pointer, to.clone())), Some(reason), "{pointer} {to:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..1400), at in 0usize..400) {
        let v = vector("exact-svm-v2");
        prop_assert!(judge(&v, &bytes).is_err());
        prop_assert!(bind::svm_message(&v.terms, &to_base64(&bytes), v.now).is_err());
        // The head of a real transaction, and then anything.
        let real = Tx::of(&v).bytes();
        let spliced = [&real[..at.min(real.len())], &bytes].concat();
        let _ = judge(&v, &spliced);
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = usize::try_from(group >> (18 - 6 * index) & 63).unwrap();
            out.push(if index <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    out
}

fn from_base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .bytes()
        .filter(|byte| *byte != b'=')
        .map(|byte| u32::try_from(ALPHABET.iter().position(|known| *known == byte).unwrap()).unwrap())
        .collect();
    let mut out = Vec::new();
    for chunk in digits.chunks(4) {
        let group = chunk.iter().fold(0, |group, digit| group << 6 | digit) << (6 * (4 - chunk.len()));
        out.extend(&group.to_be_bytes()[1..chunk.len()]);
    }
    out
}

fn from_base58(text: &str) -> [u8; 32] {
    let alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0u8; 32];
    for character in text.chars() {
        let mut carry = alphabet.find(character).unwrap();
        for byte in bytes.iter_mut().rev() {
            carry += 58 * usize::from(*byte);
            *byte = u8::try_from(carry % 256).unwrap();
            carry /= 256;
        }
    }
    bytes
}
