//! Personal data under two policies: each kind in each place gets the stricter of what both say.

use super::{Members, put, text, texts, union};
use crate::json::Json;
use crate::policy::document::Document;
use crate::privacy::rules::Rules;
use crate::privacy::{EntityName, Place, PrivacySection, Treatment};

/// A policy that has no such section allows everything; one that has says something to every kind in every place. The two
/// lists of rules can't simply be joined: a rule of one would then speak where the other has its default.
pub(super) fn privacy(b: &Document, c: &Document) -> Members {
    let (b, c) = match (&b.privacy, &c.privacy) {
        (Some(b), Some(c)) => (b, c),
        (Some(one), None) | (None, Some(one)) => return members(one),
        (None, None) => return Vec::new(),
    };
    let (rules_b, rules_c) = (Rules::of(b), Rules::of(c));
    let fallback = default_of(b).max(default_of(c));
    let mut out = Vec::new();
    put(&mut out, "action", Some(text(fallback.word())));
    put(&mut out, "headers", union(b.headers.clone(), c.headers.clone()).map(texts));

    let mut names = rules_b.entities();
    names.extend(rules_c.entities().into_iter().filter(|name| !rules_b.entities().contains(name)));
    let mut list = Vec::new();
    // What is said of all kinds comes first; a rule of its own for each kind that differs from it.
    let otherwise = |place: Place| rules_b.otherwise(place).max(rules_c.otherwise(place));
    for place in Place::ALL.iter().copied().filter(|place| otherwise(*place) != fallback) {
        let named: Vec<EntityName> = Vec::new();
        list.push(rule(&named, &[place], otherwise(place)));
    }
    let plain = list.is_empty();
    for name in names {
        let both = |place: Place| rules_b.treatment(&name, place).max(rules_c.treatment(&name, place));
        for then in
            [Treatment::Allow, Treatment::Warn, Treatment::Mask, Treatment::Hash, Treatment::Redact, Treatment::Block]
        {
            let places: Vec<Place> = Place::ALL.iter().copied().filter(|place| both(*place) == then).collect();
            let said = !plain || then != fallback;
            if !places.is_empty() && said {
                list.push(rule(std::slice::from_ref(&name), &places, then));
            }
        }
    }
    put(&mut out, "rules", (!list.is_empty()).then_some(Json::Array(list)));
    out
}

fn default_of(section: &PrivacySection) -> Treatment {
    section.action.unwrap_or(Treatment::Redact)
}

fn rule(entities: &[EntityName], places: &[Place], then: Treatment) -> Json {
    let mut members = Vec::new();
    let names: Vec<String> = entities.iter().map(|name| name.as_str().to_owned()).collect();
    put(&mut members, "entities", (!names.is_empty()).then(|| texts(names)));
    let places: Vec<String> = places.iter().map(|place| place.word().to_owned()).collect();
    put(&mut members, "places", (places.len() < Place::ALL.len()).then(|| texts(places)));
    put(&mut members, "then", Some(text(then.word())));
    Json::Object(members)
}

/// A section as it was written.
fn members(section: &PrivacySection) -> Members {
    let mut out = Vec::new();
    put(&mut out, "action", Some(text(default_of(section).word())));
    put(&mut out, "headers", section.headers.clone().map(texts));
    let rules = section.rules.iter().flatten().filter_map(|one| {
        let all = Vec::new();
        Some(rule(one.entities.as_ref().unwrap_or(&all), one.places.as_deref().unwrap_or(Place::ALL), one.then?))
    });
    let rules: Vec<Json> = rules.collect();
    put(&mut out, "rules", (!rules.is_empty()).then_some(Json::Array(rules)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;
    use crate::policy::Policy;
    use crate::policy::merge::{Files, merge};

    const SECTIONS: [&str; 9] = [
        r#"{}"#,
        r#"{"action":"warn"}"#,
        r#"{"action":"block","headers":["x-a"]}"#,
        r#"{"action":"redact","rules":[{"entities":["IP_ADDRESS"],"then":"allow"}]}"#,
        r#"{"action":"mask","rules":[{"places":["query"],"then":"block"},{"entities":["US_SSN"],"then":"warn"}]}"#,
        r#"{"action":"allow","headers":["x-b"],"rules":[{"entities":["US_SSN","X_ID"],"places":["audit","query"],"then":"hash"}]}"#,
        r#"{"rules":[{"then":"mask"},{"entities":["X_OTHER"],"then":"block"}]}"#,
        r#"{"action":"block","rules":[{"places":["audit"],"then":"warn"}]}"#,
        r#"{"action":"hash","rules":[{"places":["url_path"],"then":"allow"},{"entities":["PERSON"],"places":["url_path"],"then":"redact"}]}"#,
    ];

    fn policy(section: Option<&str>) -> Json {
        let privacy = section.map_or_else(String::new, |section| format!(r#","privacy":{section}"#));
        parse(&format!(r#"{{"payment":{{"max_usd":"1"}}{privacy}}}"#)).unwrap_or(Json::Null)
    }

    fn rules(json: &Json) -> Rules {
        Policy::read(json).ok().and_then(|policy| policy.privacy).unwrap_or_default()
    }

    #[test]
    fn each_kind_in_each_place_gets_the_stricter_treatment() {
        let names = ["EMAIL_ADDRESS", "US_SSN", "IP_ADDRESS", "PERSON", "X_ID", "X_OTHER", "X_NOBODY"];
        let (mut exact, mut all) = (0, 0);
        for base in SECTIONS {
            for child in SECTIONS {
                let (b, c) = (policy(Some(base)), policy(Some(child)));
                let merged = merge(&b, &c, Files { base: "b", child: "c" }).unwrap_or(Json::Null);
                let (b, c, merged) = (rules(&b), rules(&c), rules(&merged));
                for name in names.iter().filter_map(|name| EntityName::new(name)) {
                    for place in Place::ALL {
                        let (wanted, is) = (
                            b.treatment(&name, *place).max(c.treatment(&name, *place)),
                            merged.treatment(&name, *place),
                        );
                        assert!(is >= wanted, "{base} and {child}: {name:?} in {place:?} is {is:?}, not {wanted:?}");
                        exact += usize::from(is == wanted);
                        all += 1;
                    }
                }
                for header in b.headers.iter().chain(&c.headers) {
                    assert!(merged.headers.contains(header), "{base} and {child}: {header}");
                }
            }
        }
        // Where one document can't say exactly that, it says more; that is rare.
        assert!(exact * 100 >= all * 98, "{exact} of {all}");
    }

    #[test]
    fn a_section_alone_stays_as_it_is() {
        for section in SECTIONS {
            for (base, child) in [(Some(section), None), (None, Some(section))] {
                let merged =
                    merge(&policy(base), &policy(child), Files { base: "b", child: "c" }).unwrap_or(Json::Null);
                let (one, merged) = (rules(&policy(Some(section))), rules(&merged));
                for place in Place::ALL {
                    for name in one.entities() {
                        assert_eq!(one.treatment(&name, *place), merged.treatment(&name, *place), "{section}");
                    }
                    assert_eq!(one.otherwise(*place), merged.otherwise(*place), "{section}");
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (section, wrong) in [
            (r#"{"action":"redacted"}"#, "did you mean `redact`"),
            (r#"{"rules":[{"entities":["EMAIL_ADRESS"],"then":"warn"}]}"#, "did you mean `EMAIL_ADDRESS`"),
            (r#"{"rules":[{"entities":["x_id"],"then":"warn"}]}"#, "is not an entity"),
            (r#"{"rules":[{"places":["url"],"then":"warn"}]}"#, "did you mean `url_path`"),
            (r#"{"rules":[{"places":["query"]}]}"#, "`then` is missing"),
            (r#"{"headers":["X-Payment"]}"#, "carries the payment"),
            (r#"{"headers":["a b"]}"#, "is not the name of a header"),
        ] {
            let errors = Policy::read(&policy(Some(section))).err().unwrap_or_default();
            let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|error| error.contains(wrong)), "{section}: {told:?}");
        }
    }
}
