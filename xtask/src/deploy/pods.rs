//! Rules for pods: what every container must have, and must not have.

use serde_json::{Value, json};

use super::names::{Names, is_pinned};
use super::objects::{called, list, text};

/// Pods that use the Kubernetes API.
const MAY_HAVE_TOKEN: [&str; 1] = ["nginx-ingress"];
/// A drain takes up to 10 s and starts after 5 s.
const GRACE_SECONDS_MIN: u64 = 20;

/// Pod template of an object.
pub(super) fn template(object: &Value) -> Option<&Value> {
    match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => object.pointer("/spec/template"),
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template"),
        _ => None,
    }
}

/// Faults of an object's pods.
pub(super) fn faults(object: &Value, names: &Names) -> Vec<String> {
    let Some(pod) = template(object) else { return Vec::new() };
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: &str| {
        if !holds {
            faults.push(format!("{}: {fault}", called(object)));
        }
    };
    let is = |path: &str, wanted: Value| pod.pointer(path) == Some(&wanted);
    let service = text(pod, "/metadata/labels/app.kubernetes.io~1name");
    must(!service.is_empty(), "pods need the label app.kubernetes.io/name");
    must(is("/spec/securityContext/runAsNonRoot", json!(true)), "runAsNonRoot is not true");
    let user = pod.pointer("/spec/securityContext/runAsUser").and_then(Value::as_u64);
    must(user.is_some_and(|user| user > 0), "runAsUser is not set, or root");
    must(
        is("/spec/securityContext/seccompProfile/type", json!("RuntimeDefault")),
        "seccompProfile is not RuntimeDefault",
    );
    must(!text(pod, "/spec/serviceAccountName").is_empty(), "it has no service account of its own");
    let has_token = !is("/spec/automountServiceAccountToken", json!(false));
    must(
        !has_token || MAY_HAVE_TOKEN.contains(&service),
        "automountServiceAccountToken is not false",
    );
    for host in ["hostNetwork", "hostPID", "hostIPC"] {
        must(!is(&format!("/spec/{host}"), json!(true)), &format!("{host} is set"));
    }
    let is_job = text(object, "/kind").ends_with("Job");
    let grace = pod.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64);
    must(
        is_job || grace.is_some_and(|grace| grace >= GRACE_SECONDS_MIN),
        "terminationGracePeriodSeconds is below 20",
    );
    for volume in list(pod, "/spec/volumes") {
        must(volume.get("hostPath").is_none(), "a volume is of the node");
        let secret = text(volume, "/secret/secretName");
        let own = format!("sector-{}", if service == "tools" { "operator" } else { service });
        // Kustomize appends a hash to the name.
        let is_hash = |rest: &str| {
            rest.is_empty() || rest.strip_prefix('-').is_some_and(|hash| !hash.contains('-'))
        };
        let is_own = secret.is_empty() || secret.strip_prefix(&own).is_some_and(is_hash);
        must(is_own, &format!("it mounts the secret of another service: {secret}"));
    }
    for (path, is_init) in [("/spec/initContainers", true), ("/spec/containers", false)] {
        for container in list(pod, path) {
            let name = format!("{}, container {}", called(object), text(container, "/name"));
            let of_container = container_faults(container, !is_init && !is_job, names);
            faults.extend(of_container.into_iter().map(|fault| format!("{name}: {fault}")));
        }
    }
    faults
}

fn container_faults(container: &Value, serves: bool, names: &Names) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: String| {
        if !holds {
            faults.push(fault);
        }
    };
    let is = |path: &str, wanted: Value| container.pointer(path) == Some(&wanted);
    let image = text(container, "/image");
    must(is_pinned(image), format!("the image {image:?} has no version of its own"));
    must(
        is("/securityContext/allowPrivilegeEscalation", json!(false)),
        "allowPrivilegeEscalation is not false".to_owned(),
    );
    must(
        is("/securityContext/readOnlyRootFilesystem", json!(true)),
        "readOnlyRootFilesystem is not true".to_owned(),
    );
    must(
        is("/securityContext/capabilities/drop", json!(["ALL"])),
        "it keeps capabilities".to_owned(),
    );
    let added = list(container, "/securityContext/capabilities/add");
    must(
        added.iter().all(|added| added == "NET_BIND_SERVICE"),
        format!("it adds capabilities: {added:?}"),
    );
    for part in ["requests/cpu", "requests/memory", "limits/cpu", "limits/memory"] {
        must(
            container.pointer(&format!("/resources/{part}")).is_some(),
            format!("resources: {part} is missing"),
        );
    }
    if serves {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            must(container.get(probe).is_some(), format!("{probe} is missing"));
        }
        // Restarting a service does not help if its store is unavailable.
        let path = text(container, "/livenessProbe/httpGet/path");
        must(["", "/livez"].contains(&path), format!("the liveness probe asks {path}"));
    }
    for variable in list(container, "/env") {
        let fault = names.fault(text(variable, "/name"), text(variable, "/value"));
        must(fault.is_none(), fault.unwrap_or_default());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::objects::parse;
    use crate::run::root;

    const GOOD: &str = "
kind: Deployment
metadata: {name: api}
spec:
  template:
    metadata: {labels: {app.kubernetes.io/name: api}}
    spec:
      serviceAccountName: api
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: api
          image: localhost/sector/api:0.1.0
          securityContext:
            {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          resources: {requests: {cpu: 1, memory: 1Mi}, limits: {cpu: 1, memory: 1Mi}}
          env: [{name: JWT_SECRET_FILE, value: /run/secrets/api/jwt_secret}]
          startupProbe: {httpGet: {path: /livez}}
          readinessProbe: {httpGet: {path: /readyz}}
          livenessProbe: {httpGet: {path: /livez}}
      volumes: [{name: secrets, secret: {secretName: sector-api-4kf2}}]
";

    fn faults_of(text: &str) -> Vec<String> {
        let names = Names::read(&root()).unwrap();
        parse(text).unwrap().iter().flat_map(|object| faults(object, &names)).collect()
    }

    #[test]
    fn a_good_pod_has_no_faults() {
        assert_eq!(faults_of(GOOD), [""; 0]);
    }

    #[test]
    fn every_rule_finds_its_fault() {
        for (good, bad, fault) in [
            ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"),
            ("runAsUser: 65532", "runAsUser: 0", "root"),
            ("type: RuntimeDefault", "type: Unconfined", "seccompProfile"),
            ("serviceAccountName: api", "hostNetwork: true", "service account"),
            ("serviceAccountName: api", "hostNetwork: true", "hostNetwork"),
            (
                "automountServiceAccountToken: false",
                "hostPID: true",
                "automountServiceAccountToken",
            ),
            ("Seconds: 30", "Seconds: 5", "below 20"),
            ("api:0.1.0", "api:latest", "no version"),
            ("api:0.1.0", "api", "no version"),
            ("Escalation: false", "Escalation: true", "allowPrivilegeEscalation"),
            ("Filesystem: true", "Filesystem: false", "readOnlyRootFilesystem"),
            ("drop: [ALL]", "drop: [NET_RAW]", "keeps capabilities"),
            ("drop: [ALL]", "drop: [ALL], add: [SYS_ADMIN]", "adds capabilities"),
            ("limits: {cpu: 1,", "limits: {", "limits/cpu"),
            ("startupProbe", "nobodysProbe", "startupProbe is missing"),
            (
                "livenessProbe: {httpGet: {path: /livez",
                "livenessProbe: {httpGet: {path: /readyz",
                "asks /readyz",
            ),
            ("JWT_SECRET_FILE", "JWT_SECRET", "is a secret"),
            ("JWT_SECRET_FILE", "JWT_SECERT_FILE", "no service reads"),
            ("sector-api-4kf2", "sector-sim-worker-4kf2", "another service"),
            ("secret: {secretName: sector-api-4kf2}", "hostPath: {path: /}", "of the node"),
        ] {
            let text = GOOD.replacen(good, bad, 1);
            assert_ne!(text, GOOD, "{good}");
            let found = faults_of(&text);
            assert!(found.iter().any(|found| found.contains(fault)), "{bad}: {found:?}");
        }
    }
}
