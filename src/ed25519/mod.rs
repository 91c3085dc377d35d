//! Ed25519 (RFC 8032): whether a signature is good. Only that: nothing here is secret, so it need not be constant in time.
//!
//! The strict reading, in which no two verifiers differ: `S` below the group's order, both points in their one spelling,
//! a key of prime order, and the equation without the cofactor. A key of prime order also makes it needless to reduce
//! the hash modulo that order: a multiple of the order moves such a point nowhere.

mod sha512;

use self::sha512::sha512;
use crate::bind::curve::{D, Field, MINUS_ONE, ONE, ZERO, add, canonical, multiply};

/// The order of the group, 2^252 + 27742317777372353535851937790883648493, lowest byte first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// p, lowest byte first.
const PRIME: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    bytes
};
/// The base point: y = 4/5, x even.
const BASE: [u8; 32] = {
    let mut bytes = [0x66; 32];
    bytes[0] = 0x58;
    bytes
};

/// A public key that signatures can be checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a key; nothing for what is no point of the curve, not in its one spelling, or of another than the prime order:
    /// under a key of small order, one signature can be good for many messages.
    #[must_use]
    pub fn read(bytes: [u8; 32]) -> Option<Self> {
        let point = decompress(&bytes)?;
        (!point.is_neutral() && times(&ORDER, &point).is_neutral()).then_some(Self(bytes))
    }

    /// The key's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this signature of the message was made with the private key.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let (r, s) = signature.split_at(32);
        let (Ok(r), Ok(s)) = (<[u8; 32]>::try_from(r), <[u8; 32]>::try_from(s)) else { return false };
        if !is_below(&s, &ORDER) {
            return false;
        }
        let (Some(key), Some(r_point), Some(base)) = (decompress(&self.0), decompress(&r), decompress(&BASE)) else {
            return false;
        };
        let hash = sha512(&[&r, &self.0, message]);
        times(&s, &base).equals(&plus(&r_point, &times(&hash, &key)))
    }
}

/// A point as x = X/Z, y = Y/Z, x·y = T/Z.
#[derive(Clone, Copy)]
struct Point {
    x: Field,
    y: Field,
    z: Field,
    t: Field,
}

const NEUTRAL: Point = Point { x: ZERO, y: ONE, z: ONE, t: ZERO };

impl Point {
    fn equals(&self, other: &Point) -> bool {
        same(&multiply(&self.x, &other.z), &multiply(&other.x, &self.z))
            && same(&multiply(&self.y, &other.z), &multiply(&other.y, &self.z))
    }

    fn is_neutral(&self) -> bool {
        self.equals(&NEUTRAL)
    }
}

/// The sum of two points. The formula is complete: it holds for equal points and for the neutral one too (RFC 8032, 5.1.4).
fn plus(p: &Point, q: &Point) -> Point {
    let a = multiply(&minus(&p.y, &p.x), &minus(&q.y, &q.x));
    let b = multiply(&add(&p.y, &p.x), &add(&q.y, &q.x));
    let c = multiply(&multiply(&p.t, &add(&D, &D)), &q.t);
    let d = multiply(&add(&p.z, &p.z), &q.z);
    let (e, f, g, h) = (minus(&b, &a), minus(&d, &c), add(&d, &c), add(&b, &a));
    Point { x: multiply(&e, &f), y: multiply(&g, &h), z: multiply(&f, &g), t: multiply(&e, &h) }
}

/// So many times a point; the number's lowest byte comes first.
fn times(number: &[u8], point: &Point) -> Point {
    let mut sum = NEUTRAL;
    for byte in number.iter().rev() {
        for bit in (0..8u32).rev() {
            sum = plus(&sum, &sum);
            if byte >> bit & 1 == 1 {
                sum = plus(&sum, point);
            }
        }
    }
    sum
}

/// The point that the bytes spell, if they are the one spelling of a point (RFC 8032, 5.1.3).
fn decompress(bytes: &[u8; 32]) -> Option<Point> {
    let mut low = *bytes;
    let top = low.last_mut()?;
    let odd = *top >> 7 == 1;
    *top &= 0x7f;
    if !is_below(&low, &PRIME) {
        return None;
    }
    let mut y = ZERO;
    for (limb, chunk) in y.iter_mut().zip(low.chunks_exact(4)) {
        *limb = u32::from_le_bytes(chunk.try_into().ok()?);
    }
    let y2 = multiply(&y, &y);
    let u = add(&y2, &MINUS_ONE);
    let v = add(&multiply(&D, &y2), &ONE);
    // A square root of u/v, if there is one, is u·v³·(u·v⁷)^((p-5)/8), perhaps times a root of -1.
    let v3 = multiply(&multiply(&v, &v), &v);
    let v7 = multiply(&multiply(&v3, &v3), &v);
    let mut x = multiply(&multiply(&u, &v3), &power(&multiply(&u, &v7), 252, 2));
    let check = multiply(&multiply(&x, &x), &v);
    if !same(&check, &u) {
        // 2 is no square, so its power (p-1)/4 = 2^253 - 5 is a root of -1.
        let root = power(&[2, 0, 0, 0, 0, 0, 0, 0], 253, 4);
        x = multiply(&x, &root);
        if !same(&multiply(&multiply(&x, &x), &v), &u) {
            return None;
        }
    }
    let x = canonical(x);
    let is_odd = x.first().is_some_and(|limb| limb & 1 == 1);
    if x == ZERO && odd {
        return None;
    }
    let x = if is_odd == odd { x } else { canonical(multiply(&x, &MINUS_ONE)) };
    Some(Point { x, y, z: ONE, t: multiply(&x, &y) })
}

/// The power 2^bits - 1 - less. Both exponents that are needed are of this form: (p-5)/8 = 2^252 - 1 - 2 and
/// (p-1)/4 = 2^253 - 1 - 4.
fn power(base: &Field, bits: u32, less: u32) -> Field {
    let mut power = ONE;
    for bit in (0..bits).rev() {
        power = multiply(&power, &power);
        if bit > 31 || less >> bit & 1 == 0 {
            power = multiply(&power, base);
        }
    }
    power
}

fn minus(a: &Field, b: &Field) -> Field {
    add(a, &multiply(b, &MINUS_ONE))
}

fn same(a: &Field, b: &Field) -> bool {
    canonical(*a) == canonical(*b)
}

/// Whether one number is below another; the lowest byte comes first.
fn is_below(number: &[u8; 32], bound: &[u8; 32]) -> bool {
    number.iter().rev().lt(bound.iter().rev())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a vector that can't be read has failed")]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        crate::approval::proof::bytes(hex).unwrap()
    }

    const KEY: &str = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
    const SIGNATURE: &str = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

    #[test]
    fn the_vectors_of_rfc_8032() {
        // Section 7.1, tests 1, 2 and 3.
        for (key, message, signature) in [
            (
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                &[][..],
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                &[0x72][..],
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
            (KEY, &[0xaf, 0x82][..], SIGNATURE),
        ] {
            let key = PublicKey::read(bytes(key)).unwrap();
            assert!(key.verifies(message, &bytes(signature)));
            assert!(!key.verifies(&[message, &[0]].concat(), &bytes(signature)));
        }
    }

    #[test]
    fn one_bit_more_or_less_and_it_is_forged() {
        let key = PublicKey::read(bytes(KEY)).unwrap();
        let signature = bytes::<64>(SIGNATURE);
        for bit in 0..512 {
            let mut forged = signature;
            *forged.get_mut(bit / 8).unwrap() ^= 1 << (bit % 8);
            assert!(!key.verifies(&[0xaf, 0x82], &forged), "bit {bit}");
        }
    }

    #[test]
    fn the_same_signature_has_one_spelling() {
        // S + L is the same number modulo the order.
        let mut signature = bytes::<64>(SIGNATURE);
        let mut carry = 0u16;
        for (byte, order) in signature.iter_mut().skip(32).zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
        assert!(!PublicKey::read(bytes(KEY)).unwrap().verifies(&[0xaf, 0x82], &signature));
    }

    #[test]
    fn keys_that_are_none() {
        let mut one = [0u8; 32];
        one[0] = 1;
        assert!(PublicKey::read(one).is_none(), "the neutral element");
        assert!(PublicKey::read([0; 32]).is_none(), "a point of order 4");
        assert!(PublicKey::read(PRIME).is_none(), "y = p, another spelling of 0");
        let mut two = [0u8; 32];
        two[0] = 2;
        assert!(PublicKey::read(two).is_none(), "no point");
        let mut negative_zero = one;
        negative_zero[31] = 0x80;
        assert!(decompress(&negative_zero).is_none(), "x = -0");
        // The sum of a key and a point of order 2, (0, -1): on the curve, in its one spelling, of twice the prime order.
        let key = decompress(&bytes(KEY)).unwrap();
        let two = Point { x: ZERO, y: MINUS_ONE, z: ONE, t: ZERO };
        let mixed = plus(&key, &two);
        assert!(!times(&ORDER, &mixed).is_neutral() && times(&ORDER, &key).is_neutral());
    }
}
