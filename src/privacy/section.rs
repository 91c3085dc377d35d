//! The policy's `privacy` section as it is written.

use super::{EntityName, Place, Treatment};
use crate::policy::read::{Reader, section};

section! {
    /// What becomes of personal data and secrets in what the agent sends, pays for and logs.
    pub struct PrivacySection {
        /// What becomes of what no rule speaks of. Default `redact`. What can't be written anew without breaking the payment
        /// (the path of the URL, what the signature or the seller's match covers) is blocked where it would be.
        pub action: Treatment,
        /// Headers of the agent's request that are looked through, by name.
        pub headers: Vec<String>,
        /// What becomes of some kinds in some places. Of the rules that speak of one, the strictest holds.
        pub rules: Vec<PrivacyRuleSection>,
    }
}

section! {
    /// What becomes of some kinds of personal data in some places.
    pub struct PrivacyRuleSection {
        /// Which kinds. Default: all.
        pub entities: Vec<EntityName>,
        /// In which places. Default: all.
        pub places: Vec<Place>,
        /// What becomes of them: `allow`, `warn`, `mask`, `hash`, `redact` or `block`.
        pub then: Treatment = required,
    }
}

impl PrivacySection {
    /// Notes what is wrong with it beyond its form: a header has a name, and the one that carries the payment is what it is.
    pub fn check(&self, reader: &mut Reader) {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        for (index, name) in self.headers.iter().flatten().enumerate() {
            let payment = ["payment-signature", "x-payment"].iter().any(|known| name.eq_ignore_ascii_case(known));
            let what = match (payment, name.bytes().all(is_name)) {
                (true, _) => "carries the payment, which is never rewritten",
                (_, false) => "is not the name of a header",
                _ => continue,
            };
            reader.member("headers", |r| r.item(index, |r| r.fail(format!("`{name}` {what}"))));
        }
    }
}
