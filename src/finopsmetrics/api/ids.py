"""Ids as parts of a path. What is no id is no route, so `/receipts/verify` can never be taken for a receipt."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.convertors import Convertor, register_url_convertor

RECEIPT = "r-[0-9a-f]{1,40}"
DELIVERY = "d-[0-9a-f]{1,40}"
RUN = "run-[0-9a-f]{1,36}"
ReceiptId = Annotated[str, Path(description="A receipt's id: r- and hexadecimal digits.", pattern=f"^{RECEIPT}$")]
DeliveryId = Annotated[str, Path(description="A delivery's id: d- and hexadecimal digits.", pattern=f"^{DELIVERY}$")]

RunId = Annotated[str, Path(description="A run's id: run- and hexadecimal digits.", pattern=f"^{RUN}$")]


class _Receipt(Convertor[str]):
    regex = RECEIPT

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Delivery(_Receipt):
    regex = DELIVERY


class _Run(_Receipt):
    regex = RUN


register_url_convertor("receipt", _Receipt())
register_url_convertor("delivery", _Delivery())
register_url_convertor("run", _Run())
