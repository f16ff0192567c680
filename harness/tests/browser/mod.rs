//! A real Chromium, headless, driven over its DevTools protocol: by our own client.
#![allow(unreachable_pub, reason = "a module of a test binary, not a library")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use ws_core::tokio::{ClientStream, WebSocket};
use ws_core::{Config, Limits, Message};

/// Where a Chromium may be, besides where `WSCONF_CHROMIUM` says.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// No call takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One page of a browser of its own, which ends with it.
pub struct Browser {
    process: Child,
    socket: WebSocket<ClientStream>,
    session: Option<String>,
    last_id: u64,
    /// Exceptions and errors of the console, as they came.
    pub complaints: Vec<String>,
    /// Every URL that the page has asked for.
    pub requests: Vec<String>,
    _profile: tempfile::TempDir,
}

/// The browser's program; `None`, with a line that says so, if there is none and none is demanded.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("WSCONF_CHROMIUM").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|dir| NAMES.map(|name| dir.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        let demanded = std::env::var_os("WSCONF_PAGE_TEST").is_some();
        assert!(!demanded, "no Chromium on PATH: install one, or name it in WSCONF_CHROMIUM");
        eprintln!("skipped: no Chromium on PATH (one can be named in WSCONF_CHROMIUM)");
    }
    found
}

impl Browser {
    /// Starts a Chromium with one empty page; `None` if there is no Chromium.
    pub async fn start() -> Option<Self> {
        let program = program()?;
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
        command.args(["--disable-dev-shm-usage", "--remote-debugging-port=0"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("Chromium starts");
        let said = BufReader::new(process.stderr.take().unwrap());
        let url = said
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned))
            .expect("Chromium says where its DevTools listen");
        // A screenshot is one message.
        let limits = Limits::builder().max_message_len(64 << 20).max_frame_len(64 << 20);
        let config = Config::with_limits(limits.build().unwrap());
        let socket = ws_core::tokio::connect(&url, config).await.expect("DevTools accept us");
        let mut browser = Self {
            process,
            socket,
            session: None,
            last_id: 0,
            complaints: Vec::new(),
            requests: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        Some(browser)
    }

    /// One call of the protocol, and its result.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).await.unwrap();
        loop {
            let mut said = self.next().await;
            if said["id"] == self.last_id {
                assert_eq!(said["error"], Value::Null, "{method}");
                return said["result"].take();
            }
            self.note(&said);
        }
    }

    async fn next(&mut self) -> Value {
        let said = tokio::time::timeout(PATIENCE, self.socket.recv()).await;
        let said = said.expect("Chromium answers").unwrap().expect("Chromium is there");
        serde_json::from_slice(said.payload()).unwrap()
    }

    fn note(&mut self, said: &Value) {
        let params = &said["params"];
        match said["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Log.entryAdded") => {
                self.complaints.push(params.to_string());
            }
            Some("Network.requestWillBeSent") => {
                self.requests.extend(params["request"]["url"].as_str().map(str::to_owned));
            }
            _ => {}
        }
    }

    /// Opens a file, and waits until it is loaded and drawn.
    pub async fn open(&mut self, page: &Path) {
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", json!({"url": url})).await;
        let drawn = "new Promise(done => { const wait = () => document.readyState === 'complete' \
            && performance.getEntriesByName('first-contentful-paint').length ? requestAnimationFrame(() => requestAnimationFrame(done)) \
            : setTimeout(wait, 5); wait(); })";
        self.eval(drawn).await;
    }

    /// Evaluates a script; what it throws fails the test.
    pub async fn eval(&mut self, script: &str) -> Value {
        let params = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let mut said = self.call("Runtime.evaluate", params).await;
        assert_eq!(said["exceptionDetails"], Value::Null, "{script}");
        said["result"]["value"].take()
    }

    /// Waits until `script` gives `expected`: what a key press leads to, a busy machine shows later.
    pub async fn comes_to(&mut self, script: &str, expected: Value, about: &str) {
        for _ in 0..200 {
            if self.eval(script).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.eval(script).await, expected, "{about}");
    }

    /// Goes to another view of the page, and waits until it is there.
    pub async fn go(&mut self, hash: &str) {
        self.eval(&format!(
            "new Promise(done => {{ const before = document.querySelector('main').firstChild; \
             const seen = new MutationObserver(() => {{ seen.disconnect(); \
             requestAnimationFrame(() => done(null)); }}); \
             seen.observe(document.querySelector('main'), {{childList: true}}); \
             if (location.hash === {hash:?}) done(before); else location.hash = {hash:?}; }}).then(() => null)"
        ))
        .await;
    }

    /// Presses a key, as its `key` and `code` are named.
    pub async fn press(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let code = match key {
                "Enter" => 13,
                "Tab" => 9,
                "Escape" => 27,
                "End" => 35,
                "Home" => 36,
                "ArrowLeft" => 37,
                "ArrowUp" => 38,
                "ArrowRight" => 39,
                "ArrowDown" => 40,
                _ => panic!("no code for {key}"),
            };
            let params = json!({
                "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code,
            });
            self.call("Input.dispatchKeyEvent", params).await;
        }
        // Pages that expand a block are drawn a little later.
        self.eval(
            "new Promise(done => setTimeout(() => requestAnimationFrame(() => done(null)), 60))",
        )
        .await;
    }

    /// A window of this many CSS pixels; narrow ones are phones.
    pub async fn size(&mut self, width: u32, height: u32) {
        let mobile = width < 600;
        let scale = if mobile { 2 } else { 1 };
        let params = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile,
        });
        self.call("Emulation.setDeviceMetricsOverride", params).await;
    }

    /// The reader prefers `light` or `dark`.
    pub async fn theme(&mut self, theme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": theme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [feature]})).await;
    }

    /// A picture of what is seen, into the folder of `WSCONF_SHOTS`, if there is one.
    pub async fn shoot(&mut self, name: &str) {
        let Some(dir) = std::env::var_os("WSCONF_SHOTS") else { return };
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        let standard = base64::engine::general_purpose::STANDARD;
        let png = standard.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(Path::new(&dir).join(format!("{name}.png")), png).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
