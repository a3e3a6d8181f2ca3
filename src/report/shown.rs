//! Text from outside in the form in which it may be shown.
//!
//! Names, values and messages can hold anything: control characters that repaint a terminal, direction controls and
//! invisible characters that make a text read as another one, marks piled up over several lines, ten thousand letters.
//! A [`Shown`] has none of that left: what cannot be seen is written out as `\u{…}`, what is too long is cut. It is one
//! line. Each format still escapes it for itself.

use serde::Serialize;
use unicode_width::UnicodeWidthChar;

use crate::diagnostic::is_bidi_control;

/// Longest name of a resource, in characters.
const NAME: usize = 120;
/// Longest value.
const VALUE: usize = 300;
/// Longest paragraph: any that a policy's author may want to write.
const PROSE: usize = 4_000;
/// Marks that may follow one letter; no language needs more, a pile covers the lines above.
const MARKS: usize = 4;

/// Text that is safe to look at: one line, nothing invisible, not too long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Shown(String);

impl Shown {
    /// A name or key.
    pub(super) fn name(text: &str) -> Self {
        Self(visible(text, NAME))
    }

    /// A value or a vendor's words.
    pub(super) fn value(text: &str) -> Self {
        Self(visible(text, VALUE))
    }

    /// A paragraph of a policy, its lines joined.
    pub(super) fn prose(text: &str) -> Self {
        Self(visible(&joined(text), PROSE))
    }

    /// Words of a message between values; the space at either end stays.
    pub(super) fn words(text: &str) -> Self {
        let end = |at: Option<char>| at.filter(|c| c.is_whitespace()).map_or("", |_| " ");
        let (first, last) = (end(text.chars().next()), end(text.chars().next_back()));
        match joined(text) {
            middle if middle.is_empty() => Self(first.to_owned()),
            middle => Self(format!("{first}{}{last}", visible(&middle, PROSE))),
        }
    }

    /// At most so many characters of it.
    pub(super) fn cut(self, limit: usize) -> Self {
        match self.0.char_indices().nth(limit) {
            Some((end, _)) => Self(format!("{}…", self.0.get(..end).unwrap_or_default())),
            None => self,
        }
    }

    /// How many characters it has.
    pub(super) fn length(&self) -> usize {
        self.0.chars().count()
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text with everything written out that would not be seen, at most `limit` characters long.
pub(super) fn visible(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let mut length = 0;
    // Marks since the last letter; a mark without a letter gets a dotted circle, so that it takes no other's.
    let mut marks = None;
    for character in text.chars() {
        if length >= limit {
            out.push('…');
            break;
        }
        let before = out.len();
        if is_hidden(character) {
            out.extend(character.escape_unicode());
            marks = None;
        } else if character.width() == Some(0) {
            match marks {
                Some(MARKS) => {}
                Some(count) => {
                    marks = Some(count + 1);
                    out.push(character);
                }
                None => {
                    marks = Some(1);
                    out.extend(['\u{25cc}', character]);
                }
            }
        } else {
            marks = (!character.is_whitespace()).then_some(0);
            out.push(character);
        }
        length += out.get(before..).map_or(0, |added| added.chars().count());
    }
    out
}

/// Characters that do something, or nothing that can be seen.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || is_bidi_control(character)
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Lines joined into one. Where YAML folded a Japanese text, no space belongs between the lines, except between two
/// words in katakana, which are written apart on purpose.
fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let (before, after) = (out.chars().next_back(), word.chars().next());
        let tight = before.zip(after).is_some_and(|(a, b)| {
            "、。「」（）".contains(a) || is_japanese(a) && is_japanese(b) && !(is_katakana(a) && is_katakana(b))
        });
        if !out.is_empty() && !tight {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Kana, kanji and their punctuation.
fn is_japanese(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ff60}')
}

/// Katakana, and the mark that lengthens it.
fn is_katakana(character: char) -> bool {
    matches!(character, '\u{30a1}'..='\u{30ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (text, expected) in [
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("a\nb\tc\u{85}", "a\\u{a}b\\u{9}c\\u{85}"),
            ("x\u{202e}y\u{2066}z", "x\\u{202e}y\\u{2066}z"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{2028}\u{e0041}", "\\u{2028}\\u{e0041}"),
            ("\u{301}a\u{301} \u{301}", "\u{25cc}\u{301}a\u{301} \u{25cc}\u{301}"),
            ("点検 é", "点検 é"),
        ] {
            assert_eq!(Shown::value(text).as_str(), expected);
        }
    }

    #[test]
    fn marks_do_not_pile_up_and_nothing_is_endless() {
        let pile = format!("a{}", "\u{301}".repeat(500));
        assert_eq!(Shown::name(&pile).as_str().chars().count(), 1 + MARKS);
        for text in ["x".repeat(10_000), "\u{200b}".repeat(10_000), "日".repeat(10_000)] {
            let length = Shown::name(&text).as_str().chars().count();
            assert!((NAME..NAME + 12).contains(&length), "{length}");
        }
    }

    #[test]
    fn folded_lines_are_joined_as_each_language_does() {
        for (text, expected) in [
            ("one\n  two", "one two"),
            ("ライセンスは 本人のもの", "ライセンスは本人のもの"),
            ("システム ログに 403", "システム ログに 403"),
            ("いません。 Microsoft", "いません。Microsoft"),
        ] {
            assert_eq!(Shown::prose(text).as_str(), expected);
        }
        assert_eq!(Shown::words(" holds\n").as_str(), " holds ");
        assert_eq!(Shown::words(" ").as_str(), " ");
    }
}
