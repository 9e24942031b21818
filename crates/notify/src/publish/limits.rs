//! How much of everything a publish may hold. Lengths of texts count characters, as JSON Schema does.

/// Characters of `title` (contract §9).
pub const TITLE: usize = 200;
/// Characters of `message` (contract §9).
pub const MESSAGE: usize = 2000;
/// Bytes of `data` as JSON (contract §9).
pub const DATA_BYTES: usize = 16 * 1024;
/// Levels of `data`, itself the first (contract §9).
pub const DATA_DEPTH: usize = 8;
/// Characters of `group` (contract §9).
pub const GROUP: usize = 64;
/// Number of `tags` (contract §9).
pub const TAGS: usize = 8;
/// Characters of one tag (contract §9).
pub const TAG: usize = 32;
/// Number of `actions` (contract §9).
pub const ACTIONS: usize = 3;
/// Number of users in one `to.users`, as of publishes in one list (contract §7).
pub const USERS: usize = 1000;
/// Bytes of a user id, role or topic.
pub const NAME_BYTES: usize = 256;
/// Characters of `category`, of an action's `id` and `style`, and of an icon's name.
pub const TOKEN: usize = 64;
/// Characters of an action's `text`.
pub const ACTION_TEXT: usize = 80;
/// Characters of a `key` and of an action's `event`.
pub const KEY: usize = 256;
/// Characters of a URL.
pub const URL: usize = 2048;
/// Steps of a `fallback`.
pub const FALLBACK_STEPS: usize = 8;
