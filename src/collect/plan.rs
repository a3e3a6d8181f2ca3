//! The collection plan: what to ask of whom, in which order.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::catalog::{Call, Origin, PerParent, Resource, SourceName, Supply, catalog};
use crate::policy::Needs;

/// What to ask.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Resource types, parents before what is asked once for each of them.
    pub steps: Vec<Step>,
    /// Of a type that is read once for each parent, by its name: CEL over the parents that are asked, besides the
    /// catalogue's own.
    only: BTreeMap<String, String>,
}

/// One resource type.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The type.
    pub resource: &'static Resource,
    /// Its call.
    pub call: &'static Call,
}

/// The plan for what some policies need; nothing else is asked.
pub fn plan(needs: &Needs) -> Plan {
    steps(needs.resources().into_iter())
}

/// The plan for every resource type of the catalogue.
pub fn everything() -> Plan {
    steps(catalog().resources().iter())
}

fn steps(resources: impl Iterator<Item = &'static Resource>) -> Plan {
    let mut steps: Vec<Step> = resources
        .filter_map(|resource| match &resource.supply {
            Supply::Call(call) => Some(Step { resource, call }),
            Supply::Import(_) | Supply::Reference(_) => None,
        })
        .collect();
    steps.sort_by_key(|step| (depth(step.call), step.resource.record));
    Plan {
        steps,
        only: BTreeMap::new(),
    }
}

/// How many types must be read before this call can be made.
fn depth(call: &Call) -> usize {
    let parent = call.per.as_ref().and_then(|per| per.parent.resource());
    match parent.map(|parent| &parent.supply) {
        Some(Supply::Call(call)) => 1 + depth(call),
        _ => 0,
    }
}

impl Plan {
    /// Reads a type for no other parents than those for which a condition in CEL holds.
    #[must_use]
    pub fn with_only(mut self, resource: &str, condition: String) -> Self {
        self.only.insert(resource.to_owned(), condition);
        self
    }

    /// For which parents a step is read: those that the catalogue names, and of them those that this plan does.
    pub(super) fn parents(&self, step: &Step) -> Option<PerParent> {
        let per = step.call.per.as_ref()?;
        let conditions = per.filter.iter().chain(self.only.get(&step.resource.name));
        let conditions: Vec<String> = conditions.map(|condition| format!("({condition})")).collect();
        Some(PerParent {
            filter: (!conditions.is_empty()).then(|| conditions.join(" && ")),
            ..per.clone()
        })
    }

    /// Steps of one source, in order.
    pub fn of(&self, source: SourceName) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.resource.source == source)
    }

    /// Least permissions of a source, each once.
    pub fn permissions(&self, source: SourceName) -> Vec<&'static str> {
        let mut all: Vec<&'static str> = self.of(source).map(|step| step.call.permission.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Step {
    /// Properties that the vendor is asked for; `None` for whole objects.
    pub fn fields(&self) -> Option<Vec<String>> {
        let properties = self.resource.record.info().fields.iter();
        let names = properties
            .filter(|field| matches!(field.origin, Origin::Property { .. }))
            .map(|field| field.name.clone());
        self.call.select.then(|| names.collect())
    }

    /// Query parameters of the first page, of a collection that started at a time.
    pub fn query(&self, started: jiff::Timestamp) -> Vec<(String, String)> {
        let select = self.fields().map(|fields| ("$select".to_owned(), fields.join(",")));
        let parameters = self
            .call
            .query
            .iter()
            .map(|(name, value)| (name.clone(), times(value, started)));
        select.into_iter().chain(parameters).collect()
    }

    /// Address of the first page, for one parent if the call has one.
    pub fn url(&self, base: &Url, parent: Option<&str>, started: jiff::Timestamp) -> Url {
        let query = self.query(started);
        let mut url = base.clone();
        let versioned = match self.resource.source {
            SourceName::Okta => self.call.path.clone(),
            SourceName::Entra => format!("/{}{}", self.call.version, self.call.path),
        };
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            // A key for one parameter goes in whole: a slash in it becomes %2F.
            let parameters = versioned.matches('{').count().max(1);
            let mut parts = parent.unwrap_or_default().splitn(parameters, '/');
            for segment in versioned.split('/').filter(|segment| !segment.is_empty()) {
                segments.push(if segment.starts_with('{') {
                    parts.next().unwrap_or_default()
                } else {
                    segment
                });
            }
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
            // Okta's documentation writes spaces as %20, and so does everybody who parses strictly.
            let spaced = url.query().unwrap_or_default().replace('+', "%20");
            url.set_query(Some(&spaced));
        }
        url
    }

    /// Method and path as the manifest shows them, the parent's parameter in braces.
    pub fn endpoint(&self) -> String {
        let version = match self.resource.source {
            SourceName::Okta => String::new(),
            SourceName::Entra => format!("/{}", self.call.version),
        };
        format!("GET {version}{}", self.call.path)
    }
}

/// A text with `{start}` and `{start-30d}` in it written as RFC 3339.
fn times(text: &str, started: jiff::Timestamp) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{start") {
        let (offset, behind) = after.split_once('}').unwrap_or((after, ""));
        let days: i64 = offset
            .strip_prefix('-')
            .and_then(|rest| rest.strip_suffix('d')?.parse().ok())
            .unwrap_or(0);
        let at = started
            .checked_sub(jiff::SignedDuration::from_hours(24 * days))
            .unwrap_or(started);
        out.push_str(before);
        out.push_str(&at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string());
        rest = behind;
    }
    out + rest
}
