"""The parts of the company that do not depend on the seed: teams, sources, accounts, regions. All invented."""

from __future__ import annotations

from decimal import Decimal

from finopsmetrics.demo.estate import Account, Source, Team
from finopsmetrics.demo.seeds import guid

TEAMS = (
    Team("web", "Web", "CC-1010", "web-owner@example.com", ("storefront", "customer-portal")),
    Team("mobile", "Mobile", "CC-1020", "mobile-owner@example.com", ("rider-app",)),
    Team("fleet", "Fleet", "CC-2010", "fleet-owner@example.com", ("fleet-control", "telemetry")),
    Team("data", "Data", "CC-3010", "data-owner@example.com", ("warehouse", "reporting")),
    Team("ml", "Machine Learning", "CC-3020", "ml-owner@example.com", ("vision", "assistant")),
    Team("platform", "Platform", "CC-4010", "platform-owner@example.com", ("clusters", "build")),
    Team("business", "Business Systems", "CC-5010", "business-owner@example.com", ("erp", "intranet")),
    Team("security", "Security", "CC-6010", "security-owner@example.com", ("guard",)),
)
TEAM_OF_APPLICATION = {application: team for team in TEAMS for application in team.applications}


def _source(row: tuple[str, str, str, str, str, str, str, str, int, int]) -> Source:
    key, provider, currency, version, file_format, account, kind, tax, final_day, tag_gap = row
    is_cloud = file_format == "parquet"
    return Source(key, provider, currency, version, file_format, account, kind, Decimal(tax), final_day, tag_gap, is_cloud)


SOURCES = tuple(
    map(
        _source,
        (
            ("aws", "AWS", "USD", "1.4", "parquet", "100000000001", "Payer Account", "0.05", 5, 9),
            ("azure", "Microsoft", "USD", "1.4", "parquet", "7300001", "Billing Profile", "0.04", 5, 14),
            ("gcp", "Google Cloud", "USD", "1.4", "parquet", "01A2B3-C4D5E6-F70819", "Billing Account", "0.03", 4, 11),
            ("examplelake", "Examplelake", "USD", "1.2", "csv.gz", "EL-88120", "Contract", "0", 4, 5),
            ("examplewatch", "Examplewatch", "USD", "1.0", "csv", "EW-40417", "Organization", "0", 4, 35),
            ("exampleforge", "Exampleforge", "EUR", "1.4", "csv", "EF-2093", "Enterprise", "0.19", 5, 100),
        ),
    )
)
CREDITS_PER_DOLLAR = Decimal("0.4")  # Lake Credit, the virtual currency of Examplelake, costs 2.50 US dollars


def _account(row: tuple[str, str, str, str, str, str, str]) -> Account:
    return Account(*row)


ACCOUNTS = tuple(
    map(
        _account,
        (
            ("200000000011", "web-prod", "aws", "Linked Account", "web", "production", "eu-west-1"),
            ("200000000012", "fleet-prod", "aws", "Linked Account", "fleet", "production", "us-east-1"),
            ("200000000013", "data-prod", "aws", "Linked Account", "data", "production", "us-east-1"),
            ("200000000014", "ml-lab", "aws", "Linked Account", "ml", "development", "us-west-2"),
            ("200000000015", "staging", "aws", "Linked Account", "platform", "staging", "eu-west-1"),
            ("200000000016", "dev-sandbox", "aws", "Linked Account", "platform", "development", "eu-west-1"),
            ("200000000017", "security", "aws", "Linked Account", "security", "production", "us-east-1"),
            ("200000000018", "shared-services", "aws", "Linked Account", "platform", "production", "us-east-1"),
            (guid("azure", 1), "corp-apps", "azure", "Subscription", "business", "production", "westeurope"),
            (guid("azure", 2), "analytics", "azure", "Subscription", "data", "production", "northeurope"),
            (guid("azure", 3), "corp-dev", "azure", "Subscription", "business", "development", "westeurope"),
            ("lindenport-fleet", "fleet", "gcp", "Project", "fleet", "production", "europe-west1"),
            ("lindenport-vision", "vision", "gcp", "Project", "ml", "production", "us-central1"),
            ("lindenport-lab", "lab", "gcp", "Project", "ml", "development", "us-central1"),
            ("ws-analytics", "analytics", "examplelake", "Workspace", "data", "production", "us"),
            ("ws-science", "science", "examplelake", "Workspace", "ml", "development", "us"),
            ("org-production", "production", "examplewatch", "Organization", "platform", "production", "eu"),
            ("org-staging", "staging", "examplewatch", "Organization", "platform", "staging", "eu"),
            ("lindenport", "lindenport", "exampleforge", "Organization", "platform", "production", "eu"),
            ("lindenport-labs", "lindenport-labs", "exampleforge", "Organization", "ml", "development", "eu"),
        ),
    )
)

REGIONS = {
    "eu-west-1": "Europe (Ireland)",
    "us-east-1": "US East (N. Virginia)",
    "us-west-2": "US West (Oregon)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "westeurope": "West Europe",
    "northeurope": "North Europe",
    "europe-west1": "Belgium",
    "us-central1": "Iowa",
    "asia-south1": "Mumbai",
    "us": "United States",
    "eu": "European Union",
}
