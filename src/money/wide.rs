//! Multiply, then divide, with nothing lost in between: 256 bits by 128.

/// `a * b / divisor` and its remainder, exact in 256 bits. `None` for a divisor of zero or a quotient above 128 bits.
pub(super) fn mul_div(a: u128, b: u128, divisor: u128) -> Option<(u128, u128)> {
    if let Some(product) = a.checked_mul(b) {
        // The usual payment: everything fits, and the machine divides.
        return Some((product.checked_div(divisor)?, product.checked_rem(divisor)?));
    }
    let (high, mut low) = mul_wide(a, b);
    if high >= divisor {
        return None;
    }
    // Schoolbook division in base 2: the remainder stays below the divisor, so each step yields one bit.
    let (mut remainder, mut quotient) = (high, 0u128);
    for _ in 0..128 {
        let carry = remainder >> 127;
        remainder = (remainder << 1) | (low >> 127);
        low <<= 1;
        quotient <<= 1;
        if carry == 1 || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    Some((quotient, remainder))
}

/// The 256-bit product as its high and low halves, from four products of 64-bit halves.
fn mul_wide(a: u128, b: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a_high, a_low, b_high, b_low) = (a >> 64, a & LOW, b >> 64, b & LOW);
    // None of these can wrap: (2^64-1)^2 + 2 * (2^64-1) = 2^128 - 1.
    let low = a_low.wrapping_mul(b_low);
    let middle = a_high.wrapping_mul(b_low).wrapping_add(low >> 64);
    let other = a_low.wrapping_mul(b_high).wrapping_add(middle & LOW);
    let high = a_high.wrapping_mul(b_high).wrapping_add(middle >> 64).wrapping_add(other >> 64);
    (high, (other << 64) | (low & LOW))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "the model is plain and its sizes known")]
mod tests {
    use proptest::prelude::*;

    use super::mul_div;

    /// A slow model: decimal long multiplication and division on digit vectors, sharing nothing with the code.
    fn model(a: u128, b: u128, divisor: u128) -> (Vec<u8>, u128) {
        let digits = |n: u128| n.to_string().bytes().rev().map(|d| u32::from(d - b'0')).collect::<Vec<_>>();
        let (a, b) = (digits(a), digits(b));
        let mut product = vec![0u32; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                product[i + j] += x * y;
            }
        }
        for i in 0..product.len() - 1 {
            product[i + 1] += product[i] / 10;
            product[i] %= 10;
        }
        // remainder * 10 + digit fits 128 bits as long as the divisor is below 2^124.
        let (mut quotient, mut remainder) = (Vec::new(), 0u128);
        for digit in product.iter().rev() {
            remainder = remainder * 10 + u128::from(*digit);
            quotient.push(b'0' + u8::try_from(remainder / divisor).unwrap_or(0));
            remainder %= divisor;
        }
        let zeros = quotient.iter().take_while(|digit| **digit == b'0').count().min(quotient.len() - 1);
        (quotient.split_off(zeros), remainder)
    }

    #[test]
    fn known_values() {
        let max = u128::MAX;
        assert_eq!(mul_div(max, max, max), Some((max, 0)));
        assert_eq!(mul_div(max, max, max - 1), None, "2^128 and a bit");
        assert_eq!(mul_div(max, 2, 2), Some((max, 0)));
        assert_eq!(mul_div(max, 2, 1), None);
        assert_eq!(mul_div(max, max - 1, max), Some((max - 1, 0)));
        assert_eq!(mul_div(max - 2, max - 2, max), Some((max - 4, 4)));
        assert_eq!(mul_div(1 << 127, 1 << 127, (1 << 127) + 1), Some(((1 << 127) - 1, 1)));
        assert_eq!(mul_div(1 << 64, 1 << 64, 3), Some((113_427_455_640_312_821_154_458_202_477_256_070_485, 1)));
        assert_eq!(mul_div(1 << 64, 1 << 64, 1 << 100), Some((1 << 28, 0)));
        assert_eq!(mul_div(7, 3, 0), None);
        assert_eq!(mul_div(max, 3, 0), None);
        assert_eq!(mul_div(7, 3, 2), Some((10, 1)));
    }

    proptest! {
        #[test]
        fn agrees_with_long_multiplication(
            a: u128, b: u128, divisor in 1u128..(1 << 124), shrink_a in 0u32..128, shrink_b in 0u32..128, shrink_d in 0u32..124
        ) {
            let (a, b, divisor) = (a >> shrink_a, b >> shrink_b, (divisor >> shrink_d).max(1));
            let (quotient, remainder) = model(a, b, divisor);
            let text = String::from_utf8_lossy(&quotient).into_owned();
            prop_assert_eq!(mul_div(a, b, divisor), text.parse().ok().map(|quotient: u128| (quotient, remainder)));
        }

        /// The whole range of divisors: quotient * divisor + remainder is the product again.
        #[test]
        fn multiplies_back(a: u128, b: u128, divisor: u128) {
            if let Some((quotient, remainder)) = mul_div(a, b, divisor) {
                prop_assert!(remainder < divisor);
                let (high, low) = super::mul_wide(quotient, divisor);
                let (low, carry) = low.overflowing_add(remainder);
                prop_assert_eq!((high + u128::from(carry), low), super::mul_wide(a, b));
            } else {
                prop_assert!(divisor == 0 || super::mul_wide(a, b).0 >= divisor);
            }
        }
    }
}
