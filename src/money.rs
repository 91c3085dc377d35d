//! Money without floats: amounts in atomic units, dollars in units of 10^-18, and the one rounding between them.
//!
//! All three are laid out as two words of 64 bits: a `u128` by itself wants sixteen bytes' alignment, which a third of each
//! counter would be filled up for, and which WebAssembly's allocator is slow to give.
//!
//! A price is always rounded up, so a limit in dollars can't be exceeded by rounding. [`largest_within`] is the exact
//! inverse: the largest amount that still passes a limit.

mod wide;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::faults::fault;
use crate::json::Json;
use crate::words::quoted;
use wide::mul_div;

/// How many decimals [`Usd`] and [`Rate`] keep.
const USD_DECIMALS: u8 = 18;
/// One dollar, in units of 10^-18.
const ONE_USD: u128 = 1_000_000_000_000_000_000;

/// Why a text is not an amount, a price or a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// Not of the form `^(0|[1-9][0-9]{0,38})$`.
    NotAnAmount(String),
    /// More than 18 digits after the point, or not of the form `^[$]?(0|[1-9][0-9]*)([.][0-9]+)?$`.
    NotADecimal(String),
    /// Does not fit 128 bits.
    TooLarge(String),
    /// A JSON number whose shortest text is not a plain decimal, such as `1e-7` or `-1`.
    WriteAsString(String),
    /// A JSON value of another kind.
    WrongKind(&'static str),
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAmount(text) => write!(f, "{} is not a plain decimal integer", quoted(text)),
            Self::NotADecimal(text) => {
                write!(f, "{} is not a plain decimal with at most {USD_DECIMALS} digits after the point", quoted(text))
            }
            Self::TooLarge(text) => write!(f, "{} is more than 128 bits can hold", quoted(text)),
            Self::WriteAsString(text) => write!(f, "{} is not a plain number: write it as a string", quoted(text)),
            Self::WrongKind(kind) => write!(f, "a decimal in a string was expected, not {kind}"),
        }
    }
}

impl std::error::Error for MoneyError {}

/// An amount of some asset, in its atomic units. Reads and writes as a decimal string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[repr(Rust, packed(8))]
pub struct Amount(u128);

impl Amount {
    /// Reads `^(0|[1-9][0-9]{0,38})$` and nothing else: no sign, space, exponent, leading zero or other digits.
    ///
    /// # Errors
    /// [`MoneyError::NotAnAmount`], or [`MoneyError::TooLarge`] above 128 bits.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        if !is_plain_integer(text) {
            return Err(MoneyError::NotAnAmount(text.to_owned()));
        }
        text.parse().map(Self).map_err(|_| MoneyError::TooLarge(text.to_owned()))
    }

    /// Its digits, without a formatter. Most amounts fit into 64 bits, and those take a fraction of the time.
    pub fn digits(self, buffer: &mut itoa::Buffer) -> &str {
        match u64::try_from(self.0) {
            Ok(small) => buffer.format(small),
            Err(_) => buffer.format(self.0),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.digits(&mut itoa::Buffer::new()))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        { self.0 }.fmt(f)
    }
}

/// US dollars, in units of 10^-18. Reads and writes as a decimal string such as `4.99`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[repr(Rust, packed(8))]
pub struct Usd(u128);

impl Usd {
    /// Reads `1.50` or `$1.50`: at most 18 digits after the point; no sign, exponent, comma, space or leading zero.
    ///
    /// # Errors
    /// [`MoneyError::NotADecimal`], or [`MoneyError::TooLarge`].
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        parse_decimal(text.strip_prefix('$').unwrap_or(text), text).map(Self)
    }

    /// Reads a string, or a JSON number judged by its shortest decimal text: `0.1` is exactly 0.1.
    ///
    /// # Errors
    /// As [`Usd::parse`] for a string; [`MoneyError::WriteAsString`] for a number whose text has a sign or an exponent;
    /// [`MoneyError::WrongKind`] for anything else.
    pub fn from_json(value: &Json) -> Result<Self, MoneyError> {
        match value {
            Json::String(text) => Self::parse(text),
            Json::Number(number) => {
                let text = number.to_string();
                parse_decimal(&text, &text).map(Self).map_err(|error| match error {
                    MoneyError::NotADecimal(text) => MoneyError::WriteAsString(text),
                    other => other,
                })
            }
            other => Err(MoneyError::WrongKind(other.kind())),
        }
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_units(Amount(self.0), USD_DECIMALS))
    }
}

/// What one whole token costs, in units of 10^-18 dollars. Reads and writes as a decimal string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[repr(Rust, packed(8))]
pub struct Rate(u128);

impl Rate {
    /// One dollar for one token: what a pegged stablecoin costs.
    pub const ONE: Self = Self(ONE_USD);

    /// So many units of 10^-18 dollars for one whole token.
    #[must_use]
    pub const fn new(units: u128) -> Self {
        Self(units)
    }

    /// Reads a decimal such as `1.0003`, with the rules of [`Usd::parse`].
    ///
    /// # Errors
    /// As [`Usd::parse`].
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        Usd::parse(text).map(|usd| Self(usd.0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Usd(self.0).fmt(f)
    }
}

/// What [`Amount`] and [`Usd`] share: sums that never wrap.
macro_rules! counted {
    ($($type:ident)*) => {$(
        impl $type {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The most that 128 bits can count.
            pub const MAX: Self = Self(u128::MAX);

            /// So many of the smallest units.
            #[must_use]
            pub const fn new(units: u128) -> Self {
                Self(units)
            }

            /// The number of the smallest units.
            #[must_use]
            pub const fn get(self) -> u128 {
                self.0
            }

            /// The sum, unless it overflows.
            #[must_use]
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).map(Self)
            }

            /// The difference, unless it is negative.
            #[must_use]
            pub fn checked_sub(self, other: Self) -> Option<Self> {
                self.0.checked_sub(other.0).map(Self)
            }

            /// The sum, or the most that can be counted.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// The difference, or nothing.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
    )*};
}

counted!(Amount Usd);

/// Each of the three is a decimal string on the wire, never a JSON number.
macro_rules! decimal_string {
    ($($type:ty)*) => {$(
        impl TryFrom<String> for $type {
            type Error = MoneyError;

            fn try_from(text: String) -> Result<Self, MoneyError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )*};
}

decimal_string!(Amount Usd Rate);

/// What an amount costs, rounded up: against the spender.
///
/// `decimals` is the asset's own, `rate` the price of one whole token. The product is exact in 256 bits. `None` if the
/// price does not fit 128 bits, or if the asset has more than 38 decimals.
#[must_use]
pub fn usd_of(amount: Amount, decimals: u8, rate: Rate) -> Option<Usd> {
    let (quotient, remainder) = mul_div(amount.0, rate.0, whole_token(decimals)?)?;
    let price = if remainder == 0 || fault!("round-down") { Some(quotient) } else { quotient.checked_add(1) };
    price.map(Usd)
}

/// The largest amount whose [`usd_of`] is at most `limit`: its exact inverse.
///
/// [`Amount::MAX`] if every amount is. Zero if no amount can be priced (more than 38 decimals).
#[must_use]
pub fn largest_within(limit: Usd, decimals: u8, rate: Rate) -> Amount {
    // ceil(a * rate / unit) <= limit  is the same as  a <= floor(limit * unit / rate).
    let Some(unit) = whole_token(decimals) else { return Amount::ZERO };
    mul_div(limit.0, unit, rate.0).map_or(Amount::MAX, |(quotient, _)| Amount(quotient))
}

/// The amount in whole tokens, in its shortest form: `0.01` for 10000 with 6 decimals.
#[must_use]
pub fn format_units(amount: Amount, decimals: u8) -> String {
    let mut buffer = itoa::Buffer::new();
    let digits = amount.digits(&mut buffer);
    let decimals = usize::from(decimals);
    let (whole, fraction) = digits.split_at_checked(digits.len().saturating_sub(decimals)).unwrap_or_default();
    let mut text = String::from(if whole.is_empty() { "0" } else { whole });
    if !fraction.trim_end_matches('0').is_empty() {
        text.push('.');
        for _ in fraction.len()..decimals {
            text.push('0');
        }
        text.push_str(fraction.trim_end_matches('0'));
    }
    text
}

/// Atomic units in one whole token, if that fits 128 bits: up to 38 decimals.
const fn whole_token(decimals: u8) -> Option<u128> {
    10u128.checked_pow(decimals as u32)
}

fn is_plain_integer(text: &str) -> bool {
    let plain = !text.is_empty() && text.len() <= 39 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain && (text == "0" || !text.starts_with('0'))
}

/// A decimal in units of 10^-18. `written` is what the message quotes.
fn parse_decimal(text: &str, written: &str) -> Result<u128, MoneyError> {
    let not_a_decimal = || MoneyError::NotADecimal(written.to_owned());
    let too_large = || MoneyError::TooLarge(written.to_owned());
    let (whole, fraction) = match text.split_once('.') {
        None => (text, None),
        Some((whole, fraction)) => (whole, Some(fraction)),
    };
    if !is_plain_integer(whole) {
        return Err(not_a_decimal());
    }
    let fraction = match fraction {
        None => 0,
        Some(digits) => {
            let width = usize::from(USD_DECIMALS);
            if digits.is_empty() || digits.len() > width || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(not_a_decimal());
            }
            format!("{digits:0<width$}").parse::<u128>().map_err(|_| not_a_decimal())?
        }
    };
    let whole: u128 = whole.parse().map_err(|_| too_large())?;
    whole.checked_mul(ONE_USD).and_then(|units| units.checked_add(fraction)).ok_or_else(too_large)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails should say where")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::stored::Stored;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap()
    }

    #[test]
    fn amounts_are_read_strictly() {
        for text in ["0", "1", "10000", "340282366920938463463374607431768211455"] {
            assert_eq!(Amount::parse(text).unwrap().to_string(), text);
        }
        let refused = [
            "",
            " 1",
            "1 ",
            "+1",
            "-1",
            "01",
            "00",
            "1e3",
            "1.0",
            "0x10",
            "1_000",
            "1,000",
            "NaN",
            "１",
            "١",
            "1\n",
            "\0",
            "340282366920938463463374607431768211456",
            "1000000000000000000000000000000000000000",
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        ];
        for text in refused {
            assert!(Amount::parse(text).is_err(), "{text:?}");
        }
        let digits = |count: usize| "9".repeat(count);
        assert_eq!(Amount::parse(&digits(39)), Err(MoneyError::TooLarge(digits(39))));
        assert_eq!(Amount::parse(&digits(40)), Err(MoneyError::NotAnAmount(digits(40))));
        assert_eq!(Amount::parse("1e3").unwrap_err().to_string(), "`1e3` is not a plain decimal integer");
    }

    #[test]
    fn dollars_are_read_strictly_and_written_shortly() {
        let cases = [
            ("0", "0"),
            ("0.00", "0"),
            ("5", "5"),
            ("$5.00", "5"),
            ("4.99", "4.99"),
            ("0.010", "0.01"),
            ("$1.50", "1.5"),
            ("0.000000000000000001", "0.000000000000000001"),
            ("100", "100"),
            ("340282366920938463463.374607431768211455", "340282366920938463463.374607431768211455"),
        ];
        for (text, written) in cases {
            assert_eq!(usd(text).to_string(), written, "{text}");
        }
        let refused = [
            "",
            "$",
            ".5",
            "5.",
            "$.5",
            "-1",
            "+1",
            "1e3",
            "1,000",
            "1 USD",
            "$ 1",
            "$$1",
            "1$",
            "01",
            "1.5.0",
            "1.-5",
            "0x1",
            "0.0000000000000000001",
            "0.0000000000000000010",
            "NaN",
            "inf",
            "１",
            "340282366920938463463.374607431768211456",
            "340282366920938463464",
            "99999999999999999999999999999999999999999999",
        ];
        for text in refused {
            assert!(Usd::parse(text).is_err(), "{text:?}");
            assert!(Rate::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn json_numbers_are_judged_by_their_text() {
        let read = |text: &str| Usd::from_json(&crate::json::parse(text).unwrap());
        assert_eq!(read("0.1").unwrap(), usd("0.1"));
        assert_eq!(read("5").unwrap(), usd("5"));
        assert_eq!(read("5.0").unwrap(), usd("5"));
        assert_eq!(read("\"$4.99\"").unwrap(), usd("4.99"));
        assert_eq!(read("18446744073709551615").unwrap().to_string(), "18446744073709551615");
        for text in ["-1", "-0.0", "1e-7", "1e30"] {
            assert!(read(text).unwrap_err().to_string().ends_with("write it as a string"), "{text}");
        }
        for text in ["null", "true", "[]", "{}"] {
            assert!(matches!(read(text), Err(MoneyError::WrongKind(_))), "{text}");
        }
    }

    #[test]
    fn the_wire_has_strings_only() {
        assert_eq!(
            serde_json::to_string(&(Amount::MAX, usd("0.01"), Rate::ONE)).unwrap(),
            r#"["340282366920938463463374607431768211455","0.01","1"]"#
        );
        let json = |text: &str| crate::json::parse(text).unwrap();
        assert_eq!(Amount::restore(&json(r#""10000""#)).unwrap(), Amount::new(10_000));
        assert!(Amount::restore(&json("10000")).is_err());
        assert!(Usd::restore(&json("1")).is_err());
        assert!(Rate::restore(&json(r#""-1""#)).is_err());
    }

    #[test]
    fn prices_are_rounded_up() {
        assert_eq!(usd_of(Amount::new(10_000), 6, Rate::ONE), Some(usd("0.01")));
        // $20 of an 18-decimals token: the amount is above 64 bits.
        assert_eq!(usd_of(Amount::new(20_000_000_000_000_000_000), 18, Rate::ONE), Some(usd("20")));
        assert_eq!(usd_of(Amount::new(1), 20, Rate::ONE), Some(Usd::new(1)));
        assert_eq!(usd_of(Amount::new(100), 20, Rate::ONE), Some(Usd::new(1)));
        assert_eq!(usd_of(Amount::new(101), 20, Rate::ONE), Some(Usd::new(2)));
        assert_eq!(usd_of(Amount::ZERO, 18, Rate::ONE), Some(Usd::ZERO));
        assert_eq!(usd_of(Amount::MAX, 0, Rate::ONE), None);
        assert_eq!(usd_of(Amount::MAX, 18, Rate::ONE), Some(Usd::MAX));
        assert_eq!(usd_of(Amount::MAX, 18, Rate::new(ONE_USD + 1)), None, "rounding up must not wrap either");
        assert_eq!(usd_of(Amount::new(1), 39, Rate::ONE), None);
    }

    #[test]
    fn limits_become_amounts() {
        assert_eq!(largest_within(usd("5"), 6, Rate::ONE), Amount::new(5_000_000));
        assert_eq!(largest_within(usd("1"), 6, Rate::parse("3").unwrap()), Amount::new(333_333));
        assert_eq!(largest_within(usd("0.0000001"), 6, Rate::ONE), Amount::ZERO);
        assert_eq!(largest_within(Usd::ZERO, 6, Rate::ONE), Amount::ZERO);
        assert_eq!(largest_within(Usd::ZERO, 6, Rate::new(0)), Amount::MAX);
        assert_eq!(largest_within(Usd::MAX, 30, Rate::ONE), Amount::MAX);
        assert_eq!(largest_within(Usd::MAX, 39, Rate::ONE), Amount::ZERO, "what has no price fits no limit");
        let token = Amount::new(10u128.pow(38));
        assert_eq!(usd_of(token, 38, Rate::ONE), Some(usd("1")), "as many decimals as fit");
        assert_eq!(largest_within(usd("1"), 38, Rate::ONE), token);
    }

    #[test]
    fn units_are_written_shortly() {
        for (amount, decimals, written) in [
            (10_000, 6, "0.01"),
            (1_000_000, 6, "1"),
            (0, 6, "0"),
            (0, 0, "0"),
            (120, 0, "120"),
            (1, 18, "0.000000000000000001"),
        ] {
            assert_eq!(format_units(Amount::new(amount), decimals), written);
        }
        assert_eq!(format_units(Amount::new(1), 255).len(), 257);
    }

    #[test]
    fn sums_do_not_wrap() {
        let one = Amount::new(1);
        assert_eq!(Amount::MAX.checked_add(one), None);
        assert_eq!(Amount::MAX.saturating_add(one), Amount::MAX);
        assert_eq!(Amount::ZERO.checked_sub(one), None);
        assert_eq!(Usd::ZERO.saturating_sub(usd("1")), Usd::ZERO);
        assert_eq!(usd("1").checked_sub(usd("0.3")), Some(usd("0.7")));
    }

    /// Numbers of every size, not only of 128 bits.
    fn any_size() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0u32..128).prop_map(|(n, shift)| n >> shift)
    }

    proptest! {
        #[test]
        fn largest_within_is_the_exact_inverse(limit in any_size(), rate in any_size(), decimals in 0u8..=30) {
            let (limit, rate) = (Usd::new(limit), Rate::new(rate));
            let most = largest_within(limit, decimals, rate);
            prop_assert!(usd_of(most, decimals, rate).is_some_and(|price| price <= limit));
            if let Some(more) = most.checked_add(Amount::new(1)) {
                prop_assert!(usd_of(more, decimals, rate).is_none_or(|price| price > limit));
            }
        }

        #[test]
        fn a_price_admits_its_own_amount(amount in any_size(), rate in any_size(), decimals in 0u8..=30) {
            let (amount, rate) = (Amount::new(amount), Rate::new(rate));
            if let Some(price) = usd_of(amount, decimals, rate) {
                prop_assert!(largest_within(price, decimals, rate) >= amount);
                if let Some(less) = price.checked_sub(Usd::new(1)) {
                    prop_assert!(largest_within(less, decimals, rate) < amount, "the price was rounded up by too much");
                }
            }
        }

        #[test]
        fn text_round_trips(n in any_size()) {
            prop_assert_eq!(Amount::parse(&Amount::new(n).to_string()), Ok(Amount::new(n)));
            prop_assert_eq!(Usd::parse(&Usd::new(n).to_string()), Ok(Usd::new(n)));
            prop_assert_eq!(Rate::parse(&Rate::new(n).to_string()), Ok(Rate::new(n)));
        }

        #[test]
        fn reading_never_panics(text in any::<String>()) {
            let _ = (Amount::parse(&text), Usd::parse(&text));
        }
    }
}
