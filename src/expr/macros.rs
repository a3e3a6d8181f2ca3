//! Macros: calls that introduce names, `list.all(x, …)`, `list.map(x, …)`, `cel.bind(x, …, …)`.

use super::ast::{Comprehension, Expr, Fold, Kind};
use super::parser::{Parsed, Parser, SyntaxError};

impl Parser {
    /// A method call, or the macro of that name.
    pub(super) fn method(&mut self, start: usize, target: Expr, name: String, args: Vec<Expr>) -> Parsed {
        if name == "bind" && target.qualified_name().as_deref() == Some("cel") && args.len() == 3 {
            return self.bind(start, args);
        }
        match macro_form(&name, args.len()) {
            Some(form) => self.comprehension(start, target, form, args),
            None => self.node(
                start,
                Kind::Call {
                    function: name,
                    target: Some(Box::new(target)),
                    args,
                },
            ),
        }
    }

    fn bind(&mut self, start: usize, args: Vec<Expr>) -> Parsed {
        let mut args = args.into_iter();
        let (Some(name), Some(value), Some(body)) = (args.next(), args.next(), args.next()) else {
            return Err(self.unexpected("end"));
        };
        let name = simple_name(&name)?;
        self.node(
            start,
            Kind::Bind {
                name,
                value: Box::new(value),
                body: Box::new(body),
            },
        )
    }

    fn comprehension(&mut self, start: usize, range: Expr, form: Form, args: Vec<Expr>) -> Parsed {
        let mut args = args.into_iter();
        let mut next = || args.next();
        let missing = || SyntaxError {
            span: start..start + 1,
            message: "missing argument".to_owned(),
            too_deep: false,
        };
        let first = simple_name(&next().ok_or_else(missing)?)?;
        let second = if form.names == 2 {
            Some(simple_name(&next().ok_or_else(missing)?)?)
        } else {
            None
        };
        if second.as_ref() == Some(&first) {
            return Err(SyntaxError {
                span: start..self.last_end(),
                message: format!("the two names of the macro are both `{first}`"),
                too_deep: false,
            });
        }
        let test = if form.test {
            Some(next().ok_or_else(missing)?)
        } else {
            None
        };
        let body = next().ok_or_else(missing)?;
        let comprehension = Comprehension {
            fold: form.fold,
            range,
            first,
            second,
            test,
            body,
        };
        self.node(start, Kind::Comprehension(Box::new(comprehension)))
    }
}

/// How a macro is written: how many names it introduces and whether a test comes before the body.
#[derive(Clone, Copy)]
struct Form {
    fold: Fold,
    names: usize,
    test: bool,
}

fn macro_form(name: &str, args: usize) -> Option<Form> {
    let form = |fold, names, test| Some(Form { fold, names, test });
    match (name, args) {
        ("all", 2) => form(Fold::All, 1, false),
        ("all", 3) => form(Fold::All, 2, false),
        ("exists", 2) => form(Fold::Exists, 1, false),
        ("exists", 3) => form(Fold::Exists, 2, false),
        ("exists_one" | "existsOne", 2) => form(Fold::ExistsOne, 1, false),
        ("exists_one" | "existsOne", 3) => form(Fold::ExistsOne, 2, false),
        ("filter", 2) => form(Fold::Filter, 1, false),
        ("map", 2) => form(Fold::Map, 1, false),
        ("map", 3) => form(Fold::Map, 1, true),
        ("transformList", 3) => form(Fold::Map, 2, false),
        ("transformList", 4) => form(Fold::Map, 2, true),
        ("transformMap", 3) => form(Fold::TransformMap, 2, false),
        ("transformMap", 4) => form(Fold::TransformMap, 2, true),
        ("transformMapEntry", 3) => form(Fold::TransformMapEntry, 2, false),
        ("transformMapEntry", 4) => form(Fold::TransformMapEntry, 2, true),
        ("optMap", 2) => form(Fold::OptMap, 1, false),
        ("optFlatMap", 2) => form(Fold::OptFlatMap, 1, false),
        _ => None,
    }
}

fn simple_name(expr: &Expr) -> Parsed<String> {
    match &expr.kind {
        Kind::Ident { name, absolute: false } => Ok(name.clone()),
        _ => Err(SyntaxError {
            span: expr.span.clone(),
            message: "the first argument of a macro is a plain name".to_owned(),
            too_deep: false,
        }),
    }
}
