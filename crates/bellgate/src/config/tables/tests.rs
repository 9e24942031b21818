//! Namespaces and categories as operators write them.

use super::*;
use crate::config::{Loaded, Settings, render};

fn told(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(Warning::to_string).collect()
}

fn toml(text: &str) -> Loaded {
    Settings::load(&Sources::new().with_toml("b.toml", text))
}

const ADMIN: &str = "[namespace.\"/admin\"]\nauth = 'required'\nroles = ['admin', 'owner']\n\
                     max_connections_per_user = 3\nrate = '10/second'\n";

#[test]
fn a_namespace_gets_its_policy_from_the_file() {
    let loaded = toml(ADMIN);
    let policy = &loaded.settings.tables.namespaces["/admin"];
    assert_eq!(policy.auth, Some(NamespaceAuth::Required));
    assert_eq!(
        policy.roles.as_deref(),
        Some(&["admin".to_owned(), "owner".to_owned()][..])
    );
    assert_eq!(policy.max_connections_per_user, Some(3));
    assert_eq!(policy.rate.as_deref(), Some("10/second"));
    assert_eq!(told(&loaded), [""; 0]);
    let shown = render::text(&loaded);
    let line = "namespace.\"/admin\".rate=10/second  # b.toml:5\n";
    assert!(shown.contains(line), "{shown}");
    let json = render::json(&loaded);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let member = &json["namespace.\"/admin\".auth"];
    assert_eq!(
        (&member["value"], &member["line"]),
        (&"required".into(), &2.into())
    );
}

#[test]
fn a_member_that_has_no_effect_yet_says_so() {
    let loaded = toml("[category.news]\nlabel = 'News'\n");
    assert_eq!(told(&loaded).len(), 1);
    let shown = render::text(&loaded);
    let line = "category.news.label=News  # b.toml:2; has no effect yet\n";
    assert!(shown.contains(line), "{shown}");
}

#[test]
fn the_environment_is_stronger_member_by_member() {
    let sources = Sources::new().with_toml("b.toml", ADMIN).with_environment([
        ("BELLGATE_NAMESPACE_ADMIN_ROLES", "root"),
        ("BELLGATE_NAMESPACE_AUTH", "optional"),
        (
            "BELLGATE_NAMESPACE_BACK_OFFICE_MAX_CONNECTIONS_PER_USER",
            "1",
        ),
        ("BELLGATE_NAMESPACE_ADMIN_RATE", ""),
    ]);
    let tables = Settings::load(&sources).settings.tables;
    let admin = &tables.namespaces["/admin"];
    assert_eq!(admin.roles.as_deref(), Some(&["root".to_owned()][..]));
    assert_eq!(admin.rate.as_deref(), Some("10/second"));
    assert_eq!(tables.namespaces["/"].auth, Some(NamespaceAuth::Optional));
    let office = &tables.namespaces["/back_office"];
    assert_eq!(office.max_connections_per_user, Some(1));
}

#[test]
fn a_category_gets_its_defaults_from_the_file() {
    let loaded = toml("[category.billing]\nlabel = 'Invoices'\nrequired = true\nemail = false\n");
    let billing = &loaded.settings.tables.categories["billing"];
    assert_eq!(billing.label.as_deref(), Some("Invoices"));
    assert_eq!(
        (billing.required, billing.email, billing.toast),
        (Some(true), Some(false), None)
    );
}

#[test]
fn what_cannot_be_used_is_told_and_never_opens_a_namespace() {
    let loaded = toml("[namespace.'/x']\nauth = 'never'\nroles = []\nrate = 5\n");
    let policy = &loaded.settings.tables.namespaces["/x"];
    assert_eq!(policy.auth, Some(NamespaceAuth::Required));
    assert_eq!(
        policy.roles.as_deref(),
        Some(&[][..]),
        "nobody has a role of these"
    );
    let told = told(&loaded).join("\n");
    assert!(
        told.contains("namespace.\"/x\".auth=never is none of required, optional, none; required is used instead (b.toml:2)"),
        "{told}"
    );
    assert!(
        told.contains("(b.toml:3)") && told.contains("is no rate"),
        "{told}"
    );
}

#[test]
fn unknown_members_and_names_are_told_with_the_nearest() {
    for (text, warning) in [
        (
            "[namespace.'/x']\nrole = 'a'\n",
            "namespace.\"/x\".role is no setting; was roles meant? (b.toml:2)",
        ),
        (
            "[namespace.admin]\nroles = 'a'\n",
            "namespace.admin is no setting; was namespace.\"/admin\" meant? (b.toml:1)",
        ),
        (
            "[category.x]\ntoasts = true\n",
            "category.x.toasts is no setting; was toast meant? (b.toml:2)",
        ),
        (
            "[category]\nx = 1\n",
            "category.x=… is no table; it stays unset (b.toml:2)",
        ),
    ] {
        assert_eq!(told(&toml(text)), [warning]);
    }
    let slip = [("BELLGATE_NAMESPACE_ADMIN_ROLE", "a")];
    let loaded = Settings::load(&Sources::new().with_environment(slip));
    assert_eq!(
        told(&loaded),
        ["BELLGATE_NAMESPACE_ADMIN_ROLE is no setting; was BELLGATE_NAMESPACE_ADMIN_ROLES meant?"]
    );
}
