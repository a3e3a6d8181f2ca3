//! Texts in both languages, and messages, which are templates over the values a policy shows.

use std::collections::BTreeSet;

use minijinja::value::{Serde, Value};
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

/// Fills a message with the values that a finding shows. A value that is null or unknown reads as "—".
///
/// # Errors
/// Why the message cannot be made; policies are checked, so this is rare.
pub fn render_message(template: &str, values: &Map<String, Json>) -> Result<String, String> {
    let shown: Map<String, Json> = values
        .iter()
        .map(|(name, value)| (name.clone(), presentable(value)))
        .collect();
    let environment = environment();
    let parsed = environment.template_from_str(template).map_err(|error| fault(&error))?;
    let mut text = parsed
        .render(Value::from(Serde(&shown)))
        .map_err(|error| fault(&error))?;
    if text.len() > MAX_MESSAGE {
        let end = (0..=MAX_MESSAGE)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    Ok(text)
}

fn presentable(value: &Json) -> Json {
    match value {
        Json::Null => Json::from("—"),
        Json::Object(map) if map.contains_key("unknown") || map.contains_key("error") => Json::from("—"),
        Json::Array(items) => items.iter().map(presentable).collect(),
        other => other.clone(),
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
