//! The connection to a source: a client, what it signs with, and what is known beforehand of what it will not answer.

use super::auth::{Auth, Grant};
use super::client::Client;
use super::pace::Pace;
use super::plan::{Plan, Step};
use super::{Clock, CollectError, Observer, Options};
use crate::catalog::SourceName;
use crate::config::{Cloud, Tenant};
use crate::snapshot::Status;

/// The connection to a source.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) auth: Auth,
    pub(super) source: SourceName,
    /// Microsoft's cloud; Okta has one for all.
    cloud: Option<Cloud>,
}

impl Connection {
    /// The connection to a source of a pair, if the configuration names it and the plan asks it something.
    pub(super) fn to(
        source: SourceName,
        tenant: &Tenant,
        plan: &Plan,
        options: Options,
        clock: &Clock,
        observer: &Observer,
    ) -> Result<Option<Self>, CollectError> {
        if plan.of(source).next().is_none() {
            return Ok(None);
        }
        let (base, auth, cloud) = match (source, &tenant.okta, &tenant.entra) {
            (SourceName::Okta, Some(okta), _) => {
                let scopes = plan.permissions(SourceName::Okta);
                (&okta.url, Auth::okta(okta, &scopes, clock.clone())?, None)
            }
            (SourceName::Entra, _, Some(entra)) => {
                let auth = Auth::entra(entra, clock.clone())?;
                (&entra.graph_url, auth, Some(entra.cloud))
            }
            _ => return Ok(None),
        };
        let client = Client::new(
            source,
            base.clone(),
            auth.token_url().cloned(),
            tenant.ca_file.as_deref(),
            Pace::new(source, options.rate_share),
            observer.clone(),
        )?;
        Ok(Some(Self {
            client,
            auth,
            source,
            cloud,
        }))
    }

    /// Signs in, so that a wrong credential shows before anything else is asked.
    pub(super) async fn sign_in(&self) -> Result<Grant, CollectError> {
        self.auth.sign(&self.client, self.client.base()).await?;
        Ok(self.auth.grant().await)
    }

    /// Why a type need not be asked for, where that is known: it is not in this cloud, or its scope was refused.
    pub(super) fn in_vain(&self, step: &Step, grant: &Grant) -> Option<(Status, String)> {
        let clouds = &step.call.clouds;
        if let Some(cloud) = self.cloud
            && !clouds.is_empty()
            && !clouds.iter().any(|name| name == cloud.name())
        {
            let reason = format!("Microsoft does not offer it in the cloud {}", cloud.name());
            return Some((Status::Unavailable, reason));
        }
        let permission = &step.call.permission;
        grant.refused.contains(permission).then(|| {
            let reason = format!("the scope {permission} is not granted to the service app");
            (Status::Denied, reason)
        })
    }
}

/// What the user is told about a token that allows more than it should.
pub(super) fn writing_warning(source: SourceName, grant: &Grant) -> Option<String> {
    (!grant.writing.is_empty()).then(|| {
        format!(
            "the {} token can write ({}); tenken only reads, give it read permissions only",
            source.title(),
            grant.writing.join(", ")
        )
    })
}
