//! Markdown as GitHub reads it, and as a person reads it who sees the plain text.
//!
//! What came from a tenant stands in code spans: nothing inside one is markup, a link or a mention. Words of policies
//! and of our own are escaped only where they would be taken for markup, so that the text stays readable.

use minijinja::Value;

use super::layout::Layout;
use super::shown::visible;
use super::texts::Texts;
use super::view::{Limits, View};
use super::{ReportError, template};
use crate::audit::Audit;
use crate::policy::Language;

/// What a wiki page or a pull request takes, and a person reads.
const LIMITS: Limits = Limits {
    each: 25,
    all: 250,
    bytes: 250_000,
    people: 50,
    concerned: 10,
    brief: false,
};

/// What GitHub takes as a comment or a description, in characters.
const LONGEST: usize = 65_536;
/// What is kept free for saying what is left out.
const ROOM: usize = 1_000;

/// How many findings of each policy are tried in turn, once all that is told elsewhere is left out.
const FEWER: [usize; 6] = [25, 10, 5, 2, 1, 0];

/// The report as Markdown, shortened until it fits. It says what it leaves out.
pub(super) fn render(audit: &Audit, language: Language, layout: &Layout) -> Result<String, ReportError> {
    let mut environment = template::environment(layout, language, escape)?;
    environment.add_filter("code", |text: String| Value::from_safe_string(code(&text)));
    environment.add_filter("cell", |text: String| {
        Value::from_safe_string(code(&text.replace('|', "\\u{7c}")))
    });
    environment.add_filter("address", |text: String| Value::from_safe_string(address(&text)));
    let brief = FEWER.into_iter().map(|each| Limits {
        each,
        people: 0,
        concerned: 0,
        brief: true,
        ..LIMITS
    });
    let mut text = String::new();
    for limits in std::iter::once(LIMITS).chain(brief) {
        text = template::render(&environment, "report.md.j2", &View::of(audit, language, limits)?)?;
        if text.chars().count() <= LONGEST {
            return Ok(text);
        }
    }
    cut(&text, language)
}

/// The lines that fit, and the sections that do not: policies, frameworks or resource types without number.
fn cut(text: &str, language: Language) -> Result<String, ReportError> {
    let mut kept = String::new();
    let mut room = LONGEST - ROOM;
    let mut section = None;
    let mut lines = text.split_inclusive('\n');
    let heading = |line: &str| line.strip_prefix("## ").map(|title| title.trim().to_owned());
    let mut left_out: Vec<String> = Vec::new();
    for line in lines.by_ref() {
        section = heading(line).or(section);
        let length = line.chars().count();
        if length > room {
            left_out.extend(section.take());
            break;
        }
        room -= length;
        kept.push_str(line);
    }
    left_out.extend(lines.filter_map(heading));
    let texts = Texts::of(language).map_err(ReportError)?;
    let get = |key: &str, values: &[(String, String)]| texts.get(key, None, values).map_err(ReportError);
    let sections = left_out.join(&get("page.comma", &[])?);
    let note = get("page.cut", &[("sections".to_owned(), sections)])?;
    Ok(format!("{}\n\n{note}\n", kept.trim_end()))
}

/// A code span. Its fence is longer than any run of backticks in it, and spaces keep it from touching them.
fn code(text: &str) -> String {
    let text = visible(text, usize::MAX);
    if text.trim().is_empty() {
        return "—".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 || text.starts_with(' ') || text.ends_with(' ') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Words that are not markup, even at the beginning of a line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '`' => out.push_str("&#96;"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => out.extend(['\\', character]),
            other => out.push(other),
        }
    }
    // What would begin a heading, a quotation or a list.
    let digits = out.chars().take_while(char::is_ascii_digit).count();
    let mut rest = out.chars().skip(digits);
    let at = match (rest.next(), rest.next()) {
        (Some('.' | ')'), None | Some(' ')) if digits > 0 => Some(digits),
        (Some('#' | '>' | '-' | '+' | '='), _) if digits == 0 => Some(0),
        _ => None,
    };
    if let Some(at) = at {
        out.insert(at, '\\');
    }
    out
}

/// An address inside `<…>`.
fn address(text: &str) -> String {
    text.replace(' ', "%20")
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('\\', "%5C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_anything() {
        for (text, expected) in [
            ("a@b.c", "`a@b.c`"),
            ("a`b", "`` a`b ``"),
            ("``", "``` `` ```"),
            (" a", "`  a `"),
            ("  ", "—"),
            ("a\n# b", "`a\\u{a}# b`"),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn words_are_escaped_where_they_would_be_markup() {
        for (text, expected) in [
            ("Billing > Your products (all)", "Billing > Your products (all)"),
            ("<b> & `x` *y* [z](u)", "&lt;b> &amp; &#96;x&#96; \\*y\\* \\[z\\](u)"),
            ("1. first", "1\\. first"),
            ("0.1.0", "0.1.0"),
            ("# head", "\\# head"),
            ("- item", "\\- item"),
        ] {
            assert_eq!(escape(text), expected);
        }
    }
}
