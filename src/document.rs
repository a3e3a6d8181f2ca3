//! YAML documents with the place of every value.
//!
//! The only module that speaks to the YAML library. A [`Document`] keeps the byte span of every node, so that a
//! schema violation, a wrong name or a mistake deep inside a condition is shown at its line and column.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};

/// Limits on one document: enough for any policy file, small enough for a hostile one.
const MAX_NODES: usize = 50_000;
/// Nesting of mappings and sequences.
const MAX_DEPTH: usize = 48;
/// Bytes of one document.
const MAX_BYTES: usize = 4 << 20;

/// A parsed document and the text it came from.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where the text came from.
    pub source: Arc<Source>,
    /// The one document in it.
    pub root: Node,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Bytes of the value in the source.
    pub span: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// A YAML value of the JSON schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`; `yes` and `on` are strings.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Everything else that is a scalar.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys in the order written; each appears once.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Bytes of the key in the source.
    pub span: Range<usize>,
    /// The key.
    pub name: String,
}

impl Document {
    /// Parses one document. A mistake goes to the sink and gives `None`.
    pub fn parse(source: Arc<Source>, sink: &mut Diagnostics) -> Option<Self> {
        if source.text.len() > MAX_BYTES {
            sink.push(Diagnostic::error(
                Code::InvalidYaml,
                format!("`{}` is larger than {} MiB", source.name, MAX_BYTES >> 20),
            ));
            return None;
        }
        match serde_yaml::from_str_with_options::<Spanned<Raw>>(&source.text, options()) {
            Ok(root) => Some(Self {
                root: node(root),
                source,
            }),
            Err(error) => {
                let offset = error
                    .location()
                    .map_or(0, |l| byte_offset(&source.text, l.line() as usize, l.column() as usize));
                let message = complaint(&error.without_snippet().to_string());
                sink.push(
                    Diagnostic::error(Code::InvalidYaml, format!("not well-formed YAML: {message}")).at(
                        &source,
                        offset..offset + 1,
                        "",
                    ),
                );
                None
            }
        }
    }

    /// Where a byte of a scalar's value stands in the source.
    ///
    /// A folded or quoted scalar differs from its text; walking both together finds the place.
    pub fn scalar_offset(&self, node: &Node, offset: usize) -> usize {
        let Value::String(value) = &node.value else {
            return node.span.start;
        };
        let raw = self.source.text.get(node.span.clone()).unwrap_or_default();
        node.span.start + align(raw, value, offset)
    }
}

impl Node {
    /// The value under a key of a mapping.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
    }

    /// The key itself, for its place.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.entries()
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(key, _)| key)
    }

    /// Entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text of a string scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The node that a JSON pointer leads to.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        pointer.split('/').skip(1).try_fold(self, |node, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match &node.value {
                Value::Sequence(items) => items.get(step.parse::<usize>().ok()?),
                _ => node.get(&step),
            }
        })
    }

    /// The same value as JSON, keys in the order written.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::String(value) => value.as_str().into(),
            Value::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Value::Mapping(entries) => {
                serde_json::Value::Object(entries.iter().map(|(k, v)| (k.name.clone(), v.to_json())).collect())
            }
        }
    }
}

/// What the library gives, before spans are turned into byte ranges.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    Sequence(Vec<Spanned<Raw>>),
    Mapping(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Mapping(entries))
    }
}

/// The library's words, and ours where its own speak to programmers.
fn complaint(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    match first {
        text if text.contains("Documents {") => "one document is expected, here begins another".to_owned(),
        text if text.contains("budget breached") => "it is larger or deeper nested than any policy needs".to_owned(),
        text => text
            .split(", set DuplicateKeyPolicy")
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn options() -> serde_yaml::Options {
    let mut budget = serde_yaml::Budget::default();
    budget.max_nodes = MAX_NODES;
    budget.max_depth = MAX_DEPTH;
    budget.max_aliases = 64;
    budget.max_anchors = 64;
    budget.max_documents = 1;
    serde_yaml::options! { budget: Some(budget), strict_booleans: true }
}

fn node(raw: Spanned<Raw>) -> Node {
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Int(value) => Value::Int(value),
        Raw::Float(value) => Value::Float(value),
        Raw::String(value) => Value::String(value),
        Raw::Sequence(items) => Value::Sequence(items.into_iter().map(node).collect()),
        Raw::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|(key, value)| {
                    (
                        Key {
                            span: bytes(key.referenced),
                            name: key.value,
                        },
                        node(value),
                    )
                })
                .collect(),
        ),
    };
    Node {
        span: bytes(raw.referenced),
        value,
    }
}

fn bytes(location: serde_yaml::Location) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    start..start + span.byte_len().unwrap_or_default() as usize
}

/// Byte offset of a one-based line and column (in characters).
fn byte_offset(text: &str, line: usize, column: usize) -> usize {
    let start = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum::<usize>();
    let rest = text.get(start..).unwrap_or_default();
    start
        + rest
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum::<usize>()
}

/// Offset in `raw` (a scalar as written) of the byte at `offset` in `value` (the scalar as meant).
///
/// Folding, indentation and chomping change white space only, so the characters between it are counted.
fn align(raw: &str, value: &str, offset: usize) -> usize {
    let before = value.get(..offset).unwrap_or(value);
    let mut visible = before.chars().filter(|c| !c.is_whitespace()).count();
    let quote = raw.chars().next().filter(|c| *c == '\'' || *c == '"');
    let mut chars = raw.char_indices().skip(usize::from(quote.is_some())).peekable();
    while let Some((at, character)) = chars.next() {
        if character.is_whitespace() {
            continue;
        }
        if visible == 0 {
            return at;
        }
        visible -= 1;
        // `\n` and `''` in quoted scalars are two characters for one.
        if (quote == Some('"') && character == '\\') || (quote == Some('\'') && character == '\'') {
            chars.next();
        }
    }
    raw.trim_end().len()
}

/// UTF-16 when the bytes say so, as PowerShell writes it, else UTF-8; what is neither is replaced, which leaves columns
/// and addresses of other encodings whole.
pub fn decoded(bytes: &[u8]) -> String {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = rest.as_chunks::<2>();
        let units = pairs.iter().map(|pair| unit(*pair));
        char::decode_utf16(units)
            .map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document {
        let mut sink = Diagnostics::new();
        let document = Document::parse(Source::new("t.yaml", text), &mut sink);
        assert!(sink.is_empty(), "{:?}", sink.sorted());
        document.unwrap()
    }

    #[test]
    fn offsets_inside_scalars_point_into_the_file() {
        for text in [
            "when: a.b == c\n",
            "when: 'a.b == c'\n",
            "when: \"a.b == c\"\n",
            "when: >-\n  a.b\n  == c\n",
            "when: >-\n    a.b ==\n    c\n",
            "when: |\n  a.b\n    == c\n",
            "日本: x\nwhen: a.b == c\n",
        ] {
            let document = parse(text);
            let node = document.root.get("when").unwrap();
            let value = node.as_str().unwrap();
            for needle in ["a", "b", "==", "c"] {
                let inside = value.find(needle).unwrap();
                let outside = document.scalar_offset(node, inside);
                let found = text.get(outside..outside + needle.len());
                assert_eq!(found, Some(needle), "{text:?} {needle}");
            }
        }
    }

    #[test]
    fn mistakes_are_one_diagnostic_with_a_place() {
        for text in [
            "a: [1",
            "a: 1\na: 2",
            "a:\n\tb: 1",
            "a: 1\n---\nb: 2",
            "a: *nowhere",
            "- a\nb: 1",
        ] {
            let mut sink = Diagnostics::new();
            assert!(
                Document::parse(Source::new("t.yaml", text), &mut sink).is_none(),
                "{text:?}"
            );
            assert_eq!(sink.sorted().len(), 1, "{text:?}");
        }
    }

    #[test]
    fn an_alias_bomb_is_refused_quickly() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..9 {
            let previous = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", vec![previous; 10].join(","));
        }
        let mut sink = Diagnostics::new();
        assert!(Document::parse(Source::new("bomb.yaml", text), &mut sink).is_none());
    }

    #[test]
    fn pointers_and_json_agree() {
        let document = parse("a: {b: [1, {c: x}]}\nd: null\n");
        assert_eq!(document.root.pointer("/a/b/1/c").and_then(Node::as_str), Some("x"));
        assert_eq!(
            document.root.to_json().pointer("/a/b/0").and_then(|v| v.as_i64()),
            Some(1)
        );
        assert_eq!(document.root.pointer("/nope"), None);
    }
}
