"""The files of deploy/: valid by the tools of those who read them, and true to what the service has."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.full.serve.conftest import served

from epitome.serve.drift import Drift
from epitome.serve.server import FINISH

DEPLOY = Path(__file__).parents[3] / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
OLDEST, NEWEST = "1.27", kubernetes_validate.latest_version()
"""Kubernetes versions for which the manifests are valid; the first is that of the probes and fields they use."""


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text("utf-8")))


@pytest.fixture(scope="module")
def manifests() -> dict[str, dict[str, Any]]:
    """By kind; there is one of each."""
    return {found["kind"]: found for file in MANIFESTS for found in documents(file)}


@pytest.fixture(scope="module")
def exposition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """/metrics after a request with a length."""
    folder = tmp_path_factory.mktemp("desk")
    with served(folder, drift=Drift(folder)) as client:
        asked = {"text": "The heron waited. Nobody saw it leave the pond.", "words": "2-9"}
        assert client.post("/v1/summaries", json=asked).status_code == 200
        yield client.get("/metrics").text


def expressions() -> Iterator[tuple[str, str]]:
    """Every PromQL expression of the alerts, the dashboard and the adapter, with where it stands."""
    (alerts,) = documents(DEPLOY / "prometheus" / "alerts.yml")
    for group in alerts["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])
    for panel in dashboard()["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel.get("targets", ()))
    (adapter,) = documents(DEPLOY / "prometheus" / "adapter-values.yaml")
    yield from (("adapter", rule["seriesQuery"]) for rule in adapter["rules"]["custom"])


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("where", "expression"), list(expressions()), ids=[name for name, _ in expressions()]
)
def test_every_metric_and_label_that_is_looked_at_exists(
    exposition: str, where: str, expression: str
) -> None:
    series = set(re.findall(r"^(\w+)", exposition, re.MULTILINE))
    named = set(re.findall(r"\b(?:epitome|process)_\w+", expression))
    assert named <= series
    assert named or where in ("EpitomeDown", "Replicas")
    given = {"job", "instance", "namespace", "pod"}  # by Prometheus
    labels = given | set(re.findall(r'(\w+)="', exposition))
    used = set(re.findall(r'(\w+)(?:=~|!=|=)"', expression))
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        used |= set(re.split(r"[, ]+", grouped))
    assert used <= labels


def promtool(*arguments: str | Path) -> str:
    run = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_prometheus_takes_its_configuration_and_the_alerts() -> None:
    assert "1 rule files found" in promtool("check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    assert "SUCCESS" in promtool("test", "rules", DEPLOY / "prometheus" / "alerts.test.yml")


def test_every_alert_has_a_test_and_is_explained() -> None:
    (alerts,), (tests,) = (
        documents(DEPLOY / "prometheus" / name) for name in ("alerts.yml", "alerts.test.yml")
    )
    names = {rule["alert"] for group in alerts["groups"] for rule in group["rules"]}
    fired = {
        case["alertname"] for test in tests["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]
    }
    assert fired == names
    guide = (DEPLOY.parent / "docs" / "operations.md").read_text("utf-8")
    assert {name for name in names if f"`{name}`" not in guide} == set()


def test_the_dashboards_queries_are_valid(tmp_path: Path) -> None:
    rules = [
        {
            "record": f"panel:{panel['id']}:{target['refId']}",
            "expr": target["expr"].replace("$__rate_interval", "5m"),
        }
        for panel in dashboard()["panels"]
        for target in panel.get("targets", ())
    ]
    (tmp_path / "rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8"
    )
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "rules.yml")


def test_the_dashboard_is_laid_out_without_overlap() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        assert panel["type"] == "row" or panel["description"].endswith(".")
        taken |= cells


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_kubernetes_knows_every_field(file: Path, version: str) -> None:
    for found in documents(file):
        kubernetes_validate.validate(found, version, strict=True)


def test_a_manifest_with_an_unknown_field_would_be_found() -> None:
    (service,) = documents(DEPLOY / "kubernetes" / "service.yaml")
    service["spec"]["prots"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, NEWEST, strict=True)


def test_the_manifests_speak_of_the_same_pods(manifests: dict[str, dict[str, Any]]) -> None:
    deployment = manifests["Deployment"]
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert labels == deployment["spec"]["selector"]["matchLabels"] == manifests["Service"]["spec"]["selector"]
    assert labels == manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
    assert labels == manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    scaler = manifests["HorizontalPodAutoscaler"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert scaler["minReplicas"] > manifests["PodDisruptionBudget"]["spec"]["maxUnavailable"]
    (container,) = pod["spec"]["containers"]
    (port,) = container["ports"]
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert manifests["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"] == port["name"]
    (adapter,) = documents(DEPLOY / "prometheus" / "adapter-values.yaml")
    (metric,) = scaler["metrics"]
    assert adapter["rules"]["custom"][0]["seriesQuery"].startswith(metric["pods"]["metric"]["name"] + "{")


def test_a_pod_may_do_nothing_that_it_need_not(manifests: dict[str, dict[str, Any]]) -> None:
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert set(manifests["NetworkPolicy"]["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert set(container["resources"]) == {"requests", "limits"}


def test_there_is_time_to_drain_and_to_finish(manifests: dict[str, dict[str, Any]]) -> None:
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    drain = int(container["args"][container["args"].index("--drain") + 1])
    assert pod["terminationGracePeriodSeconds"] >= drain + FINISH + 10
    probe = container["readinessProbe"]
    assert drain > probe["periodSeconds"] * probe["failureThreshold"] + 5  # and for the news to get round
    (compose,) = documents(DEPLOY / "compose.yaml")
    drain = int(re.findall(r'"--drain", "(\d+)"', (DEPLOY / "Dockerfile").read_text("utf-8"))[0])
    assert int(compose["services"]["epitome"]["stop_grace_period"][:-1]) >= drain + FINISH + 10


def test_every_option_and_address_exists(manifests: dict[str, dict[str, Any]], exposition: str) -> None:
    from epitome.cli.commands import command

    serve = command("serve")
    known = {name for parameter in serve.params for name in parameter.opts}
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    image = json.loads(
        re.findall(r"^CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)[0]
    )
    for words in (container["args"], image):
        assert words[0] == "serve"
        assert {word for word in words if word.startswith("--")} <= known
    variables = {parameter.envvar for parameter in serve.params} | {"EPITOME_OFFLINE"}
    assert {row["name"] for row in container["env"]} <= variables
    probes = [
        container[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")
    ]
    assert set(probes) == {"/healthz", "/readyz"}


def test_the_images_are_pinned_and_run_as_nobody(manifests: dict[str, dict[str, Any]]) -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    (compose,) = documents(DEPLOY / "compose.yaml")
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    images += [service["image"] for service in compose["services"].values()]
    assert all(re.search(r":v?\d", image) and not image.endswith("latest") for image in images), images
    user = re.findall(r"^USER (\d+)$", text, re.MULTILINE)
    assert user == [str(manifests["Deployment"]["spec"]["template"]["spec"]["securityContext"]["runAsUser"])]
    assert "HEALTHCHECK" in text
    root = DEPLOY.parent
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((root / name).exists() for name in source.split())


def test_what_compose_mounts_is_there_and_no_port_is_open_to_others() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    for name, service in compose["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in compose["volumes"], (
                name
            )
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    (config,) = documents(DEPLOY / "prometheus" / "prometheus.yml")
    (target,) = config["scrape_configs"][0]["static_configs"][0]["targets"]
    assert target.split(":")[0] in compose["services"]
    (source,) = documents(DEPLOY / "grafana" / "datasource.yaml")
    assert "//prometheus:9090" in source["datasources"][0]["url"]
