//! Deliberate faults, for the simulator to find: the test of its teeth (docs/simulator.md). They exist with the feature
//! `faults` alone, which the shipped module never has; without it each hook is `false`, and compiles to nothing.

/// Whether a fault is switched on.
#[cfg(feature = "faults")]
macro_rules! fault {
    ($name:literal) => {
        $crate::faults::is_on($name)
    };
}

/// Whether a fault is switched on: never, in what is shipped.
#[cfg(not(feature = "faults"))]
macro_rules! fault {
    ($name:literal) => {
        $crate::faults::is_on($name)
    };
}

pub(crate) use fault;

/// Constant, and so gone from what is compiled.
#[cfg(not(feature = "faults"))]
pub(crate) const fn is_on(_: &str) -> bool {
    false
}

#[cfg(feature = "faults")]
mod switch {
    use std::cell::Cell;

    use super::FAULTS;

    thread_local! {
        static ON: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Switches one fault on in this thread, or all off.
    ///
    /// # Errors
    /// If there is no such fault.
    pub fn switch(name: Option<&str>) -> Result<(), String> {
        let known = name.map(|name| {
            let found = FAULTS.iter().find(|(known, _)| *known == name);
            found.map(|(known, _)| *known).ok_or_else(|| format!("there is no fault `{name}`"))
        });
        ON.set(known.transpose()?);
        Ok(())
    }

    pub(crate) fn is_on(name: &str) -> bool {
        debug_assert!(FAULTS.iter().any(|(known, _)| *known == name), "`{name}` is not in the table of faults");
        ON.get() == Some(name)
    }
}

#[cfg(feature = "faults")]
pub(crate) use switch::is_on;
#[cfg(feature = "faults")]
pub use switch::switch;

/// Each fault, and what it does to the core.
#[cfg(feature = "faults")]
pub const FAULTS: &[(&str, &str)] = &[
    ("window-short", "a rolling window ends a millisecond early"),
    ("window-forgets", "beyond 64 spends, those there are are dropped although they count"),
    ("window-added-early", "spends that are added up stand under the time of the first, not the last"),
    ("window-coarse", "spends are added up by quarters of the window, not by 32nds"),
    ("calendar-late", "a calendar's period begins an hour late"),
    ("limit-off-by-one", "a payment may exceed a limit by one atomic part"),
    ("limit-ignores-held", "a limit counts what was spent, and not what is held"),
    ("approve-above", "approval is needed above its figure, not from it on"),
    ("round-down", "an amount is priced rounded down, in favour of the spender"),
    ("cap-at-least", "a payment of exactly the cap is denied"),
    ("hold-not-counted", "the first budget is not told of a hold"),
    ("share-lost", "only the first of a payment's counters counts its capture"),
    ("scope-shared", "a budget per agent and vendor counts per agent alone"),
    ("release-short", "one atomic part stays held when a hold is closed"),
    ("release-twice", "closing a hold lets go of twice its amount"),
    ("capture-twice", "a capture that is said again is booked again"),
    ("capture-at-hold", "a capture counts from when the hold was taken"),
    ("upto-maximum", "a capture is booked at the maximum, whatever was charged"),
    ("breach-dropped", "what was captured above the hold is booked as the hold"),
    ("breach-untold", "a capture above the hold is not told as a breach"),
    ("receipt-lowers", "a receipt can lower what is booked"),
    ("failed-frees", "a seller's word that a payment failed frees money after a ticket"),
    ("unused-early", "unused so far frees the money"),
    ("expiry-frees", "an unknown whose time ran out is let go, and not booked"),
    ("expiry-at-held", "an expired unknown is booked at what was held, not at the larger that was signed"),
    ("expiry-early", "an expired unknown is booked an hour before its time ran out"),
    ("lapse-late", "a hold without a ticket lapses after 61 seconds"),
    ("skew-forgotten", "a signature counts as usable to its end, and not the 30 seconds more"),
    ("sweep-skips", "of the holds whose time is up, the first is left"),
    ("sign-shortens", "a second signature shortens the time in which the first can be used"),
    ("unbound-forgotten", "what does not bind stays signing, and is not unknown"),
    ("unbound-short", "what does not bind can be used for longer than the ledger waits"),
    ("unbound-amount", "a larger amount that was signed is not held"),
    ("refund-twice", "a refund is credited twice"),
    ("refund-over", "more than was captured can be refunded"),
    ("refund-now", "a refund is credited in the moment in which it comes"),
    ("intent-ignored", "another payment is allowed while one for the same intent is unknown"),
    ("intent-ticket", "a second ticket is issued while a payment for the same intent is unknown"),
    ("intent-stays", "an intent stays blocked after its unknown is closed"),
    ("ticket-twice", "a second ticket is issued for one hold"),
    ("digest-ignored", "the same id with other content gets the first answer"),
    ("again-holds", "the same id again holds the money again"),
    ("clock-back", "time runs backwards with the host's clock"),
    ("freeze-ignored", "a frozen ledger allows"),
    ("freeze-ticket", "a frozen ledger issues tickets"),
    ("reload-forgets", "a policy that changes a counter's window is taken, and its history forgotten"),
    ("kept-old", "a counter that is kept between events has its new version and its old content"),
    ("read-not-checked", "a commit does not check the versions of what was read"),
    ("freeze-not-checked", "a commit does not check the freeze switch"),
    ("rate-off-by-one", "a rate lets one payment more through"),
    ("gap-ignored", "the time between two payments is not kept"),
    ("approver-agent", "an agent can approve its own payment"),
    ("approval-twice", "two voices of one person count as two"),
    ("approval-other", "an approval is good for other content under the same id"),
    ("refusal-ignored", "a person's refusal does not stand"),
    ("approval-stays", "people have nine days more to answer than the policy gives them"),
    ("denial-trace", "a denial leaves the time at which it was asked"),
    ("open-lost", "a payment that becomes unknown is no longer listed as open"),
    ("replay-ignored", "a key that was used before is taken again"),
    ("replay-stays", "what was let go still counts as paid, and the same payment as a replay"),
    ("refusal-overruled", "an approval is taken after a refusal"),
    ("approval-reload", "an approval is good under another policy than the one that asked"),
    ("prompts-agent", "an agent may ask as often as it likes"),
    ("prompts-approver", "an approver is asked, however much waits for them"),
    ("approval-unnamed", "an approval that names something else is taken"),
    ("refund-again", "a refund that is told twice is credited twice"),
    ("rate-stays", "a payment counts in its rate after proof that nothing moved"),
    ("breach-forgotten", "a breach is forgotten when the capture is proven or resolved"),
    ("receipt-stands", "a chain's proof does not correct what a seller said"),
    ("unbound-freed", "proof of no use frees what did not bind"),
    ("resolve-early", "a person frees money while the signature can still be used"),
    ("first-payment", "an address that was never paid counts as paid"),
];
