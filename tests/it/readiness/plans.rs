//! Plans as people write them, and what is said of what is wrong with them; exit statuses.

use tenken::simulator::ServerOptions;

use super::rollout::{TWO_WAVES, collected, foreseen};
use crate::support::{refuses, status, stdout, tenken};

#[tokio::test]
async fn the_command_line_takes_a_plan_or_spells_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let before = files(&place);
    let folder = folder.path();
    std::fs::write(folder.join("plan.yaml"), TWO_WAVES).unwrap();
    std::fs::write(
        folder.join("people.csv"),
        "\u{feff}氏名,メールアドレス\n佐藤 花子,ready.create@contoso.example\n",
    )
    .unwrap();
    let run = |args: &[&str]| {
        let output = tenken(folder, &[&["readiness", "snapshot", "--lang", "en"], args].concat());
        (status(&output), stdout(&output))
    };
    let (code, text) = run(&["--plan", "plan.yaml"]);
    assert_eq!(code, 1, "{text}");
    for words in [
        "No-go: Microsoft Office 365",
        "3 of 10 people",
        "1  Pilot",
        "unblocks 2, affects 3 people",
    ] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    // Whoever may fail so many may go.
    let (code, text) = run(&["--plan", "plan.yaml", "--max-failing", "60%", "--max-cannot-tell", "1"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(run(&["--plan", "plan.yaml", "--max-failing", "60%"]).0, 4);
    let (code, text) = run(&["--users", "people.csv", "--licenses", "SPE_E3"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("The person in the plan is ready."), "{text}");
    let (code, text) = run(&[
        "--group",
        "M365 パイロット",
        "--licenses",
        "Microsoft 365 E3 - Microsoft Teams",
        "--format",
        "json",
    ]);
    assert_eq!(code, 1);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["total"]["people"], 6);
    let output = tenken(
        folder,
        &["readiness", "snapshot", "--plan", "plan.yaml", "--lang", "ja"],
    );
    assert!(
        stdout(&output).contains("実施不可: Microsoft Office 365"),
        "{}",
        stdout(&output)
    );
    assert_eq!(files(&place), before, "the snapshot on disk is untouched");
}

/// Every file of a folder.
fn files(place: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(place)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_said_and_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    for (plan, words) in [
        (
            "waves: [{ groups: [M365 pailot], licenses: [SPE_E3] }]",
            &["no group", "M365 pailot"][..],
        ),
        ("waves: [{ groups: [M365 everyon] }]", &["did you mean `M365 everyone`"]),
        (
            "waves: [{ groups: [M365 パイロット] }]",
            &["not assigned to the application yet", "--licenses"],
        ),
        ("waves: [{ users: [a@b] }]", &["nothing says which licences"]),
        (
            "waves: [{ users: [a@b], licenses: [SPE_E4] }]",
            &["no product is called `SPE_E4`", "did you mean"],
        ),
        (
            "waves: [{ users: [a@b], licenses: [SPE_E3, Nonsense, More nonsense] }]",
            &["`Nonsense`", "`More nonsense`"],
        ),
        (
            "app: Slack\nwaves: [{ users: [a@b], licenses: [] }]",
            &["no Office 365 application", "`Slack`"],
        ),
        (
            "waves: [{ groups: [Okta administrators, M365 everyone, Nobody knows] }]",
            &["Nobody knows"],
        ),
        ("waves: []", &["plan.yaml"]),
        ("waves: [{ name: Nobody }]", &["`groups`", "`users`"]),
        (
            "waves: [{ users: [a@b], licences: [] }]",
            &["unknown key `licences`", "did you mean `licenses`"],
        ),
        (
            "waves: [{ users: [a@b], licenses: [] }]\nthresholds: { max_failing: 200% }",
            &["200%"],
        ),
        ("waves: [{ users_file: nowhere.csv, licenses: [] }]", &["nowhere.csv"]),
        ("waves: {", &["plan.yaml"]),
        ("", &["plan.yaml"]),
    ] {
        let said = foreseen(&place, plan).unwrap_err();
        for word in words {
            assert!(said.contains(word), "{plan}: no `{word}` in\n{said}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_arguments_is_said() {
    let folder = tempfile::tempdir().unwrap();
    collected(ServerOptions::default(), folder.path()).await;
    let folder = folder.path();
    std::fs::write(folder.join("empty.csv"), "login\n").unwrap();
    std::fs::write(folder.join("who.csv"), "a@b\n").unwrap();
    std::fs::write(folder.join("gap.csv"), "login,email\na@b,a@b\n,c@d\n").unwrap();
    refuses(
        folder,
        &["readiness", "snapshot", "--users", "gap.csv", "--licenses", "none"],
        &["gap.csv", "line 3 names nobody"],
    );
    refuses(
        folder,
        &["readiness", "snapshot", "--users", "empty.csv", "--licenses", "none"],
        &["names nobody"],
    );
    refuses(
        folder,
        &["readiness", "snapshot", "--users", "none.csv"],
        &["cannot read", "none.csv"],
    );
    refuses(
        folder,
        &["readiness", "snapshot", "--users", "who.csv"],
        &["nothing says which licences"],
    );
    refuses(folder, &["readiness", "snapshot"], &["--group"]);
    refuses(
        folder,
        &["readiness", "nowhere", "--users", "who.csv", "--licenses", "none"],
        &["manifest.json"],
    );
    refuses(
        folder,
        &[
            "readiness",
            "snapshot",
            "--users",
            "who.csv",
            "--licenses",
            "none",
            "--max-failing",
            "lots",
        ],
        &["neither a number of people nor a percentage"],
    );
}

#[tokio::test]
async fn an_application_that_is_switched_off_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    crate::support::change_lines(&place, "okta.app", |line| {
        let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
        if json["object"]["name"] == "office365" {
            json["object"]["status"] = "INACTIVE".into();
        }
        json.to_string()
    });
    let people = "waves: [{ users: [ready.create@contoso.example], licenses: [] }]";
    for plan in [people.to_owned(), format!("app: Microsoft Office 365\n{people}")] {
        let said = foreseen(&place, &plan).unwrap_err();
        assert!(said.contains("is inactive in Okta"), "{said}");
        assert!(!said.contains("--app"), "{said}");
    }
}

#[tokio::test]
async fn an_application_of_another_tenant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = crate::support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let people = "waves: [{ users: [jun.tsukishiro@fabrikam.example], licenses: [] }]";
    let said = foreseen(&place, &format!("app: Microsoft Office 365 (Fabrikam)\n{people}")).unwrap_err();
    assert!(said.contains("`fabrikam`"), "{said}");
    // Of two, the one that targets the tenant is meant.
    assert!(foreseen(&place, people).is_ok());
}
