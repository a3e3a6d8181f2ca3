//! Reading an error text as it was pasted: wrapped, quoted, encoded for HTML or JSON, cut off, or hostile.
//!
//! The message grammar is Okta's: `Automatic … of user NAME to app LABEL failed: …, received error: …
//! httpStatusCode=403 errorCode=… errorMessage="…" … method=POST url=…`, of which any part may be missing. Words are
//! compared without case, spaces and marks, so that neither line breaks nor quotes matter.

use std::sync::LazyLock;

use regex::Regex;

use crate::audit::diagnosis::ErrorText;
use crate::diagnostic::is_bidi_control;

/// Longest text that is looked at, in characters; Okta's own are below a thousand.
const MAX_TEXT: usize = 32_000;
/// Longest text that a diagnosis repeats.
const MAX_SHOWN: usize = 1_000;
/// Letters and digits of a phrase that must be there for a text to have been cut off within it.
const MIN_BEGINNING: usize = 16;
/// Characters from which on a text may have been cut off by whoever sent it: `outcome.reason` of Okta's System Log holds
/// 255 (Okta's OpenAPI description).
const CUT_LENGTH: usize = 250;
/// Of a shorter text that has no ellipsis and does not end within a word, so many in a hundred letters of the phrase must
/// be there: what it ends with may be another phrase's end too (`Property: userPrincipalName`).
const MIN_PERCENT: usize = 80;

/// An error text, ready to be compared.
#[derive(Debug)]
pub(super) struct Reading {
    /// What it says.
    pub(super) error: ErrorText,
    /// The text in lower case.
    lower: String,
    /// Its letters and digits in lower case.
    squeezed: String,
    /// Whether it looks cut off.
    is_cut: bool,
}

/// How much of a phrase is in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// All of it.
    Whole,
    /// Its beginning, at the end of the text.
    CutOff,
    /// None.
    No,
}

/// Patterns of the grammar; one that does not compile, which a test excludes, finds nothing.
struct Pattern(LazyLock<Option<Regex>>);

impl Pattern {
    const fn new(make: fn() -> Option<Regex>) -> Self {
        Self(LazyLock::new(make))
    }

    /// The first group that took part, of every match.
    fn all<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let matches = self.0.as_ref().map(|regex| regex.captures_iter(text));
        let found = matches.into_iter().flatten();
        found
            .filter_map(|groups| groups.iter().skip(1).flatten().next().map(|group| group.as_str()))
            .collect()
    }

    /// The first of them.
    fn first<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.all(text).into_iter().next()
    }
}

static STATUS: Pattern = Pattern::new(|| {
    Regex::new(r#"(?i)(?:http\s?status\s?code|status\s?code|"status"|received error|exception|HTTP/[\d.]+)\W{0,4}([45]\d\d)\b|^\W*([45]\d\d)\b(?:\W+(?-i:[A-Z])|\W*$)"#).ok()
});
static CODE: Pattern = Pattern::new(|| {
    Regex::new(r#"(?i)(?:errorCode\W{1,3}|"code"\s*:\s*"|"error"\s*:\s*")([a-z][\w.-]{3,})|\b(AADSTS\d{4,7})"#).ok()
});
static METHOD: Pattern = Pattern::new(|| Regex::new(r"(?i)\bmethod\W{1,3}(GET|POST|PATCH|PUT|DELETE)\b").ok());
static PATH: Pattern = Pattern::new(|| Regex::new(r"(?i)https://[\w.:-]+/(?:v1\.0|beta)/([\w./%-]*)").ok());
static USER: Pattern = Pattern::new(|| Regex::new(r"(?i)\bof user (.{1,200}?) to app\b").ok());
static ENTRA_ID: Pattern = Pattern::new(|| {
    Regex::new(r"(?i)(?:/users/|Resource ')([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b").ok()
});

impl Reading {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let start: String = text.chars().take(MAX_TEXT).collect();
        let text = cleaned(&start);
        let (lower, squeezed) = (text.to_lowercase(), squeezed(&text));
        let is_cut = text.ends_with('…') || text.ends_with("...") || text.chars().nth(CUT_LENGTH).is_some();
        let mut codes: Vec<String> = Vec::new();
        for code in CODE.all(&text) {
            if !codes.iter().any(|known| known.eq_ignore_ascii_case(code)) {
                codes.push(code.to_owned());
            }
        }
        let error = ErrorText {
            status: STATUS.first(&text).and_then(|status| status.parse().ok()),
            codes,
            call: call(&text, &squeezed),
            user: USER
                .first(&text)
                .map(|user| user.trim_matches(['"', '\'', ' ']).to_owned()),
            entra_id: ENTRA_ID.first(&text).map(str::to_ascii_lowercase),
            text: match text.char_indices().nth(MAX_SHOWN) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            },
            logged: None,
        };
        Self {
            error,
            lower,
            squeezed,
            is_cut,
        }
    }

    /// Whether there is anything to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.squeezed.is_empty()
    }

    /// Whether the text holds a phrase, whose parts between `…` come in this order.
    pub(super) fn says(&self, phrase: &str) -> Says {
        let mut rest = self.squeezed.as_str();
        let mut said = 0;
        for (words, part) in phrase.split('…').map(|words| (words, squeezed(words))) {
            if let Some(at) = rest.find(&part) {
                rest = rest.get(at + part.len()..).unwrap_or_default();
                said += part.len();
                continue;
            }
            let beginning = beginning_at_end(rest, &part);
            let enough = self.is_cut
                || !ends_word(words, beginning)
                || (said + beginning) * 100 >= squeezed(phrase).len() * MIN_PERCENT;
            return if beginning > 0 && enough {
                Says::CutOff
            } else {
                Says::No
            };
        }
        Says::Whole
    }

    /// Whether the text holds a code as a word, or broken over two lines within one of its words.
    pub(super) fn has_code(&self, code: &str) -> bool {
        let code_lower = code.to_ascii_lowercase();
        let breaks = code
            .as_bytes()
            .windows(2)
            .enumerate()
            .filter_map(|(at, pair)| match pair {
                // Where two of its words meet, a space may simply stand between two words of a sentence.
                [b'_', _] | [_, b'_'] => None,
                [_, next] if next.is_ascii_uppercase() => None,
                _ => code_lower.split_at_checked(at + 1),
            });
        holds_word(&self.lower, &code_lower)
            || breaks
                .map(|(a, b)| format!("{a} {b}"))
                .any(|broken| holds_word(&self.lower, &broken))
    }
}

/// Whether a text holds something between what are no letters, digits or underscores.
fn holds_word(text: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
        !inside(before) && !inside(after)
    })
}

/// How much of the beginning of a phrase a text ends with, in bytes; 0 where it is too short to be no accident.
fn beginning_at_end(text: &str, phrase: &str) -> usize {
    let beginnings = (MIN_BEGINNING..phrase.len())
        .rev()
        .filter_map(|length| phrase.get(..length));
    beginnings
        .filter(|beginning| text.ends_with(beginning))
        .map(str::len)
        .next()
        .unwrap_or(0)
}

/// Whether so many letters and digits of a phrase end with one of its words.
fn ends_word(phrase: &str, letters: usize) -> bool {
    let mut ends = phrase.split_whitespace().scan(0, |end, word| {
        *end += squeezed(word).len();
        Some(*end)
    });
    ends.any(|end| end == letters)
}

/// What was asked of Microsoft, by method and address.
fn call(text: &str, squeezed: &str) -> Option<String> {
    if squeezed.contains("assignlicense") {
        return Some("assign_licence".to_owned());
    }
    let (method, path) = (METHOD.first(text)?, PATH.first(text)?);
    let mut parts = path.trim_end_matches(['/', '.']).split('/');
    let call = match (
        method.to_ascii_uppercase().as_str(),
        parts.next()?,
        parts.next(),
        parts.next(),
    ) {
        ("POST", "users", None, _) => "create_user",
        ("PATCH", "users", Some(_), None) => "update_user",
        _ => return None,
    };
    Some(call.to_owned())
}

/// The text on one line, with what only carried it taken off.
fn cleaned(text: &str) -> String {
    let mut text = text.to_owned();
    // What went through several systems is encoded several times.
    for _ in 0..3 {
        let decoded = unescaped(&entities(&text));
        if decoded == text {
            break;
        }
        text = decoded;
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                // A colour or a movement of the cursor, up to its letter.
                characters.next();
                while characters.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                characters.next();
            }
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{ad}' => {}
            other if is_bidi_control(other) => {}
            other if other.is_control() || other.is_whitespace() => out.push(' '),
            other => out.push(other),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// HTML entities as the characters that they stand for.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = from
            .char_indices()
            .take(10)
            .find(|(_, c)| *c == ';')
            .map(|(end, _)| end);
        match end.and_then(|end| Some((entity(from.get(1..end)?)?, end))) {
            Some((character, end)) => {
                out.push(character);
                rest = from.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out + rest
}

/// The character of an entity's name or number.
fn entity(name: &str) -> Option<char> {
    let number = name
        .strip_prefix('#')
        .and_then(|number| match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        });
    match name {
        "quot" => Some('"'),
        "apos" => Some('\''),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "nbsp" => Some(' '),
        _ => char::from_u32(number?),
    }
}

/// Escapes of JSON as the characters that they stand for.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let unicode = || char::from_u32(u32::from_str_radix(from.get(2..6)?, 16).ok()?);
        let (character, length) = match from.chars().nth(1) {
            Some(mark @ ('"' | '\'' | '/' | '\\')) => (mark, 2),
            Some('n' | 'r' | 't') => (' ', 2),
            Some('u') => unicode().map_or(('\\', 1), |character| (character, 6)),
            _ => ('\\', 1),
        };
        out.push(character);
        rest = from.get(length..).unwrap_or_default();
    }
    out + rest
}

/// Letters and digits in lower case.
fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_compile() {
        for pattern in [&STATUS, &CODE, &METHOD, &PATH, &USER, &ENTRA_ID] {
            assert!(pattern.0.is_some());
        }
    }

    #[test]
    fn the_grammar_is_read_whatever_carries_it() {
        let plain = r#"Automatic profile push of user Hanako Sato to app Office failed: x, received error: Received response with HTTP status code 403. httpStatusCode=403 errorCode=Authorization_RequestDenied errorMessage="Insufficient privileges to complete the operation." method=POST url=https://graph.microsoft.com/v1.0/users/0B7D91E4-5a3c-4c88-8e21-c9f4a6d2e513/microsoft.graph.assignLicense"#;
        let quoted = serde_json::to_string(plain).unwrap();
        let html = plain.replace('"', "&quot;").replace('=', "&#61;");
        let wrapped = plain.replace(' ', " \r\n> ").replace("Request", "Requ\nest");
        for text in [plain, &quoted, &html, &wrapped, &html.replace('&', "&amp;")] {
            let error = Reading::of(text).error;
            assert_eq!(error.status, Some(403), "{text}");
            assert_eq!(error.call.as_deref(), Some("assign_licence"));
            assert_eq!(error.entra_id.as_deref(), Some("0b7d91e4-5a3c-4c88-8e21-c9f4a6d2e513"));
            assert!(Reading::of(text).has_code("Authorization_RequestDenied"), "{text}");
        }
        assert_eq!(Reading::of(&quoted).error.user.as_deref(), Some("Hanako Sato"));
    }

    #[test]
    fn other_grammars_are_read_too() {
        for (text, status, codes, call) in [
            (
                "…Office365ProvisioningException: 400 AADSTS50079: enroll",
                Some(400),
                vec!["AADSTS50079"],
                None,
            ),
            (
                "received error: 400 Property usageLocation is invalid.",
                Some(400),
                vec![],
                None,
            ),
            (
                r#"{"error":{"code":"Request_ResourceNotFound","message":"m"}}"#,
                None,
                vec!["Request_ResourceNotFound"],
                None,
            ),
            (
                "method=PATCH url=https://graph.microsoft.com/v1.0/users/a%40b.c",
                None,
                vec![],
                Some("update_user"),
            ),
            (
                "method=POST url=https://graph.microsoft.com/v1.0/users",
                None,
                vec![],
                Some("create_user"),
            ),
            ("nothing of the kind in 2026", None, vec![], None),
            ("429 people could not be provisioned", None, vec![], None),
        ] {
            let error = Reading::of(text).error;
            assert_eq!((error.status, error.call.as_deref()), (status, call), "{text}");
            assert_eq!(error.codes, codes, "{text}");
        }
    }

    #[test]
    fn a_phrase_may_be_cut_off_and_have_gaps() {
        let phrase = "The user account … does not exist in the … directory";
        let says = |text: &str| Reading::of(text).says(phrase);
        assert_eq!(
            says("the USER account\n a@b.c does not \"exist\" in the x directory!"),
            Says::Whole
        );
        assert_eq!(says("The user account a@b.c does not exist in th"), Says::CutOff);
        assert_eq!(says("The user acc"), Says::No);
        assert_eq!(says("directory: does not exist in the user account"), Says::No);
    }

    #[test]
    fn what_ends_with_a_word_is_cut_off_only_if_it_looks_so() {
        let says = |text: &str| Reading::of(text).says("Property userPrincipalName is invalid");
        let ends = "Uniqueness violation. Property: userPrincipalName";
        assert_eq!(says(ends), Says::No);
        assert_eq!(says(&format!("{ends}…")), Says::CutOff);
        assert_eq!(says(&format!("{} {ends}", "x".repeat(CUT_LENGTH))), Says::CutOff);
        assert_eq!(says("Property userPrincipalName is inv"), Says::CutOff);
        assert_eq!(says("Property userPrincipalNam"), Says::CutOff);
    }

    #[test]
    fn hostile_text_is_only_text() {
        let hostile = "\u{1b}[2J\u{202e}a\0b\\u0000\\ud800&#x1b;[31mred&#99999999;\\";
        let text = Reading::of(hostile).error.text;
        assert!(!text.chars().any(|c| c.is_control() || is_bidi_control(c)), "{text:?}");
        assert!(Reading::of(&"&\\\"".repeat(200_000)).error.text.chars().count() <= MAX_SHOWN + 1);
        assert!(Reading::of(" \n\t").is_empty());
    }
}
