//! A validator for the part of JSON Schema (2020-12) that our schema uses. A keyword that it does
//! not know is a panic, so that none is taken for checked.

use serde_json::{Map, Value};
use ws_harness::conformance::CaseId;

/// The one pattern in use; [`CaseId`] is held to it.
const ID: &str = "^(0|[1-9][0-9]*)([.](0|[1-9][0-9]*))+$";

/// Where `value` is not as `root` says; nothing if it is.
pub fn errors(root: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(root, root, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, says) in schema.as_object().expect("a schema is an object") {
        let mut wrong = |what: String| found.push(format!("{at}: {what}"));
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let path = says.as_str().and_then(|path| path.strip_prefix('#')).unwrap();
                let schema = root.pointer(path).unwrap_or_else(|| panic!("no {path}"));
                check(root, schema, value, at, found);
            }
            "oneOf" => {
                let fits = |schema: &&Value| {
                    let mut inner = Vec::new();
                    check(root, schema, value, at, &mut inner);
                    inner.is_empty()
                };
                let count = says.as_array().unwrap().iter().filter(fits).count();
                if count != 1 {
                    wrong(format!("is {count} of {says}"));
                }
            }
            "const" if says == value => {}
            "enum" if says.as_array().unwrap().contains(value) => {}
            "const" | "enum" => wrong(format!("{value} is not {says}")),
            "type" => {
                let one = std::slice::from_ref(says);
                let types = says.as_array().map_or(one, Vec::as_slice);
                if !types.iter().any(|name| is(value, name.as_str().unwrap())) {
                    wrong(format!("{value} is no {says}"));
                }
            }
            "minimum" if value.as_i64().is_some_and(|n| n < says.as_i64().unwrap()) => {
                wrong(format!("{value} is below {says}"));
            }
            "maximum" if value.as_u64().is_some_and(|n| n > says.as_u64().unwrap()) => {
                wrong(format!("{value} is above {says}"));
            }
            "minimum" | "maximum" => {}
            "pattern" => {
                assert_eq!(says, ID, "the only pattern that is understood here");
                if value.as_str().is_some_and(|text| text.parse::<CaseId>().is_err()) {
                    wrong(format!("{value} is no id"));
                }
            }
            "items" => {
                for (nth, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, says, item, &format!("{at}/{nth}"), found);
                }
            }
            "required" => {
                for name in says.as_array().unwrap() {
                    let name = name.as_str().unwrap();
                    if value.as_object().is_some_and(|object| !object.contains_key(name)) {
                        wrong(format!("has no {name}"));
                    }
                }
            }
            "properties" => {
                for (name, schema) in says.as_object().unwrap() {
                    if let Some(inner) = value.get(name) {
                        check(root, schema, inner, &format!("{at}/{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(says, &Value::Bool(false));
                let none = Map::new();
                let known = schema["properties"].as_object().unwrap_or(&none);
                for name in value.as_object().into_iter().flat_map(Map::keys) {
                    if !known.contains_key(name) {
                        wrong(format!("{name} is unknown"));
                    }
                }
            }
            unknown => panic!("{at}: the keyword {unknown} is not understood here"),
        }
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not understood here"),
    }
}
