//! Who may join: how users are known, and what each namespace asks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use bellgate_gate::Origin;
use bellgate_gate::identity::{
    Answers, Arrival, Brought, Credentials, Found, Identities, Identity, NamespaceRule, Standing,
};
use bellgate_hub::HubConfig;

use super::outside::{self, Outside};
use super::visit::{Clocks, Judged, Unjudged, Visit};
use crate::config::{NamespaceAuth, NamespacePolicy, Settings};

/// The namespace that is for administrators unless its policy says otherwise (contract §4).
const ADMIN: &str = "/admin";

/// An interval of nothing would ask for ever.
const SOONEST: Duration = Duration::from_secs(1);

/// Asks nothing: a handler of the program decides.
static HANDLED: NamespaceRule = NamespaceRule {
    needs_user: false,
    roles: None,
};

/// What connections go by; a reload brings others.
pub(crate) struct Terms {
    pub(super) hub: HubConfig,
    pub(super) access: Access,
}

/// A CONNECT.
pub(super) struct Asked<'a> {
    /// The namespace.
    pub(super) namespace: &'a str,
    /// The `auth` payload as JSON text.
    pub(super) auth: Option<&'a str>,
    /// A handler of the program decides, whatever the settings say of the namespace.
    pub(super) is_handled: bool,
    /// The admitted origin that the session is bound to.
    pub(super) origin: Option<&'a Origin>,
    /// The client's address.
    pub(super) address: Option<IpAddr>,
    /// What the POST brought that it came by.
    pub(super) posted: Option<&'a Credentials>,
    /// What was found out for it by now.
    pub(super) answers: &'a Answers,
}

/// What the settings say of users and namespaces.
pub(crate) struct Access {
    /// How users are known.
    pub(super) identities: Identities,
    /// Who is asked what cannot be known here.
    pub(super) outside: Outside,
    /// How long the application's word for a user is believed.
    recheck: Duration,
    /// What namespaces ask that have something said of them; none where nobody is asked who it is.
    rules: BTreeMap<String, Option<NamespaceRule>>,
    /// What all others ask.
    usual: NamespaceRule,
}

impl Access {
    pub(super) fn new(settings: &Settings, outside: Outside) -> Self {
        let usual = NamespaceRule {
            needs_user: settings.is_login_required(),
            roles: None,
        };
        let admin = NamespaceRule {
            roles: Some(vec![settings.api.admin_role.clone()]),
            ..usual.clone()
        };
        let mut rules = BTreeMap::from([(ADMIN.to_owned(), Some(admin.clone()))]);
        for (namespace, policy) in &settings.tables.namespaces {
            let unsaid = if namespace == ADMIN { &admin } else { &usual };
            rules.insert(namespace.clone(), rule(policy, unsaid));
        }
        Self {
            identities: Identities::new(settings.identity_settings()),
            outside,
            recheck: settings.identity.recheck.max(SOONEST),
            rules,
            usual,
        }
    }

    /// Who asks to join, a user or a visitor, if whoever it is may. Without a `visit` no user can be known.
    pub(super) fn admit(
        &self,
        visit: Option<&mut Visit>,
        asked: &Asked<'_>,
        clocks: Clocks,
    ) -> Result<Option<Identity>, Unjudged> {
        let rule = if asked.is_handled {
            Some(&HANDLED)
        } else {
            self.rule(asked.namespace)
        };
        let Some(rule) = rule else {
            return Ok(None);
        };
        let Some(visit) = visit else {
            let nobody = Standing::Visitor { because: None };
            let admitted = nobody.admit(asked.namespace, rule, clocks.unix);
            return Ok(admitted.map(|_| None)?);
        };
        let mut brought = Brought::by_connect(asked.auth, asked.origin.is_some());
        if self.identities.asks_application() {
            brought = brought.with_arrival(Arrival {
                namespace: asked.namespace.to_owned(),
                origin: asked.origin.map(ToString::to_string),
                address: asked.address,
            });
        }
        let judged = Judged {
            brought: &brought,
            posted: asked.posted,
            answers: asked.answers,
        };
        visit.judge(&self.identities, &judged, clocks.unix)?;
        let admitted = visit.admit(asked.namespace, rule, clocks)?;
        visit.recheck_after(self.recheck, clocks);
        Ok(admitted)
    }

    /// When a user whom the application has told is to be asked about again.
    pub(super) const fn recheck(&self) -> Duration {
        self.recheck
    }

    /// What credentials come to by what is known in this process; none where somebody else would have to
    /// be asked.
    pub(super) fn find_at_hand(
        &self,
        credentials: &Credentials,
        brought: &Brought,
        now: u64,
    ) -> Option<Found> {
        let mut answers = Answers::default();
        loop {
            match self.identities.find(credentials, brought, &answers, now) {
                Found::Needs(need) => match self.outside.ask(&need) {
                    outside::Asked::Now(answer) => answers.add(need, answer),
                    outside::Asked::Later(_) => return None,
                },
                found => return Some(found),
            }
        }
    }

    /// Whether a user with these roles may be in a namespace without a handler.
    pub(super) fn admits_roles(&self, namespace: &str, roles: &[String]) -> bool {
        let asked = self.rule(namespace).and_then(|rule| rule.roles.as_ref());
        asked.is_none_or(|asked| asked.iter().any(|role| roles.contains(role)))
    }

    /// What a namespace without a handler asks; none where nobody is asked who it is.
    fn rule(&self, namespace: &str) -> Option<&NamespaceRule> {
        match self.rules.get(namespace) {
            Some(rule) => rule.as_ref(),
            None => Some(&self.usual),
        }
    }
}

/// What a policy asks, and where it says nothing, what was asked without it.
fn rule(policy: &NamespacePolicy, unsaid: &NamespaceRule) -> Option<NamespaceRule> {
    let roles = policy.roles.clone().or_else(|| unsaid.roles.clone());
    let needs_user = match policy.auth {
        // Whoever asks for a role has to ask for the user.
        Some(NamespaceAuth::None) if roles.is_none() => return None,
        Some(NamespaceAuth::None | NamespaceAuth::Required) => true,
        Some(NamespaceAuth::Optional) => false,
        None => unsaid.needs_user,
    };
    Some(NamespaceRule { needs_user, roles })
}
