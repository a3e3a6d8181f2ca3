//! Texts in both languages, and messages, which are templates over the values a policy shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::document::{Node, Value as Yaml};

/// A language of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Both, English first.
    pub const ALL: [Language; 2] = [Self::En, Self::Ja];

    /// `en` or `ja`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl Text {
    /// The text in a language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ja => &self.ja,
        }
    }

    /// From `{en: …, ja: …}`, folded lines trimmed.
    pub(super) fn from_node(node: &Node) -> Self {
        let text = |language: &str| {
            node.get(language)
                .and_then(Node::as_str)
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        Self {
            en: text("en"),
            ja: text("ja"),
        }
    }
}

/// Steps in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// English.
    pub en: Vec<String>,
    /// Japanese.
    pub ja: Vec<String>,
}

impl Steps {
    /// From `{en: […], ja: […]}`; a single text is one step.
    pub(super) fn from_node(node: &Node) -> Self {
        let steps = |language: &str| match node.get(language).map(|node| &node.value) {
            Some(Yaml::String(text)) => vec![text.trim().to_owned()],
            Some(Yaml::Sequence(items)) => items
                .iter()
                .filter_map(Node::as_str)
                .map(|step| step.trim().to_owned())
                .collect(),
            _ => Vec::new(),
        };
        Self {
            en: steps("en"),
            ja: steps("ja"),
        }
    }
}

/// Instructions a template may use; enough for any message, not enough to hang.
const FUEL: u64 = 50_000;
/// Longest message in bytes.
const MAX_MESSAGE: usize = 64 << 10;

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(16);
    // A message is plain text: whoever prints it escapes it for the place where it is printed.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// Names that a message uses. The error says why it is not a template.
pub(super) fn variables(template: &str) -> Result<BTreeSet<String>, String> {
    let environment = environment();
    let parsed = environment.template_from_str(template).map_err(|error| fault(&error))?;
    Ok(parsed.undeclared_variables(false).into_iter().collect())
}

/// A stretch of a filled message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words of the template.
    Words(String),
    /// What a value was shown as; it may come from a tenant.
    Value(String),
}

/// Marks around values while a message is filled: noncharacters, which no interchanged text holds.
const VALUE_BEGIN: char = '\u{fdd0}';
const VALUE_END: char = '\u{fdd1}';

/// How a value that is null or unknown reads.
const NOTHING: &str = "—";

/// A value that is null or unknown: it reads as [`NOTHING`], also where it is joined as a list, and is false to a condition.
#[derive(Debug)]
struct Nothing;

impl Object for Nothing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(vec![Value::from(NOTHING)])
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(NOTHING)
    }
}

/// Fills a message with the values that a finding shows. A value that is null or unknown reads as "—", and is false to a
/// condition; an unknown list is no sequence.
///
/// # Errors
/// Why the message cannot be made; policies are checked, so this is rare.
pub fn render_message(template: &str, values: &Map<String, Json>) -> Result<String, String> {
    let pieces = message_pieces(template, values)?;
    Ok(pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(text) | Piece::Value(text) => text,
        })
        .collect())
}

/// Fills a message, and keeps what is a value apart from the words around it.
///
/// # Errors
/// As for [`render_message`].
pub fn message_pieces(template: &str, values: &Map<String, Json>) -> Result<Vec<Piece>, String> {
    let shown: BTreeMap<String, Value> = values
        .iter()
        .map(|(name, value)| (name.clone(), presentable(value)))
        .collect();
    let mut environment = environment();
    environment.set_formatter(|out, _, value| {
        let text = value.to_string().replace([VALUE_BEGIN, VALUE_END], "\u{fffd}");
        write!(out, "{VALUE_BEGIN}{text}{VALUE_END}").map_err(minijinja::Error::from)
    });
    let parsed = environment.template_from_str(template).map_err(|error| fault(&error))?;
    let mut text = parsed.render(Value::from(shown)).map_err(|error| fault(&error))?;
    if text.len() > MAX_MESSAGE {
        let end = (0..=MAX_MESSAGE)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    Ok(pieces(&text))
}

/// Takes a filled message apart at its marks.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, part) in text.split(VALUE_BEGIN).enumerate() {
        let (value, words) = match part.split_once(VALUE_END) {
            Some((value, words)) => (value, words),
            None if at == 0 => ("", part),
            None => (part, ""),
        };
        for piece in [Piece::Value(value.to_owned()), Piece::Words(words.to_owned())] {
            add(&mut pieces, piece);
        }
    }
    pieces
}

/// Adds a piece; to one of its own kind it is joined.
fn add(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (_, Piece::Words(text) | Piece::Value(text)) if text.is_empty() => {}
        (Some(Piece::Words(before)), Piece::Words(text)) | (Some(Piece::Value(before)), Piece::Value(text)) => {
            before.push_str(&text);
        }
        (_, piece) => pieces.push(piece),
    }
}

fn presentable(value: &Json) -> Value {
    match value {
        Json::Null => Value::from_object(Nothing),
        Json::Object(map) if map.contains_key("unknown") || map.contains_key("error") => Value::from_object(Nothing),
        Json::Array(items) => items.iter().map(presentable).collect(),
        other => Value::from(Serde(other)),
    }
}

fn fault(error: &minijinja::Error) -> String {
    error.detail().map_or_else(
        || error.kind().to_string(),
        |detail| format!("{}: {detail}", error.kind()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(json: Json) -> Map<String, Json> {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn messages_are_plain_text() {
        let shown = values(serde_json::json!({"user": "<b>&{{ x }}", "licences": ["a", null]}));
        let text = render_message("{{ user }} holds {{ licences | join(', ') }}", &shown).unwrap();
        assert_eq!(text, "<b>&{{ x }} holds a, —");
    }

    #[test]
    fn values_are_told_from_words() {
        let shown = values(serde_json::json!({"a": "x\u{fdd1}y", "b": 1, "empty": ""}));
        let found = message_pieces("{{ a }}{{ b }} and {{ empty }}so on{% if b == 1 %}!{% endif %}", &shown).unwrap();
        let words = |text: &str| Piece::Words(text.to_owned());
        assert_eq!(found, [Piece::Value("x\u{fffd}y1".to_owned()), words(" and so on!")]);
    }

    #[test]
    fn what_is_not_known_reads_as_a_dash_and_is_false() {
        let shown = values(serde_json::json!({"a": null, "b": {"unknown": []}, "c": []}));
        let filled = |template: &str| render_message(template, &shown).unwrap();
        assert_eq!(filled("{{ a }}, {{ b }}, {{ b | join(' and ') }}"), "—, —, —");
        assert_eq!(
            filled("{% if a or b or 'x' in b or b == '—' %}yes{% else %}no{% endif %}"),
            "no"
        );
        assert_eq!(filled("{{ b is sequence }} {{ c is sequence }}"), "False True");
    }

    #[test]
    fn a_message_that_runs_on_is_stopped() {
        let text = "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}";
        assert!(render_message(text, &Map::new()).is_err());
    }

    #[test]
    fn variables_of_a_message_are_found() {
        let found = variables("{{ a }} {% for x in list %}{{ x.y }}{% endfor %}").unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "list"]);
        assert!(variables("{{ a").is_err());
    }
}
