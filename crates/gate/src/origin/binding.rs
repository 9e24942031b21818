//! A session stays with the origin that opened it.

use bellgate_codes::Refusal;

use crate::canon::Origin;
use crate::facts::RequestFacts;
use crate::header::OriginHeader;

/// The origin of a session: the first admitted one that any of its requests brings (contract §3).
///
/// Call [`Binding::admit`] for each request of the session, after [`judge`](super::judge()) has
/// admitted it. A request without Origin fits every session: behind one TLS name polls carry none,
/// posts and the upgrade do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Binding(Bound);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Bound {
    #[default]
    Nothing,
    Null,
    To(Origin),
}

impl Binding {
    /// Takes the origin of an admitted request, or compares it with the one it has.
    pub fn admit(&mut self, facts: &RequestFacts) -> Result<(), Refusal> {
        let fits = match (&self.0, facts.origin()) {
            (_, OriginHeader::Absent) | (Bound::Null, OriginHeader::Null) => true,
            (Bound::Nothing, OriginHeader::Null) => {
                self.0 = Bound::Null;
                true
            }
            (Bound::Nothing, OriginHeader::Valid(origin)) => {
                self.0 = Bound::To(origin.clone());
                true
            }
            (Bound::To(bound), OriginHeader::Valid(origin)) => bound == origin,
            (_, OriginHeader::Malformed { received, detail }) => {
                let (received, detail) = (received.clone(), detail.clone());
                return Err(Refusal::OriginMalformed { received, detail });
            }
            (Bound::Null, OriginHeader::Valid(_)) | (Bound::To(_), OriginHeader::Null) => false,
        };
        if fits {
            Ok(())
        } else {
            Err(self.changed(facts))
        }
    }

    /// Whether [`Binding::admit`] would find nothing to take and nothing to refuse.
    pub fn holds(&self, facts: &RequestFacts) -> bool {
        match (&self.0, facts.origin()) {
            (_, OriginHeader::Absent) | (Bound::Null, OriginHeader::Null) => true,
            (Bound::To(bound), OriginHeader::Valid(origin)) => bound == origin,
            _ => false,
        }
    }

    /// Whether one of the session's requests brought an origin.
    pub const fn is_bound(&self) -> bool {
        !matches!(self.0, Bound::Nothing)
    }

    /// The origin that the session is bound to; none before one came, and none for `null`.
    /// A cookie counts only where there is one (contract §4).
    pub const fn origin(&self) -> Option<&Origin> {
        match &self.0 {
            Bound::To(origin) => Some(origin),
            Bound::Nothing | Bound::Null => None,
        }
    }

    fn changed(&self, facts: &RequestFacts) -> Refusal {
        let name =
            |origin: Option<&Origin>| origin.map_or_else(|| "null".to_owned(), Origin::to_string);
        Refusal::OriginChanged {
            origin: name(facts.origin().valid()),
            bound: name(self.origin()),
        }
    }
}
