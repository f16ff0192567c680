//! The tables in `conformance::cases` against the suite's own cases, field by field, both ways.
//!
//! `data/autobahn-25.10.1.json` says of each case what Autobahn|Testsuite 25.10.1 does, one case a
//! line. Here each table row is written in the same form, and the two have to be the same value: a
//! field that one of them has and the other has not is a difference too.

use serde_json::{Value, json};
use ws_harness::conformance::ask::{self, Offer};
use ws_harness::conformance::case::{
    Adjust, Ask, Case, Closer, Compare, Event, Expect, ExpectClose, RoundTrips, Source, Step,
    Timer, Write,
};
use ws_harness::conformance::cases;
use ws_harness::conformance::corpus::Unit;
use ws_harness::conformance::payload::Payload;

fn data() -> Value {
    serde_json::from_str(include_str!("data/autobahn-25.10.1.json")).unwrap()
}

#[test]
fn every_case_is_the_suites_case() {
    let data = data();
    let suite = data["cases"].as_array().unwrap();
    let ours = cases::all();
    let written: Vec<Value> = ours.iter().map(|case| written(case, &data)).collect();
    for (a, b) in [(&written[..], &suite[..]), (&suite[..], &written[..])] {
        let missing = a.iter().filter(|a| b.iter().all(|b| a["id"] != b["id"]));
        let missing: Vec<&Value> = missing.map(|case| &case["id"]).collect();
        assert!(missing.is_empty(), "only one of the two has {missing:?}");
    }
    assert_eq!(written.len(), suite.len());
    for (ours, suite) in written.iter().zip(suite) {
        let mut suite = suite.clone();
        // What follows from the case is not part of it; `verdicts_are_there_where_computed`.
        suite.as_object_mut().unwrap().remove("verdicts").unwrap();
        let mut differences = Vec::new();
        differ("", ours, &suite, &mut differences);
        assert!(differences.is_empty(), "{}:\n{}", suite["id"], differences.join("\n"));
    }
}

#[test]
fn there_are_517_in_running_order_and_each_is_found() {
    assert_eq!(cases::all().len(), 517);
    assert!(cases::all().is_sorted_by(|a, b| a.id < b.id), "sorted, none twice");
    for case in cases::all() {
        assert_eq!(cases::find(&case.id), Some(case));
    }
    assert_eq!(cases::find(&"7.2.1".parse().unwrap()), None);
    assert!(cases::ids().iter().eq(cases::all().iter().map(|case| &case.id)));
}

#[test]
fn every_case_explains_itself_and_arms_one_timer() {
    for case in cases::all() {
        let Case { id, about, rule, .. } = case;
        assert!(about.ends_with('.') && !about.contains('\n'), "{id}: {about}");
        assert!(rule.section.starts_with("RFC ") && rule.section.contains('§'), "{id}");
        assert!(rule.text.ends_with('.') && !rule.text.contains("  "), "{id}: {}", rule.text);
        let timers = case.send.iter().filter(|step| matches!(step, Step::Arm(_))).count();
        assert_eq!((timers, case.timer().is_some()), (1, true), "{id}");
    }
}

/// The suite's verdicts for outcomes of a case were computed for the cases with lists, no others.
#[test]
fn verdicts_are_there_where_computed() {
    let data = data();
    let sets = data["verdicts"].as_array().unwrap();
    let mut used = vec![false; sets.len()];
    for (case, suite) in cases::all().iter().zip(data["cases"].as_array().unwrap()) {
        let set = suite["verdicts"].as_u64().map(|set| usize::try_from(set).unwrap());
        assert_eq!(set.is_some(), matches!(case.expect, Expect::Events { .. }), "{}", case.id);
        let Some(set) = set else { continue };
        used[set] = true;
        let non_strict = matches!(&case.expect, Expect::Events { non_strict: Some(_), .. });
        assert_eq!(sets[set].get("nonstrict_events").is_some(), non_strict, "{}", case.id);
    }
    assert!(used.into_iter().all(|used| used), "no set of verdicts without a case");
}

/// A case as the data file has it.
fn written(case: &Case, data: &Value) -> Value {
    json!({
        "id": case.id,
        "send": case.send.iter().map(step).collect::<Vec<_>>(),
        "expect": expect(&case.expect),
        "close": close(case),
        "autoClose": case.auto_close,
        "adjust": adjust(case.adjust),
        "deflate": case.deflate.map(|asks| deflate(asks, data)),
        "reportTime": case.reports_time(),
        "reportRatio": case.reports_ratio(),
    })
}

/// Up to 64 octets in hex; more as a pattern in hex and the length in all.
fn payload(payload: &Payload) -> Value {
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    match payload {
        Payload::Repeat { pattern, len } if *len > 64 => json!(format!("{}*{len}", hex(pattern))),
        short => json!(hex(&short.octets())),
    }
}

fn step(step: &Step) -> Value {
    match step {
        Step::Frame(frame) => json!({
            "frame": frame.opcode.0,
            "fin": frame.fin,
            "rsv": frame.rsv,
            "payload": payload(&frame.payload),
            "write": match frame.write {
                Write::Plain => json!("plain"),
                Write::Sync => json!("sync"),
                Write::Chop(octets) => json!(octets),
            },
        }),
        Step::Message { opcode, payload: message, fragment } => {
            let (frames, last_frame) = cut(message.len(), *fragment);
            json!({
                "message": opcode.0,
                "payload": payload(message),
                "fragment": fragment,
                "frames": frames,
                "lastFrame": last_frame,
            })
        }
        Step::FrameHeader { opcode, fin, rsv, payload_len } => {
            json!({ "header": opcode.0, "fin": fin, "rsv": rsv, "length": payload_len })
        }
        Step::FramePiece(piece) => json!({ "piece": payload(piece) }),
        Step::Close { code, reason } => {
            let mut octets = code.map_or(Vec::new(), |code| code.to_be_bytes().into());
            octets.extend_from_slice(
                &reason.as_ref().map_or(Vec::new(), |text| text.octets().into()),
            );
            json!({
                "close": code,
                "reason": reason.as_ref().map(payload),
                "payload": octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>(),
            })
        }
        Step::Wait { duration, tag } => json!({ "wait": duration.as_millis(), "tag": tag }),
        Step::Arm(Timer::Kill(after)) => json!({ "armKill": after.as_millis() }),
        Step::Arm(Timer::Close(after)) => json!({ "armClose": after.as_millis() }),
        Step::RoundTrips(RoundTrips { count, opcode, source }) => match source {
            Source::Same(same) => {
                json!({ "times": count, "opcode": opcode.0, "payload": payload(same) })
            }
            Source::Windows { file, len, fragment } => json!({
                "times": count,
                "opcode": opcode.0,
                "file": file.name(),
                "unit": match file.unit() {
                    Unit::Octet => "octet",
                    Unit::Character => "char",
                },
                "length": len,
                "fragment": fragment,
            }),
        },
    }
}

/// Frames of a message, and octets in the last one, which is empty if the length divides evenly.
fn cut(len: usize, fragment: Option<usize>) -> (usize, usize) {
    match fragment {
        Some(fragment) if len > fragment => (len / fragment + 1, len % fragment),
        _ => (1, len),
    }
}

fn events(events: &[Event]) -> Value {
    let event = |event: &Event| match event {
        Event::Message { binary, payload: message } => {
            json!({ "message": payload(message), "binary": binary })
        }
        Event::Pong(pong) => json!({ "pong": payload(pong) }),
        Event::Timeout(tag) => json!({ "timeout": tag }),
    };
    events.iter().map(event).collect()
}

fn expect(expect: &Expect) -> Value {
    match expect {
        Expect::Events { ok, non_strict } => {
            json!({ "ok": events(ok), "nonStrict": non_strict.as_deref().map(events) })
        }
        Expect::Length { binary, len } => json!({ "first": { "binary": binary, "length": len } }),
        Expect::Echoes { compare: Compare::Length } => json!({ "echoes": "length" }),
        Expect::Echoes { compare: Compare::Octets } => json!({ "echoes": "octets" }),
    }
}

fn close(case: &Case) -> Value {
    let ExpectClose { closer, clean, codes } = &case.close;
    let scripted = case.send.iter().any(|step| matches!(step, Step::Close { .. }));
    // When the engine sends a Close of its own accord, as the data says it.
    let when = match (&case.expect, closer, &case.deflate) {
        (Expect::Length { .. }, ..) => "first message",
        (Expect::Echoes { .. }, _, None) => "echoes",
        (Expect::Echoes { .. }, _, Some(_)) => "echoes, or no deflate",
        (Expect::Events { .. }, Closer::Testee, _) => "never",
        (Expect::Events { .. }, Closer::Engine, _) if scripted => "script",
        (Expect::Events { .. }, Closer::Engine, _) => "events",
    };
    json!({
        "closer": match closer {
            Closer::Engine => "suite",
            Closer::Testee => "peer",
        },
        "clean": clean,
        "codes": codes,
        "when": when,
    })
}

fn adjust(adjust: Adjust) -> String {
    match adjust {
        Adjust::Nothing => "none".to_owned(),
        Adjust::WrongCodeFails => "wrong code fails".to_owned(),
        Adjust::WrongCloserFails => "wrong closer fails".to_owned(),
        Adjust::Informational => "informational".to_owned(),
        Adjust::SentFrames { text, continuation } => {
            format!("{text} text + {continuation} continuation frames")
        }
    }
}

/// Which of the data's negotiations is what these asks come to.
fn deflate(asks: &[Ask], data: &Value) -> usize {
    let offers = [
        ("permessage-deflate", Offer::default()),
        (
            "permessage-deflate; client_max_window_bits",
            Offer { client_max_window_bits: true, ..Offer::default() },
        ),
        (
            "permessage-deflate; server_no_context_takeover",
            Offer { server_no_context_takeover: true, ..Offer::default() },
        ),
    ];
    let answers = offers
        .map(|(text, offer)| (text, ask::answer(asks, &[offer]).map(|answer| answer.to_string())));
    let ours = json!({ "offer": ask::offers(asks), "answers": answers });
    let known = data["deflate"].as_array().unwrap();
    known.iter().position(|negotiation| *negotiation == ours).unwrap_or_else(|| {
        panic!("the suite does not negotiate {ours:#}");
    })
}

/// Every place in which two values differ.
fn differ(at: &str, ours: &Value, suite: &Value, differences: &mut Vec<String>) {
    match (ours, suite) {
        (Value::Object(a), Value::Object(b)) => {
            let both = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in both {
                let (a, b) = (a.get(key), b.get(key));
                match (a, b) {
                    (Some(a), Some(b)) => differ(&format!("{at}.{key}"), a, b, differences),
                    _ => differences.push(format!("{at}.{key}: ours {a:?}, the suite's {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differ(&format!("{at}[{index}]"), a, b, differences);
            }
        }
        (a, b) if a == b => {}
        (a, b) => differences.push(format!("{at}: ours {a}, the suite's {b}")),
    }
}
