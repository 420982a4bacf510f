//! `cargo xtask images`: builds, inspects and runs the images with docker or podman.
//! Not part of `cargo xtask test`: developers need no container engine, and a release build of all
//! services takes minutes.

use std::process::Command;

use serde_json::Value;

use crate::run::{Result, cargo, output, program, run};

/// Images and their programs.
const IMAGES: [(&str, &str); 6] = [
    ("api", "api"),
    ("sim-worker", "sim-worker"),
    ("frontend", "frontend"),
    ("bot-worker", "bot-worker"),
    ("tools", "sector"),
    ("nft-minter", "nft-minter"),
];
/// Images without a health check: they run once and exit.
const ONCE: &str = "tools";
/// Maximum size of an image: a static binary and two licences.
const IMAGE_BYTES_MAX: u64 = 64 << 20;

/// A container engine and its Compose.
struct Engine {
    name: &'static str,
    compose: Vec<&'static str>,
}

/// Builds and inspects the images, and runs the compose file with them.
pub(crate) fn try_images(builds: bool) -> Result {
    let engine = engine()?;
    println!("\n== {} by {}", engine.compose.join(" "), engine.name);
    if builds {
        let build = ["--profile", "minter", "--profile", "tools", "build"];
        run(
            "build the images",
            program(engine.compose[0], "").args(&engine.compose[1..]).args(build),
        )?;
    }
    let from = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let (name, tag) =
        (from("IMAGE_NAME", "localhost/sector"), from("IMAGE_TAG", env!("CARGO_PKG_VERSION")));
    let mut faults = Vec::new();
    for (image, binary) in IMAGES {
        let image_name = format!("{name}/{image}:{tag}");
        let inspected = output(program(engine.name, "").args(["image", "inspect", &image_name]))
            .ok_or_else(|| {
                format!("{} has no image {image_name}: leave --no-build out", engine.name)
            })?;
        let inspected: Value =
            serde_json::from_str(&inspected).map_err(|error| format!("{image_name}: {error}"))?;
        println!("{image_name}: {} kB", inspected[0]["Size"].as_u64().unwrap_or_default() / 1_000);
        let found = faults_of(image, &inspected[0]);
        faults.extend(found.into_iter().map(|fault| format!("{image_name} {fault}")));
        let version = output(&mut shut_in(engine.name, &image_name));
        let wanted = format!("{binary} {}", env!("CARGO_PKG_VERSION"));
        if version.as_deref().map(str::trim) != Some(wanted.as_str()) {
            faults.push(format!(
                "{image_name} does not run as it should: it says {version:?} and not {wanted:?}"
            ));
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let test = ["test", "--package", "sector", "--locked", "--test", "compose", "--"];
    let only = ["--ignored", "--exact", "containers::the_compose_file_runs_a_sector_in_containers"];
    let mut play = cargo(&[&test[..], &only].concat());
    run("play in the containers", play.env("SECTOR_COMPOSE", engine.compose.join(" ")))
}

/// Runs the image's program with `--version` and without privileges.
fn shut_in(engine: &str, image: &str) -> Command {
    let mut command = program(engine, "");
    command.args([
        "run",
        "--rm",
        "--read-only",
        "--cap-drop",
        "all",
        "--network",
        "none",
        "--pids-limit",
        "50",
    ]);
    command.args(["--memory", "64m", "--security-opt", "no-new-privileges", image, "--version"]);
    command
}

/// Faults of an image, from the engine's `inspect`.
fn faults_of(image: &str, inspected: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let user = inspected["Config"]["User"].as_str().unwrap_or_default();
    if user != "65532:65532" {
        faults.push(format!("runs as {user:?} and not as 65532:65532"));
    }
    let size = inspected["Size"].as_u64().unwrap_or(u64::MAX);
    if size > IMAGE_BYTES_MAX {
        faults.push(format!("has {size} bytes, and {IMAGE_BYTES_MAX} are allowed"));
    }
    // podman and docker use different fields.
    let health = ["/Config/Healthcheck/Test", "/Healthcheck/Test"]
        .into_iter()
        .find_map(|path| inspected.pointer(path));
    let is_checked = health.is_some_and(|test| test[0] == "CMD");
    if image != ONCE && !is_checked {
        faults.push(
            "has no health check; podman keeps it with BUILDAH_FORMAT=docker alone".to_owned(),
        );
    }
    let title = &inspected["Config"]["Labels"]["org.opencontainers.image.title"];
    if !title.as_str().is_some_and(|title| title.starts_with("sector")) {
        faults.push(format!("has the title {title}"));
    }
    faults
}

/// Installed engine; docker is preferred.
fn engine() -> Result<Engine> {
    let answers = |words: &[&str], question: &str| {
        output(program(words[0], "").args(&words[1..]).arg(question)).is_some()
    };
    let name = ["docker", "podman"].into_iter().find(|name| answers(&[name], "info"));
    let name = name.ok_or("images cannot be tried: neither docker nor podman answers here")?;
    let known: &[&[&str]] = if name == "docker" {
        &[&["docker", "compose"], &["docker-compose"]]
    } else {
        &[&["podman-compose"], &["podman", "compose"], &["docker-compose"]]
    };
    let compose = known.iter().find(|words| answers(words, "version"));
    let compose = compose
        .ok_or_else(|| format!("images cannot be tried: {name} is there, and no Compose for it"))?;
    Ok(Engine { name, compose: compose.to_vec() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_that_is_not_as_it_should_be_is_told() {
        let labels = json!({ "org.opencontainers.image.title": "sector" });
        let check = json!({ "Test": ["CMD", "/usr/local/bin/api", "healthcheck"] });
        let config = json!({ "User": "65532:65532", "Labels": labels, "Healthcheck": check });
        let good = json!({ "Size": 20_000_000, "Config": config });
        assert_eq!(faults_of("api", &good), Vec::<String>::new());
        for (path, bad, fault) in [
            ("/Config/User", json!("0"), "runs as"),
            ("/Config/User", json!(""), "runs as"),
            ("/Size", json!(1_u64 << 30), "bytes"),
            ("/Config/Healthcheck", json!(null), "no health check"),
            ("/Config/Healthcheck/Test", json!(["NONE"]), "no health check"),
            ("/Config/Labels", json!({}), "title"),
        ] {
            let mut image = good.clone();
            *image.pointer_mut(path).unwrap() = bad;
            let found = faults_of("api", &image);
            assert!(found.len() == 1 && found[0].contains(fault), "{path}: {found:?}");
        }
        let mut tools = good;
        tools["Config"]["Healthcheck"] = json!({ "Test": ["NONE"] });
        assert_eq!(faults_of("tools", &tools), Vec::<String>::new());
    }
}
