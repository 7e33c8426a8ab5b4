"""What is derived of cases and records for maps and reports; all of it can be made anew."""

from apps.insights import around, briefings, facts, public_counts, region_reports, spots, theme_models  # noqa: F401  tables of their own files belong to this app
