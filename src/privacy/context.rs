//! The words before a number say what it is: `ssn: 078 05 1120`, and `order 4111111111111111` is no card.

use super::bytes::{at, before, down, is_word, part, start_of, up};

/// So far back words count.
const REACH: usize = 56;
/// So many words with a meaning can stand there: none has less than two letters.
const MOST: usize = 20;
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

/// Signs after which a name is no longer that of the number.
const FAR: u8 = 1;
/// Where the sentence or the member of JSON begins.
const STOP: u8 = 2;
const DOT: u8 = 4;
const LETTER: u8 = 8;

/// What a sign between words does; 0 for most.
const SIGNS: [u8; 256] = {
    let mut signs = [0u8; 256];
    let (mut rest, mut byte): (&mut [u8], u8) = (&mut signs, 0);
    while let [sign, more @ ..] = rest {
        *sign = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' | b',' | b'(' | b'&' | b'?' => FAR,
            b'\n' | b';' | b'{' | b'}' => STOP,
            b'.' => DOT,
            _ => 0,
        };
        rest = more;
        byte = byte.wrapping_add(1);
    }
    signs
};

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
        Words::before(bytes, place).context(place)
    }

    /// Whether one of these was said.
    pub(super) const fn says(self, what: u16) -> bool {
        self.said & what != 0
    }
}

/// The words before a place that say something, the nearest first: all groups of a row of numbers have the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    place: usize,
    words: [Word; MOST],
    count: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Word {
    start: usize,
    says: u16,
    /// Whether nothing but small words stands after it.
    near: bool,
}

impl Words {
    /// Looks back from a place.
    pub(super) fn before(bytes: &[u8], place: usize) -> Self {
        let mut found = Words { place, words: [Word::default(); MOST], count: 0 };
        let first = down(place, REACH);
        let mut end = place;
        let (mut near, mut some) = (true, false);
        while end > first {
            while end > first {
                let sign = SIGNS.get(usize::from(before(bytes, end))).copied().unwrap_or(0);
                if sign == LETTER {
                    break;
                }
                // The sentence before is about something else; in JSON, so is the member before.
                if sign == STOP || (sign == DOT && some && at(bytes, end) == b' ') {
                    return found;
                }
                near &= sign != FAR;
                end = down(end, 1);
            }
            let start = start_of(bytes, end, LONGEST, |byte| byte.is_ascii_alphabetic());
            if start == end || start < first {
                break;
            }
            let says = meaning(part(bytes, start, end));
            if says != LINK {
                if says != 0
                    && let Some(word) = found.words.get_mut(found.count)
                {
                    *word = Word { start, says, near };
                    found.count = up(found.count, 1);
                }
                near = false;
            }
            some = true;
            // A longer run of letters is no word; what stands before it is too far away.
            if is_word(before(bytes, start)) && down(end, start) >= LONGEST {
                break;
            }
            end = start;
        }
        found
    }

    /// What they say of a number that begins at a place: that one, or one behind it in the same row of numbers.
    pub(super) fn context(&self, place: usize) -> Context {
        let mut context = Context::default();
        let reached = self.words.iter().take(self.count).take_while(|word| word.start >= down(place, REACH));
        for word in reached {
            if word.says == THING {
                // It is the name of the first number of a row alone.
                context.thing |= word.near && context.said == 0 && place == self.place;
            } else {
                context.said |= word.says;
            }
        }
        context
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
