//! CEL's tokens (specification, "Lexis").

use std::ops::Range;

use super::ast::Literal;
use super::parser::SyntaxError;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name, keywords and reserved words included.
    Ident(String),
    /// A field name in backticks.
    Quoted(String),
    /// A whole number without suffix, sign excluded: `-9223372036854775808` only fits with its sign.
    Int(u64),
    Literal(Literal),
    /// An operator or bracket.
    Punct(&'static str),
    End,
}

/// Operators and brackets, longer ones first.
const PUNCTUATION: &[&str] = &[
    "&&", "||", "<=", ">=", "==", "!=", "[?", ".?", "{?", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-",
    "*", "/", "%", "!", "<", ">",
];

/// Splits a text into tokens, the last of which is `End`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let start = lexer.at;
        let kind = lexer.next()?;
        let end = kind == TokenKind::End;
        tokens.push(Token {
            kind,
            span: start..lexer.at,
        });
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error<T>(&self, start: usize, message: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            span: start..self.at.max(start + 1),
            message: message.into(),
            too_deep: false,
        })
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn next(&mut self) -> Result<TokenKind, SyntaxError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(TokenKind::End);
        };
        if let Some(prefix) = string_prefix(rest) {
            return self.string(prefix);
        }
        if first.is_ascii_digit() || (first == '.' && digit_at(rest, 1)) {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(match name {
                "true" => TokenKind::Literal(Literal::Bool(true)),
                "false" => TokenKind::Literal(Literal::Bool(false)),
                "null" => TokenKind::Literal(Literal::Null),
                _ => TokenKind::Ident(name.to_owned()),
            });
        }
        if first == '`' {
            return self.quoted_name();
        }
        match PUNCTUATION.iter().find(|mark| rest.starts_with(**mark)) {
            Some(mark) => {
                self.at += mark.len();
                Ok(TokenKind::Punct(mark))
            }
            None => {
                let start = self.at;
                self.at += first.len_utf8();
                self.error(start, format!("`{first}` is not part of an expression"))
            }
        }
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn quoted_name(&mut self) -> Result<TokenKind, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let name = self
            .take_while(|c| c.is_ascii_alphanumeric() || "_.-/ ".contains(c))
            .to_owned();
        if name.is_empty() || !self.rest().starts_with('`') {
            return self.error(
                start,
                "a name in backticks ends with a backtick and holds letters, digits and `_.-/ `",
            );
        }
        self.at += 1;
        Ok(TokenKind::Quoted(name))
    }

    fn number(&mut self) -> Result<TokenKind, SyntaxError> {
        let start = self.at;
        let rest = self.rest();
        let (digits, radix) = if rest.starts_with("0x") || rest.starts_with("0X") {
            self.at += 2;
            (self.take_while(|c| c.is_ascii_hexdigit()), 16)
        } else {
            (self.take_while(|c| c.is_ascii_digit()), 10)
        };
        if radix == 10 && self.float_tail() {
            let text = self.text.get(start..self.at).unwrap_or_default();
            return match text.parse() {
                Ok(value) => Ok(TokenKind::Literal(Literal::Double(value))),
                Err(_) => self.error(start, "not a number"),
            };
        }
        let Ok(value) = u64::from_str_radix(digits, radix) else {
            return self.error(start, "the number does not fit in 64 bits");
        };
        if self.rest().starts_with(['u', 'U']) {
            self.at += 1;
            return Ok(TokenKind::Literal(Literal::Uint(value)));
        }
        Ok(TokenKind::Int(value))
    }

    /// Takes `.5`, `e3`, `.5e-3`; tells whether there was one.
    fn float_tail(&mut self) -> bool {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with('.') && digit_at(rest, 1) {
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let rest = self.rest();
        if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if unsigned.starts_with(|c: char| c.is_ascii_digit()) {
                self.at += rest.len() - unsigned.len();
                self.take_while(|c| c.is_ascii_digit());
            }
        }
        self.at > start
    }

    fn string(&mut self, prefix: Prefix) -> Result<TokenKind, SyntaxError> {
        let start = self.at;
        self.at += prefix.len;
        let mut out = Text {
            bytes: Vec::new(),
            is_bytes: prefix.bytes,
        };
        loop {
            let rest = self.rest();
            if rest.starts_with(prefix.quote) {
                self.at += prefix.quote.len();
                break;
            }
            let Some(next) = rest.chars().next() else {
                return self.error(start, "the string does not end");
            };
            let long = prefix.quote.len() == 3;
            if !long && (next == '\n' || next == '\r') {
                return self.error(start, "the string does not end on its line");
            }
            self.at += next.len_utf8();
            if next == '\\' && !prefix.raw {
                self.escape(&mut out)?;
            } else {
                out.push(next);
            }
        }
        if prefix.bytes {
            return Ok(TokenKind::Literal(Literal::Bytes(out.bytes)));
        }
        match String::from_utf8(out.bytes) {
            Ok(text) => Ok(TokenKind::Literal(Literal::String(text))),
            Err(_) => self.error(start, "the string is not Unicode"),
        }
    }

    /// Decodes what follows a backslash.
    fn escape(&mut self, out: &mut Text) -> Result<(), SyntaxError> {
        let start = self.at - 1;
        let Some(kind) = self.rest().chars().next() else {
            return self.error(start, "the string does not end");
        };
        self.at += kind.len_utf8();
        let plain = match kind {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '?' | '"' | '\'' | '`' => kind,
            'x' | 'X' => return self.coded(out, start, 2, 16),
            'u' if !out.is_bytes => return self.coded(out, start, 4, 16),
            'U' if !out.is_bytes => return self.coded(out, start, 8, 16),
            '0'..='3' => {
                self.at -= 1;
                return self.coded(out, start, 3, 8);
            }
            _ => return self.error(start, format!("`\\{kind}` is not an escape")),
        };
        out.push(plain);
        Ok(())
    }

    fn coded(&mut self, out: &mut Text, start: usize, digits: usize, radix: u32) -> Result<(), SyntaxError> {
        let code = self
            .rest()
            .get(..digits)
            .and_then(|text| u32::from_str_radix(text, radix).ok());
        let Some(code) = code else {
            return self.error(start, format!("the escape needs {digits} digits"));
        };
        self.at += digits;
        match (out.is_bytes, u8::try_from(code), char::from_u32(code)) {
            (true, Ok(byte), _) => out.bytes.push(byte),
            (false, _, Some(character)) => out.push(character),
            _ => return self.error(start, "the escape is not a character"),
        }
        Ok(())
    }
}

fn digit_at(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

struct Text {
    bytes: Vec<u8>,
    is_bytes: bool,
}

impl Text {
    fn push(&mut self, character: char) {
        self.bytes
            .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// What stands before the characters of a string.
struct Prefix {
    len: usize,
    raw: bool,
    bytes: bool,
    quote: &'static str,
}

fn string_prefix(rest: &str) -> Option<Prefix> {
    let after_bytes = rest.strip_prefix(['b', 'B']).unwrap_or(rest);
    let after = after_bytes.strip_prefix(['r', 'R']).unwrap_or(after_bytes);
    let (bytes, raw) = (after_bytes.len() < rest.len(), after.len() < after_bytes.len());
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| after.starts_with(quote))?;
    Some(Prefix {
        len: rest.len() - after.len() + quote.len(),
        raw,
        bytes,
        quote,
    })
}
