//! Whom a publication is for, and who a socket's owner is.
//!
//! Keys are typed and stay so: the room `user_1` and the user `1` can never be mistaken for each
//! other, since nothing ever joins a kind and a name into one string (hardening §3 row 32).

use std::sync::Arc;

/// An address inside a namespace. Equal only where kind and name are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Every socket of the namespace.
    All,
    /// The sockets of one user.
    User(Arc<str>),
    /// The sockets of users with this role.
    Role(Arc<str>),
    /// The sockets that follow this topic.
    Topic(Arc<str>),
    /// The sockets that the application put into this room.
    Room(Arc<str>),
    /// One socket, by the `sid` that its CONNECT was answered with.
    Socket(Arc<str>),
}

/// Who stands behind a joined socket: its implicit rooms.
///
/// A member belongs to [`Target::User`], to a [`Target::Role`] and a [`Target::Topic`] for each
/// entry, from [`crate::Hub::accept`] until it leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// The user, `None` for a visitor.
    pub user: Option<Arc<str>>,
    /// The roles of the user.
    pub roles: Vec<Arc<str>>,
    /// The topics that are followed from the start.
    pub topics: Vec<Arc<str>>,
}

impl Member {
    /// Somebody without a user, role or topic.
    pub const fn visitor() -> Self {
        Self {
            user: None,
            roles: Vec::new(),
            topics: Vec::new(),
        }
    }

    /// The user `id`, without roles and topics.
    pub fn of_user(id: impl Into<Arc<str>>) -> Self {
        Self {
            user: Some(id.into()),
            ..Self::default()
        }
    }

    /// The implicit rooms, each once for each mention.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        let user = self.user.iter().cloned().map(Target::User);
        let roles = self.roles.iter().cloned().map(Target::Role);
        let topics = self.topics.iter().cloned().map(Target::Topic);
        user.chain(roles).chain(topics)
    }
}
