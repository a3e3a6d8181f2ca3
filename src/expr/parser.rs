//! CEL's grammar, by recursive descent (specification, "Syntax").
//!
//! Nesting and length are limited, so that no text can exhaust the stack.

use std::ops::Range;

use super::ast::{Ast, Expr, Kind, Literal, NodeId};
use super::lexer::{Token, TokenKind, tokens};

/// Deepest nesting of expressions. The specification asks for 12 to 32 levels.
pub const MAX_DEPTH: u16 = 100;
/// Longest expression in bytes.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Words that cannot name a variable (specification, `RESERVED`).
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Bytes at fault.
    pub span: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Whether the nesting limit was hit.
    pub too_deep: bool,
}

/// Parses a whole text as one expression.
///
/// # Errors
/// The first place where the text leaves the grammar or a limit.
pub fn parse(text: &str) -> Result<Ast, SyntaxError> {
    if text.len() > MAX_LENGTH {
        return Err(SyntaxError {
            span: 0..1,
            message: format!("the expression is longer than {} KiB", MAX_LENGTH / 1024),
            too_deep: false,
        });
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        nodes: 0,
        depth: 0,
    };
    let root = parser.expr()?;
    match parser.peek() {
        TokenKind::End => Ok(Ast {
            root,
            nodes: parser.nodes,
        }),
        other => Err(parser.unexpected(&describe(other))),
    }
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    nodes: NodeId,
    depth: u16,
}

pub(super) type Parsed<T = Expr> = Result<T, SyntaxError>;

impl Parser {
    fn peek(&self) -> &TokenKind {
        self.tokens.get(self.at).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Range<usize> {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(0..0, |token| token.span.clone())
    }

    /// End of the token before the current one.
    pub(super) fn last_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |token| token.span.end)
    }

    fn advance(&mut self) {
        self.at += 1;
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), TokenKind::Punct(found) if *found == mark);
        self.at += usize::from(found);
        found
    }

    /// Takes one of several marks.
    fn take_any(&mut self, marks: &[&'static str]) -> Option<&'static str> {
        marks.iter().copied().find(|mark| self.take(mark))
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.take(mark) {
            return Ok(());
        }
        let found = describe(self.peek());
        Err(self.error(format!("expected `{mark}`, found {found}")))
    }

    fn error(&self, message: String) -> SyntaxError {
        SyntaxError {
            span: self.span(),
            message,
            too_deep: false,
        }
    }

    pub(super) fn unexpected(&self, found: &str) -> SyntaxError {
        self.error(match self.peek() {
            TokenKind::End => "the expression ends too early".to_owned(),
            _ => format!("unexpected {found}"),
        })
    }

    fn too_deep(&self, start: usize) -> SyntaxError {
        SyntaxError {
            span: start..start + 1,
            message: format!("the expression nests deeper than {MAX_DEPTH} levels"),
            too_deep: true,
        }
    }

    /// A node from `start` to the last token taken.
    pub(super) fn node(&mut self, start: usize, kind: Kind) -> Parsed {
        let id = self.nodes;
        self.nodes += 1;
        let mut expr = Expr {
            id,
            span: start..self.last_end().max(start),
            depth: 1,
            kind,
        };
        let below = expr.children().iter().map(|child| child.depth).max().unwrap_or(0);
        if below >= MAX_DEPTH {
            return Err(self.too_deep(start));
        }
        expr.depth = below + 1;
        Ok(expr)
    }

    fn call(&mut self, start: usize, function: &str, args: Vec<Expr>) -> Parsed {
        self.node(
            start,
            Kind::Call {
                function: function.to_owned(),
                target: None,
                args,
            },
        )
    }

    fn expr(&mut self) -> Parsed {
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep(self.span().start));
        }
        self.depth += 1;
        let parsed = self.conditional();
        self.depth -= 1;
        parsed
    }

    fn conditional(&mut self) -> Parsed {
        let start = self.span().start;
        let test = self.or()?;
        if !self.take("?") {
            return Ok(test);
        }
        let then = self.or()?;
        self.expect(":")?;
        let otherwise = self.expr()?;
        self.node(
            start,
            Kind::Conditional {
                test: Box::new(test),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            },
        )
    }

    fn or(&mut self) -> Parsed {
        let start = self.span().start;
        let mut items = vec![self.and()?];
        while self.take("||") {
            items.push(self.and()?);
        }
        self.flattened(start, items, Kind::Or)
    }

    fn and(&mut self) -> Parsed {
        let start = self.span().start;
        let mut items = vec![self.relation()?];
        while self.take("&&") {
            items.push(self.relation()?);
        }
        self.flattened(start, items, Kind::And)
    }

    fn flattened(&mut self, start: usize, mut items: Vec<Expr>, kind: fn(Vec<Expr>) -> Kind) -> Parsed {
        match items.pop() {
            Some(only) if items.is_empty() => Ok(only),
            Some(last) => {
                items.push(last);
                self.node(start, kind(items))
            }
            None => Err(self.unexpected("end")),
        }
    }

    fn relation(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.sum()?;
        loop {
            let function = if matches!(self.peek(), TokenKind::Ident(name) if name == "in") {
                self.advance();
                "@in"
            } else {
                match self.take_any(&["<=", "<", ">=", ">", "==", "!="]) {
                    Some("<=") => "_<=_",
                    Some("<") => "_<_",
                    Some(">=") => "_>=_",
                    Some(">") => "_>_",
                    Some("==") => "_==_",
                    Some(_) => "_!=_",
                    None => return Ok(left),
                }
            };
            let right = self.sum()?;
            left = self.call(start, function, vec![left, right])?;
        }
    }

    fn sum(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.product()?;
        while let Some(mark) = self.take_any(&["+", "-"]) {
            let right = self.product()?;
            left = self.call(start, if mark == "+" { "_+_" } else { "_-_" }, vec![left, right])?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.unary()?;
        while let Some(mark) = self.take_any(&["*", "/", "%"]) {
            let right = self.unary()?;
            let function = match mark {
                "*" => "_*_",
                "/" => "_/_",
                _ => "_%_",
            };
            left = self.call(start, function, vec![left, right])?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.span().start;
        let mut marks = Vec::new();
        while let Some(mark) = self.take_any(&["!", "-"]) {
            if marks.first().is_some_and(|first| *first != mark) {
                return Err(self.unexpected(&format!("`{mark}`")));
            }
            marks.push(mark);
        }
        // A minus right before a number belongs to the number: `-9223372036854775808` has no positive twin.
        let negative = marks.last() == Some(&"-")
            && matches!(self.peek(), TokenKind::Int(_) | TokenKind::Literal(Literal::Double(_)));
        if negative {
            marks.pop();
        }
        // What a sign stands before has a place of its own: evidence shows its value, not that of the whole.
        let operand = if negative { start } else { self.span().start };
        let mut expr = self.member(negative, operand)?;
        for mark in marks {
            expr = self.call(start, if mark == "!" { "!_" } else { "-_" }, vec![expr])?;
        }
        Ok(expr)
    }

    fn member(&mut self, negative: bool, start: usize) -> Parsed {
        let mut expr = self.primary(negative, start)?;
        loop {
            if self.take(".?") {
                let field = self.field_name()?;
                expr = self.node(
                    start,
                    Kind::Select {
                        operand: Box::new(expr),
                        field,
                        optional: true,
                    },
                )?;
            } else if self.take(".") {
                expr = self.selection(start, expr)?;
            } else if let Some(mark) = self.take_any(&["[?", "["]) {
                let index = self.expr()?;
                self.expect("]")?;
                expr = self.call(start, if mark == "[?" { "_[?_]" } else { "_[_]" }, vec![expr, index])?;
            } else {
                return Ok(expr);
            }
        }
    }

    /// After a dot: a field, a method or a qualified message name.
    fn selection(&mut self, start: usize, operand: Expr) -> Parsed {
        let quoted = matches!(self.peek(), TokenKind::Quoted(_));
        let field = self.field_name()?;
        if !quoted && self.take("(") {
            let args = self.arguments(")")?;
            return self.method(start, operand, field, args);
        }
        let expr = self.node(
            start,
            Kind::Select {
                operand: Box::new(operand),
                field,
                optional: false,
            },
        )?;
        self.message_or(start, expr)
    }

    /// `Name{…}` if braces follow a dotted name, else the expression itself.
    fn message_or(&mut self, start: usize, expr: Expr) -> Parsed {
        let brace = matches!(self.peek(), TokenKind::Punct("{" | "{?"));
        let Some(name) = expr.qualified_name().filter(|_| brace) else {
            return Ok(expr);
        };
        self.advance();
        while !self.take("}") {
            self.take("?");
            self.field_name()?;
            self.expect(":")?;
            self.expr()?;
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        self.node(start, Kind::Message(name))
    }

    fn field_name(&mut self) -> Parsed<String> {
        match self.peek().clone() {
            TokenKind::Ident(name) if name != "in" => {
                self.advance();
                Ok(name)
            }
            TokenKind::Quoted(name) => {
                self.advance();
                Ok(name)
            }
            other => Err(self.error(format!("expected a field name, found {}", describe(&other)))),
        }
    }

    /// Expressions up to the closing mark, a trailing comma allowed in lists only by the caller's grammar.
    fn arguments(&mut self, close: &str) -> Parsed<Vec<Expr>> {
        let mut args = Vec::new();
        if self.take(close) {
            return Ok(args);
        }
        loop {
            args.push(self.expr()?);
            if !self.take(",") {
                self.expect(close)?;
                return Ok(args);
            }
        }
    }

    fn primary(&mut self, negative: bool, start: usize) -> Parsed {
        match self.peek().clone() {
            TokenKind::Int(value) => {
                let literal = if negative {
                    0i64.checked_sub_unsigned(value)
                } else {
                    i64::try_from(value).ok()
                };
                let Some(value) = literal else {
                    return Err(self.error("the number does not fit in 64 bits".to_owned()));
                };
                self.advance();
                self.node(start, Kind::Literal(Literal::Int(value)))
            }
            TokenKind::Literal(literal) => {
                self.advance();
                let literal = match literal {
                    Literal::Double(value) if negative => Literal::Double(-value),
                    other => other,
                };
                self.node(start, Kind::Literal(literal))
            }
            TokenKind::Ident(name) => {
                self.advance();
                self.named(start, name, false)
            }
            TokenKind::Punct(".") => {
                self.advance();
                match self.peek().clone() {
                    TokenKind::Ident(name) => {
                        self.advance();
                        self.named(start, name, true)
                    }
                    other => Err(self.error(format!("expected a name, found {}", describe(&other)))),
                }
            }
            TokenKind::Punct("(") => {
                self.advance();
                let inner = self.expr()?;
                self.expect(")")?;
                Ok(inner)
            }
            TokenKind::Punct(mark @ ("[" | "[?")) => {
                self.advance();
                self.list(start, mark == "[?")
            }
            TokenKind::Punct(mark @ ("{" | "{?")) => {
                self.advance();
                self.map(start, mark == "{?")
            }
            other => Err(self.unexpected(&describe(&other))),
        }
    }

    fn named(&mut self, start: usize, name: String, absolute: bool) -> Parsed {
        if RESERVED.contains(&name.as_str()) {
            self.at -= 1;
            return Err(self.error(format!("`{name}` is a reserved word")));
        }
        if self.take("(") {
            let mut args = self.arguments(")")?;
            if name == "has" && !absolute && args.len() == 1 {
                if let Some(Expr {
                    kind:
                        Kind::Select {
                            operand,
                            field,
                            optional: false,
                        },
                    ..
                }) = args.pop()
                {
                    return self.node(start, Kind::Has { operand, field });
                }
                return Err(SyntaxError {
                    span: start..self.last_end(),
                    message: "`has()` takes a field selection, as in `has(user.mail)`".to_owned(),
                    too_deep: false,
                });
            }
            return self.call(start, &name, args);
        }
        let ident = self.node(start, Kind::Ident { name, absolute })?;
        self.message_or(start, ident)
    }

    fn list(&mut self, start: usize, mut optional: bool) -> Parsed {
        let mut items = Vec::new();
        loop {
            if !optional && self.take("]") {
                break;
            }
            optional |= self.take("?");
            items.push((self.expr()?, optional));
            optional = false;
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        self.node(start, Kind::List(items))
    }

    fn map(&mut self, start: usize, mut optional: bool) -> Parsed {
        let mut entries = Vec::new();
        loop {
            if !optional && self.take("}") {
                break;
            }
            optional |= self.take("?");
            let key = self.expr()?;
            self.expect(":")?;
            entries.push((key, self.expr()?, optional));
            optional = false;
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        self.node(start, Kind::Map(entries))
    }
}

fn describe(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Ident(name) => format!("`{name}`"),
        TokenKind::Quoted(name) => format!("`{name}` in backticks"),
        TokenKind::Int(value) => format!("`{value}`"),
        TokenKind::Literal(_) => "a literal".to_owned(),
        TokenKind::Punct(mark) => format!("`{mark}`"),
        TokenKind::End => "the end of the expression".to_owned(),
    }
}
