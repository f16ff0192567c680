//! The published package that a testee is made with, and its version: read where the package is
//! installed, never typed.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Error;
use crate::error::io;

/// A package and its registry, written `cargo:NAME`, `npm:NAME` or `pypi:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Package {
    /// A crate of this workspace, or one that the peers depend on.
    Cargo(String),
    /// From npm.
    Npm(String),
    /// From PyPI.
    Pypi(String),
}

impl TryFrom<String> for Package {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("cargo", name)) => Ok(Self::Cargo(name.to_owned())),
            Some(("npm", name)) => Ok(Self::Npm(name.to_owned())),
            Some(("pypi", name)) => Ok(Self::Pypi(name.to_owned())),
            _ => Err(format!("`{text}` is no package such as cargo:NAME, npm:NAME or pypi:NAME")),
        }
    }
}

/// The member of the workspace whose dependencies the crates are.
const PEERS: &str = "ws-peers";

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    version: String,
}

impl Package {
    /// Its version: of a crate in the `lock` file; of the others in `peers`, the folder that
    /// harness/peers/install.sh has filled.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: it is not there.
    pub fn version(&self, lock: &Path, peers: &Path) -> Result<String, Error> {
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(io(format!("cannot read {}", path.display())))
        };
        let absent = |place: &Path, why: &str| {
            Error::Unusable(format!("{}: the version of {self:?}: {why}", place.display()))
        };
        match self {
            Self::Cargo(name) => {
                let text = read(lock)?;
                locked(&text, name).map_err(|why| absent(lock, &why))
            }
            Self::Npm(name) => {
                let path = peers.join("node_modules").join(name).join("package.json");
                let manifest: Manifest = serde_json::from_str(&read(&path)?)
                    .map_err(|error| absent(&path, &error.to_string()))?;
                Ok(manifest.version)
            }
            Self::Pypi(name) => {
                let lib = peers.join("venv/lib");
                installed(&lib, name).ok_or_else(|| absent(&lib, "it is not installed"))
            }
        }
    }
}

/// The version that the peers depend on; of a crate that they do not name, the only one.
fn locked(lock: &str, name: &str) -> Result<String, String> {
    let lock: Lock = toml::from_str(lock).map_err(|error| error.to_string())?;
    let peers = lock.package.iter().find(|package| package.name == PEERS);
    // Where two versions are locked, a dependency is written `name version`.
    let exact = peers.into_iter().flat_map(|peers| &peers.dependencies).find_map(|dependency| {
        let (of, version) = dependency.split_once(' ')?;
        (of == name).then(|| version.to_owned())
    });
    let mut all = lock.package.iter().filter(|package| package.name == name);
    match (exact, all.next(), all.next()) {
        (Some(version), ..) => Ok(version),
        (None, Some(only), None) => Ok(only.version.clone()),
        (None, None, _) => Err("it is not locked".to_owned()),
        (None, Some(_), Some(_)) => Err(format!("{PEERS} does not say which one it uses")),
    }
}

/// Of `NAME-VERSION.dist-info` in a virtualenv's `lib/python3.*/site-packages`.
fn installed(lib: &Path, name: &str) -> Option<String> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    entries(lib).flat_map(|python| entries(&python.path().join("site-packages"))).find_map(
        |entry| {
            let file_name = entry.file_name();
            let stem = file_name.to_str()?.strip_suffix(".dist-info")?;
            stem.strip_prefix(name)?.strip_prefix('-').map(str::to_owned)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        [[package]]
        name = "one"
        version = "1.2.3"
        [[package]]
        name = "two"
        version = "0.1.0"
        [[package]]
        name = "two"
        version = "0.2.0"
        [[package]]
        name = "both"
        version = "1.0.0"
        [[package]]
        name = "both"
        version = "2.0.0"
        [[package]]
        name = "ws-peers"
        version = "0.1.0"
        dependencies = ["one", "two 0.2.0"]"#;

    #[test]
    fn crates_have_the_version_that_the_peers_are_built_with() {
        for (name, version) in [("one", "1.2.3"), ("two", "0.2.0"), ("ws-peers", "0.1.0")] {
            assert_eq!(locked(LOCK, name).as_deref(), Ok(version), "{name}");
        }
        assert!(locked(LOCK, "three").unwrap_err().contains("not locked"));
        assert!(locked(LOCK, "both").unwrap_err().contains("which one"));
    }

    #[test]
    fn other_packages_have_the_version_that_is_installed() {
        let dir = tempfile::tempdir().unwrap();
        let site = dir.path().join("venv/lib/python3.13/site-packages");
        for made in ["aiohttp-9.8.7.dist-info", "aiohttp_cors-1.0.dist-info"] {
            fs::create_dir_all(site.join(made)).unwrap();
        }
        let module = dir.path().join("node_modules/ws");
        fs::create_dir_all(&module).unwrap();
        fs::write(module.join("package.json"), r#"{"name": "ws", "version": "8.0.1"}"#).unwrap();
        let version = |package: &str| {
            let package = Package::try_from(package.to_owned()).unwrap();
            package.version(Path::new("none"), dir.path()).ok()
        };
        assert_eq!(version("npm:ws").as_deref(), Some("8.0.1"));
        assert_eq!(version("pypi:aiohttp").as_deref(), Some("9.8.7"));
        assert_eq!(version("pypi:websockets"), None);
        assert_eq!(version("npm:other"), None);
        assert_eq!(version("cargo:one"), None);
    }

    #[test]
    fn what_is_no_package_says_so() {
        for text in ["", "tungstenite", "gem:faye"] {
            assert!(
                Package::try_from(text.to_owned()).unwrap_err().contains("no package"),
                "{text}"
            );
        }
    }
}
