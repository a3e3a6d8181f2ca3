//! `ProviderSettingsExport.json`, as ScubaGear writes it from the same tenant.

use std::path::Path;

use serde_json::{Map, Value as Json, json};
use tenken::simulator::ServerOptions;
use tenken::snapshot::Status;

use super::{entry, import, objects, reason_of, status_of, write};
use crate::support::{collect_all, refuses, status, stdout, tenken};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// An object as a cmdlet of the Graph SDK gives it: capitals, and null for whatever was not sent.
fn sdk(object: &Json) -> Json {
    match object {
        Json::Object(object) => {
            let capital = |name: &String| name[..1].to_uppercase() + &name[1..];
            let object: Map<String, Json> = object.iter().map(|(name, value)| (capital(name), sdk(value))).collect();
            object.into()
        }
        Json::Array(items) => items.iter().map(sdk).collect(),
        other => other.clone(),
    }
}

/// Lists of one element without their brackets, as ConvertTo-Json writes them where nobody prevents it.
fn collapsed(value: &Json) -> Json {
    match value {
        Json::Object(object) => object
            .iter()
            .map(|(name, value)| (name.clone(), collapsed(value)))
            .collect(),
        Json::Array(items) if items.len() == 1 => collapsed(&items[0]),
        Json::Array(items) => items.iter().map(collapsed).collect(),
        other => other.clone(),
    }
}

fn listed(place: &Path, resource: &str) -> Vec<Json> {
    objects(place, resource).into_iter().map(|(_, object)| object).collect()
}

/// The export of a collected tenant.
fn export(place: &Path) -> Json {
    let methods = listed(place, "entra.authentication_methods_policy").remove(0);
    let mut policy = methods.as_object().unwrap().clone();
    let list = policy.shift_remove("authenticationMethodConfigurations").unwrap();
    let skus: Vec<Json> = listed(place, "entra.subscribed_sku")
        .iter()
        .map(|sku| sdk(&json!({"skuId": sku["skuId"], "skuPartNumber": sku["skuPartNumber"], "consumedUnits": sku["consumedUnits"], "prepaidUnits": sku["prepaidUnits"]})))
        .collect();
    json!({
        "baseline_version": "1",
        "timestamp_zulu": "2026-11-20T08:00:00.000Z",
        "tenant_details": [{"TenantId": TENANT, "AADAdditionalData": sdk(&listed(place, "entra.organization")[0])}],
        "conditional_access_policies": collapsed(&listed(place, "entra.conditional_access_policy").into()),
        "authorization_policies": listed(place, "entra.authorization_policy").iter().map(sdk).collect::<Vec<_>>(),
        "authentication_method": [{"authentication_method_policy": policy, "authentication_method_feature_settings": list}],
        "directory_settings": [],
        "domain_settings": listed(place, "entra.domain").iter().map(sdk).collect::<Vec<_>>(),
        "license_information": skus,
        "aad_successful_commands": [
            "Get-MgBetaIdentityConditionalAccessPolicy", "Get-MgBetaSubscribedSku", "Get-MgBetaPolicyAuthorizationPolicy",
            "Get-MgBetaPolicyAuthenticationMethodPolicy", "Get-MgBetaDomain",
        ],
        "aad_unsuccessful_commands": ["Get-MgBetaDirectorySetting"],
    })
}

#[tokio::test]
async fn settings_are_read_back_as_the_vendor_sent_them() {
    let folder = tempfile::tempdir().unwrap();
    let place = collect_all("contoso", ServerOptions::default(), folder.path()).await;
    let export = export(&place);
    write(folder.path(), "ProviderSettingsExport.json", export.to_string());
    write(
        folder.path(),
        "ScubaResults.json",
        json!({"MetaData": {}, "Raw": export}).to_string(),
    );
    for file in ["ProviderSettingsExport.json", "ScubaResults.json"] {
        let (out, told) = import(folder.path(), &["scubagear", file]);
        let manifest = super::manifest(&out);
        assert_eq!(manifest["entra"]["id"], TENANT);
        assert_eq!(manifest["ended"], "2026-11-20T08:00:00Z");
        for resource in ["entra.conditional_access_policy", "entra.authentication_methods_policy"] {
            assert_eq!(status_of(&out, resource), Status::Complete, "{told}");
            let lists = |object: &Json| collapsed(object);
            let (found, wanted) = (listed(&out, resource), listed(&place, resource));
            assert_eq!(
                found.iter().map(lists).collect::<Vec<_>>(),
                wanted.iter().map(lists).collect::<Vec<_>>()
            );
        }
        // A condition cannot tell the two apart.
        for expression in [
            "entra.conditional_access_policies.filter(p, p.state == 'enabled' && 'All' in p.conditions.users.includeUsers).map(p, p.id)",
            "entra.conditional_access_policies.filter(p, p.grantControls != null && p.grantControls.builtInControls != null && 'mfa' in p.grantControls.builtInControls).map(p, p.id)",
            "entra.authentication_methods_policy.authenticationMethodConfigurations.map(c, c.id)",
            "entra.authorization_policy.allowInvitesFrom",
            "entra.domains.filter(d, d.isVerified).map(d, d.id)",
            "entra.organization.verifiedDomains.map(d, d.name)",
            "entra.subscribed_skus.map(s, s.skuPartNumber)",
        ] {
            let ask = |place: &Path| {
                let answer = tenken(folder.path(), &["query", place.to_str().unwrap(), expression]);
                (status(&answer), stdout(&answer))
            };
            assert_eq!(ask(&out), ask(&place), "{expression}");
            assert_eq!(ask(&out).0, 0, "{expression}");
        }
        // What failed is no empty list, what is not part of it was not read, and what was not written is not null.
        assert_eq!(status_of(&out, "entra.group_setting"), Status::NotRequested);
        assert!(reason_of(&out, "entra.group_setting").contains("Get-MgBetaDirectorySetting"));
        assert_eq!(status_of(&out, "entra.user"), Status::NotRequested);
        let fields = entry(&out, "entra.subscribed_sku")["fields"].clone();
        assert_eq!(
            fields,
            json!(["skuId", "skuPartNumber", "consumedUnits", "prepaidUnits"])
        );
        let plans = "entra.subscribed_skus.exists(s, s.servicePlans.exists(p, p.servicePlanName == 'AAD_PREMIUM_P2'))";
        assert_eq!(
            status(&tenken(folder.path(), &["query", out.to_str().unwrap(), plans])),
            4
        );
    }
}

#[test]
fn what_convertto_json_cut_off_is_unknown_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let export = json!({
        "conditional_access_policies": [
            {"id": "1", "displayName": "Everybody", "state": "enabled", "createdDateTime": "Date(1705651200000)",
             "conditions": {"users": "@{includeUsers=System.Object[]; excludeUsers=}", "clientAppTypes": "all"}},
        ],
        "aad_successful_commands": "Get-MgBetaIdentityConditionalAccessPolicy",
        "aad_unsuccessful_commands": [],
    });
    write(folder.path(), "export.json", super::utf16(&export.to_string()));
    let (out, told) = import(folder.path(), &["scubagear", "export.json"]);
    assert_eq!(status_of(&out, "entra.conditional_access_policy"), Status::Partial);
    assert!(
        told.contains("`conditions.users` was cut off") && told.contains("-Depth 100"),
        "{told}"
    );
    let ask = |expression: &str| {
        let answer = tenken(folder.path(), &["query", out.to_str().unwrap(), expression]);
        (status(&answer), stdout(&answer))
    };
    let with = |condition: &str| format!("entra.conditional_access_policies.exists(p, {condition})");
    assert_eq!(
        ask(&with("'all' in p.conditions.clientAppTypes")),
        (0, "true\n".to_owned())
    );
    assert_eq!(
        ask(&with("p.createdDateTime < timestamp('2024-01-20T00:00:00Z')")),
        (0, "true\n".to_owned())
    );
    for condition in [
        "'All' in p.conditions.users.includeUsers",
        "p.conditions.users.excludeUsers.size() == 0",
    ] {
        assert_eq!(ask(&with(condition)).0, 4, "{condition}");
    }
}

#[test]
fn an_export_of_another_tenant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let export = json!({"tenant_details": {"TenantId": TENANT}, "aad_successful_commands": [], "conditional_access_policies": []});
    write(folder.path(), "export.json", export.to_string());
    let other = "99999999-2222-3333-4444-555555555555";
    refuses(
        folder.path(),
        &["import", "scubagear", "export.json", "--out", "out", "--tenant", other],
        &[TENANT, other],
    );
}
