//! The moves of money in the ledger. Each keeps, for every budget: limit = available + held + spent.

use crate::bind::claim::UNLIMITED;
use crate::faults::fault;
use crate::ledger::cells::{Cell, Open};
use crate::ledger::hold::{Ground, Hold, Share, State, Unit};
use crate::ledger::key;
use crate::ledger::tally::Tally;
use crate::ledger::working::{Missing, Working};
use crate::money::{Amount, usd_of};
use crate::time::Millis;

/// As many holds may be open at once in one ledger: the cell that lists them stays small.
pub const MAX_OPEN: usize = 1_000;

/// So many holds whose time is up are closed by one verb; the next verb goes on.
pub const SWEPT: usize = 64;

/// Changes the tally of a share, as it stands now.
fn change(work: &mut Working<'_>, share: &Share, with: &mut dyn FnMut(&mut Tally)) -> Result<(), Missing> {
    let mut tally = work.tally(&share.key)?;
    tally.forget(share.window, work.now());
    with(&mut tally);
    let expires = tally.expires(share.window);
    work.put(&share.key, Cell::Budget(tally), expires);
    Ok(())
}

/// Takes a new hold: every budget counts it from now on.
///
/// # Errors
/// The cells that are not here.
pub fn take(work: &mut Working<'_>, hold: Hold) -> Result<(), Missing> {
    for share in hold.shares.iter().skip(fault!("hold-not-counted").into()) {
        change(work, share, &mut |tally| tally.hold(share.amount.get()))?;
    }
    put(work, hold)
}

/// Writes a hold as it is now, and keeps the list of open holds and of unknown ones in step.
///
/// # Errors
/// The cells that are not here.
pub fn keep(work: &mut Working<'_>, hold: &Hold) -> Result<(), Missing> {
    put(work, hold.clone())
}

fn put(work: &mut Working<'_>, hold: Hold) -> Result<(), Missing> {
    let mut open: Vec<Open> = work.open()?.iter().filter(|entry| entry.id != hold.id).cloned().collect();
    if hold.is_open() && !(hold.state == State::Unknown && fault!("open-lost")) {
        let place = open.partition_point(|entry| entry.until <= hold.until);
        open.insert(place, Open { id: hold.id.clone(), until: hold.until });
    }
    work.put(key::OPEN, Cell::Open(open), None);

    let mut unknown = work.intent(&hold.intent)?;
    let listed = unknown.contains(&hold.id);
    if listed != (hold.state == State::Unknown) && !(listed && fault!("intent-stays")) {
        unknown.retain(|id| *id != hold.id);
        if hold.state == State::Unknown {
            unknown.push(hold.id.clone());
        }
        if unknown.is_empty() {
            work.remove(&hold.intent);
        } else {
            work.put(&hold.intent, Cell::Intent(unknown), None);
        }
    }

    // What was let go was not paid: the same payment is no replay of it.
    if let Some(seen) = hold.seen.as_ref().filter(|_| hold.state == State::Voided && !fault!("replay-stays"))
        && work.seen(seen, work.now())?.is_some_and(|seen| seen.id == hold.id)
    {
        work.remove(seen);
    }

    let (name, forgotten) = (key::hold(&hold.id), hold.forgotten());
    work.put(&name, Cell::Hold(Box::new(hold)), forgotten);
    Ok(())
}

/// Books the hold as captured: what was held is let go, what was captured is spent, now.
///
/// # Errors
/// The cells that are not here.
pub fn capture(
    work: &mut Working<'_>,
    hold: &mut Hold,
    at: Millis,
    amount: Amount,
    ground: Ground,
) -> Result<(), Missing> {
    let was_open = hold.is_open();
    let at = if fault!("capture-at-hold") { hold.at } else { at };
    for share in hold.shares.iter().take(if fault!("share-lost") { 1 } else { usize::MAX }) {
        change(work, share, &mut |tally| {
            if was_open {
                tally.release(share.amount.get());
            }
            tally.spend(share.window, at, units(hold, share, amount));
        })?;
    }
    let payee = key::payee(&hold.terms);
    let payments = work.payments(&payee)?;
    work.put(&payee, Cell::Payee(payments.saturating_add(1)), None);
    hold.breach = (hold.breach || !was_open || amount > hold.terms.amount) && !fault!("breach-untold");
    hold.state = State::Captured;
    hold.captured = amount;
    hold.captured_at = Some(at);
    hold.ground = Some(ground);
    keep(work, hold)
}

/// Lets go of the hold: no money moved, and none can any more.
///
/// # Errors
/// The cells that are not here.
pub fn void(work: &mut Working<'_>, hold: &mut Hold, ground: Ground) -> Result<(), Missing> {
    for share in &hold.shares {
        change(work, share, &mut |tally| tally.release(share.amount.get()))?;
    }
    hold.state = State::Voided;
    hold.ground = Some(ground);
    keep(work, hold)
}

/// Books another amount for a captured hold, or another sum that was given back: the difference moves in the moment of
/// the window in which it was spent. The payment itself still counts as one.
///
/// # Errors
/// The cells that are not here.
pub fn rebook(
    work: &mut Working<'_>,
    hold: &mut Hold,
    captured: Amount,
    refunded: Amount,
    now: Millis,
) -> Result<(), Missing> {
    let (kept, left) = (hold.captured.saturating_sub(hold.refunded), captured.saturating_sub(refunded));
    let at = if fault!("refund-now") { now } else { hold.captured_at.unwrap_or(hold.at) };
    for share in hold.shares.iter().filter(|share| share.unit != Unit::Count) {
        let (before, after) = (units(hold, share, kept), units(hold, share, left));
        change(work, share, &mut |tally| {
            if after > before {
                tally.spend(share.window, at, after.saturating_sub(before));
            } else {
                let times = if fault!("refund-twice") { 2 } else { 1 };
                tally.credit(share.window, at, before.saturating_sub(after).saturating_mul(times), now);
            }
        })?;
    }
    hold.captured = captured;
    hold.refunded = refunded;
    keep(work, hold)
}

/// Takes a capture back that never was one: nothing was spent, and nobody was paid.
///
/// # Errors
/// The cells that are not here.
pub fn uncapture(work: &mut Working<'_>, hold: &mut Hold, ground: Ground, now: Millis) -> Result<(), Missing> {
    let (kept, at) = (hold.captured.saturating_sub(hold.refunded), hold.captured_at.unwrap_or(hold.at));
    for share in hold.shares.iter().filter(|share| share.unit != Unit::Count || !fault!("rate-stays")) {
        change(work, share, &mut |tally| {
            tally.credit(share.window, at, units(hold, share, kept), now);
        })?;
    }
    let payee = key::payee(&hold.terms);
    match work.payments(&payee)?.saturating_sub(1) {
        0 => work.remove(&payee),
        payments => work.put(&payee, Cell::Payee(payments), None),
    }
    hold.state = State::Voided;
    hold.captured = Amount::ZERO;
    hold.refunded = Amount::ZERO;
    hold.refunds.clear();
    hold.breach = false;
    hold.ground = Some(ground);
    keep(work, hold)
}

/// Raises what is held, where more was signed than was held.
///
/// # Errors
/// The cells that are not here.
pub fn raise(work: &mut Working<'_>, hold: &mut Hold, amount: Amount) -> Result<(), Missing> {
    let raised: Vec<Share> = hold
        .shares
        .iter()
        .map(|share| Share { amount: Amount::new(units(hold, share, amount)).max(share.amount), ..share.clone() })
        .collect();
    for (old, new) in hold.shares.iter().zip(&raised) {
        change(work, new, &mut |tally| tally.hold(new.amount.saturating_sub(old.amount).get()))?;
    }
    hold.shares = raised;
    Ok(())
}

/// Closes the holds whose time is up: one that was never ticketed is let go, one that was is booked as spent, at its
/// maximum, at the last moment in which it could settle. Expiry alone proves nothing more.
///
/// # Errors
/// The cells that are not here.
pub fn sweep(work: &mut Working<'_>, now: Millis) -> Result<bool, Missing> {
    let skip: usize = fault!("sweep-skips").into();
    let due = work.open()?.iter().take_while(|entry| entry.until <= now).skip(skip);
    let due: Vec<Open> = due.take(SWEPT).cloned().collect();
    let holds = fetched(work, &due)?;
    for mut hold in holds {
        if hold.state == State::Held || fault!("expiry-frees") {
            void(work, &mut hold, Ground::Lapsed)?;
        } else {
            let amount = if fault!("expiry-at-held") { hold.terms.amount } else { hold.exposure() };
            let at = hold.until.saturating_sub(if fault!("expiry-early") { 3_600_000 } else { 0 });
            capture(work, &mut hold, at, amount, Ground::Assumed)?;
        }
    }
    Ok(!due.is_empty())
}

/// Asks in one go for all that `sweep` reads when the next holds run out. Whoever looks ahead, from one to the next,
/// would ask for each of them in turn otherwise.
///
/// # Errors
/// The cells that are not here.
pub fn foresee(work: &mut Working<'_>) -> Result<(), Missing> {
    let next: Vec<Open> = work.open()?.iter().take(SWEPT).cloned().collect();
    fetched(work, &next).map(|_| ())
}

/// The holds of these entries, with every cell that closing them changes.
fn fetched(work: &mut Working<'_>, entries: &[Open]) -> Result<Vec<Hold>, Missing> {
    let keys: Vec<String> = entries.iter().map(|entry| key::hold(&entry.id)).collect();
    work.need(keys.iter().map(String::as_str))?;
    let mut holds = Vec::new();
    for entry in entries {
        holds.extend(work.hold(&entry.id)?);
    }
    let cells: Vec<String> = holds.iter().flat_map(Hold::cells).collect();
    work.need(cells.iter().map(String::as_str))?;
    Ok(holds)
}

/// An amount in the unit of a share.
fn units(hold: &Hold, share: &Share, amount: Amount) -> u128 {
    match share.unit {
        Unit::Count => 1,
        Unit::Asset => amount.get(),
        Unit::Usd => {
            let price = hold.price.as_ref().and_then(|price| price.usd.map(|rate| (price.decimals, rate)));
            // A share in dollars exists only where there is a price; what can't be counted counts as unlimited.
            let usd = price.and_then(|(decimals, rate)| usd_of(amount, decimals, rate));
            usd.map_or(UNLIMITED.get(), |usd| usd.get().min(UNLIMITED.get()))
        }
    }
}
