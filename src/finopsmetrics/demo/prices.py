"""The price list (data/skus.csv): every SKU the company buys. Prices are invented, of a realistic size, and exact."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from importlib.resources import files

from finopsmetrics.demo.estate import Sku

_DISCOUNT = {"aws": 6, "azure": 4, "gcp": 5, "examplelake": 10, "examplewatch": 8, "exampleforge": 0}  # percent
_EC2 = "arn:aws:ec2:{region}:{account}:instance/i-{token}"
_AZURE = "/subscriptions/{account}/resourceGroups/rg-{application}/providers/"
_AZURE_VM = _AZURE + "Microsoft.Compute/virtualMachines/{name}"
_GCE = "//compute.googleapis.com/projects/{account}/zones/{zone}/instances/{name}"
_SAAS = "{source}://{account}/{kind}/{name}"

_LOCATORS = {"ec2": _EC2, "vm": _AZURE_VM, "gce": _GCE, "saas": _SAAS}

# Things that are bought or booked rather than used: key, service, category, subcategory, meter, provider.
_BOOKED = (
    ("aws-sp", "ComputeSavingsPlans", "Compute", "Virtual Machines", "Compute Savings Plan", None),
    ("azure-ri", "Virtual Machines", "Compute", "Virtual Machines", "Reserved VM Instance", None),
    ("gcp-cud", "Compute Engine", "Compute", "Virtual Machines", "Commitment: N2 Cpu", None),
    ("aws-support", "AWSSupportBusiness", "Management and Governance", "Support", "Support", None),
    ("azure-support", "Azure Support", "Management and Governance", "Support", "Standard Support", None),
    ("gcp-support", "Support", "Management and Governance", "Support", "Enhanced Support", None),
    ("aws-guard", "Exampleguard Scanner", "Security", "Threat Detection and Response", "Subscription", "Exampleguard"),
    ("azure-maps", "Examplemaps Tiles", "Internet of Things", "IoT Platforms", "Subscription", "Examplemaps"),
    ("examplewatch-base", "Platform", "Management and Governance", "Observability", "Platform Fee", None),
    *(
        (f"{source}-billing", "Billing", "Other", "Other (Other)", "Billing", None)
        for source in ("aws", "azure", "gcp", "examplelake", "examplewatch", "exampleforge")
    ),
)


def _details(text: str) -> str | None:
    found: dict[str, str | int | bool] = {}
    for name, value in (part.split("=") for part in text.split(",") if part):
        found[name] = int(value) if value.isdigit() else value == "true" or value
    return json.dumps(found) if found else None


def _used(row: dict[str, str]) -> Sku:
    source = row["key"].split("-")[0]
    at_list = Decimal(row["list_price"])
    return Sku(
        row["key"],
        source,
        row["service"],
        row["category"],
        row["subcategory"],
        row["meter"],
        row["unit"],
        at_list,
        at_list * (100 - _DISCOUNT[source]) / 100,
        row["resource_type"],
        _LOCATORS.get(row["locator"], row["locator"].replace("az:", _AZURE)),
        _details(row["details"]),
        row["pool"],
    )


def _price_list() -> tuple[Sku, ...]:
    text = files("finopsmetrics.demo").joinpath("data/skus.csv").read_text(encoding="utf-8")
    return tuple(_used(row) for row in csv.DictReader(text.splitlines(), delimiter="|"))


def _booked(row: tuple[str, str, str, str, str, str | None]) -> Sku:
    key, service, category, subcategory, meter, provider = row
    one, source = Decimal(1), key.split("-")[0]
    return Sku(key, source, service, category, subcategory, meter, "Units", one, one, meter, "", provider=provider)


SKUS = (*_price_list(), *map(_booked, _BOOKED))
SKU = {sku.key: sku for sku in SKUS}
