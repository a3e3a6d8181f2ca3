//! What objects of a tenant have when nothing is said of them: every usual field, as Graph shows
//! it.

use serde_json::{Value, json};

/// A domain (learn.microsoft.com/graph/api/resources/domain).
pub(super) fn domain() -> Value {
    json!({
        "id": null,
        "authenticationType": "Managed",
        "availabilityStatus": null,
        "isAdminManaged": true,
        "isDefault": false,
        "isInitial": false,
        "isRoot": true,
        "isVerified": true,
        "manufacturer": null,
        "model": null,
        "passwordNotificationWindowInDays": 14,
        "passwordValidityPeriodInDays": 2147483647,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        "state": null
    })
}

/// A federation (learn.microsoft.com/graph/api/resources/internaldomainfederation).
pub(super) fn federation() -> Value {
    json!({
        "id": null,
        "displayName": null,
        "issuerUri": null,
        "metadataExchangeUri": null,
        "signingCertificate": "MIIC4DCCAcigAwIBAgIQsimulated",
        "passiveSignInUri": null,
        "preferredAuthenticationProtocol": "wsFed",
        "activeSignInUri": null,
        "signOutUri": null,
        "promptLoginBehavior": null,
        "isSignedAuthenticationRequestRequired": null,
        "nextSigningCertificate": null,
        "passwordResetUri": null,
        "federatedIdpMfaBehavior": "acceptIfMfaDoneByFederatedIdp",
        "signingCertificateUpdateStatus": null
    })
}

/// A group (learn.microsoft.com/graph/api/resources/group).
pub(super) fn group() -> Value {
    json!({
        "id": null,
        "deletedDateTime": null,
        "classification": null,
        "createdDateTime": null,
        "description": null,
        "displayName": null,
        "expirationDateTime": null,
        "groupTypes": [],
        "isAssignableToRole": null,
        "mail": null,
        "mailEnabled": false,
        "mailNickname": null,
        "membershipRule": null,
        "membershipRuleProcessingState": null,
        "onPremisesDomainName": null,
        "onPremisesLastSyncDateTime": null,
        "onPremisesNetBiosName": null,
        "onPremisesSamAccountName": null,
        "onPremisesSecurityIdentifier": null,
        "onPremisesSyncEnabled": null,
        "preferredDataLocation": null,
        "preferredLanguage": null,
        "proxyAddresses": [],
        "renewedDateTime": null,
        "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": [],
        "securityEnabled": true,
        "securityIdentifier": null,
        "theme": null,
        "uniqueName": null,
        "visibility": null,
        "onPremisesProvisioningErrors": [],
        "serviceProvisioningErrors": [],
        "assignedLicenses": [],
        "licenseProcessingState": { "state": "ProcessingComplete" },
        "hasMembersWithLicenseErrors": false,
        "isManagementRestricted": null
    })
}

/// The tenant (learn.microsoft.com/graph/api/resources/organization).
pub(super) fn organization(tenant_id: &str) -> Value {
    json!({
        "id": tenant_id,
        "deletedDateTime": null,
        "businessPhones": [],
        "city": null,
        "country": null,
        "countryLetterCode": null,
        "createdDateTime": null,
        "defaultUsageLocation": null,
        "displayName": null,
        "isMultipleDataLocationsForServicesEnabled": null,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": null,
        "onPremisesSyncEnabled": null,
        "partnerTenantType": null,
        "postalCode": null,
        "preferredLanguage": null,
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": null,
        "street": null,
        "technicalNotificationMails": [],
        "tenantType": "AAD",
        "directorySizeQuota": { "used": 0, "total": 300000 },
        "privacyProfile": null,
        "assignedPlans": [],
        "provisionedPlans": [],
        "verifiedDomains": []
    })
}

/// A role assignment (learn.microsoft.com/graph/api/resources/unifiedroleassignment).
pub(super) fn role_assignment(id: &str) -> Value {
    json!({ "id": id, "principalId": null, "directoryScopeId": "/", "roleDefinitionId": null })
}

/// The authorization policy (learn.microsoft.com/graph/api/resources/authorizationpolicy).
pub(super) fn authorization_policy() -> Value {
    json!({
        "id": "authorizationPolicy",
        "allowInvitesFrom": "adminsAndGuestInviters",
        "allowedToSignUpEmailBasedSubscriptions": false,
        "allowedToUseSSPR": true,
        "allowEmailVerifiedUsersToJoinOrganization": false,
        "allowUserConsentForRiskyApps": false,
        "blockMsolPowerShell": true,
        "displayName": "Authorization Policy",
        "description": "Used to manage authorization related settings across the company.",
        "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
        "defaultUserRolePermissions": {
            "allowedToCreateApps": false,
            "allowedToCreateSecurityGroups": false,
            "allowedToCreateTenants": false,
            "allowedToReadBitlockerKeysForOwnedDevice": true,
            "allowedToReadOtherUsers": true,
            "permissionGrantPoliciesAssigned": []
        }
    })
}

/// Whether users may start trials (learn.microsoft.com/graph/api/resources/adminappsandservices,
/// beta).
pub(super) fn apps_and_services() -> Value {
    json!({ "id": null, "settings": { "isOfficeStoreEnabled": false, "isAppAndServicesTrialEnabled": false } })
}
