//! What an amount counts as.

use super::super::event::ASSETS;

/// In 10^-18 US dollars, rounded against the spender.
pub fn dollars(amount: u128, asset: usize) -> u128 {
    let one = 10u128.pow(ASSETS[asset].decimals);
    (amount * ASSETS[asset].rate).div_ceil(one)
}

/// US dollars as the core writes them, in 10^-18.
pub fn read_dollars(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{fraction:0<18}");
    Some(whole.parse::<u128>().ok()? * super::super::event::DOLLAR + padded.parse::<u128>().ok()?)
}
