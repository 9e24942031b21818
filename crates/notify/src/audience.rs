//! Whom a notification is for: its rooms in the hub and its stream.

use std::sync::Arc;

use bellgate_hub::{Route, Target};

/// The namespaces in which an entry is delivered, each device once: on `/` if joined, else on
/// `/admin` (contract §9, streams).
const DEVICE: [&str; 2] = ["/", "/admin"];
const ADMIN: &str = "/admin";

/// Whom a notification is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// One user, by id.
    User(String),
    /// Several users; each gets a notification of its own.
    Users(Vec<String>),
    /// Everybody who has a role.
    Role(String),
    /// Everybody who follows a topic.
    Topic(String),
    /// Everybody who is connected, visitors too.
    All,
}

impl Audience {
    /// The rooms that it reaches; typed, so that no id can be taken for another kind.
    pub fn targets(&self) -> Vec<Target> {
        match self {
            Self::User(id) => vec![Target::User(Arc::from(id.as_str()))],
            Self::Users(ids) => ids
                .iter()
                .map(|id| Target::User(Arc::from(id.as_str())))
                .collect(),
            Self::Role(name) => vec![Target::Role(Arc::from(name.as_str()))],
            Self::Topic(name) => vec![Target::Topic(Arc::from(name.as_str()))],
            Self::All => vec![Target::All],
        }
    }

    /// The namespaces that it travels on: what is for the admin role never leaves `/admin`,
    /// everything else reaches each device once.
    pub fn route(&self, admin_role: &str) -> Route {
        if self.is_admins(admin_role) {
            return Route::Namespace(Arc::from(ADMIN));
        }
        Route::FirstJoined(DEVICE.map(Arc::from).into())
    }

    /// Whether only admins are addressed.
    pub fn is_admins(&self, admin_role: &str) -> bool {
        matches!(self, Self::Role(name) if name == admin_role)
    }

    /// The audiences that each get a record of their own: the users of a list one by one.
    pub fn recipients(&self) -> Vec<Self> {
        match self {
            Self::Users(ids) => ids.iter().cloned().map(Self::User).collect(),
            other => vec![other.clone()],
        }
    }

    /// The stream that a record for it belongs to: `user:ID`, `role:NAME`, `topic:NAME`, `all`.
    /// None for a list of users, which has a stream for each.
    ///
    /// The kind has no `:`, so the first one ends it and no id can imitate another stream.
    pub fn stream(&self) -> Option<String> {
        match self {
            Self::User(id) => Some(format!("user:{id}")),
            Self::Users(_) => None,
            Self::Role(name) => Some(format!("role:{name}")),
            Self::Topic(name) => Some(format!("topic:{name}")),
            Self::All => Some("all".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bellgate_hub::{Route, Target};

    use super::Audience;

    #[test]
    fn what_is_for_admins_travels_on_the_admin_namespace_alone() {
        let route = Audience::Role("boss".into()).route("boss");
        assert!(matches!(route, Route::Namespace(name) if &*name == "/admin"));
    }

    #[test]
    fn everything_else_reaches_a_device_on_the_first_namespace_it_joined() {
        for audience in [
            Audience::User("7".into()),
            Audience::Users(vec!["7".into()]),
            Audience::Role("editor".into()),
            Audience::Topic("admin".into()),
            Audience::All,
        ] {
            let Route::FirstJoined(names) = audience.route("admin") else {
                panic!("{audience:?} is kept on one namespace");
            };
            assert_eq!(
                names.iter().map(|name| &**name).collect::<Vec<_>>(),
                ["/", "/admin"]
            );
        }
    }

    #[test]
    fn kinds_of_audience_never_share_a_room_or_a_stream() {
        let name = || "admin".to_owned();
        let all = [
            Audience::User(name()),
            Audience::Role(name()),
            Audience::Topic(name()),
        ];
        assert_eq!(all[0].targets(), [Target::User(Arc::from("admin"))]);
        assert_eq!(all[1].targets(), [Target::Role(Arc::from("admin"))]);
        assert_eq!(all[2].targets(), [Target::Topic(Arc::from("admin"))]);
        let streams: Vec<_> = all.iter().filter_map(Audience::stream).collect();
        assert_eq!(streams, ["user:admin", "role:admin", "topic:admin"]);
        assert_ne!(
            Audience::User("all".into()).stream(),
            Audience::All.stream()
        );
    }

    #[test]
    fn a_list_of_users_is_a_record_for_each() {
        let list = Audience::Users(vec!["1".into(), "2".into()]);
        assert_eq!(list.targets().len(), 2);
        assert_eq!(
            list.recipients(),
            [Audience::User("1".into()), Audience::User("2".into())]
        );
        assert_eq!(list.stream(), None);
    }
}
