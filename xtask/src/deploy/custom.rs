//! Checks objects of cert-manager, the Gateway API and the Prometheus Operator against their
//! schemas. The schemas of Kubernetes do not cover them. npm packages have types, with which the
//! TypeScript compiler finds unknown fields, and validators, which find missing and invalid ones.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifests::Rendered;
use super::objects::text;
use crate::run::{Result, output, program, root, run};

/// API groups and the packages with their schemas.
const MODELS: [(&str, &str); 3] = [
    ("cert-manager.io", "cert-manager"),
    ("gateway.networking.k8s.io", "gateway-api"),
    ("monitoring.coreos.com", "prometheus-operator"),
];
const PACKAGES: [&str; 4] = [
    "@kubernetes-models/cert-manager@6.0.0",
    "@kubernetes-models/gateway-api@2.0.0",
    "@kubernetes-models/prometheus-operator@6.0.0",
    "typescript@5.9.3",
];
/// Groups of Kubernetes itself with a dot.
const OWN: [&str; 4] =
    ["networking.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io", "discovery.k8s.io"];
/// Runs the validator of each object.
const VALIDATE: &str = r#"import { readFileSync } from "node:fs";
let faults = 0;
for (const { from, model, object } of JSON.parse(readFileSync("objects.json", "utf8"))) {
  const Model = (await import(model))[object.kind];
  try {
    new Model(object).validate();
  } catch (error) {
    faults += 1;
    console.error(`${from}: ${object.kind} ${object.metadata.name}: ${error.message}`);
  }
}
process.exit(faults === 0 ? 0 : 1);
"#;

pub(super) fn check(rendered: &[Rendered]) -> Result {
    let found = custom(rendered)?;
    if output(program("npm", "").arg("--version")).is_none() {
        println!(
            "SKIPPED: {} objects of other makers are held to no schema, because npm is not installed",
            found.len()
        );
        return Ok(());
    }
    let place = install()?;
    let write = |name: &str, text: &str| {
        fs::write(place.join(name), text)
            .map_err(|error| format!("{} cannot be written: {error}", place.display()))
    };
    write("validate.mjs", VALIDATE)?;
    write("objects.json", &serde_json::to_string(&found).map_err(|error| error.to_string())?)?;
    write("objects.ts", &typed(&found))?;
    println!(
        "\n{} objects of cert-manager, the Gateway API and the Prometheus Operator",
        found.len()
    );
    let options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "objects.ts"];
    run(
        "fields that do not exist",
        in_place("npx", &place).args(["--no-install", "tsc"]).args(options),
    )?;
    run("fields that are missing or wrong", in_place("node", &place).arg("validate.mjs"))
}

/// Objects of other groups, their files, and the modules with their schemas.
fn custom(rendered: &[Rendered]) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for Rendered { name, objects, .. } in rendered {
        for object in objects {
            let (group, version) = text(object, "/apiVersion").split_once('/').unwrap_or_default();
            let is_own = !group.contains('.') || OWN.contains(&group);
            if is_own {
                continue;
            }
            let kind = text(object, "/kind");
            let package =
                MODELS.iter().find(|(known, _)| *known == group).map(|(_, package)| package);
            let package = package
                .ok_or_else(|| format!("{name}: there is no schema of {group}/{version} {kind}"))?;
            let model = format!("@kubernetes-models/{package}/{group}/{version}/{kind}");
            found.push(serde_json::json!({ "from": name, "model": model, "object": object }));
        }
    }
    Ok(found)
}

/// Writes each object as a typed constant.
fn typed(found: &[Value]) -> String {
    let mut source = String::new();
    for (number, one) in found.iter().enumerate() {
        let (model, kind, object) =
            (text(one, "/model"), text(one, "/object/kind"), &one["object"]);
        // Writing to a string cannot fail.
        let _ = writeln!(
            source,
            "// {}\nimport type {{ I{kind} as Kind{number} }} from \"{model}\";",
            text(one, "/from")
        );
        let _ = writeln!(source, "export const object{number}: Kind{number} = {object:#};");
    }
    source
}

fn in_place(name: &str, place: &Path) -> std::process::Command {
    let mut command = program(name, "");
    command.current_dir(place);
    command
}

fn install() -> Result<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let place = target.join("deploy-schemas");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(place.join("installed")).is_ok_and(|installed| installed == wanted) {
        return Ok(place);
    }
    fs::create_dir_all(&place)
        .map_err(|error| format!("{} cannot be made: {error}", place.display()))?;
    let write = |name: &str, text: &str| {
        fs::write(place.join(name), text)
            .map_err(|error| format!("{} cannot be written: {error}", place.display()))
    };
    write("package.json", "{\"private\": true, \"type\": \"module\"}\n")?;
    let options =
        ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"];
    run("install schemas of other makers", in_place("npm", &place).args(options).args(PACKAGES))?;
    write("installed", &wanted)?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(objects: &[Value]) -> [Rendered; 1] {
        [Rendered {
            name: "overlay x".to_owned(),
            file: PathBuf::new(),
            objects: objects.to_vec(),
            secrets: Vec::new(),
        }]
    }

    #[test]
    fn objects_of_others_are_found() {
        let route = json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": {} });
        let own = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress" });
        let service = json!({ "apiVersion": "v1", "kind": "Service" });
        let found = custom(&rendered(&[own, service, route.clone()])).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0]["model"],
            "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute"
        );
        assert_eq!(found[0]["object"], route);
        let source = typed(&found);
        assert!(
            source.contains(
                "import type { IHTTPRoute as Kind0 } from \"@kubernetes-models/gateway-api/"
            ),
            "{source}"
        );
        assert!(source.contains("export const object0: Kind0 = {\n"), "{source}");
    }

    #[test]
    fn an_object_of_somebody_unknown_is_a_fault() {
        let strange = json!({ "apiVersion": "example.org/v1", "kind": "Strange" });
        assert_eq!(
            custom(&rendered(&[strange])),
            Err("overlay x: there is no schema of example.org/v1 Strange".to_owned())
        );
    }
}
