//! The query of an Engine.IO request.
//!
//! Engine.IO's parameters are plain ASCII without escapes, so nothing is decoded: what is escaped
//! is not one of the known values. A parameter given twice is refused, since proxies and servers
//! differ in which one they take.

use bellgate_codes::Refusal;

/// Longest query that is looked at.
const MAX_BYTES: usize = 4096;

/// The parameters that matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query<'a> {
    pub(crate) eio: Option<&'a str>,
    pub(crate) transport: Option<&'a str>,
    pub(crate) sid: Option<&'a str>,
}

impl<'a> Query<'a> {
    /// Reads a query; names that mean nothing here are ignored, as socket.io does.
    pub(crate) fn parse(query: &'a str) -> Result<Self, Refusal> {
        if query.len() > MAX_BYTES {
            return Err(refused("the query is too long"));
        }
        let mut parsed = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "EIO" => &mut parsed.eio,
                "transport" => &mut parsed.transport,
                "sid" => &mut parsed.sid,
                "j" => return Err(refused("JSONP is not supported")),
                _ if is_list_of_known(name) => {
                    return Err(refused("a parameter is written as a list"));
                }
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(refused("a parameter stands twice in the query"));
            }
        }
        Ok(parsed)
    }
}

/// `sid[]`, `transport[0]`: other servers read these as the parameter, and clients never send them.
fn is_list_of_known(name: &str) -> bool {
    name.split_once('[')
        .is_some_and(|(name, _)| matches!(name, "EIO" | "transport" | "sid"))
}

fn refused(detail: &str) -> Refusal {
    Refusal::BadRequest {
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn the_three_parameters_are_found_among_others() {
        let query = Query::parse("EIO=4&transport=polling&t=abc&sid=x&token=secret").unwrap();
        assert_eq!(
            query,
            Query {
                eio: Some("4"),
                transport: Some("polling"),
                sid: Some("x")
            }
        );
    }

    #[test]
    fn a_parameter_given_twice_or_as_a_list_is_refused() {
        for query in [
            "EIO=4&EIO=3",
            "sid=a&sid=b",
            "transport=polling&transport=websocket",
            "sid=&sid=",
            "sid[]=x",
            "EIO[0]=4",
        ] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn jsonp_and_endless_queries_are_refused() {
        assert!(Query::parse("EIO=4&j=0").is_err());
        assert!(Query::parse(&"a".repeat(5000)).is_err());
    }

    #[test]
    fn names_of_another_spelling_are_not_parameters() {
        assert_eq!(
            Query::parse("filter[]=x&%73id=y&SID=z").unwrap(),
            Query::default()
        );
    }

    proptest::proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "(\\PC|[&=%]|sid|EIO|transport){0,200}") {
            if let Ok(parsed) = Query::parse(&query) {
                for value in [parsed.eio, parsed.transport, parsed.sid].into_iter().flatten() {
                    proptest::prop_assert!(query.contains(value) && !value.contains('&'));
                }
            }
        }
    }
}
