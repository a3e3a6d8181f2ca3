//! Guards: a condition may read through a link, and compute with a value, only where it is surely not null.
//!
//! `a && b` lets each side count on the other, because CEL's `&&` gives false when either side is false whatever the
//! other does; `a || b` likewise with the opposite.

use std::ops::Range;

use crate::diagnostic::Code;
use crate::expr::ast::{Comprehension, Expr, Fold, Kind, Literal};
use crate::expr::{Ast, Checked, Mistake, Type, spelling, takes_null};

/// Finds reads through unguarded links, and operators on values that may be null. `given` are conditions known to be true, such as the policy's `when`.
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

/// Whether a value that is nullable by its type may really be null: `x != null ? x : 0` may not.
pub(super) fn may_be_null(ast: &Ast, checked: &Checked) -> bool {
    let mut walk = Walk {
        checked,
        known: Vec::new(),
        mistakes: Vec::new(),
    };
    walk.is_nullable(&ast.root)
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
            Kind::Call { .. } => self.call(expr),
            _ => expr.children().into_iter().for_each(|child| self.expr(child)),
        }
    }

    /// Arguments that may be null where a function does not take null.
    fn call(&mut self, expr: &Expr) {
        let Some((name, args)) = self.checked.called(expr) else {
            return;
        };
        for (at, arg) in args.into_iter().enumerate() {
            if !takes_null(&name, at) && self.is_nullable(arg) {
                self.mistakes
                    .push(operand(arg, &format!("`{}` does not take null", spelling(&name))));
            }
            self.expr(arg);
        }
    }

    /// Whether a value may be null, by its type and by what is known here.
    fn is_nullable(&mut self, expr: &Expr) -> bool {
        if !matches!(self.checked.ty(expr), Type::Nullable(_) | Type::Null) {
            return false;
        }
        match &expr.kind {
            Kind::Conditional { test, then, otherwise } => {
                self.given(facts(test, true), |walk| walk.is_nullable(then))
                    || self.given(facts(test, false), |walk| walk.is_nullable(otherwise))
            }
            _ => path(expr).is_none_or(|path| !self.known.contains(&path)),
        }
    }

    /// Whether elements of a list may be null, as far as it is written here how they come about.
    fn has_nullable_elements(&mut self, list: &Expr) -> bool {
        match &list.kind {
            Kind::Comprehension(c) if c.fold == Fold::Filter && c.second.is_none() => {
                !facts(&c.body, true).contains(&c.first) && self.has_nullable_elements(&c.range)
            }
            Kind::Comprehension(c) if c.fold == Fold::Map => {
                self.inside(c, |walk| walk.given(passed(c), |walk| walk.is_nullable(&c.body)))
            }
            Kind::Call {
                function,
                target: Some(list),
                ..
            } if ["distinct", "sort", "reverse", "slice"].contains(&function.as_str()) => {
                self.has_nullable_elements(list)
            }
            Kind::List(items) => items.iter().any(|(item, _)| self.is_nullable(item)),
            _ => true,
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
        self.given(known, |walk| walk.expr(expr));
    }

    fn given<T>(&mut self, known: Vec<String>, look: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.known.len();
        self.known.extend(known);
        let found = look(self);
        self.known.truncate(before);
        found
    }

    fn comprehension(&mut self, c: &Comprehension) {
        if self.is_nullable(&c.range) {
            self.mistakes.push(operand(&c.range, "this goes over its elements"));
        }
        self.expr(&c.range);
        self.inside(c, |walk| {
            if let Some(test) = &c.test {
                walk.expr(test);
            }
            walk.with(passed(c), &c.body);
        });
    }

    /// Looks at what stands inside a comprehension.
    fn inside<T>(&mut self, c: &Comprehension, look: impl FnOnce(&mut Self) -> T) -> T {
        let sound = c.second.is_none() && !self.has_nullable_elements(&c.range);
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
        if sound {
            self.known.push(c.first.clone());
        }
        let found = look(self);
        self.known = outer;
        found
    }

    fn reach(&mut self, from: &Expr, field: &str, span: &Range<usize>) {
        let Type::Nullable(inner) = self.checked.ty(from) else {
            return;
        };
        let Type::Record(record) = inner.as_ref() else {
            if self.is_nullable(from) {
                self.mistakes.push(operand(from, &format!("`{field}` is read from it")));
            }
            return;
        };
        let Some(path) = path(from) else {
            return self.mistakes.push(mistake(span, record.name(), field, "it"));
        };
        if !self.known.contains(&path) {
            self.mistakes.push(mistake(span, record.name(), field, &path));
        }
    }
}

fn operand(expr: &Expr, why: &str) -> Mistake {
    let path = path(expr);
    let shown = path
        .as_ref()
        .map_or_else(|| "this".to_owned(), |path| format!("`{path}`"));
    let help = match path {
        Some(path) => format!("say what holds when it is null: `{path} == null || …` or `{path} != null && …`"),
        None => "give it a name with `let` or `cel.bind`, and say what holds when it is null".to_owned(),
    };
    Mistake {
        code: Code::NullableOperand,
        span: expr.span.clone(),
        message: format!("{shown} may be null, and {why}"),
        help: vec![help],
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

/// Paths that are surely not null where the test of a comprehension holds.
fn passed(c: &Comprehension) -> Vec<String> {
    c.test.iter().flat_map(|test| facts(test, true)).collect()
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

    /// Code and help of what is wrong with a condition on a user of Entra.
    fn told(text: &str) -> Vec<(Code, String)> {
        let record = catalog().record_named("entra.user").unwrap();
        let compiled = compile(text, &row_scope(record));
        assert!(compiled.mistakes.is_empty(), "{text}: {:?}", compiled.mistakes);
        let (ast, checked) = compiled.ast.unwrap();
        let told = check(&ast, &checked, &[]).into_iter();
        told.map(|mistake| (mistake.code, mistake.help.join(" "))).collect()
    }

    #[test]
    fn values_that_may_be_null_need_a_guard() {
        for text in [
            "user.createdDateTime < now",
            "now - user.createdDateTime > duration('1h')",
            "-(user.displayName == null ? null : 1) < 3",
            "user.displayName.startsWith('x')",
            "user.displayName + 'x' == 'yx'",
            "user.displayName.size() > 3",
            "size(user.displayName) > 3",
            "timestamp(user.displayName) < now",
            "user.createdDateTime == null || true && user.deletedDateTime < now",
            "user.createdDateTime == null && user.createdDateTime < now",
            "user.otherMails.exists(m, m == user.mail + 'x')",
            "entra.users.map(u, u.createdDateTime).all(t, t < now)",
            "entra.users.filter(u, u.mail != null).map(u, u.createdDateTime).all(t, t < now)",
            "entra.users.map(u, u.createdDateTime < now, u.id).size() > 1",
            "(user.createdDateTime == null ? user.deletedDateTime : now) < now",
            "'x' in user.displayName.split(',')",
        ] {
            let told = told(text);
            assert!(
                told.iter().any(|(code, _)| *code == Code::NullableOperand),
                "{text}: {told:?}"
            );
            assert!(told.iter().all(|(_, help)| help.contains("null")), "{text}: {told:?}");
        }
        for text in [
            "user.createdDateTime != null && user.createdDateTime < now",
            "user.createdDateTime == null || user.createdDateTime < now",
            "has(user.createdDateTime) && now - user.createdDateTime > duration('1h')",
            "(user.createdDateTime != null ? user.createdDateTime : now) < now",
            "user.displayName == 'x' || user.mail in ['a', 'b'] || type(user.mail) == null_type",
            "user.?displayName.orValue('').startsWith('x')",
            "user.?displayName.optMap(n, n + 'x').orValue('') == ''",
            "entra.users.filter(u, u.createdDateTime != null).all(u, u.createdDateTime < now)",
            "entra.users.filter(u, u.createdDateTime != null).map(u, u.createdDateTime).all(t, t < now)",
            "entra.users.map(u, u.createdDateTime).filter(t, t != null).distinct().all(t, t < now)",
            "entra.users.map(u, u.createdDateTime != null, u.createdDateTime).all(t, t < now)",
            "cel.bind(t, user.createdDateTime, t != null && t < now)",
        ] {
            assert_eq!(told(text), [], "{text}");
        }
    }
}
