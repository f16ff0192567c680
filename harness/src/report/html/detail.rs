//! What is known of one case beyond its verdict: of the file that the suite, or our engine, writes
//! for each case, the part that a page shows.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::conformance::CaseId;

/// By case.
pub type Details = BTreeMap<CaseId, Value>;

/// The suite's own names, which the page's script reads.
const KEPT: [&str; 23] = [
    "closedByMe",
    "droppedByMe",
    "expected",
    "expectedClose",
    "failedByMe",
    "httpRequest",
    "httpResponse",
    "localCloseCode",
    "localCloseReason",
    "received",
    "remoteCloseCode",
    "remoteCloseReason",
    "reportCompressionRatio",
    "result",
    "resultClose",
    "rxFrameStats",
    "rxOctetStats",
    "started",
    "trafficStats",
    "txFrameStats",
    "txOctetStats",
    "wasClean",
    "wasNotCleanReason",
];

/// Rows of a wire log that a page shows; how many there were is in `wirelogRows`.
const ROWS: usize = 400;

/// The part of a case's file that a page shows; nothing if it is no such file.
#[must_use]
pub fn of(file: Value) -> Option<(CaseId, Value)> {
    let Value::Object(mut file) = file else { return None };
    let id = file.get("id")?.as_str()?.parse().ok()?;
    let mut kept: Map<String, Value> = Map::new();
    for name in KEPT {
        match file.remove(name) {
            None | Some(Value::Null) => {}
            Some(value) => drop(kept.insert(name.to_owned(), value)),
        }
    }
    if let Some(Value::Array(mut rows)) = file.remove("wirelog") {
        kept.insert("wirelogRows".to_owned(), rows.len().into());
        rows.truncate(ROWS);
        kept.insert("wirelog".to_owned(), rows.into());
    }
    Some((id, Value::Object(kept)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_long_log_is_cut_and_what_is_not_shown_is_left_out() {
        let rows: Vec<Value> = (0..1000).map(|n| json!(["RO", [n, ""]])).collect();
        let file = json!({
            "id": "1.1.1", "result": "as demanded", "createStats": true, "wirelog": rows,
            "trafficStats": null,
        });
        let (id, kept) = of(file).unwrap();
        assert_eq!(id.to_string(), "1.1.1");
        assert_eq!(kept["wirelog"].as_array().unwrap().len(), ROWS);
        assert_eq!(kept["wirelogRows"], 1000);
        assert_eq!(kept["result"], "as demanded");
        assert!(kept.get("createStats").is_none() && kept.get("trafficStats").is_none());
    }

    #[test]
    fn another_file_is_none() {
        for file in [json!([]), json!({}), json!({"id": 1}), json!({"id": "x"})] {
            assert_eq!(of(file), None);
        }
    }
}
