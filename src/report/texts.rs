//! Words of the reports in both languages, from `reports/texts/`.
//!
//! A text is found by its section and name. One that counts has a form for each plural category of its language (CLDR's
//! `one` and `other`); `{n}` and other names in braces are filled in.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::diagnostic::{Diagnostics, Source};
use crate::document::{Document, Node, Value};
use crate::policy::Language;

use super::assets;

/// A text, in the forms that it has.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    /// The same for any number.
    Plain(String),
    /// One form for one, another for any other number.
    Counted { one: String, other: String },
}

/// All texts of one language, by `section.name`.
#[derive(Debug)]
pub(super) struct Texts {
    language: Language,
    entries: BTreeMap<String, Entry>,
}

/// English, read on first use.
static ENGLISH: LazyLock<Result<Texts, String>> = LazyLock::new(|| Texts::load(Language::En));
/// Japanese, read on first use.
static JAPANESE: LazyLock<Result<Texts, String>> = LazyLock::new(|| Texts::load(Language::Ja));

impl Texts {
    /// The texts of a language. The error is a fault of the built-in file, which tests exclude.
    pub(super) fn of(language: Language) -> Result<&'static Self, String> {
        let texts = match language {
            Language::En => &ENGLISH,
            Language::Ja => &JAPANESE,
        };
        texts.as_ref().map_err(Clone::clone)
    }

    /// Reads the file of a language.
    fn load(language: Language) -> Result<Self, String> {
        let path = format!("texts/{}.yaml", language.as_str());
        let text = assets::find(&path).ok_or_else(|| format!("`{path}` is not built in"))?;
        let mut sink = Diagnostics::new();
        let document = Document::parse(Source::new(path, text), &mut sink);
        let document = document.ok_or_else(|| sink.iter().map(|fault| fault.message.clone()).collect::<String>())?;
        let mut entries = BTreeMap::new();
        for (section, names) in document.root.entries() {
            for (name, node) in names.entries() {
                let key = format!("{}.{}", section.name, name.name);
                let entry = Entry::from_node(node).ok_or_else(|| format!("`{key}` is not a text"))?;
                entries.insert(key, entry);
            }
        }
        Ok(Self { language, entries })
    }

    /// Whether there is such a text.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The text, with `{n}` and the other names filled in. What is filled in is not looked at again.
    pub(super) fn get(&self, key: &str, n: Option<u64>, values: &[(String, String)]) -> Result<String, String> {
        let form = match self.entries.get(key) {
            Some(Entry::Plain(text)) => text,
            Some(Entry::Counted { one, other }) => match n {
                Some(n) if self.is_one(n) => one,
                Some(_) => other,
                None => return Err(format!("the text `{key}` needs a number")),
            },
            None => return Err(format!("there is no text `{key}`")),
        };
        fill(form, |name| match (name, n) {
            ("n", Some(n)) => Some(number(n)),
            _ => values
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone()),
        })
        .map_err(|name| format!("the text `{key}` needs `{name}`"))
    }

    /// Whether a number takes the form for one. Japanese has a single form.
    fn is_one(&self, n: u64) -> bool {
        self.language == Language::En && n == 1
    }

    /// Keys of all texts.
    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

impl Entry {
    /// A text, or a mapping of forms.
    fn from_node(node: &Node) -> Option<Self> {
        match &node.value {
            Value::String(text) => Some(Self::Plain(text.to_owned())),
            Value::Mapping(_) => {
                let other = node.get("other")?.as_str()?.to_owned();
                let one = node.get("one").and_then(Node::as_str).unwrap_or(&other).to_owned();
                Some(Self::Counted { one, other })
            }
            _ => None,
        }
    }
}

/// Replaces `{name}`; the error is the name that has no value.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut parts = text.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or_else(|| part.to_owned())?;
        out.push_str(&value(name).ok_or_else(|| name.to_owned())?);
        out.push_str(rest);
    }
    Ok(out)
}

/// A time to the minute, in UTC, as a language writes it. Machines read it in RFC 3339.
pub(super) fn moment(time: jiff::Timestamp, language: Language) -> String {
    written(&time.to_zoned(jiff::tz::TimeZone::UTC), "page.moment", language)
}

/// A day as a language writes it.
pub(super) fn day(date: jiff::civil::Date, language: Language) -> String {
    match date.to_zoned(jiff::tz::TimeZone::UTC) {
        Ok(day) => written(&day, "page.day", language),
        Err(_) => date.to_string(),
    }
}

/// A time by the pattern that a text is.
fn written(time: &jiff::Zoned, pattern: &str, language: Language) -> String {
    let pattern = Texts::of(language).and_then(|texts| texts.get(pattern, None, &[]));
    pattern.map_or_else(|_| time.to_string(), |pattern| time.strftime(&pattern).to_string())
}

/// A number with its thousands apart.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::expr::Cause;
    use crate::policy::Severity;
    use crate::report::view::OWN;
    use crate::report::{rollout, table, xlsx};

    /// Sections whose names are those of a list elsewhere, so that no template spells them out.
    const LISTS: [&str; 34] = [
        "route",
        "arrival",
        "framework",
        "undecided",
        "severity",
        "outcome",
        "meaning",
        "cause",
        "about",
        "settle",
        "status",
        "role",
        "resource",
        "waiver",
        "author",
        "requirement",
        "wanted",
        "failing",
        "spread",
        "call",
        "tells",
        "standing",
        "present",
        "misfit",
        "closing",
        "field",
        "decision",
        "prospect",
        "prospect_short",
        "limit",
        "action",
        "own_cause",
        "own_fix",
        "assumption",
    ];

    /// Files of formats without templates.
    const FILES: [&str; 5] = [
        include_str!("markdown.rs"),
        include_str!("oscal.rs"),
        include_str!("plain.rs"),
        include_str!("texts.rs"),
        include_str!("xlsx.rs"),
    ];

    fn texts(language: Language) -> &'static Texts {
        Texts::of(language).unwrap()
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_names() {
        let (en, ja) = (texts(Language::En), texts(Language::Ja));
        assert_eq!(en.keys().collect::<Vec<_>>(), ja.keys().collect::<Vec<_>>());
        let names = |entry: &Entry| -> BTreeSet<String> {
            let (Entry::Plain(form) | Entry::Counted { other: form, .. }) = entry;
            form.split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
                // A language may say "the whole tenant" without a number.
                .filter(|name| name != "n")
                .collect()
        };
        for (key, entry) in &en.entries {
            assert_eq!(names(entry), names(&ja.entries[key]), "{key}");
        }
    }

    #[test]
    fn every_text_is_used_and_every_text_used_exists() {
        let written = regex::Regex::new(r#"\bt\(\s*['"]([a-z_]+\.[a-z_]+)['"]"#).unwrap();
        let mut used = BTreeSet::new();
        for (_, source) in assets::ALL {
            used.extend(written.captures_iter(source).map(|found| found[1].to_owned()));
        }
        let quoted = regex::Regex::new(r#""((?:list|fact|findings|page)\.[a-z_]+)""#).unwrap();
        for source in FILES {
            used.extend(quoted.captures_iter(source).map(|found| found[1].to_owned()));
        }
        let known: BTreeSet<String> = texts(Language::En)
            .keys()
            .filter(|key| !LISTS.contains(&key.split('.').next().unwrap()))
            .map(str::to_owned)
            .collect();
        let used: BTreeSet<String> = used
            .into_iter()
            .filter(|key| !LISTS.contains(&key.split('.').next().unwrap()))
            .collect();
        assert_eq!(known, used);
    }

    /// Names of a section.
    fn section(name: &str) -> BTreeSet<String> {
        texts(Language::En)
            .keys()
            .filter_map(|key| key.strip_prefix(name)?.strip_prefix('.').map(str::to_owned))
            .collect()
    }

    fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn lists_have_a_text_for_each_of_their_names() {
        assert_eq!(section("severity"), set(Severity::ALL.map(Severity::as_str)));
        for name in ["cause", "about", "undecided", "settle"] {
            assert_eq!(
                section(name),
                set(Cause::ALL.iter().map(|cause| cause.as_str())),
                "{name}"
            );
        }
        assert_eq!(
            section("wanted"),
            set(crate::audit::Wanted::ALL.map(crate::audit::Wanted::as_str))
        );
        let outcomes = set([
            "pass",
            "fail",
            "unknown",
            "waived",
            "not_applicable",
            "out_of_scope",
            "excluded",
        ]);
        assert_eq!(section("outcome"), outcomes);
        assert_eq!(section("meaning"), outcomes);
    }

    #[test]
    fn what_schemas_and_packs_name_has_a_text() {
        let manifest = crate::schema::manifest().unwrap().json();
        let status = manifest.pointer("/$defs/entry/properties/status/enum").unwrap();
        let policy = crate::schema::policy().unwrap().json();
        let roles = policy.pointer("/properties/who/items/enum").unwrap();
        let audit = crate::schema::audit().unwrap().json();
        let waiver = audit.pointer("/$defs/waiver/properties/status/enum").unwrap();
        let requirement = audit
            .pointer("/$defs/policy/properties/requires/items/properties/status/enum")
            .unwrap();
        for (name, list) in [
            ("status", status),
            ("role", roles),
            ("waiver", waiver),
            ("requirement", requirement),
        ] {
            assert_eq!(
                section(name),
                set(list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()))
            );
        }
        let error = crate::schema::error().unwrap().json();
        for (name, place) in [
            ("call", "/$defs/sign/properties/call/enum"),
            ("tells", "/$defs/sign/properties/tells/enum"),
            ("misfit", "/properties/concerns/enum"),
            ("closing", "/properties/closing/enum"),
        ] {
            let list = error.pointer(place).unwrap().as_array().unwrap();
            assert_eq!(section(name), set(list.iter().map(|item| item.as_str().unwrap())));
        }
        for (name, place) in [
            ("decision", "/$defs/readiness/properties/verdict/enum"),
            ("prospect", "/$defs/prospect/enum"),
            ("action", "/$defs/planned_person/properties/action/enum"),
            (
                "assumption",
                "/$defs/readiness/properties/assumptions/items/properties/id/enum",
            ),
            ("spread", "/$defs/spread/properties/kind/enum"),
            ("standing", "/$defs/cause_of_failure/properties/standing/enum"),
            ("present", "/$defs/logged_failure/properties/present/enum"),
        ] {
            let list = audit.pointer(place).unwrap().as_array().unwrap();
            assert_eq!(section(name), set(list.iter().map(|item| item.as_str().unwrap())));
        }
        for name in ["own_cause", "own_fix"] {
            assert_eq!(section(name), set(OWN));
        }
        assert_eq!(section("failing"), set(["yes", "no", "unknown"]));
        let catalogue: BTreeSet<&str> = crate::catalog::catalog().names().collect();
        let named = section("resource");
        for name in named.iter().filter(|name| *name != "tenant" && *name != "other") {
            assert!(catalogue.contains(name.as_str()), "{name} is no resource type");
        }
        for name in catalogue {
            assert!(named.contains(name), "{name} has no noun");
        }
        let built_in = crate::policy::load(&[], &mut Diagnostics::new());
        for policy in &built_in.policies {
            assert!(
                named.contains(policy.judged.name()),
                "{} has no noun",
                policy.judged.name()
            );
        }
    }

    #[test]
    fn columns_have_a_heading() {
        let tables = [&table::FINDINGS, &table::PEOPLE, &table::TEAMS].map(|table| table.columns);
        let others: [&[&str]; 4] = [&xlsx::POLICIES, &xlsx::COVERAGE, &xlsx::SUMMARY, rollout::COLUMNS];
        let columns = tables.iter().chain(&others).flat_map(|columns| columns.iter().copied());
        assert_eq!(section("field"), set(columns));
    }

    #[test]
    fn numbers_are_grouped_and_forms_chosen() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(number),
            ["0", "999", "1,000", "1,234,567"]
        );
        let en = texts(Language::En);
        assert_eq!(en.get("resource.okta.app_user", Some(1), &[]).unwrap(), "1 person");
        assert_eq!(
            en.get("resource.okta.app_user", Some(4_000), &[]).unwrap(),
            "4,000 people"
        );
        assert!(en.get("resource.okta.app_user", None, &[]).is_err());
        assert!(en.get("no.such", None, &[]).is_err());
    }

    #[test]
    fn times_are_written_as_each_language_does() {
        let time = "2026-11-09T04:05:59Z".parse().unwrap();
        assert_eq!(moment(time, Language::En), "9 Nov 2026, 04:05 UTC");
        assert_eq!(moment(time, Language::Ja), "2026年11月9日 04:05 UTC");
        let date = jiff::civil::date(2027, 3, 31);
        assert_eq!(day(date, Language::En), "31 Mar 2027");
        assert_eq!(day(date, Language::Ja), "2027年3月31日");
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("{a}{b}", |name| Some(format!("{{{name}}}"))).unwrap(), "{a}{b}");
        assert_eq!(fill("{a}", |_| None).unwrap_err(), "a");
    }
}
