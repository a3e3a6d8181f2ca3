"""Reads what tenken wrote with programs that were not written here, and compares it with audit.json.

    read.py FOLDER SARIF_SCHEMA
"""

import collections
import json
import sys
from pathlib import Path

import duckdb
import jsonschema
import openpyxl
from junitparser import Error, Failure, Skipped
from junitparser.xunit2 import JUnitXml
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from prometheus_client.parser import text_string_to_metric_families
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from sarif import loader
from trestle.oscal.assessment_results import AssessmentResults

FOLDER, SARIF_SCHEMA = Path(sys.argv[1]), Path(sys.argv[2])
# Resource types whose records are people.
PEOPLE = {
    "okta.user", "okta.group_member", "okta.app_user", "entra.user", "entra.user_registration", "entra.risky_user",
    "entra.sign_in", "entra.deleted_user",
}
# What a spreadsheet would compute.
FORMULA = tuple("=+-@\t\r＝＋－＠")
SARIF = jsonschema.Draft4Validator(json.loads(SARIF_SCHEMA.read_text()))
OCSF = jsonschema.Draft202012Validator(
    OcsfJsonSchemaEmbedded(get_ocsf_schema("1.6.0")).get_class_schema("compliance_finding", [])
)


def same(found, expected, what):
    if found != expected:
        sys.exit(f"error: {what}: found {found!r:.500}, expected {expected!r:.500}")


def valid(validator, value, what):
    for error in validator.iter_errors(value):
        sys.exit(f"error: {what}: {error.json_path}: {error.message:.500}")


def outcomes(audit):
    return collections.Counter(finding["outcome"] for finding in audit["findings"])


def ids(audit):
    return sorted(finding["id"] for finding in audit["findings"])


def personal(audit):
    """Ids of the failures that are about a person."""
    return sorted(
        finding["id"]
        for finding in audit["findings"]
        if finding["outcome"] == "fail" and finding["resource"] and finding["resource"]["type"] in PEOPLE
    )


def for_teams(audit):
    """Ids of the failures, once for each role that can mend them."""
    who = {policy["id"]: policy["who"] or [None] for policy in audit["policies"]}
    failures = [finding for finding in audit["findings"] if finding["outcome"] == "fail"]
    return sorted(finding["id"] for finding in failures for _ in who[finding["policy"]])


def read_csv(file, audit, name):
    """DuckDB: finds out the dialect by itself."""
    for ending, expected in [("csv", ids(audit)), ("people.csv", personal(audit)), ("teams.csv", for_teams(audit))]:
        table = duckdb.sql(f"select * from read_csv('{file(ending)}', all_varchar=true, header=true)")
        rows = [dict(zip(table.columns, row)) for row in table.fetchall()]
        same(sorted(row["finding"] for row in rows), expected, f"{name}: {ending}")
        for row in rows:
            for cell in row.values():
                if cell and cell.lstrip().startswith(FORMULA):
                    sys.exit(f"error: {name}: {ending}: a formula: {cell:.200}")
    counts = duckdb.sql(f"select outcome, count(*) from read_csv('{file('csv')}', all_varchar=true) group by 1")
    same(dict(counts.fetchall()), dict(outcomes(audit)), f"{name}: outcomes in csv")


def read_xlsx(file, audit, name):
    """openpyxl."""
    book = openpyxl.load_workbook(file("xlsx"))
    same(len(book.sheetnames), 6, f"{name}: sheets")
    summary, policies, findings, people, teams, coverage = book.worksheets
    last = lambda sheet: sorted(row[-1] for row in sheet.iter_rows(min_row=2, values_only=True))
    same(last(findings), ids(audit), f"{name}: findings in xlsx")
    same(last(people), personal(audit), f"{name}: people in xlsx")
    same(last(teams), for_teams(audit), f"{name}: teams in xlsx")
    same(policies.max_row - 1, len(audit["policies"]), f"{name}: policies in xlsx")
    same(coverage.max_row - 1, len(audit["coverage"]), f"{name}: coverage in xlsx")
    failures = sum(row[4] for row in policies.iter_rows(min_row=2, values_only=True))
    same(failures, audit["summary"]["judgements"]["fail"], f"{name}: failures in xlsx")
    for cell in (cell for sheet in book for row in sheet.iter_rows() for cell in row):
        if cell.data_type not in "sn" or cell.hyperlink:
            sys.exit(f"error: {name}: xlsx: {cell.coordinate} is a {cell.data_type}, not text")


def read_sarif(file, audit, name):
    """The schema that OASIS published, and sarif-tools."""
    valid(SARIF, json.loads(file("sarif").read_text()), f"{name}: sarif")
    results = loader.load_sarif_file(str(file("sarif"))).get_results()
    same(sorted(result["partialFingerprints"]["finding/v1"] for result in results), ids(audit), f"{name}: sarif")
    kinds = collections.Counter(
        "waived" if result.get("suppressions") else {"open": "unknown"}.get(result["kind"], result["kind"])
        for result in results
    )
    same(kinds, outcomes(audit), f"{name}: kinds in sarif")


def read_junit(file, audit, name):
    """junitparser."""
    xml = JUnitXml.fromfile(str(file("xml")))
    kinds, named = collections.Counter(), []
    for case in (case for suite in xml for case in suite):
        found = [entry.value for entry in case.properties() or [] if entry.name == "finding"]
        named += found
        if found:
            kinds.update({Failure: "fail", Error: "unknown", Skipped: "waived"}[type(entry)] for entry in case.result)
    same(sorted(named), ids(audit), f"{name}: junit")
    same(kinds, outcomes(audit), f"{name}: outcomes in junit")
    same((xml.failures, xml.errors), (kinds["fail"], kinds["unknown"]), f"{name}: totals in junit")


def read_ocsf(file, audit, name):
    """The schema of OCSF, and the models that Prowler uses."""
    events = [json.loads(line) for line in file("jsonl").read_text().splitlines()]
    for event in events:
        valid(OCSF, event, f"{name}: ocsf")
    models = [ComplianceFinding.model_validate(event) for event in events]
    same(sorted(model.finding_info.uid for model in models), ids(audit), f"{name}: ocsf")


def read_oscal(file, audit, name):
    """compliance-trestle."""
    results = AssessmentResults.oscal_read(file("oscal.json")).results[0]
    found = [entry.props[0].value for entry in results.observations or []]
    same(sorted(found), ids(audit), f"{name}: oscal")
    states = collections.Counter(entry.target.status.state.value for entry in results.findings or [])
    same(states["satisfied"], sum(policy["outcome"] == "pass" for policy in audit["policies"]), f"{name}: satisfied")
    known = {item.uuid for item in (results.local_definitions.inventory_items if results.local_definitions else [])}
    subjects = {subject.subject_uuid for entry in results.observations or [] for subject in entry.subjects or []}
    same(subjects, known, f"{name}: subjects in oscal")


def read_prometheus(file, audit, name):
    """prometheus_client."""
    samples = [
        sample for family in text_string_to_metric_families(file("prom").read_text()) for sample in family.samples
    ]
    counts = collections.Counter()
    for sample in samples:
        if sample.name == "tenken_judgements":
            counts[sample.labels["outcome"]] += sample.value
    same(dict(counts), {name: float(n) for name, n in audit["summary"]["judgements"].items()}, f"{name}: prometheus")
    keys = [tuple(sorted(sample.labels.items())) + (sample.name,) for sample in samples]
    same(len(set(keys)), len(keys), f"{name}: samples in prometheus")


READERS = [read_csv, read_xlsx, read_sarif, read_junit, read_ocsf, read_oscal, read_prometheus]


def main():
    names = sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.??.json"))
    if not names:
        sys.exit("error: there are no files")
    for name in names:
        file = lambda ending: FOLDER / f"{name}.{ending}"
        audit = json.loads(file("json").read_text())
        for reader in READERS:
            reader(file, audit, name)
        print(f"{name}: {len(audit['findings'])} findings, read {len(READERS)} times")


main()
