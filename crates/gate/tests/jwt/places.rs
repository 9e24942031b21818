//! Where a token lies.

use bellgate_gate::Cookies;
use bellgate_gate::jwt::{Place, PlaceFault, TokenPlaces};
use serde_json::json;

fn in_header(places: &TokenPlaces, header: &str) -> Result<Option<String>, PlaceFault> {
    let cookies = Cookies::default();
    let found = places.find(None, Some(header), &cookies)?;
    Ok(found.map(|found| found.token.to_owned()))
}

#[test]
fn the_header_is_read_as_flask_reads_it() {
    let places = TokenPlaces::default();
    for (header, token) in [
        ("Bearer t", Ok(Some("t"))),
        ("  Bearer \t t  ", Ok(Some("t"))),
        ("Basic x, Bearer t", Ok(Some("t"))),
        (",Bearer t,", Ok(Some("t"))),
        ("Bearer t,,Basic x", Ok(Some("t"))),
        ("bearer t", Ok(None)),
        ("Basic x", Ok(None)),
        ("t", Ok(None)),
        ("Bearert", Ok(None)),
        ("", Ok(None)),
        (",,,", Ok(None)),
        ("Bearer a, Bearer b", Ok(None)),
        ("Bearer", Err(PlaceFault::Header)),
        ("Bearer ", Err(PlaceFault::Header)),
        ("Bearer a b", Err(PlaceFault::Header)),
    ] {
        let expected = token.map(|token| token.map(str::to_owned));
        assert_eq!(in_header(&places, header), expected, "{header:?}");
    }
    let bare = TokenPlaces {
        header: Some(String::new()),
        cookie: None,
    };
    assert_eq!(in_header(&bare, " t "), Ok(Some("t".to_owned())));
    assert_eq!(in_header(&bare, ""), Ok(None));
    assert_eq!(in_header(&bare, "Bearer t"), Err(PlaceFault::Header));
}

#[test]
fn the_first_place_that_holds_one_counts() {
    let places = TokenPlaces {
        cookie: Some("jwt".to_owned()),
        ..TokenPlaces::default()
    };
    let cookies = Cookies::parse(b"jwt=c; jwt=second");
    let found = |payload: &serde_json::Value, header| {
        let found = places
            .find(Some(payload), header, &cookies)
            .unwrap()
            .unwrap();
        (found.token.to_owned(), found.place)
    };
    let both = (json!({"token": "p"}), Some("Bearer h"));
    assert_eq!(found(&both.0, both.1), ("p".to_owned(), Place::Payload));
    for payload in [
        json!({}),
        json!({"token": null}),
        json!({"token": ""}),
        json!(null),
        json!("p"),
    ] {
        assert_eq!(
            found(&payload, Some("Bearer h")),
            ("h".to_owned(), Place::Header)
        );
        assert_eq!(found(&payload, None), ("c".to_owned(), Place::Cookie));
    }
}

#[test]
fn what_is_no_token_ends_the_search() {
    let places = TokenPlaces {
        cookie: Some("jwt".to_owned()),
        ..TokenPlaces::default()
    };
    let cookies = Cookies::parse(b"jwt=good");
    for payload in [
        json!({"token": 5}),
        json!({"token": ["t"]}),
        json!({"token": {"a": 1}}),
        json!({"token": false}),
    ] {
        let outcome = places.find(Some(&payload), Some("Bearer h"), &cookies);
        assert_eq!(outcome, Err(PlaceFault::Payload), "{payload}");
    }
    let outcome = places.find(None, Some("Bearer a b"), &cookies);
    assert_eq!(outcome, Err(PlaceFault::Header));
}

#[test]
fn places_that_are_not_set_are_not_read() {
    let cookies = Cookies::parse(b"access_token_cookie=c");
    let outcome = TokenPlaces::default().find(None, None, &cookies);
    assert_eq!(outcome, Ok(None));
    let cookie_only = TokenPlaces {
        header: None,
        cookie: Some("access_token_cookie".to_owned()),
    };
    let found = cookie_only.find(None, Some("Bearer h"), &cookies).unwrap();
    assert_eq!(found.map(|found| found.place), Some(Place::Cookie));
    assert!(!format!("{found:?}").contains("\"c\""));
}
