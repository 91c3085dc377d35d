//! What is looked for, where it may stand, and what becomes of it.

use std::borrow::Cow;

use crate::json::Json;
use crate::policy::read::{Read, Reader};
use crate::policy::words::words;
use crate::words::nearest;

/// A name of one's own begins so: whatever a recogniser finds beside what is known here.
pub const OWN: &str = "X_";

words! {
    /// A kind of personal data, or of a secret.
    pub enum Entity {
        /// An e-mail address.
        EmailAddress = "EMAIL_ADDRESS",
        /// A telephone number.
        PhoneNumber = "PHONE_NUMBER",
        /// A US social security number.
        UsSsn = "US_SSN",
        /// A US individual taxpayer number.
        UsItin = "US_ITIN",
        /// The number of a US passport.
        UsPassport = "US_PASSPORT",
        /// The number of a payment card.
        CreditCard = "CREDIT_CARD",
        /// An international bank account number.
        IbanCode = "IBAN_CODE",
        /// A public IP address.
        IpAddress = "IP_ADDRESS",
        /// An API key, a bearer token, a password.
        ApiKey = "API_KEY",
        /// A private key.
        PrivateKey = "PRIVATE_KEY",
        /// The words of a wallet.
        SeedPhrase = "SEED_PHRASE",
        /// A person's name; by a recogniser.
        Person = "PERSON",
        /// A place or a postal address; by a recogniser.
        Location = "LOCATION",
        /// A company or the like; by a recogniser.
        Organization = "ORGANIZATION",
    }
}

impl Entity {
    /// All of them.
    pub const ALL: &'static [Entity] = &[
        Entity::EmailAddress,
        Entity::PhoneNumber,
        Entity::UsSsn,
        Entity::UsItin,
        Entity::UsPassport,
        Entity::CreditCard,
        Entity::IbanCode,
        Entity::IpAddress,
        Entity::ApiKey,
        Entity::PrivateKey,
        Entity::SeedPhrase,
        Entity::Person,
        Entity::Location,
        Entity::Organization,
    ];
}

words! {
    /// A place where text leaves the agent.
    pub enum Place {
        /// The path of the requested URL.
        UrlPath = "url_path",
        /// The query of the requested URL.
        Query = "query",
        /// The fragment of the requested URL.
        Fragment = "fragment",
        /// What the seller writes about the resource.
        Description = "description",
        /// Free text: why something is asked for, refused or frozen.
        Reason = "reason",
        /// A header of the request that the policy names.
        Header = "header",
        /// What the warden itself writes: messages, logs, the audit log.
        Audit = "audit",
        /// What the warden sends to a webhook.
        Webhook = "webhook",
    }
}

impl Place {
    /// All of them.
    pub const ALL: &'static [Place] = &[
        Place::UrlPath,
        Place::Query,
        Place::Fragment,
        Place::Description,
        Place::Reason,
        Place::Header,
        Place::Audit,
        Place::Webhook,
    ];

    /// The place by its word.
    #[must_use]
    pub fn named(word: &str) -> Option<Place> {
        Place::ALL.iter().copied().find(|place| place.word() == word)
    }
}

words! {
    /// What becomes of personal data, from the mildest to the strictest.
    pub enum Treatment {
        /// It is let through.
        Allow = "allow",
        /// It is let through, and noted.
        Warn = "warn",
        /// Its letters and digits are covered; of numbers the last four stay.
        Mask = "mask",
        /// A keyed hash stands in its place: the same for the same person.
        Hash = "hash",
        /// Its kind and a number stand in its place.
        Redact = "redact",
        /// Nothing is sent, and nothing is paid.
        Block = "block",
    }
}

impl Treatment {
    /// Whether the text is written anew.
    #[must_use]
    pub const fn rewrites(self) -> bool {
        matches!(self, Treatment::Mask | Treatment::Hash | Treatment::Redact)
    }
}

/// The name of a kind: one that is known, or one of the user's own, such as `X_EMPLOYEE_ID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityName(Cow<'static, str>);

impl EntityName {
    /// The name, if it is one.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let known = Entity::ALL.iter().map(|entity| entity.word()).find(|word| *word == name);
        let own = name.strip_prefix(OWN).is_some_and(|rest| {
            !rest.is_empty()
                && name.len() <= 40
                && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        });
        known.map(Cow::Borrowed).or_else(|| own.then(|| Cow::Owned(name.to_owned()))).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, to keep.
    #[must_use]
    pub fn into_text(self) -> Cow<'static, str> {
        self.0
    }
}

impl From<Entity> for EntityName {
    fn from(entity: Entity) -> Self {
        Self(Cow::Borrowed(entity.word()))
    }
}

impl Read for EntityName {
    fn read(json: &Json, reader: &mut Reader) -> Option<Self> {
        let Some(name) = json.as_str() else {
            return reader.expected("the name of an entity", json);
        };
        let found = Self::new(name);
        if found.is_none() {
            let near = nearest_name(name);
            let hint = near.map_or_else(
                || format!("; a name of your own begins with `{OWN}` and has capitals, digits and `_`"),
                |word| format!("; did you mean `{word}`?"),
            );
            reader.fail(format!("`{name}` is not an entity that is known{hint}"));
        }
        found
    }
}

fn nearest_name(name: &str) -> Option<&'static str> {
    let known: Vec<String> = Entity::ALL.iter().map(|entity| entity.word().to_ascii_lowercase()).collect();
    let near = nearest(name, known.iter().map(String::as_str))?;
    Entity::ALL.iter().map(|entity| entity.word()).find(|word| word.eq_ignore_ascii_case(near))
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for EntityName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("EntityName")
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let known: Vec<&str> = Entity::ALL.iter().map(|entity| entity.word()).collect();
        schemars::json_schema!({
            "description": "A kind of personal data, or a name of your own that begins with `X_`.",
            "anyOf": [{ "type": "string", "enum": known }, { "type": "string", "pattern": "^X_[A-Z0-9_]{1,38}$" }]
        })
    }
}
