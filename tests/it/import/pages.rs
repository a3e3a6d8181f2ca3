//! Pages of the APIs, saved by hand.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};
use tenken::catalog::{Paging, Population, SourceName, catalog};
use tenken::simulator::ServerOptions;
use tenken::snapshot::{Snapshot, Status};

use super::{asked_of_nobody, entry, import, objects, outcomes, reason_of, status_of, write};
use crate::support::{audit, collected, refuses};
use crate::vendor_examples::{EXAMPLES, FILES};

/// Writes what a snapshot holds of some types as their pages, a few objects on each.
pub(super) fn save(place: &Path, root: &Path, wanted: impl Fn(&str) -> bool) {
    let snapshot = Snapshot::open(place).unwrap();
    for entry in snapshot
        .manifest()
        .resources
        .iter()
        .filter(|entry| wanted(&entry.resource))
    {
        let resource = catalog().resource(&entry.resource).unwrap();
        let call = resource.supply.call().unwrap();
        let mut lists: BTreeMap<Option<String>, Vec<Json>> = BTreeMap::new();
        for parent in snapshot.parents(entry).unwrap() {
            lists.insert(Some(parent.key), Vec::new());
        }
        if call.per.is_none() {
            lists.insert(None, Vec::new());
        }
        for (parent, object) in objects(place, &entry.resource) {
            lists.get_mut(&parent).unwrap().push(object);
        }
        let single = resource.population == Population::One || call.paging == Paging::Object;
        for (parent, objects) in lists {
            let folder = parent.map_or_else(|| entry.resource.clone(), |key| format!("{}/{key}", entry.resource));
            if single {
                for object in objects {
                    write(root, &format!("{folder}/1.json"), object.to_string());
                }
                continue;
            }
            let pages = objects.len().div_ceil(7).max(1);
            for number in 0..pages {
                let part: Vec<&Json> = objects.iter().skip(number * 7).take(7).collect();
                let mut page = json!({ "value": part });
                if number + 1 < pages {
                    page["@odata.nextLink"] = "https://graph.example/next".into();
                }
                let page = match (&call.list, resource.source) {
                    (Some(list), _) => json!({ list: part }),
                    (None, SourceName::Okta) => json!(part),
                    (None, SourceName::Entra) => page,
                };
                write(root, &format!("{folder}/{}.json", number + 1), page.to_string());
            }
        }
    }
}

#[tokio::test]
async fn what_is_saved_as_pages_is_judged_as_if_it_had_been_collected() {
    let folder = tempfile::tempdir().unwrap();
    let (place, manifest) = collected("contoso", ServerOptions::default(), folder.path()).await;
    let root = folder.path().join("pages");
    save(&place, &root, |_| true);
    let at = manifest.ended.to_string();
    let root = root.to_str().unwrap();
    let (out, told) = import(folder.path(), &["pages", root, "--whole", "all", "--read-at", &at]);
    assert!(!told.contains("is partial"), "{told}");
    let (found, wanted) = (audit(&out), audit(&place));
    let nobody = asked_of_nobody(&place, &wanted);
    let (found, wanted) = (outcomes(&found), outcomes(&wanted));
    for (policy, wanted) in &wanted {
        let found = &found[policy];
        let fewer = |what: &str| found["counts"][what].as_u64() <= wanted["counts"][what].as_u64();
        let is_less_sure = nobody.contains(policy) && fewer("pass") && fewer("fail");
        assert!(found == wanted || is_less_sure, "{policy}: {found} instead of {wanted}");
    }
    assert!(nobody.len() < wanted.len() / 4, "{nobody:?}");
    for entry in manifest.resources.iter().filter(|entry| entry.objects > 0) {
        assert_eq!(
            objects(&out, &entry.resource).len() as u64,
            entry.objects,
            "{}",
            entry.resource
        );
    }
}

#[test]
fn an_array_does_not_say_whether_another_page_follows() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    write(&root, "okta.group.json", r#"[{"id":"g1"},{"id":"g2"}]"#);
    let headers = "HTTP/2 200\r\nlink: <https://contoso.okta.com/api/v1/users>; rel=\"self\"\r\n\r\n";
    write(&root, "okta.user.json", format!("{headers}[{{\"id\":\"u1\"}}]"));
    write(&root, "okta.org.json", r#"{"id":"o1"}"#);
    write(&root, "okta.custom_domain.json", r#"{"domains":[{"id":"d1"}]}"#);
    let (out, told) = import(folder.path(), &["pages", root.to_str().unwrap()]);
    assert_eq!(status_of(&out, "okta.group"), Status::Partial);
    assert!(reason_of(&out, "okta.group").contains("--whole okta.group"), "{told}");
    assert!(told.contains("okta.group is partial"), "{told}");
    // There is one org, and Okta's lists under a property say when they go on.
    assert_eq!(status_of(&out, "okta.org"), Status::Complete);
    assert_eq!(status_of(&out, "okta.custom_domain"), Status::Complete);
    // Without the filter, Okta leaves out people who were deprovisioned.
    assert_eq!(status_of(&out, "okta.user"), Status::Partial);
    assert!(
        reason_of(&out, "okta.user").contains("it should answer `/api/v1/users?filter="),
        "{told}"
    );
    assert_eq!(status_of(&out, "okta.app"), Status::NotRequested);
    assert!(reason_of(&out, "okta.app").contains("no `okta.app.json`"));
    let manifest = super::manifest(&out);
    assert_eq!(manifest["entra"], Json::Null);
    assert!(
        manifest["resources"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["source"] == "okta")
    );

    let whole = [
        "pages",
        root.to_str().unwrap(),
        "--whole",
        "okta.group",
        "--org",
        "contoso.okta.com",
    ];
    let (out, _) = import(folder.path(), &whole);
    assert_eq!(status_of(&out, "okta.group"), Status::Complete);
    assert!(
        reason_of(&out, "okta.group").contains("--whole"),
        "the manifest says whose word it is"
    );
    assert_eq!(super::manifest(&out)["okta"]["id"], "contoso.okta.com");
}

#[test]
fn a_page_that_names_another_one_leaves_its_list_partial_whatever_is_stated() {
    let next = r#""@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=x""#;
    for (pages, words) in [
        (
            vec![format!(r#"{{"value":[{{"id":"1"}}],{next}}}"#)],
            "names a further page",
        ),
        (
            vec![
                r#"{"value":[{"id":"1"}]}"#.to_owned(),
                r#"{"value":[{"id":"2"}]}"#.to_owned(),
            ],
            "says that it is the last page",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("pages");
        for (number, page) in pages.iter().enumerate() {
            write(&root, &format!("entra.user/{}.json", number + 1), page);
        }
        let (out, told) = import(folder.path(), &["pages", root.to_str().unwrap(), "--whole", "all"]);
        assert_eq!(status_of(&out, "entra.user"), Status::Partial, "{told}");
        assert!(reason_of(&out, "entra.user").contains(words), "{told}");
    }
    // A page that is missing between two others is noticed by its number.
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    for number in ["1", "2", "4"] {
        write(
            &root,
            &format!("okta.group/{number}.json"),
            format!(r#"[{{"id":"{number}"}}]"#),
        );
    }
    let (out, _) = import(folder.path(), &["pages", root.to_str().unwrap(), "--whole", "all"]);
    assert_eq!(status_of(&out, "okta.group"), Status::Partial);
    assert!(reason_of(&out, "okta.group").contains("has no page 3"));
    let ids: Vec<Json> = objects(&out, "okta.group")
        .into_iter()
        .map(|(_, object)| object["id"].clone())
        .collect();
    assert_eq!(ids, ["1", "2", "4"]);
}

#[test]
fn what_was_not_asked_for_is_not_null() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    let context = "https://graph.microsoft.com/v1.0/$metadata#users(id,displayName,onPremisesImmutableId)";
    let user = json!({"id": "1", "displayName": "Ann", "onPremisesImmutableId": null, "accountEnabled": true});
    let other = json!({"id": "2", "displayName": "Bob", "onPremisesImmutableId": "x"});
    let page = json!({"@odata.context": context, "value": [user, other]});
    write(&root, "entra.user.json", page.to_string());
    let (out, _) = import(folder.path(), &["pages", root.to_str().unwrap()]);
    assert_eq!(status_of(&out, "entra.user"), Status::Complete);
    let fields = entry(&out, "entra.user")["fields"].clone();
    assert_eq!(fields, json!(["id", "displayName", "onPremisesImmutableId"]));
    let ask = |expression: &str| crate::support::tenken(folder.path(), &["query", out.to_str().unwrap(), expression]);
    let answer = ask(r#"entra.users.filter(u, u.onPremisesImmutableId == null).size() == 1"#);
    assert_eq!(crate::support::stdout(&answer), "true\n");
    let answer = ask("entra.users.exists(u, u.usageLocation == null)");
    assert_eq!(crate::support::status(&answer), 4);
    assert!(
        crate::support::stdout(&answer).contains("not_collected"),
        "{}",
        crate::support::stdout(&answer)
    );
}

#[test]
fn parents_stand_in_the_path_or_in_the_line_and_those_without_a_page_are_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    let app = |id: &str| json!({"id": id, "name": "office365", "status": "ACTIVE", "features": []});
    write(
        &root,
        "okta.app.json",
        json!([app("a1"), app("a2"), app("a3"), app("a4")]).to_string(),
    );
    write(&root, "okta.app_user/a1/1.json", r#"[{"id":"u1"}]"#);
    write(&root, "okta.app_user/a1/2.json", r#"[{"id":"u2"}]"#);
    write(&root, "okta.app_user/a2.json", "[]");
    write(
        &root,
        "okta.app_user/a3.json",
        r#"{"errorCode":"E0000006","errorSummary":"You do not have permission"}"#,
    );
    write(
        &root,
        "okta.group.ndjson",
        "{\"parent\":null,\"object\":{\"id\":\"g1\"}}\n{\"id\":\"g2\"}\n",
    );
    write(
        &root,
        "okta.app_group.ndjson",
        "{\"parent\":\"a1\",\"object\":{\"id\":\"g1\"}}\n",
    );
    let (out, _) = import(
        folder.path(),
        &["pages", root.to_str().unwrap(), "--whole", "okta.app,okta.group"],
    );
    assert_eq!(status_of(&out, "okta.app_user"), Status::Partial);
    let snapshot = Snapshot::open(&out).unwrap();
    let entry = snapshot.entry("okta.app_user").unwrap();
    let parents = snapshot.parents(entry).unwrap();
    let read: Vec<_> = parents
        .iter()
        .map(|parent| (parent.key.as_str(), parent.status))
        .collect();
    use Status::{NotRequested, Partial};
    assert_eq!(
        read,
        [("a1", Partial), ("a2", Partial), ("a3", Partial), ("a4", NotRequested)]
    );
    assert!(parents[2].reason.as_deref().unwrap().contains("E0000006"));
    assert_eq!(objects(&out, "okta.app_user").len(), 2);
    assert_eq!(
        objects(&out, "okta.app_group"),
        [(Some("a1".to_owned()), json!({"id": "g1"}))]
    );
    assert_eq!(objects(&out, "okta.group").len(), 2);
    assert_eq!(status_of(&out, "okta.group"), Status::Complete);
}

#[test]
fn parents_may_have_come_with_an_earlier_import() {
    let folder = tempfile::tempdir().unwrap();
    let apps = folder.path().join("apps");
    let link = "HTTP/2 200\r\nlink: <https://contoso.okta.com/api/v1/apps>; rel=\"self\"\r\n\r\n";
    let app = |id: &str| json!({"id": id, "name": "office365", "status": "ACTIVE", "features": []});
    write(
        &apps,
        "okta.app.json",
        format!("{link}{}", json!([app("a1"), app("a2")])),
    );
    let (first, told) = import(folder.path(), &["pages", apps.to_str().unwrap()]);
    assert_eq!(status_of(&first, "okta.app"), Status::Complete, "{told}");
    let users = folder.path().join("users");
    write(&users, "okta.app_user/a1.json", format!("{link}[]"));
    let alone = ["pages", users.to_str().unwrap()];
    let (out, _) = import(folder.path(), &alone);
    assert_eq!(status_of(&out, "okta.app_user"), Status::Partial);
    assert!(reason_of(&out, "okta.app_user").contains("okta.app is not here as a whole"));
    let with = ["pages", users.to_str().unwrap(), "--with", first.to_str().unwrap()];
    let (out, _) = import(folder.path(), &with);
    assert!(
        reason_of(&out, "okta.app_user").contains("1 of 2 parents"),
        "{}",
        reason_of(&out, "okta.app_user")
    );
    write(&users, "okta.app_user/a2.json", format!("{link}[{{\"id\":\"u1\"}}]"));
    let (out, told) = import(folder.path(), &with);
    assert_eq!(status_of(&out, "okta.app_user"), Status::Complete, "{told}");
    assert_eq!(objects(&out, "okta.app").len(), 2);
    assert_eq!(status_of(&out, "okta.user"), Status::NotRequested);
}

#[test]
fn the_documentation_s_own_examples_are_pages() {
    let mut read = 0;
    for (file, resource) in FILES {
        let Ok(text) = std::fs::read_to_string(Path::new(EXAMPLES).join(file)) else {
            continue;
        };
        // Some show what is nested in a type, and one has no ids although the call gives them.
        let known = catalog().resource(resource);
        let Some(known) = known.filter(|known| known.name != "entra.sign_in_activity") else {
            continue;
        };
        let per = known.supply.call().unwrap().per.is_some();
        let folder = tempfile::tempdir().unwrap();
        let place = if per {
            format!("{resource}/parent")
        } else {
            (*resource).to_owned()
        };
        write(&folder.path().join("pages"), &format!("{place}/1.json"), text);
        let (out, told) = import(folder.path(), &["pages", "pages"]);
        assert!(!objects(&out, resource).is_empty(), "{file}: {told}");
        read += 1;
    }
    if read == 0 {
        println!("skipped: the vendors' examples are not beside the repository");
    }
}

#[test]
fn what_is_no_page_is_refused_with_its_name_and_what_to_do() {
    for (name, text, words) in [
        (
            "okta.user.json",
            "[{\"id\":\"1\"",
            &["okta.user.json", "cut off", "save it again"] as &[&str],
        ),
        ("okta.user.json", "", &["empty"]),
        ("okta.user.json", "<html>", &["not the JSON expected"]),
        ("okta.user.json", "[1]", &["other than objects"]),
        (
            "okta.user.json",
            "[{\"name\":\"x\"}]",
            &["no `id`", "a page of okta.user"],
        ),
        (
            "okta.user.json",
            "[{\"id\":\"1\"},{\"id\":\"1\",\"status\":\"x\"}]",
            &["`1`", "other content", "remove the older"],
        ),
        (
            "okta.user.json",
            "[{\"id\":\"1\",\"id\":\"2\"}]",
            &["`id` stands twice"],
        ),
        ("okta.usr.json", "[]", &["no resource type `okta.usr`", "okta.user"]),
        (
            "okta.app_user.json",
            "[{\"id\":\"1\"}]",
            &["of which okta.app", "okta.app_user/KEY.json"],
        ),
        (
            "okta.org.json",
            "[{\"id\":\"1\"},{\"id\":\"2\"}]",
            &["there is one okta.org"],
        ),
        ("notes.txt", "x", &["holds no pages", "tenken resources"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("pages"), name, text);
        refuses(folder.path(), &["import", "pages", "pages", "--out", "out"], words);
        assert!(!folder.path().join("out").exists(), "{name}: nothing is left behind");
    }
}

/// Imports a folder of pages whose maker says that they are all there.
fn stated(folder: &Path, root: &Path) -> (std::path::PathBuf, String) {
    import(folder, &["pages", root.to_str().unwrap(), "--whole", "all"])
}

#[test]
fn what_lies_among_the_pages_and_was_not_read_leaves_their_type_partial() {
    for odd in ["0003.json.gz", "0004", "more/0002.json"] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("pages");
        write(&root, "entra.user/0001.json", r#"{"value":[{"id":"1"}]}"#);
        write(&root, "entra.user/.DS_Store", "x");
        let (out, told) = stated(folder.path(), &root);
        assert_eq!(status_of(&out, "entra.user"), Status::Complete, "{told}");
        write(&root, &format!("entra.user/{odd}"), "x");
        let (out, told) = stated(folder.path(), &root);
        assert_eq!(status_of(&out, "entra.user"), Status::Partial, "{odd}: {told}");
        let name = odd.split('/').next().unwrap();
        let reason = reason_of(&out, "entra.user");
        assert!(reason.contains(&format!("{name}` was not read")), "{odd}: {reason}");
    }
    // Of a type with parents it may be that of any of them.
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    write(&root, "entra.group.json", r#"{"value":[{"id":"g1"}]}"#);
    write(&root, "entra.group_member/g1/1.json", r#"{"value":[]}"#);
    write(&root, "entra.group_member/g1.json.gz", "x");
    let (out, told) = stated(folder.path(), &root);
    assert_eq!(status_of(&out, "entra.group_member"), Status::Partial, "{told}");
}

#[test]
fn pages_are_known_to_be_all_by_the_numbers_in_their_names() {
    let page = |id: &str, is_last: bool| match is_last {
        true => json!({"value": [{"id": id}]}).to_string(),
        false => json!({"value": [{"id": id}], "@odata.nextLink": "https://graph.example/next"}).to_string(),
    };
    for (names, wanted, words) in [
        (vec!["page-1", "page-2"], Status::Complete, ""),
        (vec!["page-1", "page-3"], Status::Partial, "has no page 2"),
        (vec!["users-2026"], Status::Partial, "has no page 1"),
        (vec!["first", "second"], Status::Partial, "are not numbered"),
        (vec!["a-1", "b-2"], Status::Partial, "are not numbered"),
        (vec!["everybody"], Status::Complete, ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("pages");
        for (number, name) in names.iter().enumerate() {
            let is_last = number + 1 == names.len();
            write(&root, &format!("entra.user/{name}.json"), page(name, is_last));
        }
        let (out, told) = import(folder.path(), &["pages", root.to_str().unwrap()]);
        assert_eq!(status_of(&out, "entra.user"), wanted, "{names:?}: {told}");
        assert!(reason_of(&out, "entra.user").contains(words), "{names:?}: {told}");
        // Only a page that is surely missing is missing against its maker's word.
        let (out, told) = stated(folder.path(), &root);
        let is_sure = words == "has no page 2";
        assert_eq!(
            status_of(&out, "entra.user") == Status::Partial,
            is_sure,
            "{names:?}: {told}"
        );
    }
}

#[test]
fn an_empty_folder_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    write(&root, "okta.group.json", "[]");
    std::fs::create_dir(root.join("okta.provisioning_failure")).unwrap();
    let (out, told) = stated(folder.path(), &root);
    assert_eq!(status_of(&out, "okta.group"), Status::Complete, "{told}");
    assert_eq!(
        status_of(&out, "okta.provisioning_failure"),
        Status::NotRequested,
        "{told}"
    );
}

#[test]
fn an_empty_list_of_parents_is_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    write(&root, "entra.group.json", r#"{"value":[]}"#);
    write(&root, "entra.group_member/g1.json", r#"{"value":[{"id":"u1"}]}"#);
    let (out, told) = import(folder.path(), &["pages", root.to_str().unwrap()]);
    assert_eq!(status_of(&out, "entra.group"), Status::Complete, "{told}");
    assert_eq!(objects(&out, "entra.group_member").len(), 1);
}

#[test]
fn headers_name_a_further_page_whatever_the_list() {
    let headers = |uri: &str| format!("HTTP/2 200\r\nlink: <https://contoso.okta.com{uri}>; rel=\"next\"\r\n\r\n");
    for (resource, page, body) in [
        ("okta.custom_domain", "", r#"[{"id":"d1"}]"#),
        ("okta.custom_domain", "", r#"{"domains":[{"id":"d1"}]}"#),
        ("okta.app_feature", "/a1", r#"[{"name":"USER_PROVISIONING"}]"#),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("pages");
        write(
            &root,
            &format!("{resource}{page}.json"),
            format!("{}{body}", headers("/next")),
        );
        let (out, told) = stated(folder.path(), &root);
        assert_eq!(status_of(&out, resource), Status::Partial, "{body}: {told}");
        assert!(reason_of(&out, resource).contains("names a further page"), "{told}");
    }
}

#[test]
fn nothing_does_not_replace_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    write(&first, "okta.user.json", r#"[{"id":"u1"},{"id":"u2"}]"#);
    let (earlier, _) = import(folder.path(), &["pages", first.to_str().unwrap()]);
    assert_eq!(status_of(&earlier, "okta.user"), Status::Partial);
    let with = ["pages", second.to_str().unwrap(), "--with", earlier.to_str().unwrap()];
    write(
        &second,
        "okta.user.json",
        r#"{"errorCode":"E0000006","errorSummary":"no"}"#,
    );
    let (out, told) = import(folder.path(), &with);
    assert_eq!(
        (status_of(&out, "okta.user"), objects(&out, "okta.user").len()),
        (Status::Partial, 2)
    );
    assert!(
        told.contains("the 2 objects of the earlier snapshot are kept"),
        "{told}"
    );
    assert_eq!(
        crate::support::status(&crate::support::tenken(
            folder.path(),
            &["query", out.to_str().unwrap(), "1"]
        )),
        0
    );
    write(&second, "okta.user.json", r#"[{"id":"u3"}]"#);
    let (out, told) = import(folder.path(), &with);
    assert_eq!(objects(&out, "okta.user").len(), 1);
    assert!(told.contains("1 objects came and replace the 2"), "{told}");
}
