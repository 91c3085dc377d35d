//! What is held, and what became of it: for whoever has to find out more.

use super::{Engine, error_reply};
use crate::decision::HoldLine;
use crate::json::Json;
use crate::ledger::hold::{Ground, Hold, State};
use crate::ledger::key;
use crate::ledger::working::Missing;
use crate::members::{name, optional_text};
use crate::order::sorted;
use crate::reply::Reply;
use crate::time::{Millis, format_instant};

impl Engine {
    /// The holds that are here: one by its `id`; or by `which`: `open` (the default), `unresolved` (those that proof
    /// could change), or `all`.
    pub(super) fn holds(&mut self, event: &Json, at: Millis) -> Reply {
        let read = name(event, "id").and_then(|id| Ok((id, optional_text(event, "which")?)));
        let (id, which) = match read {
            Ok(read) => read,
            Err(refusal) => return error_reply("malformed_event", format!("`{}`: {}", refusal.field, refusal.message)),
        };
        let shown: fn(&Hold) -> bool = match which.as_deref() {
            None if !id.is_empty() => |_| true,
            None | Some("open") => Hold::is_open,
            Some("unresolved") => unresolved,
            Some("all") => |_| true,
            Some(other) => {
                let message = format!("`which`: expected `open`, `unresolved` or `all`, found `{other}`");
                return error_reply("malformed_event", message);
            }
        };
        let mut work = self.ledger.begin(at);
        let wanted = (!id.is_empty()).then(|| key::hold(&id));
        let keys = [key::CLOCK].into_iter().chain(wanted.as_deref());
        let now = match work.need(keys).and_then(|()| work.time(at)) {
            Ok(now) => now,
            Err(Missing(missing)) => return Reply::Missing { missing },
        };
        let mut holds: Vec<&Hold> = self.ledger.holds(now).collect();
        holds.retain(|hold| shown(hold) && (id.is_empty() || hold.id == id));
        let holds = sorted(holds, |a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Reply::Holds { holds: holds.into_iter().map(line).collect() }
    }
}

/// Whether a chain's answer could change what is booked.
fn unresolved(hold: &Hold) -> bool {
    match hold.state {
        State::Signing | State::Signed | State::Unknown => true,
        State::Captured => matches!(hold.ground, Some(Ground::Assumed | Ground::Receipt | Ground::Delivery)),
        State::Held | State::Voided => false,
    }
}

fn line(hold: &Hold) -> HoldLine {
    let closed = hold.state == State::Captured;
    HoldLine {
        id: hold.id.clone(),
        state: hold.state,
        ground: hold.ground,
        at: format_instant(hold.at),
        until: format_instant(hold.until),
        endpoint: hold.endpoint.clone(),
        network: hold.terms.network.to_string(),
        asset: hold.terms.asset.address.clone(),
        symbol: hold.price.as_ref().and_then(|price| price.symbol.as_deref()).map(str::to_owned),
        decimals: hold.price.as_ref().map(|price| price.decimals),
        payee: hold.terms.pay_to.clone(),
        payer: hold.payer.clone(),
        nonce: hold.nonce.clone(),
        transfer: hold.terms.transfer,
        amount: hold.terms.amount,
        signed: hold.signed,
        usd: hold.usd,
        captured: closed.then_some(hold.captured),
        captured_at: hold.captured_at.filter(|_| closed).map(format_instant),
        refunded: Some(hold.refunded).filter(|_| !hold.refunds.is_empty()),
        transaction: hold.transaction.clone(),
        note: hold.note.clone(),
        unbound: hold.unbound,
        breach: hold.breach,
    }
}
