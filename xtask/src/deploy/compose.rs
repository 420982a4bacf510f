//! Rules for docker-compose.yml.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use super::names::{Names, is_pinned};
use super::objects::{entries, list, read, text};
use crate::run::Result;

/// Services reachable from outside; all others are published to localhost at most.
const PUBLIC: [(&str, &str); 2] = [("api", "8000:8000"), ("frontend", "9000:9000")];
/// Service that may change file owners, because it creates the files.
const ROOT: &str = "secrets";
/// Services that run once and exit.
const ONCE: [&str; 2] = ["secrets", "tools"];
/// Services started by `docker compose up` without a profile.
const USUAL: [&str; 6] = ["secrets", "redis", "api", "sim-worker", "bot-worker", "frontend"];

/// Faults of the compose file.
pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let path = root.join("docker-compose.yml");
    let [file] = <[Value; 1]>::try_from(read(&path)?)
        .map_err(|_| "docker-compose.yml is not one document".to_owned())?;
    let names = Names::read(root)?;
    Ok(of_file(&file, &names)
        .into_iter()
        .map(|fault| format!("docker-compose.yml: {fault}"))
        .collect())
}

fn of_file(file: &Value, names: &Names) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, service) in entries(file, "/services") {
        faults.extend(
            of_service(name, service, names).into_iter().map(|fault| format!("{name}: {fault}")),
        );
    }
    let usual: Vec<&str> = entries(file, "/services")
        .filter(|(_, service)| service.get("profiles").is_none())
        .map(|(name, _)| name)
        .collect();
    for name in USUAL {
        if !usual.contains(&name) {
            faults.push(format!("{name} does not come up by itself"));
        }
    }
    faults.extend(of_addresses(file));
    faults
}

/// A service's fixed address must not be assigned to another container while the service is down.
fn of_addresses(file: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, service) in entries(file, "/services") {
        for (network, settings) in entries(service, "/networks") {
            let Ok(own) = text(settings, "/ipv4_address").parse::<Ipv4Addr>() else { continue };
            let range = file.pointer(&format!("/networks/{network}/ipam/config/0/ip_range"));
            let range = range.and_then(Value::as_str).and_then(|range| range.split_once('/'));
            let range =
                range.and_then(|(first, bits)| Some((first.parse().ok()?, bits.parse().ok()?)));
            let is_apart = range.is_some_and(|(first, bits): (Ipv4Addr, u32)| {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
                own.to_bits() & mask != first.to_bits() & mask
            });
            if !is_apart {
                faults.push(format!(
                    "{name}: its address {own} is given to others, too: {network} has no ip_range beside it"
                ));
            }
        }
    }
    faults
}

fn of_service(name: &str, service: &Value, names: &Names) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: String| {
        if !holds {
            faults.push(fault);
        }
    };
    let is = |path: &str, wanted: Value| service.pointer(path) == Some(&wanted);
    must(
        is("/read_only", true.into()),
        "its files can be written: read_only is missing".to_owned(),
    );
    must(
        is("/cap_drop", serde_json::json!(["ALL"])),
        "it keeps capabilities: cap_drop is missing".to_owned(),
    );
    must(name == ROOT || service.get("cap_add").is_none(), "it adds capabilities".to_owned());
    must(!is("/privileged", true.into()), "it is privileged".to_owned());
    let options = list(service, "/security_opt");
    must(
        options.iter().any(|option| option == "no-new-privileges:true"),
        "no-new-privileges is missing".to_owned(),
    );
    for limit in ["cpus", "memory"] {
        must(
            service.pointer(&format!("/deploy/resources/limits/{limit}")).is_some(),
            format!("no limit of {limit}"),
        );
    }
    must(
        service.pointer("/logging/options/max-size").is_some(),
        "its log grows for ever".to_owned(),
    );
    let image = resolved(text(service, "/image"));
    must(is_pinned(&image), format!("the image {image:?} has no version of its own"));
    let restarts = text(service, "/restart");
    let runs_once = ONCE.contains(&name);
    must(
        restarts == if runs_once { "no" } else { "unless-stopped" },
        format!("restart is {restarts:?}"),
    );
    must(
        runs_once || service.pointer("/healthcheck/test").is_some(),
        "it has no healthcheck".to_owned(),
    );
    must(
        !text(service, "/healthcheck/test/0").ends_with("SHELL"),
        "its healthcheck needs a shell".to_owned(),
    );
    for port in list(service, "/ports") {
        let port = port.as_str().unwrap_or_default();
        let may = PUBLIC.contains(&(name, port)) || port.starts_with("127.0.0.1:");
        must(may, format!("{port} is published to the world"));
    }
    for volume in list(service, "/volumes") {
        let volume = volume.as_str().unwrap_or_default();
        if let Some(secrets) = volume.strip_prefix("./secrets") {
            let own = if name == "tools" { "operator" } else { name };
            let may = name == ROOT || secrets == format!("/{own}:/run/secrets/{own}:ro");
            must(
                may,
                format!(
                    "it mounts {volume}: its own secrets, to be read, are ./secrets/{own}:/run/secrets/{own}:ro"
                ),
            );
        }
        must(!volume.contains("docker.sock"), "it can command the engine".to_owned());
    }
    for (on, dependency) in entries(service, "/depends_on") {
        let condition = text(dependency, "/condition");
        let wanted =
            if on == "secrets" { "service_completed_successfully" } else { "service_healthy" };
        must(condition == wanted, format!("it does not wait until {on} is well"));
    }
    for (variable, value) in entries(service, "/environment") {
        let value = value.as_str().map_or_else(|| value.to_string(), resolved);
        let fault = names.fault(variable, &value);
        must(fault.is_none(), fault.unwrap_or_default());
    }
    faults
}

/// Replaces variables by their defaults: `${NAME:-default}` becomes `default`.
pub(super) fn resolved(value: &str) -> String {
    let mut resolved = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, behind) = after.split_once('}').unwrap_or((after, ""));
        resolved.push_str(before);
        resolved.push_str(inside.split_once(":-").map_or("", |(_, default)| default));
        rest = behind;
    }
    resolved + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::names::without_digests;
    use crate::deploy::objects::parse;
    use crate::run::root;

    #[test]
    fn the_compose_file_is_in_order() {
        assert_eq!(faults(&root()), Ok(Vec::new()));
    }

    #[test]
    fn defaults_stand_for_what_is_not_set() {
        assert_eq!(resolved("${A:-b}/api:${C:-0.1.0}"), "b/api:0.1.0");
        assert_eq!(
            (resolved("${A:-}"), resolved("${A}"), resolved("plain")),
            (String::new(), String::new(), "plain".into())
        );
    }

    #[test]
    fn every_rule_finds_its_fault() {
        let names = Names::read(&root()).unwrap();
        let good =
            without_digests(&std::fs::read_to_string(root().join("docker-compose.yml")).unwrap());
        for (part, bad, fault) in [
            ("read_only: true", "read_only: false", "read_only is missing"),
            ("cap_drop: [ALL]", "cap_drop: []", "keeps capabilities"),
            ("cap_drop: [ALL]", "cap_drop: [ALL]\n  cap_add: [NET_RAW]", "adds capabilities"),
            ("no-new-privileges:true", "label:disable", "no-new-privileges"),
            ("max-size: 10m, ", "", "grows for ever"),
            ("redis:8.10.2", "redis:latest", "no version"),
            ("restart: unless-stopped", "restart: always", "restart is"),
            ("127.0.0.1:6379:6379", "6379:6379", "6379:6379 is published to the world"),
            ("- 8000:8000", "- 8000:8000\n      - 9100:9100", "9100:9100 is published"),
            ("./secrets/api:/run", "./secrets:/run", "its own secrets"),
            (
                "redis: {condition: service_healthy}",
                "redis: {condition: service_started}",
                "until redis is well",
            ),
            ("TICK_MS:", "TICK:", "no service reads TICK"),
            ("JWT_SECRET_FILE: /run/secrets/api/jwt_secret", "JWT_SECRET: secret", "is a secret"),
            ("limits: {cpus: \"2\", memory: 1536M}", "limits: {cpus: \"2\"}", "no limit of memory"),
            ("test: [CMD, /usr/local/bin/api,", "test: [CMD-SHELL, api,", "needs a shell"),
            ("          ip_range: 10.89.77.128/25\n", "", "is given to others"),
            ("ip_range: 10.89.77.128/25", "ip_range: 10.89.77.0/25", "is given to others"),
            (
                "  bot-worker:\n",
                "  bot-worker:\n    profiles: [bots]\n",
                "does not come up by itself",
            ),
        ] {
            let text = good.replacen(part, bad, 1);
            assert_ne!(text, good, "{part}");
            let found = of_file(&parse(&text).unwrap()[0], &names);
            assert!(found.iter().any(|found| found.contains(fault)), "{bad}: {found:?}");
        }
    }
}
