//! Parameters: numbers, texts and lists of a policy that others may set, within its bounds.
//!
//! Conditions name one as `params.NAME`. Its value is known before anything runs, so it is as good as written out.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::adjust::Author;
use super::text::Text;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Document, Node, Value};
use crate::expr::ast::Literal;
use crate::expr::time::Duration;
use crate::expr::{Constant, Type, parse_type};

/// A parameter and its value in this run.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type, as written.
    pub type_name: String,
    /// What it is for.
    pub about: Text,
    /// Its value unless somebody sets another.
    pub default: Json,
    /// Its value.
    pub value: Json,
    /// Who set it; nobody when it is the default.
    pub by: Option<Author>,
    /// The value in conditions.
    pub(super) constant: Constant,
    ty: Type,
    bounds: Bounds,
}

/// Which values are allowed, of a list each of its items.
#[derive(Clone, Debug, Default)]
struct Bounds {
    min: Option<(Literal, Json)>,
    max: Option<(Literal, Json)>,
    values: Option<Vec<Literal>>,
}

/// Reads the parameters of a policy. One with a mistake is kept, so that what uses it is not wrong for that.
pub(super) fn read(document: &Document, node: Option<&Node>, sink: &mut Diagnostics) -> Vec<Param> {
    let mut params = Vec::new();
    for (key, node) in node.map(Node::entries).unwrap_or_default() {
        // The schema has told what is missing.
        let Some(type_name) = node.get("type").and_then(Node::as_str) else {
            continue;
        };
        let (Some(ty), Some(default)) = (parse_type(type_name), node.get("default")) else {
            continue;
        };
        let mut param = Param {
            name: key.name.clone(),
            type_name: type_name.to_owned(),
            about: node.get("about").map(Text::from_node).unwrap_or_default(),
            default: default.to_json(),
            value: Json::Null,
            by: None,
            constant: placeholder(&ty),
            bounds: Bounds::default(),
            ty,
        };
        param.read_bounds(document, node, sink);
        param.put(document, default, sink);
        params.push(param);
    }
    params
}

impl Param {
    /// Its name in conditions.
    pub fn full_name(&self) -> String {
        format!("params.{}", self.name)
    }

    /// Gives it another value, or says why it cannot have that.
    pub(super) fn set(&mut self, document: &Document, node: &Node, by: &Author, sink: &mut Diagnostics) {
        self.by = Some(by.clone());
        self.put(document, node, sink);
    }

    fn put(&mut self, document: &Document, node: &Node, sink: &mut Diagnostics) {
        let refuse = |message: String| {
            Diagnostic::error(Code::InvalidParam, message).at(&document.source, node.span.clone(), "")
        };
        let Some(constant) = constant(node, &self.ty) else {
            let message = format!("`{}` is of type {}, and this is not", self.full_name(), self.type_name);
            return sink.push(refuse(message).help(example(&self.ty)));
        };
        if let Some(fault) = constant
            .literals()
            .iter()
            .find_map(|literal| self.bounds.fault(literal))
        {
            sink.push(refuse(format!("`{}` {fault}", self.full_name())));
        }
        self.constant = constant;
        self.value = node.to_json();
    }

    fn read_bounds(&mut self, document: &Document, node: &Node, sink: &mut Diagnostics) {
        let of = match &self.ty {
            Type::List(element) => element.as_ref(),
            ty => ty,
        };
        let ordered = matches!(of, Type::Int | Type::Double | Type::Duration);
        let mut bound = |name: &str| {
            let node = node.get(name)?;
            match literal(node, of).filter(|_| ordered) {
                Some(literal) => Some((literal, node.to_json())),
                None => {
                    let message = match ordered {
                        true => format!("`{name}` is of the parameter's type, {of}"),
                        false => format!("`{name}` is for numbers and durations"),
                    };
                    sink.push(Diagnostic::error(Code::InvalidParam, message).at(
                        &document.source,
                        node.span.clone(),
                        "",
                    ));
                    None
                }
            }
        };
        let (min, max) = (bound("min"), bound("max"));
        let values =
            node.get("values").map(|list| {
                let mut allowed = Vec::new();
                for item in list.items() {
                    match literal(item, of) {
                        Some(literal) => allowed.push(literal),
                        None => sink.push(
                            Diagnostic::error(Code::InvalidParam, format!("values are of the parameter's type, {of}"))
                                .at(&document.source, item.span.clone(), ""),
                        ),
                    }
                }
                allowed
            });
        self.bounds = Bounds { min, max, values };
    }
}

impl Bounds {
    /// Why a value is not allowed.
    fn fault(&self, literal: &Literal) -> Option<String> {
        if let Some((min, shown)) = &self.min
            && compare(literal, min) != Some(Ordering::Greater)
            && literal != min
        {
            return Some(format!("is at least {shown}"));
        }
        if let Some((max, shown)) = &self.max
            && compare(literal, max) != Some(Ordering::Less)
            && literal != max
        {
            return Some(format!("is at most {shown}"));
        }
        let allowed = self.values.as_ref()?;
        (!allowed.contains(literal)).then(|| {
            let list: Vec<String> = allowed.iter().map(shown).collect();
            format!("is one of {}", list.join(", "))
        })
    }
}

fn compare(a: &Literal, b: &Literal) -> Option<Ordering> {
    match (a, b) {
        (Literal::Int(a), Literal::Int(b)) => Some(a.cmp(b)),
        (Literal::Double(a), Literal::Double(b)) => a.partial_cmp(b),
        (Literal::Duration(a), Literal::Duration(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn shown(literal: &Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Double(value) => value.to_string(),
        Literal::String(text) => format!("`{text}`"),
        Literal::Duration(value) => value.to_string(),
        Literal::Null | Literal::Uint(_) | Literal::Bytes(_) => String::new(),
    }
}

/// A value of a type, as YAML writes it.
fn constant(node: &Node, ty: &Type) -> Option<Constant> {
    match (ty, &node.value) {
        (Type::List(element), Value::Sequence(items)) => items
            .iter()
            .map(|item| literal(item, element))
            .collect::<Option<_>>()
            .map(Constant::List),
        _ => literal(node, ty).map(Constant::One),
    }
}

fn literal(node: &Node, ty: &Type) -> Option<Literal> {
    Some(match (ty, &node.value) {
        (Type::Bool, Value::Bool(value)) => Literal::Bool(*value),
        (Type::Int, Value::Int(value)) => Literal::Int(*value),
        (Type::Double, Value::Int(value)) => Literal::Double(*value as f64),
        (Type::Double, Value::Float(value)) if value.is_finite() => Literal::Double(*value),
        (Type::String, Value::String(text)) => Literal::String(text.clone()),
        (Type::Duration, Value::String(text)) => Literal::Duration(Duration::parse(text)?),
        _ => return None,
    })
}

/// Any value of the type.
fn placeholder(ty: &Type) -> Constant {
    match ty {
        Type::Bool => Constant::One(Literal::Bool(false)),
        Type::Int => Constant::One(Literal::Int(0)),
        Type::Double => Constant::One(Literal::Double(0.0)),
        Type::Duration => Constant::One(Literal::Duration(Duration::default())),
        Type::List(_) => Constant::List(Vec::new()),
        _ => Constant::One(Literal::String(String::new())),
    }
}

fn example(ty: &Type) -> String {
    match ty {
        Type::Bool => "write `true` or `false`".to_owned(),
        Type::Int => "write a whole number, such as `3`".to_owned(),
        Type::Double => "write a number, such as `0.5`".to_owned(),
        Type::Duration => "write hours, minutes or seconds, such as `72h` or `1h30m`".to_owned(),
        Type::List(element) => format!("write a list `[…]` of {element}"),
        _ => "write a text, in quotes where it looks like a number".to_owned(),
    }
}
