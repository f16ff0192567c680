//! The suite in a container, by the profile `suite` of our compose file.
//!
//! The container uses the host's network, so testees run here as usual. The run's folder is
//! mounted at [`INSIDE`]; whatever ends the run also removes the container.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::wstest::output;
use crate::group::{Group, Watch};

/// The suite's image; `docker-compose.yml` has the same as its default.
pub(super) const IMAGE: &str = "crossbario/autobahn-testsuite:25.10.1";

/// Where the container sees the run's folder.
pub(super) const INSIDE: &str = "/wsconf";

/// A download that takes longer than this has failed.
const PULL: Duration = Duration::from_secs(600);

/// A compose program with our file, an engine that answers, and the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compose {
    /// `docker compose` or `docker-compose`.
    program: Vec<&'static str>,
    file: PathBuf,
    image: String,
}

/// A container to be removed when the run ends, however it ends, with all that compose makes for a
/// project: older versions make a network and a volume even for a service that has neither.
#[derive(Debug)]
pub(super) struct Container {
    name: String,
    /// Ended after the removal.
    _watch: Option<Watch>,
}

/// Removes the container `$0` and its project's belongings; what is gone already is as good.
const REMOVE: &str =
    r#"{ docker rm -f "$0"; docker network rm "$0_default"; docker volume rm "$0_run"; }"#;

impl Container {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), _watch: Watch::set(REMOVE, name).ok() }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut remove = std::process::Command::new("sh");
        remove.args(["-c", REMOVE, &self.name]);
        let _ = remove.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

impl Compose {
    /// Looks for all that is needed, and downloads the image if it is not here.
    ///
    /// # Errors
    ///
    /// Why Docker cannot be used, for people.
    pub(super) async fn find(file: Option<&Path>) -> Result<Self, String> {
        let compose = Self::look(file).await?;
        if !compose.has_image().await {
            pull(&compose.image).await?;
        }
        Ok(compose)
    }

    /// Looks for all but the image.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub(super) async fn look(file: Option<&Path>) -> Result<Self, String> {
        let mut version = Command::new("docker");
        version.args(["version", "--format", "{{.Server.Version}}"]);
        if output(&mut version).await.is_none() {
            return Err("no Docker engine answers".to_owned());
        }
        let mut program = None;
        for candidate in [vec!["docker", "compose"], vec!["docker-compose"]] {
            let mut asked = Command::new(candidate[0]);
            if output(asked.args(&candidate[1..]).arg("version")).await.is_some() {
                program = Some(candidate);
                break;
            }
        }
        let program =
            program.ok_or("Docker answers, but has neither `docker compose` nor docker-compose")?;
        let file = match file {
            Some(file) => std::path::absolute(file).unwrap_or(file.to_owned()),
            None => {
                find_file().ok_or("Docker answers, but no docker-compose.yml is here or above")?
            }
        };
        let image = std::env::var("AUTOBAHN_IMAGE").unwrap_or_else(|_| IMAGE.to_owned());
        Ok(Self { program, file, image })
    }

    /// The image needs no download.
    pub(super) async fn has_image(&self) -> bool {
        let mut inspect = Command::new("docker");
        output(inspect.args(["image", "inspect", &self.image])).await.is_some()
    }

    /// For people: which program, which image.
    pub(super) fn describe(&self) -> String {
        format!("{} with {}", self.program.join(" "), self.image)
    }

    /// A command that runs `service` with the folder `dir`, and what removes its container.
    pub(super) fn command(&self, service: &str, dir: &Path) -> (Command, Container) {
        let name = format!("wsconf-{}-{service}", std::process::id());
        let mut command = Command::new(self.program[0]);
        command.args(&self.program[1..]).arg("-f").arg(&self.file);
        command.args(["-p", &name, "--profile", "suite", "run", "--rm", "-T", "--name", &name]);
        command.arg(service);
        let user = rustix::process::getuid().as_raw();
        let group = rustix::process::getgid().as_raw();
        command.env("WSCONF_DIR", dir).env("WSCONF_USER", format!("{user}:{group}"));
        command.env("AUTOBAHN_IMAGE", &self.image);
        (command, Container::named(&name))
    }
}

/// Our compose file, here or in a folder above.
fn find_file() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let ours = |path: &PathBuf| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("WSCONF_DIR"))
    };
    here.ancestors().map(|dir| dir.join("docker-compose.yml")).find(ours)
}

async fn pull(image: &str) -> Result<(), String> {
    let refused = |why: String| format!("Docker answers, but cannot get {image}: {why}");
    let mut command = Command::new("docker");
    command.args(["pull", "-q", image]).stdin(Stdio::null()).stdout(Stdio::null());
    let mut group =
        Group::spawn(command.stderr(Stdio::null())).map_err(|error| refused(error.to_string()))?;
    match tokio::time::timeout(PULL, group.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(_)) => Err(refused(format!("`docker pull {image}` fails"))),
        Ok(Err(error)) => Err(refused(error.to_string())),
        Err(_) => Err(refused(format!("not here after {} s", PULL.as_secs()))),
    }
}
