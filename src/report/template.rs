//! The template environment that all formats share: the texts, and escaping that no template can forget.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use super::ReportError;
use super::layout::Layout;
use super::texts::{Texts, number};
use crate::policy::Language;

/// Instructions and output a report may use: several times what the largest one needs.
const FUEL: u64 = 30_000_000;

/// Writes a text so that it is text and nothing else in a format.
pub(super) type Escape = fn(&str) -> String;

/// The templates with what they may call, every value escaped by `escape` unless it is marked safe.
pub(super) fn environment(layout: &Layout, language: Language, escape: Escape) -> Result<Environment<'_>, ReportError> {
    let texts = Texts::of(language).map_err(ReportError)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| failed(&error))?);
    // Both must be set before a template is added. The name only has to be another than none, so that what a macro
    // returns counts as safe.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("report".into()));
    environment.set_formatter(move |out, _, value| {
        let text = written(value)?;
        let text = if value.is_safe() { text } else { escape(&text).into() };
        out.write_str(&text).map_err(Error::from)
    });
    environment.add_function("t", move |key: String, values: Kwargs| translate(texts, &key, &values));
    environment.add_function("counted", move |resource: String, n: u64| {
        let key = format!("resource.{resource}");
        let key = if texts.has(&key) {
            key
        } else {
            "resource.other".to_owned()
        };
        texts.get(&key, Some(n), &[]).map_err(faulty)
    });
    // The format leaves roles, states and frameworks open; what has no text is shown as it is.
    for (function, section) in [
        ("role_name", "role"),
        ("status_name", "status"),
        ("framework_name", "framework"),
    ] {
        environment.add_function(function, move |name: String| {
            let text = texts.get(&format!("{section}.{name}"), None, &[]);
            text.unwrap_or(name)
        });
    }
    environment.add_filter("number", |n: u64| number(n));
    layout.brand.add_to(&mut environment);
    for (name, text) in layout.templates() {
        environment.add_template(name, text).map_err(|error| failed(&error))?;
    }
    Ok(environment)
}

/// Renders one of the templates. The text ends with the end of its last line.
pub(super) fn render<T: Serialize>(
    environment: &Environment<'_>,
    template: &str,
    context: &T,
) -> Result<String, ReportError> {
    let template = environment.get_template(template).map_err(|error| failed(&error))?;
    let rendered = template.render(Value::from(Serde(context)));
    let mut text = rendered.map_err(|error| failed(&error))?;
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(text)
}

/// The text of a value. A list or a missing value in the middle of a report is a mistake of the template.
fn written(value: &Value) -> Result<Arc<str>, Error> {
    match value.to_str() {
        Some(text) => Ok(text),
        None if value.is_number() => Ok(value.to_string().into()),
        None => Err(faulty(format!("a {} cannot be written", value.kind()))),
    }
}

/// `t('section.name', n=…, name=…)`
fn translate(texts: &Texts, key: &str, values: &Kwargs) -> Result<String, Error> {
    let mut count = None;
    let mut filled = Vec::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        let whole = value.as_i64().and_then(|whole| u64::try_from(whole).ok());
        if name == "n" {
            count = whole;
        } else {
            let text = whole.map_or_else(|| value.to_string(), number);
            filled.push((name.to_owned(), text));
        }
    }
    texts.get(key, count, &filled).map_err(faulty)
}

/// A mistake of a template or a text.
fn faulty(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// The error with its causes, which say what went wrong inside an included template.
fn failed(error: &Error) -> ReportError {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    ReportError(message)
}
