"""Fields that several of the documented shapes have."""

from __future__ import annotations

from pydantic import Field

MOMENT = Field(description="UTC", examples=["2026-11-23T16:01:22.123456Z"])
