"""Tags as people really set them: mostly right, sometimes missing, misspelled or in another case."""

from __future__ import annotations

from finopsmetrics.demo.estate import Team
from finopsmetrics.demo.seeds import draw

MISSPELLED = {
    "production": ("prd", "Prod", "PRODUCTION", "prod"),
    "development": ("Dev", "dev", "develop"),
    "staging": ("stg", "Staging"),
}
KEYS = ("team", "application", "environment", "cost_center")
ODD_KEYS = {"team": "Team", "application": "App", "environment": "Env", "cost_center": "CostCenter"}

Tags = tuple[tuple[str, str], ...]


def tags_of(seed: int, identity: str, team: Team, application: str, environment: str, gap: int) -> Tags | None:
    """Return the tags of one resource; None when its source cannot tag at all (`gap` = 100 per cent).

    `gap` is the share of resources without any tag. Of the rest about 9 % lack the team, 8 % spell the environment
    wrongly, 5 % have keys in another case and 4 % lack the cost centre.
    """
    if gap >= 100:
        return None
    full = dict(zip(KEYS, (team.key, application, environment, team.cost_center), strict=True))
    if draw(100, seed, "gap", identity) < gap:
        return ()
    fate = draw(100, seed, "tags", identity)
    if fate < 9:
        del full["team"]
    elif fate < 17:
        wrong = MISSPELLED[environment]
        full["environment"] = wrong[draw(len(wrong), seed, "spelling", identity)]
    elif fate < 22:
        full = {ODD_KEYS[key]: value for key, value in full.items()}
    elif fate < 26:
        del full["cost_center"]
    return tuple(sorted(full.items()))
