"""What sets Prometheus and Grafana up beside the containers, by promtool and by what is mounted where."""

from __future__ import annotations

import shutil

import yaml
from honcho.environ import parse_procfile

from tests.deploy.machine import ROOT
from tests.metrics.test_alerts import promtool

TOKEN = "/tmp/metrics-token"  # noqa: S108 - in a container that has /tmp to itself
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8").replace("${", "$ {"))["services"]


def test_prometheus_takes_its_configuration_and_the_alerts_know_its_jobs(tmp_path):
    told = (DEPLOY / "prometheus" / "compose.yml").read_text("utf-8")
    token = tmp_path / "metrics-token"
    token.write_text("heather", "utf-8")
    (tmp_path / "prometheus.yml").write_text(told.replace(TOKEN, str(token)), "utf-8")
    shutil.copy(DEPLOY / "prometheus" / "alerts.yml", tmp_path)
    promtool("check", "config", str(tmp_path / "prometheus.yml"))

    jobs = {each["job_name"] for each in yaml.safe_load(told)["scrape_configs"]}
    alone = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert jobs == {each["job_name"] for each in alone}


def test_prometheus_asks_the_ports_that_the_containers_serve():
    told = yaml.safe_load((DEPLOY / "prometheus" / "compose.yml").read_text("utf-8"))["scrape_configs"]
    asked = {each["names"][0]: each["port"] for job in told for each in job.get("dns_sd_configs", [])}
    served = {name: COMPOSE[name]["environment"] for name in asked}
    assert asked == {
        "poller": int(served["poller"]["POLLER_METRICS_PORT"]),
        "worker": int(served["worker"]["WORKER_METRICS_PORT"]),
    }


def test_a_platform_starts_what_one_machine_starts_but_the_dashboard():
    def commands(path):
        return {
            name: command.split(" --")[0]
            for name, command in parse_procfile(path.read_text()).processes.items()
        }

    here, there = commands(ROOT / "Procfile"), commands(DEPLOY / "Procfile")
    assert there.pop("release") == "unroll db upgrade"
    assert there.keys() == here.keys() - {"flower"}
    assert all(here[name].endswith(command) for name, command in there.items())


def test_grafana_finds_its_source_and_its_dashboard():
    folder = DEPLOY / "grafana" / "provisioning"
    [source] = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    [given] = yaml.safe_load((folder / "dashboards" / "unroll.yml").read_text("utf-8"))["providers"]
    mounts = dict(each.split(":")[:2] for each in COMPOSE["grafana"]["volumes"])
    assert mounts["./grafana/unroll.json"] == f"{given['options']['path']}/unroll.json"
    assert all((DEPLOY / name).exists() for name in mounts if name.startswith("."))
