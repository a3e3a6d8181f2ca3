//! Checking calls: which overload fits, and comparisons that can never hold.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::ast::{Expr, Kind, Literal};
use super::check::Checker;
use super::functions::{self, Overload};
use super::scope::Named;
use super::types::Type;
use crate::diagnostic::{Code, nearest};

impl Checker<'_> {
    pub(super) fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Type {
        let namespace = target.and_then(|target| self.namespace(target, function));
        if let Some(name) = namespace {
            let types: Vec<Type> = args.iter().map(|arg| self.expr(arg)).collect();
            self.out.namespaced.insert(expr.id, name.clone());
            return self.resolve_call(expr, &name, false, &types);
        }
        let receiver = target.is_some();
        let types: Vec<Type> = target.into_iter().chain(args).map(|arg| self.expr(arg)).collect();
        if matches!(function, "_==_" | "_!=_" | "@in") {
            self.impossible(args, &types);
        }
        self.resolve_call(expr, function, receiver, &types)
    }

    /// Full name of a namespaced function, if the target is not a value.
    fn namespace(&self, target: &Expr, function: &str) -> Option<String> {
        let (root, _) = target.root_name()?;
        let name = target.qualified_name()?;
        let known =
            self.local(root).is_some() || self.scope.lookup(&name).is_some() || self.scope.lookup(root).is_some();
        let full = format!("{name}.{function}");
        let declared = functions::function(&full).is_some() || self.scope.functions(&full).next().is_some();
        (!known && declared).then_some(full)
    }

    fn resolve_call(&mut self, expr: &Expr, name: &str, receiver: bool, types: &[Type]) -> Type {
        let declared: Vec<Overload> = functions::function(name)
            .map(|function| function.overloads.clone())
            .unwrap_or_default()
            .into_iter()
            .chain(self.scope.functions(name))
            .collect();
        if declared.is_empty() {
            let built_in = functions::names().map(|name| -> &str { name });
            let known = built_in.chain(self.scope.function_names());
            let help = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no function `{name}`");
            return self.mistake(Code::UnknownFunction, &expr.span, message, help.into_iter().collect());
        }
        if name.starts_with("math.") && declared.iter().any(|overload| overload.variadic) {
            return self.extreme(expr, name, types);
        }
        let mut result: Option<Type> = None;
        for overload in declared.iter().filter(|overload| overload.receiver == receiver) {
            let Some(found) = self.try_overload(overload, types) else {
                continue;
            };
            result = match result {
                None => Some(found),
                Some(before) if self.inference.resolve(&before) == self.inference.resolve(&found) => Some(before),
                Some(_) => Some(Type::Dyn),
            };
        }
        match result {
            Some(ty) => ty,
            None => {
                let types: Vec<String> = types.iter().map(|ty| self.inference.resolve(ty).to_string()).collect();
                let message = format!("`{}` does not take ({})", spelling(name), types.join(", "));
                self.mistake(Code::TypeMismatch, &expr.span, message, accepted(&declared))
            }
        }
    }

    fn try_overload(&mut self, overload: &Overload, types: &[Type]) -> Option<Type> {
        let mut fresh: HashMap<Arc<str>, Type> = HashMap::new();
        let mut names = Vec::new();
        for ty in overload.params.iter().chain([&overload.result]) {
            parameters(ty, &mut names);
        }
        for name in names {
            let variable = self.inference.fresh();
            fresh.entry(name).or_insert(variable);
        }
        let replace = |part: &Type| match part {
            Type::Param(name) => fresh.get(name).cloned(),
            _ => None,
        };
        let params: Vec<Type> = overload.params.iter().map(|ty| ty.map_parts(&replace)).collect();
        self.inference
            .all_fit(types, &params)
            .then(|| self.inference.resolve(&overload.result.map_parts(&replace)))
    }

    /// `math.greatest` and `math.least` take numbers, or one list of numbers.
    fn extreme(&mut self, expr: &Expr, name: &str, types: &[Type]) -> Type {
        let types: Vec<Type> = types.iter().map(|ty| self.inference.resolve(ty)).collect();
        let numbers: Vec<Type> = match types.as_slice() {
            [Type::List(element)] => vec![element.as_ref().clone()],
            _ => types.clone(),
        };
        let number = |ty: &Type| {
            matches!(
                ty.non_null(),
                Type::Int | Type::Uint | Type::Double | Type::Dyn | Type::Var(_)
            )
        };
        if numbers.is_empty() || !numbers.iter().all(number) {
            let message = format!("`{name}` takes numbers, or one list of numbers");
            return self.mistake(Code::TypeMismatch, &expr.span, message, Vec::new());
        }
        let first = numbers.first().cloned().unwrap_or(Type::Dyn);
        if numbers.iter().all(|ty| *ty == first) {
            first
        } else {
            Type::Dyn
        }
    }

    /// Texts that an operand is or lists, written out or as a constant.
    fn literals(&self, expr: &Expr) -> Vec<(String, Range<usize>)> {
        let text = |literal: &Literal| match literal {
            Literal::String(text) => Some((text.clone(), expr.span.clone())),
            _ => None,
        };
        if let Some(Named::Constant(_, constant)) = self.out.names.get(&expr.id) {
            return constant.literals().iter().filter_map(text).collect();
        }
        match &expr.kind {
            Kind::Literal(literal) => text(literal).into_iter().collect(),
            Kind::List(items) => items.iter().flat_map(|(item, _)| self.literals(item)).collect(),
            _ => Vec::new(),
        }
    }

    /// A documented field compared with a value that the vendor never writes.
    fn impossible(&mut self, args: &[Expr], types: &[Type]) {
        let [left, right] = args else { return };
        let sides = [(left, types.get(1)), (right, types.first())];
        for (literal, other) in sides {
            let Some(Type::Enum(documented)) = other.map(|ty| self.inference.resolve(ty).non_null().clone()) else {
                continue;
            };
            for (text, span) in self.literals(literal) {
                if documented.values.contains(&text) {
                    continue;
                }
                let same = documented.values.iter().find(|value| value.eq_ignore_ascii_case(&text));
                let near = same
                    .map(String::as_str)
                    .or_else(|| nearest(&text, documented.values.iter().map(String::as_str)));
                // A vendor may add a value any day, but one that looks like a known one is a slip.
                if near.is_none() && documented.open {
                    continue;
                }
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the values are {}", documented.values.join(", ")),
                };
                let message = if documented.open && same.is_none() {
                    format!(
                        "`{text}` is none of the documented values: {}",
                        documented.values.join(", ")
                    )
                } else {
                    format!("this can never hold: the field is never `{text}`")
                };
                self.mistake(Code::ImpossibleComparison, &span, message, vec![help]);
            }
        }
    }
}

/// Names of type parameters in a type.
fn parameters(ty: &Type, names: &mut Vec<Arc<str>>) {
    match ty {
        Type::Param(name) => names.push(Arc::clone(name)),
        Type::List(t) | Type::Optional(t) | Type::TypeOf(t) | Type::Nullable(t) => parameters(t, names),
        Type::Map(k, v) => {
            parameters(k, names);
            parameters(v, names);
        }
        Type::Abstract(_, parts) => parts.iter().for_each(|part| parameters(part, names)),
        _ => {}
    }
}

/// An operator as it is written.
pub fn spelling(name: &str) -> String {
    match name {
        "_[_]" | "_[?_]" => "[…]".to_owned(),
        "@in" => "in".to_owned(),
        _ => name.trim_matches('_').to_owned(),
    }
}

/// What would be accepted, for the help.
fn accepted(overloads: &[Overload]) -> Vec<String> {
    let shown: Vec<String> = overloads
        .iter()
        .take(6)
        .map(|overload| {
            let params: Vec<String> = overload.params.iter().map(ToString::to_string).collect();
            format!("({})", params.join(", "))
        })
        .collect();
    vec![format!("it takes {}", shown.join(", "))]
}
