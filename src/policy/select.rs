//! Choosing among loaded policies: by id, tag, severity or framework.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::{Policy, Severity};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// What a policy must have to be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// This id.
    Id(String),
    /// This tag.
    Tag(String),
    /// This severity, or a worse one.
    Severity(Severity),
    /// This framework, or this item of it.
    Framework(String, Option<String>),
}

impl FromStr for Selector {
    type Err = String;

    /// `ID`, `id:ID`, `tag:TAG`, `severity:SEVERITY` or `framework:NAME[/ITEM]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = text.split_once(':').unwrap_or(("id", text));
        if value.is_empty() {
            return Err(format!("`{text}` names nothing"));
        }
        match kind {
            "id" => Ok(Self::Id(value.to_owned())),
            "tag" => Ok(Self::Tag(value.to_owned())),
            "severity" => Severity::parse(value).map(Self::Severity).ok_or_else(|| {
                let known = Severity::ALL.map(Severity::as_str).join(", ");
                format!("`{value}` is no severity; they are {known}")
            }),
            "framework" => Ok(match value.split_once('/') {
                Some((name, item)) => Self::Framework(name.to_owned(), Some(item.to_owned())),
                None => Self::Framework(value.to_owned(), None),
            }),
            _ => Err(format!(
                "`{text}` is neither an id nor tag:…, severity:… or framework:…"
            )),
        }
    }
}

impl Selector {
    fn chooses(&self, policy: &Policy) -> bool {
        match self {
            Self::Id(id) => policy.id == *id,
            Self::Tag(tag) => policy.tags.contains(tag),
            Self::Severity(least) => policy.severity >= *least,
            Self::Framework(name, item) => policy
                .frameworks
                .iter()
                .any(|(framework, items)| framework == name && item.as_ref().is_none_or(|item| items.contains(item))),
        }
    }

    /// What it was written as, and what it could have been.
    fn known<'p>(&self, policies: &'p [Policy]) -> (String, BTreeSet<&'p str>) {
        match self {
            Self::Id(id) => (
                format!("policy `{id}`"),
                policies.iter().map(|p| p.id.as_str()).collect(),
            ),
            Self::Tag(tag) => {
                let tags = policies.iter().flat_map(|p| &p.tags).map(String::as_str);
                (format!("tag `{tag}`"), tags.collect())
            }
            Self::Severity(severity) => (
                format!("policy of severity `{}` or worse", severity.as_str()),
                BTreeSet::new(),
            ),
            Self::Framework(name, None) => {
                let names = policies
                    .iter()
                    .flat_map(|p| &p.frameworks)
                    .map(|(name, _)| name.as_str());
                (format!("framework `{name}`"), names.collect())
            }
            Self::Framework(name, Some(item)) => {
                let frameworks = policies.iter().flat_map(|p| &p.frameworks);
                let items = frameworks
                    .filter(|(known, _)| known == name)
                    .flat_map(|(_, items)| items);
                (
                    format!("item `{item}` of framework `{name}`"),
                    items.map(String::as_str).collect(),
                )
            }
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Id(name) | Self::Tag(name) | Self::Framework(name, None) | Self::Framework(_, Some(name)) => name,
            Self::Severity(severity) => severity.as_str(),
        }
    }
}

/// Keeps the policies that any of the selectors chooses; all when there is none. A selector that chooses nothing is a
/// mistake: it would look like a clean audit.
pub(super) fn select(policies: &mut Vec<Policy>, selectors: &[Selector], sink: &mut Diagnostics) {
    for selector in selectors {
        if !policies.iter().any(|policy| selector.chooses(policy)) {
            let (what, known) = selector.known(policies);
            sink.push(
                Diagnostic::error(Code::UnknownPolicy, format!("there is no {what} among the policies"))
                    .suggest(selector.name(), known),
            );
        }
    }
    if !selectors.is_empty() {
        policies.retain(|policy| selectors.iter().any(|selector| selector.chooses(policy)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::load;

    fn ids(selectors: &[&str]) -> Result<Vec<String>, String> {
        let selectors: Vec<Selector> = selectors.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let mut sink = Diagnostics::new();
        let mut policies = load(&[], &mut sink).policies;
        select(&mut policies, &selectors, &mut sink);
        match sink.iter().next() {
            Some(diagnostic) => Err(format!("{} {:?}", diagnostic.message, diagnostic.help)),
            None => Ok(policies.into_iter().map(|policy| policy.id).collect()),
        }
    }

    #[test]
    fn any_selector_chooses() {
        let all: usize = crate::policy::folder::BUILT_IN
            .iter()
            .map(|pack| pack.files.len() - 1)
            .sum();
        assert_eq!(ids(&[]).unwrap().len(), all);
        assert_eq!(ids(&["provisioning.seats"]).unwrap(), ["provisioning.seats"]);
        assert_eq!(
            ids(&["severity:critical"]).unwrap(),
            ["provisioning.okta-client", "provisioning.user-owned-licence"]
        );
        assert_eq!(
            ids(&["severity:critical", "id:provisioning.seats"]).unwrap(),
            [
                "provisioning.okta-client",
                "provisioning.seats",
                "provisioning.user-owned-licence"
            ]
        );
        assert!(
            ids(&["framework:cis-m365-6.0/1.3.4"])
                .unwrap()
                .contains(&"provisioning.trials-off".to_owned())
        );
        assert!(ids(&["tag:licence"]).unwrap().len() > 2);
    }

    #[test]
    fn what_chooses_nothing_is_a_mistake() {
        for (selector, words) in [
            ("provisioning.seat", "did you mean `provisioning.seats`?"),
            ("tag:licences", "did you mean `licence`?"),
            ("framework:cis-m365-6.1", "did you mean `cis-m365-6.0`?"),
            ("framework:cis-m365-6.0/9.9.9", "item `9.9.9`"),
            ("severity:awful", "they are critical"),
            ("color:red", "neither an id"),
        ] {
            let error = ids(&[selector]).unwrap_err();
            assert!(error.contains(words), "{selector}: {error}");
        }
    }
}
