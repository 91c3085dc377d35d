//! Numbers: one spelling each, exact, and rounded against the spender.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::money::{Amount, Rate, Usd, format_units, largest_within, usd_of};
use tollwarden::time::parse_instant;

fuzz_target!(|text: &str| {
    let _ = parse_instant(text);
    let mut parts = text.splitn(3, ' ');
    let (first, second, third) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let amount = Amount::parse(first).ok();
    if let Some(amount) = amount {
        assert_eq!(amount.to_string(), first, "an amount has one spelling");
    }
    let usd = Usd::parse(second).ok();
    if let Some(usd) = usd {
        assert_eq!(Usd::parse(&usd.to_string()).ok(), Some(usd));
    }
    let rate = Rate::parse(third).ok();
    if let Some(rate) = rate {
        assert_eq!(Rate::parse(&rate.to_string()).ok(), Some(rate));
    }
    for decimals in [0, 2, 6, 18, 38] {
        if let Some(amount) = amount {
            assert!(!format_units(amount, decimals).is_empty());
        }
        let (Some(amount), Some(limit), Some(rate)) = (amount, usd, rate) else { continue };
        // The largest amount within a limit is within it, and one unit more is not.
        let most = largest_within(limit, decimals, rate);
        if let Some(price) = usd_of(most, decimals, rate) {
            assert!(price <= limit, "{most} at {rate} is {price}, above {limit}");
        }
        if let Some(price) = most.get().checked_add(1).and_then(|more| usd_of(Amount::new(more), decimals, rate)) {
            assert!(price > limit, "{most} is not the largest within {limit} at {rate}");
        }
        // What costs more is never priced lower.
        if let (Some(price), Some(more)) = (usd_of(amount, decimals, rate), amount.get().checked_add(1)) {
            assert!(usd_of(Amount::new(more), decimals, rate).is_none_or(|dearer| dearer >= price));
        }
    }
});
