//! The field of the curve Ed25519, and whether 32 bytes are a point of it, which is all that Solana's derived addresses
//! need.
//!
//! The bytes give `y`; a point has an `x` with `x² = (y² - 1) / (d·y² + 1)`. The divisor is never zero, so there is such
//! an `x` exactly if the product of the two is a square (Euler's criterion). Nothing here is secret: it need not be
//! constant in time. The arithmetic never wraps; `wrapping_*` is only written because unchecked operators are denied.

/// A number modulo p = 2^255 - 19, as eight 32-bit limbs, lowest first. Below 2^256, not always below p.
pub(crate) type Field = [u32; 8];

pub(crate) const ZERO: Field = [0; 8];
pub(crate) const ONE: Field = [1, 0, 0, 0, 0, 0, 0, 0];
/// p - 1, which is -1.
pub(crate) const MINUS_ONE: Field = [0xffff_ffec, !0, !0, !0, !0, !0, !0, 0x7fff_ffff];
/// The curve's constant d = -121665 / 121666.
pub(crate) const D: Field =
    [0x135978a3, 0x75eb4dca, 0x4141d8ab, 0x00700a4d, 0x7779e898, 0x8cc74079, 0x2b6ffe73, 0x52036cee];
/// 2^256 modulo p.
const FOLD: u64 = 38;

/// True if the bytes, read as Ed25519 reads a public key, are a point of the curve. As in `curve25519-dalek`, which is
/// what the chain runs: the sign bit is ignored, and `y` may be p or more.
pub(crate) fn is_on_curve(bytes: &[u8; 32]) -> bool {
    let mut y = ZERO;
    for (limb, chunk) in y.iter_mut().zip(bytes.chunks_exact(4)) {
        *limb = u32::from_le_bytes(chunk.try_into().unwrap_or_default());
    }
    if let Some(top) = y.last_mut() {
        *top &= 0x7fff_ffff;
    }
    let y2 = multiply(&y, &y);
    let numerator = add(&y2, &MINUS_ONE);
    let divisor = add(&multiply(&D, &y2), &ONE);
    let power = canonical(euler(&multiply(&numerator, &divisor)));
    power == ZERO || power == ONE
}

/// The power (p - 1) / 2 = 2^254 - 10: 250 ones, then `0110`.
fn euler(base: &Field) -> Field {
    let mut power = ONE;
    for bit in (0..254u32).rev() {
        power = multiply(&power, &power);
        if bit > 3 || bit == 2 || bit == 1 {
            power = multiply(&power, base);
        }
    }
    power
}

pub(crate) fn add(a: &Field, b: &Field) -> Field {
    let mut sum = ZERO;
    let mut carry = 0u64;
    for ((limb, &x), &y) in sum.iter_mut().zip(a).zip(b) {
        let (low, high) = split(u64::from(x).wrapping_add(u64::from(y)).wrapping_add(carry));
        *limb = low;
        carry = high;
    }
    fold(sum, carry)
}

pub(crate) fn multiply(a: &Field, b: &Field) -> Field {
    let mut wide = [0u32; 16];
    for (shift, &x) in a.iter().enumerate() {
        let mut carry = 0u64;
        let mut limbs = wide.iter_mut().skip(shift);
        for (&y, limb) in b.iter().zip(limbs.by_ref()) {
            // (2^32-1)² + 2·(2^32-1) = 2^64 - 1.
            let (low, high) =
                split(u64::from(x).wrapping_mul(u64::from(y)).wrapping_add(u64::from(*limb)).wrapping_add(carry));
            *limb = low;
            carry = high;
        }
        if let Some(limb) = limbs.next() {
            *limb = split(carry).0;
        }
    }
    let (low, high) = wide.split_at(8);
    let mut sum = ZERO;
    let mut carry = 0u64;
    for ((limb, &x), &y) in sum.iter_mut().zip(low).zip(high) {
        let (low, high) = split(u64::from(y).wrapping_mul(FOLD).wrapping_add(u64::from(x)).wrapping_add(carry));
        *limb = low;
        carry = high;
    }
    fold(sum, carry)
}

/// Brings a number of `carry`·2^256 + `sum` below 2^256.
fn fold(mut sum: Field, mut carry: u64) -> Field {
    while carry != 0 {
        carry = carry.wrapping_mul(FOLD);
        for limb in &mut sum {
            let (low, high) = split(u64::from(*limb).wrapping_add(carry));
            *limb = low;
            carry = high;
        }
    }
    sum
}

/// The same number below p.
pub(crate) fn canonical(number: Field) -> Field {
    // Twice: the first brings it below 2^255 + 19, the second below 2^255.
    let mut number = drop_top_bit(drop_top_bit(number));
    // It is p or more exactly if adding 19 reaches 2^255; what is left above that is what it exceeds p by.
    let plus = add(&number, &[19, 0, 0, 0, 0, 0, 0, 0]);
    if plus.last().is_some_and(|top| top >> 31 == 1) {
        number = plus;
        if let Some(top) = number.last_mut() {
            *top &= 0x7fff_ffff;
        }
    }
    number
}

/// Moves 2^255, which is 19, to the bottom.
fn drop_top_bit(mut number: Field) -> Field {
    let mut top_bit = 0;
    if let Some(top) = number.last_mut() {
        top_bit = *top >> 31;
        *top &= 0x7fff_ffff;
    }
    add(&number, &[top_bit.wrapping_mul(19), 0, 0, 0, 0, 0, 0, 0])
}

/// The low and the high half.
fn split(value: u64) -> (u32, u64) {
    (u32::try_from(value & 0xffff_ffff).unwrap_or(u32::MAX), value >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_that_of_the_curve() {
        // d · 121666 = -121665.
        let product = multiply(&D, &[121_666, 0, 0, 0, 0, 0, 0, 0]);
        let sum = add(&product, &[121_665, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(canonical(sum), ZERO);
        assert_eq!(canonical(multiply(&MINUS_ONE, &MINUS_ONE)), ONE);
        assert_eq!(canonical(add(&MINUS_ONE, &ONE)), ZERO);
        assert_eq!(canonical([u32::MAX; 8]), [37, 0, 0, 0, 0, 0, 0, 0], "2^256 - 1");
        // 2 is no square modulo p, 4 and -1 are, and 0 stays.
        let two = [2, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(canonical(euler(&two)), MINUS_ONE);
        assert_eq!(canonical(euler(&multiply(&two, &two))), ONE);
        assert_eq!(canonical(euler(&MINUS_ONE)), ONE);
        assert_eq!(canonical(euler(&ZERO)), ZERO);
    }

    #[test]
    fn known_points() {
        let mut y = [0u8; 32];
        assert!(is_on_curve(&y), "y = 0");
        y[0] = 1;
        assert!(is_on_curve(&y), "the neutral element");
        y[0] = 2;
        assert!(!is_on_curve(&y), "y = 2");
        let mut base = [0x66u8; 32];
        base[0] = 0x58;
        assert!(is_on_curve(&base), "the base point");
        base[31] |= 0x80;
        assert!(is_on_curve(&base), "its negative");
    }
}
