//! The user name that an application's template makes of a person.
//!
//! Okta writes the built-in templates as `${source.login}` and `${fn:substringBefore(source.login, "@")}`, custom ones in
//! its expression language (help.okta.com, "Okta Expression Language overview"). Read here are attributes, texts,
//! `substringBefore`, `substringAfter`, `toLowerCase`, `toUpperCase` and `+`; of anything else the name is not known.

use std::collections::HashMap;

/// Attributes of a person by their names in Okta.
pub(super) type Profile = HashMap<&'static str, String>;

/// A template with what stands beside it in the application.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) text: String,
    /// What follows the name (`userSuffix`), for built-in templates.
    pub(super) suffix: Option<String>,
}

/// How a built-in template says where the suffix stands.
const SUFFIX: &str = "${instance.userSuffix}";

impl Template {
    /// The user name, or none when the template or an attribute is not known. Whether Okta appends a suffix that the
    /// template does not name is not documented, so then it is not known either.
    pub(super) fn user_name(&self, profile: &Profile) -> Option<String> {
        match &self.suffix {
            Some(suffix) if self.text.contains(SUFFIX) => user_name(&self.text.replace(SUFFIX, suffix), profile),
            Some(_) => None,
            None => user_name(&self.text, profile),
        }
    }
}

fn user_name(template: &str, profile: &Profile) -> Option<String> {
    let name = if template.contains("${") {
        interpolated(template, profile)?
    } else {
        expression(template, profile)?
    };
    let name = name.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// A text with `${…}` in it.
fn interpolated(template: &str, profile: &Profile) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, behind) = after.split_once('}')?;
        out += before;
        out += &expression(inner, profile)?;
        rest = behind;
    }
    Some(out + rest)
}

/// Parts joined by `+`.
fn expression(text: &str, profile: &Profile) -> Option<String> {
    split(text, '+')?.iter().map(|part| term(part, profile)).collect()
}

/// An attribute, a text, or a function of them.
fn term(text: &str, profile: &Profile) -> Option<String> {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return (!inner.contains([quote, '\\'])).then(|| inner.to_owned());
        }
    }
    if let Some((name, arguments)) = text.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
        let arguments: Option<Vec<String>> = split(arguments, ',')?
            .iter()
            .map(|argument| expression(argument, profile))
            .collect();
        let arguments = arguments?;
        let name = name.trim().trim_start_matches("fn:").trim_start_matches("String.");
        return match (name, arguments.as_slice()) {
            ("substringBefore", [text, mark]) => text.split_once(mark.as_str()).map(|(before, _)| before.to_owned()),
            ("substringAfter", [text, mark]) => text.split_once(mark.as_str()).map(|(_, after)| after.to_owned()),
            ("toLowerCase", [text]) => Some(text.to_lowercase()),
            ("toUpperCase", [text]) => Some(text.to_uppercase()),
            ("append", [a, b]) => Some(format!("{a}{b}")),
            _ => None,
        };
    }
    let (whose, attribute) = text.split_once('.')?;
    matches!(whose, "source" | "user")
        .then(|| profile.get(attribute).cloned())
        .flatten()
}

/// Parts between separators that stand outside quotes and parentheses.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) if character == separator && depth == 0 => {
                parts.push(text.get(start..at)?);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (depth == 0 && quote.is_none()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_make_user_names() {
        let profile = Profile::from([
            ("login", "Hanako@corp.example".to_owned()),
            ("email", "hanako.sato@contoso.example".to_owned()),
        ]);
        for (template, expected) in [
            ("${source.login}", Some("Hanako@corp.example")),
            ("${source.email}", Some("hanako.sato@contoso.example")),
            ("${fn:substringBefore(source.login, \"@\")}", Some("Hanako")),
            (
                "${fn:substringBefore(source.login, \"@\")}@contoso.example",
                Some("Hanako@contoso.example"),
            ),
            ("user.email", Some("hanako.sato@contoso.example")),
            (
                "String.toLowerCase(String.substringBefore(user.login, \"@\")) + \"@contoso.example\"",
                Some("hanako@contoso.example"),
            ),
            ("${source.samAccountName}", None),
            ("user.login == null ? user.email : user.login", None),
            ("hasDirectoryUser() ? findDirectoryUser().upn : user.login", None),
            ("${source.login", None),
            ("", None),
        ] {
            assert_eq!(user_name(template, &profile).as_deref(), expected, "{template}");
        }
        for (text, expected) in [
            (
                "${fn:substringBefore(source.login, \"@\")}${instance.userSuffix}",
                Some("Hanako@nowhere.example"),
            ),
            ("${source.login}", None),
        ] {
            let (text, suffix) = (text.to_owned(), Some("@nowhere.example".to_owned()));
            assert_eq!(Template { text, suffix }.user_name(&profile).as_deref(), expected);
        }
    }
}
