//! The checker: names, fields, functions and types of an expression, before it runs.
//!
//! A mistake does not stop it: the part at fault counts as `dyn` and the rest is checked on, so that one run shows
//! them all.

use std::collections::HashMap;
use std::ops::Range;

use super::ast::{Ast, Comprehension, Expr, Fold, Kind, Literal, NodeId};
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
    /// Names of the constants that are used.
    pub fn constants(&self) -> impl Iterator<Item = &str> {
        self.names.values().filter_map(|named| match named {
            Named::Constant(name, _) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The function that a call is of, with its namespace, and its arguments, the receiver first.
    pub fn called<'e>(&self, expr: &'e Expr) -> Option<(String, Vec<&'e Expr>)> {
        let Kind::Call { function, target, args } = &expr.kind else {
            return None;
        };
        Some(match self.namespaced.get(&expr.id) {
            Some(name) => (name.clone(), args.iter().collect()),
            None => (function.clone(), target.iter().map(AsRef::as_ref).chain(args).collect()),
        })
    }

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

pub(super) struct Checker<'s> {
    pub(super) scope: &'s Scope,
    pub(super) inference: Inference,
    locals: Vec<(String, Type)>,
    pub(super) out: Checked,
}

impl Checker<'_> {
    pub(super) fn mistake(&mut self, code: Code, span: &Range<usize>, message: String, help: Vec<String>) -> Type {
        self.out.mistakes.push(Mistake {
            code,
            span: span.clone(),
            message,
            help,
        });
        Type::Dyn
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Type {
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

    pub(super) fn local(&self, name: &str) -> Option<&Type> {
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
        if let Some(ty) = self.misspelt(expr, operand, hidden) {
            return ty;
        }
        let ty = self.expr(operand);
        let found = self.field(expr, &ty, field);
        let already = matches!(self.inference.resolve(&ty), Type::Optional(_));
        // What is null is no value of an optional, so what is inside is not null.
        let inside = |found: Type| optional_of(found.non_null().clone());
        if optional || already { inside(found) } else { found }
    }

    /// `okta.appusers` names no collection; better to say so than that nothing is called `okta`.
    fn misspelt(&mut self, expr: &Expr, operand: &Expr, hidden: bool) -> Option<Type> {
        let Kind::Ident { name: root, .. } = &operand.kind else {
            return None;
        };
        if hidden || self.scope.lookup(root).is_some() {
            return None;
        }
        let name = expr.qualified_name()?;
        let (code, what) = match root.as_str() {
            "okta" | "entra" => (Code::UnknownResource, "collection"),
            super::scope::PARAMS => (Code::UnknownParam, "parameter"),
            _ => return None,
        };
        let help = nearest(&name, self.scope.names()).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no {what} `{name}`");
        Some(self.mistake(code, &expr.span, message, help.into_iter().collect()))
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

pub(super) fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
        Literal::Duration(_) => Type::Duration,
    }
}

/// The resource type that a nested record belongs to.
fn root_resource(record: RecordType) -> &'static str {
    let info = record.info();
    info.parent.map_or(info.name.as_str(), root_resource)
}
