//! One policy on top of another (`extends`). What the base says holds, whatever the child says: the child adds, and the
//! strictest wins. What the child leaves out is as the base has it. What the base leaves out is at its default, and a
//! child can tighten that, and can't loosen it. What can't be said in one document is an error that names both files.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::json::Json;
use crate::policy::document::{AssetSection, Document, ListSection, PayeeSection, PaymentSection, RuleSection};
use crate::policy::meet::{self, Kind, common};
use crate::policy::read::{PolicyError, Read, Reader};
use crate::policy::words::{Choice, OnChange, Then};
use crate::policy::{DEFAULT_LIFETIME_SECONDS, Policy};

mod privacy;
mod sections;

use privacy::privacy;
use sections::{approvals, breaker, counterparty, prices, replay, schedule};

type Members = Vec<(String, Json)>;

/// The names of the two files, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// What is extended.
    pub base: &'a str,
    /// What extends it.
    pub child: &'a str,
}

/// One document that is as strict as the base, and as the child where it says something.
///
/// # Errors
/// Everything that is wrong with either document, or that can't be said in one; each message names its file.
pub fn merge(base: &Json, child: &Json, files: Files<'_>) -> Result<Json, Vec<PolicyError>> {
    let mut errors = Vec::new();
    let (b, c) = (alone(base, files.base, &mut errors), alone(child, files.child, &mut errors));
    let (Some(b), Some(c)) = (b, c) else { return Err(errors) };
    let mut reader = Reader::default();
    let pair = Pair { base, child };
    let mut out: Members = Vec::new();
    for word in ["name", "version"] {
        put(&mut out, word, child.get(word).or_else(|| base.get(word)).cloned());
    }
    put(&mut out, "origins", reader.member("origins", |r| origins(&b, &c, files, r)));
    put(&mut out, "unmatched", pair.either("unmatched", |value| *value == text("deny")));
    allowing(&b, &c, files, &mut reader);
    put_section(&mut out, "payment", reader.member("payment", |r| payment(&b, &c, pair.of("payment"), files, r)));
    for (name, kind, of) in SIDES {
        let section = reader.member(name, |r| sides(&of(&b), &of(&c), *kind, pair.of(name), files, r));
        put_section(&mut out, name, section);
    }
    put(&mut out, "assets", reader.member("assets", |r| assets(&b, &c, base, files, r)));
    named(&mut out, pair, files, &mut reader);
    put_section(&mut out, "schedule", reader.member("schedule", |r| schedule(&b, &c, pair.of("schedule"), files, r)));
    put_section(&mut out, "counterparty", counterparty(&b, &c, pair.of("counterparty")));
    put_section(&mut out, "prices", reader.member("prices", |r| prices(&b, &c, pair.of("prices"), files, r)));
    put_section(&mut out, "replay", replay(&b, &c, pair.of("replay")));
    put_section(
        &mut out,
        "approvals",
        reader.member("approvals", |r| approvals(&b, &c, pair.of("approvals"), files, r)),
    );
    put_section(&mut out, "breaker", breaker(&b, &c, pair.of("breaker")));
    put_section(&mut out, "privacy", privacy(&b, &c));
    put(&mut out, "zones", reader.member("zones", |r| zones(pair, r)));
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    let merged = Json::Object(out);
    // Each is good alone; together they may still ask for more approvers than are left.
    alone(&merged, &format!("{}` with `{}", files.child, files.base), &mut errors);
    if errors.is_empty() { Ok(merged) } else { Err(errors) }
}

/// Reads a document as it stands by itself. It may bound nothing yet: what it is put together with may.
fn alone(json: &Json, file: &str, errors: &mut Vec<PolicyError>) -> Option<Document> {
    let bounded = match json {
        Json::Object(members) => Json::Object(bounded(members)),
        other => other.clone(),
    };
    let found = Policy::read(&bounded).err().unwrap_or_default();
    let clean = found.is_empty();
    errors.extend(
        found.into_iter().map(|error| PolicyError { message: format!("{} (in `{file}`)", error.message), ..error }),
    );
    if clean { Document::read(json, &mut Reader::default()) } else { None }
}

fn bounded(members: &[(String, Json)]) -> Members {
    let mut members = members.to_vec();
    let bound = || (String::from("max_usd"), text("1"));
    match members.iter_mut().find(|(name, _)| name == "payment") {
        Some((_, Json::Object(payment))) if payment.iter().all(|(name, _)| name != "max_usd") => payment.push(bound()),
        Some(_) => {}
        None => members.push((String::from("payment"), Json::Object(vec![bound()]))),
    }
    members
}

/// The same place in both documents.
#[derive(Clone, Copy)]
struct Pair<'a> {
    base: &'a Json,
    child: &'a Json,
}

impl<'a> Pair<'a> {
    fn of(self, section: &str) -> Self {
        Pair {
            base: self.base.get(section).unwrap_or(&Json::Null),
            child: self.child.get(section).unwrap_or(&Json::Null),
        }
    }

    /// The member that is the stricter one; one that is left out says nothing.
    fn stricter<T: PartialOrd>(self, name: &str, base: Option<T>, child: Option<T>, strict: Ordering) -> Option<Json> {
        let child_wins = match (base, child) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(base), Some(child)) => child.partial_cmp(&base) == Some(strict),
        };
        (if child_wins { self.child } else { self.base }).get(name).cloned()
    }

    /// The member of whichever has one that is so; else the child's, else the base's.
    fn either(self, name: &str, strict: impl Fn(&Json) -> bool) -> Option<Json> {
        let (base, child) = (self.base.get(name), self.child.get(name));
        base.filter(|value| strict(value)).or(child).or(base).cloned()
    }
}

fn text(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn texts(list: Vec<String>) -> Json {
    Json::Array(list.into_iter().map(Json::String).collect())
}

fn put(out: &mut Members, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        out.push((name.to_owned(), value));
    }
}

fn put_section(out: &mut Members, name: &str, members: Members) {
    if !members.is_empty() {
        put(out, name, Some(Json::Object(members)));
    }
}

/// An exception from the rule that only plain origins are asked: the child can't make one that the base has not.
fn origins(b: &Document, c: &Document, files: Files<'_>, reader: &mut Reader) -> Option<Json> {
    let known = b.origins.clone().unwrap_or_default();
    let Some(wanted) = &c.origins else { return b.origins.clone().map(texts) };
    let canonical = |origin: &String| crate::origin::parse_origin(origin).ok();
    for (index, origin) in wanted.iter().enumerate() {
        if !known.iter().any(|other| canonical(other) == canonical(origin)) {
            let message =
                format!("`{}` lets `{origin}` through, and `{}` does not; list it there too", files.child, files.base);
            reader.item(index, |r| r.fail(message));
        }
    }
    Some(texts(wanted.clone()))
}

/// Rules that allow speak for payments where `unmatched` is deny: a file that says so hears its own rules alone.
fn allowing(b: &Document, c: &Document, files: Files<'_>, reader: &mut Reader) {
    let strict = |document: &Document| document.unmatched == Some(Choice::Deny);
    let rules = |document: &Document| -> Vec<RuleSection> {
        let mut rules = document.rules.clone().unwrap_or_default();
        rules.retain(|rule| rule.then == Some(Then::Allow) && rule.enabled != Some(false));
        rules
    };
    let (of_base, of_child) = (rules(b), rules(c));
    let foreign = |rules: &[RuleSection], others: &[RuleSection]| {
        rules.iter().find(|rule| !others.contains(rule)).and_then(|rule| rule.name.clone())
    };
    let stranger = if strict(b) { foreign(&of_child, &of_base) } else { None };
    if let Some(name) = stranger {
        let message = format!(
            "`{name}` of `{}` would allow what `{}` denies with `unmatched = \"deny\"`; add it there",
            files.child, files.base
        );
        reader.member("rules", |r| r.fail(message));
    }
    let stranger = if strict(c) { foreign(&of_base, &of_child) } else { None };
    if let Some(name) = stranger {
        let message = format!(
            "`{name}` of `{}` would allow what `{}` denies with `unmatched = \"deny\"`; repeat it there, or leave `unmatched` out",
            files.base, files.child
        );
        reader.member("rules", |r| r.fail(message));
    }
}

fn payment(b: &Document, c: &Document, pair: Pair<'_>, files: Files<'_>, reader: &mut Reader) -> Members {
    let (b, c): (PaymentSection, PaymentSection) =
        (b.payment.clone().unwrap_or_default(), c.payment.clone().unwrap_or_default());
    let mut out = Vec::new();
    for (name, base, child) in [
        ("max_usd", b.max_usd, c.max_usd),
        ("max_first_usd", b.max_first_usd, c.max_first_usd),
        ("approve_from_usd", b.approve_from_usd, c.approve_from_usd),
    ] {
        put(&mut out, name, pair.stricter(name, base, child, Ordering::Less));
    }
    let longest = b.max_lifetime_seconds.or(Some(DEFAULT_LIFETIME_SECONDS));
    let name = "max_lifetime_seconds";
    put(&mut out, name, pair.stricter(name, longest, c.max_lifetime_seconds, Ordering::Less));
    let words = |name: &str, section: &Json| -> Option<Vec<String>> {
        Vec::<String>::read(section.get(name)?, &mut Reader::default())
    };
    for (name, kind, default) in [
        ("networks", Kind::Networks, None),
        ("assets", Kind::Assets, None),
        ("schemes", Kind::Words, Some(vec!["exact", "upto"])),
        ("flows", Kind::Words, Some(vec!["authorization"])),
    ] {
        let default = default.map(|list: Vec<&str>| list.into_iter().map(str::to_owned).collect());
        let (base, child) = (words(name, pair.base), words(name, pair.child));
        let said = base.is_some() || child.is_some();
        let both = reader.member(name, |r| both(kind, base.or(default), child, files, r));
        put(&mut out, name, both.filter(|_| said).map(texts));
    }
    put(&mut out, "block_networks", union(b.block_networks, c.block_networks).map(texts));
    out
}

type OfDocument = fn(&Document) -> ListSection;

/// The sections that have an allow list and a block list.
const SIDES: &[(&str, Kind, OfDocument)] = &[
    ("vendors", Kind::Vendors, |document| document.vendors.clone().unwrap_or_default()),
    ("payees", Kind::Payees, |document| {
        let PayeeSection { allow, block, .. } = document.payees.clone().unwrap_or_default();
        ListSection { allow, block }
    }),
    ("agents", Kind::Names, |document| document.agents.clone().unwrap_or_default()),
    ("clients", Kind::Names, |document| document.clients.clone().unwrap_or_default()),
];

fn sides(
    b: &ListSection,
    c: &ListSection,
    kind: Kind,
    pair: Pair<'_>,
    files: Files<'_>,
    reader: &mut Reader,
) -> Members {
    let mut out = Vec::new();
    let block = union(b.block.clone(), c.block.clone());
    let allow = reader.member("allow", |r| both(kind, b.allow.clone(), c.allow.clone(), files, r));
    // What one file allows and the other blocks is blocked.
    let blocked = |entry: &String| block.iter().flatten().any(|other| other == entry);
    let allow = allow.map(|list| list.into_iter().filter(|entry| !blocked(entry)).collect());
    put(&mut out, "allow", allow.map(texts));
    put(&mut out, "block", block.map(texts));
    if kind == Kind::Payees {
        let word = |section: &Json| section.get("pin").and_then(|pin| Read::read(pin, &mut Reader::default()));
        let (base, child): (Option<OnChange>, _) = (word(pair.base), word(pair.child));
        put(&mut out, "pin", pair.stricter("pin", base, child, Ordering::Greater));
    }
    out
}

fn both(
    kind: Kind,
    base: Option<Vec<String>>,
    child: Option<Vec<String>>,
    files: Files<'_>,
    reader: &mut Reader,
) -> Option<Vec<String>> {
    let (base, child) = match (base, child) {
        (Some(base), Some(child)) => (base, child),
        (base, child) => return base.or(child),
    };
    match common(kind, &base, &child) {
        Ok(found) => {
            if found.is_empty() && !base.is_empty() && !child.is_empty() {
                reader.fail(format!("nothing is in this list of `{}` and in that of `{}`", files.child, files.base));
            }
            Some(found)
        }
        Err((a, b)) => {
            reader.fail(format!(
                "nobody can say what both `{a}` of `{}` and `{b}` of `{}` cover; write the narrower one in both",
                files.base, files.child
            ));
            None
        }
    }
}

fn union(base: Option<Vec<String>>, child: Option<Vec<String>>) -> Option<Vec<String>> {
    if base.is_none() && child.is_none() {
        return None;
    }
    let mut all = base.unwrap_or_default();
    for entry in child.into_iter().flatten() {
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    Some(all)
}

/// A price that the child makes up would loosen every limit in dollars: what is known is for the base to say.
fn assets(b: &Document, c: &Document, base: &Json, files: Files<'_>, reader: &mut Reader) -> Option<Json> {
    let id = |asset: &AssetSection| {
        meet::asset(&format!("{}/{}", asset.network.as_deref().unwrap_or(""), asset.address.as_deref().unwrap_or("")))
    };
    let known = b.assets.as_deref().unwrap_or_default();
    for (index, asset) in c.assets.iter().flatten().enumerate() {
        let same = known.iter().find(|other| id(other) == id(asset));
        if same.is_none_or(|other| (other.decimals, other.usd) != (asset.decimals, asset.usd)) {
            let how = if same.is_some() { "describes it otherwise" } else { "does not know it" };
            let shown = id(asset).unwrap_or_default();
            reader.item(index, |r| r.fail(format!("`{shown}` of `{}`: `{}` {how}", files.child, files.base)));
        }
    }
    base.get("assets").cloned()
}

/// Budgets, rates and rules are added. One name is one thing: twice the same is once, and else an error.
fn named(out: &mut Members, pair: Pair<'_>, files: Files<'_>, reader: &mut Reader) {
    const SECTIONS: [&str; 3] = ["budgets", "rates", "rules"];
    fn items<'a>(document: &'a Json, section: &str) -> &'a [Json] {
        document.get(section).and_then(Json::as_array).unwrap_or_default()
    }
    let name = |item: &Json| item.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let mut known: BTreeMap<String, (&str, String)> = BTreeMap::new();
    for section in SECTIONS {
        known.extend(items(pair.base, section).iter().map(|item| (name(item), (section, item.canonical()))));
    }
    for section in SECTIONS {
        if pair.base.get(section).is_none() && pair.child.get(section).is_none() {
            continue;
        }
        let mut all = items(pair.base, section).to_vec();
        for (index, item) in items(pair.child, section).iter().enumerate() {
            match known.get(&name(item)) {
                None => all.push(item.clone()),
                Some(other) if *other == (section, item.canonical()) => {}
                Some((other, _)) => {
                    let message = format!(
                        "`{}` of `{}` and of `{}` ({other}) are not the same; give one of them another name",
                        name(item),
                        files.child,
                        files.base
                    );
                    reader.member(section, |r| r.item(index, |r| r.fail(message)));
                }
            }
        }
        put(out, section, Some(Json::Array(all)));
    }
}

fn zones(pair: Pair<'_>, reader: &mut Reader) -> Option<Json> {
    let (base, child) = (pair.base.get("zones"), pair.child.get("zones"));
    let mut all: Members = base.and_then(Json::as_object).map(<[_]>::to_vec).unwrap_or_default();
    for (name, table) in child.and_then(Json::as_object).unwrap_or_default() {
        match all.iter().find(|(known, _)| known == name) {
            None => all.push((name.clone(), table.clone())),
            Some((_, known)) if known == table => {}
            Some(_) => reader.member(name, |r| r.fail("two tables that differ; leave both out")),
        }
    }
    (base.is_some() || child.is_some()).then_some(Json::Object(all))
}
