//! JSON Web Tokens: which ones are believed, and where they lie.

use std::path::PathBuf;
use std::time::Duration;

use super::identity::SECONDS;
use crate::config::secret::Secret;
use crate::config::table::{Group, Item, Kind, PLAIN, Reload, Setting};
use crate::config::value::{Switch, Values};

/// Which tokens log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// `BELLGATE_JWT_SECRET`.
    pub secret: Option<Secret>,
    /// `BELLGATE_JWT_PUBLIC_KEY`.
    pub public_key: Option<PathBuf>,
    /// `BELLGATE_JWT_JWKS_URL`.
    pub key_set: Option<Secret>,
    /// `BELLGATE_JWT_ALGORITHMS`; empty: the usual one of each key's type.
    pub algorithms: Vec<String>,
    /// `BELLGATE_JWT_ISSUER`.
    pub issuer: Option<String>,
    /// `BELLGATE_JWT_AUDIENCE`.
    pub audience: Option<String>,
    /// `BELLGATE_JWT_LEEWAY`.
    pub leeway: Duration,
    /// `BELLGATE_JWT_USER_CLAIM`.
    pub user_claim: String,
    /// `BELLGATE_JWT_ROLES_CLAIM`.
    pub roles_claim: String,
    /// `BELLGATE_JWT_REQUIRE_EXP`; `auto` is on with production's rules.
    pub requires_exp: Switch,
    /// `JWT_ACCESS_COOKIE_NAME`, where `JWT_TOKEN_LOCATION` names cookies.
    pub cookie: Option<String>,
}

impl Tokens {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        let places: Vec<String> = values.take("JWT_TOKEN_LOCATION");
        let cookie: String = values.take("JWT_ACCESS_COOKIE_NAME");
        Self {
            secret: values.take("BELLGATE_JWT_SECRET"),
            public_key: values.take("BELLGATE_JWT_PUBLIC_KEY"),
            key_set: values.take("BELLGATE_JWT_JWKS_URL"),
            algorithms: values.take("BELLGATE_JWT_ALGORITHMS"),
            issuer: values.take("BELLGATE_JWT_ISSUER"),
            audience: values.take("BELLGATE_JWT_AUDIENCE"),
            leeway: values.take("BELLGATE_JWT_LEEWAY"),
            user_claim: values.take("BELLGATE_JWT_USER_CLAIM"),
            roles_claim: values.take("BELLGATE_JWT_ROLES_CLAIM"),
            requires_exp: values.take("BELLGATE_JWT_REQUIRE_EXP"),
            cookie: places
                .iter()
                .any(|place| place == "cookies")
                .then_some(cookie),
        }
    }

    /// Whether anything is set by which a token can be verified.
    pub const fn is_on(&self) -> bool {
        self.secret.is_some() || self.public_key.is_some() || self.key_set.is_some()
    }
}

/// What stands for a URL that cannot be used: nobody answers there, so nobody is let in (RFC 6761 §6.4).
pub(super) const NOWHERE: &str = "https://nowhere.invalid";

/// The names of [`bellgate_gate::jwt::Algorithm`].
const ALGORITHMS: &[&str] = &[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES384", "EdDSA",
];

/// The rows.
pub const GROUP: Group = Group {
    title: "Tokens",
    rows: &[
        Setting {
            name: "BELLGATE_JWT_SECRET",
            kind: Kind::Secret,
            reload: Reload::Live,
            secret: true,
            short: "shared secret that signs tokens",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_PUBLIC_KEY",
            kind: Kind::File,
            reload: Reload::Live,
            short: "PEM file with the public key that verifies tokens",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_JWKS_URL",
            kind: Kind::Url {
                schemes: &["https", "http"],
                or_stop: false,
            },
            when_invalid: Some(NOWHERE),
            reload: Reload::Live,
            short: "URL of the key set (JWKS) that verifies tokens",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_ALGORITHMS",
            kind: Kind::List(Item::OneOf(ALGORITHMS)),
            reload: Reload::Live,
            short: "algorithms that tokens may be signed with; unset: the usual one of each key's type",
            long: "HS256 for a secret; RS256, ES256, ES384 or EdDSA for a public key.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_ISSUER",
            reload: Reload::Live,
            short: "issuer that a token must name",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_AUDIENCE",
            reload: Reload::Live,
            short: "audience that a token must name",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_LEEWAY",
            kind: SECONDS,
            default: "60",
            reload: Reload::Live,
            short: "how far clocks may differ when a token is judged",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_USER_CLAIM",
            default: "sub",
            reload: Reload::Live,
            short: "claim of a token that names the user",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_ROLES_CLAIM",
            default: "roles",
            reload: Reload::Live,
            short: "claim of a token that names the roles",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_JWT_REQUIRE_EXP",
            kind: Kind::Or {
                word: "auto",
                other: &Kind::Switch,
            },
            default: "auto",
            when_invalid: Some("true"),
            reload: Reload::Live,
            short: "tokens without an expiry are refused; auto is on in production",
            ..PLAIN
        },
        Setting {
            name: "JWT_TOKEN_LOCATION",
            kind: Kind::List(Item::OneOf(&["headers", "cookies", "query_string", "json"])),
            default: "headers",
            reload: Reload::Live,
            short: "Flask-JWT-Extended's places for a token; cookies is the one that matters here",
            ..PLAIN
        },
        Setting {
            name: "JWT_ACCESS_COOKIE_NAME",
            default: "access_token_cookie",
            reload: Reload::Live,
            short: "cookie that holds a token",
            ..PLAIN
        },
    ],
};

#[cfg(test)]
mod tests {
    use bellgate_gate::jwt::Algorithm;

    #[test]
    fn the_row_names_each_algorithm_that_is_known() {
        assert_eq!(super::ALGORITHMS, Algorithm::ALL.map(Algorithm::name));
    }
}
