//! The functions of the language: one table of signatures, each with what computes it.
//!
//! CEL's standard library and its string, math, encoder, list and optional extensions. An implementation sees values
//! only: errors and unknowns among the arguments are dealt with before it is called, by the one rule.

mod collections;
mod conversions;
mod format;
mod math;
mod operators;
mod strings;
mod timestamps;

pub(super) use strings::regex;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::LazyLock;

use bumpalo::Bump;

use super::types::Type;
use super::value::{Value, weight};

/// What an implementation may use.
pub struct Context<'r> {
    /// Where new values are put.
    pub arena: &'r Bump,
    /// Work left before the evaluation is stopped, in elements and characters handled.
    pub budget: Cell<u64>,
}

/// Largest string, bytes or list that an expression can make.
pub(crate) const MAX_SIZE: usize = 8 << 20;

/// Most memory, in bytes, that the values of one evaluation may take.
pub(crate) const MAX_MEMORY: usize = 512 << 20;

/// Computes a function from its arguments, the receiver first.
pub(crate) type Run = for<'r> fn(&Context<'r>, &[Value<'r>]) -> Value<'r>;

/// A function or operator with all its overloads.
pub struct Function {
    /// Name, namespace included: `math.ceil`, `_+_`, `startsWith`.
    pub name: &'static str,
    /// The ways to call it.
    pub overloads: Vec<Overload>,
    /// What computes it.
    pub run: Run,
    /// Whether it deals itself with lists that were not read to their end.
    pub partial: bool,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// One way to call a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// Parameter types, the receiver's first.
    pub params: Vec<Type>,
    /// Type of the result.
    pub result: Type,
    /// Whether it is called on its first argument, `a.f(b)`.
    pub receiver: bool,
    /// Whether the last parameter can be repeated.
    pub variadic: bool,
}

/// A row of the tables in the modules below.
type Row = (&'static str, &'static [&'static str], Run);

static TABLE: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    let strict = [
        operators::STRICT,
        conversions::ALL,
        strings::ALL,
        math::ALL,
        timestamps::ALL,
        collections::STRICT,
    ];
    let partial = [operators::PARTIAL, collections::PARTIAL];
    let rows = strict
        .into_iter()
        .map(|rows| (rows, false))
        .chain(partial.into_iter().map(|rows| (rows, true)));
    let mut table = HashMap::new();
    for (rows, partial) in rows {
        for (name, signatures, run) in rows {
            let overloads = signatures.iter().filter_map(|text| signature(name, text)).collect();
            table.insert(
                *name,
                Function {
                    name,
                    overloads,
                    run: *run,
                    partial,
                },
            );
        }
    }
    table
});

/// The function of that name.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    TABLE.get(name)
}

/// Whether a function takes null as the argument at a position, the receiver first.
pub fn takes_null(name: &str, at: usize) -> bool {
    let takes = |overload: &Overload| matches!(overload.params.get(at), Some(Type::Param(_) | Type::Dyn | Type::Null));
    // These are declared for anything, and check by themselves that they are given numbers.
    !name.starts_with("math.") && function(name).is_none_or(|function| function.overloads.iter().any(takes))
}

/// Whether the language has a function or macro of that name.
pub fn is_function(name: &str) -> bool {
    name == "has" || function(name).is_some()
}

/// Every function and operator, by name.
#[cfg(test)]
pub(super) fn all() -> std::collections::BTreeMap<&'static str, &'static Function> {
    TABLE.iter().map(|(name, function)| (*name, function)).collect()
}

/// Names of all functions that are written as calls, for suggestions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE
        .keys()
        .copied()
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Reads `string.contains(string) -> bool`, `size(list(A)) -> int` or `math.least(A, ...) -> A`.
fn signature(name: &str, text: &str) -> Option<Overload> {
    let (call, result) = text.rsplit_once(" -> ")?;
    let at = call.rfind(&format!("{name}("))?;
    let receiver = call.get(..at)?.strip_suffix('.');
    let list = call.get(at + name.len() + 1..)?.strip_suffix(')')?;
    let mut params: Vec<Type> = receiver.map(parse_type).into_iter().collect::<Option<_>>()?;
    let mut variadic = false;
    for part in split_top(list) {
        match part {
            "..." => variadic = true,
            _ => params.push(parse_type(part)?),
        }
    }
    Some(Overload {
        params,
        result: parse_type(result)?,
        receiver: receiver.is_some(),
        variadic,
    })
}

/// Splits at commas outside parentheses.
fn split_top(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, character) in list.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.extend(list.get(start..at).map(str::trim));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(list.get(start..).map(str::trim).filter(|part| !part.is_empty()));
    parts
}

/// Reads a type as it is written in signatures.
pub fn parse_type(text: &str) -> Option<Type> {
    let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    Some(match text {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "null" => Type::Null,
        "dyn" => Type::Dyn,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        _ if text.len() == 1 && text.chars().all(|c| c.is_ascii_uppercase()) => Type::Param(text.into()),
        _ => {
            if let Some(element) = inner("list") {
                Type::list(parse_type(element)?)
            } else if let Some(element) = inner("optional") {
                Type::optional(parse_type(element)?)
            } else if let Some(element) = inner("type") {
                Type::TypeOf(parse_type(element)?.into())
            } else {
                let parts = split_top(inner("map")?);
                Type::map(parse_type(parts.first()?)?, parse_type(parts.get(1)?)?)
            }
        }
    })
}

impl<'r> Context<'r> {
    /// A context with a budget of work.
    pub fn new(arena: &'r Bump, budget: u64) -> Self {
        Self {
            arena,
            budget: Cell::new(budget),
        }
    }

    /// Takes from the budget; an error once it, or the memory for values, is used up.
    pub fn spend(&self, work: usize) -> Result<(), Value<'r>> {
        if self.arena.allocated_bytes() > MAX_MEMORY {
            return Err(Value::Error("the expression needs too much memory"));
        }
        match self.budget.get().checked_sub(work as u64) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(Value::Error("the expression does too much work")),
        }
    }

    /// Takes for a comparison of two values what it costs at most: the parts of the smaller.
    pub fn spend_comparison(&self, a: Value<'r>, b: Value<'r>) -> Result<(), Value<'r>> {
        // One more than there is, so that what reaches the limit is refused.
        let limit = usize::try_from(self.budget.get())
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        match (a, b) {
            (Value::List(_) | Value::Map(_), Value::List(_) | Value::Map(_)) => {
                let limit = weight(a, limit);
                self.spend(weight(b, limit))
            }
            _ => Ok(()),
        }
    }

    /// No overload takes values of these types.
    pub fn no_overload(&self, args: &[Value<'r>]) -> Value<'r> {
        let types: Vec<&str> = args.iter().map(|arg| kind_name(*arg)).collect();
        Value::error(&format!("no such overload: ({})", types.join(", ")), self.arena)
    }

    /// A failure with a text.
    pub fn fail(&self, text: &str) -> Value<'r> {
        Value::error(text, self.arena)
    }

    /// A text, unless it is too large or the budget is spent.
    pub fn text(&self, text: &str) -> Value<'r> {
        if text.len() > MAX_SIZE {
            return Value::Error("the string grows too large");
        }
        match self.spend(text.len() / 16) {
            Ok(()) => Value::text(text, self.arena),
            Err(error) => error,
        }
    }

    /// A list, unless it is too large or the budget is spent.
    pub fn list(&self, values: &[Value<'r>]) -> Value<'r> {
        if values.len() > MAX_SIZE / 8 {
            return Value::Error("the list grows too large");
        }
        match self.spend(values.len()) {
            Ok(()) => Value::list(values, self.arena),
            Err(error) => error,
        }
    }
}

/// Name of a value's type, for messages.
pub(crate) fn kind_name(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Interval(_) => "int",
        Value::Uint(_) => "uint",
        Value::Double(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Timestamp(_) => "timestamp",
        Value::Duration(_) => "duration",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Optional(_) => "optional",
        Value::Type(_) => "type",
        Value::Record(record) => record.ty.name(),
        Value::Unknown(_) => "unknown",
        Value::Error(_) => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_of_the_tables_can_be_read() {
        let strict = [
            operators::STRICT,
            conversions::ALL,
            strings::ALL,
            math::ALL,
            timestamps::ALL,
            collections::STRICT,
        ];
        for (name, signatures, _) in strict
            .into_iter()
            .chain([operators::PARTIAL, collections::PARTIAL])
            .flatten()
        {
            for text in *signatures {
                assert!(signature(name, text).is_some(), "{text}");
            }
            assert!(!signatures.is_empty());
        }
        let overload = signature("substring", "string.substring(int, int) -> string").unwrap();
        assert_eq!(overload.params, [Type::String, Type::Int, Type::Int]);
        assert!(overload.receiver);
    }
}
