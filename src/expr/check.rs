//! The checker: names, fields, functions and types of an expression, before it runs.
//!
//! A mistake does not stop it: the part at fault counts as `dyn` and the rest is checked on, so that one run shows
//! them all.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::ast::{Ast, Comprehension, Expr, Fold, Kind, Literal, NodeId};
use super::functions::{self, Overload};
use super::infer::Inference;
use super::scope::{Named, Scope};
use super::types::Type;
use crate::catalog::RecordType;
use crate::diagnostic::{Code, nearest};

/// A mistake in an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// What kind.
    pub code: Code,
    /// Bytes of the expression at fault.
    pub span: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do next.
    pub help: Vec<String>,
}

/// What the checker found out.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Type of each node.
    pub types: Vec<Type>,
    /// Mistakes in the order met.
    pub mistakes: Vec<Mistake>,
    /// What names outside the expression stand for.
    pub(super) names: HashMap<NodeId, Named>,
    /// Calls whose target is a namespace, by their full name: `math.ceil`.
    pub(super) namespaced: HashMap<NodeId, String>,
}

impl Checked {
    /// The type of a node.
    pub fn ty(&self, expr: &Expr) -> &Type {
        self.types.get(expr.id as usize).unwrap_or(&Type::Dyn)
    }
}

/// Checks an expression against what it may name.
pub fn check(ast: &Ast, scope: &Scope) -> Checked {
    let mut checker = Checker {
        scope,
        inference: Inference::default(),
        locals: Vec::new(),
        out: Checked {
            types: vec![Type::Dyn; ast.nodes as usize],
            ..Checked::default()
        },
    };
    checker.expr(&ast.root);
    let Checker { inference, mut out, .. } = checker;
    for ty in &mut out.types {
        *ty = inference.settle(ty);
    }
    out
}

struct Checker<'s> {
    scope: &'s Scope,
    inference: Inference,
    locals: Vec<(String, Type)>,
    out: Checked,
}

impl Checker<'_> {
    fn mistake(&mut self, code: Code, span: &Range<usize>, message: String, help: Vec<String>) -> Type {
        self.out.mistakes.push(Mistake {
            code,
            span: span.clone(),
            message,
            help,
        });
        Type::Dyn
    }

    fn expr(&mut self, expr: &Expr) -> Type {
        let ty = self.kind(expr);
        if let Some(slot) = self.out.types.get_mut(expr.id as usize) {
            *slot = ty.clone();
        }
        ty
    }

    fn kind(&mut self, expr: &Expr) -> Type {
        match &expr.kind {
            Kind::Literal(literal) => literal_type(literal),
            Kind::Ident { .. } => self.name(expr),
            Kind::Select {
                operand,
                field,
                optional,
            } => self.select(expr, operand, field, *optional),
            Kind::Has { operand, field } => {
                let ty = self.expr(operand);
                self.field(expr, &ty, field);
                Type::Bool
            }
            Kind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            Kind::And(items) | Kind::Or(items) => {
                for item in items {
                    self.boolean(item);
                }
                Type::Bool
            }
            Kind::Conditional { test, then, otherwise } => {
                self.boolean(test);
                let (then, other) = (self.expr(then), self.expr(otherwise));
                self.conditional(expr, then, other)
            }
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Message(name) => self.mistake(
                Code::UnsupportedSyntax,
                &expr.span,
                format!("`{name}{{…}}` makes a protobuf message, which do not exist here"),
                vec!["write a map: `{\"key\": value}`".to_owned()],
            ),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Bind { name, value, body } => {
                let ty = self.expr(value);
                self.locals.push((name.clone(), ty));
                let body = self.expr(body);
                self.locals.pop();
                body
            }
        }
    }

    /// The branches of a condition have one type, null beside another being "or null".
    fn conditional(&mut self, expr: &Expr, then: Type, other: Type) -> Type {
        if self
            .inference
            .all_fit(std::slice::from_ref(&then), std::slice::from_ref(&other))
        {
            return self.inference.join(Some(then), other);
        }
        match (self.inference.resolve(&then), self.inference.resolve(&other)) {
            (Type::Null, ty) | (ty, Type::Null) => Type::nullable(ty),
            (a, b) => self.mistake(
                Code::TypeMismatch,
                &expr.span,
                format!("the branches are of different types, {a} and {b}"),
                vec!["wrap one in `dyn()` if that is meant".to_owned()],
            ),
        }
    }

    fn boolean(&mut self, expr: &Expr) {
        let ty = self.expr(expr);
        if matches!(self.inference.resolve(&ty), Type::Nullable(_)) {
            let help = "say what null means: compare with `== true` or `== false`".to_owned();
            self.mistake(
                Code::NotBoolean,
                &expr.span,
                "this may be null, neither true nor false".to_owned(),
                vec![help],
            );
        } else if !self.inference.fits(&ty, &Type::Bool) {
            let ty = self.inference.resolve(&ty);
            self.mistake(
                Code::TypeMismatch,
                &expr.span,
                format!("expected bool, found {ty}"),
                Vec::new(),
            );
        }
    }

    fn local(&self, name: &str) -> Option<&Type> {
        self.locals
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, ty)| ty)
    }

    fn name(&mut self, expr: &Expr) -> Type {
        let Kind::Ident { name, absolute } = &expr.kind else {
            return Type::Dyn;
        };
        if let Some(ty) = self.local(name).filter(|_| !absolute) {
            return ty.clone();
        }
        if let Some(named) = self.scope.lookup(name) {
            return self.named(expr, named);
        }
        let help = nearest(name, self.known_names()).map(|near| format!("did you mean `{near}`?"));
        self.mistake(
            Code::UndeclaredName,
            &expr.span,
            format!("nothing is called `{name}` here"),
            help.into_iter().collect(),
        )
    }

    fn known_names(&self) -> Vec<&str> {
        let locals = self.locals.iter().map(|(name, _)| name.as_str());
        locals.chain(self.scope.names()).collect()
    }

    fn named(&mut self, expr: &Expr, named: Named) -> Type {
        let ty = named.ty();
        self.out.names.insert(expr.id, named);
        ty
    }

    /// A selection is a dotted name if it spells one and no local name hides its root.
    fn select(&mut self, expr: &Expr, operand: &Expr, field: &str, optional: bool) -> Type {
        let hidden = expr
            .root_name()
            .is_some_and(|(root, absolute)| !absolute && self.local(root).is_some());
        if let Some(name) = expr.qualified_name().filter(|_| !hidden)
            && let Some(named) = self.scope.lookup(&name)
        {
            return self.named(expr, named);
        }
        if let Some(ty) = self.misspelt_collection(expr, operand, hidden) {
            return ty;
        }
        let ty = self.expr(operand);
        let found = self.field(expr, &ty, field);
        let already = matches!(self.inference.resolve(&ty), Type::Optional(_));
        if optional || already { optional_of(found) } else { found }
    }

    /// `okta.appusers` names no collection; better to say so than that nothing is called `okta`.
    fn misspelt_collection(&mut self, expr: &Expr, operand: &Expr, hidden: bool) -> Option<Type> {
        let Kind::Ident { name: root, .. } = &operand.kind else {
            return None;
        };
        if hidden || self.scope.lookup(root).is_some() || !matches!(root.as_str(), "okta" | "entra") {
            return None;
        }
        let name = expr.qualified_name()?;
        let help = nearest(&name, self.scope.names()).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no collection `{name}`");
        Some(self.mistake(Code::UnknownResource, &expr.span, message, help.into_iter().collect()))
    }

    /// Type of a field of a value of some type.
    fn field(&mut self, expr: &Expr, operand: &Type, field: &str) -> Type {
        match self.inference.resolve(operand) {
            Type::Dyn | Type::Var(_) => Type::Dyn,
            Type::Map(_, value) => value.as_ref().clone(),
            Type::Optional(inner) => self.field(expr, &inner, field),
            Type::Record(record) => self.record_field(expr, record, field),
            Type::Nullable(inner) => self.field(expr, &inner, field),
            other => self.mistake(
                Code::TypeMismatch,
                &expr.span,
                format!("{other} has no fields, so there is no `{field}`"),
                Vec::new(),
            ),
        }
    }

    fn record_field(&mut self, expr: &Expr, record: RecordType, field: &str) -> Type {
        let info = record.info();
        if let Some((_, found)) = info.field(field) {
            let ty = Type::from(&found.ty);
            return if found.nullable { Type::nullable(ty) } else { ty };
        }
        let near = nearest(field, info.fields.iter().map(|f| f.name.as_str()));
        let span = expr
            .span
            .end
            .saturating_sub(field.len() + usize::from(matches!(expr.kind, Kind::Has { .. })))
            ..expr.span.end;
        self.mistake(
            Code::UnknownField,
            &span,
            format!("{} has no field `{field}`", info.name),
            match near {
                Some(near) => vec![format!("did you mean `{near}`?")],
                None => vec![format!("`tenken resources {}` lists its fields", root_resource(record))],
            },
        )
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Type {
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
            .chain(self.scope.functions(name).cloned())
            .collect();
        if declared.is_empty() {
            let help = nearest(name, functions::names()).map(|near| format!("did you mean `{near}`?"));
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

    /// A documented field compared with a value that the vendor never writes.
    fn impossible(&mut self, args: &[Expr], types: &[Type]) {
        let [left, right] = args else { return };
        let sides = [(left, types.get(1)), (right, types.first())];
        for (literal, other) in sides {
            let Some(Type::Enum(documented)) = other.map(|ty| self.inference.resolve(ty).non_null().clone()) else {
                continue;
            };
            for (text, span) in literals(literal) {
                if documented.values.iter().any(|value| value == text) {
                    continue;
                }
                let same = documented.values.iter().find(|value| value.eq_ignore_ascii_case(text));
                if same.is_none() && documented.open {
                    continue;
                }
                let near = same
                    .map(String::as_str)
                    .or_else(|| nearest(text, documented.values.iter().map(String::as_str)));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the values are {}", documented.values.join(", ")),
                };
                let message = format!("this can never hold: the field is never `{text}`");
                self.mistake(Code::ImpossibleComparison, &span, message, vec![help]);
            }
        }
    }

    fn list(&mut self, items: &[(Expr, bool)]) -> Type {
        let mut element = None;
        for (item, optional) in items {
            let ty = self.expr(item);
            let ty = if *optional { self.unwrapped(item, &ty) } else { ty };
            element = Some(self.inference.join(element, ty));
        }
        Type::list(element.unwrap_or_else(|| self.inference.fresh()))
    }

    fn map(&mut self, entries: &[(Expr, Expr, bool)]) -> Type {
        let (mut keys, mut values) = (None, None);
        for (key, value, optional) in entries {
            let key_type = self.expr(key);
            keys = Some(self.inference.join(keys, key_type));
            let ty = self.expr(value);
            let ty = if *optional { self.unwrapped(value, &ty) } else { ty };
            values = Some(self.inference.join(values, ty));
        }
        let keys = keys.unwrap_or_else(|| self.inference.fresh());
        Type::map(keys, values.unwrap_or_else(|| self.inference.fresh()))
    }

    /// The type inside an optional that is an element or entry.
    fn unwrapped(&mut self, expr: &Expr, ty: &Type) -> Type {
        match self.inference.resolve(ty) {
            Type::Optional(inner) => inner.as_ref().clone(),
            Type::Dyn | Type::Var(_) => Type::Dyn,
            other => self.mistake(
                Code::TypeMismatch,
                &expr.span,
                format!("an entry marked `?` is an optional, found {other}"),
                Vec::new(),
            ),
        }
    }

    fn comprehension(&mut self, c: &Comprehension) -> Type {
        let range = self.expr(&c.range);
        let (key, value) = self.elements(c, &range);
        let before = self.locals.len();
        match &c.second {
            None => {
                let element = key_or_value(&range, &key, &value, &self.inference);
                self.locals.push((c.first.clone(), element));
            }
            Some(second) => {
                self.locals.push((c.first.clone(), key.clone()));
                self.locals.push((second.clone(), value));
            }
        }
        if let Some(test) = &c.test {
            self.boolean(test);
        }
        let result = match c.fold {
            Fold::All | Fold::Exists | Fold::ExistsOne => {
                self.boolean(&c.body);
                Type::Bool
            }
            Fold::Filter => {
                self.boolean(&c.body);
                Type::list(self.locals.get(before).map_or(Type::Dyn, |(_, ty)| ty.clone()))
            }
            Fold::Map => Type::list(self.expr(&c.body)),
            Fold::TransformMap => {
                let body = self.expr(&c.body);
                Type::map(self.locals.get(before).map_or(Type::Dyn, |(_, ty)| ty.clone()), body)
            }
            Fold::TransformMapEntry => self.expr(&c.body),
            Fold::OptMap => Type::optional(self.expr(&c.body)),
            Fold::OptFlatMap => self.expr(&c.body),
        };
        self.locals.truncate(before);
        result
    }

    /// Types of index or key, and value, of what a comprehension goes over.
    fn elements(&mut self, c: &Comprehension, range: &Type) -> (Type, Type) {
        let optional = matches!(c.fold, Fold::OptMap | Fold::OptFlatMap);
        match self.inference.resolve(range).non_null() {
            Type::List(element) if !optional => (Type::Int, element.as_ref().clone()),
            Type::Map(key, value) if !optional => (key.as_ref().clone(), value.as_ref().clone()),
            Type::Optional(inner) if optional => (inner.as_ref().clone(), inner.as_ref().clone()),
            Type::Dyn | Type::Var(_) => (Type::Dyn, Type::Dyn),
            other => {
                let wanted = if optional { "an optional" } else { "a list or map" };
                let message = format!("this goes over {wanted}, found {other}");
                let dyn_type = self.mistake(Code::TypeMismatch, &c.range.span, message, Vec::new());
                (dyn_type.clone(), dyn_type)
            }
        }
    }
}

/// With one name it is the element of a list, the key of a map, the content of an optional.
fn key_or_value(range: &Type, key: &Type, value: &Type, inference: &Inference) -> Type {
    match inference.resolve(range).non_null() {
        Type::Map(..) => key.clone(),
        _ => value.clone(),
    }
}

fn optional_of(ty: Type) -> Type {
    match ty {
        Type::Optional(_) => ty,
        other => Type::optional(other),
    }
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}

/// String literals that an operand is or lists.
fn literals(expr: &Expr) -> Vec<(&str, Range<usize>)> {
    match &expr.kind {
        Kind::Literal(Literal::String(text)) => vec![(text, expr.span.clone())],
        Kind::List(items) => items.iter().flat_map(|(item, _)| literals(item)).collect(),
        _ => Vec::new(),
    }
}

/// The resource type that a nested record belongs to.
fn root_resource(record: RecordType) -> &'static str {
    let info = record.info();
    info.parent.map_or(info.name.as_str(), root_resource)
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
fn spelling(name: &str) -> String {
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
