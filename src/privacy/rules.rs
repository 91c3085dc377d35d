//! What the policy says to each kind of personal data in each place.

use super::{Entity, EntityName, Place, PrivacyRuleSection, PrivacySection, Treatment};

/// What becomes of personal data, kind by kind and place by place.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Headers of the agent's request that are looked through, in small letters.
    pub headers: Vec<String>,
    fallback: Option<Treatment>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    entities: Option<Vec<EntityName>>,
    places: Option<Vec<Place>>,
    then: Treatment,
}

impl Rules {
    /// As the policy has it.
    #[must_use]
    pub fn of(section: &PrivacySection) -> Self {
        let rule = |rule: &PrivacyRuleSection| {
            Some(Rule { entities: rule.entities.clone(), places: rule.places.clone(), then: rule.then? })
        };
        Self {
            headers: section.headers.iter().flatten().map(|name| name.to_ascii_lowercase()).collect(),
            fallback: section.action,
            rules: section.rules.iter().flatten().filter_map(rule).collect(),
        }
    }

    /// Everything is redacted everywhere.
    #[must_use]
    pub fn redact_all() -> Self {
        Self::default()
    }

    /// What becomes of one kind in one place: what the strictest rule says that speaks of it, or the default.
    #[must_use]
    pub fn treatment(&self, entity: &EntityName, place: Place) -> Treatment {
        let speaks = |rule: &&Rule| {
            rule.entities.as_ref().is_none_or(|entities| entities.contains(entity))
                && rule.places.as_ref().is_none_or(|places| places.contains(&place))
        };
        let strictest = self.rules.iter().filter(speaks).map(|rule| rule.then).max();
        strictest.or(self.fallback).unwrap_or(Treatment::Redact)
    }

    /// The kinds that matter: all that are known, and those of the user's own that a rule names.
    #[must_use]
    pub fn entities(&self) -> Vec<EntityName> {
        let mut all: Vec<EntityName> = Entity::ALL.iter().copied().map(EntityName::from).collect();
        for name in self.rules.iter().flat_map(|rule| rule.entities.iter().flatten()) {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        all
    }

    /// What becomes of a kind that no rule names.
    #[must_use]
    pub fn otherwise(&self, place: Place) -> Treatment {
        let unnamed = self.rules.iter().filter(|rule| rule.entities.is_none());
        let here = unnamed.filter(|rule| rule.places.as_ref().is_none_or(|places| places.contains(&place)));
        here.map(|rule| rule.then).max().or(self.fallback).unwrap_or(Treatment::Redact)
    }
}
