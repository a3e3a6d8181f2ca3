//! `reports/README.md` tells whoever writes templates what data they get. It is made from the structures themselves:
//! `UPDATE_SAMPLES=1 cargo test --test it reference` writes it anew.

use std::path::Path;

use regex::Regex;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MARK: &str = "<!-- From here on made from src/report/view/ by a test. -->\n";

/// A structure that templates see.
struct Structure {
    name: String,
    about: String,
    /// Names, types and what they are.
    fields: Vec<[String; 3]>,
}

/// Comment lines as one sentence.
fn joined(comment: &str) -> String {
    let lines = comment.lines().filter_map(|line| line.trim().strip_prefix("///"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Every structure that is serialized in the files of the view, and in what they take from the audit as it is.
fn structures() -> Vec<Structure> {
    let mut files: Vec<_> = std::fs::read_dir(Path::new(ROOT).join("src/report/view"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let item = Regex::new(r"(?m)^((?:\s*///.*\n)+)#\[derive\([^)]*Serialize[^)]*\)\]\n(?:#\[serde[^\n]*\n)?(?:pub\([^)]*\) )?struct (\w+) \{\n((?s:.*?))^\}").unwrap();
    let field = Regex::new(
        r#"((?:    ///.*\n)*)(?:    #\[serde\(rename = "(\w+)"\)\]\n)?    (?:pub(?:\([^)]*\))? )?(\w+): ([^\n]+),\n"#,
    )
    .unwrap();
    let of_file = |text: String, only: Option<&str>| -> Vec<Structure> {
        let found = item
            .captures_iter(&text)
            .filter(|found| only.is_none_or(|only| &found[2] == only));
        found
            .map(|found| Structure {
                about: joined(&found[1]),
                name: found[2].to_owned(),
                fields: field
                    .captures_iter(&found[3])
                    .map(|field| {
                        let name = field.get(2).unwrap_or_else(|| field.get(3).unwrap()).as_str();
                        [name.to_owned(), field[4].to_owned(), joined(&field[1])]
                    })
                    .collect(),
            })
            .collect()
    };
    let mut all: Vec<Structure> = files
        .iter()
        .flat_map(|file| of_file(std::fs::read_to_string(file).unwrap(), None))
        .collect();
    // Counts that the view takes over as they stand in the audit.
    for (file, name, about) in [
        ("src/audit.rs", "Counts", "Counts of resources."),
        (
            "src/audit/readiness.rs",
            "Prospects",
            "People by what will become of them.",
        ),
    ] {
        let source = std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
        let (_, rest) = source.split_once(&format!("pub struct {name} {{\n")).unwrap();
        let (body, _) = rest.split_once("\n}").unwrap();
        let body = body.replace("    #[serde(default)]\n", "");
        let plain = format!("/// {about}\n#[derive(Serialize)]\nstruct {name} {{\n{body}\n}}\n");
        all.extend(of_file(plain, Some(name)));
    }
    // The whole comes first.
    all.sort_by_key(|structure| (structure.name != "View", structure.name.to_lowercase()));
    all
}

/// A type in words, with links to structures.
fn words(ty: &str, known: &[String]) -> String {
    let inside = |start: &str| ty.strip_prefix(start).and_then(|rest| rest.strip_suffix('>'));
    if let Some(inner) = inside("Vec<") {
        return format!("list of {}", words(inner, known));
    }
    if let Some(inner) = inside("Option<") {
        return format!("{}, or none", words(inner, known));
    }
    match ty {
        "Shown" | "String" | "&'static str" => "text".to_owned(),
        "u64" | "u32" | "u16" | "usize" | "i64" => "number".to_owned(),
        "bool" => "true or false".to_owned(),
        name if known.iter().any(|known| known == name) => format!("[{name}](#{})", name.to_lowercase()),
        _ => match ty.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(pair) => pair
                .split(", ")
                .map(|part| words(part, known))
                .collect::<Vec<_>>()
                .join(" and "),
            None => match ty.strip_prefix('[').and_then(|rest| rest.split_once(';')) {
                Some((inner, count)) => format!("{}× {}", count.trim_end_matches(']').trim(), words(inner, known)),
                None => panic!("`{ty}` has no words"),
            },
        },
    }
}

#[test]
fn the_readme_tells_what_templates_get() {
    let structures = structures();
    let names: Vec<String> = structures.iter().map(|structure| structure.name.clone()).collect();
    assert!(names.len() > 20 && names[0] == "View");
    let apart: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(apart.len(), names.len(), "two structures have the same name");
    let mut text = MARK.to_owned();
    for structure in &structures {
        assert!(!structure.fields.is_empty(), "{} has no fields", structure.name);
        text.push_str(&format!("\n### {}\n\n{}\n\n", structure.name, structure.about));
        text.push_str("| name | type | what it is |\n|:--|:--|:--|\n");
        for [name, ty, about] in &structure.fields {
            text.push_str(&format!("| `{name}` | {} | {about} |\n", words(ty, &names)));
        }
    }
    let path = Path::new(ROOT).join("reports/README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (head, kept) = readme.split_at(readme.find(MARK).unwrap_or(readme.len()));
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        std::fs::write(&path, format!("{head}{text}")).unwrap();
    } else {
        assert!(kept == text, "run this test with UPDATE_SAMPLES=1");
    }
}

#[test]
fn the_readme_names_every_function_of_templates() {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("reports/README.md")).unwrap();
    let added = Regex::new(r#"add_(?:function|filter|global)\(\s*"(\w+)""#).unwrap();
    let mut count = 0;
    for file in ["template", "html", "markdown", "terminal", "brand"] {
        let source = std::fs::read_to_string(Path::new(ROOT).join(format!("src/report/{file}.rs"))).unwrap();
        for found in added.captures_iter(&source) {
            assert!(
                readme.contains(&format!("`{}`", &found[1])) || readme.contains(&format!("`{}(", &found[1])),
                "{}",
                &found[1]
            );
            count += 1;
        }
    }
    assert!(count > 10);
}
