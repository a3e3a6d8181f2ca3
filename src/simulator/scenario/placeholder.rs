//! Texts in a scenario that stand for something else: a time relative to now, a person's id, a
//! field that is not there.
//!
//! | text | stands for |
//! |---|---|
//! | `@now`, `@-5m`, `@-3d`, `@+20d` | a time; units are `s`, `m`, `h`, `d` |
//! | `@okta:KEY`, `@entra:KEY` | the id of a named person's account |
//! | `@absent` | no such field in the object |

use jiff::SignedDuration;

/// What a text stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Placeholder<'t> {
    /// A time, so long after now.
    Time(SignedDuration),
    /// The id of the Okta account of the person of this key.
    OktaId(&'t str),
    /// The id of the Entra account of the person of this key.
    EntraId(&'t str),
    /// The field is not there at all.
    Absent,
}

impl Placeholder<'_> {
    /// What a text stands for: none if it is plain, an error if it only looks like a placeholder.
    pub(crate) fn read(text: &str) -> Option<Result<Placeholder<'_>, String>> {
        let body = text.strip_prefix('@')?;
        Some(match body.split_once(':') {
            Some(("okta", key)) => Ok(Placeholder::OktaId(key)),
            Some(("entra", key)) => Ok(Placeholder::EntraId(key)),
            _ if body == "absent" => Ok(Placeholder::Absent),
            _ => duration(body)
                .map(Placeholder::Time)
                .ok_or_else(|| format!("`{text}` is no time and no reference")),
        })
    }
}

/// The time span in `-5m`, `+20d` or `now`.
fn duration(text: &str) -> Option<SignedDuration> {
    if text == "now" {
        return Some(SignedDuration::ZERO);
    }
    let (sign, number_and_unit) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let unit = number_and_unit.chars().last()?;
    let seconds_per_unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let count: i64 = number_and_unit
        .strip_suffix(unit)?
        .parse()
        .ok()
        .filter(|count| *count >= 0)?;
    Some(SignedDuration::from_secs(count.checked_mul(seconds_per_unit)? * sign))
}

#[cfg(test)]
mod tests {
    use super::Placeholder;
    use jiff::SignedDuration;

    #[test]
    fn reads_times_references_and_plain_text() {
        let time = |text| match Placeholder::read(text) {
            Some(Ok(Placeholder::Time(offset))) => Some(offset.as_secs()),
            _ => None,
        };
        assert_eq!(time("@-5m"), Some(-300));
        assert_eq!(time("@+20d"), Some(20 * 86_400));
        assert_eq!(
            Placeholder::read("@now"),
            Some(Ok(Placeholder::Time(SignedDuration::ZERO)))
        );
        assert_eq!(Placeholder::read("@entra:a.b"), Some(Ok(Placeholder::EntraId("a.b"))));
        assert_eq!(Placeholder::read("@absent"), Some(Ok(Placeholder::Absent)));
        assert_eq!(Placeholder::read("plain"), None);
        for wrong in [
            "@",
            "@3d",
            "@-d",
            "@-3w",
            "@--3d",
            "@-9223372036854775807d",
            "@google:x",
            "@-3日",
        ] {
            assert!(matches!(Placeholder::read(wrong), Some(Err(_))), "{wrong}");
        }
    }
}
