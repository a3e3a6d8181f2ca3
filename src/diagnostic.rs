//! What is shown when the user's input is wrong: policies, configuration, expressions, snapshots.
//!
//! A [`Diagnostic`] states one mistake with a stable [`Code`], the places concerned and what to do next.
//! Stages push into a [`Diagnostics`] sink and go on, so that one run shows every mistake of every file.
//! This is the lowest layer: it imports nothing of ours.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

/// A text that diagnostics point into, with the name it is shown under.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path or label, as the user wrote it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A shared source, ready to be pointed into.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
        })
    }

    /// One-based line and column (in characters) of a byte offset; past the end is the end.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// How bad it is: an error stops the command before anything runs, a warning does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used but is probably not what was meant.
    Warning,
}

/// Declares [`Code`] once: variant, kebab-case spelling, what it means, what to do.
macro_rules! codes {
    ($($variant:ident = $text:literal: $about:literal, $advice:literal;)*) => {
        /// Stable identity of a kind of mistake. Spelt in kebab-case wherever it is shown.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $about] $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable spelling.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// One sentence on what the code means.
            pub fn about(self) -> &'static str {
                match self { $(Code::$variant => $about,)* }
            }

            /// What to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Code::$variant => $advice,)* }
            }
        }
    };
}

codes! {
    UnreadableFile = "unreadable-file": "A file could not be opened or read.",
        "Check that the path is spelt right and that you may read it.";
    InvalidYaml = "invalid-yaml": "A file is not one well-formed YAML document within the size limits.",
        "Correct the place shown; most often it is indentation, a missing quote around a text with `: ` or `#`, or a tab.";
    InvalidJson = "invalid-json": "A file is not well-formed JSON.",
        "Correct the place shown; most often it is a comma too many or too few.";
    SchemaViolation = "schema-violation": "A file does not have the published structure.",
        "Compare with what `tenken schema policy|pack|config` prints; an editor that knows the schema shows it while you type.";
    UnknownKey = "unknown-key": "A key is not part of the published structure.",
        "Correct the spelling, or remove the key: nothing reads it.";
    MissingKey = "missing-key": "A required key is absent.",
        "Add the key at the place shown.";
    OtherVersion = "other-version": "A policy or pack is for another version of tenken.",
        "Install a tenken of that version, or use policies that this one reads.";
    Circular = "circular": "Packs or functions use each other in a circle.",
        "Take one of the steps out of the circle.";
    UnknownType = "unknown-type": "A type of a function's parameter does not exist.",
        "Write a type such as `string`, `list(string)` or `entra.user`; with `?` behind it, it may be null.";
    DuplicateId = "duplicate-id": "Two things have the same id.",
        "Give one of them another id; results refer to it.";
    UnknownPack = "unknown-pack": "A pack, file or folder of policies does not exist.",
        "Name a built-in pack (`tenken policy list`), or a file or folder that exists.";
    NoPolicies = "no-policies": "A folder or pack holds no policy, so nothing would be judged.",
        "Name a folder that holds policies: files ending in .yaml or .yml.";
    UnknownPolicy = "unknown-policy": "A policy id does not exist among the loaded ones.",
        "`tenken policy list` shows ids; tags, severities and frameworks stand in the policies.";
    UnknownResource = "unknown-resource": "A resource type is not in the catalogue.",
        "`tenken resources` lists the resource types.";
    MissingTranslation = "missing-translation": "A text lacks one of the languages en and ja.",
        "Write the text in both languages: `{ en: …, ja: … }`.";
    UnknownTemplateVariable = "unknown-template-variable": "A message uses a name that `show` does not define.",
        "Add the value to `show`, or correct the name in the message.";
    UnusedLet = "unused-let": "A value of `let` is never used.",
        "Use it in `when`, `assert` or `show`, or remove it.";
    UnusedShow = "unused-show": "A value of `show` is never used in the message.",
        "Use the value in the message of each language, or remove it from `show`.";
    InvalidTemplate = "invalid-template": "A message is not a well-formed template.",
        "The message is a template as Jinja has it: check that `{{ … }}` and `{% … %}` are closed and that the filter exists.";
    EvaluationFailed = "evaluation-failed": "An expression failed when it ran.",
        "The message says what failed, such as a division by zero or an index out of range; guard it with a condition.";
    InvalidExample = "invalid-example": "An example of a policy does not fit the catalogue.",
        "Give objects as the vendor's API returns them; `tenken resources TYPE` shows fields and types.";
    ExampleFailed = "example-failed": "An example of a policy has another outcome than it expects.",
        "Either the condition or the expectation is wrong: the place shows what came out and why.";
    InvalidPlan = "invalid-plan": "A rollout plan names something that the snapshot does not have, or not as one thing.",
        "Name applications and groups as Okta shows them or by id, and licences by part number.";
    Syntax = "syntax": "An expression is not well-formed CEL.",
        "Correct the place shown; conditions are CEL (https://cel.dev).";
    TooDeep = "too-deep": "An expression or document nests deeper than the limit.",
        "Split the expression: a condition of this depth cannot be read by people either.";
    UndeclaredName = "undeclared-name": "An expression names something that does not exist.",
        "Correct the spelling; a condition knows its row, `now`, and collections such as `entra.users`.";
    UnknownField = "unknown-field": "An expression reads a field that the resource type does not have.",
        "`tenken resources TYPE` shows the fields; raw fields have the vendor's spelling, what tenken adds is in snake_case.";
    UnknownParam = "unknown-param": "A parameter does not exist.",
        "`tenken policy show ID` shows the parameters of a policy, under `params`.";
    InvalidParam = "invalid-param": "A parameter or a value given to one is of another type, or out of its bounds.",
        "The definition under `params` of the policy says type and bounds; a duration is written like `72h`.";
    UnusedParam = "unused-param": "A parameter is never used.",
        "Use it in `let`, `when`, `assert` or `show`, or remove it.";
    UnknownRequirement = "unknown-requirement": "A policy requires a licence tier or feature that is not known.",
        "The message lists what a policy can require.";
    UnknownFunction = "unknown-function": "An expression calls a function that does not exist.",
        "Use CEL's standard functions or its string, math, list and optional extensions.";
    TypeMismatch = "type-mismatch": "An operator or function does not take values of these types.",
        "Convert a side (`int(…)`, `string(…)`, `timestamp(…)`), or compare another field.";
    ImpossibleComparison = "impossible-comparison": "A comparison can never hold for any value of the field.",
        "Write the value as the vendor documents it, capitals included.";
    UnguardedLink = "unguarded-link": "A condition reads through a link that may be null, with no guard.",
        "Write `LINK == null || …` or `LINK != null && …` before reading through it: the other record may not exist.";
    NullableOperand = "nullable-operand": "A condition computes with a value that may be null, with no guard.",
        "Write `VALUE == null || …` or `VALUE != null && …` around it: no operator but `==`, `!=` and `in` takes null.";
    UnindexedJoin = "unindexed-join": "A condition would compare every record of one large type with every record of another.",
        "Compare a field of the inner record with `==`, so that an index finds the few that matter.";
    ConstantCondition = "constant-condition": "A condition is true, or false, whatever is judged.",
        "Let it read something of the resource, or leave it out: without `when` everything is in scope.";
    AlwaysUnknown = "always-unknown": "A condition reads something that nothing collects, so it could never be decided.",
        "Leave it out; the message says what collecting it would take.";
    NotBoolean = "not-boolean": "A condition does not yield true or false.",
        "Compare the value with something: a condition is true or false.";
    UnsupportedSyntax = "unsupported-syntax": "An expression uses a part of CEL that needs protobuf messages.",
        "Write it without protobuf messages.";
    InvalidConfig = "invalid-config": "The configuration cannot be used.",
        "Compare with what `tenken init` prints.";
    StaleSnapshot = "stale-snapshot": "A snapshot is older than the audit allows.",
        "Collect again with `tenken snapshot`, or allow more days with `--max-age`.";
    InvalidSnapshot = "invalid-snapshot": "A snapshot is missing, truncated, altered or of a newer format.",
        "Collect again with `tenken snapshot`; what is damaged or altered cannot be judged.";
    InvalidExport = "invalid-export": "An export of another tool cannot be imported.",
        "Correct or remove what the message names, or export again; `tenken import --help` says what is read.";
    UnsafeUrl = "unsafe-url": "An address would send credentials over an unprotected connection.",
        "Use https; plain http is for a simulator on this machine.";
    MissingCredential = "missing-credential": "A credential named in the configuration cannot be found.",
        "Set the variable, or make the file readable for you alone, or let the command print the credential.";
}

/// A place in a source with what is wrong there.
#[derive(Clone, Debug)]
pub struct Label {
    /// Text that the span points into.
    pub source: Arc<Source>,
    /// Byte range in that text.
    pub span: Range<usize>,
    /// Short text shown at the place; may be empty.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of mistake.
    pub code: Code,
    /// Whether it stops the command.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, input in backticks.
    pub message: String,
    /// Where; the first is the primary place.
    pub labels: Vec<Label>,
    /// What to do next.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error without a place; add one with [`Diagnostic::at`].
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            source: Arc::clone(source),
            span,
            text: text.into(),
        });
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds "did you mean" when one of `known` is near `name`.
    #[must_use]
    pub fn suggest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// The block shown to a person: message, source lines with carets, help.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group =
            annotate_snippets::Group::with_title(level.primary_title(printable(&self.message)).id(self.code.as_str()));
        for (index, label) in self.labels.iter().enumerate() {
            let kind = if index == 0 {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let span = clamp(&label.source.text, &label.span);
            group = group.element(
                Snippet::source(visible(&label.source.text))
                    .path(printable(&label.source.name))
                    .annotation(kind.span(span).label(printable(&label.text))),
            );
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut text = renderer.render(&[group]);
        text.push('\n');
        text
    }
}

/// The span cut to whole characters of the text, so that a wrong span never stops a message.
fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// A source with its control characters replaced by others of the same length, so that spans stay right. Those of one
/// byte, and the bidirectional ones of three, are the renderer's own business.
fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| c.len_utf8() == 2 && (c.is_control() || is_bidi_control(c));
    if text.contains(hidden) {
        Cow::Owned(text.replace(hidden, "¿"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Text from outside without control or direction-changing characters, so that it cannot repaint a terminal.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(character),
            c if c.is_control() || is_bidi_control(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Unicode's bidirectional controls (UAX #9): they can make text read as something else.
pub fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The known name nearest to `name`, if no more than a third of its letters differ.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= limit && *candidate != name)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The sink that every stage writes to.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one mistake.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What was noted, by file and place.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(place);
        self.list
    }

    /// What was noted, in the order it came.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        self.list.extend(iter);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic] }
    }
}

/// Sort key: file, then offset; those without a place come first.
fn place(diagnostic: &Diagnostic) -> (String, usize) {
    diagnostic
        .labels
        .first()
        .map(|l| (l.source.name.clone(), l.span.start))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code:?} repeats a spelling");
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert!(code.about().ends_with('.'));
        }
    }

    #[test]
    fn rendering_names_file_line_and_column() {
        let source = Source::new("policies/x.yaml", "id: a\nassert: usr.ok\n");
        let text = Diagnostic::error(Code::UndeclaredName, "nothing is called `usr`")
            .at(&source, 14..17, "not declared")
            .suggest("usr", ["user", "app"])
            .render(false);
        assert!(text.contains("policies/x.yaml:2:9"), "{text}");
        assert!(text.contains("assert: usr.ok"), "{text}");
        assert!(text.contains("did you mean `user`?"), "{text}");
    }

    #[test]
    fn a_span_outside_the_text_does_not_panic() {
        let source = Source::new("x", "日本");
        for span in [0..1, 1..2, 5..900, 900..901] {
            let text = Diagnostic::error(Code::Syntax, "bad")
                .at(&source, span, "here")
                .render(true);
            assert!(text.contains("bad"));
        }
    }

    #[test]
    fn control_and_direction_characters_are_shown_not_obeyed() {
        assert_eq!(printable("a\u{1b}[31m\u{202e}b"), "a\\u{1b}[31m\\u{202e}b");
    }
}
