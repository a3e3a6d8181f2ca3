//! The next page in a `Link` header (RFC 8288): one header may hold several links, and an address commas, so a link begins
//! at its `<`.

/// The address with `rel="next"` in the value of a `Link` header.
///
/// # Errors
/// What is not a list of links, in words: it might be the next page.
pub fn next_link(value: &str) -> Result<Option<&str>, String> {
    let unreadable = || {
        let shown: String = value.chars().take(80).collect();
        format!("a Link header cannot be read: {shown}")
    };
    let mut links = value.split('<');
    if links.next().is_none_or(|before| !before.trim().is_empty()) {
        return Err(unreadable());
    }
    for link in links {
        let (target, parameters) = link.split_once('>').ok_or_else(unreadable)?;
        if is_next(parameters) {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

/// Whether `rel="next"` is among the parameters of a link.
fn is_next(parameters: &str) -> bool {
    parameters
        .split([';', ','])
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"))
        .flat_map(|(_, relations)| relations.trim().trim_matches('"').split_whitespace())
        .any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_other_links() {
        for value in [
            "<https://o.example/1>; rel=\"self\",<https://o.example/2>; rel=\"next\"",
            "<https://o.example/1>; rel=\"self\", <https://o.example/2>; title=\"x\"; rel=next",
            "<https://o.example/2>;Rel=\"prefetch next\" , <https://o.example/1>; rel=\"self\"",
        ] {
            assert_eq!(next_link(value), Ok(Some("https://o.example/2")), "{value}");
        }
        for value in [
            "",
            "<https://o.example/next>; rel=\"self\"",
            "<https://o.example/1>; rel=nextish",
        ] {
            assert_eq!(next_link(value), Ok(None), "{value}");
        }
        for value in ["https://o.example/2; rel=next", "<https://o.example/2; rel=next"] {
            assert!(next_link(value).is_err(), "{value}");
        }
    }
}
