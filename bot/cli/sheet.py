"""The settings as `unroll setup` fills them in: answers over the environment over `.env` over defaults."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bot.cli.envfile import values_in
from bot.settings import CREDENTIALS, BadSettings, Settings, load

KEYS = tuple(name.upper() for name in CREDENTIALS)
FOR_X = ("X_API_URL", *KEYS)
ADDRESSES = ("PUBLIC_URL", "DATABASE_URL", "REDIS_URL")
MONEY = ("MENTION_PRICE_USD", "DAILY_BUDGET_USD")
ALL = (*FOR_X, *ADDRESSES, *MONEY)


@dataclass(frozen=True, slots=True)
class Sheet:
    file: Path
    kept: dict[str, str]
    outside: dict[str, str]
    answers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Path) -> Sheet:
        outside = {name: value for name in ALL if (value := os.environ.get(name))}
        return cls(file, values_in(file), outside)

    def value(self, name: str) -> str:
        """As a person would write it."""
        told = {**self.kept, **self.outside, **self.answers}.get(name)
        return _default(name) if told is None else told

    def open(self, names: Iterable[str]) -> list[str]:
        """Those to ask for: what the environment says is settled, for it goes before `.env`."""
        return [name for name in names if name not in self.outside]

    def missing(self) -> list[str]:
        return [name for name in KEYS if not self.value(name)]

    def wrong(self, name: str) -> str | None:
        """What is the matter with a value, in one line that names the setting."""
        try:
            load(_env_file=None, **{name: self.value(name) or None})
        except BadSettings as error:
            return str(error) if str(error).startswith(f"{name}:") else None
        return None

    def changes(self) -> dict[str, str]:
        """What `.env` does not say yet."""
        told = {**self.outside, **self.answers}
        return {name: value for name, value in told.items() if value != self.kept.get(name, _default(name))}

    def for_x(self) -> Settings:
        """Enough of them to call X with, whatever the others are."""
        return load(_env_file=None, **{name: self.value(name) or None for name in FOR_X})

    def settings(self) -> Settings:
        return load(_env_file=self.file if self.file.exists() else None)


def _default(name: str) -> str:
    default = Settings.model_fields[name.lower()].default
    return "" if default is None else str(default)
