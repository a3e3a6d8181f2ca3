//! Type inference: what type variables stand for, and which types fit where.
//!
//! Follows the specification's rules on gradual typing: `dyn` fits everywhere, a variable takes the more general of
//! the types it meets, and `null` fits types that can be null.

use super::types::Type;

/// What the variables stand for so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Inference {
    bound: Vec<Option<Type>>,
}

impl Inference {
    /// A new variable.
    pub(super) fn fresh(&mut self) -> Type {
        self.bound.push(None);
        Type::Var(u32::try_from(self.bound.len() - 1).unwrap_or(u32::MAX))
    }

    fn binding(&self, variable: u32) -> Option<&Type> {
        self.bound.get(variable as usize)?.as_ref()
    }

    fn bind(&mut self, variable: u32, ty: Type) {
        if let Some(slot) = self.bound.get_mut(variable as usize) {
            *slot = Some(ty);
        }
    }

    /// The type with every known variable replaced.
    pub(super) fn resolve(&self, ty: &Type) -> Type {
        ty.map_parts(&|part| match part {
            Type::Var(variable) => self.binding(*variable).map(|bound| self.resolve(bound)),
            _ => None,
        })
    }

    /// The type with every variable replaced, unknown ones by `dyn`.
    pub(super) fn settle(&self, ty: &Type) -> Type {
        self.resolve(ty)
            .map_parts(&|part| matches!(part, Type::Var(_)).then_some(Type::Dyn))
    }

    /// Whether all of `actual` fit `expected`; binds variables if they do, changes nothing if not.
    pub(super) fn all_fit(&mut self, actual: &[Type], expected: &[Type]) -> bool {
        let before = self.bound.clone();
        let fits = actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, e)| self.fits(a, e));
        if !fits {
            self.bound = before;
        }
        fits
    }

    /// Whether `actual` can be used where `expected` is wanted.
    pub(super) fn fits(&mut self, actual: &Type, expected: &Type) -> bool {
        if let Type::Var(variable) = expected {
            let bound = self.binding(*variable).is_some();
            if self.substitutes(actual, *variable) {
                return true;
            }
            if bound {
                return false;
            }
        }
        if let Type::Var(variable) = actual {
            return self.substitutes(expected, *variable);
        }
        match (actual, expected) {
            (Type::Dyn, _) | (_, Type::Dyn) | (Type::Null, Type::Null) => true,
            (Type::Null, other) | (other, Type::Null) => accepts_null(other),
            (Type::Nullable(a), Type::Nullable(b)) => self.fits(a, b),
            (Type::Nullable(a), b) | (b, Type::Nullable(a)) => self.fits(a, b),
            (Type::String | Type::Enum(_), Type::String | Type::Enum(_)) | (Type::TypeOf(_), Type::TypeOf(_)) => true,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => self.fits(a, b),
            (Type::Map(ak, av), Type::Map(bk, bv)) => self.fits(ak, bk) && self.fits(av, bv),
            (Type::Abstract(a, ap), Type::Abstract(b, bp)) => {
                a == b && ap.len() == bp.len() && ap.iter().zip(bp).all(|(a, b)| self.fits(a, b))
            }
            _ => actual == expected,
        }
    }

    /// Whether a variable can stand for a type, given what it stands for already.
    fn substitutes(&mut self, ty: &Type, variable: u32) -> bool {
        if *ty == Type::Var(variable) {
            return true;
        }
        let Some(bound) = self.binding(variable).cloned() else {
            let possible = !self.mentions(ty, variable);
            if possible {
                self.bind(variable, ty.clone());
            }
            return possible;
        };
        if *ty == bound {
            return true;
        }
        let fits = self.fits(ty, &bound);
        if fits {
            let general = most_general(ty, &bound);
            if !self.mentions(&general, variable) {
                self.bind(variable, general);
            }
        }
        fits
    }

    fn mentions(&self, ty: &Type, variable: u32) -> bool {
        match ty {
            Type::Var(other) => {
                *other == variable || self.binding(*other).is_some_and(|bound| self.mentions(bound, variable))
            }
            Type::List(t) | Type::Optional(t) | Type::TypeOf(t) | Type::Nullable(t) => self.mentions(t, variable),
            Type::Map(k, v) => self.mentions(k, variable) || self.mentions(v, variable),
            Type::Abstract(_, parts) => parts.iter().any(|part| self.mentions(part, variable)),
            _ => false,
        }
    }

    /// The type of elements written side by side: their common type, else `dyn`.
    pub(super) fn join(&mut self, before: Option<Type>, next: Type) -> Type {
        let Some(before) = before else { return next };
        if self.all_fit(std::slice::from_ref(&before), std::slice::from_ref(&next)) {
            most_general(&self.resolve(&before), &self.resolve(&next))
        } else {
            Type::Dyn
        }
    }
}

/// Types that take `null` although they are not declared nullable (specification: messages, abstract types and times).
fn accepts_null(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Nullable(_) | Type::Timestamp | Type::Duration | Type::Optional(_) | Type::Abstract(..) | Type::Record(_)
    )
}

/// The one of two fitting types that says less.
pub(super) fn most_general(a: &Type, b: &Type) -> Type {
    if *b == Type::Null && accepts_null(a) {
        return a.clone();
    }
    if *a == Type::Null && accepts_null(b) {
        return b.clone();
    }
    if less_specific(a, b) { a.clone() } else { b.clone() }
}

fn less_specific(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Var(_), _) => true,
        (_, Type::Dyn | Type::Var(_)) => false,
        (Type::Nullable(a), Type::Nullable(b)) => less_specific(a, b),
        (Type::Nullable(a), b) => less_specific(a, b),
        (_, Type::Nullable(_)) => false,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => less_specific(a, b),
        (Type::Map(ak, av), Type::Map(bk, bv)) => less_specific(ak, bk) && less_specific(av, bv),
        (Type::TypeOf(_), Type::TypeOf(_)) => true,
        (Type::Abstract(x, a), Type::Abstract(y, b)) => {
            x == y && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| less_specific(a, b))
        }
        (Type::String, Type::Enum(_)) => true,
        (Type::Enum(_), Type::String) => false,
        _ => a == b,
    }
}
