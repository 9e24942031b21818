//! Users by the web application's own word: what it is asked at `BELLGATE_AUTH_URL`, and what its answer
//! comes to (contract §4, the last provider).
//!
//! Nothing is sent here: a driver posts [`Question::body`], signed, and has [`Said`] read what comes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bellgate_codes::Refusal;
use serde::Serialize;
use serde_json::{Map, Value};

use super::brought::{Arrival, Brought};
use super::credentials::Credentials;
use super::find::{Found, Identities};
use super::outside::{Answer, Answers, Need};
use super::standing::{Identity, Provider, Standing, User};
use super::stored::ended;
use super::token::unavailable;
use crate::escape::{escape_for_log, on_one_line};

/// The longest question, in bytes: four times what a listener takes for all headers of a request.
const QUESTION_BYTES: usize = 64 * 1024;

/// Longest id of a user, name of a role or topic, in bytes.
const NAME_BYTES: usize = 256;

/// Most roles of a user, and most topics.
const NAMES: usize = 100;

/// Most characters of a message for people.
const MESSAGE: usize = 200;

/// What stands for a message where the application gives none.
const NO_MESSAGE: &str = "the web application refuses this login";

/// What the web application is asked about one arrival. Whoever has it can be the user, so nothing of it is
/// written out by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Question(Arc<Asked>);

#[derive(PartialEq, Eq)]
struct Asked {
    arrival: Arrival,
    headers: BTreeMap<&'static str, String>,
    auth: Option<Value>,
}

/// The body of a question.
#[derive(Serialize)]
struct Body<'a> {
    namespace: &'a str,
    address: Option<std::net::IpAddr>,
    headers: BTreeMap<&'static str, &'a str>,
    auth: Option<&'a Value>,
}

impl Question {
    /// About these credentials; `counts`: their cookies do. None where there is nothing in them that could
    /// log in (no cookie, no `Authorization`, no payload of its own), or nobody asks to be let in.
    pub(super) fn worth_asking(
        credentials: &Credentials,
        counts: bool,
        brought: &Brought,
    ) -> Option<Self> {
        let arrival = brought.arrival()?.clone();
        let headers = credentials.told(counts);
        let logs_in = ["cookie", "authorization"];
        let is_worth =
            brought.may_log_in() || logs_in.iter().any(|name| headers.contains_key(name));
        is_worth.then(|| {
            let auth = brought.payload().cloned();
            Self(Arc::new(Asked {
                arrival,
                headers,
                auth,
            }))
        })
    }

    /// The same about a further CONNECT of the connection that brings another payload.
    pub fn with_payload(&self, brought: &Brought) -> Option<Self> {
        let arrival = brought.arrival()?.clone();
        let auth = brought.payload().cloned();
        let is_other = brought.may_log_in() && auth != self.0.auth;
        let headers = self.0.headers.clone();
        is_other.then(|| {
            Self(Arc::new(Asked {
                arrival,
                headers,
                auth,
            }))
        })
    }

    /// `{namespace, address, headers: {cookie, authorization, origin, user-agent, x-csrftoken}, auth}` as JSON
    /// text; the same text for the same question. A header that did not come is left out, `address` and
    /// `auth` are null then.
    pub fn body(&self) -> String {
        let Asked {
            arrival,
            headers,
            auth,
        } = &*self.0;
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let origin = arrival.origin.as_deref().map(|origin| ("origin", origin));
        let body = Body {
            namespace: &arrival.namespace,
            address: arrival.address,
            headers: headers.chain(origin).collect(),
            auth: auth.as_ref(),
        };
        // Texts under fixed names, and a value that was read from JSON, can always be written.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({})", self.0.arrival.namespace)
    }
}

/// What the web application says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is this user.
    User(Told),
    /// It is nobody in particular.
    Visitor,
    /// The login is refused.
    Refused {
        /// Why, for people: one line, at most 200 characters.
        message: String,
    },
}

/// A user, as the web application tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The user's id; never empty.
    pub user: String,
    /// The user's roles.
    pub roles: Vec<String>,
    /// Topics that the user's connections follow from the start.
    pub topics: Vec<String>,
    /// The last second in which this holds, in Unix seconds; none where nothing ends it.
    pub expires_at: Option<u64>,
}

/// Why an answer with status 200 cannot be used. Reads well after "its answer ".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerFault {
    /// It is no JSON object, or a name stands twice in it.
    NotAnObject(String),
    /// A member that there is not.
    Unknown(String),
    /// A member that is there, and is not what it should be.
    Member(&'static str, &'static str),
}

impl Said {
    /// Reads the body of an answer with status 200, which came at `now` in Unix seconds:
    /// `{user, roles, topics, expires_in, data}`. `user` is an id, as text or whole number, or null for a visitor;
    /// `roles` and `topics` are lists of names, or one; `expires_in` is a number of seconds; `data` is looked at by
    /// nobody yet. Each but `user` may be left out or null.
    ///
    /// # Errors
    /// What is wrong with it. A member that is not known is an error, lest a slip in `roles` or `expires_in`
    /// admit somebody for longer, or to less, than was meant.
    pub fn read(body: &[u8], now: u64) -> Result<Self, AnswerFault> {
        let read = bellgate_json::parse(body);
        let value = read.map_err(|error| AnswerFault::NotAnObject(error.to_string()))?;
        let Value::Object(members) = value else {
            return Err(AnswerFault::NotAnObject("it is something else".to_owned()));
        };
        let known = ["user", "roles", "topics", "expires_in", "data"];
        if let Some(other) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(AnswerFault::Unknown(escape_for_log(other.as_bytes(), 64)));
        }
        let told = Told {
            user: match user(&members)? {
                Some(user) => user,
                None => return Ok(Self::Visitor),
            },
            roles: names(&members, "roles")?,
            topics: names(&members, "topics")?,
            expires_at: match members.get("expires_in") {
                None | Some(Value::Null) => None,
                Some(seconds) => {
                    let seconds = seconds.as_u64().filter(|seconds| *seconds > 0);
                    let wrong =
                        AnswerFault::Member("expires_in", "is no number of whole seconds above 0");
                    Some(now.saturating_add(seconds.ok_or(wrong)?))
                }
            },
        };
        Ok(Self::User(told))
    }

    /// Reads the body of an answer with status 401 or 403: `{message}`, or anything, which says no more than
    /// the status does.
    pub fn read_refusal(body: &[u8]) -> Self {
        let value = bellgate_json::parse(body).unwrap_or_default();
        let message = value.get("message").and_then(Value::as_str);
        let message = on_one_line(message.unwrap_or_default(), MESSAGE);
        Self::Refused {
            message: if message.is_empty() {
                NO_MESSAGE.to_owned()
            } else {
                message
            },
        }
    }
}

fn user(members: &Map<String, Value>) -> Result<Option<String>, AnswerFault> {
    let wrong = |what| Err(AnswerFault::Member("user", what));
    match members.get("user") {
        None => wrong("is missing; null is a visitor"),
        Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) if !number.is_f64() => Ok(Some(number.to_string())),
        Some(Value::String(id)) if (1..=NAME_BYTES).contains(&id.len()) => Ok(Some(id.clone())),
        Some(Value::String(_)) => wrong("is empty, or longer than 256 bytes"),
        Some(_) => wrong("is neither a text, nor a whole number, nor null"),
    }
}

fn names(members: &Map<String, Value>, member: &'static str) -> Result<Vec<String>, AnswerFault> {
    let wrong = |what| AnswerFault::Member(member, what);
    let list = match members.get(member) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if list.len() > NAMES {
        return Err(wrong("has more than 100 names"));
    }
    let name = |value: &Value| {
        let name = value
            .as_str()
            .filter(|name| (1..=NAME_BYTES).contains(&name.len()));
        name.map(str::to_owned)
    };
    let names: Option<Vec<String>> = list.iter().map(name).collect();
    let mut names = names.ok_or(wrong("holds what is no name of 1 to 256 bytes"))?;
    names.sort();
    names.dedup();
    Ok(names)
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject(why) => {
                write!(f, "is no JSON object in which each name stands once: {why}")
            }
            Self::Unknown(name) => write!(
                f,
                "has a member {name}, which is none of user, roles, topics, expires_in and data"
            ),
            Self::Member(name, what) => write!(f, "cannot be used: {name} {what}"),
        }
    }
}

impl Identities {
    /// What the web application's answer to a question comes to, or that it has to be asked first.
    pub fn answered(&self, question: Question, answers: &Answers) -> Found {
        if question.body().len() > QUESTION_BYTES {
            let detail = "the auth payload is too long to ask the application about".to_owned();
            return Found::Refused(Refusal::TokenInvalid { detail });
        }
        let need = Need::Application(question.clone());
        match answers.of(&need) {
            None => Found::Needs(need),
            Some(Answer::Said(Said::User(told))) => {
                let identity = self.with_roles(
                    Identity {
                        user: told.user.clone(),
                        roles: Vec::new(),
                        topics: told.topics.clone().into(),
                        expires_at: told.expires_at,
                        is_fresh: false,
                        provider: Provider::Webhook,
                        session_key: None,
                    },
                    told.roles.clone(),
                );
                Found::Known(Standing::User(User {
                    identity,
                    // The application has seen the page's origin and its token, and has judged them.
                    csrf: None,
                    reported: None,
                    question: Some(question),
                }))
            }
            Some(Answer::Said(Said::Visitor)) => Found::Known(Standing::Visitor { because: None }),
            Some(Answer::Said(Said::Refused { message })) => Found::Refused(refused(message)),
            Some(Answer::Unavailable { what }) => Found::Refused(unavailable(what)),
            Some(Answer::Keys(_) | Answer::Session(_)) => {
                Found::Refused(unavailable("the web application"))
            }
        }
    }

    /// Who a user is by now of whom the application was asked again.
    pub(super) fn by_said_anew(&self, held: &Identity, said: &Said) -> Result<Identity, Refusal> {
        match said {
            Said::User(told) if told.user == held.user => {
                let identity = Identity {
                    topics: told.topics.clone().into(),
                    expires_at: told.expires_at,
                    ..held.clone()
                };
                Ok(self.with_roles(identity, told.roles.clone()))
            }
            Said::User(_) => Err(Refusal::IdentityChanged {}),
            Said::Visitor => Err(ended("the user has logged out")),
            Said::Refused { message } => Err(refused(message)),
        }
    }
}

fn refused(message: &str) -> Refusal {
    Refusal::AuthRefused {
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_764_000_000;

    fn said(answer: &str) -> Result<Said, String> {
        Said::read(answer.as_bytes(), NOW).map_err(|fault| fault.to_string())
    }

    fn told(answer: &str) -> Told {
        match said(answer) {
            Ok(Said::User(told)) => told,
            other => panic!("{answer}: {other:?}"),
        }
    }

    fn brought(auth: &str, namespace: &str) -> Brought {
        Brought::by_connect(Some(auth), true).with_arrival(Arrival {
            namespace: namespace.to_owned(),
            origin: Some("https://app.example".to_owned()),
            address: Some([192, 0, 2, 7].into()),
        })
    }

    fn credentials(lines: &[(&'static str, &'static [u8])]) -> Credentials {
        let headers = lines.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value).unwrap();
            (HeaderName::from_static(name), value)
        });
        Credentials::read(&headers.collect(), None)
    }

    #[test]
    fn a_question_holds_what_came_byte_by_byte_and_cookies_only_where_they_count() {
        let credentials =
            credentials(&[("cookie", b"a=1; b=\xeb"), ("user-agent", "Zoë".as_bytes())]);
        let brought = brought(r#"{"ticket":1}"#, "/");
        let ask = |counts| Question::worth_asking(&credentials, counts, &brought).unwrap();
        let body: Value = serde_json::from_str(&ask(true).body()).unwrap();
        let expected = json!({
            "namespace": "/",
            "address": "192.0.2.7",
            "headers": {
                "cookie": "a=1; b=\u{eb}",
                "user-agent": "Zo\u{c3}\u{ab}",
                "origin": "https://app.example",
            },
            "auth": {"ticket": 1},
        });
        assert_eq!(body, expected);
        assert!(!ask(false).body().contains("cookie"));
        assert_eq!(format!("{:?}", ask(true)), "Question(/)");
    }

    #[test]
    fn nothing_is_asked_where_nothing_could_log_in() {
        let with_cookie = credentials(&[("cookie", b"a=1")]);
        for (auth, counts, is_asked) in [
            ("{}", true, true),
            ("{}", false, false),
            (r#"{"csrf_token":"x","pid":"p","offset":"o"}"#, false, false),
            (r#"{"ticket":null}"#, false, true),
        ] {
            let question = Question::worth_asking(&with_cookie, counts, &brought(auth, "/"));
            assert_eq!(question.is_some(), is_asked, "{auth}");
        }
        let nowhere = Brought::by_connect(Some(r#"{"ticket":1}"#), true);
        assert_eq!(Question::worth_asking(&with_cookie, true, &nowhere), None);
    }

    #[test]
    fn a_further_connect_is_another_question_only_by_another_payload() {
        let first = brought(r#"{"ticket":1}"#, "/");
        let question = Question::worth_asking(&Credentials::default(), true, &first).unwrap();
        for same in [r#"{"ticket":1}"#, "{}", r#"{"csrf_token":"x"}"#] {
            assert_eq!(
                question.with_payload(&brought(same, "/admin")),
                None,
                "{same}"
            );
        }
        let other = question
            .with_payload(&brought(r#"{"ticket":2}"#, "/admin"))
            .unwrap();
        assert!(other.body().contains("/admin") && other.body().contains('2'));
    }

    #[test]
    fn a_user_has_what_the_answer_says_and_nothing_else() {
        let whole = told(
            r#"{"user":"7","roles":["editor","admin","editor"],"topics":"news","expires_in":60,"data":{"a":[1]}}"#,
        );
        assert_eq!(whole.user, "7");
        assert_eq!(whole.roles, ["admin", "editor"]);
        assert_eq!(whole.topics, ["news"]);
        assert_eq!(whole.expires_at, Some(NOW + 60));
        let least = told(r#"{"user":7,"roles":null,"expires_in":null}"#);
        assert_eq!(
            least,
            Told {
                user: "7".to_owned(),
                roles: Vec::new(),
                topics: Vec::new(),
                expires_at: None
            }
        );
        let long = told(r#"{"user":"7","expires_in":18446744073709551615}"#);
        assert_eq!(long.expires_at, Some(u64::MAX));
        assert_eq!(
            said(r#"{"user":null,"roles":["admin"]}"#),
            Ok(Said::Visitor)
        );
    }

    #[test]
    fn an_answer_that_cannot_be_used_is_told_by_what_is_wrong_with_it() {
        let long = json!({"user": "7".repeat(257)}).to_string();
        let many = json!({"user": "7", "topics": vec!["t"; 101]}).to_string();
        for (answer, expected) in [
            ("", "no JSON object"),
            ("[]", "no JSON object"),
            ("null", "no JSON object"),
            ("<html>", "no JSON object"),
            (r#"{"user":"7","user":"8"}"#, "a member stands twice"),
            (r#"{"user":"7"}x"#, "no JSON object"),
            ("{}", "user is missing"),
            (r#"{"user":""}"#, "user is empty"),
            (&long, "longer than 256 bytes"),
            (r#"{"user":["7"]}"#, "user is neither"),
            (r#"{"user":1.5}"#, "user is neither"),
            (r#"{"user":true}"#, "user is neither"),
            (r#"{"user":"7","role":"admin"}"#, "a member role,"),
            (r#"{"user":"7","a\nb":1}"#, r"a member a\nb,"),
            (r#"{"user":"7","roles":[7]}"#, "roles holds what is no name"),
            (
                r#"{"user":"7","roles":[""]}"#,
                "roles holds what is no name",
            ),
            (
                r#"{"user":"7","roles":{"admin":true}}"#,
                "roles holds what is no name",
            ),
            (&many, "topics has more than 100 names"),
            (r#"{"user":"7","expires_in":0}"#, "expires_in is no number"),
            (r#"{"user":"7","expires_in":-1}"#, "expires_in is no number"),
            (
                r#"{"user":"7","expires_in":"60"}"#,
                "expires_in is no number",
            ),
            (
                r#"{"user":"7","expires_in":6.5}"#,
                "expires_in is no number",
            ),
        ] {
            let fault = said(answer).unwrap_err();
            assert!(fault.contains(expected), "{answer}: {fault}");
        }
    }

    #[test]
    fn a_refusal_brings_its_message_on_one_line_or_a_usual_one() {
        let message = |body: &str| match Said::read_refusal(body.as_bytes()) {
            Said::Refused { message } => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            message(r#"{"message":" Your account\r\nis closed "}"#),
            "Your account is closed"
        );
        for body in [
            "",
            "no",
            "<h1>Unauthorized</h1>",
            r#"{"message":7}"#,
            r#"{"message":"\n"}"#,
        ] {
            assert_eq!(message(body), NO_MESSAGE, "{body}");
        }
        let long = json!({"message": "x".repeat(10_000)}).to_string();
        assert_eq!(message(&long).chars().count(), MESSAGE);
    }

    proptest! {
        #[test]
        fn whatever_is_answered_only_a_user_with_a_name_is_one(
            body in r#"(\{("(user|roles|topics|expires_in|data|x)":("[a-z\\"]{0,3}"|-?[0-9]{0,3}|null|\[.{0,4}\]),?){0,4}\}|.*)"#,
        ) {
            if let Ok(Said::User(told)) = Said::read(body.as_bytes(), NOW) {
                prop_assert!(!told.user.is_empty());
                prop_assert!(told.expires_at.is_none_or(|end| end > NOW));
                prop_assert!(told.roles.iter().chain(&told.topics).all(|name| !name.is_empty()));
            }
            let Said::Refused { message } = Said::read_refusal(body.as_bytes()) else {
                return Err(TestCaseError::fail("a refusal is one"));
            };
            prop_assert!(!message.is_empty() && message.chars().count() <= MESSAGE);
        }
    }
}
