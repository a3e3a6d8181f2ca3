//! Functions of a pack: conditions with a name and parameters, for all policies of the pack.
//!
//! Each is checked once, where it is defined. They may use each other but never themselves, so each ends.

use std::sync::Arc;

use super::check::Conditions;
use crate::catalog::catalog;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Document, Key, Node};
use crate::expr::ast::{Expr, Kind};
use crate::expr::{Definition, Scope, Type, is_function, parse, parse_type};

/// Reads the functions of a pack, which may use those that are known already. Gives all of them.
pub(super) fn read(document: &Document, known: Vec<Arc<Definition>>, sink: &mut Diagnostics) -> Vec<Arc<Definition>> {
    let mut reader = Reader {
        document,
        entries: document.root.get("functions").map(Node::entries).unwrap_or_default(),
        known,
        open: Vec::new(),
        read: Vec::new(),
    };
    for (key, node) in reader.entries {
        reader.define(key, node, sink);
    }
    reader.known
}

struct Reader<'d> {
    document: &'d Document,
    entries: &'d [(Key, Node)],
    known: Vec<Arc<Definition>>,
    /// Names of the functions that are being read, the outermost first.
    open: Vec<&'d str>,
    /// Names of those that were read, sound or not.
    read: Vec<&'d str>,
}

impl<'d> Reader<'d> {
    fn error(&self, code: Code, key: &Key, message: String) -> Diagnostic {
        Diagnostic::error(code, message).at(&self.document.source, key.span.clone(), "")
    }

    fn define(&mut self, key: &'d Key, node: &'d Node, sink: &mut Diagnostics) {
        if self.read.contains(&key.name.as_str()) {
            return;
        }
        self.read.push(&key.name);
        if is_function(&key.name) || self.known.iter().any(|known| known.name == key.name) {
            let message = format!("there is a function `{}` already", key.name);
            return sink.push(self.error(Code::DuplicateId, key, message));
        }
        let Some(cel) = node.get("cel") else { return };
        self.open.push(&key.name);
        let sound = self.define_used(key, cel, sink);
        self.open.pop();
        if sound {
            self.compile(key, node, cel, sink);
        }
    }

    /// Reads the functions that a body uses before it; false when one of them uses this one.
    fn define_used(&mut self, key: &Key, cel: &Node, sink: &mut Diagnostics) -> bool {
        let mut names = Vec::new();
        if let Some(Ok(ast)) = cel.as_str().map(parse) {
            calls(&ast.root, &mut names);
        }
        for name in names {
            if self.open.contains(&name.as_str()) {
                let circle = [self.open.join("` uses `"), name].join("` uses `");
                let message = format!("a function may not use itself: `{circle}`");
                sink.push(self.error(Code::Circular, key, message));
                return false;
            }
            if let Some((key, node)) = self.entries.iter().find(|(key, _)| key.name == name) {
                self.define(key, node, sink);
            }
        }
        true
    }

    fn compile(&mut self, key: &Key, node: &Node, cel: &Node, sink: &mut Diagnostics) {
        let mut scope = Scope::snapshot();
        let mut params = Vec::new();
        for (param, ty) in node.get("params").map(Node::entries).unwrap_or_default() {
            let text = ty.as_str().unwrap_or_default();
            let found = parameter_type(text);
            if found.is_none() {
                sink.push(
                    Diagnostic::error(Code::UnknownType, format!("there is no type `{text}`"))
                        .at(&self.document.source, ty.span.clone(), "")
                        .suggest(text.trim_end_matches('?'), catalog().names().chain(TYPES)),
                );
            }
            if scope.is_taken(&param.name) || param.name == "now" {
                let message = format!("`{}` is the name of something else", param.name);
                sink.push(self.error(Code::DuplicateId, param, message));
            }
            let ty = found.unwrap_or(Type::Dyn);
            scope = scope.with(param.name.as_str(), ty.clone());
            params.push((param.name.clone(), ty));
        }
        let conditions = Conditions::in_scope(self.document, scope.with("now", Type::Timestamp)).with(&self.known, &[]);
        let Some(body) = conditions.value(cel, sink) else {
            return;
        };
        let definition = Definition::new(key.name.clone(), params, body.ty, body.plan.text, body.ast);
        for (param, _) in node.get("params").map(Node::entries).unwrap_or_default() {
            if !definition.uses(&param.name) {
                let message = format!("`{}` is never used in `{}`", param.name, key.name);
                sink.push(self.error(Code::UnusedParam, param, message));
            }
        }
        self.known.push(Arc::new(definition));
    }
}

/// Types that are no records, for suggestions.
const TYPES: [&str; 7] = ["bool", "int", "double", "string", "timestamp", "duration", "dyn"];

/// `string`, `entra.user`, `list(okta.app)`; with `?` it may be null.
fn parameter_type(text: &str) -> Option<Type> {
    if let Some(inner) = text.strip_suffix('?') {
        return parameter_type(inner).map(Type::nullable);
    }
    if let Some(element) = text.strip_prefix("list(").and_then(|text| text.strip_suffix(')')) {
        return parameter_type(element).map(Type::list);
    }
    if let Some(record) = catalog().record_named(text) {
        return Some(Type::Record(record));
    }
    parse_type(text).filter(|ty| !matches!(ty, Type::Param(_) | Type::Null | Type::Uint | Type::TypeOf(_)))
}

/// Names of the functions that an expression calls.
fn calls(expr: &Expr, names: &mut Vec<String>) {
    if let Kind::Call {
        function, target: None, ..
    } = &expr.kind
    {
        names.push(function.clone());
    }
    for child in expr.children() {
        calls(child, names);
    }
}
