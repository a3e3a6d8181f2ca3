//! Findings in plain lines of text: what formats say that have no layout of their own.
//!
//! Everything here is safe to look at (see [`super::shown`]); a format still escapes it for itself.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::ReportError;
use super::shown::visible;
use super::texts::Texts;
use super::view::{belongs, message, steps};
use crate::audit::{Audit, Change, Counts, Evidence, Finding, Outcome, PolicyResult, Read, ResourceId, WaiverResult};
use crate::expr::Origin;
use crate::policy::{Language, Severity, Steps};

/// Longest name, key or sentence, in characters; audit.json has the whole.
const LONGEST: usize = 2_000;
/// Longest list of names: a spreadsheet's cell takes 32,767 characters.
const CELL: usize = 30_000;
/// Parts of the evidence of one finding, and values of one part.
const PARTS: usize = 12;
/// Longest text of the evidence of one finding.
const EVIDENCE: usize = 8_000;

/// The audit, ready to be told finding by finding.
pub(super) struct Plain<'a> {
    pub(super) audit: &'a Audit,
    pub(super) language: Language,
    texts: &'static Texts,
    /// Policies by their ids, with their places.
    policies: HashMap<&'a str, usize>,
}

/// A finding with what it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) finding: &'a Finding,
    pub(super) policy: &'a PolicyResult,
    /// Place of the policy in the audit.
    pub(super) at: usize,
    /// What accepts it, if it is waived.
    pub(super) waiver: Option<&'a WaiverResult>,
    /// For whom it is listed, in a list by who has to act.
    pub(super) role: Option<&'a str>,
}

impl<'a> Plain<'a> {
    /// An audit ready to be told, if each of its findings belongs to one of its policies.
    pub(super) fn of(audit: &'a Audit, language: Language) -> Result<Self, ReportError> {
        belongs(audit)?;
        let policies: HashMap<&str, usize> = audit
            .policies
            .iter()
            .enumerate()
            .map(|(at, policy)| (policy.id.as_str(), at))
            .collect();
        Ok(Self {
            audit,
            language,
            texts: Texts::of(language).map_err(ReportError)?,
            policies,
        })
    }

    /// Every finding, in the order of the audit.
    pub(super) fn items(&self) -> impl Iterator<Item = Item<'a>> {
        self.audit.findings.iter().filter_map(|finding| {
            let at = *self.policies.get(finding.policy.as_str())?;
            let waiver = finding.waiver.and_then(|at| self.audit.waivers.get(at as usize));
            Some(Item {
                finding,
                policy: self.audit.policies.get(at)?,
                at,
                waiver,
                role: None,
            })
        })
    }

    /// A text of the reports. One that is missing is a fault that tests exclude; its key still tells what was meant.
    pub(super) fn text(&self, key: &str) -> String {
        self.texts.get(key, None, &[]).unwrap_or_else(|_| key.to_owned())
    }

    /// A text with a value filled in.
    fn filled(&self, key: &str, name: &str, value: String) -> String {
        let values = [(name.to_owned(), value)];
        self.texts.get(key, None, &values).unwrap_or_else(|_| key.to_owned())
    }

    /// The word of a severity.
    pub(super) fn severity(&self, severity: Severity) -> String {
        self.text(&format!("severity.{}", severity.as_str()))
    }

    /// The word of an outcome.
    pub(super) fn outcome(&self, outcome: Outcome) -> String {
        self.text(&format!("outcome.{}", outcome.as_str()))
    }

    /// The word for how well something was read. The format leaves it open; what has no word is shown as it is.
    pub(super) fn status(&self, status: &str) -> String {
        let text = self.texts.get(&format!("status.{status}"), None, &[]);
        text.unwrap_or_else(|_| plain(status))
    }

    /// What is so when all is well.
    pub(super) fn title(&self, policy: &PolicyResult) -> String {
        line(policy.title.get(self.language))
    }

    /// What breaks.
    pub(super) fn why(&self, policy: &PolicyResult) -> Option<String> {
        policy.why.as_ref().map(|why| line(why.get(self.language)))
    }

    /// The steps of the fix.
    pub(super) fn steps(&self, policy: &PolicyResult) -> Vec<String> {
        let steps = steps(policy, self.language);
        steps.iter().map(|step| step.as_str().to_owned()).collect()
    }

    /// Roles that can do it.
    pub(super) fn who(&self, policy: &PolicyResult) -> String {
        let names: Vec<String> = policy.who.iter().map(|role| self.role(role)).collect();
        names.join(&self.text("page.comma"))
    }

    /// The name of a role. Who writes policies may know others; what has no name is shown as it is.
    pub(super) fn role(&self, role: &str) -> String {
        let name = self.texts.get(&format!("role.{role}"), None, &[]);
        name.unwrap_or_else(|_| plain(role))
    }

    /// Steps of a fix, as lines.
    pub(super) fn fix(&self, steps: Option<&Steps>) -> Vec<String> {
        let steps = steps.map(|steps| match self.language {
            Language::En => &steps.en,
            Language::Ja => &steps.ja,
        });
        steps.into_iter().flatten().map(|step| line(step)).collect()
    }

    /// The same as a sentence; nothing where a policy does not say.
    pub(super) fn who_acts(&self, policy: &PolicyResult) -> Option<String> {
        let words = [self.text("actions.who"), self.text("page.colon"), self.who(policy)];
        (!policy.who.is_empty()).then(|| words.concat())
    }

    /// Whom or what it is about.
    pub(super) fn subject(&self, finding: &Finding) -> String {
        if let Some(resource) = &finding.resource {
            let name = resource.name.as_deref().filter(|name| !name.is_empty());
            return plain(name.unwrap_or(&resource.key));
        }
        match finding.count {
            0 => self.text("findings.unread"),
            count => self.counted(&self.kind(finding), count),
        }
    }

    /// Those whom a finding about many names, with their keys: all of them as long as there are no more than
    /// [`crate::audit::MAX_KEYS`].
    pub(super) fn resources(&self, finding: &Finding) -> String {
        let many = finding.resource.is_none().then_some(&finding.resources);
        let names = many.into_iter().flatten().map(|resource| match &resource.name {
            Some(name) if !name.is_empty() => format!("{} ({})", plain(name), plain(&resource.key)),
            _ => plain(&resource.key),
        });
        let more = finding.count.saturating_sub(finding.resources.len() as u64);
        let more = (more > 0 && !finding.resources.is_empty()).then(|| format!("… +{more}"));
        let names: Vec<String> = names.chain(more).collect();
        visible(&names.join(", "), CELL)
    }

    /// The same as a sentence; nothing where it is about one.
    pub(super) fn concerned(&self, finding: &Finding) -> Option<String> {
        let names = self.resources(finding);
        let words = [self.text("findings.concerns"), self.text("page.colon")];
        (!names.is_empty()).then(|| words.concat() + &names)
    }

    /// So many resources of a type, in words.
    pub(super) fn counted(&self, kind: &str, count: u64) -> String {
        let key = format!("resource.{kind}");
        let key = if self.texts.has(&key) { &key } else { "resource.other" };
        let text = self.texts.get(key, Some(count), &[]);
        text.unwrap_or_else(|_| count.to_string())
    }

    /// Type of the resources that it is about, as the catalogue names it.
    pub(super) fn kind(&self, finding: &Finding) -> String {
        let first = finding.resource.as_ref().or(finding.resources.first());
        let policy = self.policies.get(finding.policy.as_str());
        let policy = policy.and_then(|at| self.audit.policies.get(*at));
        match first {
            Some(resource) => plain(&resource.resource_type),
            None => policy.map(|policy| plain(&policy.resource)).unwrap_or_default(),
        }
    }

    /// What is wrong; of what is not known, why.
    pub(super) fn message(&self, item: Item<'_>) -> String {
        match item.finding.outcome {
            Outcome::Fail | Outcome::Waived => message(item.finding, item.policy, self.language),
            // A clue of a diagnosis: what should be so, and is.
            Outcome::Pass | Outcome::NotApplicable => self.title(item.policy),
            Outcome::Unknown => self.doubts(&item.finding.causes),
        }
    }

    /// Why something is not known.
    pub(super) fn doubts(&self, causes: &[Origin]) -> String {
        let sentences: Vec<String> = causes.iter().map(|origin| self.doubt(origin)).collect();
        sentences.join(&self.text("page.gap"))
    }

    /// One cause: what kept it from being known, about what, what it needs, and the vendor's words.
    fn doubt(&self, origin: &Origin) -> String {
        let mut parts = vec![self.text(&format!("about.{}", origin.cause)), plain(&origin.about)];
        if let Some(needs) = origin.needs.as_deref().filter(|needs| !needs.is_empty()) {
            parts.extend([self.text("findings.needs"), plain(needs)]);
        }
        if let Some(detail) = origin.detail.as_deref().filter(|detail| !detail.is_empty()) {
            parts.push(format!("({})", plain(detail)));
        }
        parts.join(" ")
    }

    /// What to do: the fix of a failure, and of what is not known what settles it.
    pub(super) fn to_do(&self, item: Item<'_>) -> Vec<String> {
        match item.finding.outcome {
            Outcome::Unknown => {
                let mut settle: Vec<String> = Vec::new();
                for origin in &item.finding.causes {
                    let text = self.text(&format!("settle.{}", origin.cause));
                    if !settle.contains(&text) {
                        settle.push(text);
                    }
                }
                settle
            }
            Outcome::Fail | Outcome::Waived => self.steps(item.policy),
            Outcome::Pass | Outcome::NotApplicable => Vec::new(),
        }
    }

    /// How to see that it is done.
    pub(super) fn check(&self, policy: &PolicyResult) -> String {
        self.filled("list.check", "policy", plain(&policy.id))
    }

    /// Changes of which each alone would make it pass, in words.
    pub(super) fn changes(&self, finding: &Finding) -> Vec<String> {
        finding.changes.iter().map(|change| self.change(change)).collect()
    }

    /// One of them: `path would have to be value, …`.
    fn change(&self, change: &Change) -> String {
        let key = format!("wanted.{}", change.wanted.as_str());
        let wanted = self.texts.get(&key, Some(change.of), &[]).unwrap_or(key);
        let mut values: Vec<String> = change.values.iter().map(value).collect();
        let more = change.of.saturating_sub(values.len() as u64);
        if more > 0 && !values.is_empty() {
            values.push(format!("… +{more}"));
        }
        let words = format!("{} {wanted} {}", plain(&change.path), values.join(", "));
        visible(words.trim_end(), EVIDENCE)
    }

    /// The same as one sentence; nothing where no single change would do.
    pub(super) fn changes_told(&self, finding: &Finding) -> Option<String> {
        let changes = self.changes(finding);
        let intro = self.texts.get("change.intro", Some(changes.len() as u64), &[]).ok()?;
        (!changes.is_empty()).then(|| format!("{intro}{}{}", self.text("page.colon"), changes.join("; ")))
    }

    /// The parts that decided it, with what they read.
    pub(super) fn evidence(&self, finding: &Finding) -> String {
        let parts = finding.evidence.iter().take(PARTS).map(part);
        let mut text = visible(&parts.collect::<Vec<_>>().join("; "), EVIDENCE);
        let more = finding.evidence.len().saturating_sub(PARTS);
        if more > 0 {
            text.push_str(&format!("; … +{more}"));
        }
        text
    }
}

/// A part of the evidence: `expression = value [path = value, …]`.
fn part(part: &Evidence) -> String {
    let one = |read: &Read| format!("{} = {}", plain(&read.path), value(&read.value));
    let reads = part.reads.iter().chain(&part.elements);
    let reads: Vec<String> = reads
        .filter(|read| read.path != part.expression)
        .take(PARTS)
        .map(one)
        .collect();
    let value = value(&part.value);
    let expression = plain(&part.expression);
    if reads.is_empty() {
        format!("{expression} = {value}")
    } else {
        format!("{expression} = {value} [{}]", reads.join(", "))
    }
}

/// A value as JSON; of one that is not known the causes.
fn value(value: &Json) -> String {
    let origins = value.get("unknown").and_then(Json::as_array);
    let word = |origin: &Json, name: &str| origin.get(name).and_then(Json::as_str).map(plain);
    match origins {
        Some(origins) => {
            let causes = origins.iter().filter_map(|origin| {
                let words = [word(origin, "cause")?, word(origin, "about")?];
                Some(words.join(" "))
            });
            format!("unknown ({})", causes.collect::<Vec<_>>().join(", "))
        }
        None => plain(&value.to_string()),
    }
}

/// The resources that a finding is about, as far as it names them.
pub(super) fn resources(finding: &Finding) -> impl Iterator<Item = &ResourceId> {
    let many = if finding.resource.is_some() {
        &[]
    } else {
        finding.resources.as_slice()
    };
    finding.resource.iter().chain(many)
}

/// Text of a tenant, a vendor or an author as one line that is safe to look at.
pub(super) fn plain(text: &str) -> String {
    visible(text, LONGEST)
}

/// A paragraph of a policy as one line.
fn line(text: &str) -> String {
    super::shown::Shown::prose(text).as_str().to_owned()
}

/// Every outcome of resources with its count, the worst first.
pub(super) fn outcomes(counts: &Counts) -> [(&'static str, u64); 6] {
    [
        ("fail", counts.fail),
        ("unknown", counts.unknown),
        ("waived", counts.waived),
        ("pass", counts.pass),
        ("out_of_scope", counts.out_of_scope),
        ("excluded", counts.excluded),
    ]
}

/// Steps as one line, numbered where there are several.
pub(super) fn numbered(steps: &[String]) -> String {
    match steps {
        [only] => only.clone(),
        many => {
            let numbered = many.iter().zip(1..).map(|(step, n)| format!("{n}. {step}"));
            numbered.collect::<Vec<_>>().join(" ")
        }
    }
}

/// Items of frameworks as words: `name/item`.
pub(super) fn framework_items(policy: &PolicyResult) -> Vec<String> {
    let items = policy.frameworks.iter();
    items
        .flat_map(|(name, items)| items.iter().map(move |item| plain(&format!("{name}/{item}"))))
        .collect()
}

/// A web address, and only that: what else a policy names is no link.
pub(super) fn addresses(policy: &PolicyResult) -> impl Iterator<Item = String> {
    policy.references.iter().filter_map(|reference| {
        let web = reference.url.starts_with("https://") || reference.url.starts_with("http://");
        let clean = reference
            .url
            .chars()
            .all(|c| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c));
        (web && clean).then(|| reference.url.clone())
    })
}
