//! Functions that expressions define: a call is written out before anything else looks at it.
//!
//! The body takes the call's place, the arguments the places of the parameters, text for text. So guards, indexes and
//! evidence see what really runs, and a call costs nothing. Names stay those that were meant: a local name of the body
//! that an argument uses too gets another, and what the body names outside is named from outside.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::ast::{Ast, Expr, Kind, Literal};
use super::check::Mistake;
use super::functions::Overload;
use super::parser::MAX_LENGTH;
use super::scope::Scope;
use super::types::Type;
use crate::diagnostic::Code;

/// A function that an expression defines.
#[derive(Debug)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub params: Vec<(String, Type)>,
    /// Type of the result.
    pub result: Type,
    /// The body, which calls no defined function any more.
    text: String,
    root: Expr,
}

impl Definition {
    /// A function with a body that was compiled in a scope of its parameters; the text is that of the tree.
    pub fn new(name: String, params: Vec<(String, Type)>, result: Type, text: String, ast: Ast) -> Self {
        Self {
            name,
            params,
            result,
            text,
            root: ast.root,
        }
    }

    /// Its signature.
    pub(super) fn overload(&self) -> Overload {
        Overload {
            params: self.params.iter().map(|(_, ty)| ty.clone()).collect(),
            result: self.result.clone(),
            receiver: false,
            variadic: false,
        }
    }

    /// Whether the body uses a name.
    pub fn uses(&self, name: &str) -> bool {
        let mut names = BTreeSet::new();
        collect(&self.root, &mut names);
        names.contains(name)
    }
}

/// An expression with its functions written out, and where its parts come from.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The expression; empty when there was nothing to write out.
    pub(super) text: String,
    pieces: Vec<Piece>,
}

/// A stretch of the text: copied, or standing for a call.
#[derive(Clone, Debug)]
struct Piece {
    start: usize,
    from: Range<usize>,
    function: Option<String>,
}

impl Expansion {
    /// The same mistake where its author can see it: in a function that was written out, at the call.
    pub fn place(&self, mistake: &Mistake) -> Mistake {
        let mut placed = mistake.clone();
        let last = mistake.span.end.saturating_sub(1).max(mistake.span.start);
        let (Some(first), Some(end)) = (self.piece(mistake.span.start), self.piece(last)) else {
            return placed;
        };
        placed.span = match (&first.function, &end.function) {
            (None, None) => first.at(mistake.span.start)..end.at(last) + 1,
            (Some(_), None) => first.from.start..end.at(last) + 1,
            (None, Some(_)) => first.at(mistake.span.start)..end.from.end,
            (Some(_), Some(_)) => first.from.start..end.from.end,
        };
        if let Some(function) = &first.function
            && first.start == end.start
            && let Some(text) = self.text.get(mistake.span.clone())
        {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            placed
                .help
                .push(format!("in the function `{function}`, written out here: `{text}`"));
        }
        placed
    }

    fn piece(&self, at: usize) -> Option<&Piece> {
        self.pieces.iter().rev().find(|piece| piece.start <= at)
    }

    fn copy(&mut self, text: &str, from: Range<usize>) {
        if let Some(copied) = text.get(from.clone()).filter(|copied| !copied.is_empty()) {
            let start = self.text.len();
            self.text.push_str(copied);
            self.pieces.push(Piece {
                start,
                from,
                function: None,
            });
        }
    }
}

impl Piece {
    /// Where a byte of a copied stretch comes from.
    fn at(&self, byte: usize) -> usize {
        self.from.start + byte.saturating_sub(self.start)
    }
}

/// Whether an expression calls a defined function.
pub(super) fn is_needed(expr: &Expr, scope: &Scope) -> bool {
    called(expr, scope).is_some() || expr.children().into_iter().any(|child| is_needed(child, scope))
}

fn called<'s>(expr: &Expr, scope: &'s Scope) -> Option<&'s Definition> {
    match &expr.kind {
        Kind::Call {
            function, target: None, ..
        } => scope.definition(function).map(AsRef::as_ref),
        _ => None,
    }
}

/// Writes out the functions that an expression calls.
pub(super) fn expand(text: &str, root: &Expr, scope: &Scope) -> Result<Expansion, Mistake> {
    let mut writer = Writer {
        text,
        scope,
        locals: Vec::new(),
        out: Expansion::default(),
    };
    writer.out.copy(text, 0..root.span.start);
    writer.expr(root)?;
    writer.out.copy(text, root.span.end..text.len());
    Ok(writer.out)
}

/// Copies an expression and writes out its calls.
struct Writer<'a> {
    text: &'a str,
    scope: &'a Scope,
    /// Local names around the place that is written.
    locals: Vec<String>,
    out: Expansion,
}

impl Writer<'_> {
    fn expr(&mut self, expr: &Expr) -> Result<(), Mistake> {
        if let Some(definition) = called(expr, self.scope)
            && let Kind::Call { args, .. } = &expr.kind
        {
            return self.call(expr, definition, args);
        }
        let outer = self.locals.len();
        let mut at = expr.span.start;
        for (child, inside) in parts(expr) {
            self.out.copy(self.text, at..child.span.start);
            self.locals.truncate(outer);
            if inside {
                self.locals.extend(introduced(expr).into_iter().map(str::to_owned));
            }
            self.expr(child)?;
            at = child.span.end;
        }
        self.locals.truncate(outer);
        self.out.copy(self.text, at..expr.span.end);
        Ok(())
    }

    fn call(&mut self, call: &Expr, definition: &Definition, args: &[Expr]) -> Result<(), Mistake> {
        let mut names = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for ((name, _), arg) in definition.params.iter().zip(args) {
            self.names(arg, &mut taken);
            // An argument may call functions itself.
            let mut inner = Writer {
                text: self.text,
                scope: self.scope,
                locals: self.locals.clone(),
                out: Expansion::default(),
            };
            inner.expr(arg)?;
            names.insert(name.clone(), enclosed(arg, inner.out.text));
        }
        let body = Body {
            definition,
            taken: &taken,
            hidden: &self.locals,
        };
        let mut text = String::new();
        body.write(&definition.root, &names, &mut text);
        let text = enclosed(&definition.root, text);
        if self.out.text.len() + text.len() > MAX_LENGTH {
            return Err(Mistake {
                code: Code::TooDeep,
                span: call.span.clone(),
                message: format!("with its functions written out, the condition is longer than {MAX_LENGTH} bytes"),
                help: Vec::new(),
            });
        }
        let start = self.out.text.len();
        self.out.text.push_str(&text);
        self.out.pieces.push(Piece {
            start,
            from: call.span.clone(),
            function: Some(definition.name.clone()),
        });
        Ok(())
    }

    /// Every name in an argument, those of the functions that it calls included.
    fn names(&self, expr: &Expr, names: &mut BTreeSet<String>) {
        collect(expr, names);
        if let Some(definition) = called(expr, self.scope) {
            collect(&definition.root, names);
        }
        for child in expr.children() {
            self.names(child, names);
        }
    }
}

/// The body of a function at one call.
struct Body<'a> {
    definition: &'a Definition,
    /// Names that the arguments use.
    taken: &'a BTreeSet<String>,
    /// Local names around the call, which mean nothing to the body.
    hidden: &'a [String],
}

impl Body<'_> {
    /// Writes a part with its names replaced.
    fn write(&self, expr: &Expr, names: &BTreeMap<String, String>, out: &mut String) {
        // What grows beyond the limit is refused by whoever asked for it.
        if out.len() > MAX_LENGTH {
            return;
        }
        let text = &self.definition.text;
        if let Kind::Ident { name, absolute: false } = &expr.kind {
            return match names.get(name) {
                Some(meant) => out.push_str(meant),
                None => {
                    if self.hidden.contains(name) {
                        out.push('.');
                    }
                    out.push_str(name);
                }
            };
        }
        let mut inner = Cow::Borrowed(names);
        let mut renamed = Vec::new();
        for name in introduced(expr) {
            let new = self.unused(name);
            if new != name {
                renamed.push((name, new.clone()));
            }
            inner.to_mut().insert(name.to_owned(), new);
        }
        let mut at = expr.span.start;
        for (child, inside) in parts(expr) {
            let gap = text.get(at..child.span.start).unwrap_or_default();
            // `cel.bind` names before its operand, other macros behind it.
            let names_here = inside != matches!(expr.kind, Kind::Bind { .. });
            out.push_str(&if names_here {
                with_names(gap, &renamed)
            } else {
                gap.to_owned()
            });
            self.write(child, if inside { &inner } else { names }, out);
            at = child.span.end;
        }
        out.push_str(text.get(at..expr.span.end).unwrap_or_default());
    }

    /// A name for a local of the body that no argument uses.
    fn unused(&self, name: &str) -> String {
        let mut new = name.to_owned();
        while self.taken.contains(&new) || (new != name && self.definition.uses(&new)) {
            new.push('_');
        }
        new
    }
}

/// Sub-expressions in the order written, and whether they stand inside the names that the expression introduces.
fn parts(expr: &Expr) -> Vec<(&Expr, bool)> {
    let outside = matches!(expr.kind, Kind::Comprehension(_) | Kind::Bind { .. });
    let children = expr.children().into_iter().enumerate();
    children.map(|(at, child)| (child, outside && at > 0)).collect()
}

/// The local names that an expression introduces.
fn introduced(expr: &Expr) -> Vec<&str> {
    match &expr.kind {
        Kind::Comprehension(c) => [Some(c.first.as_str()), c.second.as_deref()]
            .into_iter()
            .flatten()
            .collect(),
        Kind::Bind { name, .. } => vec![name],
        _ => Vec::new(),
    }
}

/// Every name in an expression, free or not.
fn collect(expr: &Expr, names: &mut BTreeSet<String>) {
    if let Kind::Ident { name, .. } = &expr.kind {
        names.insert(name.clone());
    }
    names.extend(introduced(expr).into_iter().map(str::to_owned));
    for child in expr.children() {
        collect(child, names);
    }
}

/// A text that stands where one operand is expected.
fn enclosed(expr: &Expr, text: String) -> String {
    let whole = match &expr.kind {
        Kind::Literal(Literal::Int(number)) => *number >= 0,
        Kind::Literal(Literal::Double(number)) => number.is_sign_positive(),
        Kind::Call { function, .. } => function.starts_with(|c: char| c.is_ascii_alphabetic()),
        Kind::And(_) | Kind::Or(_) | Kind::Conditional { .. } => false,
        _ => true,
    };
    if whole { text } else { format!("({text})") }
}

/// The stretch of a macro between its operand and its body, with other local names: `.exists(u, ` as `.exists(u_, `.
fn with_names(gap: &str, renamed: &[(&str, String)]) -> String {
    let call = gap.rfind('.').unwrap_or(0);
    let Some((head, mut rest)) = gap
        .get(call..)
        .and_then(|tail| tail.find('('))
        .and_then(|open| gap.split_at_checked(call + open))
    else {
        return gap.to_owned();
    };
    let mut out = head.to_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    while let Some(first) = rest.chars().next() {
        let length = match is_name(first) {
            true => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let new = renamed
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, new)| new.as_str());
        out.push_str(new.unwrap_or(word));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::expr::{compile, parse};

    fn scope(functions: &[(&str, &[&str], &str)]) -> Scope {
        let mut scope = Scope::new().with("x", Type::Dyn).with("now", Type::Timestamp);
        for (name, params, text) in functions {
            let params: Vec<(String, Type)> = params.iter().map(|name| ((*name).to_owned(), Type::Dyn)).collect();
            let inner = params
                .iter()
                .fold(scope.clone(), |scope, (name, ty)| scope.with(name.as_str(), ty.clone()));
            let body = compile(text, &inner);
            assert!(body.mistakes.is_empty(), "{text}: {:?}", body.mistakes);
            let text = body.plan.unwrap().text;
            let definition = Definition::new((*name).to_owned(), params, body.ty, text, body.ast.unwrap().0);
            scope = scope.with_definition(Arc::new(definition));
        }
        scope
    }

    fn written(text: &str, scope: &Scope) -> String {
        let compiled = compile(text, scope);
        assert!(compiled.mistakes.is_empty(), "{text}: {:?}", compiled.mistakes);
        compiled.plan.unwrap().text
    }

    #[test]
    fn calls_are_written_out() {
        let scope = scope(&[
            ("small", &["n"], "n < 3"),
            ("any", &["list", "n"], "list.exists(u, u.a == n)"),
            ("both", &["a", "b"], "small(a) && small(b)"),
            ("recent", &[], "now - duration('1h')"),
            ("bound", &["v"], "cel.bind(u, v, u + u)"),
            ("pairs", &["l", "v"], "l.all(i, e, e == v || (i == v))"),
        ]);
        for (text, expected) in [
            ("small(x)", "(x < 3)"),
            ("!small(x.a + 1)", "!((x.a + 1) < 3)"),
            ("small(-1) || x", "((-1) < 3) || x"),
            ("both(x, 2) ? 1 : 2", "((x < 3) && (2 < 3)) ? 1 : 2"),
            ("any(x, 1)", "x.exists(u, u.a == 1)"),
            ("x.all(u, any(x, u))", "x.all(u, x.exists(u_, u_.a == u))"),
            ("x.all(u, any(u, x.b))", "x.all(u, u.exists(u_, u_.a == x.b))"),
            (
                "x.all(now, recent() > now)",
                "x.all(now, (.now - duration('1h')) > now)",
            ),
            ("bound(x) == 2", "cel.bind(u, x, u + u) == 2"),
            ("x.map(u, bound(u))", "x.map(u, cel.bind(u_, u, u_ + u_))"),
            ("x.map(e, pairs(x, e))", "x.map(e, x.all(i, e_, e_ == e || (i == e)))"),
            (
                "any([dyn(any(x, 1))], (2))",
                "[dyn(x.exists(u, u.a == 1))].exists(u_, u_.a == 2)",
            ),
        ] {
            let found = written(text, &scope);
            assert_eq!(found, expected, "{text}");
            parse(&found).unwrap();
        }
    }

    #[test]
    fn a_copy_is_the_same_text() {
        let scope = scope(&[("one", &[], "1")]);
        for text in [
            "(x.a + 2) * 3 - -1",
            "((x)) && (x || (x))",
            "has(x.a.b) ? [{'k': (x), ?'o': x.?o}] : [dyn(1), ?x]",
            "x.filter(y, (y.a) > (1)).map(z, z.b, (z))[0].?c.orValue('d')",
            "!(x in [1, 2]) // why\n && x",
            "((x)).a.all(y, ((y)))",
            "-(x) + dyn(x).size() + \"(\".size()",
            "x.all(k, v, (k == v))",
        ] {
            let whole = format!("[dyn(one()), {text}]");
            assert_eq!(written(&whole, &scope), format!("[dyn(1), {text}]"), "{text}");
        }
    }

    #[test]
    fn mistakes_are_placed_at_the_call() {
        let scope = scope(&[("small", &["n"], "n < 3")]);
        let compiled = compile("x || small('a')", &scope);
        let [mistake] = compiled.mistakes.as_slice() else {
            panic!("{:?}", compiled.mistakes)
        };
        assert_eq!(mistake.span, 5..15);
        assert!(
            mistake.help.iter().any(|help| help.contains("`'a' < 3`")),
            "{mistake:?}"
        );
        // What does not fit the signature is told before anything is written out.
        assert_eq!(compile("small(x, x)", &scope).mistakes.len(), 1);
        assert_eq!(compile("smal(x)", &scope).mistakes[0].help, ["did you mean `small`?"]);
    }

    #[test]
    fn functions_that_double_end_somewhere() {
        let mut functions: Vec<(String, String)> = vec![("f0".into(), "n + n + n + n".into())];
        for at in 1..12 {
            functions.push((format!("f{at}"), format!("f{0}(f{0}(n))", at - 1)));
        }
        let mut scope = Scope::new().with("n", Type::Int);
        let mut ended = false;
        for (name, text) in functions {
            let body = compile(&text, &scope);
            let (Some(plan), Some((ast, _))) = (body.plan, body.ast) else {
                assert_eq!(body.mistakes[0].code, Code::TooDeep);
                ended = true;
                break;
            };
            let params = vec![("n".to_owned(), Type::Int)];
            scope = scope.with_definition(Arc::new(Definition::new(name, params, Type::Int, plan.text, ast)));
        }
        assert!(ended);
    }

    #[test]
    fn a_call_is_worth_what_binding_its_arguments_is() {
        let bodies = [
            "p",
            "p + G",
            "[1, 2, 3].filter(u, u != p).size() + G",
            "[p].map(u, [u, p].map(v, v + p + G))[0][1]",
            "cel.bind(u, p + 1, u * p)",
            "[5, 6].transformList(u, v, u + v + p)[1]",
            "[p].exists(u, u == p) ? p - 1 : G",
            "{'u': p}.u + [[p]].map(u, u.size())[0]",
        ];
        let args = [
            "u",
            "v",
            "g",
            "u - v",
            "[u, v].map(u, u + v).size()",
            "(v)",
            "-u",
            "cel.bind(v, u, v + v)",
        ];
        let wholes = [
            "[1, 2].map(u, [3].map(v, CALL))",
            "[4].map(g, [1, 2].map(u, cel.bind(v, 9, CALL)))",
        ];
        let plain = Scope::new().with("g", Type::Int);
        let value = |text: &str, scope: &Scope| {
            let compiled = compile(text, scope);
            assert!(compiled.mistakes.is_empty(), "{text}: {:?}", compiled.mistakes);
            let (plan, arena) = (compiled.plan.unwrap(), bumpalo::Bump::new());
            let found = crate::expr::run(&plan, &[crate::expr::Value::Int(70)], &crate::expr::NoRecords, &arena);
            crate::expr::to_json(found, &crate::expr::NoRecords).to_string()
        };
        for body in bodies {
            let own = body.replace('G', "g");
            let compiled = compile(&own, &plain.clone().with("p", Type::Int));
            let params = vec![("p".to_owned(), Type::Int)];
            let definition = Definition::new("f".to_owned(), params, compiled.ty, own, compiled.ast.unwrap().0);
            let scope = plain.clone().with_definition(Arc::new(definition));
            for arg in args {
                for whole in wholes {
                    let called = whole.replace("CALL", &format!("f({arg})"));
                    let bound = whole.replace("CALL", &format!("cel.bind(p, {arg}, {})", body.replace('G', ".g")));
                    let (found, expected) = (value(&called, &scope), value(&bound, &plain));
                    assert_eq!(found, expected, "{called} with {body}");
                    assert!(!expected.contains("error"), "{bound}: {expected}");
                }
            }
        }
    }
}
