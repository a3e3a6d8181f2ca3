//! Cultures: where people of the crowd work and what they may be called.

use std::collections::BTreeMap;

use super::schema::CultureFile;

/// The built-in cultures.
const NAMES: &str = include_str!("../scenarios/names.yaml");

/// A name that a person may have.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// As the person writes it.
    pub(crate) written: String,
    /// As part of a login, in Latin letters.
    pub(crate) login: String,
}

/// A culture.
#[derive(Debug, Clone)]
pub(crate) struct Culture {
    /// What the file says of it.
    pub(crate) facts: CultureFile,
    /// Family names.
    pub(crate) family: Vec<Name>,
    /// Given names.
    pub(crate) given: Vec<Name>,
}

impl Culture {
    /// The built-in cultures by name.
    pub(crate) fn builtin() -> Result<BTreeMap<String, Culture>, serde_yaml::Error> {
        let files: BTreeMap<String, CultureFile> = serde_yaml::from_str(NAMES)?;
        Ok(files
            .into_iter()
            .map(|(name, file)| (name, Culture::from(file)))
            .collect())
    }
}

impl From<CultureFile> for Culture {
    fn from(facts: CultureFile) -> Culture {
        let read = |names: &[String]| names.iter().map(|name| Name::read(name)).collect();
        Culture {
            family: read(&facts.family),
            given: read(&facts.given),
            facts,
        }
    }
}

impl Name {
    /// Reads `written` or `written/romanised`.
    fn read(text: &str) -> Name {
        let (written, romanised) = text.split_once('/').unwrap_or((text, text));
        let login = romanised
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>();
        Name {
            written: written.to_owned(),
            login: login.to_ascii_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Culture;
    use std::collections::HashSet;

    #[test]
    fn every_name_makes_a_login_and_no_family_stands_in_two_cultures() {
        let mut families = HashSet::new();
        for (culture, names) in Culture::builtin().unwrap() {
            for family in &names.family {
                assert!(families.insert(family.login.clone()), "{} of {culture}", family.written);
            }
            let given: HashSet<&str> = names.given.iter().map(|given| given.login.as_str()).collect();
            assert_eq!(given.len(), names.given.len(), "{culture}");
            assert!(
                names
                    .family
                    .iter()
                    .chain(&names.given)
                    .all(|name| name.login.len() >= 2),
                "{culture}"
            );
        }
    }
}
