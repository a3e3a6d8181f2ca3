//! HTML: one file that asks nobody for anything.
//!
//! Its content-security policy names its one style sheet and its one script by their digests, so nothing else can run,
//! even if a text from a tenant found its way into the markup.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::Value;
use sha2::{Digest as _, Sha256};

use super::layout::Layout;
use super::view::{Limits, View};
use super::{ReportError, template};
use crate::audit::Audit;
use crate::policy::Language;

/// What keeps the file below 5 MB: escaping and markup make of the findings about twice their bytes.
const LIMITS: Limits = Limits {
    each: 200,
    all: 1_000,
    bytes: 1_500_000,
    people: 200,
    concerned: 25,
    brief: false,
};

/// The report as a page.
pub(super) fn render(audit: &Audit, language: Language, layout: &Layout) -> Result<String, ReportError> {
    let style = [
        layout.file("styles/report.css")?,
        layout.file("styles/print.css")?,
        &layout.brand.style(),
    ]
    .concat();
    let script = layout.file("scripts/report.js")?;
    for (path, text) in [("styles", style.as_str()), ("scripts/report.js", script)] {
        if text.contains("</") {
            return Err(ReportError(format!(
                "`{path}` must not contain `</`: it stands inside the page"
            )));
        }
    }
    let mut environment = template::environment(layout, language, escape)?;
    environment.add_global("security_policy", security_policy(&style, script));
    environment.add_global("style", Value::from_safe_string(style));
    environment.add_global("script", Value::from_safe_string(script.to_owned()));
    template::render(&environment, "report.html.j2", &View::of(audit, language, LIMITS)?)
}

/// Only this style and this script; no request, no form, no base; nothing may make markup out of text. The one thing
/// that is addressed is the page's icon, which is part of it.
fn security_policy(style: &str, script: &str) -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types",
        digest(style),
        digest(script)
    )
}

/// Text as text, in an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            escape("<a b='c' d=\"e\">&"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"
        );
    }
}
