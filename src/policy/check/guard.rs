//! Guards: a condition may read through a link only where the link is surely not null.
//!
//! `a && b` lets each side count on the other, because CEL's `&&` gives false when either side is false whatever the
//! other does; `a || b` likewise with the opposite.

use std::ops::Range;

use crate::diagnostic::Code;
use crate::expr::ast::{Comprehension, Expr, Fold, Kind, Literal};
use crate::expr::{Ast, Checked, Mistake, Type};

/// Finds reads through unguarded links. `given` are conditions known to be true, such as the policy's `when`.
pub(in crate::policy) fn check(ast: &Ast, checked: &Checked, given: &[&Expr]) -> Vec<Mistake> {
    let mut walk = Walk {
        checked,
        known: Vec::new(),
        mistakes: Vec::new(),
    };
    for condition in given {
        walk.known.extend(facts(condition, true));
    }
    walk.expr(&ast.root);
    walk.mistakes
}

struct Walk<'c> {
    checked: &'c Checked,
    /// Paths that are surely not null here.
    known: Vec<String>,
    mistakes: Vec<Mistake>,
}

impl Walk<'_> {
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Select {
                operand,
                field,
                optional,
            } => {
                if !optional {
                    self.reach(operand, field, &expr.span);
                }
                self.expr(operand);
            }
            Kind::Has { operand, field } => {
                self.reach(operand, field, &expr.span);
                self.expr(operand);
            }
            Kind::And(items) => self.connected(items, true),
            Kind::Or(items) => self.connected(items, false),
            Kind::Conditional { test, then, otherwise } => {
                self.expr(test);
                self.with(facts(test, true), then);
                self.with(facts(test, false), otherwise);
            }
            Kind::Comprehension(c) => self.comprehension(c),
            _ => expr.children().into_iter().for_each(|child| self.expr(child)),
        }
    }

    /// Each part may count on what the others say.
    fn connected(&mut self, items: &[Expr], truth: bool) {
        for (at, item) in items.iter().enumerate() {
            let others = items.iter().enumerate().filter(|(other, _)| *other != at);
            let known: Vec<String> = others.flat_map(|(_, other)| facts(other, truth)).collect();
            self.with(known, item);
        }
    }

    fn with(&mut self, known: Vec<String>, expr: &Expr) {
        let before = self.known.len();
        self.known.extend(known);
        self.expr(expr);
        self.known.truncate(before);
    }

    fn comprehension(&mut self, c: &Comprehension) {
        self.expr(&c.range);
        // What is known of a path that begins with a hidden name is not known of the new one.
        let hidden = |path: &String| {
            let root = path.split('.').next().unwrap_or_default();
            root == c.first || Some(root) == c.second.as_deref()
        };
        let outer = self.known.clone();
        self.known.retain(|path| !hidden(path));
        // A filter before it makes its condition hold for every element: `links.filter(l, l.x != null).map(l, l.x.y)`.
        if let Kind::Comprehension(inner) = &c.range.kind
            && inner.fold == Fold::Filter
            && c.second.is_none()
        {
            let renamed = facts(&inner.body, true).into_iter().filter_map(|path| {
                let rest = path.strip_prefix(&inner.first)?;
                rest.starts_with('.').then(|| format!("{}{rest}", c.first))
            });
            self.known.extend(renamed);
        }
        if let Some(test) = &c.test {
            self.expr(test);
            self.known.extend(facts(test, true));
        }
        self.expr(&c.body);
        self.known = outer;
    }

    fn reach(&mut self, operand: &Expr, field: &str, span: &Range<usize>) {
        let Type::Nullable(inner) = self.checked.ty(operand) else {
            return;
        };
        let Type::Record(record) = inner.as_ref() else { return };
        let Some(path) = path(operand) else {
            return self.mistakes.push(mistake(span, record.name(), field, "it"));
        };
        if !self.known.contains(&path) {
            self.mistakes.push(mistake(span, record.name(), field, &path));
        }
    }
}

fn mistake(span: &Range<usize>, record: &str, field: &str, path: &str) -> Mistake {
    Mistake {
        code: Code::UnguardedLink,
        span: span.clone(),
        message: format!("`{field}` is read through a link that may be null"),
        help: vec![format!(
            "say what holds when there is no {record}: `{path} == null || …` or `{path} != null && …`"
        )],
    }
}

/// The dotted path of a link, if it is nothing but names.
fn path(expr: &Expr) -> Option<String> {
    expr.qualified_name()
}

/// Paths that are surely not null when the expression is `truth`.
fn facts(expr: &Expr, truth: bool) -> Vec<String> {
    match &expr.kind {
        Kind::And(items) if truth => items.iter().flat_map(|item| facts(item, true)).collect(),
        Kind::Or(items) if !truth => items.iter().flat_map(|item| facts(item, false)).collect(),
        Kind::Has { operand, field } if truth => path(operand)
            .map(|path| format!("{path}.{field}"))
            .into_iter()
            .collect(),
        Kind::Call {
            function,
            target: None,
            args,
        } => match (function.as_str(), args.as_slice()) {
            ("!_", [inner]) => facts(inner, !truth),
            ("_!=_", [a, b]) if truth => compared_with_null(a, b),
            ("_==_", [a, b]) if !truth => compared_with_null(a, b),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn compared_with_null(a: &Expr, b: &Expr) -> Vec<String> {
    let null = |expr: &Expr| matches!(expr.kind, Kind::Literal(Literal::Null));
    match (null(a), null(b)) {
        (false, true) => path(a).into_iter().collect(),
        (true, false) => path(b).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::catalog;
    use crate::expr::compile;
    use crate::policy::derived::row_scope;

    fn unguarded(text: &str) -> usize {
        let record = catalog().record_named("okta.app_user").unwrap();
        let compiled = compile(text, &row_scope(record));
        assert!(compiled.mistakes.is_empty(), "{text}: {:?}", compiled.mistakes);
        let (ast, checked) = compiled.ast.unwrap();
        check(&ast, &checked, &[]).len()
    }

    #[test]
    fn links_need_a_guard() {
        for (text, mistakes) in [
            ("app_user.entra_user.accountEnabled == true", 1),
            (
                "app_user.entra_user == null || app_user.entra_user.accountEnabled == true",
                0,
            ),
            (
                "app_user.entra_user.accountEnabled == true || app_user.entra_user == null",
                0,
            ),
            (
                "app_user.entra_user != null && app_user.entra_user.accountEnabled == true",
                0,
            ),
            (
                "has(app_user.entra_user) && app_user.entra_user.accountEnabled == true",
                0,
            ),
            (
                "app_user.entra_user == null && app_user.entra_user.accountEnabled == true",
                1,
            ),
            (
                "!(app_user.entra_user == null) && app_user.entra_user.accountEnabled == true",
                0,
            ),
            (
                "app_user.entra_user == null ? true : app_user.entra_user.accountEnabled == true",
                0,
            ),
            ("app_user.entra_user == null ? app_user.entra_user.id == 'x' : true", 1),
            ("entra.subscriptions.all(s, s.owner == null || s.owner.mail == null)", 0),
            ("entra.subscriptions.all(s, s.owner.mail == null)", 1),
            (
                "entra.subscriptions.filter(s, s.owner != null).all(x, x.owner.mail == null)",
                0,
            ),
            (
                "app_user.entra_user != null && okta.apps.exists(app_user, app_user.label == 'x')",
                0,
            ),
        ] {
            assert_eq!(unguarded(text), mistakes, "{text}");
        }
    }
}
