//! What the tenant has bought: products with their seats, and the subscriptions they come from.

use serde_json::{Value, json};

use crate::simulator::draw::hash;
use crate::simulator::identity;
use crate::simulator::scenario::schema::{ProductFile, SkuFile};
use crate::simulator::scenario::text;
use crate::simulator::world::patch::Patcher;

/// A product as `/subscribedSkus` shows it (learn.microsoft.com/graph/api/resources/subscribedsku).
pub(super) fn subscribed_sku(
    file: &SkuFile,
    product: &ProductFile,
    tenant: (&str, &str),
    seats_taken: u64,
    patcher: &Patcher,
) -> Value {
    let (tenant_id, company) = tenant;
    let seats = seats_taken + file.free_seats.unwrap_or_default();
    let shape = json!({
        "id": format!("{tenant_id}_{}", product.id),
        "accountId": tenant_id,
        "accountName": company,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": seats_taken,
        "prepaidUnits": { "enabled": seats, "suspended": 0, "warning": 0, "lockedOut": 0 },
        "skuId": product.id,
        "skuPartNumber": file.sku,
        "servicePlans": service_plans(product),
        "subscriptionIds": file.subscriptions.iter().map(|subscription| text(subscription, "id")).collect::<Vec<_>>()
    });
    patcher.complete(&file.object, shape)
}

/// A subscription as `/directory/subscriptions` shows it
/// (learn.microsoft.com/graph/api/resources/companysubscription).
pub(super) fn subscription(
    file: &Value,
    sku: &SkuFile,
    product: &ProductFile,
    seats: &Value,
    patcher: &Patcher,
) -> Value {
    let shape = json!({
        "id": null,
        "commerceSubscriptionId": identity::guid("commerce", hash(text(file, "id"))).to_string(),
        "createdDateTime": null,
        "isTrial": false,
        "nextLifecycleDateTime": null,
        "ownerId": null,
        "ownerTenantId": null,
        "ownerType": null,
        "serviceStatus": service_plans(product),
        "skuId": product.id,
        "skuPartNumber": sku.sku,
        "status": "Enabled",
        "totalLicenses": seats
    });
    patcher.complete(file, shape)
}

/// The plans of a product, as the tenant's organization object shows them in `assignedPlans`.
pub(super) fn plans_of_tenant<'p>(products: impl Iterator<Item = &'p ProductFile>, since: &Value) -> Value {
    let mut plans: Vec<_> = products.flat_map(|product| &product.plans).collect();
    plans.sort_by(|a, b| a.plan.cmp(&b.plan));
    plans.dedup_by(|a, b| a.id == b.id);
    let plans = plans.into_iter();
    plans
        .map(|plan| {
            json!({
                "assignedDateTime": since,
                "capabilityStatus": "Enabled",
                "service": plan.service,
                "servicePlanId": plan.id
            })
        })
        .collect()
}

/// The plans of a product, with their state.
fn service_plans(product: &ProductFile) -> Value {
    let plans = product.plans.iter();
    plans
        .map(|plan| {
            json!({
                "servicePlanId": plan.id,
                "servicePlanName": plan.plan,
                "provisioningStatus": "Success",
                "appliesTo": "User"
            })
        })
        .collect()
}
