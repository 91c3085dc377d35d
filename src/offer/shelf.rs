//! Offers that were read before. A seller's offer for one resource is mostly the same text each time; what a text says is
//! read once, with its digests, and kept by the text itself.

use std::rc::Rc;

use super::{Offer, read};
use crate::json::parse;
use crate::reason::Refusal;

/// So many offers are kept: those of the sellers that an agent turns to by turns.
const MOST: usize = 8;
/// A longer text is read anew each time, in bytes: what strangers make it keep has a bound of 64 KiB.
const LONGEST: usize = 8 * 1024;

/// What an offer says, or why it is none.
pub type Heard = Rc<Result<Offer, Refusal>>;

/// Offers by their texts, the latest last.
#[derive(Debug, Default)]
pub struct Shelf(Vec<(String, Heard)>);

impl Shelf {
    /// What the text says: as [`read`] has it, whether it is kept here or not.
    ///
    /// # Errors
    /// One sentence, if it is not JSON.
    pub fn read(&mut self, text: &str) -> Result<Heard, String> {
        if let Some(place) = self.0.iter().rposition(|(known, _)| known == text) {
            let known = self.0.remove(place);
            let heard = Rc::clone(&known.1);
            self.0.push(known);
            return Ok(heard);
        }
        let heard = Rc::new(read(&parse(text)?));
        if text.len() <= LONGEST {
            if self.0.len() == MOST {
                self.0.remove(0);
            }
            self.0.push((text.to_owned(), Rc::clone(&heard)));
        }
        Ok(heard)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails should say where")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offer(n: usize, pad: usize) -> String {
        let entry = r#"{"scheme":"exact","network":"eip155:8453","amount":"10000","asset":"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913","payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60,"extra":{"name":"USD Coin","version":"2"}}"#;
        let pad = " ".repeat(pad);
        format!(r#"{{"x402Version":2,"resource":{{"url":"https://a.example/{n}"}},"accepts":[{entry}]}}{pad}"#)
    }

    proptest! {
        #[test]
        fn a_text_says_the_same_whenever_it_comes(
            asked in proptest::collection::vec((0usize..20, prop::sample::select(vec![0, 1, LONGEST])), 1..60),
        ) {
            let mut shelf = Shelf::default();
            for (n, pad) in asked {
                let text = offer(n, pad);
                let afresh = read(&parse(&text).unwrap());
                prop_assert_eq!(&*shelf.read(&text).unwrap(), &afresh);
                prop_assert_eq!(shelf.read(&text[1..]).is_err(), true);
                prop_assert!(shelf.0.len() <= MOST && shelf.0.iter().all(|(text, _)| text.len() <= LONGEST));
            }
        }
    }

    #[test]
    fn the_one_that_was_not_asked_for_the_longest_goes() {
        let mut shelf = Shelf::default();
        let first = shelf.read(&offer(0, 0)).unwrap();
        for n in 1..MOST {
            shelf.read(&offer(n, 0)).unwrap();
            assert!(Rc::ptr_eq(&first, &shelf.read(&offer(0, 0)).unwrap()));
        }
        shelf.read(&offer(MOST, 0)).unwrap();
        assert!(Rc::ptr_eq(&first, &shelf.read(&offer(0, 0)).unwrap()));
        let second = shelf.read(&offer(1, 0)).unwrap();
        assert!(!shelf.0.iter().rev().skip(1).any(|(_, heard)| Rc::ptr_eq(heard, &second)));
    }
}
