//! Microsoft's clouds and their hosts.

/// A cloud of Microsoft's. Tokens are good in one of them only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one, GCC included.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (Department of Defense).
    Dod,
    /// China, run by 21Vianet.
    China,
}

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGov, Self::Dod, Self::China];

    /// The name that the configuration and the catalogue use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGov => "usgov",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }

    /// The cloud of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.name() == name)
    }

    /// Audience of the tokens of other issuers that are exchanged there (learn.microsoft.com, "Workload identity
    /// federation", "Configure an application to trust a managed identity"; for the national clouds unconfirmed: it must
    /// be the one that the app registration's federated credential names).
    pub fn exchange_audience(self) -> &'static str {
        match self {
            Self::Global => "api://AzureADTokenExchange",
            Self::UsGov | Self::Dod => "api://AzureADTokenExchangeUSGov",
            Self::China => "api://AzureADTokenExchangeChina",
        }
    }

    /// Sign-in host (learn.microsoft.com/graph/deployments; China's as in docs.azure.cn, certificate-credentials).
    pub(super) fn login_url(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::Dod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// Graph host (learn.microsoft.com/graph/deployments).
    pub(super) fn graph_url(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::Dod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }
}
