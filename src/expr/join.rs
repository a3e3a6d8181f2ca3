//! Joins: comprehensions over all records of a type that need only look at a few, which an index finds.

use super::ast::{Comprehension, Expr, Fold, Kind};
use super::records::LookUp;
use crate::catalog::{FieldType, Origin, Population, RecordType, Resource};

/// Finds `v.field == key` or `key in v.field` among the conditions that a record of the resource must meet to matter: by
/// which field records are looked up, and the key.
pub(super) fn of<'c>(c: &'c Comprehension, resource: &Resource) -> Option<(LookUp, &'c Expr)> {
    if c.second.is_some() || resource.population == Population::One {
        return None;
    }
    let ty = resource.record;
    let (predicate, wanted) = match c.fold {
        Fold::All => (&c.body, "_!=_"),
        Fold::Exists | Fold::ExistsOne | Fold::Filter => (&c.body, "_==_"),
        Fold::Map => (c.test.as_ref()?, "_==_"),
        _ => return None,
    };
    let mut found: Option<(LookUp, &Expr)> = None;
    for part in parts(predicate, c.fold == Fold::All) {
        let Kind::Call {
            function,
            target: None,
            args,
        } = &part.kind
        else {
            continue;
        };
        let [left, right] = args.as_slice() else { continue };
        let sides: &[(&Expr, &Expr, Looked)] = match function.as_str() {
            name if name == wanted => &[(left, right, Looked::Up), (right, left, Looked::Up)],
            "@in" if wanted == "_==_" => &[(right, left, Looked::In)],
            _ => continue,
        };
        for (field, key, looked) in sides {
            let Some(by) = look_up(field, &c.first, ty, *looked).filter(|_| !uses(key, &c.first)) else {
                continue;
            };
            // The first that finds few records, else the first.
            if found.is_none_or(|(known, _)| known.finds_many() && !by.finds_many()) {
                found = Some((by, key));
            }
        }
    }
    found
}

/// The conditions that must all hold (or, for `all`, of which one must hold).
fn parts(predicate: &Expr, any: bool) -> Vec<&Expr> {
    match &predicate.kind {
        Kind::And(items) if !any => items.iter().flat_map(|item| parts(item, any)).collect(),
        Kind::Or(items) if any => items.iter().flat_map(|item| parts(item, any)).collect(),
        _ => vec![predicate],
    }
}

/// How a field leads to a record.
#[derive(Clone, Copy, PartialEq)]
enum Looked {
    /// By its value.
    Up,
    /// By an element of the list that it is.
    In,
}

/// The field that is looked up, if the expression is `name.field`, or leads on through objects nested in the record.
fn look_up(expr: &Expr, name: &str, ty: RecordType, looked: Looked) -> Option<LookUp> {
    let (operand, field) = selected(expr)?;
    let holder = nested(operand, name, ty)?;
    let (id, field) = holder.info().field(field)?;
    let fits = match (&field.ty, looked) {
        (FieldType::List(element), Looked::In) => **element == FieldType::String,
        (_, Looked::In) => false,
        (FieldType::Bool | FieldType::Int | FieldType::String | FieldType::Enum { .. }, Looked::Up) => true,
        (_, Looked::Up) => matches!(field.origin, Origin::Link(_)),
    };
    fits.then_some(LookUp { ty, holder, field: id })
}

/// The type that an expression is of: `name` itself, or an object nested in it, which is the same row of another table.
fn nested(expr: &Expr, name: &str, ty: RecordType) -> Option<RecordType> {
    if let Kind::Ident {
        name: found,
        absolute: false,
    } = &expr.kind
    {
        return (found == name).then_some(ty);
    }
    let (operand, field) = selected(expr)?;
    let (_, field) = nested(operand, name, ty)?.info().field(field)?;
    match (&field.ty, &field.origin) {
        (FieldType::Record(inner), Origin::Property { .. }) => Some(*inner),
        _ => None,
    }
}

/// Operand and field of `operand.field`.
fn selected(expr: &Expr) -> Option<(&Expr, &str)> {
    match &expr.kind {
        Kind::Select {
            operand,
            field,
            optional: false,
        } => Some((operand, field)),
        _ => None,
    }
}

/// Whether a name occurs in an expression; a local of the same name inside counts too, to be sure.
fn uses(expr: &Expr, name: &str) -> bool {
    matches!(&expr.kind, Kind::Ident { name: found, .. } if found == name)
        || expr.children().into_iter().any(|child| uses(child, name))
}
