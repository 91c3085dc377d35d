//! The words before a number say what it is: `ssn: 078 05 1120`, and `order 4111111111111111` is no card.

use super::bytes::{at, before, down, is_word, part, start_of, up};

/// So far back words count.
const REACH: usize = 56;
/// A word is compared as far as this.
const LONGEST: usize = 20;

pub(super) const PHONE: u16 = 1;
pub(super) const CALL: u16 = 2;
pub(super) const SSN: u16 = 4;
pub(super) const ITIN: u16 = 8;
pub(super) const PASSPORT: u16 = 16;
pub(super) const CARD: u16 = 32;
pub(super) const IP: u16 = 64;
pub(super) const SECRET: u16 = 128;
/// The number of a thing: no person's.
const THING: u16 = 1 << 15;
/// A word that may stand between a name and its number.
const LINK: u16 = 1 << 14;

/// What stands before a place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    said: u16,
    /// The nearest word that says anything says that it is the number of a thing.
    pub(super) thing: bool,
}

impl Context {
    /// Looks back from a place.
    pub(super) fn of(bytes: &[u8], place: usize) -> Self {
        let mut context = Context::default();
        let first = down(place, REACH);
        let mut end = place;
        // Whether nothing but small words stands between: then a thing's name is that of this number.
        let mut near = true;
        let mut words = 0usize;
        while end > first {
            while end > first && !before(bytes, end).is_ascii_alphabetic() {
                let byte = before(bytes, end);
                // The sentence before is about something else; in JSON, so is the member before.
                let sentence = byte == b'.' && end < place && at(bytes, end) == b' ' && words > 0;
                if sentence || matches!(byte, b'\n' | b';' | b'{' | b'}') {
                    return context;
                }
                near &= !byte.is_ascii_digit() && !matches!(byte, b',' | b'(' | b'&' | b'?');
                end = down(end, 1);
            }
            let start = start_of(bytes, end, LONGEST, |byte| byte.is_ascii_alphabetic());
            if start == end || start < first {
                break;
            }
            let says = meaning(part(bytes, start, end));
            match says {
                THING => {
                    context.thing |= near && context.said == 0;
                    near = false;
                }
                LINK => {}
                _ => {
                    context.said |= says;
                    near = false;
                }
            }
            words = up(words, 1);
            // A longer run of letters is no word; what stands before it is too far away.
            if is_word(before(bytes, start)) && down(end, start) >= LONGEST {
                break;
            }
            end = start;
        }
        context
    }

    /// Whether one of these was said.
    pub(super) const fn says(self, what: u16) -> bool {
        self.said & what != 0
    }
}

/// What a word says of the number after it.
fn meaning(word: &[u8]) -> u16 {
    let mut lower = [0u8; LONGEST];
    for (to, from) in lower.iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    let word = lower.get(..word.len().min(LONGEST)).unwrap_or_default();
    match word {
        b"phone" | b"phones" | b"telephone" | b"tel" | b"telefon" | b"mobile" | b"mob" | b"cell" | b"cellphone"
        | b"fax" | b"whatsapp" | b"sms" | b"msisdn" | b"handy" | b"ph" | b"phonenumber" | b"mobilenumber"
        | b"movil" | b"telefono" | b"telephonenumber" | b"landline" | b"hotline" | b"phoneno" => PHONE,
        b"call" | b"dial" | b"ring" | b"text" | b"reach" | b"contact" | b"signal" | b"telegram" => CALL,
        b"ssn" | b"social" | b"socialsecurity" | b"ssnumber" | b"socialsecuritynumber" => SSN,
        b"itin" | b"taxpayer" | b"tin" | b"taxpayerid" => ITIN,
        b"passport" | b"passportnumber" | b"passportno" | b"ppt" => PASSPORT,
        b"card" | b"cards" | b"cc" | b"visa" | b"mastercard" | b"amex" | b"pan" | b"cardnumber" | b"creditcard"
        | b"debit" | b"credit" | b"discover" | b"maestro" | b"ccnumber" | b"ccn" => CARD,
        b"ip" | b"ips" | b"ipv" | b"ipaddress" | b"addr" | b"clientip" | b"remoteaddr" | b"host" | b"server"
        | b"dns" | b"ping" | b"peer" | b"resolver" | b"xff" | b"for" | b"from" => IP,
        b"secret" | b"private" | b"privatekey" | b"privkey" | b"secretkey" | b"privkeyhex" | b"sk" => SECRET,
        b"order" | b"orders" | b"orderid" | b"orderno" | b"ordernumber" | b"invoice" | b"invoiceid" | b"inv"
        | b"ref" | b"reference" | b"tracking" | b"trackingnumber" | b"ticket" | b"ticketid" | b"case" | b"sku"
        | b"part" | b"serial" | b"version" | b"ver" | b"build" | b"release" | b"rev" | b"revision" | b"nonce"
        | b"tx" | b"txid" | b"txhash" | b"hash" | b"block" | b"blocknumber" | b"height" | b"amount" | b"value"
        | b"wei" | b"units" | b"timestamp" | b"ts" | b"epoch" | b"time" | b"isbn" | b"ean" | b"upc" | b"gtin"
        | b"model" | b"batch" | b"lot" | b"item" | b"product" | b"uuid" | b"gas" | b"chainid" | b"slot" | b"parcel"
        | b"shipment" | b"oid" | b"seq" | b"sequence" | b"offset" | b"cursor" | b"balance" | b"price" | b"total"
        | b"size" | b"bytes" | b"firmware" | b"driver" | b"validbefore" | b"validafter" | b"expires" | b"exp"
        | b"iat" | b"nbf" | b"section" | b"chapter" | b"clause" | b"assembly" | b"customer" | b"transaction"
        | b"po" | b"quote" | b"receipt" => THING,
        b"id" | b"no" | b"nr" | b"num" | b"number" | b"numbers" | b"is" | b"was" | b"of" | b"the" | b"code" | b"a"
        | b"and" => LINK,
        _ => 0,
    }
}
