//! Rules for the rendered Kubernetes manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use super::names::Names;
use super::objects::{called, entries, list, parse, text};
use super::pods;
use crate::run::{Result, output, program, root, run};

/// Overlays that are rendered.
const OVERLAYS: [&str; 4] = ["local", "production", "production-gateway", "monitoring"];
/// Directories that are applied without rendering.
const BUNDLES: [&str; 1] = ["k8s/ingress-nginx/controller.yaml"];
/// Directory of the secrets that overlays use.
const SECRETS: &str = "components/secrets/generated";

/// Objects that are applied together.
pub(super) struct Rendered {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) objects: Vec<Value>,
    /// Values that only a Secret may contain.
    pub(super) secrets: Vec<String>,
}

/// Renders a copy of the manifests with generated secrets. Without kubectl, only the unrendered
/// ones.
pub(super) fn render() -> Result<Vec<Rendered>> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = target.join("deploy");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .map_err(|error| format!("{} cannot be removed: {error}", folder.display()))?;
    }
    let manifests = folder.join("k8s");
    copy(&root().join("k8s"), &manifests)?;
    let mut rendered = Vec::new();
    for bundle in BUNDLES {
        let file = root().join(bundle);
        let text = fs::read_to_string(&file)
            .map_err(|error| format!("{bundle} cannot be read: {error}"))?;
        let objects = parse(&text).map_err(|error| format!("{bundle}: {error}"))?;
        rendered.push(Rendered { name: bundle.to_owned(), file, objects, secrets: Vec::new() });
    }
    let mut make = program("sh", "");
    make.arg("scripts/secrets.sh").arg(manifests.join(SECRETS)).stdout(Stdio::null());
    run("secrets", &mut make)?;
    let secrets = secrets(&manifests.join(SECRETS))?;
    if output(program("kubectl", "").args(["version", "--client"])).is_none() {
        println!("SKIPPED: the overlays are not looked at, because kubectl is not installed");
        return Ok(rendered);
    }
    for overlay in OVERLAYS {
        let mut kustomize = program("kubectl", "");
        kustomize.arg("kustomize").arg(manifests.join("overlays").join(overlay));
        let answer = kustomize.output().map_err(|error| format!("kubectl: {error}"))?;
        if !answer.status.success() {
            return Err(format!(
                "overlay {overlay}: {}",
                String::from_utf8_lossy(&answer.stderr).trim()
            ));
        }
        let yaml = String::from_utf8_lossy(&answer.stdout).into_owned();
        let file = folder.join(format!("{overlay}.yaml"));
        fs::write(&file, &yaml)
            .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        let objects = parse(&yaml).map_err(|error| format!("overlay {overlay}: {error}"))?;
        rendered.push(Rendered {
            name: format!("overlay {overlay}"),
            file,
            objects,
            secrets: secrets.clone(),
        });
    }
    Ok(rendered)
}

/// Faults of a bundle.
pub(super) fn faults(rendered: &Rendered) -> Result<Vec<String>> {
    let names = Names::read(&root())?;
    let mut faults = of_objects(&rendered.objects, &rendered.secrets, &names);
    if rendered.name.starts_with("overlay")
        && rendered.objects.iter().any(|object| text(object, "/kind") == "StatefulSet")
    {
        faults.extend(of_sector(&rendered.objects));
    }
    Ok(faults.into_iter().map(|fault| format!("{}: {fault}", rendered.name)).collect())
}

/// Rules for all bundles.
fn of_objects(objects: &[Value], secrets: &[String], names: &Names) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for object in objects {
        let name = format!("{} in {:?}", called(object), text(object, "/metadata/namespace"));
        if !seen.insert(name.clone()) {
            faults.push(format!("{name} is there twice"));
        }
        faults.extend(pods::faults(object, names));
        if text(object, "/kind") == "ConfigMap"
            && pod_reads(objects, text(object, "/metadata/name"))
        {
            let variables = entries(object, "/data");
            faults.extend(
                variables.filter_map(|(name, value)| {
                    names.fault(name, value.as_str().unwrap_or_default())
                }),
            );
        }
        if text(object, "/kind") != "Secret" {
            let whole = object.to_string();
            if secrets.iter().any(|secret| whole.contains(secret)) {
                faults.push(format!("{name} holds a secret"));
            }
        }
        if text(object, "/kind") == "Namespace" {
            let level = text(object, "/metadata/labels/pod-security.kubernetes.io~1enforce");
            if level != "restricted" {
                faults.push(format!("{name}: Pod Security is {level:?}"));
            }
        }
    }
    faults.extend(references(objects));
    faults
}

/// Whether pods use this ConfigMap as their environment.
fn pod_reads(objects: &[Value], config: &str) -> bool {
    objects.iter().filter_map(pods::template).any(|pod| {
        let containers = list(pod, "/spec/containers").iter();
        containers
            .flat_map(|container| list(container, "/envFrom"))
            .any(|from| text(from, "/configMapRef/name") == config)
    })
}

/// References to objects that do not exist.
fn references(objects: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let pods: Vec<&Value> = objects.iter().filter_map(pods::template).collect();
    let named: BTreeSet<String> = objects.iter().map(called).collect();
    // Service → its ports, by name and by number.
    let mut ports: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for object in objects {
        let name = called(object);
        match text(object, "/kind") {
            "Service" => {
                let selector = object.pointer("/spec/selector").cloned().unwrap_or_default();
                let chosen: Vec<&&Value> =
                    pods.iter().filter(|pod| selects(&selector, pod)).collect();
                if chosen.is_empty() {
                    faults.push(format!("{name} selects no pod"));
                }
                for port in list(object, "/spec/ports") {
                    let target = text(port, "/targetPort");
                    let has = |pod: &Value| {
                        let containers = list(pod, "/spec/containers").iter();
                        containers
                            .flat_map(|container| list(container, "/ports"))
                            .any(|port| text(port, "/name") == target)
                    };
                    if !target.is_empty() && !chosen.iter().all(|pod| has(pod)) {
                        faults.push(format!("{name}: no port of the pods is named {target}"));
                    }
                    let of_service = ports.entry(text(object, "/metadata/name")).or_default();
                    of_service.insert(text(port, "/name").to_owned());
                    of_service
                        .insert(port.pointer("/port").map(ToString::to_string).unwrap_or_default());
                }
            }
            "PodDisruptionBudget" => {
                let selector =
                    object.pointer("/spec/selector/matchLabels").cloned().unwrap_or_default();
                if !pods.iter().any(|pod| selects(&selector, pod)) {
                    faults.push(format!("{name} selects no pod"));
                }
                if object.pointer("/spec/maxUnavailable") != Some(&json!(1)) {
                    faults.push(format!(
                        "{name} may keep a node from being emptied: maxUnavailable is not 1"
                    ));
                }
            }
            "HorizontalPodAutoscaler" => {
                let target = format!("Deployment/{}", text(object, "/spec/scaleTargetRef/name"));
                if !named.contains(&target) {
                    faults.push(format!("{name} scales {target}, which is not there"));
                }
            }
            _ => {}
        }
    }
    for object in objects {
        let backends: Vec<(String, String)> = match text(object, "/kind") {
            "Ingress" => list(object, "/spec/rules")
                .iter()
                .flat_map(|rule| list(rule, "/http/paths"))
                .map(|path| {
                    let port = path.pointer("/backend/service/port").cloned().unwrap_or_default();
                    let port = port["name"]
                        .as_str()
                        .map_or_else(|| port["number"].to_string(), str::to_owned);
                    (text(path, "/backend/service/name").to_owned(), port)
                })
                .collect(),
            "HTTPRoute" => list(object, "/spec/rules")
                .iter()
                .flat_map(|rule| list(rule, "/backendRefs"))
                .map(|backend| (text(backend, "/name").to_owned(), backend["port"].to_string()))
                .collect(),
            _ => continue,
        };
        for (service, port) in backends {
            if !ports.get(service.as_str()).is_some_and(|ports| ports.contains(&port)) {
                faults.push(format!(
                    "{}: there is no port {port} of a service {service}",
                    called(object)
                ));
            }
        }
    }
    faults
}

fn selects(selector: &Value, pod: &Value) -> bool {
    let labels = pod.pointer("/metadata/labels");
    selector.as_object().is_some_and(|selector| {
        !selector.is_empty()
            && selector
                .iter()
                .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    })
}

/// Rules for a complete sector.
fn of_sector(objects: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    let of_kind =
        |kind: &'static str| objects.iter().filter(move |object| text(object, "/kind") == kind);
    let object = |kind: &'static str, name: &str| {
        of_kind(kind).find(|object| text(object, "/metadata/name") == name)
    };
    let replicas = |kind, name| {
        object(kind, name).and_then(|object| object.pointer("/spec/replicas")?.as_u64())
    };
    must(
        replicas("Deployment", "sim-worker") == Some(2),
        "sim-worker: two are needed, one works and one stands by",
    );
    must(
        replicas("StatefulSet", "redis") == Some(1),
        "redis: there is one, and no failover by itself",
    );
    must(
        replicas("Deployment", "bot-worker") == Some(1),
        "bot-worker: one is enough to begin with",
    );
    let scaled: BTreeSet<&str> =
        of_kind("HorizontalPodAutoscaler").map(|object| text(object, "/metadata/name")).collect();
    must(scaled == BTreeSet::from(["api", "frontend"]), "only api and frontend are scaled by load");
    let budgets: BTreeSet<&str> =
        of_kind("PodDisruptionBudget").map(|object| text(object, "/metadata/name")).collect();
    must(
        budgets == BTreeSet::from(["api", "frontend"]),
        "only api and frontend have disruption budgets",
    );

    let policies: Vec<&Value> = of_kind("NetworkPolicy").collect();
    let denies_all = |policy: &&&Value| {
        policy.pointer("/spec/podSelector") == Some(&json!({}))
            && policy.pointer("/spec/policyTypes") == Some(&json!(["Ingress", "Egress"]))
            && policy.pointer("/spec/ingress").is_none()
            && policy.pointer("/spec/egress").is_none()
    };
    must(
        policies.iter().any(|policy| denies_all(&policy)),
        "no NetworkPolicy denies everything that is not allowed",
    );
    for policy in &policies {
        let name = called(policy);
        for rule in list(policy, "/spec/ingress") {
            let opens_metrics = list(rule, "/ports").is_empty()
                || list(rule, "/ports").iter().any(|port| port["port"] == "metrics");
            let from_monitoring = list(rule, "/from").len() == 1
                && text(rule, "/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name")
                    == "monitoring";
            must(
                !opens_metrics || from_monitoring,
                &format!("{name} opens metrics to others than Prometheus"),
            );
        }
        for rule in list(policy, "/spec/egress") {
            must(
                !list(rule, "/to").is_empty() && !list(rule, "/ports").is_empty(),
                &format!("{name} lets pods call anybody"),
            );
        }
    }
    // Redis accepts only services that have a user there.
    let to_redis = object("NetworkPolicy", "redis")
        .map(|policy| list(policy, "/spec/ingress/0/from/0/podSelector/matchExpressions/0/values"));
    let callers: BTreeSet<&str> =
        to_redis.unwrap_or_default().iter().filter_map(Value::as_str).collect();
    must(
        callers == BTreeSet::from(["api", "frontend", "sim-worker", "nft-minter", "tools"]),
        "Redis can be reached by others",
    );
    must(
        of_kind("Ingress").chain(of_kind("HTTPRoute")).next().is_some(),
        "nobody can reach it: no Ingress, no HTTPRoute",
    );
    faults
}

fn secrets(folder: &Path) -> Result<Vec<String>> {
    let mut secrets = Vec::new();
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    for entry in entries {
        let path =
            entry.map_err(|error| format!("{} cannot be read: {error}", folder.display()))?.path();
        if path.is_dir() {
            secrets.extend(self::secrets(&path)?);
            continue;
        }
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        // The random part of the secret.
        let words = text
            .split(|character: char| !character.is_ascii_hexdigit())
            .filter(|word| word.len() == 64);
        secrets.extend(words.map(str::to_owned));
    }
    if secrets.is_empty() && folder.ends_with(SECRETS) {
        Err("no secrets were made".to_owned())
    } else {
        Ok(secrets)
    }
}

fn copy(from: &Path, to: &Path) -> Result {
    let failed = |error: std::io::Error| format!("{} cannot be copied: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let copied = to.join(path.file_name().unwrap_or_default());
        // Existing secrets belong to the developer.
        if path.is_dir() && !path.ends_with("secrets/generated") {
            copy(&path, &copied)?;
        } else if path.is_file() {
            fs::copy(&path, &copied).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sources of the overlays.
    fn sector() -> String {
        let mut text =
            "kind: ConfigMap\nmetadata: {name: sim-worker}\ndata: {TICK_MS: 300ms}\n".to_owned();
        let base = [
            "namespace",
            "redis/redis",
            "api",
            "frontend",
            "sim-worker",
            "bot-worker",
            "network-policies",
        ];
        let base = base.iter().map(|name| format!("k8s/base/{name}.yaml"));
        for file in base.chain(["k8s/components/ingress/ingress.yaml".to_owned()]) {
            text.push_str("---\n");
            text.push_str(&fs::read_to_string(root().join(file)).unwrap());
        }
        text
    }

    fn found(text: &str) -> Vec<String> {
        let names = Names::read(&root()).unwrap();
        let objects = parse(text).unwrap();
        let mut faults = of_objects(&objects, &["5ec2e7".to_owned()], &names);
        faults.extend(of_sector(&objects));
        faults
    }

    #[test]
    fn a_good_sector_has_no_faults() {
        assert_eq!(found(&sector()), [""; 0]);
    }

    #[test]
    fn every_rule_finds_its_fault() {
        for (good, bad, fault) in [
            ("enforce: restricted", "enforce: baseline", "Pod Security is"),
            ("TICK_MS: 300ms", "TICK_MS: 300ms, SECRET: x", "no service reads SECRET"),
            ("TICK_MS: 300ms", "TICK_MS: 5ec2e7", "holds a secret"),
            ("TICK_MS: 300ms", "JWT_SECRET: x", "is a secret"),
            ("replicas: 2", "replicas: 1", "two are needed"),
            ("maxUnavailable: 1", "minAvailable: 1", "being emptied"),
            ("targetPort: http}", "targetPort: htpt}", "is named htpt"),
            (
                "selector: {app.kubernetes.io/name: frontend}",
                "selector: {app: frontend}",
                "Service/frontend selects no pod",
            ),
            (
                "name: frontend, port: {name: http}",
                "name: frontend, port: {name: web}",
                "no port web",
            ),
            (
                "kind: Deployment, name: frontend",
                "kind: Deployment, name: frontned",
                "which is not there",
            ),
            ("policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", "denies everything"),
            ("monitoring}}", "default}}", "opens metrics"),
            (
                "values: [api, frontend, sim-worker,",
                "values: [bot-worker, api, frontend, sim-worker,",
                "reached by others",
            ),
            ("kind: Ingress\n", "kind: Egress\n", "nobody can reach it"),
        ] {
            let text = sector().replace(good, bad);
            assert_ne!(text, sector(), "{good}");
            let found = found(&text);
            assert!(found.iter().any(|found| found.contains(fault)), "{bad}: {found:?}");
        }
    }
}
