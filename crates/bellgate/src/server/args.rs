//! Arguments of events and acks: JSON values and bytes.

use bellgate_wire::Arguments;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A list of arguments, as an event or an ack carries them.
///
/// JSON is kept as the text it arrived in, so that passing it on changes nothing. Bytes travel as
/// attachments; where one stood, the JSON has `{"_placeholder":true,"num":N}`.
///
/// ```
/// use bellgate::Args;
///
/// let args = Args::new().json(&"saved").json(&serde_json::json!({"id": 7}));
/// assert_eq!(args.len(), 2);
/// assert_eq!(args.get::<String>(0).unwrap(), "saved");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    json: Arguments,
    attachments: Vec<Bytes>,
}

impl Args {
    /// No arguments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value. One that cannot be written as JSON (a map whose keys are no strings) becomes `null`.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        let json = serde_json::to_string(value);
        self.json.push(json.as_deref().unwrap_or("null"));
        self
    }

    /// Adds JSON text as it is. `None` where it is no JSON.
    #[must_use]
    pub fn raw(mut self, text: &str) -> Option<Self> {
        serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
        self.json.push(text);
        Some(self)
    }

    /// Adds bytes.
    #[must_use]
    pub fn binary(mut self, data: impl Into<Bytes>) -> Self {
        let num = self.attachments.len();
        self.json
            .push(&format!(r#"{{"_placeholder":true,"num":{num}}}"#));
        self.attachments.push(data.into());
        self
    }

    pub(crate) const fn received(json: Arguments, attachments: Vec<Bytes>) -> Self {
        Self { json, attachments }
    }

    /// Number of arguments.
    pub fn len(&self) -> usize {
        self.json.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// The argument at `index`, read as `T`.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json.get(index).unwrap_or("null"))
    }

    /// The raw JSON of each argument.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.json.iter()
    }

    /// The bytes that placeholders stand for, by their `num`.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Bytes of all arguments.
    pub(crate) fn bytes(&self) -> usize {
        let attached: usize = self.attachments.iter().map(Bytes::len).sum();
        self.array().len() + attached
    }

    /// The JSON array of an event: `["name",1,2]`.
    pub(crate) fn event(&self, name: &str) -> String {
        let args = self.array();
        let mut array = String::with_capacity(name.len() + "[\"\",".len() + args.len());
        array.push('[');
        array.push_str(&Value::from(name).to_string());
        if !self.is_empty() {
            array.push(',');
        }
        // The array of the arguments without its opening bracket.
        array.push_str(args.get(1..).unwrap_or("]"));
        array
    }

    /// The JSON array of an ack: `[1,2]`.
    pub(crate) fn array(&self) -> &str {
        self.json.array()
    }

    pub(crate) fn into_attachments(self) -> Vec<Bytes> {
        self.attachments
    }
}

impl From<Value> for Args {
    fn from(value: Value) -> Self {
        Self::new().json(&value)
    }
}

impl From<&str> for Args {
    fn from(text: &str) -> Self {
        Self::new().json(text)
    }
}

impl From<()> for Args {
    fn from((): ()) -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    #[test]
    fn an_event_names_itself_first_and_is_escaped() {
        assert_eq!(Args::from("x").event("a\"b"), r#"["a\"b","x"]"#);
        assert_eq!(Args::new().event("ping"), r#"["ping"]"#);
    }

    #[test]
    fn bytes_stand_as_numbered_placeholders() {
        let args = Args::new().binary(vec![1]).json(&true).binary(vec![2]);
        assert_eq!(
            args.json.array(),
            r#"[{"_placeholder":true,"num":0},true,{"_placeholder":true,"num":1}]"#
        );
        assert_eq!(args.attachments().len(), 2);
    }

    #[test]
    fn raw_text_that_is_no_json_is_not_taken() {
        assert!(Args::new().raw("{\"a\":1}").is_some());
        assert!(Args::new().raw("{\"a\":1").is_none());
        assert!(Args::new().raw("1],[2").is_none());
    }
}
