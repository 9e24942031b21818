//! The body of a publish, read strictly: what is unknown, too long or not available is refused
//! with the place where it stands, never cut, dropped or guessed.

mod action;
mod fields;
mod later;
pub mod limits;
mod to;
mod url;

use std::time::Duration;

use bellgate_codes::Refusal;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::audience::Audience;
use crate::names::{Kind, OnUpdate, Priority, Unless};
use crate::time::{UnixMillis, YEAR};
use fields::{Fields, line, refuse};

pub use action::Action;

/// Categories that may go to admin roles alone (contract §9, streams).
const ADMIN_CATEGORIES: [&str; 2] = ["admin", "security"];
const DEFAULT_CATEGORY: &str = "general";
const SECOND: Duration = Duration::from_secs(1);

/// The fields of contract §7, in its order.
const KNOWN: [&str; 20] = [
    "to",
    "type",
    "category",
    "priority",
    "title",
    "message",
    "data",
    "icon",
    "group",
    "tags",
    "actions",
    "key",
    "on_update",
    "deliver_at",
    "expires_in",
    "requires_ack",
    "durable",
    "fallback",
    "unless",
    "repeat",
];

/// What a publish is judged by, beside its own body.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// `BELLGATE_ADMIN_ROLE`.
    pub admin_role: &'a str,
    /// When the request came.
    pub now: UnixMillis,
}

/// One notification as its publisher wants it.
#[derive(Debug, Clone)]
pub struct Publish {
    /// For whom.
    pub to: Audience,
    /// `type`; `info` if left out.
    pub kind: Kind,
    /// What it is about; `general` if left out.
    pub category: String,
    /// How much it matters; `normal` if left out.
    pub priority: Priority,
    /// The one line that is always shown.
    pub title: String,
    /// The text below it; may be empty.
    pub message: String,
    /// An object for the page's own use, as JSON; `{}` if left out.
    pub data: Box<RawValue>,
    /// An `https` address, or a name of the page's own set.
    pub icon: Option<String>,
    /// What is shown together.
    pub group: Option<String>,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// What a person can do about it.
    pub actions: Vec<Action>,
    /// A newer notification of the stream with this key takes its place.
    pub key: Option<String>,
    /// What taking its place does; `silent` if left out.
    pub on_update: OnUpdate,
    /// How long it is of use, from when it was accepted.
    pub expires_in: Option<Duration>,
    /// Whether it counts as open until somebody confirms it.
    pub requires_ack: bool,
    /// Whether it is kept in the inbox; true if left out.
    pub durable: bool,
    /// What calls a fallback off; `acked` with `requires_ack`, else `seen`, if left out.
    pub unless: Unless,
}

impl Publish {
    /// Reads the body of one publish.
    ///
    /// Errors are [`Refusal::FieldInvalid`] with the JSON pointer of the first field that cannot
    /// be used. A `null` is the same as leaving the field out.
    pub fn parse(body: &Value, rules: &Rules<'_>) -> Result<Self, Refusal> {
        let fields = Fields::open(body, String::new(), &KNOWN)?;
        let to = to::parse(&fields)?;
        let category = fields
            .token("category", limits::TOKEN)?
            .unwrap_or(DEFAULT_CATEGORY);
        check_category(&fields, category, &to, rules)?;
        let title = fields.line("title", limits::TITLE)?;
        let requires_ack = fields.flag("requires_ack")?.unwrap_or(false);
        later::check_deliver_at(&fields, rules.now)?;
        later::check_fallback(&fields)?;
        later::check_repeat(&fields, requires_ack)?;
        let default_unless = if requires_ack {
            Unless::Acked
        } else {
            Unless::Seen
        };
        Ok(Self {
            to,
            kind: fields.choice("type")?.unwrap_or(Kind::Info),
            category: category.to_owned(),
            priority: fields.choice("priority")?.unwrap_or(Priority::Normal),
            title: title
                .ok_or_else(|| fields.refuse("title", "it is missing"))?
                .to_owned(),
            message: fields
                .text("message", limits::MESSAGE)?
                .unwrap_or_default()
                .to_owned(),
            data: data(&fields)?,
            icon: icon(&fields)?,
            group: fields.line("group", limits::GROUP)?.map(str::to_owned),
            tags: tags(&fields)?,
            actions: action::parse_all(&fields)?,
            key: fields.line("key", limits::KEY)?.map(str::to_owned),
            on_update: fields.choice("on_update")?.unwrap_or(OnUpdate::Silent),
            expires_in: fields.duration("expires_in", (SECOND, YEAR))?,
            requires_ack,
            durable: fields.flag("durable")?.unwrap_or(true),
            unless: fields.choice("unless")?.unwrap_or(default_unless),
        })
    }
}

/// Upper and lower case are one category here, so that no spelling slips by.
fn check_category(
    fields: &Fields<'_>,
    category: &str,
    to: &Audience,
    rules: &Rules<'_>,
) -> Result<(), Refusal> {
    let for_admins = ADMIN_CATEGORIES
        .iter()
        .any(|name| name.eq_ignore_ascii_case(category));
    if for_admins && !to.is_admins(rules.admin_role) {
        let detail = format!(
            "{category} may go to {{\"role\": \"{}\"}} alone",
            rules.admin_role
        );
        return Err(fields.refuse("category", detail));
    }
    Ok(())
}

fn data(fields: &Fields<'_>) -> Result<Box<RawValue>, Refusal> {
    let empty = Value::Object(serde_json::Map::new());
    let value = fields.value("data").unwrap_or(&empty);
    if !value.is_object() {
        return Err(fields.refuse("data", "it must be an object"));
    }
    if is_deeper(value, limits::DATA_DEPTH) {
        return Err(fields.refuse(
            "data",
            format!("it is nested deeper than {} levels", limits::DATA_DEPTH),
        ));
    }
    let json = value.to_string();
    if json.len() > limits::DATA_BYTES {
        let detail = format!(
            "it has {} bytes as JSON, {} are allowed",
            json.len(),
            limits::DATA_BYTES
        );
        return Err(fields.refuse("data", detail));
    }
    RawValue::from_string(json).map_err(|_| fields.refuse("data", "it cannot be written as JSON"))
}

/// Whether containers are nested more than `levels` deep; stops there.
fn is_deeper(value: &Value, levels: usize) -> bool {
    let below = |child: &Value| is_deeper(child, levels.saturating_sub(1));
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => true,
        Value::Array(items) => items.iter().any(below),
        Value::Object(members) => members.values().any(below),
        _ => false,
    }
}

fn icon(fields: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let Some(icon) = fields.line("icon", limits::URL)? else {
        return Ok(None);
    };
    url::check_icon(icon).map_err(|detail| fields.refuse("icon", detail))?;
    Ok(Some(icon.to_owned()))
}

fn tags(fields: &Fields<'_>) -> Result<Vec<String>, Refusal> {
    let mut tags: Vec<String> = Vec::new();
    for (index, value) in fields.list("tags", limits::TAGS)?.iter().enumerate() {
        let tag = line(value, limits::TAG)
            .map_err(|detail| refuse(format!("{}/{index}", fields.pointer("tags")), detail))?;
        if !tags.iter().any(|other| other == tag) {
            tags.push(tag.to_owned());
        }
    }
    Ok(tags)
}
