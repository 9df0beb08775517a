"""The schema that every table of the state belongs to."""

from sqlalchemy import MetaData

metadata = MetaData()
