"""Budgets: how they stand. What is declared of them is at `/budgets`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.kinds import SpecName
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.budgeting import Budgeting

router = APIRouter(prefix=PREFIX, tags=["budget status"])


class BudgetStands(BaseModel):
    """A budget in its current period, in one currency. Amounts are exact decimal text; all but two are null with an error."""

    budget: str
    error: str | None = Field(description="Why it cannot be told how the budget stands.")
    period: str | None = Field(None, description="2026-05, 2026-Q2, FY2026, last 30d, or a span of days.")
    start: str | None = Field(None, description="From when charges count, UTC.")
    end: str | None = Field(None, description="Until when, exclusive.")
    currency: str | None = Field(None, description="Null when nothing was charged and the budget names none.")
    spent: str | None = None
    amount: str | None = Field(None, description="The amount of the period.")
    carried: str | None = Field(None, description="What earlier periods left, negative when they were overspent.")
    allowed: str | None = Field(None, description="The amount with what is carried over.")
    remaining: str | None = None
    share: str | None = Field(None, description="Spent as a share of allowed, at 4 places; null where nothing is allowed.")
    reached: list[str] = Field([], description="Thresholds on actual spend that were reached.")
    receipt: str | None = Field(None, description="The receipt of what was spent.")
    projected: str | None = Field(None, description="What the whole period is forecast to come to, with what was spent in it.")
    projected_lower: str | None = Field(None, description="The lower bound of that, at 95 %.")
    projected_upper: str | None = Field(None, description="The upper bound of that, at 95 %.")
    projected_share: str | None = Field(None, description="The forecast as a share of allowed, at 4 places.")
    unprojected: str | None = Field(None, description="Why the period's end cannot be forecast.")
    foreseen: list[str] = Field([], description="Thresholds on the forecast that it reaches.")


class BudgetsStand(BaseModel):
    """Every budget that is enabled and whose charges may be seen, by name."""

    budgets: list[BudgetStands]


class BurnDownDay(BaseModel):
    """A day of the current period."""

    day: str
    spent: str
    remaining: str = Field(description="What was left at its end.")
    even: str = Field(description="What an even pace would have left, at 2 places.")


class BurnsDown(BaseModel):
    """The days of a budget's current period to today."""

    budget: str
    days: list[BurnDownDay]


@router.get("/budget-status", response_model=BudgetsStand, responses=problems())
@needs("budget:read")
def budgets_stand(backing: In) -> JSONResponse:
    """How every budget stands, recomputed from the lake."""
    return JSONResponse({"budgets": [_plain(one.as_dict()) for one in Budgeting(backing.acting).all()]})


@router.get("/budget-status/{name}", response_model=BudgetStands, responses=problems(404))
@needs("budget:read")
def budget_stands(backing: In, name: SpecName) -> JSONResponse:
    """How one budget stands."""
    return JSONResponse(_plain(Budgeting(backing.acting).one(name).as_dict()))


@router.get("/budget-status/{name}/burn-down", response_model=BurnsDown, responses=problems(404))
@needs("budget:read")
def burns_down(backing: In, name: SpecName) -> JSONResponse:
    """What was spent and left on each day of the current period to today."""
    days = [plain_row(vars(one)) for one in Budgeting(backing.acting).burn_down(name)]
    return JSONResponse({"budget": name, "days": [{**day, "day": day["day"][:10]} for day in days]})


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **plain_row(row),
        **({"reached": [f"{share:f}" for share in row["reached"]]} if "reached" in row else {"reached": []}),
    }
