//! Files that name people: a column of a CSV, or one name a line.

/// Names of columns that say who somebody is, the surest first; as they stand in exports of both consoles.
const COLUMNS: &[&str] = &[
    "login",
    "user.login",
    "username",
    "user name",
    "okta username",
    "userprincipalname",
    "user principal name",
    "upn",
    "email",
    "e-mail",
    "mail",
    "email address",
    "primary email",
    "id",
    "user id",
    "okta id",
    "user",
    "ログイン",
    "ユーザー名",
    "ユーザ名",
    "ユーザー プリンシパル名",
    "メール",
    "メールアドレス",
    "電子メール",
];

/// The people that a text names, in its order: the column whose heading says so, else the column with addresses, else the
/// first. Lines that begin with `#` are remarks.
///
/// # Errors
/// When it is no CSV, or names nobody.
pub fn people_in(text: &str) -> Result<Vec<String>, String> {
    let separator = separator(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader
        .records()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let heading = rows.first().and_then(heading);
    let column = heading.or_else(|| rows.iter().find_map(addressed)).unwrap_or(0);
    let names: Vec<String> = rows
        .iter()
        .skip(usize::from(heading.is_some()))
        .filter_map(|row| row.get(column))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        return Err("it names nobody".to_owned());
    }
    Ok(names)
}

/// What separates the columns: spreadsheets write a semicolon or a tab where the comma is a decimal mark.
fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|separator| {
            (
                first.bytes().filter(|byte| byte == separator).count(),
                *separator == b',',
            )
        })
        .unwrap_or(b',')
}

/// The column that a heading names.
fn heading(row: &csv::StringRecord) -> Option<usize> {
    let cells: Vec<String> = row.iter().map(str::to_lowercase).collect();
    COLUMNS
        .iter()
        .find_map(|name| cells.iter().position(|cell| cell == name))
}

/// The column that holds an address.
fn addressed(row: &csv::StringRecord) -> Option<usize> {
    row.iter().position(|cell| cell.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::decoded;

    #[test]
    fn people_are_read_from_whatever_names_them() {
        for (text, expected) in [
            ("a@x\nb@x\n\n# c@x\n", &["a@x", "b@x"][..]),
            ("login\na@x\n", &["a@x"]),
            ("氏名,メールアドレス,部署\r\n佐藤 花子,hanako@x,営業\r\n", &["hanako@x"]),
            ("佐藤;hanako@x;営業\n鈴木;taro@x;開発\n", &["hanako@x", "taro@x"]),
            ("00u1\n00u2", &["00u1", "00u2"]),
            ("Name\tUPN\n\"Sato, H\"\th@x\n", &["h@x"]),
        ] {
            assert_eq!(people_in(text).unwrap(), expected, "{text}");
        }
        assert!(people_in("").is_err());
        assert!(people_in("login\n").is_err());
    }

    #[test]
    fn encodings_of_spreadsheets_are_read() {
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("花@x".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(decoded(&utf16), "花@x");
        assert_eq!(decoded("\u{feff}花@x".as_bytes()), "花@x");
        // Shift_JIS: the name is lost, the address is not.
        let mut sjis = vec![0x89, 0xd4, b','];
        sjis.extend(b"h@x\n");
        assert_eq!(people_in(&decoded(&sjis)).unwrap(), ["h@x"]);
    }
}
