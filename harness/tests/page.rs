//! `wsconf page` and the page that every run leaves: what is in them, and what is refused. How it
//! looks and behaves is in page_browser.rs.

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::{baseline, case, id, ok, report, run, wsconf};
use ws_harness::report::html::past::Past;
use ws_harness::report::html::{Implementation, Page, page};
use ws_harness::report::schema::{Behavior, BehaviorClose, Report, Role};
use ws_harness::report::store;

/// What is between the first `<NAME` and its end.
fn element<'a>(page: &'a str, begin: &str) -> &'a str {
    let (_, rest) = page.split_once(begin).unwrap_or_else(|| panic!("no {begin}"));
    let rest = if begin.ends_with('>') { rest } else { rest.split_once('>').unwrap().1 };
    let end = if begin.starts_with("<style") { "</style>" } else { "</script>" };
    rest.split_once(end).unwrap().0
}

fn data(page: &str) -> Value {
    serde_json::from_str(element(page, "<script type=\"application/json\"")).unwrap()
}

/// A compressed block of the page.
fn block(page: &str, name: &str) -> Value {
    let text = element(page, &format!("<script type=\"application/octet-stream\" id=\"{name}\""));
    let packed = STANDARD.decode(text).unwrap();
    let mut out = vec![0; 4 << 20];
    let mut inflate = zlib_rs::Inflate::new(false, 15);
    inflate.decompress(&packed, &mut out, zlib_rs::InflateFlush::Finish).unwrap();
    out.truncate(usize::try_from(inflate.total_out()).unwrap());
    serde_json::from_slice(&out).unwrap()
}

fn of(report: Report) -> Page {
    Page { title: "T".to_owned(), shown: vec![report.into()], ..Page::default() }
}

#[test]
fn no_text_of_a_report_ends_its_element() {
    let hostile = "</script><!--<script>\u{2028}&\"'";
    let mut hated = report(Role::Client, vec![ok("1.1.1")]);
    hated.testee.agent = hostile.to_owned();
    hated.started = hostile.to_owned();
    let mut all = of(hated);
    all.title = format!("</title>{hostile}");
    all.notes = vec![hostile.to_owned()];
    all.shown[0].command = Some(hostile.to_owned());
    all.shown[0].details.insert(id("1.1.1"), json!({"result": hostile, "httpRequest": hostile}));
    let plain = page(&of(report(Role::Client, vec![ok("1.1.1")])));
    let text = page(&all);
    for tag in ["<script", "</script", "<title", "</title", "<!--"] {
        // One block more, for the details.
        let more = usize::from(tag.contains("script"));
        assert_eq!(text.matches(tag).count(), plain.matches(tag).count() + more, "{tag}");
    }
    let data = data(&text);
    assert_eq!(data["shown"][0]["agent"], hostile);
    assert_eq!(data["notes"][0], hostile);
    assert_eq!(block(&text, "details-0")["1.1.1"]["result"], hostile);
}

#[test]
fn the_policy_names_our_script_and_style_by_digest_and_nothing_else() {
    let text = page(&of(report(Role::Server, vec![ok("1.1.1")])));
    let policy = text.split_once("Content-Security-Policy\" content=\"").unwrap().1;
    let policy = policy.split_once('"').unwrap().0;
    let digest = |of: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(of)));
    let style = digest(element(&text, "<style"));
    let script = digest(element(&text, "<script>"));
    let wanted = format!(
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; \
         style-src {style}; script-src {script}"
    );
    assert_eq!(policy, wanted);
    for elsewhere in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML"] {
        assert!(!text.contains(elsewhere), "{elsewhere}");
    }
}

#[test]
fn what_the_script_reads_is_what_was_reported() {
    let failed = case("6.4.3", Behavior::Failed, BehaviorClose::WrongCode);
    let server = report(Role::Server, vec![ok("1.1.1"), failed]);
    let client = report(Role::Client, vec![ok("1.1.1"), ok("7.1.1")]);
    let mut all = of(server);
    all.shown.push(client.into());
    all.baselines = vec![baseline(Role::Server, &[ok("1.1.1"), ok("6.4.3")])];
    let text = page(&all);
    let data = data(&text);
    assert_eq!(data["ids"], json!(["1.1.1", "6.4.3", "7.1.1"]));
    assert_eq!(data["shown"][0]["verdicts"], "Ab.");
    assert_eq!(data["shown"][1]["verdicts"], "A.A");
    assert_eq!(data["baselines"], json!({"server": "AA."}));
    assert_eq!(data["letters"][27], json!(["FAILED", "WRONG CODE", 5]));
    assert_eq!(data["shown"][1]["durations"], json!([1, null, 1]));
    assert_eq!(data["groups"]["6"], "UTF-8");
    let words = block(&text, "words");
    assert_eq!(words["6.4.3"][0], "RFC 6455 §8.1");
    assert!(words["6.4.3"][2].as_str().unwrap().contains("header of TEXT, claims 21 octets"));
}

#[test]
fn history_tells_when_a_case_changed() {
    let at = |when: &str, cases| {
        let mut report = report(Role::Server, cases);
        report.started = when.to_owned();
        report
    };
    let bad = case("1.1.2", Behavior::Failed, BehaviorClose::Ok);
    let reports = [
        at("2026-03-01T00:00:00Z", vec![ok("1.1.1")]),
        at("2026-01-01T00:00:00Z", vec![ok("1.1.1"), ok("1.1.2")]),
        at("2026-02-01T00:00:00Z", vec![ok("1.1.1"), bad]),
    ];
    let past = Past::of(&reports.iter().collect::<Vec<_>>());
    let counts: Vec<_> = past.runs.iter().map(|run| (run.counts[0], run.counts[5])).collect();
    assert_eq!(counts, [(2, 0), (1, 1), (1, 0)]);
    assert_eq!(past.changes.keys().collect::<Vec<_>>(), [&id("1.1.2")]);
    let changes: Vec<_> = past.changes[&id("1.1.2")]
        .iter()
        .map(|change| (&change.when[..7], change.verdict.map(|verdict| verdict.to_string())))
        .collect();
    let words = |text: &str| Some(text.to_owned());
    let wanted = [("2026-01", words("OK/OK")), ("2026-02", words("FAILED/OK")), ("2026-03", None)];
    assert_eq!(changes, wanted);
    let mut all = of(reports[0].clone());
    all.shown[0] = Implementation { past, ..reports[0].clone().into() };
    let past = &data(&page(&all))["shown"][0]["past"];
    assert_eq!(past["runs"][1], json!(["2026-02-01T00:00:00Z", null, [1, 0, 0, 0, 0, 1]]));
    assert_eq!(past["changes"]["1.1.2"][1][2], "Y");
}

/// Our own server, for as long as this is held, and where it is.
struct Server(Child, String);

impl Server {
    fn start() -> Self {
        use std::io::BufRead as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws-server"));
        command.args(["--addr", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self(child, url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_run_leaves_a_page_and_more_runs_make_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    for agent in ["ours", "ours again"] {
        let arguments = ["test", "server", &server.1, "--cases", "7.1.1 1.1.1", "--agent", agent];
        let (code, out, err) = run(wsconf(dir.path()).args(arguments).args(["--out", agent]));
        assert_eq!(code, 0, "{out}{err}");
    }
    let own = read(&dir.path().join("ours/index.html"));
    assert_eq!(data(&own)["shown"][0]["agent"], "ours");
    let log = &block(&own, "details-0")["7.1.1"]["wirelog"];
    assert!(log.to_string().contains("[\"TF\",[12,\"Hello World!\"],1,true"), "{log}");

    let expected = baseline(Role::Server, &[ok("1.1.1")]);
    store::save_baseline(&dir.path().join("baseline.json"), &expected).unwrap();
    let arguments = ["page", "ours", "ours again", "--baseline", "baseline.json"];
    let arguments = [&arguments[..], &["--earlier", "ours", "--out", "all.html"]].concat();
    let (code, out, err) = run(wsconf(dir.path()).args(arguments));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("page: all.html: 2 reports, "), "{out}");
    let all = read(&dir.path().join("all.html"));
    let data = data(&all);
    assert_eq!(data["shown"][1]["agent"], "ours again");
    assert_eq!(data["shown"][0]["past"]["runs"].as_array().unwrap().len(), 2);
    assert_eq!(data["shown"][1]["past"]["runs"], json!([]));
    assert_eq!(data["baselines"]["server"], "A.");
    assert!(
        block(&all, "details-1")["1.1.1"]["httpRequest"].as_str().unwrap().starts_with("GET /")
    );
    // A narrower run leaves the files of the one before, which are not its own.
    let narrow = ["test", "server", &server.1, "--cases", "1.1.1", "--agent", "ours"];
    let (code, out, err) = run(wsconf(dir.path()).args(narrow).args(["--out", "ours"]));
    assert_eq!(code, 0, "{out}{err}");
    assert!(dir.path().join("ours/ours_case_7_1_1.json").exists());
    let details = block(&read(&dir.path().join("ours/index.html")), "details-0");
    assert_eq!(details.as_object().unwrap().keys().collect::<Vec<_>>(), ["1.1.1"]);
    // A report whose case files are gone, or that never had any.
    std::fs::copy(dir.path().join("ours/report.json"), dir.path().join("bare.json")).unwrap();
    let (code, out, err) =
        run(wsconf(dir.path()).args(["page", "bare.json", "--out", "bare.html"]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(!read(&dir.path().join("bare.html")).contains("id=\"details-0\""));
}

#[test]
fn a_folder_stands_for_every_report_below_it_each_once() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path);
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        std::fs::write(at(path), text).unwrap();
    };
    let save = |path: &str, agent: &str, role: Role| {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        let mut report = report(role, vec![ok("1.1.1")]);
        report.testee.agent = agent.to_owned();
        store::save_report(&at(path), &report).unwrap();
    };
    let index = |agents: &[&str]| {
        let entry = json!({"1.1.1": {"behavior": "OK", "behaviorClose": "OK", "duration": 7,
            "remoteCloseCode": 1000, "reportfile": "x_case_1_1_1.json"}});
        let all: serde_json::Map<_, _> =
            agents.iter().map(|agent| ((*agent).to_owned(), entry.clone())).collect();
        Value::Object(all).to_string()
    };
    let case_file = |agent: &str, is_server: bool| {
        json!({"agent": agent, "id": "1.1.1", "isServer": is_server, "result": "seen"}).to_string()
    };
    // Of `wsconf test`: one agent, and two in one folder; the suite's index says no more.
    save("runs/a/report.json", "a", Role::Server);
    write("runs/a/index.json", &index(&["a"]));
    save("runs/many/report-b.json", "b", Role::Server);
    save("runs/many/report-c.json", "c", Role::Server);
    write("runs/many/index.json", &index(&["b", "c"]));
    write("runs/many/c_case_1_1_1.json", &case_file("c", false));
    // Of `wsconf autobahn`: the suite's files are in a folder of the report's name.
    save("runs/autobahn-client.json", "d", Role::Client);
    write("runs/autobahn-client/suite/index.json", &index(&["d"]));
    write("runs/autobahn-client/suite/d_case_1_1_1.json", &case_file("d", true));
    // Of the suite alone: what judged was a server, so x is a client.
    write("runs/suite/clients/index.json", &index(&["x"]));
    write("runs/suite/clients/x_case_1_1_1.json", &case_file("x", true));
    // What is none of ours.
    store::save_baseline(&at("runs/baseline.json"), &baseline(Role::Server, &[ok("1.1.1")]))
        .unwrap();
    write("runs/other/index.json", "[1, 2]");
    write("runs/other/package.json", "{\"name\": \"x\"}");
    write("runs/other/broken.json", "{");
    write("runs/.hidden/report.json", "{");
    let page = |paths: &[&str]| {
        let (code, out, err) =
            run(wsconf(dir.path()).arg("page").args(paths).args(["--out", "all.html"]));
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let text = read(&at("all.html"));
        let shown = data(&text)["shown"].as_array().unwrap().clone();
        let who =
            |one: &Value| [&one["agent"], &one["role"]].map(|x| x.as_str().unwrap().to_owned());
        (shown.iter().map(|one| who(one).join(" ")).collect::<Vec<_>>(), text)
    };
    let (all, text) = page(&["runs"]);
    assert_eq!(all, ["d client", "a server", "b server", "c server", "x client"]);
    for (nth, why) in [(0, "seen"), (3, "seen"), (4, "seen")] {
        assert_eq!(block(&text, &format!("details-{nth}"))["1.1.1"]["result"], why);
    }
    assert_eq!(page(&["runs/many"]).0, ["b server", "c server"]);
    assert_eq!(page(&["runs/many/report-c.json", "runs/a"]).0, ["c server", "a server"]);
    assert_eq!(page(&["runs/suite/clients/index.json"]).0, ["x client"]);
    // Broken ones that can only be ours, and an index that does not tell what its agents were.
    write("broken/report.json", "{");
    write("mute/index.json", &index(&["x"]));
    for (folder, code, why) in [("broken", 2, "malformed"), ("mute", 2, "wsconf collect --role")] {
        let (found, _, err) = run(wsconf(dir.path()).args(["page", folder, "--out", "x.html"]));
        assert!(found == code && err.contains(why), "{folder}: {err}");
    }
}

#[test]
fn what_makes_no_page_says_why() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    std::fs::write(dir.path().join("bad.json"), "{").unwrap();
    store::save_report(&dir.path().join("good.json"), &report(Role::Server, vec![ok("1.1.1")]))
        .unwrap();
    store::save_baseline(&dir.path().join("b.json"), &baseline(Role::Server, &[ok("1.1.1")]))
        .unwrap();
    for (arguments, code, why) in [
        (&["empty", "--out", "x"][..], 4, "empty holds no report"),
        (&["nowhere", "--out", "x"], 2, "nowhere is not there"),
        (&["bad.json", "--out", "x"], 2, "bad.json is malformed"),
        (&["good.json", "--baseline", "none.json", "--out", "x"], 2, "none.json is not there"),
        (
            &["good.json", "--baseline", "b.json", "--baseline", "b.json", "--out", "x"],
            2,
            "two of them",
        ),
        (&["good.json", "--out", "no/such/x"], 2, "cannot write no/such/x"),
        (&["good.json"], 2, "--out"),
    ] {
        let (found, out, err) = run(wsconf(dir.path()).arg("page").args(arguments));
        assert_eq!(found, code, "{arguments:?}: {out}{err}");
        assert!(err.contains(why), "{arguments:?}: {err}");
    }
}
