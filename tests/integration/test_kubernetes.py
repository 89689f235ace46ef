"""The Kubernetes manifests, rendered by kustomize and checked without a cluster."""

import functools
import importlib
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import idl
from microkit.config import variables
from microkit.storage.settings import SqlSettings
from scripts import servers
from scripts.deployment import APPS, ROOT

_KUBERNETES = "1.31"
_KUSTOMIZE = "go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"
_SQL = [
    name for name in APPS if issubclass(importlib.import_module(name).SERVICE.settings, SqlSettings)
]


@functools.cache
def rendered(folder: str = "") -> list[dict[str, Any]]:
    """Return the objects of a kustomization below deploy/kubernetes."""
    command = [servers.program("kustomize", _KUSTOMIZE), "build", str(folder_of(folder))]
    done = subprocess.run(command, capture_output=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def folder_of(folder: str) -> Path:
    return ROOT / "deploy" / "kubernetes" / folder


def of(kind: str, name: str) -> dict[str, Any]:
    """Return the object of a kind that belongs to a package."""
    (found,) = (
        each
        for each in rendered()
        if each["kind"] == kind
        and each["metadata"]["labels"].get("app.kubernetes.io/component") == name
    )
    return found


def pod(name: str) -> dict[str, Any]:
    return of("Deployment", name)["spec"]["template"]["spec"]


def container(name: str) -> dict[str, Any]:
    (only,) = pod(name)["containers"]
    return only


@pytest.mark.parametrize("folder", ["", "migrations"])
def test_every_object_is_valid_for_kubernetes(folder):
    objects = rendered(folder)
    assert objects
    for each in objects:
        kubernetes_validate.validate(each, _KUBERNETES, strict=True)


@pytest.mark.parametrize("name", APPS)
def test_every_variable_of_a_pod_is_a_setting(name):
    settings = {
        each for each, _ in variables(importlib.import_module(name).SERVICE.settings).values()
    }
    (shared,) = (each for each in rendered() if each["kind"] == "ConfigMap")
    assert {each["name"] for each in container(name)["env"]} <= settings
    assert set(shared["data"]) <= settings


def test_every_secret_of_a_pod_is_in_the_example_and_no_value_is():
    lines = (folder_of("secret.env.example")).read_text().splitlines()
    example = {line.partition("=")[0] for line in lines if not line.startswith("#")}
    used = {
        each["valueFrom"]["secretKeyRef"]["key"]
        for name in APPS
        for each in container(name)["env"]
        if "secretKeyRef" in each.get("valueFrom", {})
    }
    assert used == example
    assert not [each for each in rendered() if each["kind"] == "Secret"]


@pytest.mark.parametrize("name", APPS)
def test_a_pod_runs_its_package_on_its_ports(name):
    declared = importlib.import_module(name).SERVICE
    assert container(name)["args"] == [name]
    ports = {each["name"]: each["containerPort"] for each in container(name)["ports"]}
    assert ports == {
        "http" if name == "api" else "rpc": declared.port,
        "admin": declared.port + 100,
    }


@pytest.mark.parametrize("name", APPS)
def test_a_pod_has_no_privileges_and_limits(name):
    assert pod(name)["securityContext"]["runAsNonRoot"] is True
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container(name)["resources"]["limits"]
    assert container(name)["image"].rpartition(":")[2] not in ("", "latest")


@pytest.mark.parametrize("name", APPS)
def test_a_pod_drains_before_it_is_killed(name):
    (shared,) = (each for each in rendered() if each["kind"] == "ConfigMap")
    pre_stop = container(name).get("lifecycle", {}).get("preStop", {}).get("exec", {})
    pause = int(pre_stop["command"][1]) if pre_stop else 0
    grace = float(shared["data"]["STOP_GRACE_SECONDS"])
    # Deregistration and the pause for callers take less than 2 s, the stores' closing too.
    assert pause + grace + 4 <= pod(name)["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", APPS)
def test_a_pod_has_a_budget_a_scaler_and_a_preference_for_other_nodes(name):
    labels = of("Deployment", name)["spec"]["selector"]["matchLabels"]
    assert labels["app.kubernetes.io/component"] == name
    assert of("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == labels
    scaled = of("HorizontalPodAutoscaler", name)["spec"]
    assert scaled["scaleTargetRef"]["name"] == of("Deployment", name)["metadata"]["name"]
    assert scaled["minReplicas"] >= 2
    rules = pod(name)["affinity"]["podAntiAffinity"]
    (rule,) = rules["preferredDuringSchedulingIgnoredDuringExecution"]
    assert rule["podAffinityTerm"]["labelSelector"]["matchLabels"] == labels


def test_the_api_alone_has_a_service_and_the_listed_packages_are_all():
    assert of("Service", "api")["spec"]["ports"][0]["targetPort"] == "http"
    assert [each["kind"] for each in rendered()].count("Service") == 1
    assert set(APPS) == {*idl.RPC, "api"}
    assert [each["kind"] for each in rendered()].count("Deployment") == len(APPS)


def test_there_is_a_migration_of_every_sql_service():
    commands = [
        each["spec"]["template"]["spec"]["containers"][0]["args"] for each in rendered("migrations")
    ]
    assert sorted(commands) == sorted([name, "migrate", "up"] for name in _SQL)
