//! The JSON scanner beside another implementation's opinion of the same texts.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use bellgate_codes::Code;
use bellgate_codes::Refusal;
use bellgate_wire::{Arguments, Limits, SocketPacket, validate_json};
use proptest::prelude::*;
use serde_json::value::RawValue;

fn is_valid(text: &str) -> bool {
    validate_json(text, 64).is_ok()
}

/// An array as the arguments of an ack.
fn split_array(text: &str) -> Result<Vec<String>, Refusal> {
    let ack = format!("30 {text}");
    let packet = SocketPacket::decode(&ack, &Limits::default())?;
    let args: Arguments = packet.args.into_iter().collect();
    Ok(args.iter().map(str::to_owned).collect())
}

#[test]
fn values_of_every_form_are_valid() {
    for text in [
        "null",
        " true ",
        "false",
        "0",
        "-0",
        "1.0e-7",
        "12E+3",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00ff\"",
        "[]",
        "{}",
        "[[],{}]",
        "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"d\":\"\"}",
        "\t[\n1 ,\r2 ]",
        "\"\u{7f}\u{2028}𝄞\"",
    ] {
        assert!(is_valid(text), "{text}");
    }
}

#[test]
fn broken_texts_are_refused() {
    for text in [
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "NaN",
        "Infinity",
        "-",
        "+1",
        "01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "'a'",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\u{0}\"",
        "[",
        "]",
        "[,]",
        "[1,]",
        "[1 2]",
        "{",
        "}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{1:2}",
        "{\"a\":1 \"b\":2}",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "1 2",
        "[] []",
        "\u{feff}[]",
        "[1]\u{0}",
        "{a:1}",
        "// c\n1",
        "\u{a0}1",
    ] {
        assert!(!is_valid(text), "{text:?}");
    }
}

#[test]
fn no_control_character_stands_in_a_string_wherever_it_is() {
    for control in '\u{0}'..'\u{20}' {
        for before in 0..10 {
            for behind in ["", "123456789"] {
                let text = format!("\"{}{control}{behind}\"", "é".repeat(before));
                assert!(!is_valid(&text), "{text:?}");
            }
        }
    }
}

#[test]
fn the_depth_is_counted_over_arrays_and_objects() {
    let nested = |levels: usize| {
        format!(
            "{}1{}",
            "[{\"a\":".repeat(levels / 2),
            "}]".repeat(levels / 2)
        )
    };
    assert!(validate_json(&nested(64), 64).is_ok());
    assert_eq!(
        validate_json(&nested(66), 64).unwrap_err().code(),
        Code::PacketLimit
    );
    assert!(validate_json("[[]]", 2).is_ok());
    assert!(validate_json("[[]]", 1).is_err());
    assert!(validate_json("1", 0).is_ok());
    // More levels than the stack has room for are never taken.
    assert!(validate_json(&nested(128), usize::MAX).is_ok());
    assert_eq!(
        validate_json(&nested(130), usize::MAX).unwrap_err().code(),
        Code::PacketLimit
    );
}

#[test]
fn a_megabyte_of_brackets_is_refused_at_once() {
    for text in ["[".repeat(1_000_000), "{\"a\":".repeat(200_000)] {
        assert_eq!(
            validate_json(&text, 64).unwrap_err().code(),
            Code::PacketLimit
        );
    }
}

#[test]
fn an_array_of_half_a_million_elements_is_refused() {
    let of = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    assert_eq!(split_array(&of(1024)).unwrap().len(), 1024);
    for count in [1025, 500_000] {
        let refused = split_array(&of(count)).map(|elements| elements.len());
        assert_eq!(refused.unwrap_err().code(), Code::PacketLimit);
    }
}

#[test]
fn only_arrays_are_split() {
    for text in ["{}", "1", "\"[]\"", "[1", "[1]x", ""] {
        assert_eq!(
            split_array(text).unwrap_err().code(),
            Code::PacketMalformed,
            "{text}"
        );
    }
    assert_eq!(split_array(" [ ] ").unwrap(), Vec::<String>::new());
    assert_eq!(split_array("[[],{},[[1]]]").unwrap(), ["[]", "{}", "[[1]]"]);
}

/// Texts that are often nearly JSON.
fn json_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\\",
        "\\u00",
        "\\ud800",
        "0",
        "1",
        "-",
        ".5",
        "e1",
        "E+",
        "true",
        "null",
        "fals",
        "e",
        " ",
        "\n",
        "é",
        "𝄞",
        "\u{1}",
        "\"12345678\"",
        "[1,2]",
        "{\"k\":0}",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Valid JSON, with whitespace in odd places.
fn json_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-0.5e10".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| {
                let members = members.iter().map(|(key, value)| {
                    format!("{} : {value}", serde_json::to_string(key).unwrap())
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn nearly_json_is_judged_as_serde_judges_it(text in json_like()) {
        prop_assert_eq!(is_valid(&text), serde_json::from_str::<&RawValue>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn valid_json_is_valid(text in json_value()) {
        prop_assert!(is_valid(&text));
    }

    #[test]
    fn a_valid_text_with_one_byte_changed_is_judged_as_serde_judges_it(text in json_value(), at in any::<prop::sample::Index>(), byte in 0_u8..0x80) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert_eq!(is_valid(&text), serde_json::from_str::<&RawValue>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn an_array_is_split_as_serde_splits_it(items in prop::collection::vec(json_value(), 0..8)) {
        let text = format!("[{}]", items.join(" , "));
        let theirs: Vec<&RawValue> = serde_json::from_str(&text).unwrap();
        let ours = split_array(&text).unwrap();
        prop_assert_eq!(ours, theirs.iter().map(|raw| raw.get()).collect::<Vec<_>>());
    }

    #[test]
    fn no_text_makes_the_scanner_panic(text in any::<String>(), depth in any::<usize>()) {
        let _ = validate_json(&text, depth);
        let _ = split_array(&text);
    }
}
