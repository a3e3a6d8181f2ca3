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

/// The people that a text names, in its order: the column whose heading says so; without such a heading the one address of
/// each line, or where there are no addresses the first column. Lines that begin with `#` are remarks. No line is left out
/// in silence.
///
/// # Errors
/// When a line names nobody or several, with its number, or nothing names anybody.
pub fn people_in(text: &str) -> Result<Vec<String>, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let separator = separator(&text);
    let rows: Vec<Row> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.starts_with('#'))
        .map(|(number, line)| Row::of(number, line, separator))
        .collect::<Result<_, _>>()?;
    let mut rows: Vec<Row> = rows.into_iter().filter(|row| !row.is_blank()).collect();
    let heading = rows.first().and_then(|row| heading(&row.cells));
    let names: Result<Vec<String>, String> = match heading {
        Some(column) => {
            let columns = rows.remove(0).cells.len();
            let name = |row: &Row| row.within(columns)?.in_column(column);
            rows.iter().map(name).collect()
        }
        None if rows.iter().any(|row| row.addresses().count() > 0) => rows.iter().map(Row::address).collect(),
        None => rows.iter().map(|row| row.in_column(0)).collect(),
    };
    let names = names?;
    if names.is_empty() {
        return Err("it names nobody".to_owned());
    }
    Ok(names)
}

/// A line: its number and its cells.
struct Row {
    number: usize,
    cells: Vec<String>,
}

impl Row {
    /// Lines are read one by one, so that a quotation mark that is left open swallows no others.
    fn of(number: usize, line: &str, separator: u8) -> Result<Self, String> {
        if line.matches('"').count() % 2 == 1 {
            return Err(format!("line {number}: a quotation mark is left open"));
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .trim(csv::Trim::All)
            .delimiter(separator)
            .buffer_capacity(line.len().max(1))
            .from_reader(line.as_bytes());
        let record = reader.records().next().transpose();
        let record = record.map_err(|error| format!("line {number}: {error}"))?;
        let cells = record.iter().flatten().map(str::to_owned).collect();
        Ok(Self { number, cells })
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }

    fn addresses(&self) -> impl Iterator<Item = &String> {
        self.cells.iter().filter(|cell| cell.contains('@'))
    }

    /// The row, if it has no more cells than its heading has columns.
    fn within(&self, columns: usize) -> Result<&Self, String> {
        let beyond = self.cells.iter().skip(columns).any(|cell| !cell.is_empty());
        if beyond {
            return Err(format!("line {} has more columns than the heading", self.number));
        }
        Ok(self)
    }

    /// The name in a column.
    fn in_column(&self, column: usize) -> Result<String, String> {
        let cell = self.cells.get(column).filter(|cell| !cell.is_empty());
        self.one(cell.ok_or_else(|| {
            let column = column + 1;
            format!("line {} names nobody in column {column}", self.number)
        })?)
    }

    /// The only address, or the only cell.
    fn address(&self) -> Result<String, String> {
        let filled = || self.cells.iter().filter(|cell| !cell.is_empty());
        let mut addresses = self.addresses();
        match (addresses.next(), addresses.next()) {
            (Some(only), None) => self.one(only),
            (Some(_), Some(_)) => Err(format!(
                "line {} has several addresses, and no heading says which column names the person, such as `login`",
                self.number
            )),
            (None, _) if filled().count() == 1 => {
                filled().next().map_or_else(|| Ok(String::new()), |only| self.one(only))
            }
            (None, _) => Err(format!(
                "line {} has no address; if it is a heading, call the column that names the person `login`",
                self.number
            )),
        }
    }

    /// A name, if it is not several.
    fn one(&self, name: &str) -> Result<String, String> {
        if name.matches('@').count() > 1 {
            return Err(format!("line {} has several addresses in one cell", self.number));
        }
        Ok(name.to_owned())
    }
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
fn heading(cells: &[String]) -> Option<usize> {
    let cells: Vec<String> = cells.iter().map(|cell| cell.to_lowercase()).collect();
    COLUMNS
        .iter()
        .find_map(|name| cells.iter().position(|cell| cell == name))
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
    fn nobody_is_left_out_in_silence() {
        for (text, words) in [
            ("login,email\na@x,a@y\n,b@x\n", "line 3 names nobody in column 1"),
            ("login\na@x, b@x;c@x\n", "line 2 has more columns than the heading"),
            ("login\na@x;b@x\n", "line 2 has several addresses in one cell"),
            ("# people\na@x, b@x\n", "line 2 has several addresses"),
            ("a@x\nb@x c@x\n", "line 2 has several addresses in one cell"),
            ("name,boss,who\nHanako,b@x,a@x\n", "line 1 has no address"),
            ("Hanako,a@x\nTaro,\nJun,b@x\n", ""),
            ("\"a@x\nb@x\n", "line 1: a quotation mark is left open"),
            ("00u1,x\n,y\n", "line 2 names nobody in column 1"),
        ] {
            match people_in(text) {
                Ok(people) => assert_eq!(
                    (words, people.as_slice()),
                    ("", &["a@x", "Taro", "b@x"].map(str::to_owned)[..])
                ),
                Err(said) => assert!(!words.is_empty() && said.contains(words), "{text}: {said}"),
            }
        }
        // One name a line, and names before it: nobody is lost.
        assert_eq!(people_in("Hanako,a@x\nb@x\n").unwrap(), ["a@x", "b@x"]);
        assert_eq!(people_in("a@x\r\n\r\nb@x\r,,\r").unwrap(), ["a@x", "b@x"]);
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
