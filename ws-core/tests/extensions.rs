//! The grammar of `Sec-WebSocket-Extensions` (RFC 6455 §9.1): rows H23, H28 and the grammar half of
//! H25; HS-60, HS-66.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use ws_core::handshake::{Extensions, MAX_EXTENSIONS, MalformedExtensions};

/// What the list says, as its shortest spelling.
fn parse(value: &str) -> Result<String, MalformedExtensions> {
    let list: Result<Vec<_>, _> = Extensions::of_value(value.as_bytes()).collect();
    let list = list?;
    Ok(list.iter().map(|extension| format!("{extension:?}")).collect::<Vec<_>>().join(", "))
}

#[test]
fn lists_in_the_grammar() {
    for (value, spelling) in [
        ("a", "a"),
        ("a, b ,\tc", "a, b, c"),
        ("foo, bar; baz=2", "foo, bar; baz=2"), // §9.1
        ("deflate-stream", "deflate-stream"),
        ("mux; max-channels=4; flow-control, deflate-stream", ""),
        ("private-extension", "private-extension"),
        ("a ; b = c ; d", "a; b=c; d"),
        ("a;b=\"c\"", "a; b=c"),
        ("a;b= \"10\" , c", "a; b=10, c"),
        (r#"a;b="\c\d""#, "a; b=cd"),
        ("a;b=\"\"", "a; b="), // HS-66: for the extension to decline
        ("a;b;b=1;b", "a; b; b=1; b"),
        (",a,, b,", "a, b"), // RFC 9110 §5.6.1.2
        ("constructor; __proto__=1", "constructor; __proto__=1"),
        ("!#$%&'*+-.^_`|~09AZaz", "!#$%&'*+-.^_`|~09AZaz"),
    ] {
        let spelling = if spelling.is_empty() { value } else { spelling };
        assert_eq!(parse(value).as_deref(), Ok(spelling), "{value:?}");
    }
}

#[test]
fn h23_hs60_lists_out_of_the_grammar() {
    let long = format!("a;b=\"{}", r"\c".repeat(4096));
    let longer = format!("a;b=\"{}\"", r"\\".repeat(4096));
    for value in [
        "",
        " ",
        ",",
        ";",
        "a;",
        "a;;b",
        ";a",
        "a;b=",
        "a;b=;c",
        "a;=c",
        "a=b",
        "a b",
        "a;b c",
        "a;b=c d",
        "a;b=\"c",
        "a;b=\"c\\",
        "a;b=\"c\\\"",
        "a;b=\"\\\\c\"", // an escaped `\` is no octet of a token
        "a;b=\"c\"d",
        "a;b=\"c d\"",
        "a;b=\"c,d\"",
        "a;b=\"\\\"\"",
        "\"a\"",
        "a;\"b\"",
        "a;b='c d'",
        "a/b",
        "\u{e9}",
        "a;b=\u{e9}",
        "a\0",
        &long,
        &longer,
    ] {
        assert_eq!(parse(value), Err(MalformedExtensions), "{value:?}");
    }
    // What comes before the fault is given, then the fault, then nothing more.
    let mut list = Extensions::of_value(b"a, b;, c");
    assert_eq!(list.next().unwrap().unwrap().name, "a");
    assert_eq!(list.next().unwrap().err(), Some(MalformedExtensions));
    assert!(list.next().is_none());
    assert!(MalformedExtensions.to_string().contains("Sec-WebSocket-Extensions"));
}

#[test]
fn values_are_compared_without_their_quotes() {
    let list: Vec<_> =
        Extensions::of_value(br#"a;b=10;b="10";b="\10";b=1"#).map(Result::unwrap).collect();
    let values: Vec<_> = list[0].params().iter().map(|param| param.value.unwrap()).collect();
    assert!(values[..3].iter().all(|value| *value == "10" && *value == values[0]));
    assert!(values[3] != "10" && values[0] != "1" && values[0] != "100");
    assert!(values[3] != values[0] && values[3] == "1");
    assert_eq!(
        [values[0], values[1], values[3]].map(|v| v.as_str()),
        [Some("10"), Some("10"), Some("1")]
    );
    assert_eq!((values[2].as_str(), values[2].to_string().as_str()), (None, "10"));
    assert_eq!(format!("{:?}", list[0].params()), "[b=10, b=10, b=10, b=1]");
    assert_eq!(format!("{:?}", values[2]), "10");
}

#[test]
fn h28_the_first_16_are_looked_at() {
    let names: Vec<String> = (0..17).map(|n| format!("x{n}")).collect();
    let list = parse(&names.join(",")).unwrap();
    assert_eq!(list, names[..MAX_EXTENSIONS].join(", "));
    // Nothing behind the 16th is: not even a fault is found.
    assert_eq!(parse(&format!("{};;;", names.join(","))), Ok(list));
    for (count, more) in [(16, false), (17, true), (1000, true)] {
        let value = format!("a{}, b", ";p=1".repeat(count));
        let list: Vec<_> = Extensions::of_value(value.as_bytes()).map(Result::unwrap).collect();
        assert_eq!((list[0].params().len(), list[0].has_more_params()), (16, more));
        assert_eq!((list.len(), list[1].name), (2, "b"));
    }
}

#[test]
fn reading_a_list_allocates_nothing() {
    let counted = allocation_counter::measure(|| {
        let list = Extensions::of_value(br#"a;b="\c";d=10, e"#).map(Result::unwrap);
        assert_eq!(list.map(|extension| extension.params().len()).sum::<usize>(), 2);
    });
    assert_eq!(counted.count_total, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Total, and what it gives is spelt as it was understood.
    #[test]
    fn any_octets_are_a_list_or_not(value in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[ab;=,\" \\\\\t]{0,24}".prop_map(String::into_bytes),
    ]) {
        if let Ok(list) = Extensions::of_value(&value).collect::<Result<Vec<_>, _>>() {
            prop_assert!(!list.is_empty() && list.len() <= MAX_EXTENSIONS);
            let empty = |value: &ws_core::handshake::ParamValue<'_>| value.chars().next().is_none();
            let odd = list.iter().any(|one| one.has_more_params()
                || one.params().iter().any(|param| param.value.as_ref().is_some_and(empty)));
            if !odd {
                let spelling = list.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(", ");
                prop_assert_eq!(parse(&spelling), Ok(spelling));
            }
        }
    }
}
