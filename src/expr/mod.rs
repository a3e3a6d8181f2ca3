//! CEL, the language of conditions: parse, check, lower, run.
//!
//! ```text
//! text ─ parse ─► Ast ─ check ─► Checked ─ lower ─► Plan ─ run ─► Value
//! ```
//!
//! The language is the Common Expression Language as published (<https://github.com/google/cel-spec>), without protobuf
//! messages. On top of it comes one thing: a value can be *unknown*, with its causes, when the snapshot does not hold
//! it. Only [`Records`] makes unknowns, so plain CEL is plain CEL.
//!
//! ```
//! use tenken::expr::{NoRecords, Scope, compile, run};
//!
//! let compiled = compile("[1, 2, 3].exists(n, n > 2)", &Scope::new());
//! assert!(compiled.mistakes.is_empty());
//! let plan = compiled.plan.expect("a plan when there is no mistake");
//! let arena = bumpalo::Bump::new();
//! let value = run(&plan, &[], &NoRecords, &arena);
//! assert!(matches!(value, tenken::expr::Value::Bool(true)));
//! ```

pub mod ast;
mod calls;
mod check;
mod eval;
mod expand;
mod explain;
mod fold;
mod functions;
mod infer;
mod join;
mod json;
mod lexer;
mod macros;
mod parser;
mod plan;
mod records;
mod scope;
#[cfg(test)]
mod three_valued;
pub mod time;
pub mod types;
mod unknown;
mod value;
mod wish;

pub use ast::Ast;
pub use calls::spelling;
pub use check::{Checked, Mistake, check};
pub use eval::{Evaluator, run};
pub use expand::{Definition, Expansion};
pub use explain::{Detail, Explained, Part, Variable};
pub use functions::{Overload, is_function, parse_type, takes_null};
pub use json::{from_json, to_json, type_of_json};
pub use parser::{MAX_DEPTH, MAX_LENGTH, SyntaxError, parse};
pub use plan::{FoldOp, Join, Node, Op, Plan, Reads, lower};
pub use records::{LookUp, Matches, NoRecords, Records};
pub use scope::{Constant, Scope};
pub use types::Type;
pub use unknown::{Cause, Origin, OriginId, Unknown};
pub(crate) use value::weight;
pub use value::{Interval, Items, List, Map, RecordRef, Tri, Value};
pub use wish::{Place, Wanted, Wish};

use crate::diagnostic::Code;

/// An expression that was parsed and checked.
#[derive(Debug)]
pub struct Compiled {
    /// Its executable form; none if it could not be parsed.
    pub plan: Option<Plan>,
    /// The type of its result.
    pub ty: Type,
    /// What is wrong with it. A plan with mistakes can run; the parts at fault fail.
    pub mistakes: Vec<Mistake>,
    /// The syntax tree, for checks that look at more than types; functions are written out in it.
    pub ast: Option<(Ast, Checked)>,
    /// Where the tree's spans stand in the expression.
    pub expansion: Expansion,
}

/// Parses, checks and lowers an expression. Functions that the scope defines are checked by their signatures and then
/// written out, so that whatever looks at the tree or the plan sees what really runs.
pub fn compile(text: &str, scope: &Scope) -> Compiled {
    let ast = match parse(text) {
        Ok(ast) => ast,
        Err(error) => return Compiled::failed(error.into(), Expansion::default()),
    };
    let checked = check(&ast, scope);
    if !checked.mistakes.is_empty() || !expand::is_needed(&ast.root, scope) {
        return Compiled::of(text, ast, checked, scope, Expansion::default());
    }
    let expansion = match expand::expand(text, &ast.root, scope) {
        Ok(expansion) => expansion,
        Err(mistake) => return Compiled::failed(mistake, Expansion::default()),
    };
    match parse(&expansion.text) {
        Ok(ast) => {
            let checked = check(&ast, scope);
            let text = expansion.text.clone();
            Compiled::of(&text, ast, checked, scope, expansion)
        }
        Err(error) => Compiled::failed(error.into(), expansion),
    }
}

impl Compiled {
    fn of(text: &str, ast: Ast, checked: Checked, scope: &Scope, expansion: Expansion) -> Self {
        Self {
            plan: Some(lower(&ast, text, scope, &checked)),
            ty: checked.ty(&ast.root).clone(),
            mistakes: checked
                .mistakes
                .iter()
                .map(|mistake| expansion.place(mistake))
                .collect(),
            ast: Some((ast, checked)),
            expansion,
        }
    }

    fn failed(mistake: Mistake, expansion: Expansion) -> Self {
        Self {
            plan: None,
            ty: Type::Dyn,
            mistakes: vec![expansion.place(&mistake)],
            ast: None,
            expansion,
        }
    }
}

impl From<SyntaxError> for Mistake {
    fn from(error: SyntaxError) -> Self {
        Self {
            code: if error.too_deep { Code::TooDeep } else { Code::Syntax },
            span: error.span,
            message: error.message,
            help: Vec::new(),
        }
    }
}
