"""What one HWA setting means for another: `manage.py check`, and `check --deploy`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from tws.hwa.engines import configured_engines


@register()
def engines_can_be_used(**_: Any) -> list[CheckMessage]:
    try:
        engines = configured_engines()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See TWS_ENGINES in .env.example.", id="tws.E002")]
    return [
        Error(
            f"The CA file of the engine {engine.name} does not exist: {engine.verify}",
            hint="TWS_VERIFY_SSL is true, false, or the path of a CA file or folder.",
            id="tws.E003",
        )
        for engine in engines
        if isinstance(engine.verify, str) and not Path(engine.verify).exists()
    ]


@register(Tags.security, deploy=True)
def certificates_are_verified(**_: Any) -> list[CheckMessage]:
    try:
        engines = configured_engines()
    except ImproperlyConfigured:
        return []  # tws.E002 says it
    return [
        Error(
            f"The TLS certificate of the engine {engine.name} is not verified: whoever stands in "
            "between reads its password.",
            hint="Set TWS_VERIFY_SSL=true, or to the path of the CA file that signed it.",
            id="tws.E001",
        )
        for engine in engines
        if engine.verify is False
    ]
