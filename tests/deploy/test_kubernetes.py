"""The manifests by Kubernetes' own schemas, an older and the newest, and by what "restricted" asks."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from bot.settings import Settings
from tests.deploy.machine import ROOT
from tests.needs import unavailable

FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
DOCUMENTS = [each for name in FILES for each in yaml.safe_load_all((FOLDER / name).read_text("utf-8"))]
POD_MAKERS = [each for each in DOCUMENTS if each["kind"] in {"Deployment", "Job"}]
NAMES = [f"{each['kind']}/{each['metadata']['name']}" for each in DOCUMENTS]


@pytest.mark.parametrize("version", ["1.30", "1.37"])
@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_each_manifest_is_one(document, version):
    try:
        import kubernetes_validate  # noqa: PLC0415 - it is large, and not in everybody's .venv
    except ImportError:
        unavailable("no kubernetes-validate: make tools")
    kubernetes_validate.validate(document, version, strict=True)


def test_the_files_that_are_applied_are_all_there_are_but_the_migration():
    applied = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert {*applied, "migrate.yaml"} == set(FILES)


@pytest.mark.parametrize("document", POD_MAKERS, ids=lambda each: each["metadata"]["name"])
def test_each_pod_is_restricted_and_has_time_to_end(document):
    pod = document["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 45
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]) == {"requests", "limits"}


def test_what_one_manifest_says_of_another_is_so():
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in POD_MAKERS]
    selectors = [
        selector.get("matchLabels", selector)
        for each in DOCUMENTS
        for key in ("selector", "podSelector")
        if (selector := each["spec"].get(key) if "spec" in each else None)
    ]
    assert len(selectors) > 8
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels), selector


def test_the_image_is_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    images = {each["spec"]["template"]["spec"]["containers"][0]["image"] for each in POD_MAKERS}
    assert images == {f"unroll-bot:{version}"}
    [told] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))["images"]
    assert told["newTag"] == version


def test_settings_and_metric_are_ours():
    told = {name for each in DOCUMENTS if each["kind"] == "ConfigMap" for name in each["data"]}
    for each in POD_MAKERS:
        told |= {env["name"] for env in each["spec"]["template"]["spec"]["containers"][0].get("env", [])}
    assert told <= {name.upper() for name in Settings.model_fields}
    [scaler] = [each for each in DOCUMENTS if each["kind"] == "HorizontalPodAutoscaler"]
    metric = scaler["spec"]["metrics"][0]["external"]["metric"]["name"]
    assert re.search(rf'"{metric}"', (ROOT / "bot" / "metrics.py").read_text("utf-8"))


def test_the_dashboard_is_the_procfiles_and_listens_to_nobody_but_its_own_pod():
    [flower] = [each for each in POD_MAKERS if each["metadata"]["name"] == "unroll-flower"]
    [container] = flower["spec"]["template"]["spec"]["containers"]
    line = next(each for each in (ROOT / "Procfile").read_text("utf-8").splitlines() if "flower" in each)
    usual = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", line.partition(": ")[2]).split()
    assert container["command"] == usual
    assert "--address=127.0.0.1" in usual
    assert "ports" not in container
    selected = [each["spec"].get("selector", {}) for each in DOCUMENTS if each["kind"] == "Service"]
    assert all(each.get("app.kubernetes.io/component") != "flower" for each in selected)
