//! `actions`: what a person can do about a notification.

use bellgate_codes::Refusal;
use serde::Serialize;
use serde_json::Value;

use crate::publish::fields::Fields;
use crate::publish::{limits, url};

const KNOWN: [&str; 5] = ["id", "text", "url", "event", "style"];

/// One thing to do: a link to open, or an event that the application gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Its name within the notification.
    pub id: String,
    /// What the button says.
    pub text: String,
    /// An `http` or `https` address, or a path of the page's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The event that the application gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// How the button looks, a name of the page's own set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
}

/// Reads the actions; their ids differ.
pub(crate) fn parse_all(body: &Fields<'_>) -> Result<Vec<Action>, Refusal> {
    let mut actions: Vec<Action> = Vec::new();
    for (index, value) in body.list("actions", limits::ACTIONS)?.iter().enumerate() {
        let (action, fields) = parse(value, format!("{}/{index}", body.pointer("actions")))?;
        if actions.iter().any(|other| other.id == action.id) {
            return Err(fields.refuse("id", "another action has it"));
        }
        actions.push(action);
    }
    Ok(actions)
}

fn parse(value: &Value, pointer: String) -> Result<(Action, Fields<'_>), Refusal> {
    let fields = Fields::open(value, pointer, &KNOWN)?;
    let missing = |name| fields.refuse(name, "it is missing");
    let id = fields
        .token("id", limits::TOKEN)?
        .ok_or_else(|| missing("id"))?;
    let text = fields
        .line("text", limits::ACTION_TEXT)?
        .ok_or_else(|| missing("text"))?;
    let url = fields.line("url", limits::URL)?;
    let event = fields.line("event", limits::KEY)?;
    if let Some(url) = url {
        url::check_link(url).map_err(|detail| fields.refuse("url", detail))?;
    }
    if url.is_some() == event.is_some() {
        return Err(fields.refuse("url", "an action has either a url or an event"));
    }
    let style = fields.token("style", limits::TOKEN)?;
    let action = Action {
        id: id.to_owned(),
        text: text.to_owned(),
        url: url.map(str::to_owned),
        event: event.map(str::to_owned),
        style: style.map(str::to_owned),
    };
    Ok((action, fields))
}
