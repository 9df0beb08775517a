"""PagerDuty: notices as events of incidents."""
