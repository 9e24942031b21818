//! The closed vocabularies of a notification, each value by the name that the JSON carries.

use serde::{Serialize, Serializer};

/// Defines one vocabulary: the enum, its list and both directions of its names.
macro_rules! names {
    ($(#[doc = $about:literal])+ $type:ident { $( #[doc = $doc:literal] $variant:ident $name:literal ),+ $(,)? }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $( #[doc = $doc] $variant, )+ }

        impl $type {
            /// All values, in the contract's order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The name that the JSON carries.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }
        }

        impl Name for $type {
            fn all() -> &'static [Self] { Self::ALL }
            fn text(self) -> &'static str { self.name() }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

/// A value of a closed vocabulary.
pub(crate) trait Name: Copy + 'static {
    fn all() -> &'static [Self];
    fn text(self) -> &'static str;
}

names! {
    /// What a notification is: `type`.
    Kind {
        /// Something was done.
        Success "success",
        /// Something needs attention.
        Warning "warning",
        /// Something failed.
        Error "error",
        /// Something is worth knowing.
        Info "info",
        /// Something is under way.
        Progress "progress",
    }
}

names! {
    /// How much it matters: `priority`.
    Priority {
        /// May wait and be dropped first.
        Low "low",
        /// As most are.
        Normal "normal",
        /// Ought to be seen within minutes.
        High "high",
        /// Must be seen; never dropped, cannot be turned off.
        Critical "critical",
    }
}

names! {
    /// What a replacement by `key` does: `on_update`.
    OnUpdate {
        /// The entry changes where it stands.
        Silent "silent",
        /// The entry is unseen again and moves to the front.
        Again "again",
    }
}

names! {
    /// What calls a fallback off: `unless`.
    Unless {
        /// It was visible.
        Seen "seen",
        /// It was opened.
        Read "read",
        /// It was acknowledged.
        Acked "acked",
    }
}
